/// Answers made comparable: lower case, fewer spellings, words for numbers, no articles.
public enum AnswerCleaning {
    /// The answer as the official evaluators compare it.
    ///
    /// Oddities are the reference's own: "tv" becomes "TV", "let" becomes "left", a digit right behind letters is dropped,
    /// numbers other than 0 to 20 and 23 stay, and all characters but ASCII letters, digits, `,` `'` `-` `:` and white
    /// space are gone before their replacements are looked for.
    ///
    /// - Source: official `data/data_utils.py`, `clean_answer`
    public static func clean(_ answer: String) -> String {
        var text = kept(collapsed(lowered(answer)))
        text = replaceWords(of: text) { spellings[$0] }
        text = joinOClock(text)
        text = replaceWords(of: text) { numbers[$0] }
        text = replaceWords(of: text, withoutDigit)
        for article in ["a", "an", "the"] { text = drop(article, before: text) }
        text = replaceWords(of: text) { $0 == "backwards" ? "backward" : nil }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: text)
        return String(result)
    }

    private typealias Text = [Unicode.Scalar]

    private static let spellings = [
        "letf": "left", "let": "left", "tehre": "there", "rigth": "right", "rght": "right", "behine": "behind", "tv": "TV",
        "chai": "chair", "wasing": "washing", "waslked": "walked", "oclock": "o'clock",
    ]
    private static let numbers = [
        "0": "zero", "none": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six",
        "7": "seven", "8": "eight", "9": "nine", "10": "ten", "11": "eleven", "12": "twelve", "13": "thirteen",
        "14": "fourteen", "15": "fifteen", "16": "sixteen", "17": "seventeen", "18": "eighteen", "19": "nineteen",
        "20": "twenty", "23": "twenty-three",
    ]

    // MARK: Steps

    /// The full lower-case mapping. Its rule for sigma does not matter: no Greek survives.
    private static func lowered(_ text: String) -> Text {
        text.unicodeScalars.flatMap { $0.properties.lowercaseMapping.unicodeScalars }
    }

    /// Blanks gone at the start and at the end (also before a line feed that ends the text, where `$` matches too), runs
    /// of them made one.
    private static func collapsed(_ text: Text) -> Text {
        var body = text[...]
        let endsLine = body.last == "\n"
        if endsLine { body = body.dropLast() }
        while body.last == " " { body = body.dropLast() }
        body = body.drop { $0 == " " }
        var result: Text = []
        for scalar in body where !(scalar == " " && result.last == " ") { result.append(scalar) }
        return endsLine ? result + ["\n"] : result
    }

    private static func kept(_ text: Text) -> Text {
        text.filter { isWord($0) || [",", "'", "-", ":"].contains($0) || Words.isSpace($0) }
    }

    /// Regular expressions' `\w` among the characters that are kept.
    private static func isWord(_ scalar: Unicode.Scalar) -> Bool { isLetter(scalar) || ("0"..."9").contains(scalar) }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    }

    /// Replaces whole words (`\bword\b`).
    private static func replaceWords(of text: Text, _ replacement: (String) -> String?) -> Text {
        var result: Text = []
        var position = 0
        while position < text.count {
            let word = text[position...].prefix(while: isWord)
            guard !word.isEmpty else {
                result.append(text[position])
                position += 1
                continue
            }
            if let new = replacement(string(word)) { result += new.unicodeScalars } else { result += word }
            position = word.endIndex
        }
        return result
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// `o' clock` becomes `o'clock`.
    private static func joinOClock(_ text: Text) -> Text {
        var result: Text = []
        var position = 0
        while position < text.count {
            result.append(text[position])
            position += 1
            guard result.last == "'", result.count >= 2, result[result.count - 2] == "o",
                result.count == 2 || !isWord(result[result.count - 3])
            else { continue }
            let rest = text[position...].drop { $0 == " " }
            let clock = rest.prefix(while: isWord)
            if rest.startIndex > position, string(clock) == "clock" { position = rest.startIndex }
        }
        return result
    }

    /// `no1`, `mat2`: letters and one digit lose the digit.
    private static func withoutDigit(_ word: String) -> String? {
        let scalars = Array(word.unicodeScalars)
        guard scalars.count >= 2, let last = scalars.last, !isLetter(last), scalars.dropLast().allSatisfy(isLetter) else {
            return nil
        }
        return string(scalars.dropLast())
    }

    /// Drops an article and one blank before a letter. The word behind is passed over: of `a a b` the first goes.
    private static func drop(_ article: String, before text: Text) -> Text {
        let article = Array(article.unicodeScalars)
        var result: Text = []
        var position = 0
        while position < text.count {
            let word = text[position...].prefix(while: isWord)
            guard !word.isEmpty else {
                result.append(text[position])
                position += 1
                continue
            }
            let next = word.endIndex + 1
            if word.elementsEqual(article), next < text.count, text[word.endIndex] == " ", isLetter(text[next]) {
                let following = text[next...].prefix(while: isWord)
                result += following
                position = following.endIndex
            } else {
                result += word
                position = word.endIndex
            }
        }
        return result
    }
}

/// Whether an answer is right.
public struct AnswerMatch: Sendable, Equatable {
    /// Equal to a reference.
    public let isExact: Bool
    /// Equal, or without white space part of a reference, or a reference part of it.
    public let isRefined: Bool

    /// Compares with each reference in turn and stops at the first that fits in any way: a later equal one is not seen,
    /// and the empty prediction, part of everything, fits the first.
    ///
    /// - Source: official `evaluator/scanqa_eval.py`, `answer_match`
    public init(prediction: String, references: [String]) {
        let bare = Words.withoutSpaces(prediction)
        for reference in references {
            if Words.equal(prediction, reference) {
                (isExact, isRefined) = (true, true)
                return
            }
            let other = Words.withoutSpaces(reference)
            if Words.contains(other, bare) || Words.contains(bare, other) {
                (isExact, isRefined) = (false, true)
                return
            }
        }
        (isExact, isRefined) = (false, false)
    }

    /// Compares after `AnswerCleaning.clean`.
    public init(cleaning prediction: String, references: [String]) {
        self.init(
            prediction: AnswerCleaning.clean(prediction), references: references.map { AnswerCleaning.clean($0) })
    }
}

/// Kinds of SQA3D's questions, told by their first letters; raw values as in the reference.
public enum SQAQuestionType: Int, Sendable, Equatable, CaseIterable {
    case what, `is`, how, can, which, other

    /// Looks at letters, not words: "Island?" is an `is` question.
    ///
    /// - Source: official `data/data_utils.py`, `get_sqa_question_type`
    public init(question: String) {
        let start = Array(question.unicodeScalars.drop { Words.isSpace($0) }.prefix(5))
        let starts: [(String, SQAQuestionType)] = [
            ("what", .what), ("is", .is), ("how", .how), ("can", .can), ("which", .which),
        ]
        let match = starts.first { prefix, _ in
            let length = prefix.unicodeScalars.count
            let head = start.prefix(length).flatMap { $0.properties.lowercaseMapping.unicodeScalars }
            return head.elementsEqual(prefix.unicodeScalars)
        }
        self = match?.1 ?? .other
    }
}
