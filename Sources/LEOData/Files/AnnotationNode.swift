import LEOConvert
import LEOTensor
import LEOText

/// A value of an annotation file, which knows where it stands, so that errors can say so. Order of objects is kept:
/// it is the order of samples.
struct AnnotationNode {
    let file: String
    /// Where in the file: `[3].answers`.
    let field: String
    let value: StrictJSON

    /// - Parameter needed: what the file is for, in case it is not there
    init(contentsOf file: String, needed: String) throws(DataError) {
        self.file = file
        field = ""
        let bytes = try readFile(file, needed: needed)
        do {
            value = try StrictJSON.parse(bytes, file: file, field: "annotations")
        } catch {
            throw DataError(error, file: file)
        }
    }

    private init(file: String, field: String, value: StrictJSON) {
        self.file = file
        self.field = field
        self.value = value
    }

    func malformed(_ expected: String) -> DataError {
        .malformed(file: file, field: field.isEmpty ? "file" : field, reason: "expected \(expected), found \(value.kind)")
    }

    private func child(_ step: String, _ value: StrictJSON) -> AnnotationNode {
        AnnotationNode(file: file, field: field + step, value: value)
    }

    func members() throws(DataError) -> [(key: String, value: AnnotationNode)] {
        guard case .object(let members) = value else { throw malformed("an object") }
        return members.map { ($0.key, child(field.isEmpty ? $0.key : ".\($0.key)", $0.value)) }
    }

    func items() throws(DataError) -> [AnnotationNode] {
        guard case .array(let items) = value else { throw malformed("a list") }
        return items.enumerated().map { child("[\($0.offset)]", $0.element) }
    }

    /// The member `name`, or nil where there is none.
    func optional(_ name: String) throws(DataError) -> AnnotationNode? {
        guard case .object(let members) = value else { throw malformed("an object with \(name)") }
        return members.first { $0.key == name }.map { child(field.isEmpty ? name : ".\(name)", $0.value) }
    }

    func member(_ name: String) throws(DataError) -> AnnotationNode {
        guard let found = try optional(name) else {
            throw .malformed(file: file, field: field.isEmpty ? name : "\(field).\(name)", reason: "is missing")
        }
        return found
    }

    func string() throws(DataError) -> String {
        guard case .string(let text) = value else { throw malformed("a text") }
        return text
    }

    /// A number, or the digits of one: ids are written both ways.
    func integer() throws(DataError) -> Int {
        if let number = value.integer { return number }
        if case .string(let text) = value, let number = pythonInteger(text) { return number }
        throw malformed("an integer")
    }

    func number() throws(DataError) -> Double {
        guard case .number(let digits) = value, let number = Double(digits), number.isFinite else {
            throw malformed("a finite number")
        }
        return number
    }

    /// What identifies a row: a text, or a number as it is written.
    func identifier() throws(DataError) -> String {
        switch value {
        case .string(let text): return text
        case .number(let digits): return digits
        default: throw malformed("a text or a number")
        }
    }

    func strings() throws(DataError) -> [String] {
        var texts: [String] = []
        for item in try items() { texts.append(try item.string()) }
        return texts
    }

    /// The first `count` numbers of a list, or of an object in the order of its keys, whatever they are called.
    func numbers(_ count: Int) throws(DataError) -> [Double] {
        var nodes: [AnnotationNode] = []
        if case .object = value { nodes = try members().map(\.value) } else { nodes = try items() }
        guard nodes.count >= count else { throw malformed("\(count) numbers") }
        var numbers: [Double] = []
        for node in nodes.prefix(count) { numbers.append(try node.number()) }
        return numbers
    }
}

/// A whole file.
func readFile(_ path: String, needed: String) throws(DataError) -> [UInt8] {
    guard exists(path) else { throw .missing(path: path, needed: needed) }
    do { return try MappedFile.contents(of: path) } catch { throw .unreadable(path: path, reason: error.reason) }
}

/// Python's `int(text)`: white space around it, a sign, and single underscores between digits are allowed.
func pythonInteger(_ text: some StringProtocol) -> Int? {
    var digits = String(text).strippedLikePython[...]
    let isNegative = digits.hasPrefix("-")
    if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
    guard let first = digits.utf8.first, let last = digits.utf8.last, first != 0x5f, last != 0x5f, !digits.contains("__"),
        digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 || $0 == 0x5f })
    else { return nil }
    return Int((isNegative ? "-" : "") + digits.filter { $0 != "_" })
}

/// The id of `label-id`: what follows the last dash.
func trailingIdentifier(_ name: some StringProtocol) -> Int? {
    pythonInteger(name.split(separator: "-", omittingEmptySubsequences: false).last ?? "")
}
