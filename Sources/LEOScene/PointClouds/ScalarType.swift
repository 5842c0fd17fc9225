import LEOTensor

/// The type of one field of a point cloud file.
enum ScalarType: Sendable {
    case i8, u8, i16, u16, i32, u32, i64, u64, f32, f64

    var byteCount: Int {
        switch self {
        case .i8, .u8: 1
        case .i16, .u16: 2
        case .i32, .u32, .f32: 4
        case .i64, .u64, .f64: 8
        }
    }

    var isInteger: Bool {
        switch self {
        case .f32, .f64: false
        default: true
        }
    }

    /// The inclusive range of an integer type as (least value, greatest value).
    var integerRange: (least: Int64, greatest: UInt64) {
        switch self {
        case .i8: (Int64(Int8.min), UInt64(Int8.max))
        case .u8: (0, UInt64(UInt8.max))
        case .i16: (Int64(Int16.min), UInt64(Int16.max))
        case .u16: (0, UInt64(UInt16.max))
        case .i32: (Int64(Int32.min), UInt64(Int32.max))
        case .u32: (0, UInt64(UInt32.max))
        case .i64: (Int64.min, UInt64(Int64.max))
        case .u64: (0, UInt64.max)
        case .f32, .f64: (0, 0)
        }
    }

    /// The smallest tensor element type that holds every value.
    var elementType: ElementType {
        switch self {
        case .i8: .i8
        case .u8: .u8
        case .i16: .i16
        case .u16, .i32: .i32
        case .u32, .i64, .u64: .i64
        case .f32: .f32
        case .f64: .f64
        }
    }
}

/// One field of every point: where its values lie in a block of bytes. Value `i` starts at `offset + i * stride`.
struct Column: Sendable {
    var name: String
    var type: ScalarType
    var offset: Int
    var stride: Int
}

/// A block of bytes that holds `count` points field by field or point by point.
struct ColumnTable {
    let bytes: UnsafeRawBufferPointer
    let count: Int
    let columns: [Column]
    let isBigEndian: Bool

    /// - Precondition: every column lies inside `bytes`; readers have checked it against the file size.
    init(bytes: UnsafeRawBufferPointer, count: Int, columns: [Column], isBigEndian: Bool = false) {
        for column in columns where count > 0 {
            precondition(
                column.offset >= 0
                    && column.offset + (count - 1) * column.stride + column.type.byteCount <= bytes.count,
                "column \(column.name) leaves its block")
        }
        self.bytes = bytes
        self.count = count
        self.columns = columns
        self.isBigEndian = isBigEndian
    }

    func column(_ name: String) -> Column? { columns.first { $0.name == name } }

    /// Calls `body` with the index and the bits of every value of `column`.
    @inline(__always)
    private func forEachBits<Bits: FixedWidthInteger>(of column: Column, as: Bits.Type, _ body: (Int, Bits) -> Void) {
        var position = column.offset
        for index in 0..<count {
            let bits = bytes.loadUnaligned(fromByteOffset: position, as: Bits.self)
            body(index, isBigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits))
            position += column.stride
        }
    }

    /// Calls `body` with the index and the value as `Double`; 64-bit integers beyond 2^53 are rounded.
    @inline(__always)
    func forEachDouble(of column: Column, _ body: (Int, Double) -> Void) {
        switch column.type {
        case .i8: forEachBits(of: column, as: Int8.self) { body($0, Double($1)) }
        case .u8: forEachBits(of: column, as: UInt8.self) { body($0, Double($1)) }
        case .i16: forEachBits(of: column, as: Int16.self) { body($0, Double($1)) }
        case .u16: forEachBits(of: column, as: UInt16.self) { body($0, Double($1)) }
        case .i32: forEachBits(of: column, as: Int32.self) { body($0, Double($1)) }
        case .u32: forEachBits(of: column, as: UInt32.self) { body($0, Double($1)) }
        case .i64: forEachBits(of: column, as: Int64.self) { body($0, Double($1)) }
        case .u64: forEachBits(of: column, as: UInt64.self) { body($0, Double($1)) }
        case .f32: forEachBits(of: column, as: UInt32.self) { body($0, Double(Float(bitPattern: $1))) }
        case .f64: forEachBits(of: column, as: UInt64.self) { body($0, Double(bitPattern: $1)) }
        }
    }

    /// The values of a `u8` column.
    @inline(__always)
    func forEachByte(of column: Column, _ body: (Int, UInt8) -> Void) {
        precondition(column.type == .u8, "a byte has one byte")
        forEachBits(of: column, as: UInt8.self, body)
    }

    /// The raw 32 bits of every value of a four-byte column: packed colours.
    @inline(__always)
    func forEachWord(of column: Column, _ body: (Int, UInt32) -> Void) {
        precondition(column.type.byteCount == 4, "packed colours have four bytes")
        forEachBits(of: column, as: UInt32.self, body)
    }

    /// The values of `column` as a tensor [count] of the smallest element type that holds them exactly. Unsigned 64-bit
    /// columns with values beyond `Int64.max` become f64, rounded.
    func tensor(of column: Column) -> Tensor {
        func filled<Value>(_ type: ElementType, _: Value.Type, _ body: (UnsafeMutablePointer<Value>) -> Void) -> Tensor
        {
            Tensor(elementType: type, shape: [count]) { target in
                guard let base = target.baseAddress else { return }
                body(base.bindMemory(to: Value.self, capacity: count))
            }
        }
        func integers<Bits: FixedWidthInteger, Value: FixedWidthInteger>(_: Bits.Type, _: Value.Type) -> Tensor {
            filled(column.type.elementType, Value.self) { target in
                forEachBits(of: column, as: Bits.self) { target[$0] = Value(truncatingIfNeeded: $1) }
            }
        }
        switch column.type {
        case .i8: return integers(Int8.self, Int8.self)
        case .u8: return integers(UInt8.self, UInt8.self)
        case .i16: return integers(Int16.self, Int16.self)
        case .u16: return integers(UInt16.self, Int32.self)
        case .i32: return integers(Int32.self, Int32.self)
        case .u32: return integers(UInt32.self, Int64.self)
        case .i64: return integers(Int64.self, Int64.self)
        case .u64:
            var fits = true
            forEachBits(of: column, as: UInt64.self) { fits = fits && $1 <= UInt64(Int64.max) }
            guard !fits else { return integers(UInt64.self, Int64.self) }
            return filled(.f64, Double.self) { target in forEachDouble(of: column) { target[$0] = $1 } }
        case .f32:
            return filled(.f32, Float.self) { target in
                forEachBits(of: column, as: UInt32.self) { target[$0] = Float(bitPattern: $1) }
            }
        case .f64:
            return filled(.f64, Double.self) { target in
                forEachBits(of: column, as: UInt64.self) { target[$0] = Double(bitPattern: $1) }
            }
        }
    }
}
