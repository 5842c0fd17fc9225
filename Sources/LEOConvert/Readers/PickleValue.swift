import LEOTensor

/// A whole pickle once read: values are frozen, free of cycles, of bounded depth, and shared values stay shared.
final class PickleDocument: @unchecked Sendable {
    let file: String
    let root: PickleRaw
    let bytes: MemoryBytes
    let nodes: [PickleNode]
    /// Position after STOP.
    let end: Int

    init(file: String, root: PickleRaw, bytes: MemoryBytes, nodes: [PickleNode], end: Int) {
        self.file = file
        self.root = root
        self.bytes = bytes
        self.nodes = nodes
        self.end = end
    }

    func contents(of text: PickleText) -> ArraySlice<UInt8> {
        switch text {
        case .place(let range): bytes.bytes[range]
        case .own(let own): own.bytes[own.range]
        }
    }
}

/// A value of a pickle: plain containers, scalars, tensors and arrays. Order of dictionaries is kept.
///
/// Loaders of data sets walk these; `loadPickle(path:)` gives the root. Nesting is at most `PickleChecker.depthLimit`
/// deep, so walking recursively is safe, but the same value may be reached along many paths.
package struct PickleValue: Sendable {
    private let document: PickleDocument
    private let raw: PickleRaw

    init(_ document: PickleDocument, _ raw: PickleRaw) {
        self.document = document
        self.raw = raw
    }

    package enum Kind: Sendable {
        case none
        case bool(Bool)
        case int(Int)
        /// Beyond 64 bits, as digits.
        case bigInteger(String)
        case double(Double)
        case string(String)
        case bytes([UInt8])
        case list([PickleValue])
        case tuple([PickleValue])
        case set([PickleValue])
        case dictionary([(key: PickleValue, value: PickleValue)])
        /// A PyTorch tensor or a NumPy array of numbers; read it with `tensor()`.
        case tensor(elementType: ElementType, shape: [Int])
        /// A NumPy array of objects or texts, items in C order.
        case objectArray(shape: [Int], items: [PickleValue])
        /// A type, a device and the like, described.
        case other(String)
    }

    package var kind: Kind {
        switch raw {
        case .none: return .none
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .double(let value): return .double(value)
        case .node(let index):
            switch document.nodes[index] {
            case .string(let text): return .string(String(decoding: document.contents(of: text), as: UTF8.self))
            case .bytes(let text): return .bytes(Array(document.contents(of: text)))
            case .bigInteger(let digits): return .bigInteger(digits)
            case .sequence(let sequence):
                let items = wrapped(sequence.items)
                switch sequence.kind {
                case .list: return .list(items)
                case .tuple: return .tuple(items)
                case .set: return .set(items)
                }
            case .dictionary(let dictionary):
                return .dictionary(
                    dictionary.entries.map { (PickleValue(document, $0.key), PickleValue(document, $0.value)) })
            case .tensor(let tensor): return .tensor(elementType: tensor.elementType, shape: tensor.shape)
            case .array(let array):
                if let items = array.items { return .objectArray(shape: array.shape, items: wrapped(items)) }
                if let source = array.source { return .tensor(elementType: source.elementType, shape: source.shape) }
                return .other("array without values")
            case .global(let global): return .other("\(global)")
            case .storage(let storage): return .other("storage \(quoted(storage.key))")
            case .numpyType(let type): return .other("dtype \(type.name)")
            case .device(let name): return .other("device \(quoted(name))")
            }
        }
    }

    private func wrapped(_ items: [PickleRaw]) -> [PickleValue] { items.map { PickleValue(document, $0) } }

    // MARK: Shorthands: nil where the value is of another kind

    package var isNone: Bool { raw == .none }

    package var bool: Bool? { if case .bool(let value) = raw { value } else { nil } }

    package var int: Int? { if case .int(let value) = raw { value } else { nil } }

    /// A float, or an integer as one.
    package var double: Double? {
        switch raw {
        case .double(let value): value
        case .int(let value): Double(value)
        default: nil
        }
    }

    package var string: String? { if case .string(let value) = kind { value } else { nil } }

    /// Items of a list, tuple, set, or array of objects.
    package var items: [PickleValue]? {
        switch kind {
        case .list(let items), .tuple(let items), .set(let items), .objectArray(_, let items): items
        default: nil
        }
    }

    package var entries: [(key: PickleValue, value: PickleValue)]? {
        if case .dictionary(let entries) = kind { entries } else { nil }
    }

    /// The value under a text key of a dictionary.
    package subscript(key key: String) -> PickleValue? { entries?.first { $0.key.string == key }?.value }

    /// The item of a list, tuple or array of objects, or nil beyond its end.
    package subscript(index index: Int) -> PickleValue? {
        guard let items, items.indices.contains(index) else { return nil }
        return items[index]
    }

    /// The numbers of a tensor or array in C order, or nil where the value is neither.
    package func tensor() throws -> Tensor? { try source?.tensor() }

    /// Elements from one index to the next along each dimension, as a PyTorch tensor was stored; nil for anything else.
    package var strides: [Int]? { geometry?.strides }

    var source: (any TensorSource)? {
        guard case .node(let index) = raw else { return nil }
        switch document.nodes[index] {
        case .tensor(let tensor): return tensor.source
        case .array(let array): return array.source
        default: return nil
        }
    }

    /// What two names must share to be tied: the storage, the place in it, shape and strides.
    var geometry: PickleTensor.Geometry? {
        guard case .node(let index) = raw, case .tensor(let tensor) = document.nodes[index] else { return nil }
        return tensor.geometry
    }

    /// The node, where the value has identity.
    var identity: Int? { if case .node(let index) = raw { index } else { nil } }
}
