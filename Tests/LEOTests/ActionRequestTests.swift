import LEO
import LEOAction
import LEOModel
import Testing

/// Requests that ask for an action: whatever the strategy, the answer is one.
@Suite("Requests for actions") struct ActionRequestTests {
    static let strategies: [DecodingStrategy] = [.greedy, .beam, .sampling(temperature: 3, topK: 0, seed: 1), .sampling(temperature: 0.5, seed: 2)]

    private static func request(_ space: Request.Space, _ strategy: DecodingStrategy, _ rules: DecodingRules = .transformers4_28_1) -> Request {
        var request = Request("Go to the lamp.", scene: TestEngine.scene(3))
        request.actionSpace = space
        request.decoding.strategy = strategy
        request.decoding.rules = rules
        request.decoding.beams = strategy == .beam ? 4 : 1
        return request
    }

    /// Ids of action tokens are among the last of LLaMA's vocabulary.
    private static let llamaSized = Result { try TestEngine.make { $0.language.vocabulary = 32001 } }

    @Test(arguments: strategies, DecodingRules.allCases)
    func habitatIsOneTokenAndTheEnd(_ strategy: DecodingStrategy, _ rules: DecodingRules) async throws {
        let engine = try Self.llamaSized.get()
        let answer = try await engine.respond(to: Self.request(.habitat, strategy, rules)).answer
        guard case .habitat(let action) = answer.action else {
            Issue.record("no action: \(answer)")
            return
        }
        #expect(answer.ids == [action.id])
        #expect(answer.text == action.token)
        #expect(answer.finish == .endOfSequence)
        #expect(try HabitatActionSpace().action(in: answer.text) == action)
    }

    @Test func samplingReachesEveryHabitatAction() async throws {
        let engine = try Self.llamaSized.get()
        var seen: Set<HabitatAction> = []
        for seed in 0..<60 as Range<UInt64> {
            let request = Self.request(.habitat, .sampling(temperature: 20, topK: 0, seed: seed))
            if case .habitat(let action) = try await engine.respond(to: request).answer.action { seen.insert(action) }
        }
        #expect(seen == Set(HabitatAction.allCases))
    }

    /// The space token is given, as it is where models are trained to act, so it takes no part in the choice.
    @Test func constrainedHabitatRanksAsTheModelDoes() async throws {
        let engine = try Self.llamaSized.get()
        let chosen = try await engine.respond(to: Self.request(.habitat, .greedy)).answer
        var ranked = Request("Go to the lamp.", scene: TestEngine.scene(3))
        ranked.decoding.strategy = .greedy
        ranked.decoding.maxNewTokens = 2
        ranked.constraint = FirstThen(first: try #require(engine.tokenizer.id(of: "\u{2581}")), next: HabitatAction.allCases.map(\.id))
        let free = try await engine.respond(to: ranked).answer
        #expect(free.ids.count == 2 && free.ids.last == chosen.ids.first)
    }

    private struct FirstThen: TokenConstraint {
        let first: Int32
        let next: [Int32]
        func allowedTokens(after generated: ArraySlice<Int32>) -> TokenSet? {
            switch generated.count {
            case 0: TokenSet([first])
            case 1: TokenSet(next)
            default: TokenSet([2])
            }
        }
    }

    @Test(arguments: strategies) func cliPortAnswersAreReadByTheOfficialParser(_ strategy: DecodingStrategy) async throws {
        let engine = try TestEngine.shared()
        let answer = try await engine.respond(to: Self.request(.cliport, strategy)).answer
        guard case .cliport(let action) = answer.action else {
            Issue.record("no action: \(answer)")
            return
        }
        #expect(try CLIPortActionSpace().action(in: answer.text) == action)
        #expect(CLIPortActionSpace.indices(in: answer.text).count == 6)
        #expect(answer.finish == .endOfSequence)
    }

    @Test(arguments: strategies, [nil, 24, 60]) func legentAnswersAreRead(_ strategy: DecodingStrategy, limit: Int?) async throws {
        let engine = try TestEngine.shared()
        var request = Self.request(.legent(), strategy)
        request.decoding.maxNewTokens = limit
        let answer = try await engine.respond(to: request).answer
        guard case .legent(let action) = answer.action else {
            Issue.record("no action: \(answer)")
            return
        }
        #expect(action != .step)
        #expect(LEGENTCode.read(answer.text) == action, "\(answer.text)")
        #expect(answer.ids.count < limit ?? 128)
        #expect(answer.finish == .endOfSequence)
    }

    @Test func actionsComeAsOnePiece() async throws {
        let engine = try TestEngine.shared()
        let response = try engine.respond(to: Self.request(.cliport, .greedy))
        var pieces: [String] = []
        for try await piece in response { pieces.append(piece.text) }
        #expect(pieces == [try await response.answer.text])
    }

    @Test func whatHasNoRoomForAnActionIsRefused() async throws {
        let engine = try TestEngine.shared()
        // 320 tokens have no action ids.
        await #expect(throws: RequestError.self) { try await engine.respond(to: Self.request(.habitat, .greedy)).answer }
        var short = Self.request(.cliport, .greedy)
        short.decoding.maxNewTokens = 6
        await #expect {
            _ = try await engine.respond(to: short).answer
        } throws: { "\($0)".contains("maxNewTokens") && "\($0)".contains("6") }
        var tiny = Self.request(.legent(), .greedy)
        tiny.decoding.maxNewTokens = 3
        await #expect(throws: RequestError.self) { try await engine.respond(to: tiny).answer }
        var scored = Self.request(.cliport, .greedy)
        scored.answers = ["a"]
        await #expect(throws: RequestError.actionSpaceExcludes(field: "answers")) { try await engine.respond(to: scored).answer }
        var twice = Self.request(.cliport, .greedy)
        twice.constraint = FirstThen(first: 5, next: [6])
        await #expect(throws: RequestError.actionSpaceExcludes(field: "constraint")) { try await engine.respond(to: twice).answer }
    }

    @Test(arguments: strategies) func excludingEveryTokenIsAnError(_ strategy: DecodingStrategy) async throws {
        let engine = try Self.llamaSized.get()
        var request = Self.request(.habitat, strategy)
        request.decoding.excludedTokens = HabitatAction.allCases.map(\.id)
        await #expect(throws: RequestError.noAction(space: "habitat")) { try await engine.respond(to: request).answer }
    }

    /// Options that end answers late or early do not matter: the space says when an action ends.
    @Test func lengthsOfTextDoNotMatter() async throws {
        let engine = try Self.llamaSized.get()
        var request = Self.request(.habitat, .beam)
        request.decoding.minLength = 30
        request.decoding.maxLength = 40
        request.decoding.lengthPenalty = -4
        #expect(try await engine.respond(to: request).answer.action != nil)
    }
}
