/// Folds a constant row added behind a linear layer into the layer's bias.
struct FoldConstantSum: Pass {
    func run(on graph: inout Graph) {
        // Each round folds the next sum of every chain.
        while foldOnce(&graph) {}
    }

    private func foldOnce(_ graph: inout Graph) -> Bool {
        let uses = Uses(graph)
        let count = graph.nodes.count
        for index in graph.nodes.indices {
            let node = graph.nodes[index]
            guard node.operation is Add, case .constant(let row) = graph[node.inputs[1]].kind,
                let producer = uses.producer(of: node.inputs[0]), let linear = graph.nodes[producer].operation as? Linear,
                graph.type(node.inputs[1]).shape == [graph.type(node.inputs[0]).columns], linear.isBare, linear.hasBias, uses.onlyReader(of: node.inputs[0]) == index,
                case .constant(let bias) = graph[graph.nodes[producer].inputs[2]].kind
            else { continue }
            let summed: [Recipe] = if case .sum(let parts) = bias { parts + [row] } else { [bias, row] }
            graph.nodes[producer].inputs[2] = graph.constant(.sum(summed))
            graph.absorb(node: index, into: producer)
        }
        graph.dropRemoved()
        return graph.nodes.count < count
    }
}
