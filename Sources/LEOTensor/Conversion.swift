/// Converts `target.count` little-endian elements of `type` at `bytes` to `Float`. 16-bit types are exact.
public func convertToFloat(
    _ bytes: UnsafeRawBufferPointer, from type: ElementType, into target: UnsafeMutableBufferPointer<Float>
) {
    precondition(bytes.count >= target.count * type.byteCount, "too few bytes to convert")
    func each<Value>(_: Value.Type, _ convert: (Value) -> Float) {
        let size = MemoryLayout<Value>.size
        for index in target.indices {
            target.initializeElement(
                at: index, to: convert(bytes.loadUnaligned(fromByteOffset: index * size, as: Value.self)))
        }
    }
    switch type {
    case .f64: each(Double.self) { Float($0) }
    case .f32: each(Float.self) { $0 }
    case .f16: each(UInt16.self) { float(half: $0) }
    case .bf16: each(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .i64: each(Int64.self) { Float($0) }
    case .i32: each(Int32.self) { Float($0) }
    case .i16: each(Int16.self) { Float($0) }
    case .i8: each(Int8.self) { Float($0) }
    case .u8, .bool: each(UInt8.self) { Float($0) }
    }
}

/// IEEE binary16 to binary32, exact, NaN payloads kept.
@inlinable public func float(half bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1f
    let mantissa = UInt32(bits & 0x3ff)
    switch exponent {
    case 0:
        let magnitude = Float(mantissa) * 0x1p-24
        return sign == 0 ? magnitude : -magnitude
    case 0x1f: return Float(bitPattern: sign | 0x7f80_0000 | mantissa << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | mantissa << 13)
    }
}
