import CLEOKernels
import TestSupport
import Testing

/// Memory for one kernel operand: exactly `count` elements that begin on no vector boundary, with canaries around them.
final class LinearBuffer<Element: BitwiseCopyable & Equatable> {
    let count: Int
    private let margin = 67
    private let memory: UnsafeMutablePointer<Element>
    private let canary: Element

    var pointer: UnsafeMutablePointer<Element> { memory + margin }
    var constant: UnsafePointer<Element> { UnsafePointer(pointer) }

    init(_ count: Int, filledWith value: Element, canary: Element) {
        self.count = count
        self.canary = canary
        let bytes = (count + 2 * margin) * MemoryLayout<Element>.stride
        memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64).bindMemory(
            to: Element.self, capacity: count + 2 * margin)
        memory.initialize(repeating: canary, count: count + 2 * margin)
        pointer.update(repeating: value, count: count)
    }

    convenience init(_ values: [Element], canary: Element) {
        self.init(values.count, filledWith: canary, canary: canary)
        for (i, value) in values.enumerated() { pointer[i] = value }
    }

    deinit { memory.deallocate() }

    subscript(_ index: Int) -> Element {
        get { pointer[index] }
        set { pointer[index] = newValue }
    }

    var values: [Element] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    /// Whether nothing outside the elements was written.
    var isIntact: Bool {
        (0..<margin).allSatisfy { memory[$0] == canary && memory[margin + count + $0] == canary }
    }
}

extension LinearBuffer where Element == Float {
    convenience init(_ values: [Float]) { self.init(values, canary: -12345.5) }
    convenience init(zeros count: Int) { self.init(count, filledWith: 0, canary: -12345.5) }
    convenience init(random count: Int, _ generator: inout SeededGenerator) { self.init(generator.floats(count)) }

    var bits: [UInt32] { values.map(\.bitPattern) }
}

/// A row of a family's table.
struct LinearVariant {
    let name: String
    private let run: ck_kernel

    /// The rows of `table` that this CPU can run. Those it cannot are named in the test's output.
    static func runnable(_ table: ck_variants) -> [LinearVariant] {
        var result: [LinearVariant] = []
        for i in 0..<Int(table.count) {
            let row = table.rows[i]
            guard let run = row.run, let name = row.name.map({ String(cString: $0) }) else { continue }
            if ck_isa_supported(row.isa) {
                result.append(LinearVariant(name: name, run: run))
            } else {
                print("skipped \(name): this CPU lacks \(String(cString: ck_isa_name(row.isa)))")
            }
        }
        return result
    }

    func callAsFunction<Arguments>(_ arguments: Arguments, parts: Int = 1) {
        withUnsafePointer(to: arguments) { pointer in
            // Last part first: the order must not matter.
            for part in (0..<parts).reversed() { run(pointer, Int32(part), Int32(parts)) }
        }
    }
}

/// How weights are stored, and rows multiplied.
enum LinearWeightType: CaseIterable, Sendable {
    case f32, f16, bf16
    /// bfloat16 weights, and rows that are rounded to it.
    case bf16Rows

    var table: ck_variants {
        switch self {
        case .f32: ck_linear_f32_f32_nk16_variants()
        case .f16: ck_linear_f32_f16_nk16_variants()
        case .bf16: ck_linear_f32_bf16_nk16_variants()
        case .bf16Rows: ck_linear_bf16_bf16_nk16_variants()
        }
    }
}

/// A packed matrix in exactly sized memory, and the values it stands for.
struct LinearWeight {
    let n: Int, k: Int
    private let f32: LinearBuffer<Float>?
    private let half: LinearBuffer<UInt16>?
    /// Row-major [n, k], as the kernel should see them.
    let stored: [Float]

    init(_ source: [Float], n: Int, k: Int, type: LinearWeightType) {
        let padded = (n + 15) / 16 * 16
        var f32: LinearBuffer<Float>?
        var half: LinearBuffer<UInt16>?
        let at = { (row: Int, j: Int) in ((row / 16) * k + j) * 16 + row % 16 }
        let status: ck_status
        let value: (Int, Int) -> Float
        switch type {
        case .f32:
            let target = LinearBuffer<Float>(padded * k, filledWith: .nan, canary: -12345.5)
            status = ck_pack_nk16_f32(source, Int64(n), Int64(k), target.pointer)
            value = { target[at($0, $1)] }
            f32 = target
        case .f16, .bf16, .bf16Rows:
            let target = LinearBuffer<UInt16>(padded * k, filledWith: 0x7fff, canary: 0x7fff)
            status =
                type == .f16
                ? ck_pack_nk16_f16(source, Int64(n), Int64(k), target.pointer)
                : ck_pack_nk16_bf16(source, Int64(n), Int64(k), target.pointer)
            value = {
                type == .f16
                    ? linearFloat(half: target[at($0, $1)]) : Float(bitPattern: UInt32(target[at($0, $1)]) << 16)
            }
            half = target
        }
        #expect(status == CK_OK)
        self.n = n
        self.k = k
        self.f32 = f32
        self.half = half
        stored = (0..<n).flatMap { row in (0..<k).map { value(row, $0) } }
        #expect((f32?.isIntact ?? true) && (half?.isIntact ?? true))
    }

    var pointer: UnsafeRawPointer? {
        f32.map { UnsafeRawPointer($0.pointer) } ?? half.map { UnsafeRawPointer($0.pointer) }
    }
}

/// The value of half-precision bits by definition of the format.
func linearFloat(half bits: UInt16) -> Float {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10) & 31
    let fraction = Float(bits & 0x3ff) / 1024
    if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
    if exponent == 0 { return sign * fraction * Float(sign: .plus, exponent: -14, significand: 1) }
    return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
}
