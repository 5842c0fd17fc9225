import Foundation
import LEOArchive
import LEOModel

/// Another LoRA adapter, and what else LEO learned with it, on the weights of an open engine.
///
/// ```swift
/// let engine = try Engine(path: "leo-7b.leo")
/// let tidy = try engine.loadAdapter(path: "tidy.leo")
/// var request = Request("Where does the cup go?", scene: scene)
/// request.adapter = tidy
/// ```
///
/// The file holds only what differs; everything else stays the engine's mapped file. Requests with different adapters may
/// take turns in one session: a switch moves no weights. A session keeps buffers and a cache of keys and values for each of the
/// models it used last (`Session.modelLimit`).
public final class Adapter: Sendable {
    public let archive: Archive
    public var configuration: ModelConfiguration { model.network.configuration }
    /// What a person should know, for example that a stored prompt is not used.
    public var notices: [String] { model.notices }
    let model: ModelVariant
    /// The archive of the engine it belongs to.
    let base: Archive

    init(_ archive: Archive, _ engine: Engine, number: Int) throws {
        guard let base = archive.base else { throw EngineError.model(file: archive.path) }
        let found = engine.archive.weightsFingerprint
        guard found == base.fingerprint else {
            throw ArchiveError.wrongBase(
                path: archive.path, expected: base, foundPath: engine.archive.path, foundFingerprint: found)
        }
        try Self.check(try ModelConfiguration(json: Data(archive.configuration.utf8)), archive, engine)
        self.archive = archive
        self.base = engine.archive
        model = try ModelVariant(
            archive, adapting: engine.archive, number: number, compile: engine.compile, storedPrompt: engine.options.storedPrompt)
    }
    /// An adapter may have another name and another LoRA rank, but no other shape.
    private static func check(_ own: ModelConfiguration, _ archive: Archive, _ engine: Engine) throws(ArchiveError) {
        let its = engine.configuration
        let parts: [(String, Bool)] = [
            ("image", own.image == its.image), ("points", own.points == its.points), ("spatial", own.spatial == its.spatial),
            ("language", own.language == its.language), ("maximum_objects", own.maximumObjects == its.maximumObjects),
            ("maximum_context", own.maximumContext == its.maximumContext),
        ]
        if let part = parts.first(where: { !$0.1 }) {
            throw .invalid(
                path: archive.path, field: "configuration.\(part.0)", expected: "that of \(engine.archive.path)", found: "another")
        }
    }
}
