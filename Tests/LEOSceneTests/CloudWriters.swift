import LEOScene
import TestSupport

/// Bytes of a file in the making.
struct FileBytes {
    var bytes: [UInt8] = []

    init(_ text: String = "") { bytes = Array(text.utf8) }

    mutating func append<Value: FixedWidthInteger>(_ value: Value, bigEndian: Bool = false) {
        withUnsafeBytes(of: bigEndian ? value.bigEndian : value.littleEndian) { bytes += $0 }
    }

    mutating func append(_ value: Float, bigEndian: Bool = false) { append(value.bitPattern, bigEndian: bigEndian) }
    mutating func append(_ value: Double, bigEndian: Bool = false) { append(value.bitPattern, bigEndian: bigEndian) }
}

extension PointCloud {
    init(_ bytes: [UInt8], name: String = "test", options: PointCloudOptions = PointCloudOptions()) throws {
        self = try bytes.withUnsafeBytes { try PointCloud(bytes: $0, name: name, options: options) }
    }

    init(_ text: String, name: String = "test", options: PointCloudOptions = PointCloudOptions()) throws {
        try self.init(Array(text.utf8), name: name, options: options)
    }
}

/// A point of the writers below.
struct TestPoint: Equatable {
    var x: Float
    var y: Float
    var z: Float
    var rgb: (UInt8, UInt8, UInt8)
    var label: Int32

    static func == (one: TestPoint, other: TestPoint) -> Bool {
        (one.x, one.y, one.z) == (other.x, other.y, other.z) && one.rgb == other.rgb && one.label == other.label
    }

    static func random(_ count: Int, seed: UInt64) -> [TestPoint] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { index in
            TestPoint(
                x: .random(in: -3..<3, using: &random), y: .random(in: -3..<3, using: &random),
                z: .random(in: 0..<2, using: &random),
                rgb: (
                    .random(in: 0...255, using: &random), .random(in: 0...255, using: &random),
                    .random(in: 0...255, using: &random)
                ),
                label: Int32(index % 4))
        }
    }
}

/// The points that a cloud holds, in the writers' terms.
func testPoints(of cloud: PointCloud, label name: String) throws -> [TestPoint] {
    let labels = cloud.property(named: name)?.values.integers() ?? Array(repeating: -99, count: cloud.count)
    let colors = cloud.colors ?? Array(repeating: 0, count: 3 * cloud.count)
    return (0..<cloud.count).map { index in
        let position = cloud.position(index)
        return TestPoint(
            x: Float(position.x), y: Float(position.y), z: Float(position.z),
            rgb: (colors[3 * index], colors[3 * index + 1], colors[3 * index + 2]), label: Int32(labels[index]))
    }
}

// MARK: PLY

/// A PLY file with a camera element and a list inside the vertices, so that nothing is where a fixed layout would have it.
func plyFile(_ points: [TestPoint], bigEndian: Bool) -> [UInt8] {
    var file = FileBytes(
        """
        ply
        format binary_\(bigEndian ? "big" : "little")_endian 1.0
        comment written by a test
        element camera 2
        property list uchar short weights
        property double zoom
        element vertex \(points.count)
        property int instance
        property list ushort float neighbours
        property double x
        property float y
        property float z
        property uchar red
        property uchar green
        property uchar blue
        element face 1
        property list uchar int vertex_indices
        end_header

        """)
    for camera in 0..<2 {
        file.append(UInt8(camera * 3))
        for weight in 0..<camera * 3 { file.append(Int16(weight), bigEndian: bigEndian) }
        file.append(1.5, bigEndian: bigEndian)
    }
    for (index, point) in points.enumerated() {
        file.append(point.label, bigEndian: bigEndian)
        file.append(UInt16(index % 3), bigEndian: bigEndian)
        for neighbour in 0..<index % 3 { file.append(Float(neighbour), bigEndian: bigEndian) }
        file.append(Double(point.x), bigEndian: bigEndian)
        file.append(point.y, bigEndian: bigEndian)
        file.append(point.z, bigEndian: bigEndian)
        file.bytes += [point.rgb.0, point.rgb.1, point.rgb.2]
    }
    file.append(UInt8(3))
    for corner in [0, 1, 2] { file.append(Int32(corner), bigEndian: bigEndian) }
    return file.bytes
}

func plyText(_ points: [TestPoint], lineEnd: String = "\n") -> String {
    let header = """
        ply
        format ascii 1.0
        obj_info made up
        element camera 2
        property list uchar short weights
        element vertex \(points.count)
        property int instance
        property list uchar float neighbours
        property float x
        property float y
        property float z
        property uchar red
        property uchar green
        property uchar blue
        end_header
        0
        3 1 2 3

        """
    let rows = points.enumerated().map { index, point in
        let list = (["\(index % 3)"] + (0..<index % 3).map { "\($0).5" }).joined(separator: " ")
        return "\(point.label) \(list) \(point.x) \(point.y)  \(point.z)\t\(point.rgb.0) \(point.rgb.1) \(point.rgb.2)"
    }
    return (header + rows.joined(separator: "\n") + "\n").replacing("\n", with: lineEnd)
}

// MARK: PCD

enum PCDKind: String, CaseIterable {
    case ascii, binary
    case compressed = "binary_compressed"
}

/// A PCD file whose fields stand in an unusual order, with one of several values and padding between them.
func pcdFile(
    _ points: [TestPoint], _ kind: PCDKind, version: String = "0.7", width: Int? = nil, packsInFloat: Bool = true
) -> [UInt8] {
    let width = width ?? points.count
    var file = FileBytes(
        """
        # .PCD v\(version) - Point Cloud Data file format
        VERSION \(version)
        FIELDS label _ z histogram y x \(packsInFloat ? "rgb" : "rgba")
        SIZE 2 1 8 4 4 4 4
        TYPE I U F F F F \(packsInFloat ? "F" : "U")
        COUNT 1 3 1 5 1 1 1
        WIDTH \(width)
        HEIGHT \(width == 0 ? 1 : points.count / width)
        VIEWPOINT 0 0 0 1 0 0 0
        POINTS \(points.count)
        DATA \(kind.rawValue)

        """)
    func packed(_ point: TestPoint) -> UInt32 {
        // Opaque alpha makes a NaN of packed floats, which text cannot hold; such files leave alpha zero.
        (packsInFloat ? 0 : 0xFF00_0000) | UInt32(point.rgb.0) << 16 | UInt32(point.rgb.1) << 8 | UInt32(point.rgb.2)
    }
    if kind == .ascii {
        for point in points {
            let color = packsInFloat ? "\(Float(bitPattern: packed(point)))" : "\(packed(point))"
            file.bytes += "\(point.label) 0 0 0 \(point.z) 1 2 3 4 5 \(point.y) \(point.x) \(color)\n".utf8
        }
        return file.bytes
    }
    func fields(_ point: TestPoint) -> [[UInt8]] {
        var label = FileBytes()
        label.append(Int16(point.label))
        var z = FileBytes()
        z.append(Double(point.z))
        var y = FileBytes()
        y.append(point.y)
        var x = FileBytes()
        x.append(point.x)
        var color = FileBytes()
        color.append(packed(point))
        return [label.bytes, [0, 0, 0], z.bytes, Array(repeating: 7, count: 20), y.bytes, x.bytes, color.bytes]
    }
    let rows = points.map(fields)
    if kind == .binary {
        for row in rows { file.bytes += row.joined() }
        return file.bytes
    }
    let columns = Array((0..<7).map { field in rows.flatMap { $0[field] } }.joined())
    let packedBytes = lzfCompressed(columns)
    file.append(UInt32(packedBytes.count))
    file.append(UInt32(columns.count))
    file.bytes += packedBytes
    return file.bytes
}

/// A greedy LZF compressor: literal runs, short and long back references, overlapping ones too.
func lzfCompressed(_ source: [UInt8]) -> [UInt8] {
    var target: [UInt8] = []
    var literals: [UInt8] = []
    var last: [UInt32: Int] = [:]
    func flush() {
        for start in stride(from: 0, to: literals.count, by: 32) {
            let run = literals[start..<min(start + 32, literals.count)]
            target.append(UInt8(run.count - 1))
            target += run
        }
        literals = []
    }
    var position = 0
    while position < source.count {
        var length = 0
        var distance = 0
        if position + 3 <= source.count {
            let key = UInt32(source[position]) << 16 | UInt32(source[position + 1]) << 8 | UInt32(source[position + 2])
            if let found = last[key], position - found <= 8192 {
                distance = position - found
                while length < 264, position + length < source.count,
                    source[found + length] == source[position + length]
                {
                    length += 1
                }
            }
            last[key] = position
        }
        guard length >= 3 else {
            literals.append(source[position])
            position += 1
            continue
        }
        flush()
        let high = UInt8((distance - 1) >> 8)
        if length - 2 < 7 {
            target.append(UInt8(length - 2) << 5 | high)
        } else {
            target += [7 << 5 | high, UInt8(length - 9)]
        }
        target.append(UInt8((distance - 1) & 0xFF))
        position += length
    }
    flush()
    return target
}

// MARK: NumPy

/// A `.npy` file, version 1, of `rows` as little-endian `float32`.
func npyFile(_ rows: [[Float]], columnMajor: Bool = false) -> [UInt8] {
    let width = rows.first?.count ?? 0
    var header =
        "{'descr': '<f4', 'fortran_order': \(columnMajor ? "True" : "False"), 'shape': (\(rows.count), \(width)), }"
    while (10 + header.utf8.count + 1) % 64 != 0 { header += " " }
    header += "\n"
    var file = FileBytes()
    file.bytes = [0x93] + Array("NUMPY".utf8) + [1, 0]
    file.append(UInt16(header.utf8.count))
    file.bytes += header.utf8
    if columnMajor {
        for column in 0..<width { for row in rows { file.append(row[column]) } }
    } else {
        for row in rows { for value in row { file.append(value) } }
    }
    return file.bytes
}
