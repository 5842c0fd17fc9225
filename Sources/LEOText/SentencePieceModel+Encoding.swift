extension SentencePieceModel {
    /// Ids of a text, with its own dummy prefix where the model has one; no BOS, and names of control pieces in the text
    /// are ordinary characters.
    public func encode(_ text: String) -> [Int32] {
        var copy = text
        var ids: [Int32] = []
        copy.withUTF8 { encode($0, into: &ids) }
        return ids
    }

    /// Appends the ids of a text in valid UTF-8.
    func encode(_ text: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
        let normalized = normalizer.normalize(text, keeping: userDefined)
        normalized.withUnsafeBufferPointer { normalized in
            var merger = Merger(model: self, text: normalized)
            var start = 0
            while start < normalized.count {
                let end = splitsBeforeSpaces ? wordEnd(normalized, from: start) : normalized.count
                merger.encode(start..<end, into: &ids)
                start = end
            }
        }
    }

    private func wordEnd(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var position = start + 1
        while position < text.count {
            if text[position] == 0xe2, SpaceSymbol.startsWord(text, at: position, in: start, to: text.count) { break }
            position += 1
        }
        return position
    }
}

/// Byte-pair merging with scores: of all neighbours whose concatenation is a piece, the best-scored, among equals the
/// leftmost, is merged until none is left. O(n log n) by a queue whose outdated entries are skipped as they surface.
private struct Merger {
    private struct Symbol {
        var start: Int
        /// 0 once merged into its left neighbour.
        var length: Int
        var previous: Int
        var next: Int
        /// The merged piece's id, -1 for a symbol as it was cut from the text.
        var piece: Int32
        /// A user-defined symbol, which never merges.
        var isFrozen: Bool
    }

    let model: SentencePieceModel
    let text: UnsafeBufferPointer<UInt8>
    private var symbols: [Symbol] = []
    private var queue = MergeQueue()
    /// Length of the left part of each unused piece that was considered, last one wins.
    private var unusedParts: [Int32: Int] = [:]
    private var followsUnknown = false

    init(model: SentencePieceModel, text: UnsafeBufferPointer<UInt8>) {
        self.model = model
        self.text = text
    }

    mutating func encode(_ range: Range<Int>, into ids: inout [Int32]) {
        cut(range)
        for right in symbols.indices.dropFirst() { consider(right - 1, right) }
        while let merge = queue.pop() {
            let right = symbols[merge.right]
            guard symbols[merge.left].length > 0, right.length > 0,
                symbols[merge.left].length + right.length == Int(merge.length)
            else { continue }
            symbols[merge.left].length = Int(merge.length)
            symbols[merge.left].piece = merge.piece
            symbols[merge.left].next = right.next
            if right.next >= 0 { symbols[right.next].previous = merge.left }
            symbols[merge.right].length = 0
            consider(symbols[merge.left].previous, merge.left)
            consider(merge.left, right.next)
        }
        var index = 0
        while index >= 0 {
            emit(symbols[index], into: &ids)
            index = symbols[index].next
        }
    }

    private mutating func cut(_ range: Range<Int>) {
        symbols.removeAll(keepingCapacity: true)
        var position = range.lowerBound
        while position < range.upperBound {
            let match = model.userDefined.isEmpty
                ? nil : model.userDefined.longestMatch(text, at: position, end: range.upperBound)
            let character = UTF8Scanning.length(ofLead: text[position])
            let length = match ?? min(character, range.upperBound - position)
            let isLast = position + length == range.upperBound
            symbols.append(
                Symbol(
                    start: position, length: length, previous: symbols.count - 1,
                    next: isLast ? -1 : symbols.count + 1, piece: -1, isFrozen: match != nil))
            position += length
        }
    }

    /// Queues the merge of two neighbours if it makes a piece.
    @inline(__always)
    private mutating func consider(_ left: Int, _ right: Int) {
        guard left >= 0, right >= 0, !symbols[left].isFrozen, !symbols[right].isFrozen else { return }
        let start = symbols[left].start
        let length = symbols[left].length + symbols[right].length
        guard let id = model.pieces.find(UnsafeBufferPointer(rebasing: text[start..<(start + length)])) else { return }
        switch model.types[id] {
        case .normal, .userDefined: break
        case .unused: unusedParts[Int32(id)] = symbols[left].length
        case .unknown, .control, .byte: return
        }
        queue.push(
            Merge(rank: model.ranks[id], length: Int32(length), piece: Int32(id), left: left, right: right))
    }

    private mutating func emit(_ symbol: Symbol, into ids: inout [Int32]) {
        guard model.hasUnusedPieces else {
            let id = symbol.piece >= 0 ? symbol.piece : lookUp(symbol.start, symbol.length)
            append(id, symbol.start, symbol.length, to: &ids)
            return
        }
        // Unused pieces serve merging only: each falls back into the two parts it was made of.
        var parts = [(start: symbol.start, length: symbol.length)]
        while let part = parts.popLast() {
            let id = lookUp(part.start, part.length)
            if model.types[Int(id)] == .unused, let left = unusedParts[id], left < part.length {
                parts.append((part.start + left, part.length - left))
                parts.append((part.start, left))
            } else {
                append(id, part.start, part.length, to: &ids)
            }
        }
    }

    private func lookUp(_ start: Int, _ length: Int) -> Int32 {
        model.pieces.find(UnsafeBufferPointer(rebasing: text[start..<(start + length)])).map(Int32.init)
            ?? model.unknownID
    }

    private mutating func append(_ id: Int32, _ start: Int, _ length: Int, to ids: inout [Int32]) {
        let isUnknown = id == model.unknownID
        if isUnknown, !model.byteIDs.isEmpty {
            for byte in text[start..<(start + length)] { ids.append(model.byteIDs[Int(byte)]) }
        } else if !(isUnknown && followsUnknown) {
            // Without byte fallback a run of unknown characters is one unknown piece.
            ids.append(id)
        }
        followsUnknown = isUnknown
    }
}
