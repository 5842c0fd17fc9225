import Foundation
import LEO
import LEOArchive
import LEOConvert
import LEOModel
import LEOScene
import LEOText
import TestSupport
import Testing

@Suite struct EngineTests {
    private func pieces(_ response: Response) async throws -> [Piece] {
        var list: [Piece] = []
        for try await piece in response { list.append(piece) }
        return list
    }

    // MARK: Streaming

    @Test func piecesJoinToTheAnswer() async throws {
        let engine = try TestEngine.shared()
        let sampled: (UInt64) -> Request = { seed in
            var request = TestEngine.greedy(tokens: 40)
            request.decoding.strategy = .sampling(temperature: 1.5, topK: 0, seed: seed)
            return request
        }
        for request in [TestEngine.greedy(tokens: 60)] + (0..<8).map({ sampled($0) }) {
            let response = try engine.respond(to: request)
            let list = try await pieces(response), answer = try await response.answer
            #expect(list.map(\.text).joined() == answer.text)
            #expect(list.compactMap(\.id).filter { $0 != 2 } == answer.ids)
            #expect(list.count > 1 && answer.timings.steps > 0 && answer.timings.total > 0)
        }
    }

    /// Byte tokens of text whose ends are white space and whose characters take several tokens.
    @Test(arguments: [
        "plain", "  two before", "behind  ", " \t\n\u{3000}both\u{a0} \n", "a  b\n\nc", "é", " ü ", "日本語 ", "👩‍👩‍👧 family", "e\u{301}\u{301} x",
        " \u{301}a", "a\r\n", "\u{1c}x\u{1f}", "   ", "", "x\u{200b}", "z \u{85}",
    ])
    func whiteSpaceAndCharactersOfSeveralTokens(text: String) async throws {
        let engine = try TestEngine.shared()
        var request = TestEngine.greedy(tokens: 100)
        request.constraint = Script(ids: text.utf8.map { Int32($0) + 3 })
        let response = try engine.respond(to: request)
        let list = try await pieces(response), answer = try await response.answer
        #expect(answer.finish == .endOfSequence)
        #expect(Array(answer.text.utf8) == Array(text.strippedLikePython.utf8))
        #expect(Array(list.map(\.text).joined().utf8) == Array(answer.text.utf8))
    }

    @Test func charactersThatNeverEndAreReplaced() async throws {
        let engine = try TestEngine.shared()
        for bytes in [[0x61, 0xe6], [0xe6, 0x97], [0xff, 0x20], [0xf0, 0x9f, 0x91, 0x20]] as [[UInt8]] {
            var request = TestEngine.greedy(tokens: 100)
            request.constraint = Script(ids: bytes.map { Int32($0) + 3 })
            let response = try engine.respond(to: request)
            let list = try await pieces(response), answer = try await response.answer
            #expect(list.map(\.text).joined() == answer.text && answer.text.contains("\u{fffd}"))
        }
    }

    @Test func aBeamSearchGivesOnePiece() async throws {
        let engine = try TestEngine.shared()
        var request = Request("What is near?", scene: TestEngine.scene(5))
        request.decoding.maxNewTokens = 12
        let response = try engine.respond(to: request)
        let list = try await pieces(response), answer = try await response.answer
        #expect(list == [list[0]] && list[0].text == answer.text && list[0].id == nil)
        request.decoding.beams = 1
        let greedy = try await engine.respond(to: TestEngine.greedy(tokens: 12)).answer
        #expect(try await engine.respond(to: request).answer.ids == greedy.ids)
    }

    // MARK: Repetition and concurrency

    @Test func theSameRequestGivesTheSameAnswer() async throws {
        let engine = try TestEngine.shared(), session = try engine.makeSession()
        var withImage = TestEngine.greedy()
        withImage.image = TestEngine.image()
        var scored = TestEngine.greedy()
        scored.answers = ["yes", "no", "a chair"]
        var beams = TestEngine.greedy()
        beams.decoding.strategy = .beam
        let requests = [TestEngine.greedy(), withImage, TestEngine.greedy(scene: nil), scored, beams, TestEngine.greedy("Where?", scene: TestEngine.scene(1))]
        var first: [[String]] = []
        for request in requests { first.append(try await engine.respond(to: request).answer.outcome) }
        #expect(Set(first).count == requests.count, "different requests have different answers")
        // A session that has answered other requests answers as a new one does.
        for _ in 0..<2 {
            for (request, expected) in zip(requests, first).reversed() {
                #expect(try await session.respond(to: request).answer.outcome == expected)
            }
        }
        // At once, on sessions of the pool and on one that queues them.
        let together = try await withThrowingTaskGroup(of: (Int, [String]).self) { group in
            for round in 0..<12 {
                let request = requests[round % requests.count]
                group.addTask {
                    let response = round % 3 == 0 ? session.respond(to: request) : try engine.respond(to: request)
                    return (round % requests.count, try await response.answer.outcome)
                }
            }
            return try await group.reduce(into: [(Int, [String])]()) { $0.append($1) }
        }
        for (index, outcome) in together { #expect(outcome == first[index]) }
    }

    @Test(arguments: [WeightType.f32, .int8, .int4])
    func threadsDoNotChangeAnswers(weightType: WeightType) async throws {
        var request = TestEngine.greedy(tokens: 30)
        request.image = TestEngine.image()
        var outcomes: [[String]] = []
        for threads in 1...3 {
            outcomes.append(try await TestEngine.make(threads: threads, weightType: weightType).respond(to: request).answer.outcome)
        }
        #expect(outcomes[1] == outcomes[0] && outcomes[2] == outcomes[0])
    }

    /// Image and object tokens of a prompt longer than one run of the language plan.
    @Test func longPromptsKeepTheirSceneTokens() async throws {
        let engine = try TestEngine.shared()
        func answer(_ situation: String, _ scene: Scene) async throws -> Answer {
            var request = TestEngine.greedy(scene: scene)
            request.situation = .custom(situation)
            request.image = TestEngine.image()
            return try await engine.respond(to: request).answer
        }
        // Objects stand behind 600 tokens of situation; repeating the request must not depend on what ran before.
        let long = String(repeating: "situated ", count: 70)
        let first = try await answer(long, TestEngine.scene(5))
        #expect(first.timings.promptTokens > 800)
        _ = try await answer("", TestEngine.scene(1))
        #expect(try await answer(long, TestEngine.scene(5)).outcome == first.outcome)
        #expect(try await answer(long, TestEngine.scene(4)).score != first.score)
    }

    // MARK: Cancellation

    @Test func cancellationStopsAndTheEngineGoesOn() async throws {
        let engine = try TestEngine.make { $0.language.numHiddenLayers = 8 }
        let short = TestEngine.greedy(tokens: 4)
        let expected = try await engine.respond(to: short).answer.outcome
        let long = TestEngine.greedy(tokens: 250)
        let request = {
            var request = long
            request.decoding.minLength = 200
            return request
        }()
        let whole = try await engine.respond(to: request).answer
        #expect(whole.timings.steps >= 100)
        // On a busy machine an answer may be whole before the cancellation comes.
        func isCancelled(_ respond: () async throws -> Answer) async throws -> Bool {
            for _ in 0..<50 {
                do { _ = try await respond() } catch is CancellationError { return true }
            }
            return false
        }
        // By the response itself, after its first piece.
        #expect(try await isCancelled {
            let response = try engine.respond(to: request)
            var iterator = response.makeAsyncIterator()
            _ = try await iterator.next()
            response.cancel()
            return try await response.answer
        })
        // By the task that waits.
        #expect(try await isCancelled {
            let waiting = Task { try await engine.respond(to: request).answer }
            try await Task.sleep(for: .milliseconds(20))
            waiting.cancel()
            return try await waiting.value
        })
        // By a task that reads the stream.
        #expect(try await isCancelled {
            let response = try engine.respond(to: request)
            let reading = Task { for try await _ in response {} }
            try await Task.sleep(for: .milliseconds(20))
            reading.cancel()
            _ = await reading.result
            return try await response.answer
        })
        // Before it began, with others queued behind it in the session.
        let session = try engine.makeSession()
        let first = session.respond(to: request), second = session.respond(to: request), third = session.respond(to: short)
        second.cancel()
        first.cancel()
        await #expect(throws: CancellationError.self) { try await second.answer }
        #expect(try await third.answer.outcome == expected)
        #expect(try await engine.respond(to: short).answer.outcome == expected)
    }

    // MARK: Requests

    private func error(_ request: Request, _ engine: Engine? = nil) async throws -> (any Error)? {
        let engine = try engine ?? TestEngine.shared()
        do {
            _ = try await engine.respond(to: request).answer
            return nil
        } catch {
            return error
        }
    }

    @Test func answersAreScored() async throws {
        let engine = try TestEngine.shared()
        var request = TestEngine.greedy()
        let answers = ["yes", "no", "a table and a chair", "n"]
        request.answers = answers
        let answer = try await engine.respond(to: request).answer
        let scores = try #require(answer.answerScores)
        #expect(scores.losses.count == 4 && scores.losses.allSatisfy { $0.isFinite && $0 > 0 })
        let best = try #require(scores.losses.indices.min { scores.losses[$0] < scores.losses[$1] })
        #expect(answer.text == answers[best] && answer.score == -scores.losses[best])
        // Alone an answer has the loss it has among others.
        for (index, text) in answers.enumerated() {
            request.answers = [text]
            let alone = try await engine.respond(to: request).answer
            #expect(abs((alone.answerScores?.losses[0] ?? 0) - scores.losses[index]) < 1e-4)
        }
        request.answers = []
        #expect(try await error(request) as? RequestError == .noAnswers)
        request.answers = ["yes", ""]
        #expect(try await error(request) as? RequestError == .emptyAnswer(""))
        // More than fit one run, and one longer than a run.
        request.answers = (0..<200).map { "answer \($0)" }
        #expect(try await engine.respond(to: request).answer.answerScores?.losses.count == 200)
        request.answers = [String(repeating: "long ", count: 40)]
        let failure = try await error(request)
        #expect(failure == nil || failure is CapacityError)
    }

    @Test func objectsAreAskedAbout() async throws {
        let engine = try TestEngine.shared()
        var request = TestEngine.greedy()
        let plain = try await engine.respond(to: request).answer
        request.object = .id(3)
        let focused = try await engine.respond(to: request).answer
        #expect(focused.score != plain.score)
        #expect(try await engine.respond(to: request).answer.outcome == focused.outcome)
        // The agent's place is drawn from the seed.
        request.seed = 5
        #expect(try await engine.respond(to: request).answer.score != focused.score)
        request.object = .id(77)
        #expect(try await error(request) as? RequestError == .unknownObject(77, available: [1, 2, 3, 4, 5]))
        request.object = .id(3)
        request.scene = nil
        #expect(try await error(request) as? RequestError == .objectWithoutScene)
    }

    @Test func posesMustBeFinite() async throws {
        for value in [Float.nan, .infinity, -.infinity] {
            var request = TestEngine.greedy()
            request.pose = Request.Pose(position: SIMD3(0, value, 0))
            #expect(try await error(request) as? RequestError == .notFinite(field: "position"))
            request.pose = Request.Pose(orientation: SIMD4(0, 0, value, 1))
            #expect(try await error(request) as? RequestError == .notFinite(field: "orientation"))
        }
        var request = TestEngine.greedy()
        let here = try await TestEngine.shared().respond(to: request).answer
        request.pose = Request.Pose(position: SIMD3(3, 1, 0))
        #expect(try await TestEngine.shared().respond(to: request).answer.score != here.score)
    }

    /// Numbers at the ends of their range: an answer or an error, never a trap.
    @Test func extremeRequestsAreAnswersOrErrors() async throws {
        let engine = try TestEngine.shared()
        func request(_ coordinates: [Double]) -> Request {
            let object = SceneObject(id: .max, points: ObjectPoints(coordinates: coordinates, colors: coordinates.map { _ in 0 }))
            let scene = Scene(source: "extreme", objects: [object], bounds: Bounds(minimum: .zero, maximum: .one))
            return TestEngine.greedy(scene: scene, tokens: 2)
        }
        for coordinates in [[0, 0, 0], [1e300, -1e300, 1e300, 0, 0, 0], [.nan, 0, 0], [.infinity, 0, 0, 1, 1, 1], [1e-300, 0, 0, 0, 0, 1e-310]] {
            for id in [nil, Int.max] {
                var request = request(coordinates)
                request.object = id.map { .id($0) }
                let failure = try await error(request)
                #expect(failure == nil || failure is RequestError, "\(coordinates)")
            }
        }
        var far = TestEngine.greedy(tokens: 2)
        far.pose = Request.Pose(position: SIMD3(repeating: .greatestFiniteMagnitude), orientation: SIMD4(repeating: .greatestFiniteMagnitude))
        _ = try await engine.respond(to: far).answer
        for text in ["", "[PAD]", "<s></s><unk>[PAD]", String(repeating: "x", count: 20_000), "\0\u{10FFFF}"] {
            _ = try await engine.respond(to: TestEngine.greedy(text, tokens: 2)).answer
        }
        var situated = TestEngine.greedy(tokens: 2)
        situated.situation = .described(String(repeating: "x", count: 20_000))
        #expect(try await error(situated) is CapacityError)
        var history = TestEngine.greedy(tokens: 2)
        history.history = (0..<300).map { Prompt.Turn(user: "question \($0)", assistant: "answer") }
        _ = try await engine.respond(to: history).answer
    }

    @Test func absurdDecodingOptionsAreErrors() async throws {
        let changes: [(String, (inout DecodingOptions) -> Void)] = [
            ("beams", { $0.beams = 0 }), ("beams", { $0.beams = .max }), ("maxLength", { $0.maxLength = 0 }),
            ("maxLength", { $0.maxLength = .max }), ("minLength", { $0.minLength = -1 }), ("maxNewTokens", { $0.maxNewTokens = -1 }),
            ("maxNewTokens", { $0.maxNewTokens = .max }), ("repetitionPenalty", { $0.repetitionPenalty = 0 }),
            ("repetitionPenalty", { $0.repetitionPenalty = .nan }), ("lengthPenalty", { $0.lengthPenalty = .infinity }),
            ("bosID", { $0.bosID = -1 }), ("excludedTokens", { $0.excludedTokens = [-4] }),
            ("temperature", { $0.strategy = .sampling(temperature: 0) }), ("topP", { $0.strategy = .sampling(topP: 2) }),
        ]
        for (name, change) in changes {
            var request = Request("What?", scene: TestEngine.scene(1))
            change(&request.decoding)
            let found = try await error(request)
            guard case .invalidOption(name, _, _) = found as? TokenDecodingError else {
                Issue.record("\(name): \(String(describing: found))")
                continue
            }
        }
        var foreign = Request("What?")
        foreign.decoding.eosID = 5000
        #expect(try await error(foreign) is TokenDecodingError)
    }

    /// Allowed by the options, beyond what the model's cache and tables hold.
    @Test func largeSearchesAreAnswersOrCapacityErrors() async throws {
        var request = TestEngine.greedy()
        request.decoding.strategy = .beam
        for beams in [64, 65, 128] {
            request.decoding.beams = beams
            request.decoding.maxNewTokens = 4
            let found = try await error(request)
            #expect(beams <= 64 ? found == nil : found is CapacityError, "\(beams) beams: \(String(describing: found))")
        }
        request = TestEngine.greedy(tokens: 400)
        request.decoding.minLength = 400
        request.constraint = Script(ids: [Int32](repeating: 70, count: 400))
        #expect(try await error(request) as? CapacityError == .tooManySteps(limit: 256))
        request.decoding.maxNewTokens = 0
        #expect(try await TestEngine.shared().respond(to: request).answer.text == "")
    }

    @Test func tooManyObjectsAreDroppedWithANotice() async throws {
        let engine = try TestEngine.shared()
        var request = TestEngine.greedy(scene: TestEngine.scene(61, points: 20), tokens: 3)
        let many = try await engine.respond(to: request).answer
        #expect(many.timings.objects == 60 && many.notices.count == 1 && many.notices[0].contains("61") && many.notices[0].contains("60"))
        request.scene = TestEngine.scene(60, points: 20)
        let full = try await engine.respond(to: request).answer
        #expect(full.notices.isEmpty && full.ids == many.ids && full.score == many.score)
        // The object that is asked about is never the one that is dropped.
        request.scene = TestEngine.scene(61, points: 20)
        request.object = .id(61)
        #expect(try await engine.respond(to: request).answer.score != full.score)
        request.scene = Scene(source: "empty", objects: [], bounds: Bounds(minimum: .zero, maximum: .zero), notices: ["a notice"])
        request.object = nil
        #expect(try await engine.respond(to: request).answer.notices == ["a notice"])
    }

    @Test func imagesCount() async throws {
        let engine = try TestEngine.shared()
        var scores: Set<Double> = []
        for image in [nil, TestEngine.image(), TestEngine.image(seed: 3)] {
            var request = TestEngine.greedy()
            request.image = image
            scores.insert(try await engine.respond(to: request).answer.score)
        }
        var request = TestEngine.greedy()
        request.image = TestEngine.image()
        request.imageChannels = .bgr
        scores.insert(try await engine.respond(to: request).answer.score)
        #expect(scores.count == 4)
        let small = try TestEngine.make { $0.image.size = 64 }
        #expect(try await error(request, small) as? RequestError == .imageSize(expected: 64))
        #expect(try await error(TestEngine.greedy(tokens: 2), small) == nil)
    }

    @Test func everyShapeOfModelAnswers() async throws {
        let changes: [(inout ModelConfiguration) -> Void] = [
            { $0.spatial.useEmbodiedToken = false }, { $0.spatial.useSpatialAttn = false }, { $0.lora = nil }, { $0.image.pooling = .null },
            { $0.image.pooling = .conv }, { $0.image.pooling = .attn }, { $0.maximumObjects = 1 },
        ]
        for change in changes {
            let engine = try TestEngine.make(weightType: .bf16, change)
            for scene in [nil, TestEngine.scene(3)] {
                var request = TestEngine.greedy(scene: scene, tokens: 3)
                request.image = TestEngine.image()
                #expect(try await engine.respond(to: request).answer.score.isFinite)
            }
        }
    }

    // MARK: Files

    /// The same archive with one tensor in another form, all zeros.
    private func rewrite(_ source: Archive, to path: String, _ change: (TensorSpecification) -> TensorSpecification?) throws {
        let specifications = source.tensors.compactMap { change($0.specification) }
        let writer = try ArchiveWriter(path: path, configuration: source.configuration, tensors: specifications)
        for specification in specifications {
            if let entry = source.tensor(named: specification.name), entry.specification == specification {
                try entry.withBytes { try writer.append($0, to: specification.name) }
            } else {
                try writer.append([UInt8](repeating: 0, count: specification.byteCount ?? 0), to: specification.name)
            }
        }
        try writer.finish()
    }

    @Test func foreignAndDamagedFilesAreErrors() throws {
        try withTemporaryFolder { folder in
            try TestEngine.write(to: folder + "/m.leo")
            let whole = try Data(contentsOf: URL(fileURLWithPath: folder + "/m.leo"))
            func opening(_ data: Data) throws -> (any Error)? {
                let path = folder + "/x.leo"
                try data.write(to: URL(fileURLWithPath: path))
                do {
                    _ = try Engine(path: path)
                    return nil
                } catch {
                    #expect("\(error)".contains("x.leo"), "\(error)")
                    return error
                }
            }
            #expect(throws: ArchiveError.self) { try Engine(path: folder + "/none.leo") }
            #expect(throws: ArchiveError.self) { try Engine(path: folder) }
            #expect(try opening(Data()) is ArchiveError)
            #expect(try opening(Data("not a model".utf8)) is ArchiveError)
            for count in [8, 100, 5000, whole.count / 2, whole.count - 1] { #expect(try opening(whole.prefix(count)) is ArchiveError) }
            #expect(try opening(whole + [0]) is ArchiveError)
            #expect(try opening(whole) == nil)
        }
    }

    @Test(arguments: [WeightType.int8, .int4])
    func archivesThatHoldNoModelAreErrors(_ weightType: WeightType) throws {
        try withTemporaryFolder { folder in
            try TestEngine.write(to: folder + "/m.leo", weightType: weightType)
            let source = try Archive(path: folder + "/m.leo")
            var index = 0
            func opening(_ change: (TensorSpecification) -> TensorSpecification?) throws -> (any Error)? {
                index += 1
                let path = folder + "/x\(index).leo"
                try rewrite(source, to: path, change)
                do {
                    _ = try Engine(path: path)
                    return nil
                } catch {
                    return error
                }
            }
            // Each tensor missing, and each in a type that kernels would read beyond its end. A few of every kind will do.
            let names = source.tensors.map(\.name)
            let chosen = names.filter { name in
                name == "tokenizer.model" || name == "spatial.anchor_size" || name.hasPrefix("language.layers.1.") || name.hasPrefix("language.norm")
                    || name.hasPrefix("points.sa0.layer0") || name.hasPrefix("spatial.layers.1.self_attn") || name.hasPrefix("image.stages.3.blocks")
                    || name.hasPrefix("language.lm") || name.hasPrefix("language.embed")
            }
            #expect(chosen.count > 30)
            for name in chosen {
                let missing = try opening { $0.name == name ? nil : $0 }
                #expect(missing.map { "\($0)".contains(name.hasSuffix(".scale") ? String(name.dropLast(6)) : name) } ?? false, "\(name)")
                guard let old = source.tensor(named: name)?.specification, old.elementType == .f32, !name.hasSuffix(".scale") else { continue }
                for isHalf in [true, false] {
                    // Packed matrices may be of any type that has kernels.
                    if old.layout == .nk16, isHalf, !name.contains("lora_b"), !name.hasPrefix("points.") { continue }
                    let found = try opening {
                        $0.name == name ? TensorSpecification(name: name, elementType: isHalf ? .f16 : .i8, shape: $0.shape, layout: $0.layout) : $0
                    }
                    #expect(found != nil, "\(name) as \(isHalf ? "f16" : "i8")")
                }
            }
            // Another shape, and another layout.
            for name in ["language.norm.weight", "spatial.anchor_size"] {
                #expect(try opening { $0.name == name ? TensorSpecification(name: name, elementType: .f32, shape: [1], layout: .rows) : $0 } is ArchiveError)
            }
            let q = "language.layers.0.q_proj.weight"
            #expect(try opening { $0.name == q ? TensorSpecification(name: q, elementType: .f32, shape: $0.shape, layout: .rows) : $0 } is ArchiveError)
            // Factors of another type, shape or layout, and codes in a form that goes with none.
            let isInt4 = weightType == .int4, scale = q + ".scale"
            for wrong in [
                TensorSpecification(name: scale, elementType: .f16, shape: [64, 1], layout: .nk64),
                TensorSpecification(name: scale, elementType: isInt4 ? .f32 : .i32, shape: [64, 1], layout: .nk64),
                TensorSpecification(name: scale, elementType: isInt4 ? .i32 : .f32, shape: [63, 1], layout: .nk64),
                TensorSpecification(name: scale, elementType: isInt4 ? .i32 : .f32, shape: [64, 2], layout: .nk64),
                TensorSpecification(name: scale, elementType: isInt4 ? .i32 : .f32, shape: [64, 1], layout: .nk16),
                TensorSpecification(name: scale, elementType: isInt4 ? .i32 : .f32, shape: [], layout: .rows),
                TensorSpecification(name: q, elementType: .u8, shape: [64, 64], layout: .nk16),
                TensorSpecification(name: q, elementType: .i8, shape: [64, 64], layout: .nk16),
                TensorSpecification(name: q, elementType: .u8, shape: [64, 64], layout: .nk64),
                TensorSpecification(name: q, elementType: .u8, shape: [64, 64], layout: .rows),
                TensorSpecification(name: q, elementType: .u8, shape: [64, 63], layout: .n64k4),
            ] {
                let error = try opening { $0.name == wrong.name ? wrong : $0 }
                let message = error.map { "\($0)" } ?? "none"
                #expect(error is ArchiveError && message.contains(wrong.name + ": expected"), "\(wrong): \(message)")
            }
            // 8 bits where the file says 4, or the other way round: its factors are of the other kind.
            #expect(
                try opening {
                    $0.name == q ? TensorSpecification(name: q, elementType: .u8, shape: $0.shape, layout: isInt4 ? .n64k4 : .n64k8) : $0
                } is ArchiveError)
            // What only other steps read cannot be integers.
            for name in ["language.norm.weight", "language.embed_tokens.weight", "language.layers.0.q_proj.lora_b"] {
                let error = try opening {
                    $0.name == name && $0.shape.count == 2
                        ? TensorSpecification(name: name, elementType: .u8, shape: $0.shape, layout: .n64k4)
                        : $0.name == name ? TensorSpecification(name: name, elementType: .u8, shape: $0.shape) : $0
                }
                #expect(error != nil, "\(name)")
            }
        }
    }

    /// Parts of a model are prepared on several threads.
    @Test func threadsPrepareTheSame() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/m.leo"
            try TestEngine.write(to: path, weightType: .int8)
            func open(_ threads: Int) throws -> [String] {
                var options = EngineOptions()
                options.threads = threads
                let engine = try Engine(path: path, options: options)
                return [engine.tokenizer.encode("What is on the desk?").description]
                    + engine.network.plans.map { plan in
                        "\(plan.name) \(plan.arenaByteCount) \(plan.stateByteCount) \(plan.constantByteCount) "
                            + plan.steps.map { "\($0.name) \($0.kernelName)" }.joined(separator: " ")
                    }
            }
            let alone = try open(1)
            #expect(alone.count == 5)
            // Scratch memory may grow with the threads, so the plans for two are not compared with those for one.
            let pair = try open(2)
            for _ in 0..<8 { #expect(try open(2) == pair) }
            #expect(pair[0] == alone[0])
        }
    }

    /// Whoever is faster, the error is the one that comes first when one part is prepared after the other.
    @Test(arguments: [1, 2, 4]) func theFirstOfSeveralErrorsIsThrown(threads: Int) throws {
        try withTemporaryFolder { folder in
            let good = folder + "/good.leo", bad = folder + "/bad.leo"
            try TestEngine.write(to: good)
            let archive = try Archive(path: good)
            func first(_ prefix: String) throws -> String { try #require(archive.tensors.first { $0.name.hasPrefix(prefix) }?.name) }
            var left = ["tokenizer.model"] + (try ["language.", "spatial.", "points.", "image"].map(first))
            var options = EngineOptions()
            options.threads = threads
            var dropped: [String] = []
            while !left.isEmpty {
                dropped.append(left.removeFirst())
                try rewrite(archive, to: bad) { dropped.contains($0.name) ? nil : $0 }
                for _ in 0..<4 {
                    #expect { _ = try Engine(path: bad, options: options) } throws: { error in
                        "\(error)".contains(dropped[dropped.count - 1]) && !"\(error)".contains(dropped.dropLast().last ?? "none of them")
                    }
                }
            }
        }
    }

    @Test func configurationsOfOtherProgramsAreErrors() throws {
        try withTemporaryFolder { folder in
            for configuration in ["{}", "{\"name\":\"x\"}"] {
                let path = folder + "/c.leo"
                let writer = try ArchiveWriter(path: path, configuration: configuration, tensors: [])
                try writer.finish()
                #expect(throws: ConfigurationError.self) { try Engine(path: path) }
            }
        }
    }
}
