internal import CLEOKernels
import Foundation

/// The row of each kernel table that this CPU runs best.
///
/// `ck_select` asks the CPU every time, and a virtual machine needs microseconds for each question; a model has a thousand steps
/// and a few dozen tables, and neither the CPU nor LEO_ISA changes while the process lives.
enum SelectedKernels {
    private static let lock = NSLock()
    nonisolated(unsafe) private static var rows: [UnsafePointer<ck_variant>: UnsafePointer<ck_variant>] = [:]

    /// Nil for an empty table.
    static func row(of variants: ck_variants) -> UnsafePointer<ck_variant>? {
        guard variants.count > 0, let table = variants.rows else { return nil }
        return lock.withLock {
            if let known = rows[table] { return known }
            let row = ck_select(variants)
            rows[table] = row
            return row
        }
    }
}
