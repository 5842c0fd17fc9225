import LEOTensor

/// What `torch.save` writes, in three forms: a zip file (PyTorch 1.6 and later), the legacy stream before that, and a
/// bare pickle without storages (NumPy data, or `pickle.dump`).
struct TorchCheckpoint: Sendable {
    let root: PickleValue
    let formatName: String
    private let file: String
    private let treeSize: Int

    /// - Source: torch/serialization.py, `_save` and `_load`
    static func openZip(_ archive: ZipArchive) throws -> TorchCheckpoint {
        let path = archive.file.path
        let pickles = archive.entries.filter { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") }
        guard let entry = pickles.min(by: { $0.name.utf8.count < $1.name.utf8.count }) else {
            throw CheckpointError.missing(file: path, field: "zip entry data.pkl")
        }
        guard pickles.count == 1 else {
            throw CheckpointError.malformed(
                file: path, field: "zip entry data.pkl", expected: "one", found: "\(pickles.count)")
        }
        let prefix = String(entry.name.dropLast("data.pkl".count))
        if let order = archive[prefix + "byteorder"] {
            let text = String(decoding: try order.contents(limit: 64), as: UTF8.self)
            guard text == "little" else {
                throw CheckpointError.unsupported(file: path, field: "byteorder", found: "byte order \(quoted(text))")
            }
        }
        try entry.prepare()
        let (machine, document) = try PickleMachine.read(PickleInput(entry, file: path), hasStorages: true)
        return try TorchCheckpoint(machine, document, formatName: "PyTorch zip") { storage in
            guard let entry = archive["\(prefix)data/\(storage.key)"] else {
                throw CheckpointError.missing(file: path, field: "storage \(quoted("data/" + storage.key))")
            }
            return entry
        }
    }

    /// The first pickle of a legacy file is the integer 0x1950a86a20f9469cfc6c.
    private static let legacyMagic: [UInt8] = [
        0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
    ]

    static func recognizesLegacy(_ start: [UInt8]) -> Bool {
        // After the protocol, from protocol 4 on after a frame of 9 bytes too.
        start.first == 0x80
            && (start.dropFirst(2).starts(with: legacyMagic) || start.dropFirst(11).starts(with: legacyMagic))
    }

    /// Magic number, version, system information, the object, the keys of the storages; then every storage as a count
    /// and its elements.
    ///
    /// - Source: torch/serialization.py, `_legacy_save` and `_legacy_load`
    static func openLegacy(_ file: CheckpointFile) throws -> TorchCheckpoint {
        let path = file.path
        func malformed(_ field: String, _ expected: String, _ found: String) -> CheckpointError {
            .malformed(file: path, field: field, expected: expected, found: found)
        }
        var input = PickleInput(file, file: path)
        func next(hasStorages: Bool = false) throws -> (machine: PickleMachine, document: PickleDocument) {
            let result = try PickleMachine.read(input, hasStorages: hasStorages)
            input = result.machine.input
            return result
        }
        _ = try next()
        let version = try next().document.root
        guard version == .int(1001) else { throw malformed("protocol version", "1001", "\(version)") }
        let system = try next().document
        if let little = PickleValue(system, system.root)[key: "little_endian"], little.bool == false {
            throw CheckpointError.unsupported(file: path, field: "little_endian", found: "big-endian data")
        }
        let (machine, document) = try next(hasStorages: true)
        let keyList = try next().document
        guard let keys = PickleValue(keyList, keyList.root).items else {
            throw malformed("storage keys", "a list", "another value")
        }

        var sizes: [String: (elementBytes: Int, byteCount: Int)] = [:]
        for index in machine.tensors {
            guard case .tensor(let tensor) = document.nodes[index] else { continue }
            let storage = tensor.storage
            let size = (elementBytes: storage.elementType?.byteCount ?? 1, byteCount: storage.rootByteCount)
            if let known = sizes.updateValue(size, forKey: storage.key), known != size {
                throw malformed(
                    "storage \(quoted(storage.key))", "one size", "\(known.byteCount) and \(size.byteCount) bytes")
            }
        }
        for case .storage(let storage) in document.nodes where sizes[storage.key] == nil {
            sizes[storage.key] = (storage.elementType?.byteCount ?? 1, storage.rootByteCount)
        }
        var regions: [String: FileRegion] = [:]
        var position = keyList.end
        for value in keys {
            guard let key = value.string, let size = sizes[key] else {
                throw malformed(
                    "storage keys", "keys of storages in use", value.string.map { quoted($0) } ?? "another value")
            }
            let field = "storage \(quoted(key))"
            guard file.byteCount - position >= 8 else {
                throw malformed(field, "8 bytes of size", "the end of the file")
            }
            let stated = try file.bytes(at: position, count: 8).uint64(0)
            position += 8
            guard stated == UInt64(size.byteCount / size.elementBytes) else {
                throw malformed(field, "\(size.byteCount / size.elementBytes) elements", "\(stated)")
            }
            guard size.byteCount <= file.byteCount - position else {
                throw malformed(field, "\(size.byteCount) bytes", "\(file.byteCount - position): the file is cut off")
            }
            let region = FileRegion(file: file, start: position, byteCount: size.byteCount)
            guard regions.updateValue(region, forKey: key) == nil else { throw malformed(field, "one", "two") }
            position += size.byteCount
        }
        return try TorchCheckpoint(machine, document, formatName: "PyTorch legacy") { storage in
            guard let region = regions[storage.key] else {
                throw CheckpointError.missing(file: path, field: "storage \(quoted(storage.key))")
            }
            return region
        }
    }

    /// A pickle that starts at `position` and holds all of its data.
    static func openBare(
        _ file: CheckpointFile, at position: Int = 0, formatName: String = "pickle"
    ) throws -> TorchCheckpoint {
        let input = PickleInput(file, at: position, file: file.path)
        let (machine, document) = try PickleMachine.read(input, hasStorages: false)
        guard document.end == file.byteCount else {
            throw CheckpointError.malformed(
                file: file.path, field: "pickle", expected: "the end of the file at byte \(document.end)",
                found: "\(file.byteCount - document.end) more bytes")
        }
        return try TorchCheckpoint(machine, document, formatName: formatName) { storage in
            throw CheckpointError.missing(file: file.path, field: "storage \(quoted(storage.key))")
        }
    }

    private init(
        _ machine: PickleMachine, _ document: PickleDocument, formatName: String,
        storage: (PickleStorage) throws -> any ByteSource
    ) throws {
        let checker = try PickleChecker(document)
        for index in machine.tensors {
            guard case .tensor(let tensor) = document.nodes[index] else { continue }
            let name = checker.name(of: index)
            let field = name.isEmpty ? "tensor" : "tensor \(quoted(name))"
            do {
                try tensor.bind(to: storage(tensor.storage), file: document.file, field: field)
            } catch CheckpointError.missing(let file, let what) {
                throw CheckpointError.missing(file: file, field: "\(what) of \(field)")
            }
        }
        root = PickleValue(document, document.root)
        self.formatName = formatName
        file = document.file
        treeSize = checker.treeSize
    }

    // MARK: Flattening

    /// Bytes of all names together: long keys over many leaves would multiply.
    private static let nameLimit = 1 << 28

    /// The value tree as named tensors and scalars.
    func reader() throws -> TableReader {
        guard treeSize <= PickleChecker.treeLimit else {
            throw CheckpointError.tooLarge(
                file: file, field: "pickle", limit: PickleChecker.treeLimit,
                found: "\(treeSize) values when shared ones are counted")
        }
        var table = CheckpointTable(path: file)
        var names = Names()
        try flatten(root, name: "", into: &table, &names)
        table.tiedGroups = names.order.compactMap { names.tied[$0] }.filter { $0.count > 1 }
        return TableReader(formatName: formatName, table: table)
    }

    private struct Names {
        var byteCount = 0
        var tied: [PickleTensor.Geometry: [String]] = [:]
        var order: [PickleTensor.Geometry] = []
    }

    private func flatten(
        _ value: PickleValue, name: String, into table: inout CheckpointTable, _ names: inout Names
    ) throws {
        names.byteCount += name.utf8.count
        guard names.byteCount <= Self.nameLimit else {
            throw CheckpointError.tooLarge(file: file, field: "names", limit: Self.nameLimit, found: "more bytes")
        }
        func named(_ fallback: String) -> String { name.isEmpty ? fallback : name }
        func child(_ step: String) -> String { name.isEmpty ? step : name + "." + step }
        switch value.kind {
        case .none: try table.add(named("value"), .none)
        case .bool(let flag): try table.add(named("value"), .bool(flag))
        case .int(let number): try table.add(named("value"), .int(number))
        case .double(let number): try table.add(named("value"), .double(number))
        case .string(let text): try table.add(named("value"), .string(text))
        case .bigInteger(let digits): try table.add(named("value"), .other("integer \(digits)"))
        case .bytes(let bytes): try table.add(named("value"), .other("\(bytes.count) bytes"))
        case .other(let text): try table.add(named("value"), .other(text))
        case .list(let items), .tuple(let items), .set(let items), .objectArray(_, let items):
            for (index, item) in items.enumerated() { try flatten(item, name: child("\(index)"), into: &table, &names) }
        case .dictionary(let entries):
            for (key, item) in entries { try flatten(item, name: child(key.keyText), into: &table, &names) }
        case .tensor:
            guard let source = value.source else { return }
            let name = named(value.geometry == nil ? "array" : "tensor")
            try table.add(name, source)
            if let geometry = value.geometry {
                if names.tied[geometry] == nil { names.order.append(geometry) }
                names.tied[geometry, default: []].append(name)
            }
        }
    }
}
