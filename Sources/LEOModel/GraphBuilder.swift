package import ExecutionPlan

/// Shorthand for building the graphs of one part of the model. `prefix` is put before every parameter name.
package struct GraphBuilder {
    package var graph: Graph
    private let prefix: String

    package init(_ name: String, prefix: String) {
        graph = Graph(name: name)
        self.prefix = prefix
    }

    package mutating func recipe(_ name: String, _ shape: [Int]) -> Recipe { .parameter(name: prefix + name, shape: shape) }

    package mutating func parameter(_ name: String, _ shape: [Int]) -> ValueID { graph.constant(recipe(name, shape)) }

    package mutating func add(_ operation: any Operation, _ inputs: [ValueID], _ name: String) throws(GraphError) -> ValueID {
        try graph.add(operation, inputs, name: prefix + name)
    }

    /// x Wᵀ + b with parameters `name.weight` [output, input] and `name.bias`.
    package mutating func linear(
        _ x: ValueID, _ name: String, _ output: Int, bias: Bool = true, activation: ActivationFunction = .none
    ) throws(GraphError) -> ValueID {
        let input = graph.type(x).columns.upperBound
        var operands = [x, parameter(name + ".weight", [output, input])]
        if bias { operands.append(parameter(name + ".bias", [output])) }
        let y = try add(Linear(hasBias: bias), operands, name)
        return activation == .none ? y : try add(Activation(activation), [y], "\(name).\(activation.rawValue)")
    }

    package mutating func layerNorm(_ x: ValueID, _ name: String, epsilon: Double = 1e-5) throws(GraphError) -> ValueID {
        let width = graph.type(x).columns.upperBound
        return try add(
            Norm(.layer, epsilon: Float(epsilon)), [x, parameter(name + ".weight", [width]), parameter(name + ".bias", [width])], name)
    }

    package mutating func add(_ a: ValueID, _ b: ValueID, _ name: String) throws(GraphError) -> ValueID {
        try add(Add(), [a, b], name)
    }
}
