import ExecutionPlan
import LEOModel
import LEOTensor
import TestSupport
import Testing

@Suite struct OperationTests {
    @Test(arguments: OperationCase.all)
    func sameForEveryInstructionSetAndNumberOfWorkers(_ operation: OperationCase) throws {
        for value in operation.values {
            var (evaluation, _) = try operation.evaluation()
            func run(_ instructionSet: String?, _ workers: Int) throws -> [String: [Float]] {
                evaluation.options.instructionSetName = instructionSet
                evaluation.options.workers = workers
                return try evaluation(symbols: [value])
            }
            let reference = try run("ref", 1)
            let best = try run(nil, 1)
            #expect(reference.values.allSatisfy { $0.allSatisfy(\.isFinite) }, "m=\(value)")
            #expect(difference(best, reference) <= operation.tolerance, "m=\(value)")
            for workers in 2...3 {
                #expect(bits(try run(nil, workers)) == bits(best), "m=\(value) workers=\(workers)")
                #expect(bits(try run("ref", workers)) == bits(reference), "m=\(value) workers=\(workers) ref")
            }
        }
    }

    /// A row does not depend on how many others there are, but where an operation mixes rows.
    @Test(arguments: OperationCase.linear + OperationCase.integer + OperationCase.vision)
    func rowsDoNotDependOnEachOther(_ operation: OperationCase) throws {
        let (evaluation, _) = try operation.evaluation()
        let few = try evaluation(symbols: [5]), many = try evaluation(symbols: [9])
        for (name, values) in few { #expect(bits(["": values]) == bits(["": Array(many[name]?.prefix(values.count) ?? [])])) }
    }

    /// Some columns of a wider value are read as such, or refused: never mistaken for the whole.
    @Test(arguments: OperationCase.all)
    func readsPartsOfWiderValuesOrRefusesThem(_ operation: OperationCase) throws {
        let (whole, names) = try operation.evaluation()
        let expected = try whole(symbols: [5])
        for name in names {
            do {
                let (evaluation, _) = try operation.evaluation(viewed: name)
                #expect(bits(try evaluation(symbols: [5])) == bits(expected), "\(name)")
            } catch let error as GraphError {
                #expect(error.description.contains(":"), "\(name)")
            }
        }
    }

    @Test func everyOperationOfTheModelIsCovered() throws {
        func kinds(_ graph: Graph) -> Set<String> { Set(graph.nodes.map { "\(Swift.type(of: $0.operation))" }) }
        var known = Set<String>()
        for operation in OperationCase.all {
            let graph = try operation.evaluation().0.graph
            known.formUnion(kinds(graph))
            known.formUnion(kinds(graph.optimised()))
        }
        for graph in try Network.graphs(ModelConfiguration(name: "default")) {
            #expect(kinds(graph).subtracting(known).isEmpty)
            #expect(kinds(graph.optimised()).subtracting(known).isEmpty)
        }
    }

    @Test(arguments: [Precision.f16, .bf16, .int8, .int4])
    func narrowWeightsAreCloseToWide(_ precision: Precision) throws {
        var graph = CaseGraph()
        let x = graph.input("x", [6, 256])
        graph.graph.output("y", try graph.linear(x, 33, "l"))
        let parameters = randomParameters(graph.graph)
        func run(_ precision: Precision) throws -> [Float] {
            var evaluation = Evaluation(graph.graph)
            evaluation.source = EvaluatingSource(parameters) { $0.isPacked ? precision : .f32 }
            return try evaluation()["y"] ?? []
        }
        // Errors of weights in [-1, 1): half a unit in the last place, 2^-12, 2^-9; or half a step of the group's largest, 1/254,
        // 1/14. Integers round x to 1/254, too. 256 products of errors with numbers in [-1, 1) add up like a random walk of 16
        // steps, four deviations are allowed.
        let unit: Float =
            switch precision {
            case .f16: 0x1p-12
            case .bf16: 0x1p-9
            case .int8: 2 / 254
            default: 1 / 14 + 1 / 254
            }
        let wide = try run(.f32)
        let error = zip(try run(precision), wide).map { abs($0 - $1) }.max() ?? .infinity
        #expect(error > 0 && error < unit * 16 * 4)
    }

    // MARK: Shape rules

    struct Rejection: Sendable, CustomStringConvertible {
        let description: String
        let operation: any Operation
        let types: [ValueType]
        init(_ description: String, _ operation: any Operation, _ types: [ValueType]) {
            self.description = operation.name + ": " + description
            self.operation = operation
            self.types = types
        }
    }

    private static func f(_ shape: Extent...) -> ValueType { ValueType(.f32, shape) }
    private static func i(_ shape: Extent...) -> ValueType { ValueType(.i32, shape) }
    private static func i8(_ shape: Extent...) -> ValueType { ValueType(.i8, shape) }
    /// Three quantised rows of `columns`.
    private static func quantized(_ columns: Int) -> ValueType {
        ValueType(.u8, [3, .fixed(QuantizeRows.rowByteCount(columns: columns))])
    }

    static let rejections: [Rejection] = {
        let residual = {
            var linear = Linear(hasBias: true)
            linear.hasResidual = true
            return linear
        }()
        let normOfSum = {
            var norm = Norm(.layer, epsilon: 1e-5)
            norm.hasResidual = true
            return norm
        }()
        let lora = Linear(loraScale: 1)
        let cond = SpatialAttention(fusion: .cond, heads: 2, locationHeads: 2, dims: 5)
        let bias = SpatialAttention(fusion: .bias, heads: 2, locationHeads: 2, dims: 5, hasPadding: true)
        let rotate = RotateAndStore(heads: 4, keyValueHeads: 2)
        let rotary = [f(5, 16), f(5, 8), f(5, 8), i(5), i(5), f(16, 2), f(16, 2), f(9, 2, 4), f(9, 2, 4)]
        let attend = CellAttention(heads: 4, keyValueHeads: 2)
        let attention = [f(5, 16), f(9, 2, 4), f(9, 2, 4), i(5), i(5, 3), i(5)]
        func with(_ types: [ValueType], _ index: Int, _ type: ValueType) -> [ValueType] {
            var types = types
            types[index] = type
            return types
        }
        return [
            Rejection("one input", Linear(), [f(3, 4)]),
            Rejection("other depth", Linear(), [f(3, 4), f(7, 5)]),
            Rejection("weight of three axes", Linear(), [f(3, 4), f(7, 1, 4)]),
            Rejection("long bias", Linear(hasBias: true), [f(3, 4), f(7, 4), f(8)]),
            Rejection("residual of other width", residual, [f(3, 4), f(7, 4), f(7), f(3, 8)]),
            Rejection("residual of other height", residual, [f(3, 4), f(7, 4), f(7), f(2, 7)]),
            Rejection("adapter of other rank", lora, [f(3, 4), f(7, 4), f(3, 2), f(7, 3)]),
            Rejection("adapter of other height", lora, [f(3, 4), f(7, 4), f(2, 2), f(7, 2)]),
            Rejection("integers", Linear(), [i(3, 4), f(7, 4)]),
            Rejection("real rows", IntegerLinear(Linear()), [f(3, 4), f(7, 4)]),
            Rejection("bytes of other rows", IntegerLinear(Linear()), [quantized(129), f(7, 4)]),
            Rejection("no weight", IntegerLinear(Linear()), [quantized(4)]),
            Rejection("adapter of other rank", IntegerLinear(lora), [quantized(4), f(7, 4), f(3, 2), f(7, 3)]),
            Rejection("two inputs", QuantizeRows(.plain), [f(3, 4), f(3, 4)]),
            Rejection("integers", QuantizeRows(.plain), [i(3, 4)]),
            Rejection("rows of unknown length", QuantizeRows(.plain), [f(3, .symbol(Symbol(name: "s", index: 0, upperBound: 3)))]),
            Rejection("long weight", QuantizeRows(.rmsNorm(epsilon: 1)), [f(3, 4), f(5)]),
            Rejection("other shapes", QuantizeRows(.siluGate), [f(3, 4), f(4, 3)]),
            Rejection("no factors", QuantizeRows(.plain, hasInputScale: true), [f(3, 4)]),
            Rejection("short factors", QuantizeRows(.siluGate, hasInputScale: true), [f(3, 4), f(3, 4), f(3)]),
            Rejection("few vectors", BatchNorm(epsilon: 1), [f(3, 4), f(4), f(4), f(4)]),
            Rejection("long vector", BatchNorm(epsilon: 1), [f(3, 4), f(4), f(4), f(5), f(4)]),
            Rejection("two inputs", Activation(.relu), [f(3, 4), f(3, 4)]),
            Rejection("long factor", ScaleChannels(), [f(3, 4), f(5)]),
            Rejection("long weight", Norm(.rootMeanSquare, epsilon: 1), [f(3, 4), f(5)]),
            Rejection("no bias", Norm(.layer, epsilon: 1), [f(3, 4), f(4)]),
            Rejection("residual of other height", normOfSum, [f(3, 4), f(4), f(4), f(2, 4)]),
            Rejection("residual of other width", normOfSum, [f(3, 4), f(4), f(4), f(3, 5)]),
            Rejection("other width", Add(), [f(3, 4), f(3, 5)]),
            Rejection("two rows for three", Add(), [f(3, 4), f(2, 4)]),
            Rejection("integers", Add(), [f(3, 4), i(3, 4)]),
            Rejection("other shapes", SiLUGate(), [f(3, 4), f(4, 3)]),
            Rejection("a vector", Transpose(), [f(4)]),
            Rejection("nothing", ConcatenateRows(), []),
            Rejection("other widths", ConcatenateRows(), [f(3, 4), f(3, 5)]),
            Rejection("three axes", ConcatenateRows(), [f(3, 4, 5)]),
            Rejection("a length that grows in front", ConcatenateRows(),
                [ValueType(.f32, [.symbol(Symbol(name: "s", index: 0, upperBound: 3)), 4]), f(3, 4)]),
            Rejection("seven elements in two rows", Flatten(rows: 2), [f(7)]),
            Rejection("no rows", Flatten(rows: 0), [f(7)]),
            Rejection("flat cloud", FarthestPointSampling(samples: 3), [f(9, 3)]),
            Rejection("two coordinates", FarthestPointSampling(samples: 3), [f(1, 9, 2)]),
            Rejection("real indices", GatherPoints(), [f(2, 9, 3), f(2, 4)]),
            Rejection("other batch", GatherPoints(), [f(2, 9, 3), i(3, 4)]),
            Rejection("two coordinates", GatherPoints(), [f(2, 9, 2), i(2, 4)]),
            Rejection("centres of four numbers", BallQuery(radius: 1, limit: 3), [f(2, 9, 3), f(2, 4, 4)]),
            Rejection("other batch", BallQuery(radius: 1, limit: 3), [f(2, 9, 3), f(3, 4, 3)]),
            Rejection("two coordinates", BallQuery(radius: 1, limit: 3), [f(2, 9, 2), f(2, 4, 3)]),
            Rejection("features of another cloud", GroupPoints(all: true), [f(2, 9, 3), f(2, 8, 3)]),
            Rejection("no indices", GroupPoints(all: false), [f(2, 9, 3), f(2, 9, 3)]),
            Rejection("centres of four numbers", GroupPoints(all: false), [f(2, 9, 3), f(2, 9, 3), f(2, 4, 4), i(2, 4, 5)]),
            Rejection("other batch", GroupPoints(all: false), [f(2, 9, 3), f(2, 9, 3), f(4, 2, 3), i(4, 2, 5)]),
            Rejection("two coordinates", GroupPoints(all: true), [f(2, 9, 2), f(2, 9, 3)]),
            Rejection("a matrix", MaxPool(), [f(3, 4)]),
            Rejection("three axes", FourierFeatures(), [f(3, 4, 5)]),
            Rejection("boxes of five numbers", PairwiseGeometry(relation: .center, dims: 5, normalises: true, padding: 0), [f(3, 5)]),
            Rejection("no geometry", cond, [f(3, 8), f(3, 8), f(3, 8)]),
            Rejection("other keys", cond, [f(3, 8), f(3, 9), f(3, 8), f(3, 3, 5), f(3, 12)]),
            Rejection("odd width", cond, [f(3, 7), f(3, 7), f(3, 7), f(3, 3, 5), f(3, 12)]),
            Rejection("geometry of four numbers", cond, [f(3, 8), f(3, 8), f(3, 8), f(3, 3, 4), f(3, 12)]),
            Rejection("narrow condition", cond, [f(3, 8), f(3, 8), f(3, 8), f(3, 3, 5), f(3, 11)]),
            Rejection("short condition", cond, [f(3, 8), f(3, 8), f(3, 8), f(3, 3, 5), f(2, 12)]),
            Rejection("weight of another head count", bias, [f(3, 8), f(3, 8), f(3, 8), f(3, 3, 5), f(3, 5), f(2), i(3)]),
            Rejection("long bias", bias, [f(3, 8), f(3, 8), f(3, 8), f(3, 3, 5), f(2, 5), f(3), i(3)]),
            Rejection("short padding", bias, [f(3, 8), f(3, 8), f(3, 8), f(3, 3, 5), f(2, 5), f(2), i(2)]),
            Rejection("real padding", bias, [f(3, 8), f(3, 8), f(3, 8), f(3, 3, 5), f(2, 5), f(2), f(3)]),
            Rejection("a matrix", Patchify(patch: 2, channelsFirst: true), [f(4, 4)]),
            Rejection("odd sides", Patchify(patch: 2, channelsFirst: true), [f(1, 3, 5, 4)]),
            Rejection("no patch", Patchify(patch: 0, channelsFirst: true), [f(1, 3, 4, 4)]),
            Rejection("other channels", DepthwiseConvolution(), [f(1, 4, 4, 3), f(7, 7, 4), f(4)]),
            Rejection("oblong kernel", DepthwiseConvolution(), [f(1, 4, 4, 3), f(7, 5, 3), f(3)]),
            Rejection("long bias", DepthwiseConvolution(), [f(1, 4, 4, 3), f(7, 7, 3), f(4)]),
            Rejection("three axes", PositionPool(.mean), [f(4, 4, 3)]),
            Rejection("real sources", AssembleRows(hasExtra: false), [f(3), f(9, 4)]),
            Rejection("narrow extra", AssembleRows(hasExtra: true), [i(3), f(9, 4), f(2, 3)]),
            Rejection("no extra", AssembleRows(hasExtra: true), [i(3), f(9, 4)]),
            Rejection("integers beside extra", AssembleRows(hasExtra: true), [i(3), i(9, 4), f(2, 4)]),
            Rejection("a row of reals", AssembleRows(hasExtra: false), [i(3), f(9)]),
            Rejection("too few", rotate, Array(rotary.dropLast())),
            Rejection("odd width", rotate, with(rotary, 0, f(5, 18))),
            Rejection("other keys", rotate, with(rotary, 1, f(5, 16))),
            Rejection("fewer keys", rotate, with(with(rotary, 1, f(4, 8)), 2, f(4, 8))),
            Rejection("fewer positions", rotate, with(rotary, 3, i(4))),
            Rejection("real cells", rotate, with(rotary, 4, f(5))),
            Rejection("wide cosines", rotate, with(rotary, 5, f(16, 4))),
            Rejection("wide sines", rotate, with(rotary, 6, f(16, 4))),
            Rejection("key cache of other heads", rotate, with(rotary, 7, f(9, 4, 4))),
            Rejection("value cache of other heads", rotate, with(rotary, 8, f(9, 4, 4))),
            Rejection("integer caches", rotate, with(with(rotary, 7, i(9, 2, 4)), 8, i(9, 2, 4))),
            Rejection("8 bits without scales", rotate, with(with(rotary, 7, i8(9, 2, 4)), 8, i8(9, 2, 4))),
            Rejection("scales without 8 bits", rotate, rotary + [f(9, 2), f(9, 2)]),
            Rejection("scales of values only", attend, with(with(attention, 1, i8(9, 2, 4)), 2, i8(9, 2, 4)) + [f(9, 2)]),
            Rejection("scales of other heads", attend, with(with(attention, 1, i8(9, 2, 4)), 2, i8(9, 2, 4)) + [f(9, 2), f(9, 4)]),
            Rejection("caches of two types", attend, with(attention, 1, ValueType(.f16, [9, 2, 4]))),
            Rejection("few inputs", attend, Array(attention.dropLast())),
            Rejection("odd width", attend, with(attention, 0, f(5, 18))),
            Rejection("cache of other heads", attend, with(attention, 1, f(9, 4, 4))),
            Rejection("value cache of other heads", attend, with(attention, 2, f(9, 4, 4))),
            Rejection("fewer prefixes", attend, with(attention, 3, i(4))),
            Rejection("fewer tails", attend, with(attention, 4, i(4, 3))),
            Rejection("fewer counts", attend, with(attention, 5, i(4))),
            Rejection("real tails", attend, with(attention, 4, f(5, 3))),
        ]
    }()

    @Test(arguments: rejections)
    func refusesWrongShapes(_ rejection: Rejection) throws {
        var graph = Graph(name: "wrong")
        let inputs = rejection.types.enumerated().map { graph.input("x\($0.offset)", $0.element) }
        do throws(GraphError) {
            _ = try graph.add(rejection.operation, inputs, name: "the.node")
            Issue.record("accepted \(rejection.types)")
        } catch {
            guard case .shape(let node, let operation, let expected, _) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(node == "the.node" && operation == rejection.operation.name && !expected.isEmpty)
            #expect(error.description.hasPrefix("the.node: ") && error.description.contains("expected"))
        }
    }
}
