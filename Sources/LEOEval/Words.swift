/// Text taken apart as Python does, by Unicode scalars and their bytes: Swift's `Character` and its canonical equivalence
/// would merge words that the reference keeps apart.
enum Words {
    /// Python's `str.isspace` of one character.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        (0x1c...0x1f).contains(scalar.value) || scalar.properties.isWhitespace
    }

    /// Python's `text.split()`: the runs between white space.
    static func split(_ text: String) -> [[UInt8]] {
        var words: [[UInt8]] = []
        var word: [UInt8] = []
        for scalar in text.unicodeScalars {
            if isSpace(scalar) {
                if !word.isEmpty { words.append(word) }
                word.removeAll(keepingCapacity: true)
            } else {
                append(scalar, to: &word)
            }
        }
        if !word.isEmpty { words.append(word) }
        return words
    }

    /// Python's `text.split(" ")`: blanks side by side have an empty word between them, and empty text is one.
    static func splitAtBlanks(_ text: String) -> [[UInt8]] {
        Array(text.utf8).split(separator: 0x20, omittingEmptySubsequences: false).map(Array.init)
    }

    /// Python's `''.join(text.split())`.
    static func withoutSpaces(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars where !isSpace(scalar) { append(scalar, to: &bytes) }
        return bytes
    }

    /// Python's `text == other`.
    static func equal(_ text: String, _ other: String) -> Bool { text.utf8.elementsEqual(other.utf8) }

    /// Python's `needle in text`; the empty needle is in everything.
    static func contains(_ text: [UInt8], _ needle: [UInt8]) -> Bool {
        guard needle.count <= text.count else { return false }
        return (0...(text.count - needle.count)).contains { text[$0...].starts(with: needle) }
    }

    /// Python's `text.replace(target, replacement)` for a target that is not empty.
    static func replacing(_ target: String, with replacement: String, in text: String) -> String {
        let bytes = Array(text.utf8)
        let target = Array(target.utf8)
        var output: [UInt8] = []
        var position = 0
        while position < bytes.count {
            if bytes[position...].starts(with: target) {
                output += replacement.utf8
                position += target.count
            } else {
                output.append(bytes[position])
                position += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
}

/// Numbers for words, so that sequences of them compare and hash quickly.
struct WordTable {
    private var numbers: [[UInt8]: Int32] = [:]

    mutating func numbers(of words: [[UInt8]]) -> [Int32] { words.map { number(of: $0) } }

    private mutating func number(of word: [UInt8]) -> Int32 {
        if let known = numbers[word] { return known }
        let number = Int32(numbers.count)
        numbers[word] = number
        return number
    }
}

/// One to four words in a row; unused places are -1.
typealias NGram = SIMD4<Int32>


/// How often each n-gram of orders 1 to 4 occurs in a sentence.
struct NGramCounts {
    let wordCount: Int
    /// [order - 1]: n-grams in the order of their first occurrence, so that sums over them are the same in every run.
    private(set) var grams: [[NGram]] = Array(repeating: [], count: 4)
    /// [order - 1][n-gram].
    private(set) var counts: [[NGram: Int]] = Array(repeating: [:], count: 4)

    init(_ words: [Int32]) {
        wordCount = words.count
        for start in words.indices {
            var gram = NGram(repeating: -1)
            for offset in 0..<min(4, words.count - start) {
                gram[offset] = words[start + offset]
                if counts[offset].updateValue((counts[offset][gram] ?? 0) + 1, forKey: gram) == nil {
                    grams[offset].append(gram)
                }
            }
        }
    }
}
