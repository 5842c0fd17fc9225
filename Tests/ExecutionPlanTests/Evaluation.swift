import ExecutionPlan
import LEOTensor
import TestSupport

/// A generator whose numbers depend on a name alone, so that a value is the same in every variant of a graph.
func generator(for name: String, seed: UInt64 = 7) -> SeededGenerator {
    SeededGenerator(seed: name.utf8.reduce(seed ^ 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
}

/// Random parameters for every constant that a graph uses. Variances are positive.
func randomParameters(_ graph: Graph) -> InMemoryParameters {
    var tensors: [String: Tensor] = [:]
    for (name, shape) in graph.usedRecipes.flatMap(\.parameters) where tensors[name] == nil {
        var random = generator(for: name)
        let values = random.floats(shape.reduce(1, *))
        tensors[name] = Tensor(name.hasSuffix("var") ? values.map { abs($0) + 0.1 } : values, shape: shape)
    }
    return InMemoryParameters(tensors)
}

/// A compiled graph whose inputs are filled from their names.
struct Evaluation {
    let graph: Graph
    var source: (any ConstantSource)?
    var options = CompileOptions()
    /// Contents of integer inputs, from the number of elements.
    var integers: [String: @Sendable (Int) -> [Int32]] = [:]
    /// Inputs that hold random numbers behind the name, wider than what the graph reads of them: offset and width read.
    var views: [String: (offset: Int, width: Int)] = [:]

    init(_ graph: Graph) { self.graph = graph }

    func plan() throws -> Plan { try graph.compiled(source ?? EvaluatingSource(randomParameters(graph)), options: options) }

    /// Sets symbols and fills every input.
    func prepare(_ instance: PlanInstance, symbols: [Int]) {
        for (symbol, value) in zip(instance.plan.symbols, symbols) { instance.set(symbol, to: value) }
        for (name, id) in graph.inputs {
            let type = graph.type(id)
            if type.elementType == .i32 {
                let target = instance.integers(name)
                _ = target.update(fromContentsOf: integers[name]?(target.count) ?? [Int32](repeating: 0, count: target.count))
            } else {
                let target = instance.floats(name)
                var random = generator(for: name)
                guard let view = views[name] else {
                    _ = target.update(fromContentsOf: random.floats(target.count))
                    continue
                }
                // The part that is read holds what the whole would hold; NaN around it shows who reads too much.
                let stride = type.columns.upperBound
                for row in 0..<target.count / stride {
                    let values = random.floats(view.width)
                    for column in 0..<stride {
                        let inside = column >= view.offset && column < view.offset + view.width
                        target[row * stride + column] = inside ? values[column - view.offset] : .nan
                    }
                }
            }
        }
    }

    /// Outputs by name; integers as real numbers.
    static func outputs(_ instance: PlanInstance) -> [String: [Float]] {
        var result: [String: [Float]] = [:]
        for (name, id) in instance.plan.graph.outputs {
            result[name] =
                instance.plan.graph.type(id).elementType == .i32
                ? instance.integers(name).map { Float($0) } : Array(instance.floats(name))
        }
        return result
    }

    func callAsFunction(symbols: [Int] = []) throws -> [String: [Float]] {
        let instance = try PlanInstance(plan())
        prepare(instance, symbols: symbols)
        guard instance.run() else { throw CancellationError() }
        return Self.outputs(instance)
    }
}

func bits(_ outputs: [String: [Float]]) -> [String: [UInt32]] { outputs.mapValues { $0.map(\.bitPattern) } }

/// Largest difference relative to max(1, |expected|); infinite where shapes, NaN or infinities differ.
func difference(_ found: [Float], _ expected: [Float]) -> Float {
    guard found.count == expected.count else { return .infinity }
    var largest: Float = 0
    for (a, b) in zip(found, expected) where a.bitPattern != b.bitPattern {
        if !a.isFinite || !b.isFinite {
            if a != b && !(a.isNaN && b.isNaN) { return .infinity }
        } else {
            largest = max(largest, abs(a - b) / max(1, abs(b)))
        }
    }
    return largest
}

func difference(_ found: [String: [Float]], _ expected: [String: [Float]]) -> Float {
    guard Set(found.keys) == Set(expected.keys) else { return .infinity }
    return expected.map { difference(found[$0.key] ?? [], $0.value) }.max() ?? 0
}
