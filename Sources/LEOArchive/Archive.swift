import LEOTensor

/// An open `.leo` file: mapped, its header checked, no tensor read.
///
/// Opening checks everything but the tensors' checksums; `verify` does those. The file must not be written to or cut while it is
/// open: pages that vanish from under a mapping end the process. `ArchiveWriter` replaces files by renaming, which is safe.
public final class Archive: Sendable {
    public let path: String
    /// Length of the file in bytes.
    public let byteCount: Int
    /// The configuration, a JSON object as it was given to the writer; its content belongs to whoever wrote it.
    public let configuration: String
    public let metadata: [String: String]
    /// In an adapter file, the base it belongs to.
    public let base: ArchiveBase?
    /// All tensors in the order of the table.
    public let tensors: [ArchiveTensor]
    let file: MappedFile
    private let header: ArchiveHeader
    private let places: [String: Int]

    /// Maps and checks the file at `path`.
    ///
    /// - Errors: `.file`, `.notAnArchive`, `.unsupportedVersion`, `.truncated`, `.headerChecksum`, `.invalid`
    public init(path: String) throws(ArchiveError) {
        do { file = try MappedFile(path: path, largePages: true) } catch { throw .file(error) }
        self.path = path
        byteCount = file.byteCount
        header = try ArchiveHeaderReader.read(file)
        configuration = header.configuration
        metadata = header.metadata
        base = header.base
        var tensors = [ArchiveTensor]()
        tensors.reserveCapacity(header.entries.count)
        var places = [String: Int](minimumCapacity: header.entries.count)
        for entry in header.entries {
            let specification = entry.specification
            guard let stored = specification.layout.storedShape(for: specification.shape),
                let view = file.tensor(elementType: specification.elementType, shape: stored, byteOffset: entry.offset)
            else {
                throw .invalid(
                    path: path, field: "\(specification.name): shape", expected: "data inside the file",
                    found: specification.form)
            }
            places[specification.name] = tensors.count
            tensors.append(
                ArchiveTensor(specification: specification, offset: entry.offset, checksum: entry.checksum, tensor: view))
        }
        self.tensors = tensors
        self.places = places
    }

    /// The tensor of this name, or nil.
    public func tensor(named name: String) -> ArchiveTensor? { places[name].map { tensors[$0] } }

    /// The tensor of this name in exactly this form.
    ///
    /// - Errors: `.missingTensor`, `.mismatch`
    public func tensor(_ expected: TensorSpecification) throws(ArchiveError) -> ArchiveTensor {
        guard let tensor = tensor(named: expected.name) else { throw .missingTensor(path: path, name: expected.name) }
        guard tensor.specification == expected else {
            throw .mismatch(path: path, name: expected.name, expected: expected, found: tensor.specification)
        }
        return tensor
    }

    /// 16 hexadecimal digits that stand for the tensors (names, forms and checksums), whatever their order or the metadata.
    public var fingerprint: String { header.fingerprint() }

    /// The same without the tensors whose names begin with `prefix`.
    package func fingerprint(leavingOut prefix: String) -> String { header.fingerprint(leavingOut: prefix) }

    /// Length of preamble and JSON, in bytes.
    var headerByteCount: Int {
        Int(UInt64(littleEndian: file.bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))) + ArchiveFormat.preambleLength
    }
}

/// A tensor of an open archive. Copies are cheap and keep the file mapped.
public struct ArchiveTensor: Sendable {
    public let specification: TensorSpecification
    /// The first byte, from the start of the file.
    public let offset: Int
    /// XXH64 of the stored bytes, as the table has it.
    public let checksum: UInt64
    /// What is stored, without a copy: of the logical shape in layout `rows`, else of `TensorLayout.storedShape`.
    public let tensor: Tensor

    public var name: String { specification.name }
    public var elementType: ElementType { specification.elementType }
    /// The logical shape.
    public var shape: [Int] { specification.shape }
    public var layout: TensorLayout { specification.layout }
    /// Bytes in the file, padding of the layout included.
    public var byteCount: Int { tensor.byteCount }

    /// Calls `body` with the stored bytes; they live as long as the call.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try tensor.withBytes(body)
    }

    /// The first stored byte, page-aligned. Valid while any copy of this tensor, or the archive, is alive.
    package var baseAddress: UnsafeRawPointer { tensor.baseAddress }
}
