package import ExecutionPlan
import Foundation
internal import LEOTensor

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
///
/// What stays in cells 0 ..< P can serve the next prompt as far as it begins alike: a row depends on the rows before it and on
/// nothing else, to the last bit, however a prompt is cut into runs.
package final class LanguageRunner {
    private let configuration: LanguageConfiguration
    private let limits: LanguageLimits
    private let instance: PlanInstance
    private let gate: NSLock?
    private let rows, logits, extra: Symbol
    /// The memory of each cache, where the plan exposes them.
    private let caches: [(form: CacheForm, memory: UnsafeMutableRawPointer)]
    /// What the first cells hold: the rows of the last prompt that have been read, and the extra rows they speak of.
    private var heldRows: [PromptRow] = []
    private var heldExtra: [Float] = []
    private var prefixCount = 0
    private var nextCell = 0
    private var nextPosition: Int32 = 0
    /// Cells that each beam sees beyond the prefix.
    private var histories: [[Int32]] = []

    /// - Parameter gate: held while a plan runs, so that several users of one machine take turns.
    package convenience init(_ network: Network, gate: NSLock? = nil) throws {
        try self.init(network.language, network.configuration, gate: gate)
    }

    /// - Parameter plan: the compiled `Network.languageGraph` of the configuration.
    package init(_ plan: Plan, _ configuration: ModelConfiguration, gate: NSLock? = nil) throws {
        self.configuration = configuration.language
        limits = Network.limits(configuration)
        self.gate = gate
        let instance = try PlanInstance(plan)
        self.instance = instance
        (rows, logits, extra) = (plan.symbols[0], plan.symbols[1], plan.symbols[2])
        caches = plan.graph.exposedStates.compactMap { form in instance.bytes(form.name).baseAddress.map { (form, $0) } }
    }

    package var planInstance: PlanInstance { instance }
    package var vocabulary: Int { configuration.vocabulary }

    /// How many rows of a prompt were there already.
    package struct Reuse: Sendable, Equatable {
        /// Rows of the previous prompt.
        package var kept: Int
        /// Rows of a prefix that was computed earlier.
        package var stored: Int

        package init(kept: Int = 0, stored: Int = 0) {
            self.kept = kept
            self.stored = stored
        }
    }

    /// Reads a prompt; returns the logits of its last row, valid until the next call.
    package func prefill(
        _ prompt: [PromptRow], extra extraRows: [Float], cancellation: Cancellation? = nil
    ) throws -> UnsafeBufferPointer<Float> {
        try prefill(prompt, extra: extraRows, keepsCells: false, prefix: nil, cancellation: cancellation).logits
    }

    /// Reads a prompt, as far as it does not begin like the previous one or like `prefix`. The logits are the same bits.
    ///
    /// - Parameter keepsCells: whether rows of the previous prompt may serve.
    package func prefill(
        _ prompt: [PromptRow], extra extraRows: [Float], keepsCells: Bool, prefix: PromptPrefix?,
        cancellation: Cancellation? = nil
    ) throws -> (logits: UnsafeBufferPointer<Float>, reuse: Reuse) {
        let limit = configuration.maxPositions
        let positions = (prompt.map { Int($0.position) }.max() ?? 0) + 1
        guard max(positions, prompt.count) <= limit else {
            throw CapacityError.promptTooLong(tokens: max(positions, prompt.count), limit: limit)
        }
        prefixCount = prompt.count
        nextCell = prompt.count
        nextPosition = Int32(positions)
        histories = [[]]
        instance.set(extra, to: extraRows.count / configuration.hiddenSize)
        let reuse = reuse(prompt, extraRows, keepsCells: keepsCells, prefix: prefix)
        var first = reuse.kept + reuse.stored
        heldExtra = extraRows
        while first < prompt.count {
            let last = min(first + limits.rows, prompt.count)
            // A run that is cancelled leaves its cells in disorder.
            heldRows = Array(prompt[..<first])
            setRows(last - first, logitRows: 1)
            // Every run may use the memory of inputs it has read for something else.
            _ = instance.floats("extra").update(fromContentsOf: extraRows)
            fill("sources", prompt[first..<last].lazy.map(\.source))
            fill("positions", prompt[first..<last].lazy.map(\.position))
            fill("cells", (first..<last).lazy.map { Int32($0) })
            fill("prefix_counts", (first..<last).lazy.map { Int32($0 + 1) })
            fill("tail_counts", repeatElement(0, count: last - first))
            fill("selected", CollectionOfOne(Int32(last - first - 1)))
            try run(cancellation)
            first = last
        }
        heldRows = prompt
        return (UnsafeBufferPointer(instance.floats("logits")), reuse)
    }

    /// Finds the rows that need not be read, and copies those of `prefix` to their cells. The last row is always read, for
    /// its logits.
    private func reuse(_ prompt: [PromptRow], _ extraRows: [Float], keepsCells: Bool, prefix: PromptPrefix?) -> Reuse {
        let limit = max(prompt.count - 1, 0)
        var reuse = Reuse()
        if keepsCells { reuse.kept = min(sharedRows(prompt, extraRows), limit) }
        if let prefix {
            let matching = zip(prompt, prefix.tokens).enumerated().prefix { index, pair in
                pair.0 == PromptRow(source: pair.1, position: Int32(index))
            }.count
            reuse.stored = max(min(matching, limit) - reuse.kept, 0)
            load(prefix, reuse.kept..<reuse.kept + reuse.stored)
        }
        return reuse
    }

    /// Rows at the beginning that are the same in this prompt and the previous one, extra rows by their content.
    private func sharedRows(_ prompt: [PromptRow], _ extraRows: [Float]) -> Int {
        let width = configuration.hiddenSize
        return heldExtra.withUnsafeBytes { held in
            extraRows.withUnsafeBytes { new in
                zip(heldRows, prompt).prefix { old, row in
                    if row.source >= 0 || old.source >= 0 { return old == row }
                    guard old.position == row.position else { return false }
                    let stride = width * MemoryLayout<Float>.stride
                    let from = -(Int(old.source) + 1) * stride, to = -(Int(row.source) + 1) * stride
                    guard let a = held.baseAddress, let b = new.baseAddress else { return false }
                    return memcmp(a + from, b + to, stride) == 0
                }.count
            }
        }
    }

    private func load(_ prefix: PromptPrefix, _ cells: Range<Int>) {
        precondition(cells.isEmpty || prefix.states.count == caches.count, "a state for each cache")
        if cells.isEmpty { return }
        for (state, cache) in zip(prefix.states, caches) {
            let stride = cache.form.cellByteCount
            state.withBytes { bytes in
                precondition(bytes.count == prefix.tokens.count * stride, "cells of \(cache.form.name)")
                UnsafeMutableRawBufferPointer(start: cache.memory + cells.lowerBound * stride, count: cells.count * stride)
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[cells.lowerBound * stride..<cells.upperBound * stride]))
            }
        }
    }

    /// What the caches hold of the first `count` rows of the last prompt, which must be tokens at positions 0, 1, ...
    package func prefix(_ count: Int) -> PromptPrefix {
        let rows = heldRows.prefix(count)
        precondition(rows.count == count && !caches.isEmpty, "a plan that exposes its caches, and a prompt of \(count) rows")
        precondition(rows.enumerated().allSatisfy { $0.element.source >= 0 && Int($0.element.position) == $0.offset }, "tokens in order")
        let states = caches.map { cache in
            Tensor(elementType: cache.form.elementType, shape: [count] + cache.form.cellShape) { target in
                target.copyMemory(from: UnsafeRawBufferPointer(start: cache.memory, count: count * cache.form.cellByteCount))
            }
        }
        return PromptPrefix(tokens: rows.map(\.source), states: states)
    }

    /// Feeds one token per beam; returns one row of logits per beam, valid until the next call.
    ///
    /// - Parameter sources: the beam of the previous call that each token continues.
    package func step(
        tokens: [Int32], sources: [Int32], cancellation: Cancellation? = nil
    ) throws -> UnsafeBufferPointer<Float> {
        let needed = nextCell + tokens.count
        let beamLimit = min(limits.rows, limits.logitRows)
        guard tokens.count <= beamLimit else { throw CapacityError.tooManyBeams(count: tokens.count, limit: beamLimit) }
        guard histories.first.map({ $0.count < limits.tail }) ?? true else {
            throw CapacityError.tooManySteps(limit: limits.tail)
        }
        guard needed <= limits.cells else { throw CapacityError.cacheFull(needed: needed, limit: limits.cells) }
        guard Int(nextPosition) < configuration.maxPositions else {
            throw CapacityError.promptTooLong(tokens: Int(nextPosition) + 1, limit: configuration.maxPositions)
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
        let rowLimit = min(limits.rows, limits.logitRows)
        let positionLimit = configuration.maxPositions - Int(nextPosition)
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
                throw CapacityError.promptTooLong(tokens: Int(nextPosition) + longest, limit: configuration.maxPositions)
            }
            guard prefixCount + count <= limits.cells else {
                throw CapacityError.cacheFull(needed: prefixCount + count, limit: limits.cells)
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
            for (column, cell) in tail.enumerated() { target[row * limits.tail + column] = cell }
        }
    }

    private func run(_ cancellation: Cancellation?) throws(CancellationError) {
        guard instance.run(cancellation: cancellation, gate: gate) else { throw CancellationError() }
    }
}
