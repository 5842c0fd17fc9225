import LEOTensor

/// Name, element type and shape of one tensor of a checkpoint.
public struct CheckpointTensor: Sendable, Equatable {
    public let name: String
    public let elementType: ElementType
    public let shape: [Int]

    /// Rows along the first dimension; a tensor without dimensions is one row.
    public var rowCount: Int { shape.first ?? 1 }
    /// Bytes of one row. Readers admit only tensors whose sizes do not overflow.
    public var rowByteCount: Int { shape.dropFirst().reduce(1, *) * elementType.byteCount }
    public var byteCount: Int { rowCount * rowByteCount }
}

/// A value beside the tensors of a checkpoint.
public enum CheckpointScalar: Sendable, Equatable {
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    /// A value of another kind (bytes, a type, a device, an integer beyond 64 bits), described.
    case other(String)
}

/// An opened checkpoint. Opening reads names and shapes only; values are read row by row.
///
/// - Names: nested keys joined by dots (`optimizer.state.0.exp_avg`); a lone tensor is called `tensor`, a lone array
///   `array`, a sparse matrix `dense`
/// - Memory: what `withRows` delivers, plus at most 32 MiB for views whose elements lie scattered
/// - Errors: `CheckpointError`
public protocol CheckpointReader: Sendable {
    /// The file or, for shards, the index file.
    var path: String { get }
    /// The format in words, for reports.
    var formatName: String { get }
    /// In the order of the file.
    var tensors: [CheckpointTensor] { get }
    /// Leaves that are not tensors, in the order of the file.
    var scalars: [(name: String, value: CheckpointScalar)] { get }
    /// Groups of names that stand for one and the same region of one storage.
    var tiedGroups: [[String]] { get }

    /// Calls `body` with rows `rows` of the first dimension: C order, little-endian, contiguous, 64-byte aligned.
    ///
    /// A tensor without dimensions has one row. The bytes live as long as the call.
    func withRows(of name: String, _ rows: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void) throws

    /// The whole tensor in memory of its own.
    func tensor(named name: String) throws -> Tensor
}

extension CheckpointReader {
    /// The entry of `tensors` with this name.
    public func entry(named name: String) -> CheckpointTensor? { tensors.first { $0.name == name } }
}

/// What every format boils down to: named sources of rows. The formats differ in how they fill this.
struct CheckpointTable: Sendable {
    let path: String
    private(set) var tensors: [CheckpointTensor] = []
    private(set) var scalars: [(name: String, value: CheckpointScalar)] = []
    var tiedGroups: [[String]] = []
    private var sources: [String: any TensorSource] = [:]
    private var scalarNames: Set<String> = []

    init(path: String) { self.path = path }

    mutating func add(_ name: String, _ source: any TensorSource) throws {
        guard sources[name] == nil, !scalarNames.contains(name) else { throw duplicate(name) }
        sources[name] = source
        tensors.append(CheckpointTensor(name: name, elementType: source.elementType, shape: source.shape))
    }

    mutating func add(_ name: String, _ value: CheckpointScalar) throws {
        guard sources[name] == nil, scalarNames.insert(name).inserted else { throw duplicate(name) }
        scalars.append((name, value))
    }

    private func duplicate(_ name: String) -> CheckpointError {
        .malformed(file: path, field: quoted(name), expected: "one value of this name", found: "two")
    }

    func source(of name: String) throws -> any TensorSource {
        guard let source = sources[name] else {
            throw CheckpointError.missing(file: path, field: "tensor \(quoted(name))")
        }
        return source
    }

    func withRows(of name: String, _ rows: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let source = try source(of: name)
        guard rows.lowerBound >= 0, rows.upperBound <= source.rowCount else {
            throw CheckpointError.rowsOutOfRange(file: path, tensor: name, rows: rows, count: source.rowCount)
        }
        // Verified before memory of the declared size is asked for: a lying size must not cost anything.
        try source.prepare()
        let byteCount = rows.count * source.rowByteCount
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: max(byteCount, 64), alignment: 64)
        defer { target.deallocate() }
        let filled = UnsafeMutableRawBufferPointer(rebasing: target[..<byteCount])
        try source.read(rows: rows, into: filled)
        try body(UnsafeRawBufferPointer(filled))
    }

    func tensor(named name: String) throws -> Tensor { try source(of: name).tensor() }
}

/// A reader whose format needs nothing beyond its table.
struct TableReader: CheckpointReader {
    let formatName: String
    let table: CheckpointTable

    var path: String { table.path }
    var tensors: [CheckpointTensor] { table.tensors }
    var scalars: [(name: String, value: CheckpointScalar)] { table.scalars }
    var tiedGroups: [[String]] { table.tiedGroups }

    func withRows(of name: String, _ rows: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try table.withRows(of: name, rows, body)
    }

    func tensor(named name: String) throws -> Tensor { try table.tensor(named: name) }
}
