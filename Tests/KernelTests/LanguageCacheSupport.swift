import CLEOKernels

/// The element types of a cache, each with a family of its own.
enum CacheElement: CaseIterable, Sendable {
    case f32, f16, bf16

    var attention: ck_variants {
        switch self {
        case .f32: ck_attention_f32_cells_variants()
        case .f16: ck_attention_f16_cells_variants()
        case .bf16: ck_attention_bf16_cells_variants()
        }
    }

    func checkAttention(_ a: UnsafePointer<ck_attention_args>?) -> ck_status {
        switch self {
        case .f32: ck_attention_f32_cells_check(a)
        case .f16: ck_attention_f16_cells_check(a)
        case .bf16: ck_attention_bf16_cells_check(a)
        }
    }

    func scratchBytes(_ a: UnsafePointer<ck_attention_args>?, _ parts: Int) -> Int {
        switch self {
        case .f32: ck_attention_f32_cells_scratch_bytes(a, Int32(parts))
        case .f16: ck_attention_f16_cells_scratch_bytes(a, Int32(parts))
        case .bf16: ck_attention_bf16_cells_scratch_bytes(a, Int32(parts))
        }
    }

    /// The number that a cache of this type holds for a finite `value`: nearest, half to even.
    func stored(_ value: Float) -> Float {
        guard self != .f32, value.isFinite, value != 0 else { return value }
        let (bits, lowest) = self == .f16 ? (10, -14) : (7, -126)
        let unit = Double(sign: .plus, exponent: max(Int(value.exponent), lowest) - bits, significand: 1)
        let rounded = (Double(value) / unit).rounded(.toNearestOrEven) * unit
        return self == .f16 && abs(rounded) >= 65_536 ? (value < 0 ? -.infinity : .infinity) : Float(rounded)
    }

    var rope: ck_variants {
        switch self {
        case .f32: ck_rope_append_f32_variants()
        case .f16: ck_rope_append_f16_variants()
        case .bf16: ck_rope_append_bf16_variants()
        }
    }

    func checkRope(_ a: UnsafePointer<ck_rope_append_args>?) -> ck_status {
        switch self {
        case .f32: ck_rope_append_f32_check(a)
        case .f16: ck_rope_append_f16_check(a)
        case .bf16: ck_rope_append_bf16_check(a)
        }
    }
}

/// Memory of one cache: elements of a type, all NaN at first, that begin on no vector boundary.
final class CacheBuffer {
    let type: CacheElement
    private let f32: LinearBuffer<Float>
    private let half: LinearBuffer<UInt16>

    init(_ type: CacheElement, count: Int) {
        self.type = type
        f32 = LinearBuffer<Float>(type == .f32 ? count : 0, filledWith: .nan, canary: -12345.5)
        half = LinearBuffer<UInt16>(type == .f32 ? 0 : count, filledWith: 0x7fff, canary: 0x5a5a)
    }

    var pointer: UnsafeMutableRawPointer { type == .f32 ? UnsafeMutableRawPointer(f32.pointer) : UnsafeMutableRawPointer(half.pointer) }
    var isIntact: Bool { f32.isIntact && half.isIntact }
    var bits: [UInt32] { type == .f32 ? f32.bits : half.values.map(UInt32.init) }

    subscript(_ index: Int) -> Float {
        get {
            switch type {
            case .f32: f32[index]
            case .f16: linearFloat(half: half[index])
            case .bf16: Float(bitPattern: UInt32(half[index]) << 16)
            }
        }
        set {
            switch type {
            case .f32: f32[index] = newValue
            case .f16: ck_f16_from_f32([newValue], half.pointer + index, 1)
            case .bf16: ck_bf16_from_f32([newValue], half.pointer + index, 1)
            }
        }
    }
}
