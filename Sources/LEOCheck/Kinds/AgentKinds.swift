import ExecutionPlan
import Foundation
import LEO
import LEOArchive
import LEOConvert
import LEOModel
import LEOTensor
import LEOText

/// An agent folder converted as a user would, and what checks need of it.
final class AgentModel: Sendable {
    let network: Network
    let tokenizer: Tokenizer
    let archive: Archive
    let fingerprint: String

    /// - Parameter weights: suffix of the language model's shards to use, where the folder holds several forms.
    init(_ folder: String, weights: String? = nil) throws {
        let description = try AgentDescription(folder)
        let paths = try description.paths(weights: weights)
        let target = NSTemporaryDirectory() + "leo-check-\(UUID().uuidString).leo"
        // The mapping outlives the name.
        defer { try? FileManager.default.removeItem(atPath: target) }
        let configuration = try description.configuration(paths)
        try Converter(paths, configuration: configuration).write(to: target)
        archive = try Archive(path: target)
        network = try Network(archive)
        guard let entry = archive.tensor(named: "tokenizer.model") else {
            throw CheckError.malformed(path: target, field: "tokenizer.model", expected: "a tensor")
        }
        tokenizer = try entry.withBytes { try Tokenizer(sentencePieceModel: $0) }
        fingerprint = archive.fingerprint
    }

    /// One model per folder and process: several requests share it.
    static func shared(_ folder: String) throws -> AgentModel {
        try cache.lock.withLock {
            let key = (folder as NSString).standardizingPath
            if let known = cache.models[key] { return known }
            let model = try AgentModel(key)
            cache.models[key] = model
            return model
        }
    }

    private static let cache = Cache()
    private final class Cache: @unchecked Sendable {
        let lock = NSLock()
        var models: [String: AgentModel] = [:]
    }
}

/// `agent.json`: which files make up the agent and how OSE3D is configured.
struct AgentDescription {
    private let folder: String
    private let description: CaseDescription

    init(_ folder: String) throws {
        self.folder = folder
        description = try CaseDescription((folder as NSString).appendingPathComponent("agent.json"))
    }

    private func file(_ field: String) throws -> String {
        (folder as NSString).appendingPathComponent(try description.value("oracle." + field))
    }

    func paths(weights: String?) throws -> CheckpointPaths {
        var paths = CheckpointPaths(leo: try file("leo"))
        paths.languageModel = try file("llm")
        if let weights, let folder = paths.languageModel {
            let indices = try folderNames(folder).filter { $0.hasSuffix(weights + ".index.json") }
            guard let index = indices.first else { throw CheckError.unreadable(path: folder, reason: "has no *\(weights).index.json") }
            paths.languageModelWeights = (folder as NSString).appendingPathComponent(index)
        }
        paths.imageEncoder = try file("convnext")
        paths.pointEncoder = try file("pointnet")
        if let _: String = description.optional("oracle.pad_row") { paths.padRow = try file("pad_row") }
        return paths
    }

    func configuration(_ paths: CheckpointPaths) throws -> ModelConfiguration {
        var configuration = try Converter.inferredConfiguration(paths, name: "check")
        let spatial: [String: Any] = try description.value("oracle.ose3d")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        configuration.spatial = try decoder.decode(SpatialConfiguration.self, from: JSONSerialization.data(withJSONObject: spatial))
        let pooling: String = description.optional("oracle.pooling") ?? "avg"
        guard let known = ImageEncoderConfiguration.Pooling(rawValue: pooling) else {
            throw CheckError.malformed(path: description.path, field: "oracle.pooling", expected: "avg, conv, attn or null")
        }
        configuration.image.pooling = known
        // The recordings are of float32 throughout, even where the checkpoints are not.
        configuration.language.cacheType = .f32
        configuration.maximumContext = description.optional("oracle.max_context_len") ?? 256
        configuration.lora?.alpha = Double((description.optional("oracle.lora_alpha") as Int?) ?? 16)
        try configuration.validate()
        return configuration
    }
}

/// An agent folder as such: every on-disk form of its language model becomes the same file.
enum AgentKind: CaseKind {
    static func recognises(_ folder: CaseFolder) -> Bool { folder.has("agent.json") }
    static func name(_ folder: CaseFolder) -> String { "agent" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let forms = [".safetensors", ".bin"]
        let fingerprints = try forms.map { try AgentModel(folder.path, weights: $0).fingerprint }
        return [Comparison.exact("conversion of \(forms.joined(separator: " and "))", fingerprints[0], fingerprints[1])]
    }
}

/// What the model saw and produced for one request, in the official shapes.
struct AgentRun {
    let model: AgentModel
    let tokens: PromptTokens
    let sequence: PromptSequence
    let extraRows: [Float]
    let validObjects: [Bool]
    let features: [Float]
    let imageTokens: [Float]
    let spatialTokens: [Float]
    let objectTokens: [Float]

    init(_ model: AgentModel, _ inputs: CaseTensors, prompts: [String: String], leftPadding: Int, path: String) throws {
        self.model = model
        let configuration = model.network.configuration
        func text(_ name: String) throws -> String {
            guard let value = prompts[name] else { throw CheckError.malformed(path: path, field: "prompts.\(name)", expected: "a string") }
            return value
        }
        var prompt = Prompt(instruction: "")
        prompt.beforeObjects = try text("prompt_before_obj")
        prompt.imagePrompt = try text("prompt_middle_1")
        prompt.objectsPrompt = try text("prompt_middle_2")
        prompt.afterObjects = try text("prompt_after_obj")
        let encoder = try SceneEncoder(model.network)
        let size = configuration.image.size
        let pixels = inputs.has("img_fts") ? try inputs.floats("img_fts") : [Float](repeating: 0, count: 3 * size * size)
        guard pixels.count == 3 * size * size else { throw CheckError.malformed(path: path, field: "img_fts", expected: "[1, 3, \(size), \(size)]") }
        (features, imageTokens) = try pixels.withUnsafeBufferPointer { try encoder.encodeImage($0) }
        let valid = try inputs.integers("obj_masks").map { $0 != 0 }
        let chosen = valid.indices.filter { valid[$0] }
        let clouds = try inputs.tensor("obj_fts").floats(), locations = try inputs.floats("obj_locs")
        let cloudCount = configuration.points.pointsPerObject * (3 + configuration.points.featureCount)
        guard clouds.count == valid.count * cloudCount, locations.count == valid.count * 6, valid.count <= configuration.maximumObjects else {
            throw CheckError.malformed(path: path, field: "obj_fts", expected: "\(valid.count) objects of \(cloudCount) values")
        }
        let embeddings = try chosen.flatMap { clouds[$0 * cloudCount..<($0 + 1) * cloudCount] }.withUnsafeBufferPointer {
            try encoder.encodeObjects($0, count: chosen.count)
        }
        for (name, width) in [("anchor_locs", 3), ("anchor_orientation", 4)] where try inputs.tensor(name).count != width {
            throw CheckError.malformed(path: path, field: name, expected: "\(width) values")
        }
        (spatialTokens, objectTokens) = try encoder.encodeScene(
            embeddings: embeddings, locations: chosen.flatMap { locations[$0 * 6..<($0 + 1) * 6] }, count: chosen.count,
            anchor: try inputs.floats("anchor_locs"), orientation: try inputs.floats("anchor_orientation"))
        let hasImage = try inputs.integers("img_masks").first == 1
        let agent = configuration.spatial.useEmbodiedToken ? [true] : []
        validObjects = agent + valid
        extraRows = (hasImage ? imageTokens : []) + objectTokens
        tokens = PromptTokens(prompt, tokenizer: model.tokenizer, maxContext: configuration.maximumContext)
        sequence = PromptSequence(
            tokens, imageTokens: configuration.image.tokenCount, hasImage: hasImage,
            objectTokens: agent.count + chosen.count, absentObjects: valid.count - chosen.count, leftPadding: leftPadding,
            padID: model.tokenizer.padID)
    }

    /// The sequence with the BOS that generate and predict_answers put behind it.
    var asked: PromptSequence {
        var sequence = sequence
        sequence.append(model.tokenizer.bosID)
        return sequence
    }

    /// Rows of valid slots put back to their places among all slots.
    func scattered(_ values: [Float], columns: Int) -> [Float] {
        var result = [Float](repeating: 0, count: validObjects.count * columns)
        for (index, place) in validObjects.indices.filter({ validObjects[$0] }).enumerated() {
            result.replaceSubrange(place * columns..<(place + 1) * columns, with: values[index * columns..<(index + 1) * columns])
        }
        return result
    }

    /// Embeddings of every slot; zeros where nothing is visible.
    func embeddings(_ sequence: PromptSequence) throws -> [Float] {
        let language = model.network.configuration.language
        var graph = Graph(name: "embeddings")
        let rows = graph.symbol("rows", upperBound: sequence.count), extra = graph.symbol("extra", upperBound: max(extraRows.count / language.hiddenSize, 1))
        let sources = graph.input("sources", ValueType(.i32, [.symbol(rows)]))
        let extraInput = graph.input("extra", ValueType(.f32, [.symbol(extra), .fixed(language.hiddenSize)]))
        let table = graph.parameter("language.embed_tokens.weight", [language.vocabulary, language.hiddenSize])
        graph.output("embeddings", try graph.add(AssembleRows(hasExtra: true), [sources, table, extraInput], name: "embeddings"))
        let instance = try PlanInstance(try graph.compiled(ArchiveSource(model.archive)))
        let visible = sequence.rows(.all)
        instance.set(rows, to: visible.count)
        instance.set(extra, to: extraRows.count / language.hiddenSize)
        instance.write(visible.map(\.source), to: "sources")
        instance.write(extraRows, to: "extra")
        _ = instance.run()
        let computed = instance.floats("embeddings")
        var result = [Float](repeating: 0, count: sequence.count * language.hiddenSize)
        for (index, row) in visible.enumerated() {
            let place = Int(row.position) * language.hiddenSize
            result.replaceSubrange(place..<place + language.hiddenSize, with: computed[index * language.hiddenSize..<(index + 1) * language.hiddenSize])
        }
        return result
    }

    func firstLogits(_ runner: LanguageRunner, _ rule: PromptSequence.PositionRule) throws -> [Float] {
        Array(try runner.prefill(asked.rows(rule), extra: extraRows))
    }
}

/// The decoding runs that agent cases record, by the start of their output names.
struct RecordedDecoding {
    let prefix: String
    let rules: DecodingRules
    let options: DecodingOptions
    let isBeam: Bool

    static func all(newTokens: Int, beams: Int, repetitionPenalty: Double, lengthPenalty: Double) -> [RecordedDecoding] {
        [(DecodingRules.transformers4_28_1, "4_28_1"), (.transformers4_57, "4_57")].flatMap { rules, suffix in
            [("greedy_rp1", 1, 1.0), ("greedy_rp3", 1, 3.0), ("beam5", beams, repetitionPenalty)].map { prefix, beams, penalty in
                var options = DecodingOptions()
                options.rules = rules
                options.strategy = beams > 1 ? .beam : .greedy
                options.beams = beams
                options.maxNewTokens = newTokens
                options.repetitionPenalty = penalty
                options.lengthPenalty = lengthPenalty
                return RecordedDecoding(prefix: "\(prefix)|\(suffix)", rules: rules, options: options, isBeam: beams > 1)
            }
        }
    }

    func name(_ what: String) -> String {
        let parts = prefix.split(separator: "|")
        return "\(parts[0])_\(what)__\(parts[1])"
    }
}

/// One request of an agent, every intermediate and every decoding.
enum AgentRequestKind: CaseKind {
    static func recognises(_ folder: CaseFolder) -> Bool { folder.description?.kind == "agent_request" }
    static func name(_ folder: CaseFolder) -> String { "agent_request" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let description = try folder.requiredDescription()
        let golden = try CaseTensors(folder, "outputs_file"), tolerance = description.tolerance
        let model = try AgentModel.shared(folder.file(try description.value("config.agent")))
        let run = try AgentRun(
            model, CaseTensors(folder, "inputs_file"), prompts: try description.value("prompts"), leftPadding: 0, path: folder.path)
        let runner = try LanguageRunner(model.network)
        var checks = try AgentChecks.perception(run, golden, tolerance)
        checks += try AgentChecks.sequence(run.asked, run.embeddings(run.asked), golden, tolerance)
        checks.append(Comparison.floats("first_logits_generate", try run.firstLogits(runner, .visible), try golden.floats("first_logits_generate"), tolerance))
        checks.append(Comparison.floats("first_logits_forward", try run.firstLogits(runner, .all), try golden.floats("first_logits_forward"), tolerance))

        let decodings = RecordedDecoding.all(
            newTokens: try description.value("config.new_tokens"), beams: try description.value("config.num_beams"),
            repetitionPenalty: try description.value("config.repetition_penalty"), lengthPenalty: try description.value("config.length_penalty"))
        for decoding in decodings {
            var decoder = try decoding.options.makeDecoder(vocabulary: runner.vocabulary, promptLength: run.asked.count)
            decoder.start()
            _ = try runner.decode(after: runner.prefill(run.asked.rows(.visible), extra: run.extraRows), with: &decoder)
            let result = decoder.result
            checks.append(Comparison.exact(decoding.name("ids"), result.ids.map(Int.init), try golden.integers(decoding.name("ids"))))
            if decoding.isBeam {
                checks.append(Comparison.floats(decoding.name("score"), [Float(result.score)], try golden.floats(decoding.name("score")), tolerance))
            }
            let texts: [String] = try description.value("results." + decoding.name("text"))
            checks.append(Comparison.exact("results." + decoding.name("text"), [model.tokenizer.decodeAnswer(result.ids)], texts))
        }
        return checks + (try answers(run, runner, description, golden))
    }

    private static func answers(
        _ run: AgentRun, _ runner: LanguageRunner, _ description: CaseDescription, _ golden: CaseTensors
    ) throws -> [OutputCheck] {
        let texts: [String] = try description.value("results.answers")
        let tokens = texts.map { run.model.tokenizer.encode($0, addsBOS: false) }
        let scores = try runner.score(tokens, after: runner.prefill(run.asked.rows(.all), extra: run.extraRows))
        let best: [String] = try description.value("results.answer_text")
        return [
            Comparison.floats("answer_losses", scores.losses.map { Float($0) }, try golden.floats("answer_losses"), description.tolerance),
            Comparison.floats(
                "answer_first_token_prob", scores.firstTokenProbabilities.map { Float($0) }, try golden.floats("answer_first_token_prob"),
                description.tolerance),
            Comparison.exact("answer_candidates", scores.candidates, try golden.integers("answer_candidates")),
            Comparison.exact("answer_best", [scores.best ?? -1], try golden.integers("answer_best")),
            Comparison.exact("results.answer_text", scores.best.map { [texts[$0]] } ?? [], best),
        ]
    }
}

/// Several requests in one batch of the official code: left padding, and beams that stop by the batch's rule.
enum AgentBatchKind: CaseKind {
    static func recognises(_ folder: CaseFolder) -> Bool { folder.description?.kind == "agent_batch" }
    static func name(_ folder: CaseFolder) -> String { "agent_batch" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let description = try folder.requiredDescription()
        let golden = try CaseTensors(folder, "outputs_file"), tolerance = description.tolerance
        let agent = folder.file(try description.value("config.agent"))
        let model = try AgentModel.shared(agent)
        let members: [String] = try description.value("config.members")
        let prompts: [[String: String]] = try description.value("prompts")
        guard members.count == prompts.count, !members.isEmpty else {
            throw CheckError.malformed(path: description.path, field: "prompts", expected: "one for each of \(members.count) members")
        }
        let inputs = try members.map { try CaseTensors(CaseFolder((agent as NSString).appendingPathComponent($0)), "inputs_file") }
        let alone = try zip(inputs, prompts).map { try AgentRun(model, $0, prompts: $1, leftPadding: 0, path: folder.path) }
        // First and last part are padded to the longest of the batch each; all padding ends up in front.
        let first = alone.map(\.tokens.beforeObjects.count).max() ?? 0, last = alone.map(\.tokens.afterObjects.count).max() ?? 0
        let runs = try zip(zip(inputs, prompts), alone).map { pair, single in
            let padding = first - single.tokens.beforeObjects.count + last - single.tokens.afterObjects.count
            return try AgentRun(model, pair.0, prompts: pair.1, leftPadding: padding, path: folder.path)
        }
        let runners = try runs.map { _ in try LanguageRunner(model.network) }

        var checks = try AgentChecks.sequence(runs.map(\.asked), runs.map { try $0.embeddings($0.asked) }, golden, tolerance)
        for (name, rule) in [("first_logits_generate", PromptSequence.PositionRule.visible), ("first_logits_forward", .all)] {
            let logits = try zip(runs, runners).flatMap { try $0.firstLogits($1, rule) }
            checks.append(Comparison.floats(name, logits, try golden.floats(name), tolerance))
        }
        for decoding in RecordedDecoding.all(newTokens: try description.value("config.new_tokens"), beams: 5, repetitionPenalty: 3, lengthPenalty: 1) {
            let results = try decode(runs, runners, decoding)
            let filler = Int(decoding.options.batchFillerID)
            let width = try golden.tensor(decoding.name("ids")).shape.last ?? 0
            let ids = results.flatMap { result in
                result.ids.map(Int.init) + [Int](repeating: filler, count: max(0, width - result.ids.count))
            }
            checks.append(Comparison.exact(decoding.name("ids"), ids, try golden.integers(decoding.name("ids"))))
            if decoding.isBeam {
                checks.append(Comparison.floats(decoding.name("score"), results.map { Float($0.score) }, try golden.floats(decoding.name("score")), tolerance))
            }
            let texts: [String] = try description.value("results." + decoding.name("text"))
            checks.append(Comparison.exact("results." + decoding.name("text"), results.map { model.tokenizer.decodeAnswer($0.ids) }, texts))
        }
        return checks
    }

    /// All requests in step, as one batch: the k-th unfinished request stops by a length k - 1 too large.
    private static func decode(_ runs: [AgentRun], _ runners: [LanguageRunner], _ decoding: RecordedDecoding) throws -> [DecodingResult] {
        var decoders = try runs.map { try decoding.options.makeDecoder(vocabulary: $0.model.network.configuration.language.vocabulary, promptLength: $0.asked.count) }
        var steps = [DecodingStep?](repeating: nil, count: runs.count)
        for index in decoders.indices { decoders[index].start() }
        while decoders.contains(where: { !$0.isFinished }) {
            var offset = 0
            for index in runs.indices where !decoders[index].isFinished {
                let logits: UnsafeBufferPointer<Float>, rows: Int
                if let step = steps[index] {
                    rows = step.tokens.count
                    logits = try runners[index].step(tokens: step.tokens, sources: step.sourceRows)
                } else {
                    rows = 1
                    logits = try runners[index].prefill(runs[index].asked.rows(.visible), extra: runs[index].extraRows)
                }
                steps[index] = decoders[index].advance(logits: logits, rows: rows, stopLengthOffset: offset)
                offset += 1
            }
        }
        return decoders.map(\.result)
    }
}

/// Comparisons that requests and batches share.
enum AgentChecks {
    static func perception(_ run: AgentRun, _ golden: CaseTensors, _ tolerance: Tolerance) throws -> [OutputCheck] {
        let configuration = run.model.network.configuration
        let width = configuration.spatial.hiddenDim, hidden = configuration.language.hiddenSize
        return [
            Comparison.floats("ose3d_tokens", run.scattered(run.spatialTokens, columns: width), try golden.floats("ose3d_tokens"), tolerance, columns: width, rows: run.validObjects),
            Comparison.floats("obj_tokens", run.scattered(run.objectTokens, columns: hidden), try golden.floats("obj_tokens"), tolerance, columns: hidden, rows: run.validObjects),
            Comparison.exact("obj_token_masks", run.validObjects.map { $0 ? 1 : 0 }, try golden.integers("obj_token_masks")),
            Comparison.floats("img_feats", run.features, try golden.floats("img_feats"), tolerance),
            Comparison.floats("img_tokens", run.imageTokens, try golden.floats("img_tokens"), tolerance),
        ]
    }

    static func sequence(_ asked: PromptSequence, _ embeddings: [Float], _ golden: CaseTensors, _ tolerance: Tolerance) throws -> [OutputCheck] {
        try sequence([asked], [embeddings], golden, tolerance)
    }

    static func sequence(_ asked: [PromptSequence], _ embeddings: [[Float]], _ golden: CaseTensors, _ tolerance: Tolerance) throws -> [OutputCheck] {
        let mask = asked.flatMap(\.mask), values = embeddings.flatMap { $0 }
        return [
            Comparison.exact("token_ids", asked.flatMap(\.tokenIDs).map(Int.init), try golden.integers("token_ids")),
            Comparison.floats("inputs_embeds", values, try golden.floats("inputs_embeds"), tolerance, columns: values.count / max(mask.count, 1), rows: mask),
            Comparison.exact("attention_mask", mask.map { $0 ? 1 : 0 }, try golden.integers("attention_mask")),
            Comparison.exact("position_ids_generate", asked.flatMap { $0.positions(.visible) }.map(Int.init), try golden.integers("position_ids_generate")),
        ]
    }
}
