/// Asks for the packed layout of every matrix that a linear kernel reads.
struct PackWeights: Pass {
    func run(on graph: inout Graph) {
        for index in graph.nodes.indices {
            for position in graph.nodes[index].operation.packedInputs {
                guard position < graph.nodes[index].inputs.count,
                    case .constant(let recipe) = graph[graph.nodes[index].inputs[position]].kind, !recipe.isPacked
                else { continue }
                graph.nodes[index].inputs[position] = graph.constant(.packed(recipe))
            }
        }
    }
}
