import LEOTensor

/// Reads the header out of its bytes and holds every claim of it against the file.
struct ArchiveHeaderReader {
    private let path: String
    private var scanner: JSONScanner
    /// What is being read, for messages.
    private var index: Int?
    private var name: String?
    private var key: String?

    /// Reads preamble and header of a mapped file.
    ///
    /// - Returns: a header whose every tensor lies inside the file, aligned, apart from the others and as long as its form asks.
    static func read(_ file: MappedFile) throws(ArchiveError) -> ArchiveHeader {
        let path = file.path
        let format = ArchiveFormat.self
        let start = Array(file.bytes.prefix(format.preambleLength))
        let head = start.prefix(format.magic.count)
        guard format.magic.starts(with: head), !head.isEmpty else {
            throw .notAnArchive(path: path, found: head.isEmpty ? "nothing: it is empty" : hexadecimal(head))
        }
        guard start.count == format.preambleLength else {
            throw .truncated(path: path, field: "preamble", expectedBytes: format.preambleLength, foundBytes: start.count)
        }
        func field<Value: FixedWidthInteger>(_ offset: Int, as: Value.Type) -> Value {
            Value(littleEndian: start.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) })
        }
        let major = field(8, as: UInt32.self)
        guard major <= UInt32(format.majorVersion) else {
            throw .unsupportedVersion(
                path: path, supported: "\(format.majorVersion)", found: "\(major).\(field(12, as: UInt32.self))")
        }
        guard major == UInt32(format.majorVersion) else {
            throw .invalid(path: path, field: "format version", expected: "\(format.majorVersion)", found: "\(major)")
        }
        guard let length = Int(exactly: field(16, as: UInt64.self)), length <= format.maximumHeaderLength else {
            throw .invalid(
                path: path, field: "header length", expected: "at most \(format.maximumHeaderLength) bytes",
                found: "\(field(16, as: UInt64.self))")
        }
        guard length <= file.byteCount - format.preambleLength else {
            throw .truncated(
                path: path, field: "header", expectedBytes: length, foundBytes: file.byteCount - format.preambleLength)
        }
        // A copy, so that what was checked stays what is read, even if someone writes to the file meanwhile.
        let json = Array(file.bytes[format.preambleLength..<format.preambleLength + length])
        let expected = field(24, as: UInt64.self)
        let found = ArchiveHeader.headerChecksum(preamble: Array(start.prefix(format.checkedPreambleLength)), json: json)
        guard found == expected else { throw .headerChecksum(path: path, expected: expected, found: found) }

        let header = try read(json: json, path: path)
        try check(header, dataStart: ArchiveHeader.dataStart(headerLength: length), fileLength: file.byteCount, path: path)
        return header
    }

    private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
        "bytes " + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }

    // MARK: JSON

    private static func read(json: [UInt8], path: String) throws(ArchiveError) -> ArchiveHeader {
        let scanner: JSONScanner
        do { scanner = try JSONScanner(json) } catch {
            throw .invalid(path: path, field: "header, byte \(error.position)", expected: error.expected, found: error.found)
        }
        var reader = ArchiveHeaderReader(path: path, scanner: scanner)
        do throws(Problem) {
            return try reader.header()
        } catch {
            switch error {
            case .archive(let error): throw error
            case .json(let failure):
                throw .invalid(
                    path: path, field: "\(reader.field) (header byte \(failure.position))", expected: failure.expected,
                    found: failure.found)
            }
        }
    }

    /// A text that is no JSON, or a value that is not allowed.
    private enum Problem: Error {
        case json(JSONScanner.Failure)
        case archive(ArchiveError)
    }

    private init(path: String, scanner: JSONScanner) {
        self.path = path
        self.scanner = scanner
    }

    /// What is being read: `header`, `metadata`, `tensors[3].offset`, or `layers.0.q_proj: offset` once the name is known.
    private var field: String {
        switch (index, name, key) {
        case (nil, _, let key): key ?? "header"
        case (let index?, nil, let key): "tensors[\(index)]" + (key.map { ".\($0)" } ?? "")
        case (_?, let name?, let key): name + (key.map { ": \($0)" } ?? "")
        }
    }

    private func invalid(_ expected: String, found: String) -> Problem {
        .archive(.invalid(path: path, field: field, expected: expected, found: found))
    }

    /// Runs one step of the scanner.
    private mutating func scan<Value>(
        _ step: (inout JSONScanner) throws(JSONScanner.Failure) -> Value
    ) throws(Problem) -> Value {
        do { return try step(&scanner) } catch { throw .json(error) }
    }

    private mutating func nextKey(_ first: inout Bool) throws(Problem) -> String? {
        do { return try scanner.nextKey(&first) } catch { throw .json(error) }
    }

    private mutating func nextElement(_ first: inout Bool) throws(Problem) -> Bool {
        do { return try scanner.nextElement(&first) } catch { throw .json(error) }
    }

    private mutating func string() throws(Problem) -> String {
        do { return try scanner.string() } catch { throw .json(error) }
    }

    private mutating func integer() throws(Problem) -> Int {
        do { return try scanner.integer() } catch { throw .json(error) }
    }

    /// The error for a key that stands twice; the file would mean different things to different readers.
    private func unique(_ isAbsent: Bool) throws(Problem) {
        if !isAbsent { throw invalid("the key once", found: "it twice") }
    }

    private func required<Value>(_ value: Value?, _ key: String) throws(Problem) -> Value {
        guard let value else { throw invalid("the key \"\(key)\"", found: "none") }
        return value
    }

    private mutating func header() throws(Problem) -> ArchiveHeader {
        var configuration: String?
        var metadata: [String: String]?
        var base: ArchiveBase?
        var entries: [ArchiveHeader.Entry]?
        try scan { scanner throws(JSONScanner.Failure) in try scanner.beginObject() }
        var first = true
        while let key = try nextKey(&first) {
            self.key = Self.shown(key)
            switch key {
            case "configuration":
                try unique(configuration == nil)
                configuration = try scan { scanner throws(JSONScanner.Failure) in try scanner.rawObject() }
            case "metadata":
                try unique(metadata == nil)
                metadata = try readMetadata()
            case "base":
                try unique(base == nil)
                base = try readBase()
            case "tensors":
                try unique(entries == nil)
                entries = try readTable()
            default: _ = try scan { scanner throws(JSONScanner.Failure) in try scanner.rawValue() }
            }
            self.key = nil
        }
        try scan { scanner throws(JSONScanner.Failure) in try scanner.end() }
        return ArchiveHeader(
            configuration: try required(configuration, "configuration"), metadata: try required(metadata, "metadata"),
            base: base, entries: try required(entries, "tensors"))
    }

    private mutating func readMetadata() throws(Problem) -> [String: String] {
        var metadata = [String: String]()
        try scan { scanner throws(JSONScanner.Failure) in try scanner.beginObject() }
        var first = true
        while let item = try nextKey(&first) {
            guard metadata.updateValue(try string(), forKey: item) == nil else {
                throw invalid("every key once", found: "\(quoted(item)) twice")
            }
        }
        return metadata
    }

    private mutating func readBase() throws(Problem) -> ArchiveBase {
        var baseName: String?
        var fingerprint: String?
        try scan { scanner throws(JSONScanner.Failure) in try scanner.beginObject() }
        var first = true
        while let item = try nextKey(&first) {
            key = "base." + Self.shown(item)
            switch item {
            case "name":
                try unique(baseName == nil)
                baseName = try string()
            case "fingerprint":
                try unique(fingerprint == nil)
                let text = try string()
                guard checksum(fromText: text) != nil else {
                    throw invalid("16 lower-case hexadecimal digits", found: quoted(text))
                }
                fingerprint = text
            default: _ = try scan { scanner throws(JSONScanner.Failure) in try scanner.rawValue() }
            }
            key = "base"
        }
        return ArchiveBase(name: try required(baseName, "name"), fingerprint: try required(fingerprint, "fingerprint"))
    }

    private mutating func readTable() throws(Problem) -> [ArchiveHeader.Entry] {
        var entries = [ArchiveHeader.Entry]()
        try scan { scanner throws(JSONScanner.Failure) in try scanner.beginArray() }
        var names = Set<String>()
        var first = true
        while try nextElement(&first) {
            index = entries.count
            key = nil
            let entry = try readEntry()
            do throws(ArchiveError) {
                try ArchiveHeader.check(
                    name: entry.specification.name, index: entries.count,
                    isNew: names.insert(entry.specification.name).inserted, path: path)
            } catch { throw .archive(error) }
            entries.append(entry)
            name = nil
        }
        index = nil
        return entries
    }

    private mutating func readEntry() throws(Problem) -> ArchiveHeader.Entry {
        var tensorName: String?
        var elementType: ElementType?
        var shape: [Int]?
        var layout: TensorLayout?
        var offset: Int?
        var length: Int?
        var sum: UInt64?
        try scan { scanner throws(JSONScanner.Failure) in try scanner.beginObject() }
        var first = true
        while let item = try nextKey(&first) {
            key = Self.shown(item)
            switch item {
            case "name":
                try unique(tensorName == nil)
                let text = try string()
                tensorName = text
                // An invalid name is refused by the caller; it must not get into messages before.
                if TensorSpecification.isValidName(text) { name = text }
            case "elementType":
                try unique(elementType == nil)
                let text = try string()
                guard let type = ElementType(rawValue: text) else {
                    throw invalid(Self.oneOf(ElementType.allCases.map(\.rawValue)), found: quoted(text))
                }
                elementType = type
            case "shape":
                try unique(shape == nil)
                shape = try readShape()
            case "layout":
                try unique(layout == nil)
                let text = try string()
                guard let known = TensorLayout(rawValue: text) else {
                    throw invalid(Self.oneOf(TensorLayout.allCases.map(\.rawValue)), found: quoted(text))
                }
                layout = known
            case "offset":
                try unique(offset == nil)
                offset = try integer()
            case "length":
                try unique(length == nil)
                length = try integer()
            case "checksum":
                try unique(sum == nil)
                let text = try string()
                guard let value = checksum(fromText: text) else {
                    throw invalid("16 lower-case hexadecimal digits", found: quoted(text))
                }
                sum = value
            default: _ = try scan { scanner throws(JSONScanner.Failure) in try scanner.rawValue() }
            }
            key = nil
        }
        return ArchiveHeader.Entry(
            specification: TensorSpecification(
                name: try required(tensorName, "name"), elementType: try required(elementType, "elementType"),
                shape: try required(shape, "shape"), layout: try required(layout, "layout")),
            offset: try required(offset, "offset"), length: try required(length, "length"),
            checksum: try required(sum, "checksum"))
    }

    private mutating func readShape() throws(Problem) -> [Int] {
        var shape = [Int]()
        try scan { scanner throws(JSONScanner.Failure) in try scanner.beginArray() }
        var first = true
        while try nextElement(&first) {
            guard shape.count < TensorSpecification.maximumRank else {
                throw invalid("at most \(TensorSpecification.maximumRank) axes", found: "more")
            }
            shape.append(try integer())
        }
        return shape
    }

    /// A key as it may stand in a message.
    private static func shown(_ key: String) -> String { TensorSpecification.isValidName(key) ? key : quoted(key) }

    private static func oneOf(_ names: [String]) -> String { "one of " + names.joined(separator: ", ") }

    // MARK: Claims

    private static func check(
        _ header: ArchiveHeader, dataStart: Int, fileLength: Int, path: String
    ) throws(ArchiveError) {
        for entry in header.entries {
            func invalid(_ key: String, _ expected: String, _ found: Int) -> ArchiveError {
                .invalid(path: path, field: "\(entry.specification.name): \(key)", expected: expected, found: "\(found)")
            }
            let implied = try entry.specification.checkedByteCount(path: path)
            guard entry.length == implied else {
                throw invalid("length", "\(implied) bytes for \(entry.specification.form)", entry.length)
            }
            guard entry.offset >= dataStart else {
                throw invalid("offset", "at least \(dataStart), behind the header", entry.offset)
            }
            guard entry.offset % ArchiveFormat.alignment == 0 else {
                throw invalid("offset", "a multiple of \(ArchiveFormat.alignment)", entry.offset)
            }
            let (end, overflow) = entry.offset.addingReportingOverflow(entry.length)
            guard !overflow, end <= fileLength else {
                throw .invalid(
                    path: path, field: "\(entry.specification.name): offset",
                    expected: "data inside the \(fileLength) bytes of the file",
                    found: "\(entry.length) bytes at \(entry.offset)")
            }
        }
        let inOrder = header.entries.filter { $0.length > 0 }.sorted { $0.offset < $1.offset }
        for (former, latter) in zip(inOrder, inOrder.dropFirst()) where latter.offset < former.offset + former.length {
            throw .invalid(
                path: path, field: "\(latter.specification.name): offset",
                expected: "at least \(former.offset + former.length), the end of \(former.specification.name)",
                found: "\(latter.offset)")
        }
        guard let expected = header.fileLength(dataStart: dataStart), expected == fileLength else {
            throw .invalid(
                path: path, field: "file length",
                expected: header.fileLength(dataStart: dataStart).map { "\($0) bytes" } ?? "less than 2^63 bytes",
                found: "\(fileLength)")
        }
    }
}
