package import ExecutionPlan

/// The least time a run of a plan can take on a machine: for each step the longer of its arithmetic and of reading its
/// weights once.
package struct PlanFloor: Sendable {
    package var operations = 0.0
    /// Weights, as stored.
    package var weightBytes = 0.0
    package var seconds = 0.0

    /// - Parameters:
    ///   - symbols: values by name; a symbol that is not named has its bound
    ///   - operationsPerSecond: the machine's peak for an element type
    ///   - bytesPerSecond: how fast weights come
    package init(
        _ plan: Plan, symbols: [String: Int], operationsPerSecond: (Roofline.Element) -> Double, bytesPerSecond: Double
    ) {
        let table = plan.symbols.sorted { $0.index < $1.index }.map { symbol in
            min(max(symbols[symbol.name] ?? symbol.upperBound, 0), symbol.upperBound)
        } + [0]
        for (step, described) in zip(plan.steps, plan.details.steps) {
            let count = table.withUnsafeBufferPointer { table in
                table.baseAddress.map { Double(step.floatingPointOperations.value($0)) } ?? 0
            }
            // The few rows of a table of embeddings that are asked for are next to nothing.
            let bytes = step.readsTable ? 0 : Double(described.inputs.reduce(0) { $0 + ($1.place == .constant ? $1.bytes : 0) })
            operations += count
            weightBytes += bytes
            seconds += max(count / operationsPerSecond(Self.element(of: step.kernelName)), bytes / bytesPerSecond)
        }
    }

    package static func + (a: PlanFloor, b: PlanFloor) -> PlanFloor {
        var sum = a
        sum.operations += b.operations
        sum.weightBytes += b.weightBytes
        sum.seconds += b.seconds
        return sum
    }

    /// What a kernel multiplies: those that take quantised rows multiply them by bytes or 4 bits, those that round rows pairs of
    /// bfloat16, all others float32.
    private static func element(of kernel: String) -> Roofline.Element {
        kernel.contains("_q8_i4") ? .i4 : kernel.contains("_q8") ? .i8 : kernel.contains("_bf16_bf16") ? .bf16 : .f32
    }
}
