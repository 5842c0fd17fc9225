import ExecutionPlan
import LEOModel
import LEOTensor
import TestSupport
import Testing

/// What becomes of linear layers whose weights are kept as integers.
@Suite struct QuantizeInputsTests {
    private func plan(_ graph: Graph, precision: @escaping @Sendable (Recipe) -> Precision = { $0.isPacked ? .int8 : .f32 }) throws -> Plan {
        var evaluation = Evaluation(graph)
        evaluation.source = EvaluatingSource(randomParameters(graph), precision: precision)
        return try evaluation.plan()
    }

    private func operations(_ plan: Plan) -> [String] { plan.graph.nodes.map(\.operation.name) }

    /// Which steps quantise, and which read what they make.
    private func readers(_ plan: Plan) -> [String: [String]] {
        var readers: [String: [String]] = [:]
        for node in plan.graph.nodes where node.operation is QuantizeRows {
            let rows = node.outputs[node.outputs.count - 1]
            readers[node.operation.name, default: []] += plan.graph.nodes.filter { $0.inputs.contains(rows) }.map { plan.graph[$0.outputs[0]].name }
        }
        return readers
    }

    @Test func anInputIsQuantisedOnceForAllWhoReadIt() throws {
        var g = CaseGraph()
        let x = g.input("x", [7, 130])
        for name in ["q", "k", "v"] { g.graph.output(name, try g.linear(x, 9, name)) }
        g.graph.output("other", try g.linear(g.input("z", [7, 130]), 9, "other"))
        let plan = try plan(g.graph)
        #expect(operations(plan) == ["quantize", "integer linear", "integer linear", "integer linear", "quantize", "integer linear"])
        #expect(readers(plan) == ["quantize": ["q", "k", "v", "other"]])
    }

    @Test func normsAndGatesQuantiseThemselves() throws {
        var g = CaseGraph()
        let x = g.input("x", [7, 130])
        let normed = try g.add(Norm(.rootMeanSquare, epsilon: 1e-5), [x, g.parameter("n", [130])], "norm")
        let gated = try g.add(SiLUGate(), [try g.linear(normed, 140, "gate"), try g.linear(normed, 140, "up")], "gated")
        g.graph.output("y", try g.add(Add(), [x, try g.linear(gated, 130, "down")], "sum"))
        let plan = try plan(g.graph)
        #expect(
            operations(plan) == ["rms norm+quantize", "integer linear", "integer linear", "silu gate+quantize", "integer linear+residual"])
        #expect(plan.graph.nodes.map(\.absorbed) == [["rms norm"], [], [], ["silu gate"], ["add"]])
        #expect(readers(plan) == ["rms norm+quantize": ["gate", "up"], "silu gate+quantize": ["sum"]])
        // The real rows are nowhere: the arena holds x and y [7, 130], gate and up [7, 140], and quantised rows.
        #expect(plan.steps.allSatisfy { $0.outputs.count == 1 })
    }

    /// An adapter, another kind of layer, the caller, or a part of the value: whoever needs real numbers gets them.
    @Test func realRowsAreKeptForThoseWhoNeedThem() throws {
        for reader in 0..<4 {
            var g = CaseGraph()
            let x = g.input("x", [7, 130])
            let normed = try g.add(Norm(.rootMeanSquare, epsilon: 1e-5), [x, g.parameter("n", [130])], "norm")
            g.graph.output("y", try g.linear(normed, 9, "l"))
            switch reader {
            case 0: g.graph.output("low", try g.linear(normed, 3, "lora_a"))
            case 1: g.graph.output("sum", try g.add(Add(), [normed, x], "sum"))
            case 2: g.graph.output("normed", normed)
            default: g.graph.output("part", try g.linear(g.graph.columns(of: normed, offset: 3, count: 20), 9, "part"))
            }
            let source = { @Sendable (recipe: Recipe) -> Precision in
                recipe.isPacked ? recipe.name.hasPrefix("lora") ? .f16 : .int8 : .f32
            }
            let plan = try plan(g.graph, precision: source)
            #expect(operations(plan).first == "rms norm+quantize+keep")
            #expect(operations(plan).filter { $0.contains("quantize") }.count == (reader == 3 ? 2 : 1))
        }
    }

    /// A layer may read a value as its input and as what it adds.
    @Test func aResidualIsAnotherReader() throws {
        var g = CaseGraph()
        let x = g.input("x", [7, 130])
        let normed = try g.add(Norm(.rootMeanSquare, epsilon: 1e-5), [x, g.parameter("n", [130])], "norm")
        g.graph.output("y", try g.add(Add(), [normed, try g.linear(normed, 130, "l")], "y"))
        #expect(operations(try plan(g.graph)) == ["rms norm+quantize+keep", "integer linear+residual"])
    }

    @Test func layersWithRealWeightsStayAsTheyAre() throws {
        var g = CaseGraph()
        let x = g.input("x", [7, 130])
        let normed = try g.add(Norm(.rootMeanSquare, epsilon: 1e-5), [x, g.parameter("n", [130])], "norm")
        g.graph.output("y", try g.linear(normed, 9, "l"))
        for precision in [Precision.f32, .f16, .bf16] {
            #expect(operations(try plan(g.graph) { $0.isPacked ? precision : .f32 }) == ["rms norm", "linear"])
        }
        // A layer norm has no kernel that quantises.
        var h = CaseGraph()
        let z = h.input("x", [7, 130])
        let layer = try h.add(Norm(.layer, epsilon: 1e-5), [z, h.parameter("w", [130]), h.parameter("b", [130])], "norm")
        h.graph.output("y", try h.linear(layer, 9, "l"))
        #expect(operations(try plan(h.graph)) == ["layer norm", "quantize", "integer linear"])
    }

    @Test(arguments: [Precision.int8, .int4])
    func aLanguageModelQuantisesFourTimesALayer(_ precision: Precision) throws {
        let graph = try Network.languageGraph(PlanTests.model())
        let plan = try plan(graph) { recipe in
            recipe.isPacked ? recipe.name.contains("lora_a") ? .f16 : recipe.name.contains("lora_b") ? .f32 : precision : .f32
        }
        let perLayer = [
            "rms norm+quantize+keep", "linear", "integer linear+lora", "integer linear+lora", "integer linear+lora", "rotary + cache",
            "attention", "quantize", "linear", "integer linear+lora+residual",
            "rms norm+quantize+keep", "linear", "integer linear+lora", "integer linear+lora", "silu gate+quantize+keep", "linear",
            "integer linear+lora+residual",
        ]
        // Queries, inputs and what they see, of the rows that the last layer goes on with.
        let gathers = [String](repeating: "gather rows", count: 5)
        #expect(sorted(operations(plan)) == sorted(["assemble rows"] + perLayer + gathers + perLayer + ["rms norm+quantize", "integer linear"]))
    }

    private func sorted(_ names: [String]) -> [String] { names.map { $0.hasPrefix("cell") ? "attention" : $0 }.sorted() }

    /// Weights that were divided by factors of their inputs.
    private struct Balanced: ConstantSource {
        let parameters: InMemoryParameters
        let scale: [Float]
        let names: Set<String>

        func precision(of recipe: Recipe) -> Precision { recipe.isPacked ? .int8 : .f32 }

        func inputScale(of weight: Recipe) -> Recipe? { names.contains(weight.name) ? weight.inputScale : nil }

        func constant(_ recipe: Recipe) throws -> Constant {
            var tensor = Tensor(scale, shape: [scale.count])
            if !recipe.name.hasSuffix(".input_scale") {
                let shape = recipe.shape, isWeight = recipe.isPacked
                let values = try RecipeEvaluator(parameters).allElements(recipe)
                tensor = Tensor(values.enumerated().map { isWeight ? $0.element / scale[$0.offset % scale.count] : $0.element }, shape: shape)
            }
            return try EvaluatingSource(InMemoryParameters([recipe.name: tensor]), precision: precision).constant(
                recipe.isPacked ? .packed(.parameter(name: recipe.name, shape: recipe.shape)) : .parameter(name: recipe.name, shape: recipe.shape))
        }
    }

    /// Factors of inputs are part of every kind of quantisation, for all layers that read its rows.
    @Test func inputsAreScaledWhereTheSourceSaysSo() throws {
        var g = CaseGraph()
        let x = g.input("x", [7, 130])
        let normed = try g.add(Norm(.rootMeanSquare, epsilon: 1e-5), [x, g.parameter("n", [130])], "norm")
        let gated = try g.add(SiLUGate(), [try g.linear(normed, 130, "gate"), try g.linear(normed, 130, "up")], "gated")
        g.graph.output("down", try g.linear(gated, 130, "down"))
        g.graph.output("plain", try g.linear(x, 130, "plain"))
        let parameters = randomParameters(g.graph)
        let names = g.graph.optimised().usedRecipes.filter(\.isPacked).map(\.name)
        var evaluation = Evaluation(g.graph)
        let exact = try evaluation()
        for (at, size) in [(3, Float(0x1p-6)), (128, 0x1p-10)] {
            let scale = (0..<130).map { $0 == at ? size : 1 }
            evaluation.source = Balanced(parameters: parameters, scale: scale, names: Set(names))
            let plan = try evaluation.plan()
            #expect(
                operations(plan) == [
                    "rms norm+quantize+scale", "integer linear", "integer linear", "silu gate+quantize+scale", "integer linear",
                    "quantize+scale", "integer linear",
                ])
            let found = try evaluation()
            for (name, values) in exact {
                let largest = values.map(abs).max() ?? 0
                // The small column was made large: weights are coarser for it, no more.
                #expect(difference(found[name] ?? [], values) < 0.3 * largest, "\(name)")
            }
            // Nobody divides where the source has no factors.
            evaluation.source = Balanced(parameters: parameters, scale: scale, names: [])
            #expect(try operations(evaluation.plan()).allSatisfy { !$0.contains("scale") })
        }
    }

    @Test func costsAreThoseOfTheKernels() throws {
        var g = CaseGraph()
        let m = Extent.symbol(g.graph.symbol("m", upperBound: 5))
        let x = g.input("x", [m, 300])
        g.graph.output("y", try g.linear(x, 70, "l"))
        for (precision, codes) in [(Precision.int8, 2 * 75 * 256), (.int4, 2 * 38 * 256)] {
            let steps = try plan(g.graph) { $0.isPacked ? precision : .f32 }.details.steps
            // Three groups of 128 codes and 16 bytes.
            let row = QuantizeRows.rowByteCount(columns: 300)
            #expect(row == 432 && steps.count == 2)
            #expect(steps[0].bytesRead == 5 * 300 * 4 && steps[0].bytesWritten == 5 * row)
            #expect(steps[1].bytesRead == 5 * row + codes + 2 * 3 * 64 * 4 && steps[1].bytesWritten == 5 * 70 * 4)
            #expect(steps[1].floatingPointOperations == 2 * 5 * 70 * 300)
            #expect(steps[1].inputs.map(\.elementType) == ["u8", precision.rawValue] && steps[1].inputs[1].shape == ["70", "300"])
        }
    }

    /// Whatever is stored beside the integers and whatever memory is used twice, the results stay.
    @Test(arguments: 0..<40)
    func randomGraphsComputeTheSameWhateverIsKept(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) + 1000)
        var g = CaseGraph()
        let m = Extent.symbol(g.graph.symbol("m", upperBound: 6))
        var values = [g.input("x0", [m, 72]), g.input("x1", [m, 72])]
        for index in 0..<Int.random(in: 4...16, using: &random) {
            let a = values[Int.random(in: max(0, values.count - 4)..<values.count, using: &random)]
            let b = values.randomElement(using: &random) ?? a
            let name = "n\(index)"
            switch Int.random(in: 0..<8, using: &random) {
            case 0, 1, 2: values.append(try g.linear(a, 72, name, bias: Bool.random(using: &random)))
            case 3: values.append(try g.linear(a, 72, "real\(index)"))
            case 4: values.append(try g.add(Add(), [a, b], name))
            case 5: values.append(try g.add(SiLUGate(), [a, b], name))
            default: values.append(try g.add(Norm(.rootMeanSquare, epsilon: 1e-5), [a, g.parameter(name + ".w", [72])], name))
            }
            if Int.random(in: 0..<4, using: &random) == 0 { g.graph.output(name, values[values.count - 1]) }
        }
        // Everything is read: a layer that is dropped in one of the graphs would not quantise what it reads.
        for (index, value) in values.enumerated() where !g.graph.nodes.contains(where: { $0.inputs.contains(value) }) {
            g.graph.output("last\(index)", value)
        }
        var exposed = g.graph
        for (index, value) in values.enumerated().dropFirst(2) where !exposed.outputs.contains(where: { $0.value == value }) {
            exposed.output("value\(index)", value)
        }
        func run(_ graph: Graph, _ symbols: [Int]) throws -> [String: [Float]] {
            var evaluation = Evaluation(graph)
            evaluation.source = EvaluatingSource(randomParameters(g.graph)) { recipe in
                recipe.isPacked && !recipe.name.hasPrefix("real") ? seed % 2 == 0 ? .int8 : .int4 : .f32
            }
            evaluation.options.skippedPasses = ["FoldConstantSum", "FuseEpilogues", "FuseNormResidual"]
            return try evaluation(symbols: symbols)
        }
        for symbols in [[6], [1]] {
            let expected = try run(exposed, symbols)
            for (name, values) in try run(g.graph, symbols) {
                #expect(bits(["": values]) == bits(["": expected[name] ?? []]), "\(name)")
            }
        }
    }
}
