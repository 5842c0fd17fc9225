/// Merges what follows a linear layer into it: activation, scale per channel, residual sum.
struct FuseEpilogues: Pass {
    func run(on graph: inout Graph) {
        // Each round merges the next link of every chain.
        while fuseOnce(&graph) {}
    }

    private func fuseOnce(_ graph: inout Graph) -> Bool {
        let uses = Uses(graph)
        var changed = false
        var touched = Set<Int>()
        for index in graph.nodes.indices {
            let node = graph.nodes[index]
            guard let (producer, linear, other) = candidate(node, index, graph, uses), !touched.contains(producer) else { continue }
            var fused = linear
            if let activation = node.operation as? Activation, linear.isBare {
                fused.activation = activation.function
            } else if node.operation is ScaleChannels, !linear.hasChannelScale, !linear.hasResidual {
                fused.hasChannelScale = true
            } else if node.operation is Add, !linear.hasResidual, let other, graph.type(other) == graph.type(node.outputs[0]) {
                fused.hasResidual = true
            } else {
                continue
            }
            if let other { graph.nodes[producer].inputs.append(other) }
            graph.nodes[producer].operation = fused
            // The sum may read a value that is computed after the linear layer: keep the later position.
            graph.absorb(node: index, into: producer)
            let merged = graph.nodes[producer]
            graph.nodes[producer] = graph.nodes[index]
            graph.nodes[index] = merged
            touched.insert(index)
            changed = true
        }
        graph.dropRemoved()
        return changed
    }

    /// The linear layer whose output only `node` reads, and the other operand of `node`.
    private func candidate(
        _ node: Node, _ index: Int, _ graph: Graph, _ uses: Uses
    ) -> (producer: Int, linear: Linear, other: ValueID?)? {
        guard node.operation is Activation || node.operation is ScaleChannels || node.operation is Add else { return nil }
        for position in node.inputs.indices.reversed() {
            let input = node.inputs[position]
            if position == 1, node.operation is ScaleChannels { continue }
            guard let producer = uses.producer(of: input), let linear = graph.nodes[producer].operation as? Linear,
                uses.onlyReader(of: input) == index, graph.type(input) == graph.type(node.outputs[0])
            else { continue }
            let other = node.inputs.count > 1 ? node.inputs[1 - position] : nil
            return (producer, linear, other)
        }
        return nil
    }
}
