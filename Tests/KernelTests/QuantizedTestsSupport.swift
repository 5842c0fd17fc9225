import CLEOKernels
import TestSupport
import Testing

/// Integer weight types of the quantised product.
enum QuantizedWeightType: CaseIterable, Sendable {
    case i8g128, i4g32

    var table: ck_variants {
        switch self {
        case .i8g128: ck_linear_q8_i8g128_n64_variants()
        case .i4g32: ck_linear_q8_i4g32_n64_variants()
        }
    }
}

/// What makes q8 rows.
enum QuantizedSource: CaseIterable, Sendable {
    case quantize, rms_norm, silu_mul

    var table: ck_variants {
        switch self {
        case .quantize: ck_q8_quantize_f32_variants()
        case .rms_norm: ck_q8_rms_norm_f32_variants()
        case .silu_mul: ck_q8_silu_mul_f32_variants()
        }
    }

    func check(_ arguments: ck_q8_rows_args) -> ck_status {
        var a = arguments
        switch self {
        case .quantize: return ck_q8_quantize_check(&a)
        case .rms_norm: return ck_q8_rms_norm_check(&a)
        case .silu_mul: return ck_q8_silu_mul_check(&a)
        }
    }
}

/// q8 rows in exactly sized memory, 4-byte aligned and no better.
struct QuantizedRows {
    let m: Int, k: Int
    let memory: LinearBuffer<Int32>

    init(m: Int, k: Int) {
        (self.m, self.k) = (m, k)
        memory = LinearBuffer<Int32>(m * Int(ck_q8_row_bytes(Int64(k))) / 4, filledWith: 0x7777_7777, canary: -559_038_737)
    }

    var pointer: UnsafeMutablePointer<UInt8> {
        UnsafeMutableRawPointer(memory.pointer).assumingMemoryBound(to: UInt8.self)
    }

    var groups: Int { (k + 127) / 128 }
    private var raw: UnsafeMutableRawPointer { UnsafeMutableRawPointer(memory.pointer) }
    private func scaleOffset(_ row: Int, _ group: Int) -> Int { groups * m * 128 + (group * m + row) * 4 }

    func q(_ row: Int, _ j: Int) -> Int { Int(raw.load(fromByteOffset: (j / 128 * m + row) * 128 + j % 128, as: Int8.self)) }
    func scale(_ row: Int, _ group: Int) -> Float { raw.load(fromByteOffset: scaleOffset(row, group), as: Float.self) }
    func sum(_ row: Int, _ group: Int) -> Int {
        Int(raw.load(fromByteOffset: groups * m * 4 + scaleOffset(row, group), as: Int32.self))
    }
    func partSum(_ row: Int, _ group: Int, _ part: Int) -> Int {
        Int(raw.load(fromByteOffset: groups * m * 136 + (group * m + row) * 8 + part * 2, as: Int16.self))
    }
    func setScale(_ row: Int, _ group: Int, _ value: Float) {
        raw.storeBytes(of: value, toByteOffset: scaleOffset(row, group), as: Float.self)
    }
    /// All that a row consists of, with NaN scales made alike.
    func parts(_ row: Int) -> [Int] {
        (0..<groups).flatMap { group in
            let scale = scale(row, group)
            return (0..<128).map { q(row, group * 128 + $0) } + [scale.isNaN ? -1 : Int(scale.bitPattern), sum(row, group)]
                + (0..<4).map { partSum(row, group, $0) }
        }
    }

    /// Plain quantisation by the reference.
    init(_ x: LinearBuffer<Float>, m: Int, k: Int, xStride: Int) {
        self.init(m: m, k: k)
        var a = ck_q8_rows_args()
        (a.x, a.y, a.m, a.k) = (x.constant, pointer, Int64(m), Int64(k))
        a.x_stride = Int64(xStride)
        #expect(ck_q8_quantize_check(&a) == CK_OK)
        ck_find_variant(ck_q8_quantize_f32_variants(), CK_ISA_REF).pointee.run(&a, 0, 1)
    }
}

/// Packed integer weights that begin on no boundary, and how to read them.
struct QuantizedWeight {
    let n: Int, k: Int, type: QuantizedWeightType
    let values: LinearBuffer<UInt8>
    let words: LinearBuffer<UInt32>

    init(_ source: [Float], n: Int, k: Int, type: QuantizedWeightType) {
        (self.n, self.k, self.type) = (n, k, type)
        let (rows, depth) = (Int64(n), Int64(k))
        let bytes = type == .i8g128 ? ck_n64_i8g128_bytes(rows, depth) : ck_n64_i4g32_bytes(rows, depth)
        values = LinearBuffer<UInt8>(Int(bytes), filledWith: 0x55, canary: 0x99)
        words = LinearBuffer<UInt32>(Int(ck_n64_scale_bytes(rows, depth)) / 4, filledWith: 0x5555_5555, canary: 0x9999_9999)
        #expect(Self.pack(source, n, k, type, values.pointer, words.pointer) == CK_OK)
        #expect(values.isIntact && words.isIntact)
    }

    static func pack(
        _ source: [Float], _ n: Int, _ k: Int, _ type: QuantizedWeightType, _ values: UnsafeMutablePointer<UInt8>?,
        _ words: UnsafeMutablePointer<UInt32>?
    ) -> ck_status {
        switch type {
        case .i8g128:
            let scales = UnsafeMutableRawPointer(words)?.assumingMemoryBound(to: Float.self)
            return ck_pack_n64_i8g128(source, Int64(n), Int64(k), values, scales)
        case .i4g32: return ck_pack_n64_i4g32(source, Int64(n), Int64(k), values, words)
        }
    }

    private func word(_ row: Int, _ group: Int) -> UInt32 { words[(row / 64 * ((k + 127) / 128) + group) * 64 + row % 64] }

    /// W[row, j] as a multiple of `scale`, for rows of the padding too.
    func integer(_ row: Int, _ j: Int) -> Int {
        switch type {
        case .i8g128: return Int(values[(row / 64 * ((k + 3) / 4) + j / 4) * 256 + row % 64 * 4 + j % 4]) - 128
        case .i4g32:
            let byte = Int(values[(row / 64 * ((k + 7) / 8) + j / 8) * 256 + row % 64 * 4 + j % 4])
            let factor = Int(word(row, j / 128) >> UInt32(j % 128 / 32 * 4)) & 15
            return factor * ((j % 8 < 4 ? byte & 15 : byte >> 4) - 8)
        }
    }

    func scale(_ row: Int, _ group: Int) -> Float {
        Float(bitPattern: type == .i8g128 ? word(row, group) : word(row, group) & 0xffff_0000)
    }
}
