/// Numbers of text files, read without copying them.
enum NumberParser {
    private static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20,
        1e21, 1e22,
    ]
    private static let integerPowers: [UInt64] = (0...19).map { exponent in
        (0..<exponent).reduce(UInt64(1)) { power, _ in power * 10 }
    }

    /// The nearest `Double` of `[+-]digits[.digits][e[+-]digits]`, `nan`, `inf` or `infinity`; nil for anything else.
    /// Independent of the locale.
    static func double(_ bytes: UnsafeRawBufferPointer, _ token: Range<Int>) -> Double? {
        var position = token.lowerBound
        let end = token.upperBound
        guard position < end else { return nil }
        let isNegative = bytes[position] == UInt8(ascii: "-")
        if isNegative || bytes[position] == UInt8(ascii: "+") { position += 1 }
        var mantissa: UInt64 = 0
        var digits = 0
        var significant = 0
        var exponent = 0
        var isInFraction = false
        while position < end {
            let digit = bytes[position] &- 48
            if digit < 10 {
                digits += 1
                if significant > 0 || digit != 0 { significant += 1 }
                // More than 19 significant digits wrap here, but then the long way is taken.
                mantissa = mantissa &* 10 &+ UInt64(digit)
                if isInFraction { exponent -= 1 }
            } else if bytes[position] == UInt8(ascii: "."), !isInFraction {
                isInFraction = true
            } else {
                break
            }
            position += 1
        }
        guard digits > 0 else { return special(bytes[token]) }
        if position < end {
            guard bytes[position] | 0x20 == UInt8(ascii: "e") else { return nil }
            position += 1
            guard position < end else { return nil }
            let isDown = bytes[position] == UInt8(ascii: "-")
            if isDown || bytes[position] == UInt8(ascii: "+") { position += 1 }
            guard position < end else { return nil }
            var written = 0
            while position < end {
                let digit = bytes[position] &- 48
                guard digit < 10 else { return nil }
                written = min(written * 10 + Int(digit), 1_000_000)
                position += 1
            }
            exponent += isDown ? -written : written
        }
        guard significant <= 19, let magnitude = scaled(mantissa, by: exponent) else {
            return Double(String(decoding: bytes[token], as: UTF8.self))
        }
        return isNegative ? -magnitude : magnitude
    }

    /// `mantissa * 10^exponent`, correctly rounded, or nil where that takes more than machine arithmetic.
    @inline(__always)
    private static func scaled(_ mantissa: UInt64, by exponent: Int) -> Double? {
        if mantissa <= 1 << 53, exponent >= -22, exponent <= 22 {
            // Both operands are exact, so the one operation rounds once.
            return exponent < 0 ? Double(mantissa) / powers[-exponent] : Double(mantissa) * powers[exponent]
        }
        guard exponent < 0, exponent >= -19, mantissa > 0 else { return nil }
        // Long division with at least 62 quotient bits; the remainder is kept as a sticky bit far below the 53rd,
        // so that the conversion rounds as the infinite quotient would.
        let divisor = integerPowers[-exponent]
        let shift = mantissa.leadingZeroBitCount
        let divisorShift = divisor.leadingZeroBitCount
        let dividend = mantissa << UInt64(shift)
        let (quotient, remainder) = (divisor << UInt64(divisorShift))
            .dividingFullWidth((high: dividend >> 1, low: dividend << 63))
        let value = Double(quotient | (remainder == 0 ? 0 : 1))
        return value * Double(sign: .plus, exponent: divisorShift - shift - 63, significand: 1)
    }

    private static func special(_ token: Slice<UnsafeRawBufferPointer>) -> Double? {
        guard token.count <= 9 else { return nil }
        var text = String(decoding: token, as: UTF8.self).lowercased()
        let isNegative = text.hasPrefix("-")
        if isNegative || text.hasPrefix("+") { text.removeFirst() }
        switch text {
        case "nan": return .nan
        case "inf", "infinity": return isNegative ? -.infinity : .infinity
        default: return nil
        }
    }

    enum Integer {
        case value(magnitude: UInt64, isNegative: Bool)
        case notANumber
        case tooLarge
    }

    /// A whole number. `12.0` and `1e3` count as whole.
    static func integer(_ bytes: UnsafeRawBufferPointer, _ token: Range<Int>) -> Integer {
        var position = token.lowerBound
        guard position < token.upperBound else { return .notANumber }
        let isNegative = bytes[position] == UInt8(ascii: "-")
        if isNegative || bytes[position] == UInt8(ascii: "+") { position += 1 }
        guard position < token.upperBound else { return .notANumber }
        var magnitude: UInt64 = 0
        while position < token.upperBound {
            let digit = bytes[position] &- 48
            guard digit < 10 else { return wholeDouble(bytes, token) }
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return .tooLarge }
            magnitude = sum
            position += 1
        }
        return .value(magnitude: magnitude, isNegative: isNegative)
    }

    private static func wholeDouble(_ bytes: UnsafeRawBufferPointer, _ token: Range<Int>) -> Integer {
        guard let value = double(bytes, token), let magnitude = UInt64(exactly: value.magnitude) else {
            return .notANumber
        }
        return .value(magnitude: magnitude, isNegative: value < 0)
    }

    /// A count of a header: a whole number that is not negative, or why not.
    static func count(_ text: String) -> (value: Int?, reason: String) {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { buffer in
            guard !buffer.contains(where: { !($0 >= 48 && $0 < 58) && $0 != 0x2D && $0 != 0x2B }) else {
                return (nil, "\(quotedForMessage(text)) is not a number")
            }
            switch integer(buffer, 0..<buffer.count) {
            case .notANumber: return (nil, "\(quotedForMessage(text)) is not a number")
            case .tooLarge: return (nil, "\(quotedForMessage(text)) is too large")
            case .value(let magnitude, let isNegative):
                guard !isNegative || magnitude == 0 else { return (nil, "is negative: \(text)") }
                guard let value = Int(exactly: magnitude) else {
                    return (nil, "\(quotedForMessage(text)) is too large")
                }
                return (value, "")
            }
        }
    }
}
