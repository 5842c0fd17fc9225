import Foundation

/// Little writers of the formats, for files made within a test.
enum Build {
    static func little<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    static func bytes(_ values: [Float]) -> [UInt8] { values.flatMap { little($0.bitPattern) } }

    // MARK: safetensors

    static func safetensors(header: String, data: [UInt8]) -> [UInt8] {
        little(UInt64(header.utf8.count)) + Array(header.utf8) + data
    }

    static func safetensors(_ tensors: [(name: String, type: String, shape: [Int], data: [UInt8])]) -> [UInt8] {
        var entries: [String] = []
        var data: [UInt8] = []
        for tensor in tensors {
            let end = data.count + tensor.data.count
            entries.append(
                "\"\(tensor.name)\":{\"dtype\":\"\(tensor.type)\",\"shape\":\(tensor.shape),\"data_offsets\":[\(data.count),\(end)]}"
            )
            data += tensor.data
        }
        return safetensors(header: "{" + entries.joined(separator: ",") + "}", data: data)
    }

    // MARK: zip

    struct Entry {
        var name: String
        var data: [UInt8]
        /// Wraps the data in deflate's stored blocks, which is valid deflate.
        var isDeflated = false
        /// What the directory claims instead of the truth.
        var claimedSize: UInt32?
    }

    static func crc(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0xedb8_8320 : 0) }
        }
    }

    static func zip(_ entries: [Entry]) -> [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let stored = entry.isDeflated ? deflated(entry.data) : entry.data
            let size = entry.claimedSize ?? UInt32(entry.data.count)
            let common =
                little(UInt16(20)) + [0, 0] + little(UInt16(entry.isDeflated ? 8 : 0)) + [0, 0, 0, 0]
                + little(crc(entry.data)) + little(entry.isDeflated ? UInt32(stored.count) : size) + little(size)
                + little(UInt16(entry.name.utf8.count)) + [0, 0]
            directory +=
                little(UInt32(0x0201_4b50)) + [20, 0] + common + [UInt8](repeating: 0, count: 10)
                + little(UInt32(file.count)) + Array(entry.name.utf8)
            file += little(UInt32(0x0403_4b50)) + common + Array(entry.name.utf8) + stored
        }
        let count = little(UInt16(entries.count))
        let end =
            little(UInt32(0x0605_4b50)) + [0, 0, 0, 0] + count + count + little(UInt32(directory.count))
            + little(UInt32(file.count)) + [0, 0]
        return file + directory + end
    }

    private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        repeat {
            let block = rest.prefix(0xffff)
            rest = rest.dropFirst(block.count)
            let length = UInt16(block.count)
            result += [rest.isEmpty ? 1 : 0] + little(length) + little(~length) + block
        } while !rest.isEmpty
        return result
    }

    // MARK: pickle

    static func text(_ text: String) -> [UInt8] { [0x58] + little(UInt32(text.utf8.count)) + Array(text.utf8) }
    static func int(_ value: Int32) -> [UInt8] { [0x4a] + little(value) }
    static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }
    static func tuple(_ items: [UInt8]...) -> [UInt8] { [0x28] + items.flatMap { $0 } + [0x74] }
    static func ints(_ values: [Int32]) -> [UInt8] { [0x28] + values.flatMap { int($0) } + [0x74] }
    static func bytesLiteral(_ bytes: [UInt8]) -> [UInt8] { [0x42] + little(UInt32(bytes.count)) + bytes }
    static func dictionary(_ items: [(String, [UInt8])]) -> [UInt8] {
        [0x7d, 0x28] + items.flatMap { text($0.0) + $0.1 } + [0x75]
    }
    static func pickle(_ value: [UInt8], version: UInt8 = 2) -> [UInt8] { [0x80, version] + value + [0x2e] }

    static func tensor(
        storage: String = "FloatStorage", key: String, count: Int32, offset: Int32 = 0, shape: [Int32],
        strides: [Int32],
        view: [UInt8]? = nil
    ) -> [UInt8] {
        let identity = tuple(text("storage"), global("torch", storage), text(key), text("cpu"), int(count), view ?? [])
        return global("torch._utils", "_rebuild_tensor_v2")
            + tuple(
                identity + [0x51], int(offset), ints(shape), ints(strides), [0x89],
                global("collections", "OrderedDict") + [0x29, 0x52])
            + [0x52]
    }

    static func array(_ type: String, shape: [Int32], fortran: Bool = false, data: [UInt8]) -> [UInt8] {
        let dtype =
            global("numpy", "dtype") + tuple(text(String(type.dropFirst())), [0x89], [0x88]) + [0x52]
            + tuple(int(3), text(String(type.prefix(1))), [0x4e], [0x4e], [0x4e], int(-1), int(-1), int(0)) + [0x62]
        return global("numpy.core.multiarray", "_reconstruct")
            + tuple(global("numpy", "ndarray"), ints([0]), bytesLiteral([0x62])) + [0x52]
            + tuple(int(1), ints(shape), dtype, [fortran ? 0x88 : 0x89], data) + [0x62]
    }

    // MARK: PyTorch

    static func torchZip(_ pickle: [UInt8], storages: [(String, [UInt8])], isDeflated: Bool = false) -> [UInt8] {
        zip(
            [
                Entry(name: "archive/data.pkl", data: pickle, isDeflated: isDeflated),
                Entry(name: "archive/byteorder", data: Array("little".utf8)),
            ]
                + storages.map { Entry(name: "archive/data/\($0.0)", data: $0.1, isDeflated: isDeflated) })
    }

    /// Up to and including the list of keys; the storages follow.
    static func torchLegacyHead(_ pickle: [UInt8], keys: [String]) -> [UInt8] {
        [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]
            + self.pickle([0x4d] + little(UInt16(1001)))
            + self.pickle(dictionary([("protocol_version", int(1001)), ("little_endian", [0x88])]))
            + pickle + self.pickle([0x5d, 0x28] + keys.flatMap { text($0) } + [0x65])
    }

    static func torchLegacy(_ pickle: [UInt8], storages: [(key: String, elementBytes: Int, data: [UInt8])]) -> [UInt8] {
        torchLegacyHead(pickle, keys: storages.map(\.key))
            + storages.flatMap { little(UInt64($0.data.count / $0.elementBytes)) + $0.data }
    }

    // MARK: NumPy

    static func npy(_ type: String, shape: [Int], fortran: Bool = false, data: [UInt8]) -> [UInt8] {
        let dimensions = shape.map { "\($0)," }.joined(separator: " ")
        var header = "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': (\(dimensions)), }"
        header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0] + little(UInt16(header.utf8.count)) + Array(header.utf8) + data
    }

    static func csr(
        shape: [Int64], indptr: [Int64], indices: [Int32], data: [Float], isDeflated: Bool = false
    ) -> [UInt8] {
        zip([
            Entry(
                name: "indices.npy", data: npy("<i4", shape: [indices.count], data: indices.flatMap { little($0) }),
                isDeflated: isDeflated),
            Entry(name: "indptr.npy", data: npy("<i8", shape: [indptr.count], data: indptr.flatMap { little($0) })),
            Entry(name: "format.npy", data: npy("|S3", shape: [], data: Array("csr".utf8))),
            Entry(name: "shape.npy", data: npy("<i8", shape: [shape.count], data: shape.flatMap { little($0) })),
            Entry(name: "data.npy", data: npy("<f4", shape: [data.count], data: bytes(data)), isDeflated: isDeflated),
        ])
    }
}
