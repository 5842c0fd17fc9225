/// Checks a pickle that was just read: no cycles, bounded depth. Counts its values as a tree, where shared ones count once
/// for every path that leads to them: few bytes can spell a tree that nobody can walk.
struct PickleChecker {
    /// Levels of nesting. Real checkpoints have fewer than ten.
    static let depthLimit = 128
    /// Values of a tree that names are made for.
    static let treeLimit = 2_000_000

    /// Values of the tree, containers among them; stops counting at `Int.max`.
    private(set) var treeSize = 0
    private let document: PickleDocument
    /// The way to each container and leaf that is first found, for error lines.
    private var parents: [Int: (parent: Int, index: Int)] = [:]

    init(_ document: PickleDocument) throws {
        self.document = document
        try walk()
    }

    /// Open: on the way down to its leaves.
    private enum State {
        case open
        case closed(depth: Int, size: Int)
    }

    private struct Frame {
        let node: Int
        let children: [PickleRaw]
        var next = 0
        var depth = 1
        var size = 1
    }

    private func children(of node: Int) -> [PickleRaw] {
        switch document.nodes[node] {
        case .sequence(let sequence): sequence.items
        // Keys are scalars or tuples of scalars, see `PickleMachine.identity(of:)`; they cannot nest or close a cycle.
        case .dictionary(let dictionary): dictionary.entries.map(\.value)
        case .array(let array): array.items ?? []
        default: []
        }
    }

    private mutating func walk() throws {
        guard case .node(let root) = document.root else {
            treeSize = 1
            return
        }
        var states = [root: State.open]
        var stack = [Frame(node: root, children: children(of: root))]
        while var frame = stack.popLast() {
            guard frame.next < frame.children.count else {
                states[frame.node] = .closed(depth: frame.depth, size: frame.size)
                guard let parent = stack.indices.last else {
                    treeSize = frame.size
                    continue
                }
                add(frame.depth, frame.size, to: &stack[parent])
                try check(stack[parent])
                continue
            }
            let child = frame.children[frame.next]
            frame.next += 1
            guard case .node(let node) = child else {
                add(0, 1, to: &frame)
                stack.append(frame)
                continue
            }
            switch states[node] {
            case .closed(let depth, let size)?:
                add(depth, size, to: &frame)
                try check(frame)
                stack.append(frame)
            case .open?:
                throw CheckpointError.malformed(
                    file: document.file, field: "pickle", expected: "values that do not hold themselves",
                    found: frame.node == root ? "one that does" : "one that does, at \(quoted(name(of: frame.node)))")
            case nil:
                guard stack.count < Self.depthLimit else { throw tooDeep }
                states[node] = .open
                parents[node] = (frame.node, frame.next - 1)
                stack.append(frame)
                stack.append(Frame(node: node, children: children(of: node)))
            }
        }
    }

    private func add(_ depth: Int, _ size: Int, to frame: inout Frame) {
        frame.depth = max(frame.depth, depth + 1)
        let (sum, overflow) = frame.size.addingReportingOverflow(size)
        frame.size = overflow ? .max : sum
    }

    private var tooDeep: CheckpointError {
        .tooLarge(file: document.file, field: "pickle", limit: Self.depthLimit, found: "values nested deeper")
    }

    private func check(_ frame: Frame) throws {
        guard frame.depth <= Self.depthLimit else { throw tooDeep }
    }

    private func step(to index: Int, of node: Int) -> String {
        guard case .dictionary(let dictionary) = document.nodes[node] else { return "\(index)" }
        return PickleValue(document, dictionary.entries[index].key).keyText
    }

    /// The dotted name along which a node was first found; empty for the root and for what it does not lead to.
    func name(of node: Int) -> String {
        var steps: [String] = []
        var node = node
        while let (parent, index) = parents[node] {
            steps.append(String(step(to: index, of: parent).prefix(120)))
            node = parent
        }
        return steps.reversed().joined(separator: ".")
    }
}

extension PickleValue {
    /// A dictionary key as part of a dotted name.
    var keyText: String {
        switch kind {
        case .string(let text): text
        case .int(let value): "\(value)"
        case .bool(let value): value ? "True" : "False"
        case .double(let value): "\(value)"
        case .none: "None"
        case .tuple(let items): "(" + items.map(\.keyText).joined(separator: ", ") + ")"
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        default: "?"
        }
    }
}
