import LEOTensor

/// What the allowed names build. Arguments are checked as untrusted input; nothing is called.
extension PickleMachine {
    func call(_ global: PickleGlobal, _ arguments: [PickleRaw]) throws -> PickleRaw {
        func expect(_ counts: ClosedRange<Int>) throws {
            guard counts.contains(arguments.count) else {
                throw malformed("\(counts) arguments of \(global)", "\(arguments.count)")
            }
        }
        switch global {
        case .dictionary, .orderedDictionary:
            try expect(0...1)
            let dictionary = PickleDictionary()
            for pair in try arguments.first.map({ try sequence($0, "items of a dictionary") }) ?? [] {
                let items = try sequence(pair, "key and value")
                guard items.count == 2 else { throw malformed("key and value", "\(items.count) items") }
                // One list may be copied again and again; an entry costs about as much as eight other values.
                try charge(8)
                dictionary.set(items[0], items[1], identity: try identity(of: items[0]))
            }
            return try make(.dictionary(dictionary))
        case .defaultDictionary:
            try expect(0...1)
            return try make(.dictionary(PickleDictionary()))
        case .list, .tuple, .set, .frozenSet, .size:
            try expect(0...1)
            let items = try arguments.first.map { try sequence($0, "items") } ?? []
            try charge(items.count)
            return try make(
                .sequence(
                    PickleSequence(global == .list ? .list : global == .tuple || global == .size ? .tuple : .set, items)
                ))
        case .bytes:
            try expect(0...2)
            guard let first = arguments.first else { return try make(.bytes(.own(MemoryBytes([])))) }
            if arguments.count == 2 { return try encode(first, arguments[1]) }
            guard case .bytes? = node(first) else { throw malformed("bytes", describe(first)) }
            return first
        case .encode:
            try expect(1...2)
            return try encode(arguments[0], arguments.count == 2 ? arguments[1] : .none)
        case .device:
            try expect(1...2)
            return try make(.device(text(arguments[0])))

        case .rebuildTensor, .rebuildTensorV2, .rebuildTensorV3: return try rebuildTensor(global, arguments)
        case .rebuildParameter:
            try expect(1...4)
            guard case .tensor? = node(arguments[0]) else {
                throw malformed("a tensor of the parameter", describe(arguments[0]))
            }
            return arguments[0]
        case .rebuildFromType:
            try expect(4...4)
            guard case .global(let function)? = node(arguments[0]), case .global(.tensorType)? = node(arguments[1]),
                [.rebuildTensorV2, .rebuildTensorV3, .rebuildParameter].contains(function)
            else { throw malformed("a plain tensor", "\(describe(arguments[0])) of \(describe(arguments[1]))") }
            let inner = try sequence(arguments[2], "arguments of a tensor")
            try charge(inner.count)
            return try call(function, inner)

        case .reconstructArray:
            try expect(3...3)
            guard case .global(.arrayType)? = node(arguments[0]) else {
                throw malformed("numpy.ndarray", describe(arguments[0]))
            }
            return try make(.array(PickleArray()))
        case .arrayFromBuffer:
            try expect(4...4)
            let array = PickleArray()
            array.data = arguments[0]
            array.type = try numpyType(arguments[1])
            array.shape = try integers(arguments[2], "shape of an array")
            array.isFortran = try text(arguments[3]) == "F"
            return try make(.array(array))
        case .arrayScalar:
            try expect(2...2)
            return try scalar(of: numpyType(arguments[0]), arguments[1])
        case .numpyType:
            try expect(1...3)
            let name = try text(arguments[0])
            guard let type = NumpyType(name) else {
                throw CheckpointError.unsupported(file: file, field: "pickle", found: "dtype \(quoted(name))")
            }
            return try make(.numpyType(type))

        case .factory, .storage, .untypedStorage, .elementType, .tensorType, .arrayType:
            throw CheckpointError.unsupported(file: file, field: "pickle", found: "calling \(global)")
        }
    }

    /// `_codecs.encode(text, "latin1")`: how protocol 2 writes bytes.
    private func encode(_ raw: PickleRaw, _ codec: PickleRaw) throws -> PickleRaw {
        guard case .node(let index) = raw, case .string(let text) = nodes[index] else {
            throw malformed("a text to encode", describe(raw))
        }
        guard codec != .none, ["latin1", "latin-1"].contains(try self.text(codec)) else {
            throw CheckpointError.unsupported(file: file, field: "pickle", found: "a codec other than latin1")
        }
        // Once per text: a text shared a million times must not become a million arrays.
        if let known = encoded[index] { return .node(known) }
        var result: [UInt8] = []
        let source = contents(text)
        result.reserveCapacity(source.count / 2)
        var pending: UInt8 = 0
        for byte in source {
            // Latin-1 in UTF-8 is one byte, or C2/C3 and a second one; the text was checked to be UTF-8.
            switch byte {
            case 0..<0x80: result.append(byte)
            case 0x80..<0xc0: result.append((pending & 3) << 6 | (byte & 0x3f))
            case 0xc2, 0xc3: pending = byte
            default: throw malformed("characters of Latin-1", "others")
            }
        }
        let bytes = try make(.bytes(.own(MemoryBytes(result))))
        if case .node(let place) = bytes { encoded[index] = place }
        return bytes
    }

    // MARK: PyTorch

    /// `('storage', type, key, location, number of elements[, view])`
    func storage(_ raw: PickleRaw) throws -> PickleStorage {
        guard hasStorages else {
            throw CheckpointError.unsupported(
                file: file, field: "pickle", found: "a reference to data outside the pickle")
        }
        let items = try sequence(raw, "persistent id")
        guard items.count == 5 || items.count == 6, try text(items[0]) == "storage" else {
            throw CheckpointError.unsupported(file: file, field: "pickle", found: "a persistent id that is no storage")
        }
        let type: ElementType?
        switch node(items[1]) {
        case .global(.storage(let known))?: type = known
        case .global(.untypedStorage)?: type = nil
        default: throw malformed("a storage type", describe(items[1]))
        }
        let key = try text(items[2])
        let size = type?.byteCount ?? 1
        let rootCount = try byteCount(integer(items[4], "size of storage \(quoted(key))"), size)
        guard items.count == 6, items[5] != .none else {
            return PickleStorage(
                key: key, elementType: type, rootByteCount: rootCount, byteOffset: 0, byteCount: rootCount)
        }
        let view = try sequence(items[5], "view of a storage")
        guard view.count == 3 else { throw malformed("key, offset and size of a storage view", "\(view.count) items") }
        let offset = try byteCount(integer(view[1], "offset of a storage view"), size)
        let length = try byteCount(integer(view[2], "size of a storage view"), size)
        guard offset <= rootCount, length <= rootCount - offset else {
            throw malformed("a view within storage \(quoted(key))", "\(length) bytes from \(offset) of \(rootCount)")
        }
        return PickleStorage(
            key: key, elementType: type, rootByteCount: rootCount, byteOffset: offset, byteCount: length)
    }

    private func byteCount(_ count: Int, _ size: Int) throws -> Int {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
        guard count >= 0, !overflow else { throw malformed("a size from 0 that fits 64 bits", "\(count)") }
        return bytes
    }

    /// v1: storage, offset, shape, strides. v2: and requires_grad, hooks[, metadata]. v3: and dtype before metadata.
    private func rebuildTensor(_ global: PickleGlobal, _ arguments: [PickleRaw]) throws -> PickleRaw {
        let counts = global == .rebuildTensor ? 4...4 : global == .rebuildTensorV2 ? 6...7 : 7...8
        guard counts.contains(arguments.count) else {
            throw malformed("\(counts) arguments of a tensor", "\(arguments.count)")
        }
        guard case .storage(let storage)? = node(arguments[0]) else {
            throw malformed("a storage", describe(arguments[0]))
        }
        var type = storage.elementType
        if global == .rebuildTensorV3 {
            guard case .global(.elementType(let stated))? = node(arguments[6]) else {
                throw CheckpointError.unsupported(
                    file: file, field: "pickle", found: "a tensor of \(describe(arguments[6]))")
            }
            type = stated
        }
        guard let type else { throw malformed("a storage with a type", "an untyped one") }
        // Metadata says that the values are to be conjugated or negated.
        if arguments.count == counts.upperBound, global != .rebuildTensor,
            case .dictionary(let metadata)? = node(arguments[arguments.count - 1]),
            !metadata.entries.isEmpty
        {
            throw CheckpointError.unsupported(file: file, field: "pickle", found: "a tensor with metadata")
        }
        return try make(
            .tensor(
                PickleTensor(
                    storage: storage, offset: integer(arguments[1], "storage offset"), elementType: type,
                    shape: integers(arguments[2], "shape of a tensor"),
                    strides: integers(arguments[3], "strides of a tensor"))))
    }

    // MARK: NumPy

    func numpyType(_ raw: PickleRaw) throws -> NumpyType {
        guard case .numpyType(let type)? = node(raw) else { throw malformed("a dtype", describe(raw)) }
        return type
    }

    private func scalar(of type: NumpyType, _ raw: PickleRaw) throws -> PickleRaw {
        let item: ArraySlice<UInt8>
        switch node(raw) {
        case .bytes(let text)?, .string(let text)?: item = contents(text)
        default: throw malformed("bytes of a \(type.name) scalar", describe(raw))
        }
        guard item.count == type.byteCount, let value = type.scalar(item) else {
            throw malformed("a \(type.name) scalar of \(type.byteCount) bytes", "\(item.count) bytes")
        }
        return try self.raw(value)
    }

    func raw(_ atom: PickleAtom) throws -> PickleRaw {
        switch atom {
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .double(let value): .double(value)
        case .string(let value): try make(.string(.own(MemoryBytes(Array(value.utf8)))))
        }
    }

    // MARK: BUILD

    /// Sets the state of an object. Attributes of dictionaries and tensors (`_metadata`, hooks) mean nothing to values.
    func build(_ target: PickleRaw, _ state: PickleRaw) throws {
        guard case .node(let index) = target else { throw malformed("an object to give state to", describe(target)) }
        switch nodes[index] {
        case .dictionary, .tensor:
            switch node(state) {
            case .dictionary?, .sequence?: break
            default: throw malformed("attributes", describe(state))
            }
        case .numpyType(let type):
            let items = try sequence(state, "state of a dtype")
            guard items.count >= 2 else { throw malformed("state of a dtype", "\(items.count) items") }
            replace(index, with: .numpyType(type.ordered(try text(items[1]))))
        case .array(let array):
            let items = try sequence(state, "state of an array")
            // The version in front is missing in states of NumPy before 1.0.
            guard items.count == 4 || items.count == 5 else {
                throw malformed("state of an array", "\(items.count) items")
            }
            let rest = Array(items.suffix(4))
            array.shape = try integers(rest[0], "shape of an array")
            array.type = try numpyType(rest[1])
            switch rest[2] {
            case .bool(let value): array.isFortran = value
            case .int(let value): array.isFortran = value != 0
            default: throw malformed("the order of an array", describe(rest[2]))
            }
            array.data = rest[3]
        default:
            throw malformed("an object that takes state", describe(target))
        }
    }
}
