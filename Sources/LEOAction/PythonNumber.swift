import Foundation

/// Numbers as Python reads and writes them.
enum PythonNumber {
    /// Python's `float(text)`, nil where that raises `ValueError`: white space around, decimal digits of any script,
    /// single underscores between digits, `inf`, `infinity`, `nan`.
    static func float(_ text: some StringProtocol) -> Double? {
        guard let ascii = asciiForm(of: text) else { return nil }
        var body = ascii[...]
        while let first = body.first, isSpace(first) { body = body.dropFirst() }
        while let last = body.last, isSpace(last) { body = body.dropLast() }
        guard let plain = withoutUnderscores(body) else { return nil }
        var unsigned = plain[...]
        var isNegative = false
        if let sign = unsigned.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            unsigned = unsigned.dropFirst()
        }
        switch String(decoding: unsigned, as: UTF8.self).lowercased() {
        case "inf", "infinity": return isNegative ? -.infinity : .infinity
        case "nan": return .nan
        default: break
        }
        guard isDecimal(unsigned), let value = Double(String(decoding: unsigned, as: UTF8.self)) else { return nil }
        return isNegative ? -value : value
    }

    /// Python's `f"{value:.1f}"`: one decimal, rounded half to even on the exact binary value.
    static func oneDecimal(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        return String(format: "%.1f", value)
    }

    /// Python's `str(int(value))`: cut off towards zero, all digits; nil where that raises (infinite, not a number).
    static func integer(_ value: Double) -> String? {
        guard value.isFinite else { return nil }
        let whole = value.rounded(.towardZero)
        return whole == 0 ? "0" : String(format: "%.0f", whole)
    }

    // MARK: Helpers

    private static func asciiForm(of text: some StringProtocol) -> [UInt8]? {
        var ascii: [UInt8] = []
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            if scalar.value < 0x7f {
                ascii.append(UInt8(scalar.value))
            } else if properties.isWhitespace {
                ascii.append(0x20)
            } else if properties.numericType == .decimal, let value = properties.numericValue, (0...9).contains(value) {
                ascii.append(UInt8(ascii: "0") + UInt8(value))
            } else {
                return nil
            }
        }
        return ascii
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func withoutUnderscores(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var plain: [UInt8] = []
        for index in text.indices {
            guard text[index] == UInt8(ascii: "_") else {
                plain.append(text[index])
                continue
            }
            guard index > text.startIndex, index + 1 < text.endIndex, isDigit(text[index - 1]), isDigit(text[index + 1])
            else { return nil }
        }
        return plain
    }

    /// Digits with at most one point and at least one digit, then maybe an exponent.
    private static func isDecimal(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        func digits() -> Int {
            let count = rest.prefix { isDigit($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        var count = digits()
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            count += digits()
        }
        guard count > 0 else { return false }
        if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
