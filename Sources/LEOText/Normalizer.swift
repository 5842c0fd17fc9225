/// sentencepiece's normaliser without a character map: only white space changes. Initial values are the format's defaults.
struct Normalizer: Sendable {
    /// Puts a space before the text, so that its first word looks like any other.
    var addsDummyPrefix = true
    /// Drops spaces at both ends and shortens runs to one. Only U+0020 counts.
    var removesExtraSpaces = true
    /// Writes spaces as U+2581.
    var escapesSpaces = true

    /// The text as the merges see it. Empty for an empty text: no prefix is added to nothing.
    func normalize(_ text: UnsafeBufferPointer<UInt8>, keeping userDefined: PrefixMatcher) -> [UInt8] {
        var position = 0
        if removesExtraSpaces {
            while position < text.count, text[position] == 0x20, unit(text, at: position, userDefined) == 1 {
                position += 1
            }
        }
        guard position < text.count else { return [] }

        var output: [UInt8] = []
        output.reserveCapacity(text.count + text.count / 2 + 3)
        if addsDummyPrefix { appendSpace(to: &output) }
        var followsSpace = removesExtraSpaces
        while position < text.count {
            let end = position + unit(text, at: position, userDefined)
            var start = position
            while followsSpace, start < end, text[start] == 0x20 { start += 1 }
            if start < end {
                for byte in text[start..<end] {
                    if byte == 0x20 { appendSpace(to: &output) } else { output.append(byte) }
                }
                followsSpace = removesExtraSpaces && text[end - 1] == 0x20
            }
            position = end
        }
        if removesExtraSpaces {
            let space = escapesSpaces ? SpaceSymbol.bytes : [0x20]
            while output.suffix(space.count).elementsEqual(space) { output.removeLast(space.count) }
        }
        return output
    }

    /// Bytes of what is copied as one: a user-defined symbol or a character.
    @inline(__always)
    private func unit(
        _ text: UnsafeBufferPointer<UInt8>, at position: Int, _ userDefined: PrefixMatcher
    ) -> Int {
        if !userDefined.isEmpty,
            let length = userDefined.longestMatch(text, at: position, end: text.count)
        {
            return length
        }
        return min(UTF8Scanning.length(ofLead: text[position]), text.count - position)
    }

    @inline(__always)
    private func appendSpace(to output: inout [UInt8]) {
        if escapesSpaces { output.append(contentsOf: SpaceSymbol.bytes) } else { output.append(0x20) }
    }
}
