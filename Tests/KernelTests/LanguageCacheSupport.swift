import CLEOKernels

/// The element types of a cache, each with a family of its own.
enum CacheElement: CaseIterable, Sendable {
    case f32, f16, bf16, i8

    var attention: ck_variants {
        switch self {
        case .f32: ck_attention_f32_cells_variants()
        case .f16: ck_attention_f16_cells_variants()
        case .bf16: ck_attention_bf16_cells_variants()
        case .i8: ck_attention_i8_cells_variants()
        }
    }

    func checkAttention(_ a: UnsafePointer<ck_attention_args>?) -> ck_status {
        switch self {
        case .f32: ck_attention_f32_cells_check(a)
        case .f16: ck_attention_f16_cells_check(a)
        case .bf16: ck_attention_bf16_cells_check(a)
        case .i8: ck_attention_i8_cells_check(a)
        }
    }

    func scratchBytes(_ a: UnsafePointer<ck_attention_args>?, _ parts: Int) -> Int {
        switch self {
        case .f32: ck_attention_f32_cells_scratch_bytes(a, Int32(parts))
        case .f16: ck_attention_f16_cells_scratch_bytes(a, Int32(parts))
        case .bf16: ck_attention_bf16_cells_scratch_bytes(a, Int32(parts))
        case .i8: ck_attention_i8_cells_scratch_bytes(a, Int32(parts))
        }
    }

    /// What a cache of this type holds of the elements that one head has of a cell, and their scale: nearest, half to even.
    func stored(_ row: [Float]) -> (elements: [Float], scale: Float) {
        guard self == .i8 else { return (row.map(stored), 1) }
        let scale = row.allSatisfy(\.isFinite) ? (row.map(abs).max() ?? 0) / 127 : .nan
        guard scale >= .leastNormalMagnitude else { return (row.map { _ in 0 }, scale.isNaN ? .nan : 0) }
        return (row.map { ($0 / scale).rounded(.toNearestOrEven) }, scale)
    }

    /// The same of one number, which has no scale of its own.
    private func stored(_ value: Float) -> Float {
        guard self != .f32, value.isFinite, value != 0 else { return value }
        let (bits, lowest) = self == .f16 ? (10, -14) : (7, -126)
        let unit = Double(sign: .plus, exponent: max(Int(value.exponent), lowest) - bits, significand: 1)
        let rounded = (Double(value) / unit).rounded(.toNearestOrEven) * unit
        return self == .f16 && abs(rounded) >= 65_536 ? (value < 0 ? -.infinity : .infinity) : Float(rounded)
    }

    /// The next stride from `elements` on that this type allows.
    func stride(_ elements: Int, d: Int) -> Int { self == .i8 ? (elements + d - 1) / d * d : elements }

    var rope: ck_variants {
        switch self {
        case .f32: ck_rope_append_f32_variants()
        case .f16: ck_rope_append_f16_variants()
        case .bf16: ck_rope_append_bf16_variants()
        case .i8: ck_rope_append_i8_variants()
        }
    }

    func checkRope(_ a: UnsafePointer<ck_rope_append_args>?) -> ck_status {
        switch self {
        case .f32: ck_rope_append_f32_check(a)
        case .f16: ck_rope_append_f16_check(a)
        case .bf16: ck_rope_append_bf16_check(a)
        case .i8: ck_rope_append_i8_check(a)
        }
    }
}

/// Memory of one cache: elements of a type, all NaN or -128 at first, that begin on no vector boundary, and their scales.
final class CacheBuffer {
    let type: CacheElement
    private let d: Int
    private let f32: LinearBuffer<Float>
    private let half: LinearBuffer<UInt16>
    private let bytes: LinearBuffer<Int8>
    private let scaleBuffer: LinearBuffer<Float>

    init(_ type: CacheElement, count: Int, d: Int) {
        self.type = type
        self.d = d
        f32 = LinearBuffer<Float>(type == .f32 ? count : 0, filledWith: .nan, canary: -12345.5)
        half = LinearBuffer<UInt16>(type == .f16 || type == .bf16 ? count : 0, filledWith: 0x7fff, canary: 0x5a5a)
        bytes = LinearBuffer<Int8>(type == .i8 ? count : 0, filledWith: -128, canary: 0x5a)
        scaleBuffer = LinearBuffer<Float>(type == .i8 ? count / d : 0, filledWith: .nan, canary: -12345.5)
    }

    var pointer: UnsafeMutableRawPointer {
        switch type {
        case .f32: UnsafeMutableRawPointer(f32.pointer)
        case .f16, .bf16: UnsafeMutableRawPointer(half.pointer)
        case .i8: UnsafeMutableRawPointer(bytes.pointer)
        }
    }
    /// Nil where the type has none.
    var scales: UnsafeMutablePointer<Float>? { type == .i8 ? scaleBuffer.pointer : nil }
    var isIntact: Bool { f32.isIntact && half.isIntact && bytes.isIntact && scaleBuffer.isIntact }
    var bits: [UInt32] {
        switch type {
        case .f32: f32.bits
        case .f16, .bf16: half.values.map(UInt32.init)
        case .i8: bytes.values.map { UInt32(bitPattern: Int32($0)) } + scaleBuffer.bits
        }
    }

    /// What element `index` stands for.
    subscript(_ index: Int) -> Float {
        switch type {
        case .f32: f32[index]
        case .f16: linearFloat(half: half[index])
        case .bf16: Float(bitPattern: UInt32(half[index]) << 16)
        case .i8: Float(bytes[index]) * scaleBuffer[index / d]
        }
    }

    /// Keeps the elements that one head has of a cell, from element `at` on.
    func store(_ row: [Float], at: Int) {
        let (elements, scale) = type.stored(row)
        if type == .i8 { scaleBuffer[at / d] = scale }
        for (j, element) in elements.enumerated() {
            switch type {
            case .f32: f32[at + j] = element
            case .f16: ck_f16_from_f32([element], half.pointer + at + j, 1)
            case .bf16: ck_bf16_from_f32([element], half.pointer + at + j, 1)
            case .i8: bytes[at + j] = Int8(element)
            }
        }
    }
}
