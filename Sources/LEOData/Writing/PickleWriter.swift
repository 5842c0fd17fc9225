import LEOTensor

/// Writes values as a pickle.
///
/// The opcodes are those of protocol 2, but for the bytes of NumPy arrays, which use protocol 3's plain form: protocol 2
/// can only spell bytes as text to be encoded again, half as large again and slow to read. A pickle without arrays is
/// marked as protocol 2.
///
/// - Source: CPython `Lib/pickle.py`, `Lib/pickletools.py`; NumPy `ndarray.__reduce__`; PyTorch `torch/_utils.py`,
///   `_rebuild_tensor_v2`
struct PickleWriter {
    /// Tensors met on the way, whose bytes the file stores under their index.
    private(set) var storages: [Tensor] = []
    private var body: [UInt8] = []
    private var hasBytes = false

    static func pickle(_ value: PythonValue) -> (bytes: [UInt8], storages: [Tensor]) {
        var writer = PickleWriter()
        writer.append(value)
        return ([0x80, writer.hasBytes ? 3 : 2] + writer.body + [UInt8(ascii: ".")], writer.storages)
    }

    private mutating func append(_ value: PythonValue) {
        switch value {
        case .none: op("N")
        case .bool(let value): body += [value ? 0x88 : 0x89]
        case .int(let value): append(value)
        case .double(let value):
            op("G")
            bigEndian(value.bitPattern)
        case .string(let value): append(value)
        case .list(let items):
            op("]")
            batch(items) { $0.append($1) } end: { $0.op("e") }
        case .tuple(let items):
            op("(")
            items.forEach { append($0) }
            op("t")
        case .dictionary(let entries):
            op("}")
            batch(entries) {
                $0.append($1.key)
                $0.append($1.value)
            } end: { $0.op("u") }
        case .array(let tensor):
            let type = tensor.elementType
            beginArray()
            state(shape: tensor.shape, code: type.numpyCode, order: type.numpyByteOrder)
            append(bytes: tensor.rawBytes)
            endArray()
        case .objectArray(let items):
            beginArray()
            state(shape: [items.count], code: "O8", order: "|")
            append(.list(items))
            endArray()
        case .tensor(let tensor): append(tensor)
        }
    }

    // MARK: Scalars and containers

    private mutating func op(_ letter: Unicode.Scalar) { body.append(UInt8(ascii: letter)) }

    private mutating func append(_ value: Int) {
        if let small = UInt8(exactly: value) {
            op("K")
            body.append(small)
        } else if let middle = Int32(exactly: value) {
            op("J")
            littleEndian(UInt32(bitPattern: middle))
        } else {
            body += [0x8a, 8]
            littleEndian(UInt64(bitPattern: Int64(value)))
        }
    }

    private mutating func append(_ text: String) {
        op("X")
        littleEndian(UInt32(text.utf8.count))
        body += text.utf8
    }

    private mutating func append(bytes: [UInt8]) {
        hasBytes = true
        if bytes.count < 256 {
            body += [UInt8(ascii: "C"), UInt8(bytes.count)]
        } else if let count = UInt32(exactly: bytes.count) {
            op("B")
            littleEndian(count)
        } else {
            preconditionFailure("an array of 4 GiB does not fit into a pickle")
        }
        body += bytes
    }

    /// Items in marked groups of 1000, as Python writes them: a reader's stack stays small.
    private mutating func batch<Item>(
        _ items: [Item], each: (inout PickleWriter, Item) -> Void, end: (inout PickleWriter) -> Void
    ) {
        for start in stride(from: 0, to: items.count, by: 1000) {
            op("(")
            for item in items[start..<min(start + 1000, items.count)] { each(&self, item) }
            end(&self)
        }
    }

    private mutating func global(_ module: String, _ name: String) { body += "c\(module)\n\(name)\n".utf8 }

    private mutating func littleEndian(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { body += $0 }
    }

    private mutating func bigEndian(_ value: UInt64) { withUnsafeBytes(of: value.bigEndian) { body += $0 } }

    // MARK: Arrays and tensors

    /// An empty array of class ndarray, to which the state is then applied.
    private mutating func beginArray() {
        global("numpy.core.multiarray", "_reconstruct")
        op("(")
        global("numpy", "ndarray")
        append(.tuple([.int(0)]))
        append(bytes: [UInt8(ascii: "b")])
        body += Array("tR(".utf8)
    }

    private mutating func state(shape: [Int], code: String, order: String) {
        append(1)
        append(.tuple(shape.map { .int($0) }))
        global("numpy", "dtype")
        append(.tuple([.string(code), .bool(false), .bool(true)]))
        op("R")
        // For objects: the flags that NumPy gives their dtype (reference, list, needs initialisation).
        let flags = code == "O8" ? 63 : 0
        append(.tuple([.int(3), .string(order), .none, .none, .none, .int(-1), .int(-1), .int(flags)]))
        op("b")
        append(.bool(false))
    }

    private mutating func endArray() { body += Array("tb".utf8) }

    private mutating func append(_ tensor: Tensor) {
        global("torch._utils", "_rebuild_tensor_v2")
        op("(")
        op("(")
        append("storage")
        global("torch", tensor.elementType.torchStorage)
        append(String(storages.count))
        append("cpu")
        append(tensor.count)
        body += Array("tQ".utf8)
        append(0)
        append(.tuple(tensor.shape.map { .int($0) }))
        append(.tuple(tensor.shape.indices.map { .int(tensor.shape[($0 + 1)...].reduce(1, *)) }))
        append(.bool(false))
        global("collections", "OrderedDict")
        body += Array(")RtR".utf8)
        storages.append(tensor)
    }
}
