import ArgumentParser
import Foundation
import LEO
import LEOArchive
import LEOModel

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what a .leo file holds: configuration, sizes, types, layouts.",
        discussion: """
            Reads the header only, whatever the size of the file.

              leo inspect leo-7b.leo
              leo inspect leo-7b.leo --tensors | grep q_proj
            """)

    @Argument(help: ArgumentHelp("A .leo file.", valueName: "file"))
    var file: String
    @Flag(help: "List every tensor.")
    var tensors = false
    @OptionGroup var format: JSONOption

    func run() throws {
        let archive = try Archive(path: file.expandingTilde)
        if format.json { return try StandardOutput.json(InspectReport(archive, tensors: tensors)) }
        var lines = [archive.summary.description, "  parameters   \(archive.parameterCount)"]
        if let prompt = archive.storedPrompt {
            lines.append("  weights      \(archive.weightsFingerprint) without the stored prompt")
            lines.append("  prompt       \(prompt.tokens) tokens of LEO's prompt stored, \(Units.bytes(prompt.bytes))")
        }
        do {
            lines.append(try ModelConfiguration(json: Data(archive.configuration.utf8)).outline)
        } catch {
            lines.append("  no LEO model: \(error)")
        }
        if tensors {
            let list = archive.tensors.map { tensor in
                [tensor.name, "\(tensor.shape)", tensor.elementType.rawValue, tensor.layout.rawValue, "\(tensor.byteCount)", "\(tensor.offset)"]
            }
            lines += ["", Table(["tensor", "shape", "type", "layout", "bytes", "offset"], list, right: [4, 5]).text]
        }
        StandardOutput.line(lines.joined(separator: "\n"))
    }
}

/// What `leo inspect --json` prints.
private struct InspectReport: Encodable {
    struct Base: Encodable {
        let name: String
        let fingerprint: String
    }
    struct StoredPrompt: Encodable {
        let tokens: Int
        let bytes: Int
    }
    struct Group: Encodable {
        let type: String
        let layout: String
        let tensors: Int
        let elements: Int
        let bytes: Int
    }
    struct Entry: Encodable {
        let name: String
        let shape: [Int]
        let type: String
        let layout: String
        let bytes: Int
        let offset: Int
        let checksum: String
    }

    let file: String
    let format: String
    let bytes: Int
    let headerBytes: Int
    let dataBytes: Int
    let tensorCount: Int
    let parameters: Int
    let fingerprint: String
    let weightsFingerprint: String
    let base: Base?
    let storedPrompt: StoredPrompt?
    let metadata: [String: String]
    let groups: [Group]
    let configuration: JSONValue
    let tensors: [Entry]?

    init(_ archive: Archive, tensors: Bool) throws {
        let summary = archive.summary
        file = archive.path
        format = summary.version
        bytes = summary.fileByteCount
        headerBytes = summary.headerByteCount
        dataBytes = summary.dataByteCount
        tensorCount = summary.tensorCount
        parameters = archive.parameterCount
        fingerprint = summary.fingerprint
        base = summary.base.map { Base(name: $0.name, fingerprint: $0.fingerprint) }
        weightsFingerprint = archive.weightsFingerprint
        storedPrompt = archive.storedPrompt.map { StoredPrompt(tokens: $0.tokens, bytes: $0.bytes) }
        metadata = summary.metadata
        groups = summary.groups.map {
            Group(type: $0.elementType.rawValue, layout: $0.layout.rawValue, tensors: $0.tensorCount, elements: $0.elementCount, bytes: $0.byteCount)
        }
        configuration = try JSONDecoder().decode(JSONValue.self, from: Data(archive.configuration.utf8))
        self.tensors = tensors
            ? archive.tensors.map {
                Entry(
                    name: $0.name, shape: $0.shape, type: $0.elementType.rawValue, layout: $0.layout.rawValue, bytes: $0.byteCount,
                    offset: $0.offset, checksum: String(format: "%016llx", $0.checksum))
            } : nil
    }
}

extension Archive {
    /// Tokens of LEO's prompt whose keys and values the file holds, and their bytes.
    fileprivate var storedPrompt: (tokens: Int, bytes: Int)? {
        guard let tokens = tensor(named: PromptPrefix.tokensName), let count = tokens.shape.first else { return nil }
        return (count, tensors.filter { $0.name.hasPrefix(PromptPrefix.namePrefix) }.reduce(0) { $0 + $1.byteCount })
    }
}

extension ModelConfiguration {
    /// The parts of the model, a line each.
    var outline: String {
        func dashed(_ values: [Int]) -> String { values.map(String.init).joined(separator: "-") }
        let adapter = lora.map { "LoRA rank \($0.rank), alpha \($0.alpha)" } ?? "none"
        return """
              model        \(name)
              language     \(language.architecture.rawValue), \(language.numHiddenLayers) layers of \(language.hiddenSize), \
            \(language.numAttentionHeads) heads, feed-forward \(language.intermediateSize), vocabulary \(language.vocabulary), \
            \(language.maxPositions) positions
              adapter      \(adapter)
              image        ConvNeXt depths \(dashed(image.depths)), widths \(dashed(image.dims)), \(image.size) pixels, pooling \(image.pooling.rawValue)
              points       PointNet++, \(points.pointsPerObject) points an object, \(points.outputWidth) features
              spatial      \(spatial.numLayers) layers of \(spatial.hiddenDim), \(spatial.numAttentionHeads) heads, \
            fusion \(spatial.spatialAttnFusion.rawValue)\(spatial.useEmbodiedToken ? "" : ", no embodied token")
              limits       \(maximumObjects) objects, \(maximumContext) tokens of dialogue
            """
    }
}
