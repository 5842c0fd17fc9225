import Foundation
import LEOData
import Testing

/// Writers of the little files that these tests make.
enum Pickle {
    static func little<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    static let none: [UInt8] = [0x4e]
    static func text(_ text: String) -> [UInt8] { [0x58] + little(UInt32(text.utf8.count)) + Array(text.utf8) }
    static func int(_ value: Int) -> [UInt8] { [0x4a] + little(Int32(value)) }
    static func tuple(_ items: [[UInt8]]) -> [UInt8] { [0x28] + items.flatMap { $0 } + [0x74] }
    static func list(_ items: [[UInt8]]) -> [UInt8] { [0x5d, 0x28] + items.flatMap { $0 } + [0x65] }
    static func dictionary(_ items: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
        [0x7d, 0x28] + items.flatMap { $0.key + $0.value } + [0x75]
    }
    static func dictionary(_ items: [(String, [UInt8])]) -> [UInt8] { dictionary(items.map { (text($0.0), $0.1) }) }
    static func file(_ value: [UInt8]) -> [UInt8] { [0x80, 2] + value + [0x2e] }

    private static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }

    private static func array(_ type: String, _ shape: [Int], _ data: [UInt8]) -> [UInt8] {
        let dtype =
            global("numpy", "dtype") + tuple([text(type), [0x89], [0x88]]) + [0x52]
            + tuple([int(3), text(type == "u1" ? "|" : "<"), none, none, none, int(-1), int(-1), int(0)]) + [0x62]
        return global("numpy.core.multiarray", "_reconstruct")
            + tuple([global("numpy", "ndarray"), tuple([int(0)]), [0x42] + little(UInt32(1)) + [0x62]]) + [0x52]
            + tuple([int(1), tuple(shape.map { int($0) }), dtype, [0x89], [0x42] + little(UInt32(data.count)) + data]) + [
                0x62
            ]
    }

    static func floats(_ values: [Float], _ shape: [Int]) -> [UInt8] {
        array("f4", shape, values.flatMap { little($0.bitPattern) })
    }
    static func doubles(_ values: [Double], _ shape: [Int]) -> [UInt8] {
        array("f8", shape, values.flatMap { little($0.bitPattern) })
    }
    static func bytes(_ values: [UInt8], _ shape: [Int]) -> [UInt8] { array("u1", shape, values) }
    static func integers(_ values: [Int], _ shape: [Int]? = nil) -> [UInt8] {
        array("i8", shape ?? [values.count], values.flatMap { little(Int64($0)) })
    }
}

/// `.npy` of numbers. Readers go by content, so it may stand where a sparse matrix is expected.
func npy(_ rows: [[UInt8]]) -> [UInt8] {
    var header = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(rows.count), \(rows.first?.count ?? 0)), }"
    while (10 + header.utf8.count + 1) % 64 != 0 { header += " " }
    header += "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0] + Pickle.little(UInt16(header.utf8.count)) + Array(header.utf8)
        + rows.flatMap { $0 }
}

/// A data root made within a test.
struct DataRoot {
    let path: String
    var folders: DataFolders { DataFolders(path) }

    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws {
        let url = URL(fileURLWithPath: path).appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }
    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }

    static func scan(_ scan: String) -> String { "scannet/scan_data/pcd_with_global_alignment/\(scan).pth" }

    /// A scan of unit cubes side by side along x, 2 apart, the corners of each its points; point 8 i + c belongs to object
    /// `labels[i]`.
    func writeScan(_ scan: String, labels: [Int]) throws {
        try write(
            Self.scan(scan),
            Pickle.file(
                Pickle.tuple([
                    Pickle.doubles(Self.cubes(labels.count), [8 * labels.count, 3]),
                    Pickle.bytes([UInt8](repeating: 255, count: 24 * labels.count), [8 * labels.count, 3]),
                    Pickle.integers(labels.flatMap { [Int](repeating: $0, count: 8) }),
                ])))
    }

    static func cubes(_ count: Int) -> [Double] {
        var values: [Double] = []
        for cube in 0..<count {
            for corner in 0..<8 { values += [Double(2 * cube + corner % 2), Double(corner / 2 % 2), Double(corner / 4)] }
        }
        return values
    }

    /// Proposals over `writeScan`'s cubes: each row lists the cubes that it covers.
    func writeProposals(_ scan: String, cubes count: Int, _ proposals: [[Int]]) throws {
        let rows = proposals.map { cubes in (0..<8 * count).map { UInt8(cubes.contains($0 / 8) ? 1 : 0) } }
        try write("scannet/mask/\(scan).mask.npz", npy(rows))
    }

    func writeScanRefer(_ split: String, _ rows: [(scan: String, object: Int, utterance: String)]) throws {
        let objects = rows.map {
            "{\"scan_id\": \"\($0.scan)\", \"target_id\": \($0.object), \"instance_type\": \"thing\", \"utterance\": \"\($0.utterance)\"}"
        }
        try write("instruction/scan2cap/scanrefer_\(split).json", "[" + objects.joined(separator: ", ") + "]")
    }

    func writeScanQA(_ split: String = "val", scan: String = "s", ids: [Int], answers: [String] = ["yes"]) throws {
        let texts = answers.map { "\"\($0)\"" }.joined(separator: ", ")
        try write(
            "instruction/scanqa/ScanQA_v1.0_\(split).json",
            "[{\"scene_id\": \"\(scan)\", \"question_id\": \"q\", \"question\": \"What?\", \"answers\": [\(texts)], \"object_ids\": \(ids)}]"
        )
    }

    /// 3RScan: object `ids[i]` is cube i; dictionary order is that of `order`.
    func writeRScan(_ scan: String, ids: [Int], order: [Int]) throws {
        let folder = "rscan/3RScan-ours-align/\(scan)"
        try write(
            folder + "/pcd-align.pth",
            Pickle.file(
                Pickle.tuple([
                    Pickle.floats(Self.cubes(ids.count).map { Float($0) }, [8 * ids.count, 3]),
                    Pickle.bytes([UInt8](repeating: 0, count: 24 * ids.count), [8 * ids.count, 3]),
                    Pickle.integers(ids.flatMap { [Int](repeating: $0, count: 8) }),
                ])))
        try write(
            folder + "/inst_to_label.pth",
            Pickle.file(Pickle.dictionary(order.map { (key: Pickle.int($0), value: Pickle.text("thing")) })))
    }
}

/// The error that `body` throws, which must be one of the data sets' own.
func dataError(_ body: () throws -> Void) -> DataError? {
    do {
        try body()
        return nil
    } catch {
        return error as? DataError
    }
}

/// Expects an error of the data sets' own whose text holds `part`.
func expectError(_ part: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) {
    let description = dataError(body)?.description ?? "no such error"
    #expect(description.contains(part), "\(description)", sourceLocation: sourceLocation)
}
