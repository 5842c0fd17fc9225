import CLEOKernels
import Testing

/// Memory of `count` elements between two guard zones, at an address that is aligned to the element only (unless
/// `aligned`), so that a kernel that assumes more or writes beside its output is caught.
final class Guarded<Element: BitwiseCopyable> {
    private static var guardBytes: Int { 64 }
    private static var canary: UInt8 { 0xa5 }
    private let base: UnsafeMutableRawPointer
    private let lead: Int
    let count: Int
    let pointer: UnsafeMutablePointer<Element>

    init(count: Int, aligned: Bool = false) {
        self.count = count
        lead = Self.guardBytes + (aligned ? 0 : MemoryLayout<Element>.stride)
        let bytes = lead + count * MemoryLayout<Element>.stride + Self.guardBytes
        base = .allocate(byteCount: bytes, alignment: 64)
        base.initializeMemory(as: UInt8.self, repeating: Self.canary, count: bytes)
        pointer = (base + lead).bindMemory(to: Element.self, capacity: count)
    }

    convenience init(_ values: [Element]) {
        self.init(count: values.count)
        for (index, value) in values.enumerated() { pointer[index] = value }
    }

    deinit { base.deallocate() }

    var values: [Element] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    /// Whether nothing was written in front of or behind the elements.
    var isIntact: Bool {
        let behind = base + lead + count * MemoryLayout<Element>.stride
        let guards = [
            UnsafeRawBufferPointer(start: base, count: lead), UnsafeRawBufferPointer(start: behind, count: Self.guardBytes),
        ]
        return guards.allSatisfy { $0.allSatisfy { $0 == Self.canary } }
    }
}

/// The rows of a family that this CPU runs; the others are named in the output, not dropped silently.
func runnable(_ variants: ck_variants) -> [ck_variant] {
    let rows = UnsafeBufferPointer(start: variants.rows, count: Int(variants.count))
    return rows.filter { row in
        if ck_isa_supported(row.isa) { return true }
        print("skipped: \(String(cString: row.name)), this CPU lacks \(String(cString: ck_isa_name(row.isa)))")
        return false
    }
}

/// Calls every slice, the last one first.
func runSlices<Arguments>(_ variant: ck_variant, _ arguments: Arguments, parts: Int) {
    withUnsafePointer(to: arguments) { pointer in
        for part in (0..<parts).reversed() { variant.run(pointer, Int32(part), Int32(parts)) }
    }
}

func name(_ variant: ck_variant) -> String { String(cString: variant.name) }

let partCounts = [1, 2, 3, 7]

/// The table names its rows after the family, ends with the reference and lists no instruction set twice.
func expectWellFormed(_ variants: ck_variants, family: String) {
    let rows = UnsafeBufferPointer(start: variants.rows, count: Int(variants.count))
    #expect(rows.last?.isa == CK_ISA_REF)
    #expect(Set(rows.map(\.isa.rawValue)).count == rows.count)
    for row in rows { #expect(name(row) == "\(family)_\(String(cString: ck_isa_name(row.isa)))") }
}
