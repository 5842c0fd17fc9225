package import ExecutionPlan
import Foundation

/// One visible position of a prompt: a token id, or -(1 + r) for extra row r, and its position.
package struct PromptRow: Sendable, Equatable {
    package var source: Int32
    package var position: Int32
    package init(source: Int32, position: Int32) {
        self.source = source
        self.position = position
    }
}

/// Runs the language plan over a prompt, over beams, and over answers to be scored.
///
/// The prompt fills cells 0 ..< P of the key/value cache, which every beam shares. What beams generate goes to the cells
/// behind, and each beam lists its own; a reorder of beams copies those lists and no keys or values.
package final class LanguageRunner {
    private let network: Network
    private let instance: PlanInstance
    private let gate: NSLock?
    private let rows, logits, extra: Symbol
    private var prefixCount = 0
    private var nextCell = 0
    private var nextPosition: Int32 = 0
    /// Cells that each beam sees beyond the prefix.
    private var histories: [[Int32]] = []

    /// - Parameter gate: held while a plan runs, so that several users of one machine take turns.
    package init(_ network: Network, gate: NSLock? = nil) throws {
        self.network = network
        self.gate = gate
        instance = try PlanInstance(network.language)
        let symbols = network.language.symbols
        (rows, logits, extra) = (symbols[0], symbols[1], symbols[2])
    }

    package var planInstance: PlanInstance { instance }
    package var vocabulary: Int { network.configuration.language.vocabulary }

    /// Reads a prompt; returns the logits of its last row, valid until the next call.
    package func prefill(
        _ prompt: [PromptRow], extra extraRows: [Float], cancellation: Cancellation? = nil
    ) throws -> UnsafeBufferPointer<Float> {
        let limit = network.configuration.language.maxPositions
        let positions = (prompt.map { Int($0.position) }.max() ?? 0) + 1
        guard max(positions, prompt.count) <= limit else {
            throw CapacityError.promptTooLong(tokens: max(positions, prompt.count), limit: limit)
        }
        prefixCount = prompt.count
        nextCell = prompt.count
        nextPosition = Int32(positions)
        histories = [[]]
        let width = network.configuration.language.hiddenSize
        instance.set(extra, to: extraRows.count / width)
        var first = 0
        while first < prompt.count {
            let last = min(first + network.limits.rows, prompt.count)
            setRows(last - first, logitRows: 1)
            // Every run may use the memory of inputs it has read for something else.
            instance.write(extraRows, to: "extra")
            fill("sources", prompt[first..<last].lazy.map(\.source))
            fill("positions", prompt[first..<last].lazy.map(\.position))
            fill("cells", (first..<last).lazy.map { Int32($0) })
            fill("prefix_counts", (first..<last).lazy.map { Int32($0 + 1) })
            fill("tail_counts", repeatElement(0, count: last - first))
            fill("selected", CollectionOfOne(Int32(last - first - 1)))
            try run(cancellation)
            first = last
        }
        return UnsafeBufferPointer(instance.floats("logits"))
    }

    /// Feeds one token per beam; returns one row of logits per beam, valid until the next call.
    ///
    /// - Parameter sources: the beam of the previous call that each token continues.
    package func step(
        tokens: [Int32], sources: [Int32], cancellation: Cancellation? = nil
    ) throws -> UnsafeBufferPointer<Float> {
        let needed = nextCell + tokens.count
        let beamLimit = min(network.limits.rows, network.limits.logitRows)
        guard tokens.count <= beamLimit else { throw CapacityError.tooManyBeams(count: tokens.count, limit: beamLimit) }
        guard histories.first.map({ $0.count < network.limits.tail }) ?? true else {
            throw CapacityError.tooManySteps(limit: network.limits.tail)
        }
        guard needed <= network.limits.cells else { throw CapacityError.cacheFull(needed: needed, limit: network.limits.cells) }
        guard Int(nextPosition) < network.configuration.language.maxPositions else {
            throw CapacityError.promptTooLong(tokens: Int(nextPosition) + 1, limit: network.configuration.language.maxPositions)
        }
        histories = tokens.indices.map { histories[Int(sources[$0])] + [Int32(nextCell + $0)] }
        setRows(tokens.count, logitRows: tokens.count)
        fill("sources", tokens)
        fill("positions", repeatElement(nextPosition, count: tokens.count))
        fill("cells", tokens.indices.lazy.map { Int32(self.nextCell + $0) })
        fill("prefix_counts", repeatElement(Int32(prefixCount), count: tokens.count))
        fillTails(histories)
        fill("selected", tokens.indices.lazy.map { Int32($0) })
        try run(cancellation)
        nextCell += tokens.count
        nextPosition += 1
        return UnsafeBufferPointer(instance.floats("logits"))
    }

    /// Decodes behind a prompt that was just read, until the decoder is done.
    ///
    /// - Parameters:
    ///   - logits: what `prefill` returned.
    ///   - emitted: told about each token as soon as it is certain.
    /// - Returns: the number of steps.
    package func decode(
        after logits: UnsafeBufferPointer<Float>, with decoder: inout any TokenDecoder, cancellation: Cancellation? = nil,
        emitted: (Int32) -> Void = { _ in }
    ) throws -> Int {
        var logits = logits, count = 1, steps = 0
        while !decoder.isFinished {
            let step = decoder.advance(logits: logits, rows: count)
            if let id = step.emitted { emitted(id) }
            if step.tokens.isEmpty || decoder.isFinished { break }
            steps += 1
            count = step.tokens.count
            logits = try self.step(tokens: step.tokens, sources: step.sourceRows, cancellation: cancellation)
        }
        return steps
    }

    /// Ranks and scores answers behind a prompt whose last row is a BOS (official `predict_answers`).
    ///
    /// - Parameter answers: tokens without BOS and EOS, none empty.
    package func score(
        _ answers: [[Int32]], after logits: UnsafeBufferPointer<Float>, cancellation: Cancellation? = nil
    ) throws -> AnswerScores {
        let first = Array(logits)
        let ranking = try first.withUnsafeBufferPointer { try AnswerRanking(logits: $0, answers: answers) }
        var loss = AnswerLoss(vocabulary: vocabulary)
        var losses = [Double](repeating: .infinity, count: ranking.candidates.count)
        // The last token of an answer is predicted, never read.
        let lists = ranking.candidates.map { Array(answers[$0].dropLast()) }
        try continuations(lists, cancellation: cancellation) { list, logits in
            (first + logits).withUnsafeBufferPointer { losses[list] = loss.mean(logits: $0, answer: answers[ranking.candidates[list]]) }
        }
        return AnswerScores(ranking: ranking, candidateLosses: losses)
    }

    /// Continues the prompt with each of several token lists at once and gives `body` the logits of every row of each.
    ///
    /// Nothing is kept: afterwards the runner stands behind the prompt again.
    package func continuations(
        _ lists: [[Int32]], cancellation: Cancellation? = nil,
        _ body: (_ list: Int, _ logits: UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let rowLimit = min(network.limits.rows, network.limits.logitRows)
        let positionLimit = network.configuration.language.maxPositions - Int(nextPosition)
        var first = 0
        while first < lists.count {
            var last = first, count = 0
            while last < lists.count, count + lists[last].count <= rowLimit || last == first {
                count += lists[last].count
                last += 1
            }
            guard count <= rowLimit else { throw CapacityError.answerTooLong(tokens: count + 1, limit: rowLimit + 1) }
            let longest = lists[first..<last].map(\.count).max() ?? 0
            guard longest <= positionLimit else {
                throw CapacityError.promptTooLong(tokens: Int(nextPosition) + longest, limit: network.configuration.language.maxPositions)
            }
            guard prefixCount + count <= network.limits.cells else {
                throw CapacityError.cacheFull(needed: prefixCount + count, limit: network.limits.cells)
            }
            if count > 0 {
                let tokens = lists[first..<last].flatMap { $0 }
                let offsets = lists[first..<last].flatMap { $0.indices.map { Int32($0) } }
                setRows(count, logitRows: count)
                fill("sources", tokens)
                fill("positions", offsets.lazy.map { self.nextPosition + $0 })
                fill("cells", (0..<count).lazy.map { Int32(self.prefixCount + $0) })
                fill("prefix_counts", repeatElement(Int32(prefixCount), count: count))
                fillTails((0..<count).map { row in ((row - Int(offsets[row]))...row).map { Int32(prefixCount + $0) } })
                fill("selected", (0..<count).lazy.map { Int32($0) })
                try run(cancellation)
            }
            let all = UnsafeBufferPointer(instance.floats("logits"))
            var row = 0
            for list in first..<last {
                try body(list, UnsafeBufferPointer(rebasing: all[row * vocabulary..<(row + lists[list].count) * vocabulary]))
                row += lists[list].count
            }
            first = last
        }
    }

    private func setRows(_ count: Int, logitRows: Int) {
        instance.set(rows, to: count)
        instance.set(logits, to: logitRows)
    }

    private func fill(_ name: String, _ values: some Collection<Int32>) {
        _ = instance.integers(name).update(fromContentsOf: values)
    }

    private func fillTails(_ tails: [[Int32]]) {
        fill("tail_counts", tails.lazy.map { Int32($0.count) })
        let target = instance.integers("tail_cells")
        for (row, tail) in tails.enumerated() {
            for (column, cell) in tail.enumerated() { target[row * network.limits.tail + column] = cell }
        }
    }

    private func run(_ cancellation: Cancellation?) throws(CancellationError) {
        guard instance.run(cancellation: cancellation, gate: gate) else { throw CancellationError() }
    }
}
