/// Who makes and who reads each value; computed once per pass.
package struct Uses {
    /// Node that computes a value.
    private let producers: [ValueID: Int]
    /// Nodes that read a value or a part of it, in order.
    private let readers: [ValueID: [Int]]
    private let outputs: Set<ValueID>

    package init(_ graph: Graph) {
        var producers: [ValueID: Int] = [:], readers: [ValueID: [Int]] = [:]
        for (index, node) in graph.nodes.enumerated() {
            for output in node.outputs { producers[output] = index }
            for input in node.inputs { readers[graph.root(of: input), default: []].append(index) }
        }
        self.producers = producers
        self.readers = readers
        outputs = Set(graph.outputs.map { graph.root(of: $0.value) })
    }

    package func producer(of id: ValueID) -> Int? { producers[id] }

    package func readers(of id: ValueID) -> [Int] { readers[id] ?? [] }
    package func lastReader(of id: ValueID) -> Int? { readers[id]?.last }
    package func isOutput(_ id: ValueID) -> Bool { outputs.contains(id) }

    /// The one node that reads `id`, or nil when several do or the caller of the plan does.
    package func onlyReader(of id: ValueID) -> Int? {
        guard !outputs.contains(id), let list = readers[id], list.count == 1 else { return nil }
        return list[0]
    }
}
