import Foundation
import LEOArchive
import LEOTensor

/// A file made by hand, so that the reader is tested against the description of the format and not against the writer.
struct HandmadeFile {
    var magic: [UInt8] = [0x89, 0x4c, 0x45, 0x4f, 0x0d, 0x0a, 0x1a, 0x0a]
    var major: UInt32 = 1
    var minor: UInt32 = 0
    var json: [UInt8]
    /// Everything behind the JSON up to a multiple of 4096 is zero; then comes this.
    var data: [UInt8]

    init(json: String, data: [UInt8] = []) {
        self.json = Array(json.utf8)
        self.data = data
    }

    /// One f32 tensor [2, 3] named `a` and one i8 tensor [17, 2] in nk16 named `b`, with `table` in place of their rows.
    init(a: String = Self.a, b: String = Self.b, more: String = "") {
        let json = "{\"configuration\":{},\"metadata\":{},\"tensors\":[{\(a)},{\(b)}]\(more)}"
        self.init(json: json, data: Array(repeating: 0, count: 8192))
    }

    static let a = row("a", "f32", "[2,3]", "rows", "4096", "24")
    static let b = row("b", "i8", "[17,2]", "nk16", "8192", "64")

    static func row(
        _ name: String, _ type: String, _ shape: String, _ layout: String, _ offset: String, _ length: String,
        checksum: String = "0000000000000000"
    ) -> String {
        """
        "name":"\(name)","elementType":"\(type)","shape":\(shape),"layout":"\(layout)","offset":\(offset),"length":\(length),\
        "checksum":"\(checksum)"
        """
    }

    var bytes: [UInt8] {
        func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
            (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }
        let checked = magic + little(major) + little(minor) + little(UInt64(json.count))
        let start = checked + little(XXHash64.hash(checked + json)) + json
        return start + Array(repeating: 0, count: (4096 - start.count % 4096) % 4096) + data
    }

    /// Opens the file and returns its error, or nil where it opens.
    func error(in folder: String) throws -> ArchiveError? { try openingError(of: bytes, in: folder) }
}

func openingError(of bytes: [UInt8], in folder: String) throws -> ArchiveError? {
    let path = folder + "/model.leo"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    do throws(ArchiveError) {
        _ = try Archive(path: path)
        return nil
    } catch { return error }
}

func contents(of path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

func fileNames(in folder: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }

/// Three tensors with known content, one of them empty.
let sampleTensors = [
    TensorSpecification(name: "layers.0.q_proj", elementType: .i8, shape: [35, 7], layout: .nk16),
    TensorSpecification(name: "norm", elementType: .f32, shape: [3]),
    TensorSpecification(name: "empty", elementType: .f16, shape: [0, 4]),
    TensorSpecification(name: "tokenizer.model", elementType: .u8, shape: [5000]),
]

let sampleMatrix = (0..<3 * 7 * 16).map { Int8(truncatingIfNeeded: $0) }
let sampleTokenizer = (0..<5000).map { UInt8(truncatingIfNeeded: $0 * 7) }

func writeSample(
    to path: String, configuration: String = #"{"layers": 32}"#, metadata: [String: String] = ["producer": "test"],
    base: ArchiveBase? = nil
) throws -> String {
    let writer = try ArchiveWriter(
        path: path, configuration: configuration, metadata: metadata, base: base, tensors: sampleTensors)
    try writer.write("layers.0.q_proj") { sink in
        for start in stride(from: 0, to: sampleMatrix.count, by: 100) {
            try sink.append(Array(sampleMatrix[start..<min(start + 100, sampleMatrix.count)]))
        }
    }
    try writer.write("norm", tensor: Tensor([1, 2, 3] as [Float], shape: [3]))
    try writer.write("empty") { _ in }
    try writer.append(sampleTokenizer, to: "tokenizer.model")
    return try writer.finish()
}
