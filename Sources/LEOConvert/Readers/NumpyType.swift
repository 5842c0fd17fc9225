import LEOTensor

/// A NumPy dtype as files write it: `<f4`, `|O`, `S3`.
enum NumpyType: Sendable, Equatable {
    case element(ElementType, isBigEndian: Bool)
    /// Unsigned integers that tensors here do not have; fine as scalars.
    case unsigned(byteCount: Int, isBigEndian: Bool)
    /// Bytes padded with zeros.
    case bytes(Int)
    /// UTF-32 padded with zeros; the count is of characters.
    case unicode(Int, isBigEndian: Bool)
    case object

    /// nil where the dtype is not known here.
    init?(_ text: String) {
        var rest = Substring(text)
        var isBigEndian = false
        if let order = rest.first, "<>|=".contains(order) {
            isBigEndian = order == ">"
            rest = rest.dropFirst()
        }
        switch rest {
        case "f8": self = .element(.f64, isBigEndian: isBigEndian)
        case "f4": self = .element(.f32, isBigEndian: isBigEndian)
        case "f2": self = .element(.f16, isBigEndian: isBigEndian)
        case "i8": self = .element(.i64, isBigEndian: isBigEndian)
        case "i4": self = .element(.i32, isBigEndian: isBigEndian)
        case "i2": self = .element(.i16, isBigEndian: isBigEndian)
        case "i1": self = .element(.i8, isBigEndian: false)
        case "u1": self = .element(.u8, isBigEndian: false)
        case "b1", "?": self = .element(.bool, isBigEndian: false)
        case "u2": self = .unsigned(byteCount: 2, isBigEndian: isBigEndian)
        case "u4": self = .unsigned(byteCount: 4, isBigEndian: isBigEndian)
        case "u8": self = .unsigned(byteCount: 8, isBigEndian: isBigEndian)
        case "O", "O8", "O4": self = .object
        default:
            guard let count = Int(rest.dropFirst()), 0...(1 << 24) ~= count else { return nil }
            switch rest.first {
            case "S", "a": self = .bytes(count)
            case "U": self = .unicode(count, isBigEndian: isBigEndian)
            default: return nil
            }
        }
    }

    /// The same type in the byte order that a dtype's pickled state gives.
    func ordered(_ order: String) -> NumpyType {
        switch self {
        case .element(let type, _): .element(type, isBigEndian: order == ">" && type.byteCount > 1)
        case .unsigned(let count, _): .unsigned(byteCount: count, isBigEndian: order == ">")
        case .unicode(let count, _): .unicode(count, isBigEndian: order == ">")
        case .bytes, .object: self
        }
    }

    /// Bytes of one item; 0 for objects.
    var byteCount: Int {
        switch self {
        case .element(let type, _): type.byteCount
        case .unsigned(let count, _), .bytes(let count): count
        case .unicode(let count, _): 4 * count
        case .object: 0
        }
    }

    /// In words, for error lines.
    var name: String {
        switch self {
        case .element(let type, _): type.rawValue
        case .unsigned(let count, _): "u\(8 * count)"
        case .bytes: "bytes"
        case .unicode: "text"
        case .object: "object"
        }
    }

    /// One item as a scalar; `item` has `byteCount` bytes. nil where it is none (objects, broken text).
    func scalar(_ item: ArraySlice<UInt8>) -> PickleAtom? {
        func word(_ isBigEndian: Bool) -> UInt64 {
            isBigEndian
                ? item.reduce(0) { $0 << 8 | UInt64($1) } : item.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch self {
        case .element(let type, let isBigEndian):
            let bits = word(isBigEndian)
            switch type {
            case .f64: return .double(Double(bitPattern: bits))
            case .f32: return .double(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
            case .f16: return .double(Double(float(half: UInt16(truncatingIfNeeded: bits))))
            case .bf16: return .double(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits) << 16)))
            case .i64: return .int(Int(Int64(bitPattern: bits)))
            case .i32: return .int(Int(Int32(truncatingIfNeeded: bits)))
            case .i16: return .int(Int(Int16(truncatingIfNeeded: bits)))
            case .i8: return .int(Int(Int8(truncatingIfNeeded: bits)))
            case .u8: return .int(Int(bits))
            case .bool: return .bool(bits != 0)
            }
        case .unsigned(_, let isBigEndian):
            return Int(exactly: word(isBigEndian)).map { .int($0) }
        case .bytes:
            return String(validating: item.reversed().drop { $0 == 0 }.reversed(), as: UTF8.self).map { .string($0) }
        case .unicode(_, let isBigEndian):
            var text = String.UnicodeScalarView()
            var pending = 0
            for start in stride(from: item.startIndex, to: item.endIndex, by: 4) {
                let unit = item[start..<start + 4]
                let code: UInt32 = (isBigEndian ? Array(unit) : unit.reversed()).reduce(0) { $0 << 8 | UInt32($1) }
                guard let scalar = Unicode.Scalar(code) else { return nil }
                // Zeros at the end are padding, zeros before more text are text.
                if code == 0 {
                    pending += 1
                } else {
                    text.append(contentsOf: repeatElement("\0", count: pending))
                    pending = 0
                    text.append(scalar)
                }
            }
            return .string(String(text))
        case .object: return nil
        }
    }
}

/// A scalar value of NumPy.
enum PickleAtom: Sendable, Equatable {
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
}
