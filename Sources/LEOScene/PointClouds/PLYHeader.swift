/// The header of a PLY file: which elements follow, with which properties, and where the data begins.
struct PLYHeader {
    enum Encoding: String {
        case ascii
        case littleEndian = "binary_little_endian"
        case bigEndian = "binary_big_endian"
    }

    struct Property {
        let name: String
        let type: ScalarType
        /// The type of the length where the property is a list.
        let listLength: ScalarType?
        /// The type as the file spells it.
        let typeName: String
    }

    struct Element {
        let name: String
        let count: Int
        var properties: [Property] = []

        /// Bytes of one binary row, or nil where lists make rows differ.
        var fixedRowSize: Int? {
            properties.allSatisfy { $0.listLength == nil } ? properties.reduce(0) { $0 + $1.type.byteCount } : nil
        }

        /// Fewest bytes that one binary row can take: lists may be empty.
        var leastRowSize: Int { properties.reduce(0) { $0 + ($1.listLength ?? $1.type).byteCount } }

        /// Fewest bytes of one text row: a character and a separator for each value.
        var leastTextSize: Int { 2 * properties.count }
    }

    let encoding: Encoding
    let elements: [Element]
    let dataOffset: Int
    /// The scanner, placed on the first line of data.
    let scanner: TextScanner

    init(bytes: UnsafeRawBufferPointer, file: String) throws(SceneError) {
        func malformed(_ field: String, _ reason: String) -> SceneError {
            .malformed(file: file, field: field, reason: reason)
        }
        var scanner = TextScanner(bytes: bytes)
        guard let magic = scanner.nextLine(), magic.count <= 64, scanner.tokens(in: magic) == ["ply"] else {
            throw malformed("magic", "does not start with \"ply\"")
        }
        var encoding: Encoding?
        var elements: [Element] = []
        var names = Set<String>()
        var propertyNames = Set<String>()
        var lineNumber = 1
        while true {
            lineNumber += 1
            guard let line = scanner.nextLine() else { throw malformed("header", "has no end_header") }
            var rest = line
            guard let keyword = scanner.nextToken(in: &rest) else { continue }
            if scanner.starts(keyword, with: "comment") || scanner.starts(keyword, with: "obj_info") { continue }
            let here = "header line \(lineNumber)"
            // Only data read as a header could be this long; do not copy it.
            guard line.count <= 4096 else { throw malformed(here, "is too long: \(scanner.quoted(line))") }
            let words = scanner.tokens(in: line)
            switch words[0] {
            case "format":
                guard encoding == nil else { throw malformed(here, "a second format line") }
                guard words.count == 3 else { throw malformed(here, "expected \"format <encoding> <version>\"") }
                guard let found = Encoding(rawValue: words[1]) else {
                    throw malformed(here, "unknown format \(quotedForMessage(words[1]))")
                }
                guard words[2] == "1.0" else {
                    throw malformed(here, "unknown PLY version \(quotedForMessage(words[2]))")
                }
                encoding = found
            case "element":
                guard words.count == 3 else { throw malformed(here, "expected \"element <name> <count>\"") }
                let (count, reason) = NumberParser.count(words[2])
                guard let count else { throw malformed("\(quotedForMessage(words[1])) count", reason) }
                guard names.insert(words[1]).inserted else {
                    throw malformed(here, "element \(quotedForMessage(words[1])) twice")
                }
                elements.append(Element(name: words[1], count: count))
                propertyNames = []
            case "property":
                guard !elements.isEmpty else { throw malformed(here, "property before any element") }
                let property = try Self.property(words, file: file, field: here)
                guard propertyNames.insert(property.name).inserted else {
                    throw malformed(here, "property \(quotedForMessage(property.name)) twice")
                }
                elements[elements.count - 1].properties.append(property)
            case "end_header":
                guard let encoding else { throw malformed("header", "no format line") }
                self.encoding = encoding
                self.elements = elements
                self.scanner = scanner
                dataOffset = scanner.position
                return
            default:
                throw malformed(here, "unknown keyword \(quotedForMessage(words[0]))")
            }
        }
    }

    private static func property(_ words: [String], file: String, field: String) throws(SceneError) -> Property {
        func type(_ name: String) throws(SceneError) -> ScalarType {
            guard let type = ScalarType(plyName: name) else {
                throw .malformed(file: file, field: field, reason: "unknown property type \(quotedForMessage(name))")
            }
            return type
        }
        if words.count == 5, words[1] == "list" {
            let length = try type(words[2])
            guard length.isInteger else {
                throw .malformed(file: file, field: field, reason: "list length of type \(quotedForMessage(words[2]))")
            }
            return Property(name: words[4], type: try type(words[3]), listLength: length, typeName: words[3])
        }
        guard words.count == 3 else {
            throw .malformed(file: file, field: field, reason: "expected \"property <type> <name>\"")
        }
        return Property(name: words[2], type: try type(words[1]), listLength: nil, typeName: words[1])
    }
}

extension ScalarType {
    init?(plyName: String) {
        switch plyName {
        case "char", "int8": self = .i8
        case "uchar", "uint8": self = .u8
        case "short", "int16": self = .i16
        case "ushort", "uint16": self = .u16
        case "int", "int32": self = .i32
        case "uint", "uint32": self = .u32
        case "int64": self = .i64
        case "uint64": self = .u64
        case "float", "float32": self = .f32
        case "double", "float64": self = .f64
        default: return nil
        }
    }
}
