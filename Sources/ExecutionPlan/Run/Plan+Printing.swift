internal import LEOTensor

/// A compiled plan as data: what `leo plan --json` prints. Sizes and costs are those of the largest run the plan allows.
package struct PlanDescription: Codable, Sendable, Equatable {
    package struct SymbolBound: Codable, Sendable, Equatable {
        package let name: String
        package let upperBound: Int
    }

    /// A value that a step reads or writes, or that the caller exchanges with the plan.
    package struct Operand: Codable, Sendable, Equatable {
        package enum Place: String, Codable, Sendable { case arena, constant, state }
        package let name: String
        /// One text per dimension: a number, or an expression of symbols with their bounds (`rows≤512`).
        package let shape: [String]
        /// As stored; constants may be stored narrower than they are computed with, also as `int8` or `int4`.
        package let elementType: String
        package let bytes: Int
        package let place: Place
        /// Bytes from the start of the arena; nil elsewhere.
        package let arenaOffset: Int?
    }

    package struct StepDescription: Codable, Sendable, Equatable {
        package let number: Int
        package let name: String
        package let operation: String
        package let kernel: String
        package let instructionSet: String
        package let inputs: [Operand]
        package let outputs: [Operand]
        package let floatingPointOperations: Int
        package let bytesRead: Int
        package let bytesWritten: Int
        package let scratchBytes: Int
        package let scratchOffset: Int?
        /// Operations that passes merged into this one.
        package let fused: [String]
    }

    package let name: String
    package let workers: Int
    package let arenaBytes: Int
    package let stateBytes: Int
    package let constantBytes: Int
    package let floatingPointOperations: Int
    package let symbols: [SymbolBound]
    package let inputs: [Operand]
    package let outputs: [Operand]
    package let states: [Operand]
    package let steps: [StepDescription]
}

extension Plan {
    /// Bytes of all constants, as stored.
    package var constantByteCount: Int { constantForms.known.reduce(0) { $0 + $1.byteCount } }

    /// The memory of constants that steps read whole in every run, as they lie, each once; of a table only the rows asked for are read.
    package var weightRanges: [UnsafeRawBufferPointer] {
        let tensors = Dictionary(constantSlots.map { ($0.slot, $0.tensor) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<Int> = []
        var ranges: [UnsafeRawBufferPointer] = []
        for step in steps where !step.readsTable {
            for id in step.inputs {
                let root = graph.root(of: id)
                guard let form = constantForms[root] else { continue }
                for slot in [slots[root], form.scaleSlot] {
                    guard let slot, let tensor = tensors[slot], seen.insert(slot).inserted else { continue }
                    ranges.append(UnsafeRawBufferPointer(start: tensor.baseAddress, count: tensor.byteCount))
                }
            }
        }
        return ranges
    }

    package var details: PlanDescription {
        let steps = steps.enumerated().map { index, step in describe(step, number: index) }
        let states = slots.keys.filter { if case .state = graph[$0].kind { true } else { false } }
        return PlanDescription(
            name: name, workers: workers, arenaBytes: arenaByteCount, stateBytes: stateByteCount,
            constantBytes: constantByteCount,
            floatingPointOperations: steps.reduce(0) { $0.addingClamped($1.floatingPointOperations) },
            symbols: symbols.map { .init(name: $0.name, upperBound: $0.upperBound) },
            inputs: graph.inputs.sorted { $0.value.index < $1.value.index }.map { operand($0.value, named: $0.key) },
            outputs: graph.outputs.map { operand($0.value, named: $0.name) },
            states: states.sorted { $0.index < $1.index }.map { operand($0) }, steps: steps)
    }

    private func describe(_ step: Step, number: Int) -> PlanDescription.StepDescription {
        let inputs = step.inputs.map { operand($0) }, outputs = step.outputs.map { operand($0) }
        var bytesRead = inputs.reduce(0) { $0 + $1.bytes }
        if let node = graph.nodes.first(where: { $0.outputs == step.outputs }), node.operation is AssembleRows {
            // Only the rows asked for are read, not the whole table.
            bytesRead += rowBytes(inputs[1], of: outputs[0]) - inputs[1].bytes
        }
        return PlanDescription.StepDescription(
            number: number, name: step.name, operation: step.operation, kernel: step.kernelName, instructionSet: step.isa,
            inputs: inputs, outputs: outputs, floatingPointOperations: step.floatingPointOperations.upperBound,
            bytesRead: bytesRead, bytesWritten: outputs.reduce(0) { $0 + $1.bytes }, scratchBytes: step.scratchByteCount,
            scratchOffset: step.scratchByteCount > 0 ? scratchOffsets[number] : nil, fused: step.absorbed)
    }

    /// Bytes of as many elements as the output has, in the type of the table.
    private func rowBytes(_ table: PlanDescription.Operand, of output: PlanDescription.Operand) -> Int {
        output.bytes / 4 * (ElementType(rawValue: table.elementType)?.byteCount ?? 4)
    }

    private func operand(_ id: ValueID, named name: String? = nil) -> PlanDescription.Operand {
        let type = graph.type(id)
        var columnOffset = 0
        var current = id
        while case .columns(let parent, let offset) = graph[current].kind {
            columnOffset += offset
            current = parent
        }
        let placement = placements[current] ?? Lowering.Placement(root: current, byteOffset: 0)
        let form = constantForms[placement.root]
        let elementType = form?.precision.elementType ?? type.elementType
        let bytes = type.count.upperBound * elementType.byteCount
        let place: PlanDescription.Operand.Place
        switch graph[placement.root].kind {
        case .constant: place = .constant
        case .state: place = .state
        default: place = .arena
        }
        return PlanDescription.Operand(
            name: name ?? graph[id].name, shape: type.shape.map(\.description),
            elementType: form?.precision.rawValue ?? elementType.rawValue,
            // A whole constant counts with the padding of its layout.
            bytes: id == placement.root ? form?.byteCount ?? bytes : bytes, place: place,
            arenaOffset: slots[placement.root].flatMap { arenaOffsets[$0] }.map {
                $0 + placement.byteOffset + columnOffset * elementType.byteCount
            })
    }

    // MARK: Edges

    /// For each step, the steps and graph inputs whose values it reads, through views and concatenations that cost no step.
    fileprivate func sources() -> [[Source]] {
        let producers = Dictionary(
            graph.nodes.flatMap { node in node.outputs.map { ($0, node) } }, uniquingKeysWith: { first, _ in first })
        var lastWriter: [ValueID: Int] = [:]
        func sources(_ id: ValueID) -> [Source] {
            let root = graph.root(of: id)
            if let step = lastWriter[root] { return [.step(step, root)] }
            switch graph[root].kind {
            case .input: return [.input(root)]
            case .constant, .state, .columns: return []
            case .intermediate: return producers[root]?.inputs.flatMap(sources) ?? []
            }
        }
        return steps.enumerated().map { index, step in
            let result = step.inputs.flatMap(sources)
            for id in step.outputs { lastWriter[graph.root(of: id)] = index }
            if graph.nodes.first(where: { $0.outputs == step.outputs })?.operation.writesState == true {
                for id in step.inputs { if case .state = graph[id].kind { lastWriter[id] = index } }
            }
            return result
        }
    }

    fileprivate enum Source: Hashable {
        case input(ValueID)
        case step(Int, ValueID)
    }
}

// MARK: - Text

extension PlanDescription {
    /// One line of totals, the values the caller exchanges, and one line for each step.
    package var text: String {
        var lines = [summary]
        for (label, operands) in [("in", inputs), ("out", outputs)] {
            for operand in operands {
                lines.append("  \(label.padding(5))  \(operand.name)  \(operand.form)  \(operand.location), \(operand.bytes.scaled)B")
            }
        }
        // A cache has the same form in every layer.
        for (form, group) in Dictionary(grouping: states, by: \.form).sorted(by: { $0.key < $1.key }) {
            let bytes = group.reduce(0) { $0 + $1.bytes }
            lines.append("  state  \(group.count) of \(form), from \(group[0].name) on, \(bytes.scaled)B")
        }
        let header = ["#", "step", "operation", "inputs -> outputs", "kernel", "isa", "flop", "read", "written", "at", "fused"]
        let rows = [header] + steps.map(\.columns)
        let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let numeric: Set = [0, 6, 7, 8]
        for row in rows {
            let cells = row.enumerated().map { column, text in
                numeric.contains(column) ? text.padding(widths[column], left: true) : text.padding(widths[column])
            }
            lines.append(("  " + cells.joined(separator: "  ")).trimmingTrailingSpaces)
        }
        return lines.joined(separator: "\n")
    }

    /// Totals in one line.
    package var summary: String {
        let bounds = symbols.map { "\($0.name)≤\($0.upperBound)" }.joined(separator: " ")
        return "\(name): \(steps.count) steps, arena \(arenaBytes.scaled)B, states \(stateBytes.scaled)B, "
            + "constants \(constantBytes.scaled)B, \(floatingPointOperations.scaled)flop, \(workers) workers"
            + (bounds.isEmpty ? "" : ", at \(bounds)")
    }
}

extension PlanDescription.Operand {
    fileprivate var form: String { "[" + shape.joined(separator: ", ") + "] " + elementType }
    /// Most values are float32; the type stands only where it is another.
    fileprivate var shortForm: String { "[" + shape.joined(separator: ", ") + "]" + (elementType == "f32" ? "" : elementType) }
    fileprivate var location: String { arenaOffset.map { "arena+\($0)" } ?? place.rawValue }
}

extension PlanDescription.StepDescription {
    fileprivate var columns: [String] {
        [
            "\(number)", name, operation,
            inputs.map(\.shortForm).joined(separator: " ") + " -> " + outputs.map(\.shortForm).joined(separator: " "), kernel, instructionSet,
            floatingPointOperations.scaled, bytesRead.scaled, bytesWritten.scaled,
            outputs.map(\.location).joined(separator: " ") + (scratchOffset.map { " scratch+\($0)" } ?? ""),
            fused.joined(separator: ", "),
        ]
    }
}

// MARK: - Graphviz

extension Plan {
    /// The plan as a graph for Graphviz, one cluster with names that do not clash with those of other plans.
    package var dot: String {
        let details = details
        var lines = ["  subgraph \"cluster_\(name)\" {", "    label=\(quoted(details.summary));"]
        func node(_ id: ValueID) -> String { "\"\(name).value\(id.index)\"" }
        for (name, id) in graph.inputs.sorted(by: { $0.value.index < $1.value.index }) {
            lines.append("    \(node(id)) [shape=ellipse, label=\(quoted("\(name)\n\(graph.type(id))"))];")
        }
        for (step, described) in zip(steps, details.steps) {
            var label = "\(described.number) \(step.name)\n\(step.operation)\n\(step.kernelName)"
            if !step.absorbed.isEmpty { label += "\nfused: " + step.absorbed.joined(separator: ", ") }
            lines.append("    \"\(name).step\(described.number)\" [shape=box, label=\(quoted(label))];")
        }
        let sources = sources()
        for (index, list) in sources.enumerated() {
            var seen = Set<Source>()
            for source in list where seen.insert(source).inserted {
                let target = "\"\(name).step\(index)\""
                switch source {
                case .input(let id): lines.append("    \(node(id)) -> \(target);")
                case .step(let from, let id):
                    lines.append("    \"\(name).step\(from)\" -> \(target) [label=\(quoted(graph.type(id).description))];")
                }
            }
        }
        let writers = Dictionary(
            steps.enumerated().flatMap { index, step in step.outputs.map { (graph.root(of: $0), index) } },
            uniquingKeysWith: { _, last in last })
        for (outputName, id) in graph.outputs {
            let target = "\"\(name).output.\(outputName)\""
            lines.append("    \(target) [shape=ellipse, label=\(quoted("\(outputName)\n\(graph.type(id))"))];")
            if let writer = writers[graph.root(of: id)] { lines.append("    \"\(name).step\(writer)\" -> \(target);") }
        }
        return (lines + ["  }"]).joined(separator: "\n")
    }

    private func quoted(_ text: String) -> String {
        var result = "\""
        for character in text {
            switch character {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
        return result + "\""
    }
}

extension String {
    fileprivate func padding(_ width: Int, left: Bool = false) -> String {
        let spaces = String(repeating: " ", count: max(width - count, 0))
        return left ? spaces + self : self + spaces
    }

    fileprivate var trimmingTrailingSpaces: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

extension Int {
    /// Three digits and a prefix in powers of 1000: `12.3 M`; below 1000 the number and a space.
    fileprivate var scaled: String {
        guard self >= 1000 else { return "\(self) " }
        var value = Double(self), prefixes = "kMGTPE"[...]
        value /= 1000
        while value >= 999.5, prefixes.count > 1 {
            value /= 1000
            prefixes = prefixes.dropFirst()
        }
        let places = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
        let unit = [1, 10, 100][places]
        let number = Int((value * Double(unit)).rounded())
        let rest = "\(number % unit)"
        let digits = places == 0 ? "" : "." + String(repeating: "0", count: places - rest.count) + rest
        return "\(number / unit)\(digits) \(prefixes.first.map(String.init) ?? "")"
    }

    fileprivate func addingClamped(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
