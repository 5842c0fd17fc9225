/// The bytes of a pickle, fetched as far as they are needed: a legacy checkpoint is one file of pickles followed by
/// gigabytes of data.
struct PickleInput {
    let file: String
    private let source: any ByteSource
    /// Everything fetched so far.
    private(set) var bytes: [UInt8] = []
    private(set) var position: Int

    /// A pickle holds at most this much; arrays within pickles are what makes them long.
    static let byteLimit = 1 << 31

    init(_ source: any ByteSource, at position: Int = 0, file: String) {
        self.source = source
        self.file = file
        self.position = position
    }

    func malformed(_ expected: String, _ found: String) -> CheckpointError {
        .malformed(file: file, field: "pickle, byte \(position)", expected: expected, found: found)
    }

    /// Makes sure that `count` more bytes are in `bytes`.
    private mutating func fetch(_ count: Int) throws {
        guard bytes.count - position < count else { return }
        let left = source.byteCount - position
        guard count <= left else {
            throw malformed("\(count) more bytes", "\(left): the pickle ends early or states a wrong length")
        }
        guard position + count <= Self.byteLimit else {
            throw CheckpointError.tooLarge(
                file: file, field: "pickle", limit: Self.byteLimit, found: "\(position + count) bytes")
        }
        let goal = min(source.byteCount, max(position + count, bytes.count + min(max(bytes.count, 1 << 16), 1 << 24)))
        bytes += try source.bytes(at: bytes.count, count: goal - bytes.count)
    }

    /// The place of the next `count` bytes, which are passed over.
    mutating func take(_ count: UInt64) throws -> Range<Int> {
        guard let count = Int(exactly: count), count <= source.byteCount else {
            throw malformed("a length within the file", "\(count)")
        }
        try fetch(count)
        defer { position += count }
        return position..<position + count
    }

    mutating func byte() throws -> UInt8 {
        try fetch(1)
        defer { position += 1 }
        return bytes[position]
    }

    /// A little-endian unsigned number of `count` bytes, at most 8.
    mutating func number(_ count: Int) throws -> UInt64 {
        try fetch(count)
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
        position += count
        return value
    }

    /// The place of the text up to the next line feed, which is passed over too.
    mutating func line() throws -> Range<Int> {
        let start = position
        while try byte() != 0x0a {}
        return start..<position - 1
    }

    mutating func lineText() throws -> String {
        let range = try line()
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw malformed("a line of text", "other bytes")
        }
        return text
    }
}
