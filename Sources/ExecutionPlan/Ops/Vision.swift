internal import CLEOKernels

/// Cuts an image into patch rows, columns ordered (dy, dx, channel), for a convolution whose stride is its kernel.
///
/// - Inputs: [batch, channels, height, width] (channels first) or [batch, height, width, channels].
/// - Output: [batch, height/patch, width/patch, patch · patch · channels]
package struct Patchify: Operation {
    package let patch: Int
    package let channelsFirst: Bool
    package init(patch: Int, channelsFirst: Bool) {
        self.patch = patch
        self.channelsFirst = channelsFirst
    }
    package var name: String { "patchify \(patch)" }

    private func sizes(_ shape: [Extent]) -> (height: Extent, width: Extent, channels: Extent) {
        channelsFirst ? (shape[2], shape[3], shape[1]) : (shape[1], shape[2], shape[3])
    }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == 1 && inputs[0].shape.count == 4, "an image of four dimensions", inputs)
        let (height, width, channels) = sizes(inputs[0].shape)
        guard patch > 0, let h = height.fixedValue, let w = width.fixedValue, let c = channels.fixedValue, h % patch == 0, w % patch == 0 else {
            throw ShapeMismatch(expected: "fixed sizes divisible by \(patch)", found: inputs)
        }
        return [ValueType(.f32, [inputs[0].shape[0], .fixed(h / patch), .fixed(w / patch), .fixed(patch * patch * c)])]
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let x = try lowering.contiguous(node.inputs[0]), y = lowering.operand(node.outputs[0])
        let (height, width, channels) = sizes(x.type.shape)
        let batch = x.type.shape[0], patch = Int64(patch), first: Int32 = channelsFirst ? 1 : 0
        try lowering.call(ck_patchify_f32_variants(), check: ck_patchify_check, zero: ck_patchify_args()) { arguments, bindings in
            arguments.x = UnsafePointer(bindings.f32(x))
            arguments.y = bindings.f32(y)
            arguments.batch = bindings[batch]
            arguments.height = bindings[height]
            arguments.width = bindings[width]
            arguments.channels = bindings[channels]
            arguments.patch = patch
            arguments.channels_first = first
        }
    }
}

/// Depthwise convolution, stride 1, same size, zero padding. Inputs: x [b, h, w, c], weight [k, k, c], bias [c].
package struct DepthwiseConvolution: Operation {
    package init() {}
    package var name: String { "depthwise convolution" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(
            inputs.count == 3 && inputs[0].shape.count == 4 && inputs[1].shape.count == 3
                && inputs[1].columns == inputs[0].columns && inputs[1].shape[0] == inputs[1].shape[1] && inputs[2].shape == [inputs[0].columns],
            "x [b, h, w, c], weight [k, k, c], bias [c]", inputs)
        return [inputs[0]]
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent {
        .fixed(2) * outputs[0].count * inputs[1].shape[0] * inputs[1].shape[1]
    }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let x = try lowering.contiguous(node.inputs[0]), weight = try lowering.contiguous(node.inputs[1]), bias = lowering.operand(node.inputs[2])
        let y = lowering.operand(node.outputs[0])
        let shape = x.type.shape, kernel = Int64(weight.type.shape[0].upperBound)
        try lowering.call(
            ck_depthwise_conv_f32_nhwc_variants(), check: ck_depthwise_conv_check, zero: ck_depthwise_conv_args()
        ) { arguments, bindings in
            arguments.x = UnsafePointer(bindings.f32(x))
            arguments.weight = UnsafePointer(bindings.f32(weight))
            arguments.bias = UnsafePointer(bindings.f32(bias))
            arguments.y = bindings.f32(y)
            arguments.batch = bindings[shape[0]]
            arguments.height = bindings[shape[1]]
            arguments.width = bindings[shape[2]]
            arguments.channels = bindings[shape[3]]
            arguments.kernel = kernel
        }
    }
}

/// Pools a feature map [b, h, w, c] over its positions to [b, c].
package struct PositionPool: Operation {
    package enum Mode: Int32, Sendable { case mean = 0, sumOfSquares = 1 }
    package let mode: Mode
    package init(_ mode: Mode) { self.mode = mode }
    package var name: String { mode == .mean ? "mean pool" : "sum of squares" }

    package func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType] {
        try require(inputs.count == 1 && inputs[0].shape.count == 4, "[b, h, w, c]", inputs)
        return [ValueType(.f32, [inputs[0].shape[0], inputs[0].shape[3]])]
    }

    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent { inputs[0].count }

    package func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError) {
        let x = try lowering.contiguous(node.inputs[0]), y = lowering.operand(node.outputs[0])
        let shape = x.type.shape, positions = shape[1] * shape[2], mode = mode.rawValue
        try lowering.call(ck_position_pool_f32_variants(), check: ck_position_pool_check, zero: ck_position_pool_args()) { arguments, bindings in
            arguments.x = UnsafePointer(bindings.f32(x))
            arguments.y = bindings.f32(y)
            arguments.batch = bindings[shape[0]]
            arguments.positions = bindings[positions]
            arguments.channels = bindings[shape[3]]
            arguments.mode = mode
        }
    }
}
