import Foundation
import LEO
import LEOBench
import LEOConvert
import LEOModel
import TestSupport
import Testing

@Suite struct DivergenceTests {
    @Test func equalRowsDoNotDiffer() {
        var generator = SeededGenerator(seed: 1)
        for count in [1, 2, 7, 32001] {
            let row = generator.floats(count)
            let comparison = RowComparison(row, row)
            #expect(comparison.divergence == 0 && comparison.firstBest == comparison.secondBest)
        }
    }

    @Test func addingAConstantChangesNothing() {
        let row: [Float] = [0.5, -1, 3, 2]
        let comparison = RowComparison(row, row.map { $0 + 8 })
        #expect(comparison.divergence < 1e-12)
        #expect(comparison.firstBest == 2 && comparison.secondBest == 2)
    }

    /// p = (1/2, 1/2), q = (1/4, 3/4): sum of p log(p / q) = log(2 / sqrt 3).
    @Test func theValueIsTheTextbooks() {
        let comparison = RowComparison([0, 0], [0, Float(log(3.0))])
        #expect(abs(comparison.divergence - log(2 / 3.0.squareRoot())) < 1e-7)
        #expect(comparison.firstBest == 0 && comparison.secondBest == 1)
    }

    @Test func impossibleTokensAreInfinitelyFar() {
        #expect(RowComparison([0, 0], [0, -.infinity]).divergence == .infinity)
        #expect(abs(RowComparison([0, -.infinity], [0, 0]).divergence - log(2.0)) < 1e-12)
        #expect(RowComparison([0, .nan], [0, 0]).divergence.isNaN)
    }

    @Test func agreementEndsAtTheFirstDifference() {
        #expect(SequenceAgreement.untilDivergence([1, 2, 3, 4], [1, 2, 9, 4]) == 0.5)
        #expect(SequenceAgreement.untilDivergence([1, 2], [1, 2, 3, 4]) == 0.5)
        #expect(SequenceAgreement.untilDivergence([], []) == 1)
        #expect(SequenceAgreement.untilDivergence([], [1]) == 0)
    }
}

@Suite(.serialized) struct QualityTests {
    /// A model small enough to be asked in no time, with the action tokens.
    static func configuration() -> ModelConfiguration {
        var model = ModelConfiguration(name: "tiny")
        model.image.depths = [1, 1, 1, 1]
        model.image.dims = [8, 8, 16, 16]
        model.points.pointsPerObject = 64
        model.points.layers = [
            .init(samples: 8, neighbours: 6, radius: 0.4, widths: [8, 12]), .init(samples: 4, neighbours: 4, radius: 0.8, widths: [16]),
            .init(widths: [24, 32]),
        ]
        model.points.outputWidth = 32
        model.spatial.hiddenDim = 32
        model.spatial.dimFeedforward = 48
        model.spatial.numLayers = 1
        model.language.hiddenSize = 32
        model.language.numHiddenLayers = 1
        model.language.numAttentionHeads = 2
        model.language.numKeyValueHeads = 2
        model.language.intermediateSize = 48
        model.language.vocabulary = 32001
        model.lora?.rank = 4
        return model
    }

    private static func write(_ path: String, weights: WeightType = .f32, seed: UInt64 = 5, _ change: (inout ModelConfiguration) -> Void = { _ in }) throws {
        var model = configuration()
        change(&model)
        try Converter(synthetic: model, weightType: weights, seed: seed).write(to: path)
    }

    private static let requests: @Sendable (ModelConfiguration) throws -> [QualityRequest] = { _ in
        var action = Request("Find the lamp.")
        action.actionSpace = .habitat
        return [
            QualityRequest(name: "question", request: Request("What is on the desk?"), reference: "a lamp and a book"),
            QualityRequest(name: "open", request: Request("Describe the room.")), QualityRequest(name: "action", request: action),
        ]
    }

    @Test func aFileEqualsItself() throws {
        try withTemporaryFolder { folder in
            try Self.write(folder + "/a.leo")
            var comparison = QualityComparison()
            comparison.steps = 6
            var updates: [Int] = []
            let report = try comparison.run(folder + "/a.leo", folder + "/a.leo", requests: Self.requests) { done, total in
                #expect(total == 6)
                updates.append(done)
            }
            #expect(updates == Array(1...6))
            #expect(report.requests == 3)
            #expect(report.positions > 6)
            let divergence = try #require(report.divergence), greedy = try #require(report.greedy), actions = try #require(report.actions)
            #expect(divergence.mean == 0 && divergence.maximum == 0)
            #expect(report.sameTopOne == 1)
            #expect(greedy.answers == 2 && greedy.identical == 1 && greedy.untilDivergence == 1 && greedy.positionwise == 1)
            #expect(actions.count == 1 && actions.agreement == 1)
            #expect(report.passed)
        }
    }

    @Test func otherWeightsDiffer() throws {
        try withTemporaryFolder { folder in
            try Self.write(folder + "/a.leo")
            try Self.write(folder + "/b.leo", weights: .int8)
            try Self.write(folder + "/c.leo", seed: 6)
            var comparison = QualityComparison()
            comparison.steps = 6
            let quantised = try comparison.run(folder + "/a.leo", folder + "/b.leo", requests: Self.requests)
            let other = try comparison.run(folder + "/a.leo", folder + "/c.leo", requests: Self.requests)
            let small = try #require(quantised.divergence), large = try #require(other.divergence)
            #expect(small.mean > 0)
            #expect(large.mean > small.mean)
            #expect(small.maximum >= small.p99 && small.p99 >= small.median)
            #expect(!other.passed)
            #expect(other.gates.map(\.name) == ["mean KL divergence", "same top-1", "action agreement"])
        }
    }

    @Test func otherModelsAreRefused() throws {
        try withTemporaryFolder { folder in
            try Self.write(folder + "/a.leo")
            try Self.write(folder + "/b.leo") { $0.language.intermediateSize = 64 }
            do {
                _ = try QualityComparison().run(folder + "/a.leo", folder + "/b.leo", requests: Self.requests)
                Issue.record("two different models were compared")
            } catch let error as BenchError {
                #expect("\(error)".contains("different models") && "\(error)".contains("intermediate_size"), "\(error)")
            }
        }
    }

    /// Of one configuration, and as many pieces, of which one is spelled otherwise.
    @Test func otherTokenizersAreRefused() throws {
        try withTemporaryFolder { folder in
            let paths = (folder + "/a.leo", folder + "/b.leo")
            try Self.write(paths.0)
            let engine = try Engine(path: paths.0)
            var model = try #require(engine.archive.tensor(named: "tokenizer.model")).withBytes { Array($0) }
            let piece = Array("\u{2581}token99".utf8)
            let start = try #require(model.indices.first { model[$0...].starts(with: piece) })
            model[start + piece.count - 1] = UInt8(ascii: "x")
            try Converter(synthetic: Self.configuration(), weightType: .f32, seed: 5, tokenizerModel: model).write(to: paths.1)
            #expect(throws: BenchError.models("\(paths.0) and \(paths.1) hold different models: their tokenizers (tokenizer.model) differ")) {
                try QualityComparison().run(paths.0, paths.1, requests: Self.requests)
            }
        }
    }

    @Test func madeRequestsAreTheSameForASeed() throws {
        let model = Self.configuration()
        let first = try QualityRequest.generated(texts: 6, actions: 3, seed: 4, for: model)
        let second = try QualityRequest.generated(texts: 6, actions: 3, seed: 4, for: model)
        #expect(first.count == 9)
        #expect(first.map(\.name) == second.map(\.name))
        #expect(first.map(\.request.instruction) == second.map(\.request.instruction))
        #expect(first.filter { $0.request.actionSpace != nil }.count == 3)
        #expect(first.filter { $0.request.actionSpace == nil }.allSatisfy { !($0.reference ?? "").isEmpty && $0.request.scene != nil })
        #expect(first.filter { $0.request.actionSpace != nil }.allSatisfy { $0.request.image != nil })
    }

    @Test func filesOfRequestsAreRead() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/r.jsonl"
            func write(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }
            try write(
                """
                {"instruction": "What is it?", "answer": "a chair", "position": [1, 2, 3]}

                {"instruction": "Go.", "space": "habitat"}
                """)
            let read = try QualityRequest.read(path, for: Self.configuration())
            #expect(read.map(\.request.instruction) == ["What is it?", "Go."])
            #expect(read[0].reference == "a chair" && read[0].request.pose?.position == SIMD3(1, 2, 3))
            #expect(read[1].request.actionSpace == .habitat)
            // A byte order mark, Windows line ends and a blank line with spaces.
            try write("\u{feff}{\"instruction\": \"a\"}\r\n  \r\n{\"instruction\": \"b\", \"orientation\": [0, 0, 1, 0], \"scene\": null}\r\n")
            let others = try QualityRequest.read(path, for: Self.configuration())
            #expect(others.map(\.request.instruction) == ["a", "b"])
            #expect(others[1].request.pose?.orientation == SIMD4(0, 0, 1, 0) && others[1].request.scene == nil)
        }
    }

    @Test(arguments: [
        ("", "holds no request"),
        (#"{"instruction": 3}"#, "line 1: instruction: expected text, found the number 3"),
        ("{}", "line 1: instruction: expected a value, found nothing"),
        ("\n[1]", #"line 2: expected an object like {"instruction": "…", "scene": "room.ply"}, found an array"#),
        (#"{"instruction": "a"} x"#, "line 1: JSON, byte 21: expected the end"),
        (#"{"instruction": "a", "space": "moon"}"#, #"line 1: space: expected one of habitat, cliport, legent, found the text "moon""#),
        (#"{"instruction": "a", "position": [1, 2]}"#, "line 1: position: expected 3 numbers, found 2"),
        (#"{"instruction": "a", "position": [1, NaN, 2]}"#, "line 1: position[1]: expected a finite number, found the number NaN"),
        (#"{"instruction": "a", "position": [1, 2, 1e39]}"#, "line 1: position[2]: expected a number from -1000000 to 1000000, found the number 1e39"),
        (#"{"instruction": "a", "orientation": {"x": 0}}"#, "line 1: orientation: expected an array, found an object"),
        (#"{"instruction": "a", "answer": false}"#, "line 1: answer: expected text, found false"),
    ])
    func malformedRequestsNameLineFieldAndReason(_ text: String, _ reason: String) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/r.jsonl"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            #expect(throws: BenchError.file(path: path, reason: reason)) { try QualityRequest.read(path, for: Self.configuration()) }
        }
    }

    @Test func requestsThatAreNoFileAreRefused() throws {
        try withTemporaryFolder { folder in
            let bytes = folder + "/r.jsonl"
            try Data(Array(#"{"instruction": ""#.utf8) + [0xff] + Array(#""}"#.utf8)).write(to: URL(fileURLWithPath: bytes))
            for (path, reason) in [
                (folder, "cannot open: is a directory"), (folder + "/none", "cannot open: No such file or directory"),
                (bytes, "line 1: JSON, byte 17: expected UTF-8"),
            ] {
                #expect(throws: BenchError.file(path: path, reason: reason)) { try QualityRequest.read(path, for: Self.configuration()) }
            }
        }
    }
}
