import Foundation
import LEO
import LEOArchive
import LEOConvert
import LEOModel
import LEOText
import TestSupport
import Testing

/// Models on disk for these tests, remade from others tensor by tensor.
private enum Files {
    /// A copy of `archive` with `change` made to each tensor's form and bytes; nil leaves a tensor out.
    static func copy(
        _ archive: Archive, to path: String, configuration: String? = nil, base: ArchiveBase? = nil,
        extra: [(TensorSpecification, [UInt8])] = [], _ change: (ArchiveTensor) -> (TensorSpecification, [UInt8])?
    ) throws {
        let tensors = archive.tensors.compactMap(change) + extra
        let writer = try ArchiveWriter(
            path: path, configuration: configuration ?? archive.configuration, base: base ?? archive.base, tensors: tensors.map(\.0))
        for (specification, bytes) in tensors { try writer.append(bytes, to: specification.name) }
        try writer.finish()
    }

    static func same(_ tensor: ArchiveTensor) -> (TensorSpecification, [UInt8]) {
        (tensor.specification, tensor.withBytes { Array($0) })
    }
}

@Suite struct StoredPromptTests {
    private func answer(_ engine: Engine, _ request: Request) async throws -> Answer { try await engine.makeSession().respond(to: request).answer }

    private func engine(
        _ storedPrompt: EngineOptions.StoredPrompt = .whereExact, weightType: WeightType = .f32,
        _ change: ((ArchiveTensor) -> (TensorSpecification, [UInt8])?)? = nil
    ) throws -> Engine {
        try withTemporaryFolder { folder in
            var path = folder + "/m.leo"
            try TestEngine.write(to: path, weightType: weightType)
            if let change {
                try Files.copy(Archive(path: path), to: folder + "/changed.leo", change)
                path = folder + "/changed.leo"
            }
            var options = EngineOptions()
            options.threads = 1
            options.storedPrompt = storedPrompt
            return try Engine(path: path, options: options)
        }
    }

    @Test(arguments: WeightType.allCases)
    func theFileHoldsWhatTheRunnerComputes(weightType: WeightType) throws {
        let engine = try engine(weightType: weightType)
        #expect(engine.notices.isEmpty)
        let tokens = try #require(engine.archive.tensor(named: PromptPrefix.tokensName)).withBytes { Array($0.bindMemory(to: Int32.self)) }
        #expect(tokens == engine.tokenizer.encode(Prompt.role + Prompt.defaultSituation))
        let runner = try LanguageRunner(engine.network)
        _ = try runner.prefill(tokens.enumerated().map { PromptRow(source: $0.element, position: Int32($0.offset)) }, extra: [])
        let expected = runner.prefix(tokens.count), forms = engine.network.cacheForms
        #expect(forms.map(\.name) == ["layers.0.keys", "layers.0.values", "layers.1.keys", "layers.1.values"])
        for (form, state) in zip(forms, expected.states) {
            let stored = try #require(engine.archive.tensor(named: PromptPrefix.stateName(form)))
            #expect(stored.shape == state.shape && stored.withBytes { Array($0) } == state.withBytes { Array($0) })
        }
    }

    @Test func aFileWithoutOneAnswersTheSame() async throws {
        let request = TestEngine.greedy()
        let plain = try engine { $0.name.hasPrefix("prefix.") ? nil : Files.same($0) }
        let expected = try await answer(plain, request)
        #expect(expected.timings.storedTokens == 0 && plain.notices.isEmpty)
        #expect(plain.archive.weightsFingerprint == plain.archive.fingerprint)
        let full = try engine()
        #expect(full.archive.weightsFingerprint == plain.archive.fingerprint && full.archive.fingerprint != plain.archive.fingerprint)
        let found = try await answer(full, request)
        #expect(found.outcome == expected.outcome && found.timings.storedTokens > 300)
        #expect(try await answer(engine(.never), request).timings.storedTokens == 0)
        let always = try await answer(engine(.always), request)
        #expect(always.outcome == expected.outcome && always.timings.storedTokens > 300)
    }

    @Test func promptsThatGoOnOtherwiseUseWhatTheyShare() async throws {
        let engine = try engine()
        for situation in [Prompt.Situation.none, .unspecified, .described("By the door."), .custom("Elsewhere.")] {
            var request = TestEngine.greedy()
            request.situation = situation
            let found = try await answer(engine, request)
            let ids = engine.tokenizer.encode(Prompt.role + situation.text)
            let stored = engine.tokenizer.encode(Prompt.role + Prompt.defaultSituation)
            let shared = zip(ids, stored).prefix { $0 == $1 }.count
            // What follows may go on alike by chance, not further than the stored tokens.
            #expect(found.timings.storedTokens >= shared && found.timings.storedTokens <= stored.count)
            request.reusesResults = false
            #expect(try await answer(engine, request).outcome == found.outcome)
        }
    }

    @Test func whatBelongsToOthersIsNotUsed() async throws {
        let request = TestEngine.greedy(tokens: 4)
        func check(_ engine: Engine, _ reason: String) async throws {
            #expect(engine.notices.count == 1 && engine.notices[0].contains(reason), "\(engine.notices)")
            let found = try await answer(engine, request)
            #expect(found.timings.storedTokens == 0)
            var without = request
            without.reusesResults = false
            #expect(try await answer(engine, without).outcome == found.outcome)
        }
        // Other weights.
        try await check(
            engine { tensor in
                var (form, bytes) = Files.same(tensor)
                if tensor.name == "language.norm.weight" { bytes[2] ^= 1 }
                return (form, bytes)
            }, "other weights")
        // Other kernels.
        let otherKernels: (ArchiveTensor) -> (TensorSpecification, [UInt8])? = { tensor in
            tensor.name == PromptPrefix.kernelsName ? (tensor.specification, Array("0123456789abcdef".utf8)) : Files.same(tensor)
        }
        try await check(engine(.whereExact, otherKernels), "other kernels")
        #expect(try await answer(engine(.always, otherKernels), request).timings.storedTokens > 300)
        // Another type of cache.
        try await check(
            engine { tensor in
                let (form, bytes) = Files.same(tensor)
                guard tensor.name == "prefix.layers.1.values" else { return (form, bytes) }
                return (TensorSpecification(name: form.name, elementType: .f16, shape: form.shape), Array(bytes[..<(bytes.count / 2)]))
            }, "prefix.layers.1.values: expected f32, found f16")
    }

    @Test func malformedOnesAreErrors() throws {
        func changed(_ name: String, _ change: @escaping (TensorSpecification, [UInt8]) -> (TensorSpecification, [UInt8])) -> (any Error)? {
            do {
                _ = try engine { tensor in
                    let (form, bytes) = Files.same(tensor)
                    return tensor.name == name ? change(form, bytes) : (form, bytes)
                }
                return nil
            } catch {
                return error
            }
        }
        let shorter = changed("prefix.layers.0.keys") { form, bytes in
            let row = bytes.count / form.shape[0]
            return (TensorSpecification(name: form.name, elementType: .f32, shape: [form.shape[0] - 1] + form.shape[1...]), Array(bytes[row...]))
        }
        let tokens = changed("prefix.tokens") { form, bytes in
            (TensorSpecification(name: form.name, elementType: .u8, shape: [bytes.count]), bytes)
        }
        let digits = changed("prefix.weights") { form, bytes in
            (TensorSpecification(name: form.name, elementType: .u8, shape: [4]), Array(bytes[..<4]))
        }
        for (error, name) in [(shorter, "prefix.layers.0.keys"), (tokens, "prefix.tokens"), (digits, "prefix.weights")] {
            guard case .mismatch(_, name: name, _, _)? = error as? ArchiveError else {
                Issue.record("\(name): \(error.map { "\($0)" } ?? "no error")")
                continue
            }
        }
    }
}

@Suite struct AdapterTests {
    private struct Made {
        let engine: Engine
        let adapters: [Adapter]
        /// The base with the tensors of the first adapter in place of its own.
        let whole: Engine
    }

    private static let made = Result {
        try withTemporaryFolder { folder in
            let path = folder + "/m.leo"
            try TestEngine.write(to: path, weightType: .int8)
            let base = try Archive(path: path)
            var options = EngineOptions()
            options.threads = 1
            let engine = try Engine(path: path, options: options)
            let adapters = try (0..<6).map { index in
                let file = folder + "/adapter\(index).leo"
                try Converter(syntheticAdapterOf: base, seed: UInt64(100 + index), name: "adapter\(index)").write(to: file)
                return try engine.loadAdapter(path: file)
            }
            let own = adapters[0].archive
            try Files.copy(base, to: folder + "/whole.leo", configuration: own.configuration) { tensor in
                tensor.name.hasPrefix("prefix.") ? nil : Files.same(own.tensor(named: tensor.name) ?? tensor)
            }
            return Made(engine: engine, adapters: adapters, whole: try Engine(path: folder + "/whole.leo", options: options))
        }
    }

    private func request(_ adapter: Adapter? = nil) -> Request {
        var request = TestEngine.greedy(tokens: 12)
        request.image = TestEngine.image()
        request.adapter = adapter
        return request
    }

    @Test func anAdapterIsTheModelWithItsTensors() async throws {
        let made = try Self.made.get()
        let adapter = made.adapters[0]
        #expect(adapter.archive.tensor(named: "language.layers.0.q_proj.weight") == nil)
        #expect(adapter.archive.tensor(named: "tokenizer.model") == nil)
        #expect(adapter.archive.byteCount < made.engine.archive.byteCount && adapter.configuration.name == "adapter0")
        let expected = try await made.whole.respond(to: request()).answer
        let session = try made.engine.makeSession()
        let found = try await session.respond(to: request(adapter)).answer
        #expect(found.outcome == expected.outcome)
        // Its own keys and values are used, not those of the base.
        #expect(found.timings.storedTokens > 300 && expected.timings.storedTokens == 0)
        #expect(try await session.respond(to: request()).answer.outcome != found.outcome)
    }

    /// More of them than a session keeps buffers for.
    @Test func adaptersTakeTurns() async throws {
        let made = try Self.made.get(), models: [Adapter?] = [nil] + made.adapters
        #expect(models.count > Session.modelLimit)
        var expected: [[String]] = []
        for adapter in models {
            var plain = request(adapter)
            plain.reusesResults = false
            expected.append(try await made.engine.makeSession().respond(to: plain).answer.outcome)
        }
        #expect(Set(expected).count == models.count)
        let session = try made.engine.makeSession()
        for index in [0, 1, 0, 1, 2, 3, 0, 4, 5, 6, 1, 0, 6, 6] {
            #expect(try await session.respond(to: request(models[index])).answer.outcome == expected[index], "\(index)")
        }
        // Nothing is made or read to turn to a model that had its turn lately: it still has its prompt, and the scene is encoded by the same point encoder.
        let again = try await session.respond(to: request(models[0])).answer.timings
        #expect(again.keptTokens == again.promptTokens - 1 && again.reusedObjects == 5 && again.reusesScene)
        try await withThrowingTaskGroup(of: (Int, [String]).self) { group in
            for round in 0..<14 {
                group.addTask {
                    (round % models.count, try await made.engine.respond(to: request(models[round % models.count])).answer.outcome)
                }
            }
            for try await (index, outcome) in group { #expect(outcome == expected[index]) }
        }
    }

    /// Inputs of layer 0 that are halved before they are quantised, for weights that are twice as large: the same model, to the bit.
    @Test func balancedInputsServeTheModelAndItsAdapters() async throws {
        let made = try Self.made.get(), plain = made.engine.archive, layer = "language.layers.0."
        let width = made.engine.configuration.language.hiddenSize
        let halves = { (factor: Float) in [Float](repeating: factor, count: width).withUnsafeBytes { Array($0) } }
        func balanced(_ folder: String, _ shape: [Int], _ values: [UInt8]) throws -> String {
            let path = folder + "/balanced.leo"
            let scale = TensorSpecification(name: layer + "q_proj.input_scale", elementType: .f32, shape: shape)
            try Files.copy(plain, to: path, extra: [(scale, values)]) { tensor in
                if tensor.name.hasPrefix("prefix.") { return nil }
                guard ["q_proj", "k_proj", "v_proj"].contains(where: { tensor.name == layer + $0 + ".weight.scale" }) else { return Files.same(tensor) }
                let doubled = tensor.withBytes { $0.bindMemory(to: Float.self).map { $0 * 2 } }
                return (tensor.specification, doubled.withUnsafeBytes { Array($0) })
            }
            return path
        }
        var options = EngineOptions()
        options.threads = 1
        let (engine, adapter, other) = try withTemporaryFolder { folder in
            let path = try balanced(folder, [width], halves(0.5))
            let engine = try Engine(path: path, options: options)
            try Converter(syntheticAdapterOf: Archive(path: path), seed: 100, name: "adapter0").write(to: folder + "/adapter.leo")
            let adapter = try engine.loadAdapter(path: folder + "/adapter.leo")
            let other = try Engine(path: balanced(folder, [width], halves(0.125)), options: options)
            let short = try balanced(folder, [width - 1], Array(halves(0.5).dropLast(4)))
            #expect { _ = try Engine(path: short, options: options) } throws: { "\($0)".contains("q_proj.input_scale") }
            return (engine, adapter, other)
        }
        let answer = try await made.engine.respond(to: request()).answer.outcome
        #expect(try await engine.respond(to: request()).answer.outcome == answer)
        // The factors are read at all.
        #expect(try await other.respond(to: request()).answer.outcome != answer)
        // An adapter finds the factors of its base.
        let adapted = try await made.engine.respond(to: request(made.adapters[0])).answer.outcome
        #expect(try await engine.respond(to: request(adapter)).answer.outcome == adapted)
    }

    @Test func whatDoesNotBelongTogetherIsRefused() async throws {
        let made = try Self.made.get()
        let own = made.adapters[0].archive
        try withTemporaryFolder { folder in
            let path = folder + "/other.leo"
            try Converter(synthetic: TestEngine.configuration(), weightType: .int8, seed: 12).write(to: path)
            let other = try Engine(path: path)
            try Files.copy(own, to: folder + "/adapter.leo", Files.same)
            #expect {
                _ = try other.loadAdapter(path: folder + "/adapter.leo")
            } throws: { error in
                let text = "\(error)"
                guard case .wrongBase? = error as? ArchiveError else { return false }
                return text.contains(made.engine.archive.weightsFingerprint) && text.contains(other.archive.weightsFingerprint)
            }
            // A model is no adapter, an adapter no model.
            #expect(throws: EngineError.model(file: path)) { _ = try made.engine.loadAdapter(path: path) }
            #expect(throws: EngineError.adapter(file: folder + "/adapter.leo", base: "test")) { _ = try Engine(path: folder + "/adapter.leo") }
            #expect { _ = try Converter(syntheticAdapterOf: own, seed: 1) } throws: { "\($0)".contains("expected a whole model") }
            // Another shape.
            try Files.copy(
                own, to: folder + "/shape.leo",
                configuration: own.configuration.replacing("\"rms_norm_epsilon\" : 1e-06", with: "\"rms_norm_epsilon\" : 1e-05"), Files.same)
            #expect { _ = try made.engine.loadAdapter(path: folder + "/shape.leo") } throws: { "\($0)".contains("configuration.language") }
        }
        await #expect(throws: RequestError.foreignAdapter(path: own.path)) {
            _ = try await made.whole.respond(to: request(made.adapters[0])).answer
        }
    }
}
