import LEOTensor

/// A value while and after a pickle is read. Values that have identity are places in a flat list of nodes, so neither
/// deep nesting nor cycles can overflow the stack or leak when a document is freed.
enum PickleRaw: Sendable, Equatable {
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case node(Int)
}

enum PickleNode {
    case string(PickleText)
    case bytes(PickleText)
    /// An integer beyond 64 bits: decimal digits or, from binary pickles, `0x` and the two's complement.
    case bigInteger(String)
    case sequence(PickleSequence)
    case dictionary(PickleDictionary)
    case global(PickleGlobal)
    case storage(PickleStorage)
    case tensor(PickleTensor)
    case numpyType(NumpyType)
    case array(PickleArray)
    case device(String)
}

/// Text or bytes: a part of the pickle, or made from one.
enum PickleText {
    case place(Range<Int>)
    case own(MemoryBytes)
}

final class PickleSequence {
    enum Kind { case list, tuple, set }
    let kind: Kind
    var items: [PickleRaw]

    init(_ kind: Kind, _ items: [PickleRaw] = []) {
        self.kind = kind
        self.items = items
    }
}

/// Keeps order as Python does: a key set again keeps its place and takes the new value.
final class PickleDictionary {
    private(set) var entries: [(key: PickleRaw, value: PickleRaw)] = []
    private var places: [PickleKey: Int] = [:]

    func set(_ key: PickleRaw, _ value: PickleRaw, identity: PickleKey) {
        if let place = places[identity] {
            entries[place].value = value
        } else {
            places[identity] = entries.count
            entries.append((key, value))
        }
    }

    func value(of identity: PickleKey) -> PickleRaw? { places[identity].map { entries[$0].value } }
}

/// What makes two keys the same key. Texts are numbered when first seen, so hashing costs nothing the second time.
enum PickleKey: Hashable {
    case none
    case int(Int)
    case double(UInt64)
    case text(Int)
    case bytes(Int)
    case tuple([PickleKey])
}

/// A storage as a persistent id names it, or a part of one (legacy views).
final class PickleStorage: Sendable {
    let key: String
    /// nil where untyped: then sizes count bytes.
    let elementType: ElementType?
    /// Bytes of the whole root storage.
    let rootByteCount: Int
    /// The part that this storage shows.
    let byteOffset: Int
    let byteCount: Int

    init(key: String, elementType: ElementType?, rootByteCount: Int, byteOffset: Int, byteCount: Int) {
        self.key = key
        self.elementType = elementType
        self.rootByteCount = rootByteCount
        self.byteOffset = byteOffset
        self.byteCount = byteCount
    }
}

/// A tensor as its rebuild call describes it; bound to bytes once the pickle is read.
final class PickleTensor {
    /// In elements, within the storage.
    struct Geometry: Hashable {
        let storage: String
        let byteOffset: Int
        let elementType: ElementType
        let shape: [Int]
        let strides: [Int]
    }
    let storage: PickleStorage
    let offset: Int
    let elementType: ElementType
    let shape: [Int]
    let strides: [Int]
    fileprivate(set) var source: (any TensorSource)?
    fileprivate(set) var geometry: Geometry?

    init(storage: PickleStorage, offset: Int, elementType: ElementType, shape: [Int], strides: [Int]) {
        self.storage = storage
        self.offset = offset
        self.elementType = elementType
        self.shape = shape
        self.strides = strides
    }

    /// - Parameter root: bytes of the root storage
    func bind(to root: any ByteSource, file: String, field: String) throws {
        func malformed(_ expected: String, _ found: String) -> CheckpointError {
            .malformed(file: file, field: field, expected: expected, found: found)
        }
        guard root.byteCount >= storage.rootByteCount else {
            throw malformed(
                "storage \(quoted(storage.key)) of \(storage.rootByteCount) bytes", "\(root.byteCount) bytes")
        }
        let (bytes, tooFar) = offset.multipliedReportingOverflow(by: elementType.byteCount)
        guard offset >= 0, !tooFar else { throw malformed("an offset within the storage", "\(offset)") }
        let (start, overflow) = bytes.addingReportingOverflow(storage.byteOffset)
        guard !overflow else { throw malformed("an offset within the storage", "\(offset)") }
        // The storage may be shorter than its entry, and a view may show a part: neither may be overrun.
        let part = StorageWindow(root, byteCount: storage.byteOffset + storage.byteCount)
        source = try StridedTensor(
            elementType: elementType, shape: shape, strides: strides, byteOffset: start, source: part, file: file,
            field: field)
        geometry = Geometry(
            storage: storage.key, byteOffset: start, elementType: elementType, shape: shape, strides: strides)
    }
}

/// The first bytes of another source.
private final class StorageWindow: ByteSource {
    private let root: any ByteSource
    let byteCount: Int

    init(_ root: any ByteSource, byteCount: Int) {
        self.root = root
        self.byteCount = byteCount
    }

    func prepare() throws { try root.prepare() }
    func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws {
        try root.read(at: offset, into: target)
    }
}

/// A NumPy array: made empty, then given its state.
final class PickleArray {
    var shape: [Int] = []
    var type: NumpyType?
    var isFortran = false
    /// The bytes node, or the list node of an array of objects.
    var data: PickleRaw = .none
    fileprivate(set) var source: (any TensorSource)?
    /// Items of an array of objects or texts, in C order.
    fileprivate(set) var items: [PickleRaw]?

    func bind(to source: any TensorSource) { self.source = source }
    func bind(to items: [PickleRaw]) { self.items = items }
}
