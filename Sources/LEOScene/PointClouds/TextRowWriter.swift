/// Writes parsed text as the little-endian bytes that the same value would have in a binary file.
struct TextRowWriter {
    let file: String
    let bytes: UnsafeRawBufferPointer

    /// - Throws: where the token is no number of `type`, naming `field`
    @inline(__always)
    func store(
        _ token: Range<Int>, as type: ScalarType, typeName: @autoclosure () -> String,
        at target: UnsafeMutableRawPointer, field: @autoclosure () -> String
    ) throws(SceneError) {
        if !type.isInteger {
            guard let value = NumberParser.double(bytes, token) else {
                throw .malformed(
                    file: file, field: field(), reason: "\(quotedForMessage(bytes[token])) is not a number")
            }
            if type == .f32 {
                target.storeBytes(of: Float(value).bitPattern.littleEndian, as: UInt32.self)
            } else {
                target.storeBytes(of: value.bitPattern.littleEndian, as: UInt64.self)
            }
            return
        }
        let range = type.integerRange
        switch NumberParser.integer(bytes, token) {
        case .notANumber:
            throw .malformed(
                file: file, field: field(), reason: "\(quotedForMessage(bytes[token])) is not a whole number")
        case .value(let magnitude, let isNegative)
        where isNegative ? magnitude <= range.least.magnitude : magnitude <= range.greatest:
            let bits = isNegative ? 0 &- magnitude : magnitude
            switch type.byteCount {
            case 1: target.storeBytes(of: UInt8(truncatingIfNeeded: bits), as: UInt8.self)
            case 2: target.storeBytes(of: UInt16(truncatingIfNeeded: bits).littleEndian, as: UInt16.self)
            case 4: target.storeBytes(of: UInt32(truncatingIfNeeded: bits).littleEndian, as: UInt32.self)
            default: target.storeBytes(of: bits.littleEndian, as: UInt64.self)
            }
        case .value, .tooLarge:
            throw .malformed(
                file: file, field: field(), reason: "\(quotedForMessage(bytes[token])) does not fit \(typeName())")
        }
    }
}
