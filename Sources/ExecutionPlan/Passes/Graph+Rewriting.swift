extension Graph {
    /// Lets `target` compute what the later node `index` computed; `index` becomes an empty node.
    package mutating func absorb(node index: Int, into target: Int) {
        nodes[target].absorbed += [nodes[index].operation.name] + nodes[index].absorbed
        let old = nodes[target].outputs[0]
        nodes[target].outputs = nodes[index].outputs
        nodes[index] = Node(operation: Removed(), inputs: [], outputs: [old])
    }

    /// Marks a node as gone; positions of the others stay until `dropRemoved`.
    package mutating func remove(node index: Int) {
        nodes[index] = Node(operation: Removed(), inputs: [], outputs: nodes[index].outputs)
    }

    package mutating func dropRemoved() { nodes.removeAll { $0.operation is Removed } }
}

/// Stands in for a node that is gone, until the pass ends.
private struct Removed: Operation {
    var name: String { "removed" }
    func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] { [] }
    func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {}
}

extension Sequence<ValueID> {
    /// The recipes of constants; nil if one of the values is none.
    package func recipes(in graph: Graph) -> [Recipe]? {
        var list: [Recipe] = []
        for id in self {
            guard case .constant(let recipe) = graph[id].kind else { return nil }
            list.append(recipe)
        }
        return list
    }
}
