/// Reads typed values out of JSON that another program wrote; errors name the path of the value.
package struct JSONReader: Sendable {
    package let value: JSONText
    /// Such as `game_states.instances[3].position`.
    package let path: String

    package init(_ value: JSONText, path: String) {
        self.value = value
        self.path = path
    }

    /// The error of this value; without `found` it says what the value is.
    package func wrong(_ expected: String, found: String? = nil) -> LEGENTMessageError {
        .invalidValue(field: path, expected: expected, found: found ?? value.kind)
    }

    // MARK: Parts

    /// A path that names a file ends with a colon, and the keys begin there.
    private func path(of key: String) -> String { path.isEmpty || path.hasSuffix(": ") ? path + key : "\(path).\(key)" }

    /// The value under a key; nil where it is missing or null.
    package func optional(_ key: String) throws(LEGENTMessageError) -> JSONReader? {
        guard case .object = value else { throw wrong("an object") }
        guard let inner = value[key], inner != .null else { return nil }
        return JSONReader(inner, path: path(of: key))
    }

    /// - Errors: `.invalidValue` where the key is missing
    package func required(_ key: String) throws(LEGENTMessageError) -> JSONReader {
        guard let inner = try optional(key) else {
            throw .invalidValue(field: path(of: key), expected: "a value", found: "nothing")
        }
        return inner
    }

    package var elements: [JSONReader] {
        get throws(LEGENTMessageError) {
            guard case .array(let values) = value else { throw wrong("an array") }
            return values.enumerated().map { JSONReader($1, path: "\(path)[\($0)]") }
        }
    }

    // MARK: Values

    package var string: String {
        get throws(LEGENTMessageError) {
            guard case .string(let text) = value else { throw wrong("text") }
            return text
        }
    }

    package var bool: Bool {
        get throws(LEGENTMessageError) {
            switch value {
            case .bool(let flag): return flag
            // Written as a number by some libraries.
            case .number("0"): return false
            case .number("1"): return true
            default: throw wrong("true or false")
            }
        }
    }

    package var double: Double {
        get throws(LEGENTMessageError) {
            guard case .number(let digits) = value, let number = Double(pythonJSON: digits) else { throw wrong("a number") }
            return number
        }
    }

    /// A finite number.
    package var finite: Double {
        get throws(LEGENTMessageError) {
            let number = try double
            guard number.isFinite else { throw wrong("a finite number") }
            return number
        }
    }

    package var integer: Int {
        get throws(LEGENTMessageError) {
            guard let number = Int(exactly: try double) else { throw wrong("a whole number") }
            return number
        }
    }

    /// `{"x": …, "y": …, "z": …}` as the game writes vectors, or `[x, y, z]` as scenes have them.
    package var vector: SIMD3<Double> {
        get throws(LEGENTMessageError) {
            if case .array(let values) = value {
                guard values.count == 3 else { throw wrong("three numbers") }
                let parts = try elements
                return SIMD3(try parts[0].finite, try parts[1].finite, try parts[2].finite)
            }
            guard case .object = value else { throw wrong("an object of x, y and z") }
            return SIMD3(try required("x").finite, try required("y").finite, try required("z").finite)
        }
    }
}

extension JSONText {
    /// A vector as the game writes it.
    package static func xyz(_ vector: SIMD3<Double>) -> JSONText {
        .object([Member("x", .float(vector.x)), Member("y", .float(vector.y)), Member("z", .float(vector.z))])
    }
}
