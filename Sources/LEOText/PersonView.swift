extension String {
    /// Text of SQA3D turned from the first to the second person: `I am here.` becomes `You are here .`
    ///
    /// Words and runs of punctuation are joined by single spaces; `i`, `me` become `you`, `my` `your`, `mine` `yours`,
    /// `am` `are`; then Python's `capitalize()`, which lowers every character after the first ("TV" becomes "tv").
    ///
    /// - Source: official `data/datasets.py`, `convert_person_view` (nltk's `wordpunct_tokenize`)
    public var convertedPersonView: String {
        let substitutes = ["i": "you", "me": "you", "my": "your", "mine": "yours", "am": "are"]
        let words = wordsAndPunctuation.map { substitutes[$0.loweredLikePython] ?? $0 }
        return words.joined(separator: " ").capitalizedLikePython
    }

    /// The matches of Python's `\w+|[^\w\s]+`.
    private var wordsAndPunctuation: [String] {
        enum Kind { case word, space, punctuation }
        var tokens: [String] = []
        var previous = Kind.space
        for scalar in unicodeScalars {
            let kind: Kind = scalar.isPythonWord ? .word : scalar.isPythonSpace ? .space : .punctuation
            if kind != .space {
                if kind == previous {
                    tokens[tokens.count - 1].unicodeScalars.append(scalar)
                } else {
                    tokens.append(String(scalar))
                }
            }
            previous = kind
        }
        return tokens
    }

    /// Python's `str.lower()`.
    package var loweredLikePython: String {
        let scalars = Array(unicodeScalars)
        return scalars.indices.map { scalars.lowercase(at: $0) }.joined()
    }

    /// Python's `str.capitalize()`.
    private var capitalizedLikePython: String {
        let scalars = Array(unicodeScalars)
        guard let first = scalars.first else { return "" }
        let rest = scalars.indices.dropFirst().map { scalars.lowercase(at: $0) }
        return first.properties.titlecaseMapping + rest.joined()
    }
}

extension [Unicode.Scalar] {
    /// The full lower-case mapping, with the one rule that depends on the neighbours: sigma at the end of a word.
    fileprivate func lowercase(at index: Int) -> String {
        guard self[index] == "\u{3a3}" else { return self[index].properties.lowercaseMapping }
        let before = self[..<index].last { !$0.properties.isCaseIgnorable }
        let after = self[(index + 1)...].first { !$0.properties.isCaseIgnorable }
        let isFinal = before?.properties.isCased == true && after?.properties.isCased != true
        return isFinal ? "\u{3c2}" : "\u{3c3}"
    }
}

extension Unicode.Scalar {
    /// `\w`: letters, anything with a numeric value, underscore. Combining marks do not count.
    fileprivate var isPythonWord: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: self == "_" || properties.numericType != nil
        }
    }

    fileprivate var isPythonSpace: Bool {
        (0x1c...0x1f).contains(value) || properties.isWhitespace
    }
}
