import LEOText

/// The texts of a vocabulary as a tree, laid out so that one pass over an array visits all of it and skips a whole
/// branch in one step.
struct TokenTrie: Sendable {
    private struct Node {
        let depth: Int32
        let byte: UInt8
        /// Index behind the last node of this branch.
        var end: Int32
        /// Ids whose text ends here: a range of `ids`.
        var ids: Range<Int32>
    }

    /// In depth-first order.
    private var nodes: [Node] = []
    private var ids: [Int32] = []
    /// Text of id i is `blob[starts[i]..<starts[i + 1]]`, empty for ids that have none.
    private var blob: [UInt8] = []
    private var starts: [Int] = [0]
    private var longest = 0
    /// Number of ids of the tokenizer.
    var vocabulary: Int { starts.count - 1 }

    /// Takes what each id adds to decoded text: pieces with U+2581 as a blank, byte pieces as their byte. Special, unused
    /// and unknown pieces add nothing and are left out, and so is the byte piece of the blank: at the start of an answer
    /// it would not be dropped as a piece's blank is.
    init(_ tokenizer: Tokenizer) {
        let model = tokenizer.sentencePieces
        for id in 0..<Int32(tokenizer.vocabularyCount) {
            if let piece = model.piece(for: id) {
                switch model.type(of: id) {
                case .normal, .userDefined: appendText(of: piece)
                case .byte: if let byte = Self.byte(named: piece), byte != 0x20 { blob.append(byte) }
                case .control, .unknown, .unused, nil: break
                }
            }
            longest = max(longest, blob.count - starts[Int(id)])
            starts.append(blob.count)
        }
        build()
    }

    /// The bytes of an id's text.
    func text(of id: Int32) -> ArraySlice<UInt8> {
        guard id >= 0, Int(id) < vocabulary else { return [] }
        return blob[starts[Int(id)]..<starts[Int(id) + 1]]
    }

    /// Calls `body` with every id whose text leads from `state` to another state, and that state.
    func walk(
        _ automaton: TextAutomaton, from state: Int32, _ body: (_ id: Int32, _ target: Int32) -> Void
    ) {
        var path = [Int32](repeating: -1, count: longest + 1)
        path[0] = state
        var position = 0
        while position < nodes.count {
            let node = nodes[position]
            let depth = Int(node.depth)
            let target = automaton.next(path[depth], node.byte)
            guard target >= 0 else {
                position = Int(node.end)
                continue
            }
            path[depth + 1] = target
            for index in node.ids { body(ids[Int(index)], target) }
            position += 1
        }
    }

    // MARK: Building

    private mutating func appendText(of piece: String) {
        for scalar in piece.unicodeScalars {
            if scalar == "\u{2581}" { blob.append(0x20) } else { blob.append(contentsOf: UTF8.encode(scalar) ?? .init()) }
        }
    }

    private static func byte(named piece: String) -> UInt8? { UInt8(piece.dropFirst(3).dropLast(), radix: 16) }

    private mutating func build() {
        let order = sortedIDs()
        ids.reserveCapacity(order.count)
        // Nodes of the text before, root first.
        var open: [Int] = []
        var before: ArraySlice<UInt8> = []
        for id in order {
            let text = self.text(of: id)
            let shared = zip(before, text).prefix { $0 == $1 }.count
            while open.count > shared { nodes[open.removeLast()].end = Int32(nodes.count) }
            for byte in text.dropFirst(shared) {
                let none = Int32(ids.count)..<Int32(ids.count)
                nodes.append(Node(depth: Int32(open.count), byte: byte, end: 0, ids: none))
                open.append(nodes.count - 1)
            }
            ids.append(id)
            if let last = open.last { nodes[last].ids = nodes[last].ids.lowerBound..<Int32(ids.count) }
            before = text
        }
        while let last = open.popLast() { nodes[last].end = Int32(nodes.count) }
    }

    /// Ids that have a text, by their text.
    private func sortedIDs() -> [Int32] {
        // Most pairs differ in their first eight bytes; comparing those as a number keeps large vocabularies quick.
        let keyed = (0..<Int32(vocabulary)).compactMap { id -> (key: UInt64, id: Int32)? in
            let text = self.text(of: id)
            guard !text.isEmpty else { return nil }
            var key: UInt64 = 0
            for index in text.startIndex..<(text.startIndex + 8) {
                key = key << 8 | (index < text.endIndex ? UInt64(text[index]) : 0)
            }
            return (key, id)
        }
        let sorted = keyed.sorted { a, b in
            if a.key != b.key { return a.key < b.key }
            let (left, right) = (text(of: a.id), text(of: b.id))
            if left.elementsEqual(right) { return a.id < b.id }
            return left.lexicographicallyPrecedes(right)
        }
        return sorted.map(\.id)
    }
}
