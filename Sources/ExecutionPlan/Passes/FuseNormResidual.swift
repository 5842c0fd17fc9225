/// Merges a sum into the layer normalisation that reads it.
struct FuseNormResidual: Pass {
    func run(on graph: inout Graph) {
        let uses = Uses(graph)
        for index in graph.nodes.indices {
            let node = graph.nodes[index]
            guard var norm = node.operation as? Norm, !norm.hasResidual, let producer = uses.producer(of: node.inputs[0]),
                graph.nodes[producer].operation is Add, uses.onlyReader(of: node.inputs[0]) == index,
                graph.type(graph.nodes[producer].inputs[1]) == graph.type(node.inputs[0])
            else { continue }
            norm.hasResidual = true
            let operands = graph.nodes[producer].inputs
            graph.nodes[index].operation = norm
            graph.nodes[index].absorbed.append(graph.nodes[producer].operation.name)
            graph.nodes[index].inputs = [operands[0]] + node.inputs.dropFirst() + [operands[1]]
            graph.remove(node: producer)
        }
        graph.dropRemoved()
    }
}
