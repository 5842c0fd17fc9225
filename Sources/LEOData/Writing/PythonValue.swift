import LEOTensor

/// What the pickle writer can put into a file: plain Python values, NumPy arrays and PyTorch tensors.
package indirect enum PythonValue: Sendable {
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case list([PythonValue])
    case tuple([PythonValue])
    /// In the order given, which Python keeps.
    case dictionary([(key: PythonValue, value: PythonValue)])
    /// A NumPy array in C order. NumPy has no `bf16`.
    case array(Tensor)
    /// A one-dimensional NumPy array of objects.
    case objectArray([PythonValue])
    /// A PyTorch tensor; only files of `writeTorch` can hold it.
    case tensor(Tensor)

    /// A dictionary with text keys.
    package static func record(_ entries: KeyValuePairs<String, PythonValue>) -> PythonValue {
        .dictionary(entries.map { (.string($0.key), $0.value) })
    }
}

extension ElementType {
    /// NumPy's name of the type, without byte order.
    var numpyCode: String {
        switch self {
        case .f64: "f8"
        case .f32: "f4"
        case .f16: "f2"
        case .bf16: preconditionFailure("NumPy has no bfloat16")
        case .i64: "i8"
        case .i32: "i4"
        case .i16: "i2"
        case .i8: "i1"
        case .u8: "u1"
        case .bool: "b1"
        }
    }

    /// `<` where the order of bytes matters, else `|`.
    var numpyByteOrder: String { byteCount > 1 ? "<" : "|" }

    var torchStorage: String {
        switch self {
        case .f64: "DoubleStorage"
        case .f32: "FloatStorage"
        case .f16: "HalfStorage"
        case .bf16: "BFloat16Storage"
        case .i64: "LongStorage"
        case .i32: "IntStorage"
        case .i16: "ShortStorage"
        case .i8: "CharStorage"
        case .u8: "ByteStorage"
        case .bool: "BoolStorage"
        }
    }
}

extension Tensor {
    /// Numbers of any fixed-width type, as they lie in memory.
    package init<Value>(_ elementType: ElementType, _ values: [Value], shape: [Int]) {
        precondition(MemoryLayout<Value>.stride == elementType.byteCount, "the values are of another size")
        precondition(shape.reduce(1, *) == values.count, "shape does not match the number of values")
        self.init(elementType: elementType, shape: shape) { target in
            values.withUnsafeBytes { target.copyMemory(from: $0) }
        }
    }

    var rawBytes: [UInt8] { withBytes { [UInt8]($0) } }
}
