import CLEOKernels
import Foundation
import Testing
import TestSupport

/// What the suites of the vision and spatial kernels share.
enum VisionSupport {
    /// Rows of a variant table that this CPU can run; the others are named on the console.
    static func runnable(_ variants: ck_variants) -> [VisionVariant] {
        (0..<Int(variants.count)).compactMap { index in
            let row = variants.rows[index]
            let name = String(cString: row.name)
            guard ck_isa_supported(row.isa) else {
                print("skipped \(name): this CPU lacks \(String(cString: ck_isa_name(row.isa)))")
                return nil
            }
            return VisionVariant(name: name, kernel: row.run)
        }
    }

    /// Compares with a double oracle: |found - expected| <= absolute + relative |expected|. NaN and infinity must agree.
    static func expectClose(
        _ found: [Float], _ expected: [Double], absolute: Double, relative: Double = 0, _ label: @autoclosure () -> String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard found.count == expected.count else {
            Issue.record("\(label()): \(found.count) values, expected \(expected.count)", sourceLocation: sourceLocation)
            return
        }
        for (index, (value, wanted)) in zip(found, expected).enumerated() {
            let value = Double(value)
            let agrees = value == wanted || (value.isNaN && wanted.isNaN)
                || abs(value - wanted) <= absolute + relative * abs(wanted)
            if !agrees {
                Issue.record("\(label()): [\(index)] is \(value), expected \(wanted)", sourceLocation: sourceLocation)
                return
            }
        }
    }
}

struct VisionVariant {
    let name: String
    let kernel: ck_kernel

    /// Runs every part, the last one first: neither their order nor their number may show.
    func run<Arguments>(_ arguments: Arguments, parts: Int = 1) {
        withUnsafePointer(to: arguments) { pointer in
            for part in (0..<parts).reversed() { kernel(UnsafeRawPointer(pointer), Int32(part), Int32(parts)) }
        }
    }
}

/// Rows of floats at an address that is a multiple of 4 but of no more, with a known pattern before, between and after.
///
/// The memory is never freed: kernels know it by raw pointers alone, and Swift may release an object after its last mention.
struct VisionBuffer {
    static let margin = 19
    static let pattern: UInt32 = 0x7fc1_2345 // a NaN, so that reading it shows too
    let rows: Int, columns: Int, stride: Int
    private let base: UnsafeMutableRawPointer
    private var total: Int { VisionBuffer.margin * 2 + rows * stride }

    init(rows: Int = 1, columns: Int, stride: Int? = nil) {
        self.rows = rows
        self.columns = columns
        self.stride = stride ?? columns
        base = .allocate(byteCount: (2 * VisionBuffer.margin + rows * self.stride) * 4, alignment: 64)
        let words = base.bindMemory(to: UInt32.self, capacity: total)
        for index in 0..<total { words[index] = VisionBuffer.pattern }
    }

    init(_ values: [Float], rows: Int = 1, stride: Int? = nil) {
        self.init(rows: rows, columns: rows == 0 ? 0 : values.count / rows, stride: stride)
        fill(values)
    }

    /// Replaces all elements, given without gaps.
    func fill(_ values: some Collection<Float>) {
        precondition(values.count == rows * columns, "\(values.count) values for \(rows) x \(columns)")
        for (index, value) in values.enumerated() { pointer[index / columns * stride + index % columns] = value }
    }

    var pointer: UnsafeMutablePointer<Float> {
        base.assumingMemoryBound(to: Float.self) + VisionBuffer.margin
    }

    /// The elements without the gaps between rows.
    var values: [Float] { (0..<rows).flatMap { row in (0..<columns).map { pointer[row * stride + $0] } } }
    var bits: [UInt32] { values.map(\.bitPattern) }

    /// Whether everything outside the rows is as it was.
    var isIntactAround: Bool {
        let words = base.assumingMemoryBound(to: UInt32.self)
        return (0..<total).allSatisfy { index in
            let inside = index - VisionBuffer.margin
            if inside >= 0, inside < rows * stride, inside % stride < columns { return true }
            return words[index] == VisionBuffer.pattern
        }
    }
}
