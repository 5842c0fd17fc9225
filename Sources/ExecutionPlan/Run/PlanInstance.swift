import Foundation
package import LEOTensor

/// The memory of one user of a plan: arena, states, kernel arguments. Used by one thread at a time.
///
/// Everything is allocated here; running allocates nothing.
package final class PlanInstance {
    package let plan: Plan
    private let arena: UnsafeMutableRawPointer
    /// The arena and the states, in one owner each.
    private let reserved: [ReservedMemory]
    private let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer>
    private let symbols: UnsafeMutableBufferPointer<Int>
    private let argumentMemory: UnsafeMutableRawPointer
    private let bound: UnsafeMutableBufferPointer<BoundStep>
    /// Fills in the arguments of each step; apart from the steps, so that a run touches nothing else of them.
    private let binders: [@Sendable (UnsafeMutableRawPointer, Bindings) -> Int32]
    private let times: UnsafeMutableBufferPointer<UInt64>
    /// Whether runs record the time of each step.
    package var recordsTimes = false

    package init(_ plan: Plan) throws(FileError) {
        self.plan = plan
        let arenaMemory = try ReservedMemory(byteCount: plan.arenaByteCount)
        var states: [ReservedMemory] = []
        for state in plan.stateSlots { states.append(try ReservedMemory(byteCount: state.byteCount)) }
        arena = arenaMemory.base
        reserved = [arenaMemory] + states

        pointers = .allocate(capacity: plan.slotCount + 1)
        pointers.initialize(repeating: arena, count: plan.slotCount + 1)
        for (slot, offset) in plan.arenaOffsets { pointers[slot] = arena + offset }
        for (index, state) in plan.stateSlots.enumerated() { pointers[state.slot] = states[index].base }
        for (slot, tensor) in plan.constantSlots { pointers[slot] = UnsafeMutableRawPointer(mutating: tensor.baseAddress) }

        symbols = .allocate(capacity: plan.symbols.count + 1)
        symbols.initialize(repeating: 0)
        for (index, symbol) in plan.symbols.enumerated() { symbols[index] = symbol.upperBound }

        let strides = plan.steps.map { ($0.argumentByteCount + 63) / 64 * 64 }
        argumentMemory = .allocate(byteCount: max(strides.reduce(0, +), 64), alignment: 64)
        bound = .allocate(capacity: plan.steps.count)
        binders = plan.steps.map(\.bind)
        var offset = 0
        for (index, step) in plan.steps.enumerated() {
            bound.initializeElement(
                at: index, to: BoundStep(kernel: step.kernel, arguments: argumentMemory + offset, parts: 0, barrier: plan.barriers[index]))
            offset += strides[index]
        }
        times = .allocate(capacity: max(plan.steps.count, 1))
        times.initialize(repeating: 0)
    }

    deinit {
        pointers.deallocate()
        symbols.deallocate()
        argumentMemory.deallocate()
        bound.deallocate()
        times.deallocate()
    }

    /// Never empty: one more entry than there are symbols.
    private var symbolTable: UnsafePointer<Int> {
        guard let base = symbols.baseAddress else { preconditionFailure("the symbol table is empty") }
        return UnsafePointer(base)
    }

    // MARK: Values

    package func set(_ symbol: Symbol, to value: Int) {
        precondition(value >= 0 && value <= symbol.upperBound, "\(symbol.name) is \(value), the plan allows at most \(symbol.upperBound)")
        symbols[symbol.index] = value
    }

    /// The memory of an input or output by name, as large as the current symbols say.
    package func bytes(_ name: String) -> UnsafeMutableRawBufferPointer {
        guard let id = plan.graph.inputs[name] ?? plan.graph.outputs.first(where: { $0.name == name })?.value else {
            preconditionFailure("\(plan.name) has no value named \(name)")
        }
        let type = plan.graph.type(id)
        let root = plan.graph.root(of: id)
        let placement = plan.placements[root] ?? Lowering.Placement(root: root, byteOffset: 0)
        guard root == id, let slot = plan.slots[placement.root] else { preconditionFailure("\(name) is not contiguous") }
        let count = type.count.value(symbolTable) * type.elementType.byteCount
        return UnsafeMutableRawBufferPointer(start: pointers[slot] + placement.byteOffset, count: count)
    }

    package func floats(_ name: String) -> UnsafeMutableBufferPointer<Float> { bytes(name).bindMemory(to: Float.self) }
    package func integers(_ name: String) -> UnsafeMutableBufferPointer<Int32> { bytes(name).bindMemory(to: Int32.self) }

    /// Copies `values` to the start of an input.
    package func write<Element: BitwiseCopyable>(_ values: some Sequence<Element>, to name: String) {
        let target = bytes(name)
        precondition(values.underestimatedCount * MemoryLayout<Element>.stride <= target.count, "\(name) is too small")
        var index = 0
        for value in values {
            target.storeBytes(of: value, toByteOffset: index, as: Element.self)
            index += MemoryLayout<Element>.stride
        }
    }

    package func write(_ tensor: Tensor, to name: String) {
        let target = bytes(name)
        tensor.withBytes {
            precondition($0.count <= target.count, "\(name) is too small")
            target.copyMemory(from: $0)
        }
    }

    // MARK: Running

    /// Runs every step. Returns false when `cancellation` stopped it; outputs then mean nothing.
    ///
    /// - Parameter gate: held while it runs, so that several instances take turns instead of sharing the cores.
    package func run(cancellation: Cancellation? = nil, gate: NSLock? = nil) -> Bool {
        gate?.lock()
        defer { gate?.unlock() }
        let symbols = symbolTable
        for index in binders.indices {
            let bindings = Bindings(pointers: pointers, symbols: symbols, scratch: arena + plan.scratchOffsets[index])
            bound[index].parts = binders[index](UnsafeMutableRawPointer(mutating: bound[index].arguments), bindings)
        }
        return WorkerTeam.run(
            UnsafeBufferPointer(bound), workers: plan.workers, cancellation: cancellation,
            times: recordsTimes ? times.baseAddress : nil)
    }

    /// Nanoseconds of each step in the last recorded run.
    package var stepTimes: [UInt64] { Array(times.prefix(plan.steps.count)) }
}

/// Zeroed pages that take memory only when touched.
private final class ReservedMemory {
    let base: UnsafeMutableRawPointer
    private let byteCount: Int

    init(byteCount: Int) throws(FileError) {
        self.byteCount = max(byteCount, 1)
        let memory = mmap(nil, self.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | Self.noReserve, -1, 0)
        guard let memory, memory != MAP_FAILED else {
            throw FileError(path: "memory", action: "reserve \(byteCount) bytes", code: errno)
        }
        base = memory
    }

    deinit { munmap(base, byteCount) }

    #if os(Linux)
    private static let noReserve = MAP_NORESERVE
    #else
    private static let noReserve: Int32 = 0
    #endif
}
