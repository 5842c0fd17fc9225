/// Drops nodes whose results nobody reads.
struct RemoveUnused: Pass {
    func run(on graph: inout Graph) {
        var needed = Set(graph.outputs.map { graph.root(of: $0.value) })
        var kept: [Node] = []
        for node in graph.nodes.reversed() where node.operation.writesState || node.outputs.contains(where: needed.contains) {
            needed.formUnion(node.inputs.map { graph.root(of: $0) })
            kept.append(node)
        }
        graph.nodes = kept.reversed()
    }
}
