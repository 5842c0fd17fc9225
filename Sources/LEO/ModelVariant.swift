import ExecutionPlan
import Foundation
import LEOArchive
import LEOModel
import LEOTensor

/// A compiled model: the base, or the base with an adapter.
final class ModelVariant: Sendable {
    let network: Network
    /// Keys and values of the role prompt, as the file stores them.
    let prefix: PromptPrefix?
    /// What a person should know.
    let notices: [String]
    /// Tells models apart whose encoders of one kind differ; those that share an encoder share a number.
    let encoderNumbers: [EncodingCache.Kind: Int]

    /// - Parameters:
    ///   - base: nil for the base itself.
    ///   - number: unique among the models of an engine.
    ///   - others: work that other threads do meanwhile.
    init(
        _ archive: Archive, adapting base: Archive? = nil, number: Int, compile: CompileOptions,
        storedPrompt: EngineOptions.StoredPrompt, alongside others: [any AnyWork] = []
    ) throws {
        let configuration = try ModelConfiguration(json: Data(archive.configuration.utf8))
        let source: any ConstantSource = base.map { OverlaySource(archive, over: $0) } ?? ArchiveSource(archive)
        let weights = Work { archive.weightsDigits(configuration) }
        let hasPrefix = storedPrompt != .never && archive.tensor(named: PromptPrefix.tokensName) != nil
        network = try Network(configuration, source: source, options: compile, alongside: others + (hasPrefix ? [weights] : []))
        (prefix, notices) = try Self.prefix(archive, network, storedPrompt, weights)
        func own(_ parts: String...) -> Int {
            base == nil || archive.tensors.contains { tensor in parts.contains { tensor.name.hasPrefix($0) } } ? number : 0
        }
        encoderNumbers = [
            .image: own("image"), .object: own("points."), .scene: own("spatial.", "object_proj."),
        ]
    }

    private static func prefix(
        _ archive: Archive, _ network: Network, _ use: EngineOptions.StoredPrompt, _ weights: Work<String>
    ) throws -> (PromptPrefix?, [String]) {
        guard use != .never, let tokens = archive.tensor(named: PromptPrefix.tokensName) else { return (nil, []) }
        func ignored(_ reason: String) -> (PromptPrefix?, [String]) {
            (nil, ["\(archive.path): the stored prompt is not used: \(reason)"])
        }
        func digits(_ name: String) throws -> String {
            let entry = try archive.tensor(TensorSpecification(name: name, elementType: .u8, shape: [16]))
            return entry.withBytes { String(decoding: $0, as: UTF8.self) }
        }
        let count = tokens.shape.first ?? 0
        let list = try archive.tensor(TensorSpecification(name: PromptPrefix.tokensName, elementType: .i32, shape: [count]))
        if try digits(PromptPrefix.weightsName) != weights.value() { return ignored("it belongs to other weights") }
        if use == .whereExact, try digits(PromptPrefix.kernelsName) != checksumText(of: PromptPrefix.kernelsText(network.language)) {
            return ignored("it was computed with other kernels, which round otherwise")
        }
        var states: [Tensor] = []
        for form in network.cacheForms {
            let name = PromptPrefix.stateName(form)
            guard let type = archive.tensor(named: name)?.elementType, type == form.elementType else {
                return ignored("\(name): expected \(form.elementType.rawValue), found \(archive.tensor(named: name)?.elementType.rawValue ?? "nothing")")
            }
            states.append(
                try archive.tensor(TensorSpecification(name: name, elementType: type, shape: [count] + form.cellShape)).tensor)
        }
        return (PromptPrefix(tokens: list.withBytes { Array($0.bindMemory(to: Int32.self)) }, states: states), [])
    }
}

/// The constants of an adapter's file, and those of its base for all others.
private struct OverlaySource: ConstantSource {
    private let archive: Archive
    private let own, base: ArchiveSource

    init(_ archive: Archive, over base: Archive) {
        self.archive = archive
        own = ArchiveSource(archive)
        self.base = ArchiveSource(base)
    }

    private func source(_ recipe: Recipe) -> ArchiveSource { archive.tensor(named: recipe.name) == nil ? base : own }

    func constant(_ recipe: Recipe) throws -> Constant { try source(recipe).constant(recipe) }

    func precision(of recipe: Recipe) -> Precision { source(recipe).precision(of: recipe) }

    func inputScale(of weight: Recipe) -> Recipe? { source(weight).inputScale(of: weight) }
}

extension Archive {
    /// The fingerprint of everything but the stored prompt, which depends on the machine that computed it: what an adapter
    /// names its base by. That of a file without a stored prompt is its `fingerprint`.
    public var weightsFingerprint: String { fingerprint(leavingOut: PromptPrefix.namePrefix) }

    /// What a stored prompt says it was computed from.
    fileprivate func weightsDigits(_ configuration: ModelConfiguration) -> String {
        let lines = tensors.map { (name: $0.name, line: $0.specification.line(checksum: $0.checksum)) }
        return checksumText(of: PromptPrefix.weightsText(configuration: configuration, base: base?.fingerprint, tensors: lines))
    }
}
