/// Merges grouping, the shared MLP and the maximum over neighbours into one kernel that never stores the grouped rows.
struct FuseSetAbstraction: Pass {
    func run(on graph: inout Graph) {
        guard graph.nodes.contains(where: { $0.operation is GroupPoints }) else { return }
        let uses = Uses(graph)
        for index in graph.nodes.indices {
            guard let group = graph.nodes[index].operation as? GroupPoints else { continue }
            var layers: [Int] = []
            var current = graph.nodes[index].outputs[0]
            while let reader = uses.onlyReader(of: current), let linear = graph.nodes[reader].operation as? Linear,
                linear.isReLULayer, graph.nodes[reader].inputs[0] == current, layers.count < SetAbstraction.maximumLayers
            {
                layers.append(reader)
                current = graph.nodes[reader].outputs[0]
            }
            guard !layers.isEmpty, let pool = uses.onlyReader(of: current), graph.nodes[pool].operation is MaxPool else { continue }
            let widths = [graph.type(graph.nodes[index].outputs[0]).columns.upperBound]
                + layers.map { graph.type(graph.nodes[$0].outputs[0]).columns.upperBound }
            let parameters = layers.flatMap { [graph.nodes[$0].inputs[1], graph.nodes[$0].inputs[2]] }
            graph.nodes[pool] = Node(
                operation: SetAbstraction(group: group, widths: widths), inputs: graph.nodes[index].inputs + parameters,
                outputs: graph.nodes[pool].outputs,
                absorbed: [group.name] + layers.flatMap { [graph.nodes[$0].operation.name] + graph.nodes[$0].absorbed } + ["max pool"])
            for node in [index] + layers { graph.remove(node: node) }
        }
        graph.dropRemoved()
    }
}
