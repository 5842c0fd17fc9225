import Foundation
import LEOTensor

/// Opens a checkpoint of any known format, recognised by its content; for a folder, the checkpoint in it.
///
/// - Formats: safetensors; PyTorch zip, legacy and bare pickle; npy, npz and SciPy sparse npz; shards with
///   `model.safetensors.index.json` or `pytorch_model.bin.index.json`
/// - Errors: `CheckpointError`; it names the file and, where the file is something else (a web page, a git-lfs pointer),
///   says what
public func openCheckpoint(path: String) throws -> any CheckpointReader {
    let file = try CheckpointFile(path: checkpointFile(at: path))
    return try CheckpointFormat.of(file).open(file)
}

/// Opens a PyTorch, pickle or `.npy` object file as the value tree it holds. Tensors are read when asked for.
package func loadPickle(path: String) throws -> PickleValue {
    let file = try CheckpointFile(path: path)
    switch try CheckpointFormat.of(file) {
    case .zip: return try TorchCheckpoint.openZip(ZipArchive(file)).root
    case .torchLegacy: return try TorchCheckpoint.openLegacy(file).root
    case .pickle: return try TorchCheckpoint.openBare(file).root
    case .npy:
        let array = try NumpyFile(file, file: path, field: "array")
        guard array.type == .object else {
            throw CheckpointError.unsupported(file: path, field: "array", found: "an array without a pickle")
        }
        return try TorchCheckpoint.openBare(file, at: array.dataStart).root
    case .safetensors, .index: throw CheckpointError.unrecognized(file: path, found: "a checkpoint without a pickle")
    }
}

/// Everything a checkpoint holds, in memory: for checkers and small files.
///
/// - Parameter byteLimit: of all tensors together; more is `.tooLarge`
package func readEverything(
    path: String, byteLimit: Int = 2 << 30
) throws -> (
    tensors: [(name: String, tensor: Tensor)], scalars: [(name: String, value: CheckpointScalar)], tied: [[String]]
) {
    let reader = try openCheckpoint(path: path)
    var total = 0
    for tensor in reader.tensors {
        let (sum, overflow) = total.addingReportingOverflow(tensor.byteCount)
        guard !overflow, sum <= byteLimit else {
            throw CheckpointError.tooLarge(file: path, field: "all tensors", limit: byteLimit, found: "more bytes")
        }
        total = sum
    }
    return (try reader.tensors.map { ($0.name, try reader.tensor(named: $0.name)) }, reader.scalars, reader.tiedGroups)
}

/// The names under which folders hold a checkpoint, best first: safetensors need no interpreter.
private let checkpointNames = [
    "model.safetensors.index.json", "model.safetensors", "pytorch_model.bin.index.json", "pytorch_model.bin",
    "open_clip_model.safetensors", "open_clip_pytorch_model.bin",
]

private func checkpointFile(at path: String) throws -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else { return path }
    for name in checkpointNames {
        let candidate = URL(fileURLWithPath: path).appendingPathComponent(name).path
        if FileManager.default.fileExists(atPath: candidate) { return candidate }
    }
    throw CheckpointError.unrecognized(file: path, found: "a folder without \(checkpointNames.joined(separator: ", "))")
}

/// The format of a single file.
enum CheckpointFormat {
    case safetensors, index, zip, torchLegacy, pickle, npy

    static func of(_ file: CheckpointFile) throws -> CheckpointFormat {
        let start = try file.bytes(count: min(file.byteCount, 512))
        func starts(_ text: String) -> Bool { start.starts(with: text.utf8) }
        // Endings only help to say what is wrong with a file that does not look like anything.
        let ending = URL(fileURLWithPath: file.path).pathExtension.lowercased()
        if Safetensors.recognizes(start) { return .safetensors }
        if starts("PK\u{3}\u{4}") || starts("PK\u{5}\u{6}") { return .zip }
        if start.starts(with: NumpyFile.magic) { return .npy }
        if TorchCheckpoint.recognizesLegacy(start) { return .torchLegacy }
        if ending == "safetensors", !isText(start) { return .safetensors }
        if ending == "npy", !isText(start) { return .npy }
        if start.count > 1, start[0] == 0x80 { return .pickle }
        func unrecognized(_ found: String) -> CheckpointError { .unrecognized(file: file.path, found: found) }
        guard !start.isEmpty else { throw unrecognized("an empty file") }
        if starts("version https://git-lfs") {
            throw unrecognized("a git-lfs pointer; the file itself was never downloaded")
        }
        if start.count > 262, Array(start[257..<262]) == Array("ustar".utf8) {
            throw unrecognized("a tar file (PyTorch before 0.2 wrote such)")
        }
        let text = String(decoding: start, as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{feff}" }
        if text.hasPrefix("<") { throw unrecognized("a web page (HTML or XML) instead of the file") }
        if text.hasPrefix("{") { return .index }
        // Protocols 0 and 1 have no mark at their start.
        if ["pkl", "pickle", "pth", "pt", "bin", "ckpt"].contains(ending) { return .pickle }
        throw unrecognized("none of safetensors, PyTorch, pickle, npy, npz or an index of shards")
    }

    /// Whether the file is a page or a pointer in place of what its name promises.
    private static func isText(_ start: [UInt8]) -> Bool {
        start.starts(with: "<".utf8) || start.starts(with: "version https://git-lfs".utf8)
    }

    func open(_ file: CheckpointFile) throws -> any CheckpointReader {
        switch self {
        case .safetensors: return try Safetensors.open(file)
        case .index: return try ShardedCheckpoint.open(file)
        case .npy: return try NumpyFile.open(file)
        case .torchLegacy: return try TorchCheckpoint.openLegacy(file).reader()
        case .pickle: return try TorchCheckpoint.openBare(file).reader()
        case .zip:
            let archive = try ZipArchive(file)
            return NumpyArchive.recognizes(archive)
                ? try NumpyArchive.open(archive) : try TorchCheckpoint.openZip(archive).reader()
        }
    }
}
