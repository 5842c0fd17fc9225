import ExecutionPlan
import LEOTensor

/// A graph under construction that can give one of its inputs as some columns of a wider value.
struct CaseGraph {
    var graph = Graph(name: "case")
    var viewed: String?
    var views: [String: (offset: Int, width: Int)] = [:]
    var floatInputs: [String] = []

    mutating func input(_ name: String, _ shape: [Extent]) -> ValueID {
        floatInputs.append(name)
        guard viewed == name, let width = shape.last?.fixedValue else { return graph.input(name, ValueType(.f32, shape)) }
        views[name] = (2, width)
        let wide = graph.input(name, ValueType(.f32, shape.dropLast() + [.fixed(width + 3)]))
        return graph.columns(of: wide, offset: 2, count: width)
    }

    mutating func integers(_ name: String, _ shape: [Extent]) -> ValueID { graph.input(name, ValueType(.i32, shape)) }
    mutating func parameter(_ name: String, _ shape: [Int]) -> ValueID { graph.parameter(name, shape) }

    @discardableResult
    mutating func add(_ operation: any Operation, _ inputs: [ValueID], _ name: String) throws -> ValueID {
        try graph.add(operation, inputs, name: name)
    }

    mutating func linear(_ x: ValueID, _ n: Int, _ name: String, bias: Bool = false) throws -> ValueID {
        let k = graph.type(x).columns.upperBound
        return try add(
            Linear(hasBias: bias), [x, parameter(name + ".w", [n, k])] + (bias ? [parameter(name + ".b", [n])] : []), name)
    }
}

/// One operation with inputs it can work on.
struct OperationCase: Sendable, CustomStringConvertible {
    let description: String
    /// Values of the one symbol, "m", in turn.
    var values = [0, 1, 5, 9]
    static let upperBound = 9
    /// Between the reference and the best kernels: sums of at most 200 terms of size 1 in another order, and approximate
    /// exp and erf, stay below it by an order of magnitude.
    var tolerance: Float = 2e-5
    var packed = Precision.f32
    var table = Precision.f32
    var integers: [String: @Sendable (Int) -> [Int32]] = [:]
    let build: @Sendable (inout CaseGraph, Extent) throws -> Void

    func evaluation(viewed: String? = nil) throws -> (Evaluation, floatInputs: [String]) {
        var case_ = CaseGraph()
        case_.viewed = viewed
        let symbol = case_.graph.symbol("m", upperBound: Self.upperBound)
        try build(&case_, .symbol(symbol))
        var evaluation = Evaluation(case_.graph)
        evaluation.integers = integers
        evaluation.views = case_.views
        let packed = packed, table = table
        evaluation.source = EvaluatingSource(randomParameters(case_.graph)) { recipe in
            recipe.name == "table" ? table : recipe.isPacked && !recipe.name.hasPrefix("lora") ? packed : .f32
        }
        return (evaluation, case_.floatInputs)
    }
}

extension OperationCase {
    static let all: [OperationCase] = linear + integer + elementwise + points + spatial + vision + language

    static let linear: [OperationCase] = [
        OperationCase(description: "linear") { g, m in
            let x = g.input("x", [m, 37])
            g.graph.output("y", try g.linear(x, 19, "l"))
        },
        OperationCase(description: "linear f16", packed: .f16) { g, m in
            let x = g.input("x", [m, 37])
            g.graph.output("y", try g.linear(x, 19, "l", bias: true))
        },
        OperationCase(description: "linear bf16", packed: .bf16) { g, m in
            let x = g.input("x", [m, 37])
            g.graph.output("y", try g.linear(x, 19, "l", bias: true))
        },
        OperationCase(description: "linear with everything") { g, m in
            let x = g.input("x", [m, 37]), residual = g.input("r", [m, 19])
            let low = try g.linear(x, 3, "lora_a")
            var y = try g.add(
                Linear(hasBias: true, loraScale: 0.7),
                [x, g.parameter("w", [19, 37]), g.parameter("b", [19]), low, g.parameter("lora_b", [19, 3])], "l")
            y = try g.add(Activation(.gelu), [y], "act")
            y = try g.add(ScaleChannels(), [y, g.parameter("s", [19])], "scale")
            g.graph.output("y", try g.add(Add(), [residual, y], "sum"))
        },
        OperationCase(description: "batch norm") { g, m in
            let x = g.input("x", [m, 4, 7])
            var y = try g.linear(x, 18, "l")
            let statistics = ["gamma", "beta", "mean", "var"].map { g.parameter($0, [18]) }
            y = try g.add(BatchNorm(epsilon: 1e-5), [y] + statistics, "bn")
            g.graph.output("y", try g.add(Activation(.relu), [y], "relu"))
        },
        OperationCase(description: "silu behind linear") { g, m in
            let x = g.input("x", [m, 16])
            let y = try g.linear(x, 32, "l", bias: true)
            g.graph.output("y", try g.add(Activation(.silu), [y], "silu"))
        },
    ]

    static let integer: [OperationCase] = [Precision.int8, .int4].flatMap { precision in
        [
            // Exact sums and float32 operations in an order that is part of the contract: every instruction set computes the same.
            OperationCase(description: "linear \(precision)", tolerance: 0, packed: precision) { g, m in
                let x = g.input("x", [m, 197])
                g.graph.output("y", try g.linear(x, 67, "l", bias: true))
            },
            OperationCase(description: "linear \(precision) with everything", packed: precision) { g, m in
                let x = g.input("x", [m, 130]), residual = g.input("r", [m, 19])
                let low = try g.linear(x, 3, "lora_a")
                var y = try g.add(
                    Linear(hasBias: true, loraScale: 0.7),
                    [x, g.parameter("w", [19, 130]), g.parameter("b", [19]), low, g.parameter("lora_b", [19, 3])], "l")
                y = try g.add(Activation(.gelu), [y], "act")
                y = try g.add(ScaleChannels(), [y, g.parameter("s", [19])], "scale")
                g.graph.output("y", try g.add(Add(), [residual, y], "sum"))
            },
            OperationCase(description: "rms norm before \(precision)", tolerance: 0, packed: precision) { g, m in
                let x = g.input("x", [m, 150])
                let normed = try g.add(Norm(.rootMeanSquare, epsilon: 1e-6), [x, g.parameter("w", [150])], "norm")
                g.graph.output("y", try g.linear(normed, 21, "l"))
                g.graph.output("z", try g.linear(normed, 70, "m"))
            },
            OperationCase(description: "kept rms norm before \(precision)", tolerance: 0, packed: precision) { g, m in
                let x = g.input("x", [m, 3, 150])
                let normed = try g.add(Norm(.rootMeanSquare, epsilon: 1e-6), [x, g.parameter("w", [150])], "norm")
                g.graph.output("y", try g.linear(normed, 21, "l"))
                g.graph.output("normed", normed)
            },
            OperationCase(description: "silu gate before \(precision)", tolerance: 0, packed: precision) { g, m in
                let gate = g.input("gate", [m, 150]), up = g.input("up", [m, 150])
                g.graph.output("y", try g.linear(try g.add(SiLUGate(), [gate, up], "gated"), 21, "l"))
            },
            // A gate that differs in its last bits turns a code by one now and then: one step of an input of at most 3, 3/127,
            // times a weight of at most 1. A mistake of a row or column is of the size of the result, 5.
            OperationCase(description: "kept silu gate before \(precision)", tolerance: 0.05, packed: precision) { g, m in
                let x = g.input("x", [m, 20])
                let gates = [try g.linear(x, 150, "lora_gate"), try g.linear(x, 150, "lora_up")]
                let gated = try g.add(SiLUGate(), gates, "gated")
                let low = try g.linear(gated, 3, "lora_a")
                g.graph.output(
                    "y", try g.add(Linear(loraScale: 0.7), [gated, g.parameter("w", [19, 150]), low, g.parameter("lora_b", [19, 3])], "l"))
            },
        ]
    }

    static let elementwise: [OperationCase] = [
        OperationCase(description: "add") { g, m in
            let a = g.input("a", [m, 13]), b = g.input("b", [m, 13])
            g.graph.output("y", try g.add(Add(), [a, b], "y"))
        },
        OperationCase(description: "add one row") { g, m in
            let a = g.input("a", [m, 3, 13]), b = g.input("b", [13])
            g.graph.output("y", try g.add(Add(), [a, b], "y"))
        },
        OperationCase(description: "add in place") { g, m in
            let a = g.input("a", [m, 13]), b = g.input("b", [m, 13])
            let sum = try g.add(Add(), [a, b], "sum")
            g.graph.output("y", try g.add(Add(), [sum, b], "y"))
        },
        OperationCase(description: "silu gate") { g, m in
            let a = g.input("gate", [m, 21]), b = g.input("up", [m, 21])
            g.graph.output("y", try g.add(SiLUGate(), [a, b], "y"))
        },
        OperationCase(description: "transpose") { g, m in
            let x = g.input("x", [m, 5, 7])
            g.graph.output("y", try g.add(Transpose(), [x], "y"))
        },
        OperationCase(description: "concatenate") { g, m in
            let x = g.input("x", [m, 9]), z = g.input("z", [2, 9])
            let first = try g.linear(z, 11, "l0", bias: true), second = try g.linear(x, 11, "l1")
            g.graph.output("y", try g.add(ConcatenateRows(), [first, second], "y"))
        },
        OperationCase(description: "flatten", values: [0]) { g, _ in
            let x = g.input("x", [3, 4, 5])
            let flat = try g.add(Flatten(rows: 6), [x], "flat")
            g.graph.output("y", try g.linear(flat, 17, "l"))
        },
        OperationCase(description: "layer norm") { g, m in
            let x = g.input("x", [m, 27])
            g.graph.output("y", try g.add(Norm(.layer, epsilon: 1e-5), [x, g.parameter("w", [27]), g.parameter("b", [27])], "y"))
        },
        OperationCase(description: "layer norm of a sum") { g, m in
            let x = g.input("x", [m, 27]), r = g.input("r", [m, 27])
            let sum = try g.add(Add(), [x, r], "sum")
            g.graph.output("y", try g.add(Norm(.layer, epsilon: 1e-5), [sum, g.parameter("w", [27]), g.parameter("b", [27])], "y"))
        },
        OperationCase(description: "rms norm") { g, m in
            let x = g.input("x", [m, 27])
            g.graph.output("y", try g.add(Norm(.rootMeanSquare, epsilon: 1e-6), [x, g.parameter("w", [27])], "y"))
        },
    ]

    static let points: [OperationCase] = [
        OperationCase(description: "farthest points") { g, m in
            let x = g.input("x", [m, 40, 6])
            g.graph.output("y", try g.add(FarthestPointSampling(samples: 8), [x], "y"))
        },
        OperationCase(description: "farthest points anywhere") { g, m in
            let x = g.input("x", [m, 40, 3])
            g.graph.output("y", try g.add(FarthestPointSampling(samples: 8, skipsNearOrigin: false), [x], "y"))
        },
        OperationCase(description: "gather points", integers: ["i": { (0..<$0).map { Int32($0 * 7 % 20) } }]) { g, m in
            let x = g.input("x", [m, 20, 5]), i = g.integers("i", [m, 6])
            g.graph.output("y", try g.add(GatherPoints(), [x, i], "y"))
        },
        OperationCase(description: "ball query") { g, m in
            let x = g.input("x", [m, 40, 4]), c = g.input("c", [m, 5, 3])
            g.graph.output("y", try g.add(BallQuery(radius: 0.6, limit: 7), [x, c], "y"))
        },
        OperationCase(description: "group points", integers: ["i": { (0..<$0).map { Int32($0 * 7 % 20) } }]) { g, m in
            let x = g.input("x", [m, 20, 5]), f = g.input("f", [m, 20, 4]), c = g.input("c", [m, 3, 3])
            let i = g.integers("i", [m, 3, 6])
            g.graph.output("y", try g.add(GroupPoints(all: false), [x, f, c, i], "y"))
        },
        OperationCase(description: "group all points") { g, m in
            let x = g.input("x", [m, 20, 5]), f = g.input("f", [m, 20, 4])
            g.graph.output("y", try g.add(GroupPoints(all: true), [x, f], "y"))
        },
        OperationCase(description: "max pool") { g, m in
            let x = g.input("x", [m, 3, 6, 11])
            g.graph.output("y", try g.add(MaxPool(), [x], "y"))
        },
        OperationCase(description: "set abstraction", integers: ["i": { (0..<$0).map { Int32($0 * 7 % 20) } }]) { g, m in
            let x = g.input("x", [m, 20, 5]), f = g.input("f", [m, 20, 4]), c = g.input("c", [m, 3, 3])
            let i = g.integers("i", [m, 3, 6])
            var y = try g.add(GroupPoints(all: false), [x, f, c, i], "group")
            for (index, width) in [17, 8].enumerated() {
                y = try g.add(Activation(.relu), [try g.linear(y, width, "l\(index)", bias: true)], "relu\(index)")
            }
            g.graph.output("y", try g.add(MaxPool(), [y], "y"))
        },
    ]

    private static func attention(_ fusion: SpatialFusion, locationHeads: Int = 2, padding: Bool = false) -> OperationCase {
        OperationCase(
            description: "spatial attention \(fusion.rawValue) \(locationHeads)\(padding ? " padded" : "")",
            integers: ["p": { (0..<$0).map { $0 % 3 == 1 ? 1 : 0 } }]
        ) { g, m in
            var inputs = ["q", "k", "v"].map { g.input($0, [m, 8]) }
            if fusion != .none { inputs.append(g.input("g", [m, m, 5])) }
            switch fusion {
            case .none: break
            case .cond: inputs.append(g.input("c", [m, .fixed(locationHeads * 6)]))
            case .ctx: inputs += [g.parameter("w", [8, 5]), g.parameter("b", [8])]
            default: inputs += [g.parameter("w", [locationHeads, 5]), g.parameter("b", [locationHeads])]
            }
            if padding { inputs.append(g.integers("p", [m])) }
            let y = try g.add(
                SpatialAttention(
                    fusion: fusion, heads: 2, locationHeads: locationHeads, dims: 5, hasPadding: padding, keepsProbabilities: true),
                inputs, "y")
            g.graph.output("y", y)
            if let node = g.graph.nodes.last { g.graph.output("p", node.outputs[1]) }
        }
    }

    static let spatial: [OperationCase] = [
        OperationCase(description: "fourier features") { g, m in
            let x = g.input("x", [m, 4])
            g.graph.output("y", try g.add(FourierFeatures(), [x], "y"))
        },
        OperationCase(description: "pairwise center") { g, m in
            let x = g.input("x", [m, 6])
            let operation = PairwiseGeometry(relation: .center, dims: 5, normalises: true, padding: m)
            g.graph.output("y", try g.add(operation, [x], "y"))
        },
        OperationCase(description: "pairwise bottom") { g, m in
            let x = g.input("x", [m, 6])
            let operation = PairwiseGeometry(relation: .verticalBottom, dims: 4, normalises: false, padding: 0)
            g.graph.output("y", try g.add(operation, [x], "y"))
        },
        OperationCase(description: "pairwise mlp") { g, m in
            let x = g.input("x", [m, 6])
            g.graph.output("y", try g.add(PairwiseGeometry(relation: .mlp, dims: 12, normalises: true, padding: 0), [x], "y"))
        },
        attention(.none), attention(.none, padding: true), attention(.cond), attention(.cond, locationHeads: 1, padding: true),
        attention(.mul), attention(.bias, padding: true), attention(.bias, locationHeads: 1), attention(.ctx), attention(.add),
    ]

    static let vision: [OperationCase] = [
        OperationCase(description: "patchify channels first") { g, m in
            let x = g.input("x", [m, 3, 8, 12])
            g.graph.output("y", try g.add(Patchify(patch: 4, channelsFirst: true), [x], "y"))
        },
        OperationCase(description: "patchify channels last") { g, m in
            let x = g.input("x", [m, 4, 6, 5])
            g.graph.output("y", try g.add(Patchify(patch: 2, channelsFirst: false), [x], "y"))
        },
        OperationCase(description: "depthwise convolution") { g, m in
            let x = g.input("x", [m, 6, 5, 19])
            let weight = g.graph.constant(.channelsLast(.parameter(name: "w", shape: [19, 1, 7, 7])))
            g.graph.output("y", try g.add(DepthwiseConvolution(), [x, weight, g.parameter("b", [19])], "y"))
        },
        OperationCase(description: "mean pool") { g, m in
            let x = g.input("x", [m, 3, 4, 13])
            g.graph.output("y", try g.add(PositionPool(.mean), [x], "y"))
        },
        OperationCase(description: "sum of squares") { g, m in
            let x = g.input("x", [m, 3, 4, 13])
            g.graph.output("y", try g.add(PositionPool(.sumOfSquares), [x], "y"))
        },
    ]

    private static func assemble(_ precision: Precision) -> OperationCase {
        let sources: @Sendable (Int) -> [Int32] = { count in
            (0..<Int32(count)).map { row in row % 3 == 0 ? -1 - row % 2 : row % 11 }
        }
        return OperationCase(
            description: "assemble rows \(precision)", tolerance: 0, table: precision, integers: ["s": sources]
        ) { g, m in
            let s = g.integers("s", [m]), extra = g.input("extra", [2, 13])
            g.graph.output("y", try g.add(AssembleRows(hasExtra: true), [s, g.parameter("table", [11, 13]), extra], "y"))
        }
    }

    static let language: [OperationCase] = [assemble(.f32), assemble(.f16), assemble(.bf16), gather, gatherIntegers] + [.f16, .bf16, .i8, .f32].map(rotaryAndAttention)

    private static let gather =
        OperationCase(description: "gather rows", tolerance: 0, integers: ["s": { (0..<$0).map { Int32($0 * 3 % 11) } }]) { g, m in
            let s = g.integers("s", [m]), x = g.input("x", [11, 13])
            g.graph.output("y", try g.add(AssembleRows(hasExtra: false), [s, x], "y"))
        }

    /// Rows whose numbers are gathered themselves.
    private static let gatherIntegers = OperationCase(
        description: "gather integers", tolerance: 0, integers: ["s": { (0..<$0).map { Int32($0 * 3 % 7) } }, "t": { (0..<$0).map { Int32($0 * 5 % 11) } }]
    ) { g, m in
        let t = try g.add(AssembleRows(hasExtra: false), [g.integers("s", [m]), g.integers("t", [7])], "numbers")
        g.graph.output("y", try g.add(AssembleRows(hasExtra: false), [t, g.input("x", [11, 13])], "y"))
    }

    /// Keys and values that differ in their last bit may round to neighbours in a cache of halves: 2^-8 of numbers of a few
    /// units in bf16, an eighth of that in f16, in i8 a 127th of the largest of four.
    private static func rotaryAndAttention(_ type: ElementType) -> OperationCase {
        OperationCase(
            description: "rotary, cache and attention \(type.rawValue)", tolerance: type == .f32 ? 2e-5 : type == .f16 ? 4e-3 : 3e-2,
            integers: [
                "positions": { (0..<$0).map { Int32($0 % 16) } }, "cells": { (0..<$0).map { Int32($0) } },
                // Row i sees i cells as prefix and its own as tail.
                "prefix": { (0..<$0).map { Int32($0) } }, "tails": { (0..<$0).map { Int32($0 / 3) } },
                "counts": { [Int32](repeating: 1, count: $0) },
            ]
        ) { g, m in
            let x = g.input("x", [m, 12])
            let q = try g.linear(x, 16, "q"), k = try g.linear(x, 8, "k"), v = try g.linear(x, 8, "v")
            let keys = g.graph.state("keys", ValueType(type, [9, 2, 4])), values = g.graph.state("values", ValueType(type, [9, 2, 4]))
            let scales = type == .i8 ? ["key_scales", "value_scales"].map { g.graph.state($0, ValueType(.f32, [9, 2])) } : []
            let tables = [false, true].map {
                g.graph.constant(.rotary(sine: $0, positions: 16, dimension: 4, theta: 10000))
            }
            let positions = g.integers("positions", [m]), cells = g.integers("cells", [m])
            let rotated = try g.add(
                RotateAndStore(heads: 4, keyValueHeads: 2), [q, k, v, positions, cells] + tables + [keys, values] + scales, "rotary")
            let prefix = g.integers("prefix", [m]), tails = g.integers("tails", [m, 3]), counts = g.integers("counts", [m])
            g.graph.output(
                "y", try g.add(CellAttention(heads: 4, keyValueHeads: 2), [rotated, keys, values, prefix, tails, counts] + scales, "y"))
        }
    }
}
