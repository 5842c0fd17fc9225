import Foundation
import LEOAction
import LEOData
import LEOScene
import TestSupport
import Testing

private func withRoot(_ body: (DataRoot) throws -> Void) throws {
    try withTemporaryFolder { try body(DataRoot(path: $0)) }
}

private func fixed(_ maximum: Int = 60, _ source: DatasetOptions.ObjectSource = .groundTruth) -> DatasetOptions {
    DatasetOptions(maximumObjects: maximum, objectSource: source, choices: FixedChoices())
}

@Suite("Tasks by name")
struct TaskKindTests {
    @Test func takesOfficialAndShortNames() {
        for task in TaskKind.allCases { #expect(TaskKind(name: task.rawValue) == task) }
        #expect(
            TaskKind.allCases.map(\.rawValue) == [
                "cap3d", "obj_scene_cap", "scene_cap", "scan2cap", "scanqa", "sqa3d", "rscan_qa", "rscan_plan",
                "rscan_dialog", "mp3d_objnav",
                "cliport",
            ])
        #expect(TaskKind(name: "objnav") == .mp3dObjNav)
        #expect(TaskKind(name: "3RScan-QA") == .rscanQA)
        #expect(TaskKind(name: "dialogue") == .rscanDialog)
        #expect(TaskKind(name: "SQA") == .sqa3d)
        #expect(TaskKind(name: "walk") == nil)
    }
}

@Suite("Data sets: objects of a sample")
struct ObjectOrderTests {
    @Test func relevantObjectsComeFirstInTheirOrder() throws {
        try withRoot { root in
            try root.writeScan("s", labels: [0, 1, 2, 3, -1])
            // 9 is not in the scan, 2 stands twice.
            try root.writeScanQA(ids: [3, 9, 1, 3], answers: [" yes ", "no"])
            let dataset = try openDataset(.scanqa, in: root.folders, split: .val, options: fixed())
            let sample = try dataset.sample(at: 0)
            #expect(sample.objects.map(\.id) == [3, 1, 0, 2])
            #expect(sample.references == ["yes", "no"])
            #expect(sample.image == nil)
            #expect(sample.anchor == SamplePose())
            #expect(sample.scene().bounds == Bounds(minimum: .zero, maximum: SIMD3(7, 1, 1)))
            let cut = try openDataset(.scanqa, in: root.folders, split: .val, options: fixed(2)).sample(at: 0)
            #expect(cut.objects.map(\.id) == [3, 1])
        }
    }

    @Test func atMostSixtyObjects() throws {
        try withRoot { root in
            try root.writeScan("s", labels: Array(0..<70))
            try root.writeScanQA(ids: [69])
            let sample = try openDataset(.scanqa, in: root.folders, split: .val, options: fixed()).sample(at: 0)
            #expect(sample.objects.map(\.id) == [69] + Array(0..<59))
            #expect(sample.objectTensors().features.shape == [60, 1024, 6])
        }
    }

    /// While training the rest is shuffled before it is cut, the relevant ones stay in front.
    @Test func trainingShufflesTheRest() throws {
        try withRoot { root in
            try root.writeScan("s", labels: Array(0..<70))
            try root.writeScanQA("train", ids: [69, 5])
            func ids(_ seed: UInt64) throws -> [Int] {
                let options = DatasetOptions(choices: SeededChoices(seed: UInt64(seed)))
                return try openDataset(.scanqa, in: root.folders, split: .train, options: options).sample(at: 0).objects.map(
                    \.id)
            }
            let first = try ids(1)
            #expect(first.count == 60)
            #expect(first.prefix(2) == [69, 5])
            #expect(Set(first).count == 60)
            #expect(first != [69, 5] + Array((0..<69).filter { $0 != 5 }.prefix(58)))
            #expect(try ids(1) == first)
            #expect(try ids(2) != first)
        }
    }

    @Test func rscanFollowsItsDictionary() throws {
        try withRoot { root in
            try root.writeRScan("r", ids: [5, 7, 9], order: [9, 40, 5, 7])
            try root.write(
                "instruction/3rscanqa/3rscan_qa_val.json",
                #"{"r": {"response": [{"Q": "a", "T": "x-7", "A": ["b"]}, {"Q": "a", "T": "x-7, room", "A": ["b"]}]}}"#)
            let dataset = try openDataset(.rscanQA, in: root.folders, split: .val, options: fixed())
            // 40 is listed and has no points.
            #expect(try dataset.sample(at: 0).objects.map(\.id) == [7, 9, 5])
            #expect(try dataset.sample(at: 1).objects.map(\.id) == [9, 5, 7])
        }
    }

    @Test func captionsNeedTheirObject() throws {
        try withRoot { root in
            try root.writeScan("s", labels: [0, 1])
            try root.writeScanRefer("val", [("s", 4, "A chair")])
            let dataset = try openDataset(.scan2cap, in: root.folders, split: .val, options: fixed())
            let error = dataError { _ = try dataset.sample(at: 0) }
            #expect(error?.description.contains("object 4") == true)
            #expect(error?.description.contains("s.pth") == true)
        }
    }
}

@Suite("Data sets: proposals")
struct ProposalTests {
    private func sample(_ proposals: [[Int]], target: Int, _ root: DataRoot, split: DataSplit = .val) throws -> TaskSample {
        try root.writeScan("s", labels: [0, 1, 2, 3])
        try root.writeProposals("s", cubes: 4, proposals)
        try root.writeScanRefer(split.rawValue, [("s", target, "A chair")])
        return try openDataset(.scan2cap, in: root.folders, split: split, options: fixed(60, .predicted)).sample(at: 0)
    }

    @Test func targetThenNearOnesThenTheRest() throws {
        try withRoot { root in
            // Cube 1 alone, twice: of equals the later is the target. Cubes 1 and 2 overlap it by a quarter.
            let sample = try sample([[0], [1], [1, 2], [1], [3]], target: 1, root)
            #expect(sample.objects.map(\.id) == [3, 1, 2, 0, 4])
            #expect(sample.iouFlag)
            #expect(sample.references == ["A chair. "])
            #expect(sample.annotation.corpusKey == "s|1|thing")
        }
    }

    @Test func withoutMatchTheLastStandsTwice() throws {
        try withRoot { root in
            let sample = try sample([[0], [2], [3]], target: 1, root)
            #expect(sample.objects.map(\.id) == [2, 0, 1, 2])
            #expect(!sample.iouFlag)
        }
    }

    @Test func trainingTakesInstances() throws {
        try withRoot { root in
            let sample = try sample([[0]], target: 1, root, split: .train)
            #expect(sample.objects.map(\.id) == [1, 0, 2, 3])
            #expect(sample.iouFlag)
        }
    }

    @Test func onlyFiftyAreTaken() throws {
        try withRoot { root in
            try root.writeScan("s", labels: [0, 1, 2, 3])
            try root.writeProposals("s", cubes: 4, (0..<55).map { $0 == 54 ? [2] : [0] })
            try root.writeScanQA(ids: [2, 0])
            let sample = try openDataset(.scanqa, in: root.folders, split: .val, options: fixed(60, .predicted)).sample(
                at: 0)
            #expect(sample.objects.map(\.id) == Array(0..<50))
        }
    }

    @Test func matrixMustFitTheScan() throws {
        try withRoot { root in
            try root.writeScan("s", labels: [0, 1])
            try root.writeProposals("s", cubes: 3, [[0]])
            try root.writeScanQA(ids: [])
            let dataset = try openDataset(.scanqa, in: root.folders, split: .val, options: fixed(60, .predicted))
            expectError("expected 16 columns") { _ = try dataset.sample(at: 0) }
        }
    }
}

@Suite("Data sets: choices")
struct ChoiceTests {
    @Test func samplesDoNotDependOnOrderOrThreads() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("leo-test-" + UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let root = DataRoot(path: folder)
        for scan in ["a", "b", "c"] { try root.writeScan(scan, labels: Array(0..<5)) }
        try root.writeScanRefer(
            "val", ["a", "b", "c", "a"].enumerated().map { ($0.element, $0.offset, "A chair. It is red.") })
        var options = DatasetOptions(choices: SeededChoices(seed: 7))
        options.cachedScenes = 1
        let dataset = try openDataset(.scan2cap, in: root.folders, split: .val, options: options)
        func key(_ index: Int) throws -> String {
            let sample = try dataset.sample(at: index)
            return "\(sample.id) \(sample.anchor) \(sample.picks.map { $0.prefix(3) }) \(sample.prompt.afterObjects)"
        }
        let forwards = try (0..<4).map(key)
        #expect(try (0..<4).reversed().map(key).reversed() == forwards)
        let together = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for index in 0..<16 { group.addTask { (index % 4, try key(index % 4)) } }
            var keys = [String](repeating: "", count: 4)
            for try await (index, key) in group { keys[index] = key }
            return keys
        }
        #expect(together == forwards)
        #expect(Set(forwards).count == 4)
    }

    /// Objects with fewer points than the network takes repeat some, others do not.
    @Test func agentStandsInItsBox() throws {
        try withRoot { root in
            try root.writeScan("s", labels: [0, 1])
            try root.writeScanRefer("val", [("s", 1, "A chair")])
            let places = try (0..<20).map { seed in
                let options = DatasetOptions(choices: SeededChoices(seed: UInt64(seed)))
                return try openDataset(.scan2cap, in: root.folders, split: .val, options: options).sample(at: 0).anchor
                    .position
            }
            #expect(places.allSatisfy { 2...3 ~= $0.x && 0...1 ~= $0.y && 0...1 ~= $0.z })
            #expect(Set(places.map(\.x)).count == 20)
            let options = fixed()
            let sample = try openDataset(.scan2cap, in: root.folders, split: .val, options: options).sample(at: 0)
            #expect(sample.anchor.position == SIMD3(2.25, 0.5, 0.75))
            #expect(sample.picks[0].prefix(10) == [0, 1, 2, 3, 4, 5, 6, 7, 0, 1])
        }
    }

    @Test func trainingTurnsScenes() throws {
        struct Turns: ChoiceRule, SampleChoices {
            func choices(forSample id: String) -> any SampleChoices { self }
            func entry(of count: Int) -> Int { count - 1 }
            func points(of total: Int, count: Int, object: Int) -> [Int] { (0..<count).map { $0 % total } }
            func fractions() -> SIMD3<Double> { .zero }
            func order(of count: Int) -> [Int] { Array(0..<count) }
            func quarterTurns() -> Int { 1 }
        }
        try withRoot { root in
            try root.writeScan("s", labels: [0, 1])
            for split in ["train", "val"] { try root.writeScanQA(split, ids: [1], answers: ["yes", " no"]) }
            func location(_ split: DataSplit, accumulates: Bool = false, rotates: Bool = true) throws -> [[Float]] {
                var options = DatasetOptions(choices: Turns())
                options.accumulatesRotations = accumulates
                options.rotatesInTraining = rotates
                let dataset = try openDataset(.scanqa, in: root.folders, split: split, options: options)
                return try (0..<2).map { _ in
                    try dataset.sample(at: 0).objectTensors().locations.floats().prefix(3).map {
                        ($0 * 1000).rounded() / 1000
                    }
                }
            }
            #expect(try location(.val) == [[2.5, 0.5, 0.5], [2.5, 0.5, 0.5]])
            #expect(try location(.train) == [[-0.5, 2.5, 0.5], [-0.5, 2.5, 0.5]])
            #expect(try location(.train, accumulates: true) == [[-0.5, 2.5, 0.5], [-2.5, -0.5, 0.5]])
            #expect(try location(.train, rotates: false)[0] == [2.5, 0.5, 0.5])
            // One answer is drawn for training.
            let options = DatasetOptions(choices: Turns())
            #expect(
                try openDataset(.scanqa, in: root.folders, split: .train, options: options).annotation(at: 0).references == [
                    "no"
                ])
            #expect(
                try openDataset(.scanqa, in: root.folders, split: .val, options: options).annotation(at: 0).references == [
                    "yes", "no",
                ])
        }
    }

    @Test func poolsAreDrawnFromInEvaluation() throws {
        try withRoot { root in
            try root.write(
                "instruction/planning/3rscan_plan_val.json",
                #"{"r": {"response": [{"instruction": "Tidy UP", "plan": "1. Go."}]}}"#)
            func instructions(_ pools: InstructionPools) throws -> Set<String> {
                Set(
                    try (0..<40).map { seed in
                        var options = DatasetOptions(choices: SeededChoices(seed: UInt64(seed)))
                        options.pools = pools
                        return try openDataset(.rscanPlan, in: root.folders, split: .val, options: options).annotation(at: 0)
                            .instruction
                    })
            }
            #expect(try instructions(.official) == ["Plan for the task: tidy up"])
            let drawn = try instructions(.standard)
            #expect(drawn.count > 3)
            #expect(drawn.allSatisfy { $0.hasSuffix(": tidy up") })
        }
    }

    @Test func ratioTakesTheFirst() throws {
        try withRoot { root in
            try root.writeScanRefer("val", (0..<7).map { ("s", $0, "A chair") })
            var options = fixed()
            options.ratio = 0.5
            let dataset = try openDataset(.scan2cap, in: root.folders, split: .val, options: options)
            #expect((0..<dataset.count).map { dataset.annotation(at: $0).relevantObjects } == [[0], [1], [2]])
            options.ratio = 1.5
            expectError("ratio") { _ = try openDataset(.scan2cap, in: root.folders, split: .val, options: options) }
            options = fixed(0)
            expectError("maximumObjects") { _ = try openDataset(.scan2cap, in: root.folders, split: .val, options: options) }
        }
    }

    @Test func cacheKeepsTheLastScenes() throws {
        try withRoot { root in
            for scan in ["a", "b"] { try root.writeScan(scan, labels: [0]) }
            try root.writeScanRefer("val", [("a", 0, "x"), ("b", 0, "x")])
            var options = fixed()
            options.cachedScenes = 1
            let dataset = try openDataset(.scan2cap, in: root.folders, split: .val, options: options)
            _ = try dataset.sample(at: 0)
            try root.remove(DataRoot.scan("a"))
            _ = try dataset.sample(at: 0)
            _ = try dataset.sample(at: 1)
            guard case .missing(let path, _)? = dataError({ _ = try dataset.sample(at: 0) }) else {
                Issue.record("expected the scan to be missing")
                return
            }
            #expect(path.hasSuffix("a.pth"))
        }
    }
}
