/// Porter's stemmer for English words.
///
/// Works on lower-case ASCII letters; words with any other character, and words of one or two letters, stay as they are.
///
/// - Source: Porter, "An algorithm for suffix stripping", 1980, with the two later departures of the author's own
///   program: `logi` to `log`, and `bli` in place of `abli`
public enum PorterStemmer {
    public static func stem(_ word: String) -> String {
        let letters = Array(word.utf8)
        guard letters.count > 2, letters.allSatisfy((UInt8(ascii: "a")...UInt8(ascii: "z")).contains) else { return word }
        var stem = Stem(letters: letters)
        stem.plurals()
        stem.pastAndProgressive()
        stem.finalY()
        stem.replaceFirst(of: Stem.doubleSuffixes, minimum: 1)
        stem.replaceFirst(of: Stem.suffixes, minimum: 1)
        stem.residual()
        stem.finalE()
        return String(decoding: stem.letters, as: UTF8.self)
    }
}

private struct Stem {
    var letters: [UInt8]

    // MARK: Conditions

    private static let vowels = Set("aeiou".utf8)

    private func isConsonant(_ index: Int) -> Bool {
        if Self.vowels.contains(letters[index]) { return false }
        return letters[index] != UInt8(ascii: "y") || index == 0 || !isConsonant(index - 1)
    }

    /// The number m of vowel-consonant sequences in the first `count` letters: [C](VC){m}[V].
    private func measure(_ count: Int) -> Int {
        var sequences = 0
        var afterVowel = false
        // Whether y is a consonant depends on the letter before, so the walk carries that along.
        var wasConsonant = false
        for index in 0..<count {
            let letter = letters[index]
            let consonant = letter == UInt8(ascii: "y")
                ? index == 0 || !wasConsonant : !Self.vowels.contains(letter)
            if consonant, afterVowel { sequences += 1 }
            afterVowel = !consonant
            wasConsonant = consonant
        }
        return sequences
    }

    private func hasVowel(_ count: Int) -> Bool { (0..<count).contains { !isConsonant($0) } }

    private func endsInDoubleConsonant() -> Bool {
        letters.count >= 2 && letters[letters.count - 1] == letters[letters.count - 2] && isConsonant(letters.count - 1)
    }

    /// *o: the first `count` letters end consonant, vowel, consonant, the last not w, x or y.
    private func endsShort(_ count: Int) -> Bool {
        count >= 3 && isConsonant(count - 3) && !isConsonant(count - 2) && isConsonant(count - 1)
            && !"wxy".utf8.contains(letters[count - 1])
    }

    /// Letters before a suffix, nil if the word does not end in it.
    private func count(before suffix: String) -> Int? {
        let suffix = Array(suffix.utf8)
        guard letters.count >= suffix.count, letters.suffix(suffix.count).elementsEqual(suffix) else { return nil }
        return letters.count - suffix.count
    }

    private mutating func replace(after count: Int, with ending: String) {
        letters.removeLast(letters.count - count)
        letters += ending.utf8
    }

    // MARK: Steps

    /// 1a
    mutating func plurals() {
        if let count = count(before: "sses") { return replace(after: count, with: "ss") }
        if let count = count(before: "ies") { return replace(after: count, with: "i") }
        if count(before: "ss") == nil, let count = count(before: "s") { replace(after: count, with: "") }
    }

    /// 1b
    mutating func pastAndProgressive() {
        if let count = count(before: "eed") {
            if measure(count) > 0 { replace(after: count, with: "ee") }
            return
        }
        guard let count = count(before: "ed") ?? count(before: "ing"), hasVowel(count) else { return }
        replace(after: count, with: "")
        if self.count(before: "at") != nil || self.count(before: "bl") != nil || self.count(before: "iz") != nil {
            letters.append(UInt8(ascii: "e"))
        } else if endsInDoubleConsonant() {
            if let last = letters.last, !"lsz".utf8.contains(last) { letters.removeLast() }
        } else if measure(letters.count) == 1, endsShort(letters.count) {
            letters.append(UInt8(ascii: "e"))
        }
    }

    /// 1c
    mutating func finalY() {
        if let count = count(before: "y"), hasVowel(count) { replace(after: count, with: "i") }
    }

    /// 2. Longer suffixes stand before those that they end in.
    static let doubleSuffixes = [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble"),
        ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"),
        ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"),
        ("iviti", "ive"), ("biliti", "ble"), ("logi", "log"),
    ]

    /// 3
    static let suffixes = [
        ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""),
    ]

    /// Replaces the first suffix that fits if m of what stands before is at least `minimum`.
    mutating func replaceFirst(of rules: [(suffix: String, ending: String)], minimum: Int) {
        for rule in rules {
            guard let count = count(before: rule.suffix) else { continue }
            if measure(count) >= minimum { replace(after: count, with: rule.ending) }
            return
        }
    }

    /// 4
    mutating func residual() {
        let suffixes = [
            "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate",
            "iti", "ous", "ive", "ize",
        ]
        for suffix in suffixes {
            guard let count = count(before: suffix) else { continue }
            if suffix == "ion", count == 0 || !"st".utf8.contains(letters[count - 1]) { return }
            if measure(count) > 1 { replace(after: count, with: "") }
            return
        }
    }

    /// 5
    mutating func finalE() {
        if let count = count(before: "e") {
            let sequences = measure(count)
            if sequences > 1 || (sequences == 1 && !endsShort(count)) { replace(after: count, with: "") }
        }
        if letters.last == UInt8(ascii: "l"), endsInDoubleConsonant(), measure(letters.count) > 1 { letters.removeLast() }
    }
}
