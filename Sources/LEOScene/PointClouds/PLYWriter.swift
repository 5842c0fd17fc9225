import Foundation
import LEOTensor

extension PointCloud {
    /// The type of positions in a PLY file.
    public enum PLYPrecision: Sendable {
        /// `float`: a tenth of a millimetre at a kilometre, half the size.
        case single
        /// `double`: read back exactly.
        case double
    }

    /// The points as a binary little-endian PLY file: positions, colours if there are any, then every extra property under
    /// its name. `PointCloud(bytes:name:)` reads it back.
    ///
    /// 64-bit integers, which PLY does not have, become `double`. The grid of an organised cloud is not kept.
    public func plyBytes(precision: PLYPrecision = .single) -> [UInt8] {
        let columns = properties.map(PLYColumn.init)
        let coordinateSize = precision == .single ? 4 : 8
        let rowSize = 3 * coordinateSize + (colors == nil ? 0 : 3) + columns.reduce(0) { $0 + $1.byteCount }
        let coordinateType = precision == .single ? "float" : "double"
        var header = "ply\nformat binary_little_endian 1.0\nelement vertex \(count)\n"
        for axis in ["x", "y", "z"] { header += "property \(coordinateType) \(axis)\n" }
        if colors != nil { for channel in ["red", "green", "blue"] { header += "property uchar \(channel)\n" } }
        for column in columns { header += "property \(column.typeName) \(column.name)\n" }
        header += "end_header\n"

        let headerBytes = Array(header.utf8)
        return [UInt8](unsafeUninitializedCapacity: headerBytes.count + count * rowSize) { target, initialized in
            guard var next = UnsafeMutableRawPointer(target.baseAddress) else { return }
            headerBytes.withUnsafeBytes { if let base = $0.baseAddress { next.copyMemory(from: base, byteCount: $0.count) } }
            next += headerBytes.count
            for point in 0..<count {
                for axis in 0..<3 {
                    let value = coordinates[3 * point + axis]
                    if precision == .single {
                        next.storeBytes(of: Float(value).bitPattern.littleEndian, as: UInt32.self)
                    } else {
                        next.storeBytes(of: value.bitPattern.littleEndian, as: UInt64.self)
                    }
                    next += coordinateSize
                }
                if let colors {
                    for channel in 0..<3 { next.storeBytes(of: colors[3 * point + channel], toByteOffset: channel, as: UInt8.self) }
                    next += 3
                }
                for column in columns {
                    column.store(point, at: next)
                    next += column.byteCount
                }
            }
            initialized = headerBytes.count + count * rowSize
        }
    }

    /// Writes such a file, all of it or nothing; a device or pipe at `path` is written into.
    ///
    /// - Throws: `FileError` with the system's reason
    public func writePLY(to path: String, precision: PLYPrecision = .single) throws(FileError) {
        try writeAtomically(plyBytes(precision: precision), to: path)
    }
}

/// An extra property as PLY has it.
private struct PLYColumn {
    let name: String
    let typeName: String
    let byteCount: Int
    private let values: Values

    private enum Values {
        case integers([Int])
        case floats([Float])
        case doubles([Double])
    }

    init(_ property: PointProperty) {
        // A name is one word in the header.
        let word = String(property.name.map { $0.isWhitespace || !$0.isASCII ? "_" : $0 })
        name = word.isEmpty ? "property" : word
        let tensor = property.values
        switch tensor.elementType {
        case .f64:
            (typeName, byteCount) = ("double", 8)
            values = .doubles(
                tensor.withBytes { bytes in
                    (0..<tensor.count).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
                })
        case .f32, .f16, .bf16:
            (typeName, byteCount) = ("float", 4)
            values = .floats(tensor.floats())
        case .i64:
            (typeName, byteCount) = ("double", 8)
            values = .doubles(tensor.integers().map(Double.init))
        case .i32:
            (typeName, byteCount) = ("int", 4)
            values = .integers(tensor.integers())
        case .i16:
            (typeName, byteCount) = ("short", 2)
            values = .integers(tensor.integers())
        case .i8:
            (typeName, byteCount) = ("char", 1)
            values = .integers(tensor.integers())
        case .u8, .bool:
            (typeName, byteCount) = ("uchar", 1)
            values = .integers(tensor.integers())
        }
    }

    func store(_ point: Int, at target: UnsafeMutableRawPointer) {
        switch values {
        case .doubles(let values): target.storeBytes(of: values[point].bitPattern.littleEndian, as: UInt64.self)
        case .floats(let values): target.storeBytes(of: values[point].bitPattern.littleEndian, as: UInt32.self)
        case .integers(let values):
            switch byteCount {
            case 1: target.storeBytes(of: UInt8(truncatingIfNeeded: values[point]), as: UInt8.self)
            case 2: target.storeBytes(of: UInt16(truncatingIfNeeded: values[point]).littleEndian, as: UInt16.self)
            default: target.storeBytes(of: UInt32(truncatingIfNeeded: values[point]).littleEndian, as: UInt32.self)
            }
        }
    }
}
