/// UTF-8 as sentencepiece 0.1.99 reads it (`DecodeUTF8` in util.cc): no overlong forms, no surrogates, nothing above
/// U+10FFFF, and an invalid place costs exactly one byte.
enum UTF8Scanning {
    enum Step: Equatable {
        /// A whole character of so many bytes.
        case character(Int)
        /// No continuation can make a character of the byte here.
        case invalid
        /// The bytes end inside what may still become a character.
        case incomplete
    }

    /// What stands at `position`, which must be below `end`.
    static func step(_ bytes: [UInt8], at position: Int, end: Int) -> Step {
        let lead = bytes[position]
        let length: Int
        // The second byte's range is what rules out overlong forms, surrogates and values that are too large.
        var second: ClosedRange<UInt8> = 0x80...0xbf
        switch lead {
        case 0x00...0x7f: return .character(1)
        case 0xc2...0xdf: length = 2
        case 0xe0: (length, second) = (3, 0xa0...0xbf)
        case 0xed: (length, second) = (3, 0x80...0x9f)
        case 0xe1...0xef: length = 3
        case 0xf0: (length, second) = (4, 0x90...0xbf)
        case 0xf1...0xf3: length = 4
        case 0xf4: (length, second) = (4, 0x80...0x8f)
        default: return .invalid
        }
        for offset in 1..<length {
            guard position + offset < end else { return .incomplete }
            let byte = bytes[position + offset]
            guard offset == 1 ? second.contains(byte) : byte & 0xc0 == 0x80 else { return .invalid }
        }
        return .character(length)
    }

    static func isValid(_ bytes: [UInt8], in range: Range<Int>) -> Bool {
        var position = range.lowerBound
        while position < range.upperBound {
            guard case .character(let length) = step(bytes, at: position, end: range.upperBound) else { return false }
            position += length
        }
        return true
    }

    /// Length of a character told by its first byte alone, as sentencepiece walks over text.
    @inline(__always)
    static func length(ofLead byte: UInt8) -> Int {
        byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
    }
}
