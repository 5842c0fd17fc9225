package import ExecutionPlan
package import LEOTensor

/// Bounds of the language graph.
package struct LanguageLimits: Sendable, Equatable {
    /// Rows of one run; longer prompts run in pieces.
    package var rows = 512
    /// Rows whose logits one run returns.
    package var logitRows = 64
    /// Image and object tokens a prompt may hold.
    package var extraRows: Int
    /// Cells of the key/value cache: prompt and everything all beams generate.
    package var cells: Int
    /// Cells a row may see beyond its prefix.
    package var tail = 256
    package init(extraRows: Int, cells: Int) {
        self.extraRows = extraRows
        self.cells = cells
    }
}

/// A language model as a graph over rows of tokens and a cache of keys and values.
package protocol LanguageModel: Sendable {
    func graph(limits: LanguageLimits, traces: Bool) throws(GraphError) -> Graph
}

/// LLaMA with an unmerged LoRA adapter on its seven projections.
///
/// - Shapes: sources [rows] (token id, or -(1 + r) for extra row r), extra [r, hidden], positions, cells,
///   prefix_counts, tail_counts [rows], tail_cells [rows, tail], selected [logits] -> logits [logits, vocabulary]
/// - Numerics: keys and values rounded to the cache's type, all else f32; RMSNorm epsilon from the configuration; rotary embedding in the half-split layout; y = W x + (alpha/r) B(A x)
/// - Source: transformers 4.28.1 modeling_llama.py; Hu et al. 2021
package struct LLaMA: LanguageModel {
    package let configuration: LanguageConfiguration
    package let lora: LoRAConfiguration?
    /// Element type of the key/value cache: f32, f16, bf16 or i8.
    package let cacheType: ElementType
    package init(_ configuration: LanguageConfiguration, lora: LoRAConfiguration?, cacheType: ElementType = .f32) {
        self.configuration = configuration
        self.lora = lora
        self.cacheType = cacheType
    }

    /// Inputs of one run that every layer shares.
    private struct Shared {
        let positions, cells, cosines, sines: ValueID
        let seen: Seen
    }

    /// The cells that each of some rows sees.
    private struct Seen {
        let prefixCounts, tailCells, tailCounts: ValueID
    }

    package func graph(limits: LanguageLimits, traces: Bool = false) throws(GraphError) -> Graph {
        var builder = GraphBuilder("language", prefix: "language.")
        let hidden = configuration.hiddenSize
        let rows = Extent.symbol(builder.graph.symbol("rows", upperBound: limits.rows))
        let logitRows = Extent.symbol(builder.graph.symbol("logits", upperBound: limits.logitRows))
        let extraRows = Extent.symbol(builder.graph.symbol("extra", upperBound: limits.extraRows))
        func integers(_ name: String, _ shape: [Extent]) -> ValueID { builder.graph.input(name, ValueType(.i32, shape)) }
        let sources = integers("sources", [rows])
        let extra = builder.graph.input("extra", ValueType(.f32, [extraRows, .fixed(hidden)]))
        let shared = shared(&builder, rows, tail: limits.tail)
        let selected = integers("selected", [logitRows])

        let embeddings = builder.parameter("embed_tokens.weight", [configuration.vocabulary, hidden])
        var x = try builder.add(AssembleRows(hasExtra: true), [sources, embeddings, extra], "embeddings")
        if traces { builder.graph.output("hidden0", x) }
        let layers = configuration.numHiddenLayers
        for layer in 0..<layers {
            // Of the last layer's rows nobody reads those without logits; only their keys and values are needed.
            let isLast = layer + 1 == layers
            x = try self.layer(&builder, x, layer, shared, cells: limits.cells, selected: isLast && !traces ? selected : nil)
            if traces, !isLast { builder.graph.output("hidden\(layer + 1)", x) }
        }
        if traces {
            builder.graph.output("hidden\(layers)", try rmsNorm(&builder, x, "norm"))
        }
        if traces || layers == 0 { x = try gather(&builder, selected, x, "last") }
        let normed = try rmsNorm(&builder, x, "norm")
        let logits = try builder.linear(normed, "lm_head", configuration.vocabulary, bias: false)
        builder.graph.output("logits", logits)
        return builder.graph
    }

    private func shared(_ builder: inout GraphBuilder, _ rows: Extent, tail: Int) -> Shared {
        func integers(_ name: String, _ shape: [Extent]) -> ValueID { builder.graph.input(name, ValueType(.i32, shape)) }
        let dimension = configuration.hiddenSize / configuration.numAttentionHeads
        func table(sine: Bool) -> ValueID {
            builder.graph.constant(
                .rotary(sine: sine, positions: configuration.maxPositions, dimension: dimension, theta: configuration.ropeTheta))
        }
        return Shared(
            positions: integers("positions", [rows]), cells: integers("cells", [rows]), cosines: table(sine: false), sines: table(sine: true),
            seen: Seen(
                prefixCounts: integers("prefix_counts", [rows]), tailCells: integers("tail_cells", [rows, .fixed(tail)]),
                tailCounts: integers("tail_counts", [rows])))
    }

    /// One layer by itself: x [rows, hidden] and the inputs of `graph` about rows and cells -> y [rows, hidden].
    package func layerGraph(_ index: Int, rows: Int) throws(GraphError) -> Graph {
        var builder = GraphBuilder("layer \(index)", prefix: "language.")
        let symbol = Extent.symbol(builder.graph.symbol("rows", upperBound: rows))
        let x = builder.graph.input("x", ValueType(.f32, [symbol, .fixed(configuration.hiddenSize)]))
        builder.graph.output("y", try layer(&builder, x, index, shared(&builder, symbol, tail: 1), cells: rows))
        return builder.graph
    }

    /// What the head reads: x [rows, hidden] -> rows of the same shape, with the head's product behind.
    package func headGraph(rows: Int) throws(GraphError) -> Graph {
        var builder = GraphBuilder("head", prefix: "language.")
        let symbol = Extent.symbol(builder.graph.symbol("rows", upperBound: rows))
        let x = builder.graph.input("x", ValueType(.f32, [symbol, .fixed(configuration.hiddenSize)]))
        let logits = try builder.linear(try rmsNorm(&builder, x, "norm"), "lm_head", configuration.vocabulary, bias: false)
        builder.graph.output("y", logits)
        return builder.graph
    }

    private func rmsNorm(_ builder: inout GraphBuilder, _ x: ValueID, _ name: String) throws(GraphError) -> ValueID {
        let weight = builder.parameter(name + ".weight", [configuration.hiddenSize])
        return try builder.add(Norm(.rootMeanSquare, epsilon: Float(configuration.rmsNormEpsilon)), [x, weight], name)
    }

    private func gather(
        _ builder: inout GraphBuilder, _ selected: ValueID, _ x: ValueID, _ name: String
    ) throws(GraphError) -> ValueID {
        try builder.add(AssembleRows(hasExtra: false), [selected, x], name)
    }

    /// - Parameter selected: [k], the rows behind whose keys and values anything is computed; all if nil. -> [k or rows, hidden]
    private func layer(
        _ builder: inout GraphBuilder, _ x: ValueID, _ index: Int, _ shared: Shared, cells: Int, selected: ValueID? = nil
    ) throws(GraphError) -> ValueID {
        let name = "layers.\(index)"
        let hidden = configuration.hiddenSize, heads = configuration.numAttentionHeads, kvHeads = configuration.numKeyValueHeads
        let dimension = hidden / heads
        let normed = try rmsNorm(&builder, x, name + ".input_layernorm")
        let qkv = try projections(
            &builder, normed, name, [("q_proj", hidden), ("k_proj", kvHeads * dimension), ("v_proj", kvHeads * dimension)])
        func cache(_ kind: String, _ type: ElementType, _ elements: [Int]) -> ValueID {
            builder.graph.state("\(name).\(kind)", ValueType(type, ([cells, kvHeads] + elements).map(Extent.fixed)))
        }
        let keys = cache("keys", cacheType, [dimension]), values = cache("values", cacheType, [dimension])
        let scales = cacheType == .i8 ? [cache("key_scales", .f32, []), cache("value_scales", .f32, [])] : []
        var rotated = try builder.add(
            RotateAndStore(heads: heads, keyValueHeads: kvHeads),
            qkv + [shared.positions, shared.cells, shared.cosines, shared.sines, keys, values] + scales, name + ".rotary")
        var seen = shared.seen, x = x
        if let selected {
            rotated = try gather(&builder, selected, rotated, name + ".selected_queries")
            seen = Seen(
                prefixCounts: try gather(&builder, selected, seen.prefixCounts, name + ".selected_prefix_counts"),
                tailCells: try gather(&builder, selected, seen.tailCells, name + ".selected_tail_cells"),
                tailCounts: try gather(&builder, selected, seen.tailCounts, name + ".selected_tail_counts"))
            x = try gather(&builder, selected, x, name + ".selected")
        }
        let mixed = try builder.add(
            CellAttention(heads: heads, keyValueHeads: kvHeads),
            [rotated, keys, values, seen.prefixCounts, seen.tailCells, seen.tailCounts] + scales, name + ".attention")
        let attended = try projections(&builder, mixed, name, [("o_proj", hidden)])[0]
        let y = try builder.add(x, attended, name + ".residual1")

        let normedAgain = try rmsNorm(&builder, y, name + ".post_attention_layernorm")
        let gates = try projections(
            &builder, normedAgain, name, [("gate_proj", configuration.intermediateSize), ("up_proj", configuration.intermediateSize)])
        let gated = try builder.add(SiLUGate(), gates, name + ".gate")
        let down = try projections(&builder, gated, name, [("down_proj", hidden)])[0]
        return try builder.add(y, down, name)
    }

    /// Several projections of one input; their adapters' first halves are one product.
    private func projections(
        _ builder: inout GraphBuilder, _ x: ValueID, _ layer: String, _ outputs: [(name: String, width: Int)]
    ) throws(GraphError) -> [ValueID] {
        let input = builder.graph.type(x).columns.upperBound
        var low: ValueID?
        if let lora {
            let parts = outputs.map { builder.recipe("\(layer).\($0.name).lora_a", [lora.rank, input]) }
            let recipe = parts.count == 1 ? parts[0] : .concatenated(parts)
            low = try builder.add(Linear(), [x, builder.graph.constant(recipe)], "\(layer).\(outputs[0].name).lora_a")
        }
        var results: [ValueID] = []
        for (index, output) in outputs.enumerated() {
            let name = "\(layer).\(output.name)"
            var operands = [x, builder.parameter(name + ".weight", [output.width, input])]
            if let lora, let low {
                operands.append(builder.graph.columns(of: low, offset: index * lora.rank, count: lora.rank))
                operands.append(builder.parameter(name + ".lora_b", [output.width, lora.rank]))
            }
            results.append(try builder.add(Linear(loraScale: lora?.scale), operands, name))
        }
        return results
    }
}
