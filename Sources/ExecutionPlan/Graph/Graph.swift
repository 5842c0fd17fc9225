public import LEOTensor

/// Names one value of a graph.
public struct ValueID: Sendable, Hashable {
    package let index: Int
}

/// Element type and shape of a value. The last dimension is the one that is contiguous in memory.
public struct ValueType: Sendable, Hashable, CustomStringConvertible {
    public let elementType: ElementType
    public let shape: [Extent]

    package init(_ elementType: ElementType = .f32, _ shape: [Extent]) {
        self.elementType = elementType
        self.shape = shape
    }

    /// All dimensions but the last, multiplied.
    package var rows: Extent { shape.dropLast().product }
    package var columns: Extent { shape.last ?? 1 }
    package var count: Extent { shape.product }
    package var upperByteCount: Int { saturatingProduct(count.upperBound, elementType.byteCount) }

    public var description: String {
        "[" + shape.map(\.description).joined(separator: ", ") + "] \(elementType.rawValue)"
    }
}

/// Where the contents of a value come from.
package enum ValueKind: Sendable, Hashable {
    /// Written by the caller before a run.
    case input
    /// Fixed before the first run; see `Recipe`.
    case constant(Recipe)
    /// Kept from run to run, for example a key/value cache.
    case state
    /// Computed by a node.
    case intermediate
    /// Part of another value: the same rows, fewer columns.
    case columns(of: ValueID, offset: Int)
}

package struct Value: Sendable {
    package var name: String
    package var type: ValueType
    package var kind: ValueKind
}

/// One operation applied to values.
package struct Node: Sendable {
    package var operation: any Operation
    package var inputs: [ValueID]
    package var outputs: [ValueID]
    /// Names of the operations that passes merged into this one.
    package var absorbed: [String] = []

    /// All that it reads and writes.
    var values: [ValueID] { inputs + outputs }
}

/// A network as values and operations, in execution order.
///
/// A graph is built once per model configuration, rewritten by passes, and compiled into a `Plan`.
public struct Graph: Sendable {
    public let name: String
    package private(set) var symbols: [Symbol] = []
    package var values: [Value] = []
    package var nodes: [Node] = []
    package private(set) var inputs: [String: ValueID] = [:]
    package private(set) var outputs: [(name: String, value: ValueID)] = []
    private var constants: [Recipe: ValueID] = [:]

    package init(name: String) { self.name = name }

    package subscript(_ id: ValueID) -> Value { values[id.index] }
    package func type(_ id: ValueID) -> ValueType { values[id.index].type }

    // MARK: Building

    package mutating func symbol(_ name: String, upperBound: Int) -> Symbol {
        let symbol = Symbol(name: name, index: symbols.count, upperBound: upperBound)
        symbols.append(symbol)
        return symbol
    }

    package mutating func input(_ name: String, _ type: ValueType) -> ValueID {
        let id = append(Value(name: name, type: type, kind: .input))
        inputs[name] = id
        return id
    }

    package mutating func state(_ name: String, _ type: ValueType) -> ValueID {
        append(Value(name: name, type: type, kind: .state))
    }

    /// The same recipe gives the same value.
    package mutating func constant(_ recipe: Recipe) -> ValueID {
        if let known = constants[recipe] { return known }
        let type = ValueType(.f32, recipe.shape.map { .fixed($0) })
        let id = append(Value(name: recipe.name, type: type, kind: .constant(recipe)))
        constants[recipe] = id
        return id
    }

    package mutating func parameter(_ name: String, _ shape: [Int]) -> ValueID {
        constant(.parameter(name: name, shape: shape))
    }

    /// Columns `offset ..< offset + count` of a value, without a copy.
    package mutating func columns(of id: ValueID, offset: Int, count: Int) -> ValueID {
        let parent = self[id]
        let type = ValueType(parent.type.elementType, parent.type.shape.dropLast() + [.fixed(count)])
        return append(Value(name: "\(parent.name)[\(offset)..<\(offset + count)]", type: type, kind: .columns(of: id, offset: offset)))
    }

    /// Adds a node; its output types follow from the operation's shape rule.
    ///
    /// - Throws: `GraphError.shape` where the inputs do not fit the operation.
    @discardableResult
    package mutating func add(_ operation: any Operation, _ inputs: [ValueID], name: String) throws(GraphError) -> ValueID {
        let types: [ValueType]
        do throws(ShapeMismatch) {
            types = try operation.outputTypes(inputs.map { type($0) })
        } catch {
            throw .shape(node: name, operation: operation.name, expected: error.expected, found: error.found)
        }
        let outputs = types.map { append(Value(name: name, type: $0, kind: .intermediate)) }
        nodes.append(Node(operation: operation, inputs: inputs, outputs: outputs))
        return outputs[0]
    }

    /// A value that a node of a pass computes.
    package mutating func intermediate(_ name: String, _ type: ValueType) -> ValueID {
        append(Value(name: name, type: type, kind: .intermediate))
    }

    /// Makes a value readable after a run.
    package mutating func output(_ name: String, _ id: ValueID) {
        outputs.append((name, id))
    }

    private mutating func append(_ value: Value) -> ValueID {
        values.append(value)
        return ValueID(index: values.count - 1)
    }

    /// Makes what linear layers read readable after a run.
    ///
    /// - Parameter isWanted: whether a layer of this weight counts.
    /// - Returns: for each value that such layers read, the name of the output and the weights, in the order of the layers.
    package mutating func exposeLinearInputs(_ isWanted: (Recipe) -> Bool) -> [(output: String, weights: [Recipe])] {
        var readings: [(input: ValueID, weights: [Recipe])] = []
        for node in nodes where node.operation is Linear {
            guard case .constant(let recipe) = self[node.inputs[1]].kind, isWanted(.packed(recipe)) else { continue }
            if let known = readings.firstIndex(where: { $0.input == node.inputs[0] }) {
                readings[known].weights.append(recipe)
            } else {
                readings.append((node.inputs[0], [recipe]))
            }
        }
        return readings.map { input, weights in
            let name = weights[0].inputScale.name
            output(name, input)
            return (name, weights)
        }
    }

    // MARK: Queries for passes

    /// The value that owns the memory of `id`.
    package func root(of id: ValueID) -> ValueID {
        if case .columns(let parent, _) = self[id].kind { return root(of: parent) }
        return id
    }

    /// Every constant that a node still uses.
    package var usedRecipes: [Recipe] {
        var seen = Set<Recipe>()
        var list: [Recipe] = []
        for node in nodes {
            for input in node.inputs {
                if case .constant(let recipe) = self[root(of: input)].kind, seen.insert(recipe).inserted { list.append(recipe) }
            }
        }
        return list
    }
}

/// What a shape rule expected and what it found.
package struct ShapeMismatch: Error {
    let expected: String
    let found: String
    package init(expected: String, found: String) {
        self.expected = expected
        self.found = found
    }
    package init(expected: String, found types: [ValueType]) {
        self.init(expected: expected, found: types.map(\.description).joined(separator: ", "))
    }
}

/// A graph that cannot be built or compiled.
public enum GraphError: Error, Sendable, Equatable, CustomStringConvertible {
    case shape(node: String, operation: String, expected: String, found: String)
    case notLowered(node: String, operation: String, reason: String)
    case constant(name: String, expected: String, found: String)
    case instructionSet(name: String, reason: String)

    public var description: String {
        switch self {
        case .shape(let node, let operation, let expected, let found):
            "\(node): \(operation): expected \(expected), found \(found)"
        case .notLowered(let node, let operation, let reason): "\(node): \(operation) cannot run: \(reason)"
        case .constant(let name, let expected, let found): "\(name): expected \(expected), found \(found)"
        case .instructionSet(let name, let reason): "LEO_ISA=\(name): \(reason)"
        }
    }
}
