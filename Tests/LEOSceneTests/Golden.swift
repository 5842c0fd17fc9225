import Foundation
import LEOTensor
import TestSupport

/// The tensors of one safetensors file of the goldens.
struct GoldenTensors {
    private let file: MappedFile
    private let header: [String: Any]
    private let dataOffset: Int

    init(_ path: String) throws {
        file = try MappedFile(path: path)
        let length = Int(file.bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        dataOffset = 8 + length
        let json = try JSONSerialization.jsonObject(with: Data(file.bytes[8..<dataOffset]))
        header = json as? [String: Any] ?? [:]
    }

    var names: [String] { header.keys.filter { $0 != "__metadata__" }.sorted() }

    subscript(name: String) -> Tensor? {
        guard let entry = header[name] as? [String: Any], let type = entry["dtype"] as? String,
            let shape = entry["shape"] as? [Int], let offsets = entry["data_offsets"] as? [Int],
            let elementType = ElementType(rawValue: type.lowercased())
        else { return nil }
        return file.tensor(elementType: elementType, shape: shape, byteOffset: dataOffset + offsets[0])
    }
}

func goldenPath(_ path: String) -> String { (sharedFolder ?? "") + "/golden/" + path }
func scanPath(_ name: String) -> String { (sharedFolder ?? "") + "/real-scans/" + name }

/// Greatest absolute difference, infinite where the counts differ.
func greatestDifference(_ one: [Float], _ other: [Float]) -> Float {
    guard one.count == other.count else { return .infinity }
    return zip(one, other).map { abs($0 - $1) }.max() ?? 0
}
