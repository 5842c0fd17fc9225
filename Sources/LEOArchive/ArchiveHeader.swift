import LEOTensor

/// The constants of the format; docs/format.md describes every byte.
public enum ArchiveFormat {
    /// As in PNG, the bytes show a transfer that mangled line ends or the eighth bit.
    public static let magic: [UInt8] = [0x89, 0x4c, 0x45, 0x4f, 0x0d, 0x0a, 0x1a, 0x0a]
    /// Changes when a reader of the older version would misread the file.
    public static let majorVersion = 1
    /// Changes when something is added that older readers may pass over.
    public static let minorVersion = 0
    /// Every tensor starts at a multiple of this many bytes.
    public static let alignment = 4096
    /// Bytes in front of the JSON header.
    static let preambleLength = 32
    /// The part of the preamble that the header checksum covers, besides the JSON.
    static let checkedPreambleLength = 24
    static let maximumHeaderLength = 64 << 20

    /// `value` rounded up to the alignment, or nil where that overflows.
    static func aligned(_ value: Int) -> Int? {
        let (sum, overflow) = value.addingReportingOverflow(alignment - 1)
        return overflow ? nil : sum / alignment * alignment
    }
}

/// The header of an archive, as read or to be written.
struct ArchiveHeader {
    struct Entry {
        var specification: TensorSpecification
        var offset: Int
        var length: Int
        var checksum: UInt64
    }

    /// A JSON object, verbatim.
    var configuration: String
    var metadata: [String: String]
    var base: ArchiveBase?
    var entries: [Entry]

    /// Lays out `tensors` one after the other and gives each its offset and length; checksums are zero still.
    ///
    /// - Throws: `.invalid` for a bad name, shape, base or configuration, or where the file would exceed 2^63 bytes.
    init(
        path: String, configuration: String, metadata: [String: String], base: ArchiveBase?, tensors: [TensorSpecification]
    ) throws(ArchiveError) {
        self.configuration = try Self.checkedConfiguration(configuration, path: path)
        self.metadata = metadata
        self.base = base
        if let base, checksum(fromText: base.fingerprint) == nil {
            throw .invalid(
                path: path, field: "base.fingerprint", expected: "16 lower-case hexadecimal digits",
                found: quoted(base.fingerprint))
        }
        entries = []
        entries.reserveCapacity(tensors.count)
        var names = Set<String>(minimumCapacity: tensors.count)
        for (index, tensor) in tensors.enumerated() {
            try Self.check(name: tensor.name, index: index, isNew: names.insert(tensor.name).inserted, path: path)
            entries.append(Entry(specification: tensor, offset: 0, length: try tensor.checkedByteCount(path: path), checksum: 0))
        }
        // The header holds the offsets, whose digits decide its length, which decides the offsets: grow until both agree.
        var dataStart = ArchiveFormat.alignment
        while true {
            try layOut(from: dataStart, path: path)
            let length = json().count
            guard length <= ArchiveFormat.maximumHeaderLength else {
                throw .invalid(
                    path: path, field: "header length", expected: "at most \(ArchiveFormat.maximumHeaderLength) bytes",
                    found: "\(length)")
            }
            let needed = Self.dataStart(headerLength: length)
            if needed <= dataStart { break }
            dataStart = needed
        }
    }

    init(configuration: String, metadata: [String: String], base: ArchiveBase?, entries: [Entry]) {
        self.configuration = configuration
        self.metadata = metadata
        self.base = base
        self.entries = entries
    }

    /// The first byte a tensor may use; a header length has been checked against its maximum, so this cannot overflow.
    static func dataStart(headerLength: Int) -> Int {
        let alignment = ArchiveFormat.alignment
        return (ArchiveFormat.preambleLength + headerLength + alignment - 1) / alignment * alignment
    }

    private mutating func layOut(from dataStart: Int, path: String) throws(ArchiveError) {
        var offset = dataStart
        for index in entries.indices {
            entries[index].offset = offset
            let (end, overflow) = offset.addingReportingOverflow(entries[index].length)
            guard !overflow, let next = ArchiveFormat.aligned(end) else {
                throw .invalid(
                    path: path, field: "\(entries[index].specification.name): offset", expected: "a file below 2^63 bytes",
                    found: "\(offset) + \(entries[index].length)")
            }
            offset = next
        }
    }

    /// The length of the whole file: what is used, filled up to the alignment; nil where that overflows.
    func fileLength(dataStart: Int) -> Int? {
        ArchiveFormat.aligned(entries.reduce(dataStart) { max($0, $1.offset + $1.length) })
    }

    static func check(name: String, index: Int, isNew: Bool, path: String) throws(ArchiveError) {
        guard TensorSpecification.isValidName(name) else {
            throw .invalid(
                path: path, field: "tensors[\(index)].name",
                expected: "1 to \(TensorSpecification.maximumNameLength) printable ASCII characters", found: quoted(name))
        }
        guard isNew else {
            throw .invalid(path: path, field: "tensors[\(index)].name", expected: "a name used once", found: "\(name) again")
        }
    }

    private static func checkedConfiguration(_ text: String, path: String) throws(ArchiveError) -> String {
        do throws(JSONScanner.Failure) {
            var scanner = try JSONScanner(Array(text.utf8))
            let object = try scanner.rawObject()
            try scanner.end()
            return object
        } catch {
            throw .invalid(
                path: path, field: "configuration, byte \(error.position)", expected: error.expected, found: error.found)
        }
    }

    // MARK: Bytes

    /// The JSON text. Its length depends on the table alone, not on the checksums, which are of a fixed width.
    func json() -> [UInt8] {
        var text = [UInt8]()
        text.reserveCapacity(configuration.utf8.count + 1024 + entries.count * 192)
        text += Array("{\"configuration\":".utf8)
        text += Array(configuration.utf8)
        text += Array(",\n\"metadata\":{".utf8)
        for (index, item) in metadata.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            appendJSON(item.key, to: &text)
            text.append(UInt8(ascii: ":"))
            appendJSON(item.value, to: &text)
        }
        text += Array("}".utf8)
        if let base {
            text += Array(",\n\"base\":{\"name\":".utf8)
            appendJSON(base.name, to: &text)
            text += Array(",\"fingerprint\":\"\(base.fingerprint)\"}".utf8)
        }
        text += Array(",\n\"tensors\":[".utf8)
        for (index, entry) in entries.enumerated() {
            text += Array((index > 0 ? ",\n" : "\n").utf8)
            text += Array("{\"name\":".utf8)
            appendJSON(entry.specification.name, to: &text)
            let shape = entry.specification.shape.map(String.init).joined(separator: ",")
            text += Array(
                """
                ,"elementType":"\(entry.specification.elementType.rawValue)","shape":[\(shape)],\
                "layout":"\(entry.specification.layout.rawValue)","offset":\(entry.offset),"length":\(entry.length),\
                "checksum":"\(checksumText(entry.checksum))"}
                """.utf8)
        }
        text += Array("\n]}\n".utf8)
        return text
    }

    /// Preamble and JSON, as they stand at the start of the file.
    func encoded() -> [UInt8] {
        let json = json()
        var bytes = ArchiveFormat.magic
        func append<Value: FixedWidthInteger>(_ value: Value) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
        append(UInt32(ArchiveFormat.majorVersion))
        append(UInt32(ArchiveFormat.minorVersion))
        append(UInt64(json.count))
        append(Self.headerChecksum(preamble: bytes, json: json))
        return bytes + json
    }

    /// The header checksum: XXH64 of the first 24 bytes of the file followed by the JSON.
    static func headerChecksum(preamble: [UInt8], json: [UInt8]) -> UInt64 {
        var hash = XXHash64()
        preamble.withUnsafeBytes { hash.update($0) }
        json.withUnsafeBytes { hash.update($0) }
        return hash.value
    }

    /// Identifies the tensors, whatever the metadata, the configuration or their order in the file: XXH64 of a line
    /// `name type layout dimension,dimension checksum\n` for each, sorted by name.
    ///
    /// - Parameter prefix: tensors whose names begin so are left out.
    func fingerprint(leavingOut prefix: String? = nil) -> String {
        var hash = XXHash64()
        for entry in entries.sorted(by: { $0.specification.name < $1.specification.name }) {
            let name = entry.specification.name
            if let prefix, name.hasPrefix(prefix) { continue }
            let line = "\(name) \(entry.specification.line(checksum: entry.checksum))\n"
            Array(line.utf8).withUnsafeBytes { hash.update($0) }
        }
        return checksumText(hash.value)
    }
}
