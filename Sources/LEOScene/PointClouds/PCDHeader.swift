/// The header of a PCD file.
struct PCDHeader {
    enum Encoding: String {
        case ascii
        case binary
        case compressed = "binary_compressed"
    }

    struct Field {
        let name: String
        let type: ScalarType
        /// Values of this field in one point.
        let count: Int
        /// Type letter and size, as in `F4`.
        let typeName: String

        var byteCount: Int { count * type.byteCount }
    }

    let fields: [Field]
    let pointCount: Int
    /// Nil where the cloud is one row, that is: not organised.
    let gridSize: GridSize?
    let encoding: Encoding
    let dataOffset: Int
    /// Bytes of one point.
    let pointSize: Int

    /// Columns of the fields with one value a point; padding (`_`) and fields of several values are left out.
    ///
    /// - Parameter fieldByField: all values of the first field, then of the second, as in compressed files; else point
    ///   by point. The caller has checked that all points fit in memory.
    func columns(fieldByField: Bool) -> [Column] {
        var offset = 0
        var columns: [Column] = []
        for field in fields {
            if field.count == 1, field.name != "_" {
                columns.append(
                    Column(
                        name: field.name, type: field.type, offset: fieldByField ? offset * pointCount : offset,
                        stride: fieldByField ? field.byteCount : pointSize))
            }
            offset += field.byteCount
        }
        return columns
    }

    init(bytes: UnsafeRawBufferPointer, file: String) throws(SceneError) {
        func malformed(_ field: String, _ reason: String) -> SceneError {
            .malformed(file: file, field: field, reason: reason)
        }
        var scanner = TextScanner(bytes: bytes)
        var entries: [String: [String]] = [:]
        while entries["DATA"] == nil {
            guard let line = scanner.nextLine() else { throw malformed("DATA", "header has no DATA line") }
            var rest = line
            guard let keyword = scanner.nextToken(in: &rest), bytes[keyword.lowerBound] != UInt8(ascii: "#") else {
                continue
            }
            guard line.count <= 65536 else { throw malformed("header", "line is too long: \(scanner.quoted(line))") }
            let words = scanner.tokens(in: line)
            guard Self.keywords.contains(words[0]) else {
                throw malformed("header", "unknown entry \(quotedForMessage(words[0]))")
            }
            guard entries.updateValue(Array(words.dropFirst()), forKey: words[0]) == nil else {
                throw malformed(words[0], "appears twice")
            }
        }
        dataOffset = scanner.position

        func single(_ keyword: String) throws(SceneError) -> String? {
            guard let words = entries[keyword] else { return nil }
            guard words.count == 1 else { throw malformed(keyword, "expected one value, found \(words.count)") }
            return words[0]
        }
        func count(_ keyword: String) throws(SceneError) -> Int? {
            guard let word = try single(keyword) else { return nil }
            let (value, reason) = NumberParser.count(word)
            guard let value else { throw malformed(keyword, reason) }
            return value
        }

        guard let version = try single("VERSION") else { throw malformed("VERSION", "is missing") }
        guard ["0.6", ".6", "0.7", ".7"].contains(version) else {
            throw malformed("VERSION", "\(quotedForMessage(version)) is not 0.6 or 0.7")
        }
        guard let encodingName = try single("DATA"), let encoding = Encoding(rawValue: encodingName.lowercased()) else {
            throw malformed("DATA", "expected ascii, binary or binary_compressed")
        }
        self.encoding = encoding

        fields = try Self.fields(entries, file: file)
        var size = 0
        for field in fields {
            let (sum, overflow) = size.addingReportingOverflow(field.byteCount)
            guard !overflow else { throw malformed("COUNT", "a point is too large") }
            size = sum
        }
        pointSize = size

        let width = try count("WIDTH")
        let height = try count("HEIGHT") ?? 1
        let points = try count("POINTS")
        guard let width else {
            guard let points else { throw malformed("WIDTH", "neither WIDTH nor POINTS is there") }
            pointCount = points
            gridSize = nil
            return
        }
        let (area, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow else { throw malformed("WIDTH", "\(width) x \(height) is too large") }
        guard points == nil || points == area else {
            throw malformed("POINTS", "\(points ?? 0) points, but WIDTH x HEIGHT is \(width) x \(height)")
        }
        pointCount = area
        gridSize = height > 1 ? GridSize(width: width, height: height) : nil
    }

    private static let keywords: Set = [
        "VERSION", "FIELDS", "COLUMNS", "SIZE", "TYPE", "COUNT", "WIDTH", "HEIGHT", "VIEWPOINT", "POINTS", "DATA",
    ]

    private static func fields(_ entries: [String: [String]], file: String) throws(SceneError) -> [Field] {
        func malformed(_ field: String, _ reason: String) -> SceneError {
            .malformed(file: file, field: field, reason: reason)
        }
        guard let names = entries["FIELDS"] ?? entries["COLUMNS"], !names.isEmpty else {
            throw malformed("FIELDS", "is missing or empty")
        }
        func list(_ keyword: String) throws(SceneError) -> [String]? {
            guard let words = entries[keyword] else { return nil }
            guard words.count == names.count else {
                throw malformed(keyword, "\(words.count) values for \(names.count) fields")
            }
            return words
        }
        guard let sizes = try list("SIZE") else { throw malformed("SIZE", "is missing") }
        guard let types = try list("TYPE") else { throw malformed("TYPE", "is missing") }
        let counts = try list("COUNT")
        var seen = Set<String>()
        var fields: [Field] = []
        for (index, name) in names.enumerated() {
            guard let type = ScalarType(pcdType: types[index], size: sizes[index]) else {
                throw malformed(name, "unknown type \(quotedForMessage(types[index] + sizes[index]))")
            }
            var count = 1
            if let word = counts?[index] {
                let (value, reason) = NumberParser.count(word)
                guard let value else { throw malformed("COUNT of \(name)", reason) }
                guard value >= 1, value <= 1 << 24 else {
                    throw malformed("COUNT of \(name)", "\(value) is out of range")
                }
                count = value
            }
            guard name == "_" || seen.insert(name).inserted else { throw malformed(name, "field appears twice") }
            fields.append(Field(name: name, type: type, count: count, typeName: types[index] + sizes[index]))
        }
        return fields
    }
}

extension ScalarType {
    init?(pcdType type: String, size: String) {
        switch type + size {
        case "I1": self = .i8
        case "U1": self = .u8
        case "I2": self = .i16
        case "U2": self = .u16
        case "I4": self = .i32
        case "U4": self = .u32
        case "I8": self = .i64
        case "U8": self = .u64
        case "F4": self = .f32
        case "F8": self = .f64
        default: return nil
        }
    }
}
