/// A kind of node: its attributes, its shape rule, what it costs, and the kernels that run it.
///
/// The slow evaluation of an operation is its lowering with the reference row of every kernel table.
package protocol Operation: Sendable {
    /// Name as `leo plan` prints it, with the attributes that matter.
    var name: String { get }

    func outputTypes(_ inputs: [ValueType]) throws(ShapeMismatch) -> [ValueType]

    /// Multiplications and additions, counted as two operations.
    func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent

    /// Input whose memory the first output may take over when nothing else needs it.
    var inPlaceInput: Int? { get }

    /// Whether the output is the first input under another shape.
    var sharesInput: Bool { get }

    /// Inputs that the kernel reads in the packed layout.
    var packedInputs: [Int] { get }

    /// Inputs whose constants may be stored in other types than float32.
    var narrowInputs: [Int] { get }

    /// Whether running it changes a state, so that it stays even if nobody reads its outputs.
    var writesState: Bool { get }

    /// Adds the kernel calls of `node`.
    func lower(_ node: Node, into lowering: inout Lowering) throws(GraphError)
}

extension Operation {
    package func floatingPointOperations(_ inputs: [ValueType], _ outputs: [ValueType]) -> Extent { 0 }
    package var inPlaceInput: Int? { nil }
    package var sharesInput: Bool { false }
    package var packedInputs: [Int] { [] }
    package var narrowInputs: [Int] { packedInputs }
    package var writesState: Bool { false }
}

/// Checks used by shape rules.
package func require(_ condition: Bool, _ expected: @autoclosure () -> String, _ found: [ValueType]) throws(ShapeMismatch) {
    if !condition { throw ShapeMismatch(expected: expected(), found: found) }
}
