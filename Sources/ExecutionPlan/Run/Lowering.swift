package import CLEOKernels
package import LEOTensor

/// Where a kernel finds an operand: a slot of the pointer table and an offset into it.
package struct Operand: Sendable {
    package let slot: Int
    package let byteOffset: Int
    /// Distance between rows in elements.
    package let rowStride: Int
    package let type: ValueType
    package let elementType: ElementType
    /// Slot of the factors of a constant kept as integers.
    package let scaleSlot: Int?
}

/// What a step reads when it fills in the arguments of its kernel for one run.
package struct Bindings {
    package let pointers: UnsafePointer<UnsafeMutableRawPointer>
    package let symbols: UnsafePointer<Int>
    package let scratch: UnsafeMutableRawPointer?

    package func raw(_ operand: Operand) -> UnsafeMutableRawPointer {
        pointers[operand.slot] + operand.byteOffset
    }
    package func f32(_ operand: Operand) -> UnsafeMutablePointer<Float> {
        raw(operand).assumingMemoryBound(to: Float.self)
    }
    package func f32(_ operand: Operand?) -> UnsafeMutablePointer<Float>? { operand.map { f32($0) } }
    package func i32(_ operand: Operand) -> UnsafeMutablePointer<Int32> {
        raw(operand).assumingMemoryBound(to: Int32.self)
    }
    package func scale(_ operand: Operand) -> UnsafeMutableRawPointer? { operand.scaleSlot.map { pointers[$0] } }
    package subscript(_ extent: Extent) -> Int64 { Int64(extent.value(symbols)) }
}

/// One kernel call of a plan.
package struct Step: Sendable {
    package let name: String
    package let operation: String
    package let absorbed: [String]
    package let kernelName: String
    package let isa: String
    package let kernel: ck_kernel
    package let argumentByteCount: Int
    /// Fills in the arguments for the symbols and addresses of one run; returns how many parts the call may be cut into, 0 for one
    /// for each thread.
    package let bind: @Sendable (UnsafeMutableRawPointer, Bindings) -> Int32
    package let scratchByteCount: Int
    package let inputs: [ValueID]
    package let outputs: [ValueID]
    package let floatingPointOperations: Extent

    /// Of the constants only some rows are read.
    package var readsTable: Bool { operation == "assemble rows" || operation == "gather rows" }
}

/// Collects the steps of a plan and hands operations what they need to choose and call kernels.
package struct Lowering {
    package let graph: Graph
    package let instructionSet: ck_isa?
    package let workers: Int
    private let slots: ValueTable<Int>
    private let placements: ValueTable<Placement>
    private let constants: ValueTable<(constant: Constant, scaleSlot: Int?)>
    /// What the arguments of a kernel are checked with: every symbol at its upper bound, and an address for each slot and for
    /// scratch memory.
    private let bounds: [Int]
    private let addresses: [UnsafeMutableRawPointer]
    package private(set) var steps: [Step] = []
    private var node: Node?

    /// Offset of a value inside the value that owns its memory.
    struct Placement {
        let root: ValueID
        let byteOffset: Int
    }

    init(
        graph: Graph, instructionSet: ck_isa?, workers: Int, slots: ValueTable<Int>, slotCount: Int,
        placements: ValueTable<Placement>, constants: ValueTable<(constant: Constant, scaleSlot: Int?)>
    ) {
        self.graph = graph
        self.instructionSet = instructionSet
        self.workers = workers
        self.slots = slots
        self.placements = placements
        self.constants = constants
        bounds = graph.symbols.map(\.upperBound) + [0]
        // The check looks at sizes, at what is nil and at what overlaps, and reads nothing: any addresses far apart will do.
        addresses = (0...slotCount + 1).map { slot in
            guard let address = UnsafeMutableRawPointer(bitPattern: (slot + 1) << 40) else { preconditionFailure("address 0") }
            return address
        }
    }

    mutating func lower(_ node: Node) throws(GraphError) {
        self.node = node
        try node.operation.lower(node, into: &self)
    }

    package func name(of node: Node) -> String { graph[node.outputs[0]].name }

    package func operand(_ id: ValueID) -> Operand {
        var columnOffset = 0
        var current = id
        while case .columns(let parent, let offset) = graph[current].kind {
            columnOffset += offset
            current = parent
        }
        let placement = placements[current] ?? Placement(root: current, byteOffset: 0)
        let constant = constants[placement.root]
        let elementType = constant?.constant.elementType ?? graph[current].type.elementType
        return Operand(
            slot: slots[placement.root] ?? 0,
            byteOffset: placement.byteOffset + columnOffset * elementType.byteCount,
            rowStride: graph.type(current).columns.upperBound,
            type: graph.type(id), elementType: elementType, scaleSlot: constant?.scaleSlot)
    }

    /// The operand of a kernel that knows no row stride.
    package func contiguous(_ id: ValueID) throws(GraphError) -> Operand {
        if case .columns = graph[id].kind { throw refusal("\(graph[id].name) is a part of wider rows") }
        return operand(id)
    }

    /// A matrix in a layout that linear kernels read.
    package func packed(_ id: ValueID) throws(GraphError) -> Operand {
        guard let layout = constant(id)?.layout, layout != .rows else { throw refusal("\(graph[id].name) is not a packed constant") }
        return operand(id)
    }

    /// Checks that a packed matrix, if there is one, is kept in float32.
    package func requireFloat(_ id: ValueID?) throws(GraphError) {
        guard let id, let constant = constant(id), constant.precision != .f32 else { return }
        throw .constant(name: graph[id].name, expected: "f32", found: constant.precision?.rawValue ?? constant.elementType.rawValue)
    }

    private func refusal(_ reason: String) -> GraphError {
        .notLowered(node: node.map { name(of: $0) } ?? graph.name, operation: node?.operation.name ?? "", reason: reason)
    }

    package func constant(_ id: ValueID) -> Constant? { constants[id]?.constant }

    /// The best row of a kernel table for this plan.
    package func choose(_ variants: ck_variants, _ what: String) throws(GraphError) -> ck_variant {
        if let instructionSet, let row = ck_find_variant(variants, instructionSet) { return row.pointee }
        if instructionSet != nil { return variants.rows[Int(variants.count) - 1] }
        guard variants.count > 0, let row = ck_select(variants) else {
            throw .notLowered(node: what, operation: what, reason: "its kernel table is empty")
        }
        return row.pointee
    }

    /// Adds a kernel call. Arguments are checked once, with every symbol at its upper bound.
    ///
    /// - Parameter parts: into how many parts threads that are done early may cut it, for a kernel without scratch memory; without
    ///   it every thread has one
    package mutating func call<Arguments: BitwiseCopyable>(
        _ variants: ck_variants, check: (UnsafePointer<Arguments>?) -> ck_status,
        scratch: ((UnsafePointer<Arguments>?, Int32) -> Int)? = nil,
        parts: (@Sendable (UnsafePointer<Arguments>) -> Int32)? = nil, zero: @autoclosure @escaping @Sendable () -> Arguments,
        bind: @escaping @Sendable (inout Arguments, Bindings) -> Void
    ) throws(GraphError) {
        guard let node else { return }
        let name = name(of: node)
        let row = try choose(variants, name)
        var arguments = zero()
        bounds.withUnsafeBufferPointer { symbols in
            addresses.withUnsafeBufferPointer { pointers in
                guard let symbols = symbols.baseAddress, let pointers = pointers.baseAddress else { return }
                bind(&arguments, Bindings(pointers: pointers, symbols: symbols, scratch: addresses.last))
            }
        }
        guard check(&arguments) == CK_OK else {
            throw .notLowered(node: name, operation: node.operation.name, reason: "\(String(cString: row.name)) refuses these sizes")
        }
        let scratchByteCount = scratch.map { $0(&arguments, Int32(workers)) } ?? 0
        steps.append(
            Step(
                name: name, operation: node.operation.name, absorbed: node.absorbed, kernelName: String(cString: row.name),
                isa: String(cString: ck_isa_name(row.isa)), kernel: row.run,
                argumentByteCount: MemoryLayout<Arguments>.stride,
                bind: { memory, bindings in
                    var arguments = zero()
                    bind(&arguments, bindings)
                    memory.storeBytes(of: arguments, as: Arguments.self)
                    return parts?(&arguments) ?? 0
                },
                scratchByteCount: scratchByteCount, inputs: node.inputs, outputs: node.outputs,
                floatingPointOperations: node.operation.floatingPointOperations(
                    node.inputs.map { graph.type($0) }, node.outputs.map { graph.type($0) })))
    }
}
