import Foundation

/// Numbers as people read them.
enum Units {
    /// `6.91 GB`, in powers of 1000.
    static func bytes(_ count: Int) -> String { scaled(Double(count), ["bytes", "kB", "MB", "GB", "TB", "PB"]) }

    /// `1.23 G`, without a unit.
    static func count(_ count: Int) -> String { scaled(Double(count), ["", "k", "M", "G", "T", "P"]).trimmed }

    static func rate(_ bytesPerSecond: Double) -> String { bytes(Int(clamping: bytesPerSecond)) + "/s" }

    /// `0.123 s`, `41.3 s`, `3 min 20 s`, `2 h 05 min`.
    static func seconds(_ value: Double) -> String {
        guard value.isFinite, value >= 0 else { return "?" }
        if value < 10 { return String(format: value < 1 ? "%.3f s" : "%.2f s", value) }
        if value < 100 { return String(format: "%.1f s", value) }
        let whole = Int(clamping: value.rounded())
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return String(format: "%d h %02d min", whole / 3600, whole % 3600 / 60)
    }

    private static func scaled(_ value: Double, _ units: [String]) -> String {
        var value = value, index = 0
        while value >= 999.5, index < units.count - 1 {
            value /= 1000
            index += 1
        }
        if index == 0 { return "\(Int(value)) \(units[0])" }
        return String(format: value < 9.995 ? "%.2f %@" : value < 99.95 ? "%.1f %@" : "%.0f %@", value, units[index] as NSString)
    }
}

extension Int {
    /// The nearest `Int`; 0 for NaN.
    init(clamping value: Double) {
        self = value.isNaN ? 0 : value >= 9.2e18 ? .max : value <= -9.2e18 ? .min : Int(value)
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }

    /// Filled with spaces up to `width` characters.
    func padded(_ width: Int) -> String { count >= width ? self : self + String(repeating: " ", count: width - count) }
    func leftPadded(_ width: Int) -> String { count >= width ? self : String(repeating: " ", count: width - count) + self }
}
