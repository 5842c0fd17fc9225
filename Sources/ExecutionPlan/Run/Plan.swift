internal import CLEOKernels
internal import LEOTensor

/// A compiled graph: kernel calls in order, every buffer placed, every constant found. Immutable and shared.
public struct Plan: Sendable {
    public let name: String
    package let graph: Graph
    package let steps: [Step]
    /// Slot of the pointer table for each value that owns memory.
    let slots: ValueTable<Int>
    let slotCount: Int
    /// Offset in the arena by slot; other slots hold constants or states.
    let arenaOffsets: [Int: Int]
    let scratchOffsets: [Int]
    /// Whether threads wait for each other behind a step; the last one has one.
    package let barriers: [Bool]
    let stateSlots: [(slot: Int, byteCount: Int)]
    let constantSlots: [(slot: Int, tensor: Tensor)]
    /// Offset of a value inside the value that owns its memory.
    let placements: ValueTable<Lowering.Placement>
    /// How each constant is stored, for printing.
    let constantForms: ValueTable<ConstantForm>
    /// Bytes of the arena that one instance of the plan needs.
    public let arenaByteCount: Int
    /// Bytes of the states (key/value caches), reserved in full, used as they fill.
    public var stateByteCount: Int { stateSlots.reduce(0) { $0 + $1.byteCount } }
    /// Threads that run each step.
    public let workers: Int

    package var symbols: [Symbol] { graph.symbols }

    struct ConstantForm: Sendable {
        let precision: Precision
        /// With the factors of integers.
        let byteCount: Int
        /// Slot of the factors of integers.
        let scaleSlot: Int?
    }
}

/// Choices made when a graph is compiled.
package struct CompileOptions: Sendable {
    /// Threads per step; 0 takes every core.
    package var workers = 0
    /// Kernels of exactly this instruction set where a family has them, else the reference; nil for the best.
    package var instructionSetName: String?
    /// Names of passes that do not run; for comparisons.
    package var skippedPasses: Set<String> = []
    package init() {}

    package var threadCount: Int { workers > 0 ? workers : WorkerTeam.coreCount }
}

extension Graph {
    /// The graph after all passes, but those named, to see what a pass is worth.
    package func optimised(without skipped: Set<String> = []) -> Graph {
        var graph = self
        for pass in Self.passes where !skipped.contains("\(Swift.type(of: pass))") { pass.run(on: &graph) }
        return graph
    }

    private static var passes: [any Pass] {
        [FoldBatchNorm(), FoldConstantSum(), FuseEpilogues(), FuseNormResidual(), FuseSetAbstraction(), PackWeights(), RemoveUnused()]
    }

    /// Compiles the graph for a source of constants.
    package func compiled(_ source: any ConstantSource, options: CompileOptions = CompileOptions()) throws -> Plan {
        var graph = optimised(without: options.skippedPasses)
        QuantizeInputs(source: source).run(on: &graph)
        return try PlanCompiler(graph, source, options).compile()
    }
}

/// Rewrites a graph without changing what it computes.
package protocol Pass: Sendable {
    func run(on graph: inout Graph)
}

struct PlanCompiler {
    private let graph: Graph
    private let source: any ConstantSource
    private let options: CompileOptions

    init(_ graph: Graph, _ source: any ConstantSource, _ options: CompileOptions) {
        self.graph = graph
        self.source = source
        self.options = options
    }

    func compile() throws -> Plan {
        let workers = options.threadCount
        let instructionSet = try requestedInstructionSet()
        var slots = ValueTable<Int>(graph)
        var constants = ValueTable<(constant: Constant, scaleSlot: Int?)>(graph)
        var constantSlots: [(slot: Int, tensor: Tensor)] = []
        var stateSlots: [(slot: Int, byteCount: Int)] = []
        var next = 0
        func slot(for id: ValueID) -> Int {
            if let known = slots[id] { return known }
            slots[id] = next
            next += 1
            return next - 1
        }
        try checkSizes()
        let placements = mergedPlacements()
        for node in graph.nodes {
            for id in node.values {
                let owner = graph.root(of: id)
                let root = placements[owner]?.root ?? owner
                guard slots[root] == nil else { continue }
                let number = slot(for: root)
                switch graph[root].kind {
                case .constant(let recipe):
                    let constant = try source.constant(recipe)
                    try check(constant, recipe)
                    constantSlots.append((number, constant.storage))
                    var scaleSlot: Int?
                    if let scale = constant.scale {
                        scaleSlot = next
                        constantSlots.append((next, scale))
                        next += 1
                    }
                    constants[root] = (constant, scaleSlot)
                case .state: stateSlots.append((number, graph.type(root).upperByteCount))
                case .input, .intermediate, .columns: break
                }
            }
        }
        for (_, id) in graph.inputs { _ = slot(for: id) }

        for node in graph.nodes { try checkElementTypes(node, constants) }
        var lowering = Lowering(
            graph: graph, instructionSet: instructionSet, workers: workers, slots: slots, slotCount: next,
            placements: placements, constants: constants)
        for node in graph.nodes { try lowering.lower(node) }
        let steps = lowering.steps

        let (arenaOffsets, scratchOffsets, byteCount) = placeBuffers(steps, slots, placements)
        let memory = zip(steps, scratchOffsets).map { step, scratch in
            StepMemory(step, scratchOffset: scratch) { id in
                let owner = self.owner(of: id, placements)
                switch graph[owner].kind {
                case .constant: return nil
                // Outside the arena: a place of its own behind it.
                case .state: return slots[owner].map { (byteCount + $0..<byteCount + $0 + 1, true) }
                default:
                    guard let offset = slots[owner].flatMap({ arenaOffsets[$0] }) else { return (0..<byteCount, false) }
                    return (offset..<offset + graph.type(owner).upperByteCount, false)
                }
            }
        }
        return Plan(
            name: graph.name, graph: graph, steps: steps, slots: slots, slotCount: next, arenaOffsets: arenaOffsets,
            scratchOffsets: scratchOffsets, barriers: StepMemory.barriers(memory), stateSlots: stateSlots,
            constantSlots: constantSlots, placements: placements,
            constantForms: constants.mapElements { form in
                Plan.ConstantForm(
                    precision: form.constant.precision ?? .f32,
                    byteCount: form.constant.storage.byteCount + (form.constant.scale?.byteCount ?? 0), scaleSlot: form.scaleSlot)
            },
            arenaByteCount: byteCount, workers: workers)
    }

    /// More than any machine maps, and so little that sums of such sizes fit an `Int`.
    private static let maximumByteCount = 1 << 46

    private func checkSizes() throws(GraphError) {
        for node in graph.nodes {
            for id in node.values where graph.type(id).upperByteCount > Self.maximumByteCount {
                throw .notLowered(
                    node: graph[node.outputs[0]].name, operation: node.operation.name,
                    reason: "\(graph[id].name) would be \(graph.type(id)), which no machine holds")
            }
        }
    }

    /// Kernels read as many bytes as the form of a constant says.
    private func check(_ constant: Constant, _ recipe: Recipe) throws(GraphError) {
        func require(
            _ condition: Bool, _ expected: @autoclosure () -> String, _ found: @autoclosure () -> String
        ) throws(GraphError) {
            if !condition { throw .constant(name: recipe.name, expected: expected(), found: found()) }
        }
        guard let precision = constant.precision else {
            throw .constant(
                name: recipe.name, expected: "a form that kernels read",
                found: "\(constant.elementType.rawValue) in layout \(constant.layout.rawValue)")
        }
        let encoding = ConstantEncoding(recipe: recipe, precision: precision)
        try require(constant.shape == recipe.shape, "\(recipe.shape)", "\(constant.shape)")
        try require(constant.layout == encoding.layout, "layout \(encoding.layout.rawValue)", constant.layout.rawValue)
        try require(
            constant.storage.byteCount >= encoding.byteCount, "\(encoding.byteCount) bytes", "\(constant.storage.byteCount)")
        if let scaleByteCount = encoding.scaleByteCount {
            try require(
                constant.scale.map { $0.byteCount >= scaleByteCount } ?? false, "\(scaleByteCount) bytes of factors",
                constant.scale.map { "\($0.byteCount)" } ?? "none")
        }
    }

    /// Constants are float32, but where an operation has kernels for others.
    private func checkElementTypes(
        _ node: Node, _ constants: ValueTable<(constant: Constant, scaleSlot: Int?)>
    ) throws(GraphError) {
        let narrow = node.operation.narrowInputs
        for (position, id) in node.inputs.enumerated() where !narrow.contains(position) {
            guard let constant = constants[graph.root(of: id)]?.constant, constant.elementType != .f32 else { continue }
            throw .constant(name: graph[id].name, expected: "f32", found: constant.elementType.rawValue)
        }
    }

    /// LEO_ISA is honoured by the kernel tables themselves; here an unusable value becomes an error.
    private func requestedInstructionSet() throws(GraphError) -> ck_isa? {
        var cap = CK_ISA_REF
        switch ck_isa_cap(&cap) {
        case CK_OK: break
        case CK_INVALID_ARGUMENT:
            throw .instructionSet(name: WorkerTeam.environment("LEO_ISA"), reason: "unknown name; known are \(Self.instructionSetNames.joined(separator: ", "))")
        default:
            throw .instructionSet(name: WorkerTeam.environment("LEO_ISA"), reason: "this CPU does not have it")
        }
        guard let name = options.instructionSetName else { return nil }
        guard let index = Self.instructionSetNames.firstIndex(of: name) else {
            throw .instructionSet(name: name, reason: "unknown name; known are \(Self.instructionSetNames.joined(separator: ", "))")
        }
        let isa = ck_isa(UInt32(index))
        guard ck_isa_supported(isa) else { throw .instructionSet(name: name, reason: "this CPU does not have it") }
        return isa
    }

    private static var instructionSetNames: [String] { (0..<7).map { String(cString: ck_isa_name(ck_isa($0))) } }

    /// Values that live inside another one: the parts of a concatenation are written straight into the whole, and an
    /// operation that can work in place takes over the memory of an input nobody needs any more.
    private func mergedPlacements() -> ValueTable<Lowering.Placement> {
        var placements = ValueTable<Lowering.Placement>(graph)
        let uses = Uses(graph)
        for (index, node) in graph.nodes.enumerated() {
            if node.operation is ConcatenateRows {
                var offset = 0
                for input in node.inputs {
                    placements[input] = Lowering.Placement(root: node.outputs[0], byteOffset: offset)
                    offset += graph.type(input).upperByteCount
                }
            } else if node.operation.sharesInput {
                placements[node.outputs[0]] = Lowering.Placement(root: graph.root(of: node.inputs[0]), byteOffset: 0)
            } else if let position = node.operation.inPlaceInput, position < node.inputs.count {
                let input = node.inputs[position]
                if case .intermediate = graph[input].kind, uses.lastReader(of: input) == index, placements[input] == nil,
                    !uses.isOutput(input), placements[node.outputs[0]] == nil,
                    !uses.readers(of: input).contains(where: { graph.nodes[$0].operation.sharesInput }),
                    !node.inputs.enumerated().contains(where: { $0.offset != position && graph.root(of: $0.element) == input })
                {
                    placements[node.outputs[0]] = Lowering.Placement(root: input, byteOffset: 0)
                }
            }
        }
        // Chains of in-place operations end at the first owner.
        for id in placements.keys {
            while let placement = placements[id], let outer = placements[placement.root] {
                placements[id] = Lowering.Placement(root: outer.root, byteOffset: placement.byteOffset + outer.byteOffset)
            }
        }
        return placements
    }

    /// The value whose memory it lives in.
    private func owner(of id: ValueID, _ placements: ValueTable<Lowering.Placement>) -> ValueID {
        let root = graph.root(of: id)
        return placements[root]?.root ?? root
    }

    private func placeBuffers(
        _ steps: [Step], _ slots: ValueTable<Int>, _ placements: ValueTable<Lowering.Placement>
    ) -> (offsets: [Int: Int], scratch: [Int], byteCount: Int) {
        var lifetimes = ValueTable<Lifetime>(graph)
        func touch(_ id: ValueID, at step: Int) {
            let id = owner(of: id, placements)
            switch graph[id].kind {
            case .constant, .state: return
            case .input: lifetimes[id, default: Lifetime(first: -1, last: step)].last = step
            default:
                lifetimes[id, default: Lifetime(first: step, last: step)].last = step
            }
        }
        for (_, id) in graph.inputs { touch(id, at: 0) }
        for (index, step) in steps.enumerated() {
            for id in step.inputs { touch(id, at: index) }
            for id in step.outputs { touch(id, at: index) }
        }
        for (_, id) in graph.outputs { touch(id, at: steps.count) }

        let values = lifetimes.keys
        var buffers = values.map { id in
            // An owner may be larger than its own type when a concatenation lives in it.
            ArenaPlanner.Buffer(byteCount: graph.type(id).upperByteCount, lifetime: lifetimes[id] ?? Lifetime(first: 0, last: 0))
        }
        buffers += steps.enumerated().map { index, step in
            ArenaPlanner.Buffer(byteCount: step.scratchByteCount, lifetime: Lifetime(first: index, last: index))
        }
        let arena = ArenaPlanner(buffers)
        var offsets: [Int: Int] = [:]
        for (position, id) in values.enumerated() {
            if let slot = slots[id] { offsets[slot] = arena.offsets[position] }
        }
        return (offsets, Array(arena.offsets[values.count...]), arena.byteCount)
    }
}
