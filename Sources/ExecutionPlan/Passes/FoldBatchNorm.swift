/// Folds a batch normalisation behind a linear layer into the layer's weight and bias.
struct FoldBatchNorm: Pass {
    func run(on graph: inout Graph) {
        guard graph.nodes.contains(where: { $0.operation is BatchNorm }) else { return }
        let uses = Uses(graph)
        for index in graph.nodes.indices {
            let node = graph.nodes[index]
            guard let normalisation = node.operation as? BatchNorm, let producer = uses.producer(of: node.inputs[0]),
                var linear = graph.nodes[producer].operation as? Linear, linear.isBare, !linear.hasBias, linear.loraScale == nil,
                uses.onlyReader(of: node.inputs[0]) == index,
                case .constant(let weight) = graph[graph.nodes[producer].inputs[1]].kind,
                let parameters = node.inputs.dropFirst().recipes(in: graph), parameters.count == 4
            else { continue }
            let (gamma, beta, mean, variance) = (parameters[0], parameters[1], parameters[2], parameters[3])
            let folded = graph.constant(
                .normalisedWeight(weight, gamma: gamma, variance: variance, epsilon: normalisation.epsilon))
            let bias = graph.constant(
                .normalisedBias(
                    of: weight, gamma: gamma, beta: beta, mean: mean, variance: variance, epsilon: normalisation.epsilon))
            linear.hasBias = true
            graph.nodes[producer].operation = linear
            graph.nodes[producer].inputs[1] = folded
            graph.nodes[producer].inputs.append(bias)
            graph.absorb(node: index, into: producer)
        }
        graph.dropRemoved()
    }
}
