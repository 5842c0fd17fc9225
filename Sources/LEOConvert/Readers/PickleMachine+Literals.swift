extension PickleMachine {
    // MARK: Numbers

    func pushNumber(_ opcode: PickleOpcode) throws {
        switch opcode {
        case .binInt: try push(.int(Int(Int32(truncatingIfNeeded: input.number(4)))))
        case .binInt1: try push(.int(Int(input.byte())))
        case .binInt2: try push(.int(Int(input.number(2))))
        case .binFloat: try push(.double(Double(bitPattern: input.number(8).byteSwapped)))
        case .float:
            let text = try input.lineText()
            guard let value = Double(text) else { throw malformed("a float", quoted(text)) }
            try push(.double(value))
        case .int:
            let text = try input.lineText()
            // Protocol 0 writes booleans so.
            if text == "00" || text == "01" { return try push(.bool(text == "01")) }
            try pushDigits(text)
        case .long:
            let text = try input.lineText()
            try pushDigits(text.hasSuffix("L") ? String(text.dropLast()) : text)
        case .long1: try pushLong(input.take(UInt64(input.byte())))
        case .long4:
            let count = try input.number(4)
            guard count < 1 << 31 else { throw malformed("a length from 0", "\(Int32(truncatingIfNeeded: count))") }
            try pushLong(input.take(count))
        default: break
        }
    }

    private func pushDigits(_ text: String) throws {
        if let value = Int(text) { return try push(.int(value)) }
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else {
            throw malformed("an integer", quoted(text))
        }
        try push(.bigInteger(text))
    }

    /// Two's complement, least byte first.
    private func pushLong(_ place: Range<Int>) throws {
        let bytes = input.bytes[place]
        let isNegative = bytes.last.map { $0 >= 0x80 } ?? false
        let sign: UInt8 = isNegative ? 0xff : 0
        let low = bytes.prefix(8)
        let high = bytes.dropFirst(8)
        var value: UInt64 = isNegative ? .max : 0
        for byte in low.reversed() { value = value << 8 | UInt64(byte) }
        if high.allSatisfy({ $0 == sign }), low.count < 8 || (value >> 63 == 1) == isNegative {
            return try push(.int(Int(Int64(bitPattern: value))))
        }
        guard bytes.count <= 1024 else {
            throw CheckpointError.tooLarge(
                file: file, field: "pickle integer", limit: 1024, found: "\(bytes.count) bytes")
        }
        let digits = bytes.reversed().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        try push(.bigInteger("0x" + digits.joined()))
    }

    // MARK: Text and bytes

    func pushText(_ opcode: PickleOpcode) throws {
        switch opcode {
        case .shortBinUnicode: try pushUnicode(input.take(UInt64(input.byte())))
        case .binUnicode: try pushUnicode(input.take(input.number(4)))
        case .binUnicode8: try pushUnicode(input.take(input.number(8)))
        case .shortBinBytes: try push(.bytes(.place(input.take(UInt64(input.byte())))))
        case .binBytes: try push(.bytes(.place(input.take(input.number(4)))))
        case .binBytes8, .byteArray8: try push(.bytes(.place(input.take(input.number(8)))))
        case .shortBinString: try pushPython2(.place(input.take(UInt64(input.byte()))))
        case .binString: try pushPython2(.place(input.take(input.number(4))))
        case .string: try pushPython2(.own(MemoryBytes(unescaped(input.line()))))
        case .unicode: try push(.string(.own(MemoryBytes(unescapedUnicode(input.line())))))
        default: break
        }
    }

    private func pushUnicode(_ place: Range<Int>) throws {
        guard isUTF8(input.bytes[place]) else { throw malformed("a text in UTF-8", "other bytes") }
        try push(.string(.place(place)))
    }

    private func isUTF8(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.withUnsafeBufferPointer { buffer in
            if buffer.allSatisfy({ $0 < 0x80 }) { return true }
            var decoder = UTF8()
            var iterator = buffer.makeIterator()
            while true {
                switch decoder.decode(&iterator) {
                case .scalarValue: continue
                case .emptyInput: return true
                case .error: return false
                }
            }
        }
    }

    /// A Python 2 `str` is text or bytes; nobody can tell. ASCII counts as text, which arrays turn back into bytes.
    private func pushPython2(_ text: PickleText) throws {
        try push(contents(text).allSatisfy { $0 < 0x80 } ? .string(text) : .bytes(text))
    }

    /// The bytes of a Python 2 literal: quotes around, backslash escapes within.
    private func unescaped(_ line: Range<Int>) throws -> [UInt8] {
        var rest = input.bytes[line]
        guard let quote = rest.first, quote == 0x27 || quote == 0x22, rest.count >= 2, rest.last == quote else {
            throw malformed("a quoted text", "other bytes")
        }
        rest = rest.dropFirst().dropLast()
        var result: [UInt8] = []
        result.reserveCapacity(rest.count)
        while let byte = rest.popFirst() {
            guard byte == 0x5c else {
                result.append(byte)
                continue
            }
            guard let escape = rest.popFirst() else { throw malformed("an escape", "the end of the text") }
            switch escape {
            case UInt8(ascii: "n"): result.append(0x0a)
            case UInt8(ascii: "r"): result.append(0x0d)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "x"):
                guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2
                else {
                    throw malformed("two hexadecimal digits", "other bytes")
                }
                rest = rest.dropFirst(2)
                result.append(value)
            default: result.append(escape)
            }
        }
        return result
    }

    /// UTF-8 of Python's raw-unicode-escape: Latin-1 with `\uXXXX` and `\UXXXXXXXX`.
    private func unescapedUnicode(_ line: Range<Int>) throws -> [UInt8] {
        var rest = input.bytes[line]
        var result = ""
        while let byte = rest.popFirst() {
            let length =
                byte == 0x5c ? (rest.first == UInt8(ascii: "u") ? 4 : rest.first == UInt8(ascii: "U") ? 8 : 0) : 0
            guard length > 0 else {
                result.unicodeScalars.append(Unicode.Scalar(byte))
                continue
            }
            let digits = rest.dropFirst().prefix(length)
            guard digits.count == length, let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
                let scalar = Unicode.Scalar(code)
            else { throw malformed("a Unicode scalar in hexadecimal", "other bytes") }
            rest = rest.dropFirst(1 + length)
            result.unicodeScalars.append(scalar)
        }
        return Array(result.utf8)
    }

    // MARK: Conversions

    func text(_ raw: PickleRaw) throws -> String {
        guard case .string(let text)? = node(raw) else { throw malformed("a text", describe(raw)) }
        return String(decoding: contents(text), as: UTF8.self)
    }

    func integer(_ raw: PickleRaw, _ what: String) throws -> Int {
        guard case .int(let value) = raw else { throw malformed("an integer (\(what))", describe(raw)) }
        return value
    }

    /// Items of a list or tuple.
    func sequence(_ raw: PickleRaw, _ what: String) throws -> [PickleRaw] {
        guard case .sequence(let sequence)? = node(raw), sequence.kind != .set else {
            throw malformed("a tuple (\(what))", describe(raw))
        }
        return sequence.items
    }

    func integers(_ raw: PickleRaw, _ what: String) throws -> [Int] {
        let items = try sequence(raw, what)
        guard items.count <= ReaderLimits.rank else {
            throw CheckpointError.tooLarge(
                file: file, field: "pickle: \(what)", limit: ReaderLimits.rank, found: "\(items.count) numbers")
        }
        return try items.map { try integer($0, what) }
    }

    /// What makes a key; equal numbers are equal keys as in Python. Lists and dictionaries are no keys.
    func identity(of raw: PickleRaw, depth: Int = 0) throws -> PickleKey {
        switch raw {
        case .none: return .none
        case .bool(let value): return .int(value ? 1 : 0)
        case .int(let value): return .int(value)
        case .double(let value): return Int(exactly: value).map { .int($0) } ?? .double(value.bitPattern)
        case .node(let index):
            switch nodes[index] {
            case .string(let text): return .text(number(of: text, at: index))
            case .bytes(let text): return .bytes(number(of: text, at: index))
            case .sequence(let sequence) where sequence.kind == .tuple && depth < 4:
                try charge(sequence.items.count)
                return .tuple(try sequence.items.map { try identity(of: $0, depth: depth + 1) })
            default: throw malformed("a key of text or numbers", describe(raw))
            }
        }
    }

    private func number(of text: PickleText, at index: Int) -> Int {
        if let number = textNumbers[index] { return number }
        // A copy: a slice would keep every earlier state of the growing input alive.
        let content = Array(contents(text))
        let number = numberOfText[content] ?? numberOfText.count
        numberOfText[content] = number
        textNumbers[index] = number
        return number
    }
}
