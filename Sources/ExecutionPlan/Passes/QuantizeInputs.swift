/// Lets every linear layer whose weight is kept as integers read integers, too: its input is quantised once, however many layers
/// read it, and by the normalisation or gate that computes it where there is one. What others need as real numbers (the first half
/// of an adapter does) is stored as such beside.
///
/// Unlike the other passes it depends on how constants are kept, and it changes results by what quantisation rounds away.
struct QuantizeInputs: Pass {
    let source: any ConstantSource

    func run(on graph: inout Graph) {
        let uses = Uses(graph)
        let layers = Set(graph.nodes.indices.filter { hasIntegerWeight(graph.nodes[$0], graph) })
        var quantized: [ValueID: ValueID] = [:]
        // Nodes that go in front of others; positions hold until the end.
        var inserted: [Int: Node] = [:]
        for index in layers.sorted() {
            guard let linear = graph.nodes[index].operation as? Linear else { continue }
            let x = graph.nodes[index].inputs[0]
            let rows: ValueID
            if let known = quantized[x] {
                rows = known
            } else {
                rows = graph.intermediate(graph[x].name + ".quantized", Self.rowType(graph.type(x)))
                quantized[x] = rows
                // Layers that read the same rows were packed for the same factors; they have the name of the first.
                let scale = inputScale(of: graph.nodes[index], graph)
                let scales = scale.map { [graph.constant($0)] } ?? []
                if let producer = uses.producer(of: x), let fused = Self.fused(graph.nodes[producer].operation) {
                    let keepsFloat = uses.isOutput(x) || uses.readers(of: x).contains { reader in
                        !layers.contains(reader) || graph.nodes[reader].inputs.enumerated().contains {
                            graph.root(of: $0.element) == x && ($0.offset > 0 || $0.element != x)
                        }
                    }
                    let node = graph.nodes[producer]
                    graph.nodes[producer] = Node(
                        operation: QuantizeRows(fused, keepsFloat: keepsFloat, hasInputScale: scale != nil), inputs: node.inputs + scales,
                        outputs: keepsFloat ? [x, rows] : [rows], absorbed: [node.operation.name] + node.absorbed)
                } else {
                    inserted[index] = Node(
                        operation: QuantizeRows(.plain, hasInputScale: scale != nil), inputs: [x] + scales, outputs: [rows])
                }
            }
            graph.nodes[index].operation = IntegerLinear(linear)
            graph.nodes[index].inputs[0] = rows
        }
        graph.nodes = graph.nodes.enumerated().flatMap { index, node in (inserted[index].map { [$0] } ?? []) + [node] }
    }

    private func hasIntegerWeight(_ node: Node, _ graph: Graph) -> Bool {
        guard node.operation is Linear, case .constant(let recipe) = graph[node.inputs[1]].kind, recipe.isPacked else { return false }
        return source.precision(of: recipe).isInteger
    }

    private func inputScale(of node: Node, _ graph: Graph) -> Recipe? {
        guard case .constant(let recipe) = graph[node.inputs[1]].kind else { return nil }
        return source.inputScale(of: recipe)
    }

    private static func rowType(_ type: ValueType) -> ValueType {
        ValueType(.u8, type.shape.dropLast() + [.fixed(QuantizeRows.rowByteCount(columns: type.columns.upperBound))])
    }

    /// How an operation is part of the quantisation of its result, if it can be.
    private static func fused(_ operation: any Operation) -> QuantizeRows.Source? {
        if let norm = operation as? Norm, norm.kind == .rootMeanSquare, !norm.hasResidual { return .rmsNorm(epsilon: norm.epsilon) }
        return operation is SiLUGate ? .siluGate : nil
    }
}
