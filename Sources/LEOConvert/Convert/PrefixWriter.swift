internal import ExecutionPlan
internal import LEOArchive
internal import LEOModel
import LEOTensor
internal import LEOText

/// Computes the keys and values of LEO's role prompt with the weights that were just written, and stores them behind these.
///
/// Every request begins with the role prompt, most go on with the default situation: both are stored, and a prompt takes as
/// many tokens as it shares. The unfinished file is mapped for it, so memory stays what one run of the plan needs.
struct PrefixWriter {
    private let configuration: ModelConfiguration
    private let tokens: [Int32]
    private let cacheType: ElementType
    private let forms: [CacheForm]

    /// - Parameter cacheType: of the caches of the model that is being written.
    init(_ configuration: ModelConfiguration, tokenizerModel: [UInt8], cacheType: ElementType) throws {
        self.configuration = configuration
        self.cacheType = cacheType
        let tokenizer = try Tokenizer(sentencePieceModel: tokenizerModel)
        tokens = Self.tokens(tokenizer, limit: configuration.language.maxPositions)
        forms = try Network.cacheForms(configuration, cacheType: cacheType)
    }

    static func tokens(_ tokenizer: Tokenizer, limit: Int) -> [Int32] {
        Array(tokenizer.encode(Prompt.role + Prompt.defaultSituation).prefix(limit))
    }

    var specifications: [TensorSpecification] {
        [
            TensorSpecification(name: PromptPrefix.tokensName, elementType: .i32, shape: [tokens.count]),
            TensorSpecification(name: PromptPrefix.weightsName, elementType: .u8, shape: [16]),
            TensorSpecification(name: PromptPrefix.kernelsName, elementType: .u8, shape: [16]),
        ] + forms.map {
            TensorSpecification(name: PromptPrefix.stateName($0), elementType: $0.elementType, shape: [tokens.count] + $0.cellShape)
        }
    }

    /// - Parameters:
    ///   - written: everything else, complete.
    ///   - base: of an adapter, what it adapts.
    ///   - advance: told of bytes that were written, and of which tensor.
    func write(
        to writer: ArchiveWriter, _ written: WrittenTensors, base: Archive?,
        advance: (_ byteCount: Int, _ name: String) throws -> Void
    ) throws {
        func put(_ name: String, _ tensor: Tensor) throws {
            try writer.write(name, tensor: tensor)
            try advance(tensor.byteCount, name)
        }
        func digits(_ text: String) -> Tensor {
            Tensor(elementType: .u8, shape: [16]) { $0.copyBytes(from: Array(checksumText(of: text).utf8)) }
        }
        let weights = PromptPrefix.weightsText(
            configuration: configuration, base: base?.fingerprint(leavingOut: PromptPrefix.namePrefix), tensors: written.lines)
        try put(PromptPrefix.tokensName, Tensor(tokens, shape: [tokens.count]))
        try put(PromptPrefix.weightsName, digits(weights))
        let source = try WrittenConstants(written, temporaryPath: writer.temporaryPath, byteCount: writer.byteCount, base: base)
        let plan = try Network.languageGraph(configuration, cacheType: cacheType, exposesCaches: true).compiled(source)
        let runner = try LanguageRunner(plan, configuration)
        _ = try runner.prefill(tokens.enumerated().map { PromptRow(source: $0.element, position: Int32($0.offset)) }, extra: [])
        let prefix = runner.prefix(tokens.count)
        try put(PromptPrefix.kernelsName, digits(PromptPrefix.kernelsText(plan)))
        for (form, state) in zip(forms, prefix.states) { try put(PromptPrefix.stateName(form), state) }
    }
}

/// Writes tensors and remembers their checksums.
final class WrittenTensors {
    private let writer: ArchiveWriter
    let specifications: [TensorSpecification]
    private var hashes: [String: XXHash64] = [:]

    init(_ writer: ArchiveWriter) {
        self.writer = writer
        specifications = writer.tensors
    }

    func append(_ bytes: UnsafeRawBufferPointer, to name: String) throws(ArchiveError) {
        try writer.append(bytes, to: name)
        hashes[name, default: XXHash64()].update(bytes)
    }

    /// `type layout axes checksum` of each tensor written so far.
    var lines: [(name: String, line: String)] {
        specifications.compactMap { tensor in
            hashes[tensor.name].map { (tensor.name, tensor.line(checksum: $0.value)) }
        }
    }
}

/// Constants in a file that is being written, and in its base.
struct WrittenConstants: ConstantSource {
    private let entries: [String: (specification: TensorSpecification, offset: Int)]
    private let file: MappedFile
    private let base: Archive?

    init(_ written: WrittenTensors, temporaryPath: String, byteCount: Int, base: Archive?) throws {
        // The writer stores the tensors of the table one after the other, aligned, up to the end of the file.
        var sizes: [Int] = []
        for tensor in written.specifications {
            let size = tensor.byteCount ?? 0
            sizes.append((size + ArchiveFormat.alignment - 1) / ArchiveFormat.alignment * ArchiveFormat.alignment)
        }
        var offset = byteCount - sizes.reduce(0, +)
        var entries: [String: (TensorSpecification, Int)] = [:]
        for (tensor, size) in zip(written.specifications, sizes) {
            entries[tensor.name] = (tensor, offset)
            offset += size
        }
        self.entries = entries
        file = try MappedFile(path: temporaryPath)
        self.base = base
    }

    func constant(_ recipe: Recipe) throws -> Constant {
        if recipe.isComputed { return try EvaluatingSource(InMemoryParameters([:])).constant(recipe) }
        guard let storage = tensor(recipe.name) else {
            throw GraphError.constant(name: recipe.name, expected: "\(recipe.shape)", found: "nothing")
        }
        let encoding = ConstantEncoding(recipe: recipe, precision: precision(of: recipe))
        return Constant(
            elementType: encoding.elementType, shape: recipe.shape, layout: encoding.layout, storage: storage,
            scale: encoding.scaleShape == nil ? nil : tensor(recipe.name + ".scale"))
    }

    func precision(of recipe: Recipe) -> Precision {
        let specification = entries[recipe.name]?.specification ?? base?.tensor(named: recipe.name)?.specification
        return specification?.precision ?? .f32
    }

    func inputScale(of weight: Recipe) -> Recipe? { tensor(weight.inputScale.name) == nil ? nil : weight.inputScale }

    private func tensor(_ name: String) -> Tensor? {
        if let (specification, offset) = entries[name], let shape = specification.layout.storedShape(for: specification.shape) {
            return file.tensor(elementType: specification.elementType, shape: shape, byteOffset: offset)
        }
        return base?.tensor(named: name)?.tensor
    }
}

extension TensorSpecification {
    /// Nil for what no kernel reads. The layouts' names are the same in files and in plans.
    var precision: Precision? { ConstantLayout(rawValue: layout.rawValue).flatMap { Precision(elementType: elementType, layout: $0) } }
}
