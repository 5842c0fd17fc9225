import ExecutionPlan
import Foundation
import LEOTensor
import TestSupport
import Testing

@Suite struct PassTests {
    private func operations(_ graph: Graph) -> [String] { graph.nodes.map(\.operation.name) }

    /// Outputs without one of the passes, and with all.
    private func compare(_ graph: Graph, without pass: String, symbols: [Int] = [], sourceLocation: SourceLocation = #_sourceLocation) throws -> Float {
        var evaluation = Evaluation(graph)
        evaluation.options.workers = 2
        let fused = try evaluation(symbols: symbols)
        evaluation.options.skippedPasses = [pass]
        let plain = try evaluation(symbols: symbols)
        #expect(operations(graph.optimised()) != operations(graph.optimised(without: [pass])), sourceLocation: sourceLocation)
        return difference(fused, plain)
    }

    // MARK: Folding

    @Test func batchNormIsFoldedInDoublePrecision() throws {
        var g = CaseGraph()
        let x = g.input("x", [6, 9])
        var y = try g.linear(x, 5, "l")
        y = try g.add(BatchNorm(epsilon: 1e-5), [y] + ["gamma", "beta", "mean", "var"].map { g.parameter($0, [5]) }, "bn")
        g.graph.output("y", y)
        #expect(operations(g.graph.optimised()) == ["linear+bias"])
        let parameters = randomParameters(g.graph)
        func values(_ name: String, _ shape: [Int]) throws -> [Double] {
            try RecipeEvaluator(parameters).allElements(.parameter(name: name, shape: shape)).map { Double($0) }
        }
        let w = try values("l.w", [5, 9]), gamma = try values("gamma", [5]), beta = try values("beta", [5])
        let mean = try values("mean", [5]), variance = try values("var", [5])
        var random = generator(for: "x")
        let input = random.floats(54).map { Double($0) }
        let expected = (0..<30).map { index -> Float in
            let row = index / 5, n = index % 5
            let sum = (0..<9).reduce(0.0) { $0 + input[row * 9 + $1] * w[n * 9 + $1] }
            return Float((sum - mean[n]) / (variance[n] + 1e-5).squareRoot() * gamma[n] + beta[n])
        }
        var evaluation = Evaluation(g.graph)
        evaluation.source = EvaluatingSource(parameters)
        // Nine products of size 3 at most, in float32.
        #expect(difference(try evaluation()["y"] ?? [], expected) < 4e-6)
    }

    @Test func batchNormThatCannotBeFoldedIsAnError() throws {
        func refuses(_ build: (inout CaseGraph, ValueID) throws -> ValueID) throws {
            var g = CaseGraph()
            let x = g.input("x", [6, 9])
            let y = try build(&g, x)
            let normed = try g.add(BatchNorm(epsilon: 1e-5), [y] + ["gamma", "beta", "mean", "var"].map { g.parameter($0, [5]) }, "bn")
            g.graph.output("y", normed)
            let graph = g.graph
            #expect { try Evaluation(graph)() } throws: { error in
                if case GraphError.notLowered(node: "bn", operation: "batch norm", _) = error { true } else { false }
            }
        }
        try refuses { g, x in try g.linear(x, 5, "l", bias: true) }
        // The linear layer's own result is needed, too.
        try refuses { g, x in
            let y = try g.linear(x, 5, "l")
            g.graph.output("raw", y)
            return y
        }
        // An adapter's product would have to be scaled as well.
        try refuses { g, x in
            let low = try g.linear(x, 2, "low")
            return try g.add(Linear(loraScale: 1), [x, g.parameter("w", [5, 9]), low, g.parameter("b", [5, 2])], "l")
        }
    }

    @Test func constantRowsAreFoldedIntoTheBias() throws {
        var g = CaseGraph()
        let x = g.input("x", [.symbol(g.graph.symbol("m", upperBound: 4)), 9])
        var y = try g.linear(x, 5, "l", bias: true)
        y = try g.add(Add(), [y, g.parameter("a", [5])], "s1")
        y = try g.add(Add(), [y, g.graph.constant(.row(.parameter(name: "t", shape: [2, 5]), 1))], "s2")
        g.graph.output("y", y)
        #expect(operations(g.graph.optimised()) == ["linear+bias"])
        #expect(try compare(g.graph, without: "FoldConstantSum", symbols: [3]) < 1e-6)
    }

    @Test func aConstantMatrixIsNoBias() throws {
        var g = CaseGraph()
        let y = try g.linear(g.input("x", [3, 9]), 5, "l", bias: true)
        g.graph.output("y", try g.add(Add(), [y, g.parameter("matrix", [3, 5])], "s"))
        var evaluation = Evaluation(g.graph)
        let found = try evaluation()
        evaluation.options.skippedPasses = ["FoldConstantSum", "FuseEpilogues"]
        #expect(difference(found, try evaluation()) < 1e-6)
    }

    // MARK: Fusing

    @Test func epiloguesAreMerged() throws {
        var g = CaseGraph()
        let x = g.input("x", [7, 9]), r = g.input("r", [7, 5])
        g.graph.output("y", try g.add(Add(), [r, try g.linear(x, 5, "l", bias: true)], "s"))
        #expect(operations(g.graph.optimised()) == ["linear+bias+residual"])
        #expect(try compare(g.graph, without: "FuseEpilogues") < 1e-6)
    }

    @Test func aSumOfTwoLinearLayersKeepsBoth() throws {
        var g = CaseGraph()
        let x = g.input("x", [7, 9])
        g.graph.output("y", try g.add(Add(), [try g.linear(x, 5, "a"), try g.linear(x, 5, "b")], "s"))
        #expect(operations(g.graph.optimised()) == ["linear", "linear+residual"])
        #expect(try compare(g.graph, without: "FuseEpilogues") < 1e-6)
    }

    @Test func aLinearLayerReadTwiceIsNotMerged() throws {
        var g = CaseGraph()
        let x = g.input("x", [7, 9]), r = g.input("r", [7, 5])
        let y = try g.linear(x, 5, "l")
        let sum = try g.add(Add(), [r, y], "s1")
        g.graph.output("y", try g.add(Add(), [sum, y], "s2"))
        #expect(operations(g.graph.optimised()) == ["linear", "add", "add"])
        var doubled = CaseGraph()
        let x2 = doubled.input("x", [7, 9])
        let y2 = try doubled.linear(x2, 5, "l")
        doubled.graph.output("y", try doubled.add(Add(), [y2, y2], "s"))
        let twice = try Evaluation(doubled.graph)()["y"] ?? []
        var single = CaseGraph()
        let x3 = single.input("x", [7, 9])
        single.graph.output("y", try single.linear(x3, 5, "l"))
        #expect(difference(twice, (try Evaluation(single.graph)()["y"] ?? []).map { 2 * $0 }) == 0)
    }

    /// One row added to many: the sum has more rows than the layer.
    @Test func aRowFromALinearLayerIsNotMistakenForTheSum() throws {
        var g = CaseGraph()
        let many = g.input("many", [7, 5]), one = g.input("one", [1, 9])
        g.graph.output("y", try g.add(Add(), [many, try g.linear(one, 5, "l")], "s"))
        var evaluation = Evaluation(g.graph)
        let found = try evaluation()
        evaluation.options.skippedPasses = ["FuseEpilogues"]
        #expect(difference(found, try evaluation()) < 1e-6)
    }

    @Test func activationsThatCannotBeMergedAreErrors() throws {
        var g = CaseGraph()
        let x = g.input("x", [7, 9])
        let y = try g.linear(x, 5, "l")
        let relu = try g.add(Activation(.relu), [y], "relu")
        g.graph.output("y", try g.add(Activation(.gelu), [relu], "gelu"))
        let graph = g.graph
        #expect(throws: GraphError.notLowered(node: "gelu", operation: "gelu", reason: "it does not follow a linear layer")) { try Evaluation(graph)() }
        var h = CaseGraph()
        let z = h.input("z", [7, 9])
        h.graph.output("y", try h.add(ScaleChannels(), [z, h.parameter("s", [9])], "scale"))
        let other = h.graph
        #expect(throws: GraphError.self) { try Evaluation(other)() }
    }

    @Test func sumsAreMergedIntoNorms() throws {
        for (rows, merged) in [([7, 5] as [Extent], true), ([5], false)] {
            var g = CaseGraph()
            let x = g.input("x", [7, 5]), r = g.input("r", rows)
            let sum = try g.add(Add(), [x, r], "s")
            g.graph.output("y", try g.add(Norm(.layer, epsilon: 1e-5), [sum, g.parameter("w", [5]), g.parameter("b", [5])], "n"))
            #expect(operations(g.graph.optimised()) == (merged ? ["layer norm+residual"] : ["add", "layer norm"]))
            if merged { #expect(try compare(g.graph, without: "FuseNormResidual") < 1e-5) }
        }
    }

    @Test func setAbstractionIsMergedBitForBit() throws {
        for count in 1...5 {
            var g = CaseGraph()
            let b = Extent.symbol(g.graph.symbol("b", upperBound: 5))
            let x = g.input("x", [b, 20, 6])
            let f = g.graph.columns(of: x, offset: 3, count: 3)
            var y = try g.add(GroupPoints(all: true), [x, f], "group")
            for layer in 0..<count { y = try g.add(Activation(.relu), [try g.linear(y, 9 + layer, "l\(layer)", bias: true)], "r") }
            g.graph.output("y", try g.add(MaxPool(), [y], "pool"))
            // The kernel holds four layers; more stay apart.
            #expect(operations(g.graph.optimised()).count == (count <= 4 ? 1 : count + 2))
            if count <= 4 { #expect(try compare(g.graph, without: "FuseSetAbstraction", symbols: [3]) == 0) }
        }
    }

    @Test func unusedNodesGoAndStatesStay() throws {
        var g = CaseGraph()
        let x = g.input("x", [7, 9])
        _ = try g.linear(x, 5, "unused")
        g.graph.output("y", try g.linear(x, 5, "used"))
        #expect(operations(g.graph.optimised()) == ["linear"])
        #expect(try compare(g.graph, without: "RemoveUnused") == 0)
    }

    /// Kernels read packed matrices only; anything else must not reach them.
    @Test func matricesThatAreNotPackedAreErrors() throws {
        var g = CaseGraph()
        let x = g.input("x", [7, 9])
        g.graph.output("y", try g.linear(x, 5, "l"))
        var evaluation = Evaluation(g.graph)
        evaluation.options.skippedPasses = ["PackWeights"]
        #expect(throws: GraphError.self) { try evaluation() }
        var h = CaseGraph()
        let a = h.input("a", [7, 9]), b = h.input("b", [5, 9])
        h.graph.output("y", try h.add(Linear(), [a, b], "l"))
        let graph = h.graph
        #expect(throws: GraphError.self) { try Evaluation(graph)() }
    }

    // MARK: Memory

    /// x is needed after the operation that could have worked in its memory.
    @Test func aResidualThatIsNeededLaterIsKept() throws {
        var g = CaseGraph()
        let x = g.input("x", [7, 9])
        let r = try g.linear(x, 5, "r")
        let y = try g.add(Add(), [r, try g.linear(x, 5, "a")], "y")
        let z = try g.add(Add(), [r, try g.linear(y, 5, "b")], "z")
        g.graph.output("z", z)
        g.graph.output("r", r)
        var evaluation = Evaluation(g.graph)
        let fused = try evaluation()
        evaluation.options.skippedPasses = ["FuseEpilogues", "FuseNormResidual"]
        #expect(difference(fused, try evaluation()) < 1e-5)
        var single = CaseGraph()
        let x2 = single.input("x", [7, 9])
        single.graph.output("r", try single.linear(x2, 5, "r"))
        #expect(bits(["": fused["r"] ?? []]) == bits(["": try Evaluation(single.graph)()["r"] ?? []]))
    }

    @Test func anInPlaceOperationNeverReadsWhatItOverwrote() throws {
        var g = CaseGraph()
        let x = g.input("x", [7, 9])
        let r = try g.linear(x, 9, "r")
        let gated = try g.add(SiLUGate(), [r, r], "gate")
        g.graph.output("y", gated)
        let y = try Evaluation(g.graph)()["y"] ?? []
        var single = CaseGraph()
        let x2 = single.input("x", [7, 9])
        single.graph.output("r", try single.linear(x2, 9, "r"))
        let expected = (try Evaluation(single.graph)()["r"] ?? []).map { $0 / (1 + Float(exp(Double(-$0)))) * $0 }
        #expect(difference(y, expected) < 1e-6)
    }

    @Test func outputsAreNeverOverwritten() throws {
        var g = CaseGraph()
        var x = try g.linear(g.input("x", [7, 9]), 9, "l0")
        let b = g.input("b", [7, 9])
        // Each sum could work in place of the one before.
        for index in 0..<6 {
            x = try g.add(Add(), [x, b], "s\(index)")
            g.graph.output("s\(index)", x)
        }
        g.graph.output("b", b)
        let outputs = try Evaluation(g.graph)()
        for index in 1..<6 {
            let sum = zip(outputs["s\(index - 1)"] ?? [], outputs["b"] ?? []).map { $0 + $1 }
            #expect(sum.count == 63 && outputs["s\(index)"] == sum)
        }
    }

    @Test func flattenedValuesShareMemorySafely() throws {
        var g = CaseGraph()
        let x = try g.linear(g.input("x", [6, 4]), 10, "l")
        let flat = try g.add(Flatten(rows: 3), [x], "flat")
        // Could overwrite x in place, but its other shape is read afterwards.
        let y = try g.add(Add(), [x, g.input("b", [6, 10])], "y")
        g.graph.output("flat", try g.linear(flat, 5, "f"))
        g.graph.output("y", y)
        let again = try g.add(Flatten(rows: 1), [flat], "again")
        g.graph.output("again", again)
        let outputs = try Evaluation(g.graph)()
        var single = CaseGraph()
        single.graph.output("y", try single.linear(single.input("x", [6, 4]), 10, "l"))
        let expected = try Evaluation(single.graph)()["y"] ?? []
        #expect(outputs["again"] == expected)
        var part = CaseGraph()
        let input = part.input("x", [6, 4])
        let flat2 = try part.add(Flatten(rows: 3), [try part.linear(input, 10, "l")], "flat")
        part.graph.output("flat", try part.linear(flat2, 5, "f"))
        #expect(outputs["flat"] == (try Evaluation(part.graph)()["flat"]))
    }

    @Test func concatenationsAreComputedInPlaceOrRefused() throws {
        // Parts may be read elsewhere, be outputs, be results of in-place operations, and concatenations themselves.
        var g = CaseGraph()
        let x = g.input("x", [3, 4]), b = g.input("b", [3, 5])
        let first = try g.add(Add(), [try g.linear(x, 5, "a"), b], "sum")
        let second = try g.linear(x, 5, "c")
        let inner = try g.add(ConcatenateRows(), [first, second], "inner")
        let third = try g.linear(first, 5, "d")
        let outer = try g.add(ConcatenateRows(), [inner, third], "outer")
        for (name, id) in [("first", first), ("second", second), ("third", third), ("outer", outer)] { g.graph.output(name, id) }
        let outputs = try Evaluation(g.graph)()
        #expect(outputs["outer"] == (outputs["first"] ?? []) + (outputs["second"] ?? []) + (outputs["third"] ?? []))
        #expect(Set(outputs["outer"] ?? []).count == 45)

        func refuses(_ build: (inout CaseGraph, ValueID) throws -> [ValueID], _ label: String) throws {
            var g = CaseGraph()
            let x = g.input("x", [3, 5])
            for (index, id) in try build(&g, x).enumerated() { g.graph.output("y\(index)", id) }
            let graph = g.graph
            #expect(throws: GraphError.self, "\(label)") { try Evaluation(graph)() }
        }
        try refuses({ g, x in [try g.add(ConcatenateRows(), [x, try g.linear(x, 5, "l")], "y")] }, "an input")
        try refuses({ g, x in
            let part = try g.linear(x, 5, "l")
            return [try g.add(ConcatenateRows(), [part, part], "y")]
        }, "the same part twice")
        try refuses({ g, x in
            let part = try g.linear(x, 5, "l"), other = try g.linear(x, 5, "m")
            return [try g.add(ConcatenateRows(), [part, other], "y"), try g.add(ConcatenateRows(), [other, part], "z")]
        }, "parts of two wholes")
        try refuses({ g, x in
            let flat = try g.add(Flatten(rows: 1), [try g.linear(x, 5, "l")], "flat")
            return [try g.add(ConcatenateRows(), [flat, try g.linear(x, 15, "m")], "y")]
        }, "another shape of a value")
    }

    /// Graphs of random operations: whatever passes and memory reuse do, the outputs stay.
    @Test(arguments: 0..<40)
    func randomGraphsComputeTheSameFusedAndApart(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var g = CaseGraph()
        let m = Extent.symbol(g.graph.symbol("m", upperBound: 6))
        var values = [g.input("x0", [m, 8]), g.input("x1", [m, 8])]
        let kinds = Int.random(in: 4...16, using: &random)
        for index in 0..<kinds {
            let a = values[Int.random(in: max(0, values.count - 4)..<values.count, using: &random)]
            let b = values.randomElement(using: &random) ?? a
            let name = "n\(index)"
            switch Int.random(in: 0..<7, using: &random) {
            case 0, 1: values.append(try g.linear(a, 8, name, bias: Bool.random(using: &random)))
            case 2: values.append(try g.add(Add(), [a, b], name))
            case 3: values.append(try g.add(Add(), [a, g.parameter(name + ".row", [8])], name))
            case 4: values.append(try g.add(SiLUGate(), [a, b], name))
            case 5: values.append(try g.add(Norm(.layer, epsilon: 1e-5), [a, g.parameter(name + ".w", [8]), g.parameter(name + ".b", [8])], name))
            default: values.append(try g.add(Norm(.rootMeanSquare, epsilon: 1e-5), [a, g.parameter(name + ".w", [8])], name))
            }
            if Int.random(in: 0..<4, using: &random) == 0 { g.graph.output(name, values[values.count - 1]) }
        }
        g.graph.output("last", values[values.count - 1])
        // Without merging, and every value an output: nothing is in place and no memory is used twice.
        var plain = Evaluation(g.graph)
        plain.options.skippedPasses = ["FoldConstantSum", "FuseEpilogues", "FuseNormResidual"]
        var exposed = g.graph
        for (index, value) in values.enumerated().dropFirst(2) where !exposed.outputs.contains(where: { $0.value == value }) {
            exposed.output("value\(index)", value)
        }
        var reference = Evaluation(exposed)
        reference.options = plain.options
        reference.source = EvaluatingSource(randomParameters(g.graph))
        for symbols in [[6], [1]] {
            let expected = try reference(symbols: symbols), apart = try plain(symbols: symbols)
            for (name, values) in apart { #expect(bits(["": values]) == bits(["": expected[name] ?? []]), "\(name)") }
            // Sums in another order; layer norms of rows that nearly cancel magnify it.
            #expect(difference(try Evaluation(g.graph)(symbols: symbols), apart) < 2e-4)
        }
    }
}
