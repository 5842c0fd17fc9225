import AllocationCounter
import ExecutionPlan
import LEOModel
import LEOTensor
import TestSupport
import Testing

@Suite struct PlanTests {
    /// Small models whose plans hold every kind of step.
    static func model() -> ModelConfiguration {
        var model = ModelConfiguration(name: "small")
        model.points.pointsPerObject = 64
        model.points.layers = [
            .init(samples: 8, neighbours: 6, radius: 0.4, widths: [8, 12]), .init(samples: 4, neighbours: 4, radius: 0.8, widths: [16]),
            .init(widths: [24, 32]),
        ]
        model.points.outputWidth = 32
        model.spatial.hiddenDim = 32
        model.spatial.dimFeedforward = 64
        model.language.hiddenSize = 32
        model.language.numHiddenLayers = 2
        model.language.numAttentionHeads = 4
        model.language.numKeyValueHeads = 2
        model.language.intermediateSize = 48
        model.language.vocabulary = 40
        model.language.maxPositions = 64
        model.lora?.rank = 4
        model.maximumObjects = 6
        return model
    }

    static func graph(_ name: String) throws -> Graph {
        switch name {
        case "points": try Network.pointsGraph(model())
        case "spatial": try Network.spatialGraph(model())
        default: try Network.languageGraph(model())
        }
    }

    /// Of a graph, with large matrices of the type that may stand behind its name.
    static func evaluation(_ name: String) throws -> Evaluation {
        let words = name.split(separator: " ").map(String.init)
        let graph = try graph(words[0])
        var evaluation = Evaluation(graph)
        if let precision = words.dropFirst().first.flatMap({ Precision(rawValue: $0) }) {
            evaluation.source = EvaluatingSource(randomParameters(graph)) { recipe in
                !recipe.isPacked || recipe.name.contains("lora_b") ? .f32 : recipe.name.contains("lora_a") ? .f16 : precision
            }
        }
        return evaluation
    }

    /// The products of one input run side by side, and nobody reads what such a step writes.
    @Test(arguments: ["points", "spatial", "language", "language int8", "language int4"])
    func onlyStepsThatDependOnEachOtherWait(name: String) throws {
        let plan = try Self.evaluation(name).plan()
        var first = 0
        for (index, step) in plan.steps.enumerated() {
            let written = plan.steps[first..<index].flatMap(\.outputs)
            #expect(!step.inputs.contains { written.contains($0) } && !step.outputs.contains { written.contains($0) }, "\(step.name)")
            if plan.barriers[index] { first = index + 1 }
        }
        #expect(plan.barriers.last == true)
        if name.hasPrefix("language") {
            let free = zip(plan.steps, plan.barriers).filter { !$1 }.map(\.0.name)
            for layer in 0..<2 {
                for product in ["q_proj", "k_proj", "gate_proj"] { #expect(free.contains { $0.hasSuffix("layers.\(layer).\(product)") }, "\(free)") }
            }
        }
    }

    @Test(
        .enabled(if: allocation_counter_works()), arguments: ["points", "spatial", "language", "language int8", "language int4"], [1, 2])
    func runningAllocatesNothing(name: String, workers: Int) throws {
        var evaluation = try Self.evaluation(name)
        evaluation.options.workers = workers
        let instance = try PlanInstance(evaluation.plan())
        // A run may use the memory of inputs it has read for something else.
        func prepare() { evaluation.prepare(instance, symbols: instance.plan.symbols.map { min(5, $0.upperBound) }) }
        for records in [false, true] {
            instance.recordsTimes = records
            prepare()
            #expect(instance.run())
            prepare()
            let before = allocation_count()
            let finished = instance.run()
            let after = allocation_count()
            #expect(finished && after == before, "records times: \(records)")
        }
        // The counter itself must count, or the claim is empty.
        let before = allocation_count()
        let array = [Int](repeating: instance.plan.steps.count, count: 1000)
        #expect(allocation_count() > before && array.count == 1000)
    }

    @Test(arguments: [1, 2, 3])
    func cancellationStopsBetweenSteps(workers: Int) throws {
        var g = CaseGraph()
        let first = try g.linear(g.input("x", [7, 9]), 5, "first")
        let second = try g.linear(first, 5, "second")
        g.graph.output("first", first)
        g.graph.output("second", second)
        var evaluation = Evaluation(g.graph)
        evaluation.options.workers = workers
        let instance = try PlanInstance(evaluation.plan())
        evaluation.prepare(instance, symbols: [])
        let cancellation = Cancellation()
        cancellation.cancel()
        #expect(!instance.run(cancellation: cancellation))
        let expected = try evaluation()
        #expect(Array(instance.floats("first")) == expected["first"])
        #expect(Array(instance.floats("second")) != expected["second"])
        // The instance still works.
        evaluation.prepare(instance, symbols: [])
        #expect(instance.run(cancellation: Cancellation()))
        #expect(Evaluation.outputs(instance) == expected)
    }

    @Test func instancesDoNotShareMemory() throws {
        let evaluation = Evaluation(try Self.graph("spatial"))
        let plan = try evaluation.plan()
        let a = try PlanInstance(plan), b = try PlanInstance(plan)
        evaluation.prepare(a, symbols: [4, 2])
        evaluation.prepare(b, symbols: [4, 2])
        for index in b.floats("embeddings").indices { b.floats("embeddings")[index] *= -1 }
        #expect(a.run())
        let first = Evaluation.outputs(a)
        #expect(b.run())
        let second = Evaluation.outputs(b)
        #expect(bits(Evaluation.outputs(a)) == bits(first) && bits(first) != bits(second))
    }

    @Test func statesBelongToInstances() throws {
        guard let operation = OperationCase.language.last else { return }
        let (evaluation, _) = try operation.evaluation()
        let plan = try evaluation.plan()
        #expect(plan.stateByteCount == 2 * 9 * 2 * 4 * 4)
        let a = try PlanInstance(plan), b = try PlanInstance(plan)
        evaluation.prepare(a, symbols: [9])
        #expect(a.run())
        // b's cache is still empty: a row that sees two zero cells besides its own gets less of its value.
        func lastRow(_ instance: PlanInstance) -> [Float] {
            evaluation.prepare(instance, symbols: [1])
            instance.integers("prefix")[0] = 3
            instance.integers("cells")[0] = 8
            instance.integers("counts")[0] = 0
            #expect(instance.run())
            return Array(instance.floats("y"))
        }
        #expect(lastRow(a).contains { $0 != 0 })
        #expect(lastRow(b).allSatisfy { $0 == 0 })
    }

    @Test func timesAreRecordedOnlyOnRequest() throws {
        let evaluation = Evaluation(try Self.graph("spatial"))
        let instance = try PlanInstance(evaluation.plan())
        evaluation.prepare(instance, symbols: [4, 2])
        #expect(instance.run() && instance.stepTimes.allSatisfy { $0 == 0 })
        instance.recordsTimes = true
        #expect(instance.run() && instance.stepTimes.count == instance.plan.steps.count)
        #expect(instance.stepTimes.reduce(0, +) > 0)
    }

    @Test func unusableInstructionSetsAreErrors() throws {
        let graph = try Self.graph("points")
        var evaluation = Evaluation(graph)
        evaluation.options.instructionSetName = "avx7"
        #expect { try evaluation.plan() } throws: { error in
            guard case GraphError.instructionSet(let name, let reason) = error else { return false }
            return name == "avx7" && reason.contains("ref") && reason.contains("avx2")
        }
        #if arch(x86_64)
        evaluation.options.instructionSetName = "neon"
        #else
        evaluation.options.instructionSetName = "avx2"
        #endif
        #expect { try evaluation.plan() } throws: { error in
            guard case GraphError.instructionSet(_, let reason) = error else { return false }
            return reason.contains("CPU")
        }
        evaluation.options.instructionSetName = "ref"
        #expect(try evaluation.plan().steps.allSatisfy { $0.isa == "ref" })
    }

    // MARK: Constants

    /// A source that lies about one constant.
    private struct LyingSource: ConstantSource {
        let honest: any ConstantSource
        let lie: @Sendable (Constant, Recipe) -> Constant
        func constant(_ recipe: Recipe) throws -> Constant { lie(try honest.constant(recipe), recipe) }
        func precision(of recipe: Recipe) -> Precision { honest.precision(of: recipe) }
    }

    private func refuses(
        _ name: String, packed: Precision = .f32, _ lie: @escaping @Sendable (Constant) -> Constant
    ) throws {
        var g = CaseGraph()
        var y = try g.linear(g.input("x", [7, 130]), 20, "l", bias: true)
        y = try g.add(Norm(.layer, epsilon: 1e-5), [y, g.parameter("w", [20]), g.parameter("b", [20])], "norm")
        let rows = try g.add(AssembleRows(hasExtra: false), [g.integers("s", [3]), g.parameter("table", [9, 20])], "rows")
        g.graph.output("y", try g.add(ConcatenateRows(), [y, rows], "y"))
        var evaluation = Evaluation(g.graph)
        let honest = EvaluatingSource(randomParameters(g.graph)) { $0.isPacked ? packed : .f32 }
        evaluation.source = LyingSource(honest: honest) { constant, recipe in
            recipe.name == name ? lie(constant) : constant
        }
        #expect("\(name)") { try evaluation.plan() } throws: { error in
            guard case GraphError.constant(let found, let expected, _) = error else { return false }
            return found == name && !expected.isEmpty
        }
    }

    /// Kernels read as many bytes as a constant's form says: a file that says otherwise must not get that far.
    @Test func constantsOfAnotherFormAreRefused() throws {
        @Sendable func half(_ constant: Constant) -> Constant {
            Constant(
                elementType: .f16, shape: constant.shape, layout: constant.layout,
                storage: constant.storage.rows(0..<constant.storage.count / 2), scale: nil)
        }
        for name in ["l.b", "w", "b"] { try refuses(name, half) }
        for name in ["l.w", "l.b", "w", "table"] {
            try refuses(name) { constant in
                Constant(
                    elementType: constant.elementType, shape: constant.shape, layout: constant.layout,
                    storage: constant.storage.rows(0..<constant.storage.count - 4))
            }
            try refuses(name) { constant in
                Constant(elementType: constant.elementType, shape: constant.shape.reversed() + [1], layout: constant.layout, storage: constant.storage)
            }
            try refuses(name) { constant in
                Constant(
                    elementType: constant.elementType, shape: constant.shape, layout: constant.layout == .rows ? .nk16 : .rows,
                    storage: constant.storage)
            }
        }
        for packed in [Precision.int8, .int4] {
            // Without factors, with too few, with too few codes, and what the plan was not made for.
            for scaleBytes in [0, 4 * 64] {
                try refuses("l.w", packed: packed) { constant in
                    Constant(
                        elementType: constant.elementType, shape: constant.shape, layout: constant.layout, storage: constant.storage,
                        scale: scaleBytes == 0 ? nil : constant.scale?.rows(0..<scaleBytes))
                }
            }
            try refuses("l.w", packed: packed) { constant in
                Constant(
                    elementType: constant.elementType, shape: constant.shape, layout: constant.layout,
                    storage: constant.storage.rows(0..<constant.storage.count - 1), scale: constant.scale)
            }
            for (type, layout) in [(ElementType.u8, ConstantLayout.nk16), (.u8, .rows), (.i8, .n64k4), (.i8, .nk16), (.f32, .n64k8)] {
                try refuses("l.w", packed: packed) {
                    Constant(elementType: type, shape: $0.shape, layout: layout, storage: $0.storage, scale: $0.scale)
                }
            }
            // Enough bytes for f32, but the step reads integers; and the other way round.
            let large = Tensor(elementType: .u8, shape: [1 << 16]) { _ in }
            try refuses("l.w", packed: packed) {
                Constant(elementType: .f32, shape: $0.shape, layout: .nk16, storage: large)
            }
            try refuses("l.w") {
                Constant(elementType: .u8, shape: $0.shape, layout: packed.packedLayout, storage: large, scale: large)
            }
        }
        for type in [ElementType.i32, .f64] {
            try refuses("table") { Constant(elementType: type, shape: $0.shape, layout: $0.layout, storage: $0.storage) }
        }
    }

    /// Sizes that no machine holds end as an error.
    @Test func impossibleSizesAreErrors() throws {
        var g = CaseGraph()
        let x = g.input("x", [.fixed(1 << 40), .fixed(1 << 20)])
        g.graph.output("y", try g.add(Add(), [x, x], "y"))
        let graph = g.graph
        #expect(throws: GraphError.self) { try PlanInstance(Evaluation(graph).plan()) }
        var h = CaseGraph()
        let z = h.input("z", [.fixed(1 << 28), .fixed(1 << 20)])
        h.graph.output("y", try h.add(Add(), [z, z], "y"))
        let large = h.graph
        // A petabyte can be counted, but not reserved.
        #expect(throws: (any Error).self) { try PlanInstance(Evaluation(large).plan()) }
    }
}
