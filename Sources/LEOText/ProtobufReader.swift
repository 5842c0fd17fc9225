/// Reads the fields of one protobuf message out of a byte range. Strict where the format allows laxity: no groups, no
/// wire types that contradict the schema. Never reads outside its range and never allocates by a stored length.
struct ProtobufReader {
    enum Value {
        case varint(UInt64)
        case fixed64
        case fixed32(UInt32)
        /// Where the payload of a length-delimited field lies; always inside the message.
        case payload(Range<Int>)
    }

    struct Field {
        let number: UInt64
        let value: Value
        let offset: Int
    }

    private let bytes: [UInt8]
    private var position: Int
    private let end: Int
    /// Names the message in errors. A function of a number, because building 32,000 names to throw away is slow.
    private let message: @Sendable (Int) -> String
    private let messageIndex: Int

    init(
        _ bytes: [UInt8], in range: Range<Int>, index: Int = 0, message: @escaping @Sendable (Int) -> String
    ) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
        self.message = message
        messageIndex = index
    }

    /// The next field, or nil at the end of the message.
    mutating func next() throws(TokenizerError) -> Field? {
        guard position < end else { return nil }
        let offset = position
        let tag = try varint(of: "field tag")
        let number = tag >> 3
        guard number > 0, number < 1 << 29 else { throw malformed("field tag", offset, "field number \(number)") }
        switch tag & 7 {
        case 0:
            return Field(number: number, value: .varint(try varint(of: "field \(number)")), offset: offset)
        case 1:
            _ = try take(8, number)
            return Field(number: number, value: .fixed64, offset: offset)
        case 2:
            let length = try varint(of: "field \(number)")
            let payload = try take(length, number)
            return Field(number: number, value: .payload(payload), offset: offset)
        case 5:
            let payload = try take(4, number)
            let raw = payload.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[$1]) }
            return Field(number: number, value: .fixed32(raw), offset: offset)
        default:
            throw malformed("field \(number)", offset, "wire type \(tag & 7)")
        }
    }

    // MARK: Values of known fields

    func payload(of field: Field, _ name: String) throws(TokenizerError) -> Range<Int> {
        guard case .payload(let range) = field.value else { throw wrongType(field, name, "bytes") }
        return range
    }

    func integer(of field: Field, _ name: String) throws(TokenizerError) -> UInt64 {
        guard case .varint(let value) = field.value else { throw wrongType(field, name, "an integer") }
        return value
    }

    func bool(of field: Field, _ name: String) throws(TokenizerError) -> Bool {
        try integer(of: field, name) != 0
    }

    func float(of field: Field, _ name: String) throws(TokenizerError) -> Float {
        guard case .fixed32(let raw) = field.value else { throw wrongType(field, name, "a 32-bit float") }
        return Float(bitPattern: raw)
    }

    // MARK: Bytes

    private mutating func varint(of field: @autoclosure () -> String) throws(TokenizerError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end {
            let byte = bytes[position]
            position += 1
            // The tenth byte has room for one bit only.
            if shift == 63, byte > 1 { throw malformed(field(), start, "integer of more than 64 bits") }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw malformed(field(), start, "the bytes end inside an integer")
    }

    private mutating func take(_ length: UInt64, _ number: UInt64) throws(TokenizerError) -> Range<Int> {
        guard length <= UInt64(end - position) else {
            throw malformed("field \(number)", position, "\(length) bytes announced, \(end - position) left")
        }
        defer { position += Int(length) }
        return position..<(position + Int(length))
    }

    private func wrongType(_ field: Field, _ name: String, _ expected: String) -> TokenizerError {
        malformed(name, field.offset, "expected \(expected), found another wire type")
    }

    private func malformed(_ field: String, _ offset: Int, _ reason: String) -> TokenizerError {
        let prefix = message(messageIndex)
        return .malformed(field: prefix.isEmpty ? field : prefix + "." + field, offset: offset, reason: reason)
    }
}
