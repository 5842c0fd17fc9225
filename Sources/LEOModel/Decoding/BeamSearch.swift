import Foundation

/// Beam search with the penalty on log-probabilities and without early stopping.
///
/// Every step adds penalised log-probabilities (not renormalised) to the sums of the running beams and looks at the
/// `2 * beams` best of all beams and tokens; of equal sums the lower beam, then the lower id, comes first. An end of
/// sequence among the first `beams` closes a hypothesis, a later one is dropped, the rest refills the beams. It ends
/// when no open beam looks better than the worst of `beams` hypotheses, or at the budget, which closes the open beams.
///
/// The first step has one beam. Transformers starts with `beams` equal ones, all but the first at -1e9; these doubles
/// rank below everything real, so that leaving them out changes no real hypothesis and saves rows wherever fewer than
/// `beams` tokens can come first. A candidate of minus infinity is never taken, so a beam with nothing possible
/// disappears; see `TokenConstraint`.
///
/// - Numerics: sums in f32 as in PyTorch, hypothesis scores in double
/// - Source: `beam_search`, `BeamSearchScorer` of transformers 4.28.1; `_beam_search` of 4.57
package struct BeamSearch: TokenDecoder {
    private let rules: ScoreRules
    private let version: DecodingRules
    private let width: Int
    private let lengthPenalty: Double
    private var row: ScoreRow
    private var candidates: CandidateList
    private var box: HypothesisBox
    /// Ids and sums of the running beams: the first `running` entries, best first.
    private var beams: [[Int32]]
    private var sums: [Float]
    private var running = 0
    private var nextBeams: [[Int32]]
    private var nextSums: [Float]
    private var generated = 0
    /// No running beam can improve on the box.
    private var isSettled = false
    private var step = DecodingStep()

    /// - Errors: every `TokenDecodingError` of options
    package init(
        _ options: DecodingOptions, vocabulary: Int, promptLength: Int, constraint: (any TokenConstraint)? = nil
    ) throws(TokenDecodingError) {
        rules = try ScoreRules(options, vocabulary: vocabulary, promptLength: promptLength, constraint: constraint)
        version = options.rules
        width = options.beams
        lengthPenalty = options.lengthPenalty
        row = ScoreRow(vocabulary: vocabulary)
        candidates = CandidateList(capacity: 2 * width)
        box = HypothesisBox(capacity: width, newestFirst: version == .transformers4_28_1)
        beams = [[Int32]](repeating: [], count: width)
        nextBeams = beams
        for beam in 0..<width {
            beams[beam].reserveCapacity(rules.reservedLength)
            nextBeams[beam].reserveCapacity(rules.reservedLength)
        }
        sums = [Float](repeating: 0, count: width)
        nextSums = sums
        step.tokens.reserveCapacity(width)
        step.sourceRows.reserveCapacity(width)
        start()
    }

    package var isFinished: Bool { isSettled || running == 0 || generated >= rules.budget }

    package var result: DecodingResult {
        var box = box
        if !isSettled {
            for beam in 0..<running {
                let score = normalized(sums[beam], beams[beam], endsHere: false)
                box.add(beams[beam], score: score, seedCount: rules.seed.count, eosID: nil)
            }
        }
        return DecodingResult(hypotheses: box.ranked, seed: rules.seed)
    }

    package mutating func start() {
        beams[0].removeAll(keepingCapacity: true)
        beams[0].append(contentsOf: rules.seed)
        sums[0] = 0
        running = 1
        generated = 0
        isSettled = false
        box.removeAll()
    }

    package mutating func advance(
        logits: UnsafeBufferPointer<Float>, rows: Int, stopLengthOffset: Int
    ) -> DecodingStep {
        precondition(!isFinished, "a finished decoder was advanced")
        let vocabulary = rules.vocabulary
        precondition(rows == running && logits.count == rows * vocabulary,
                     "expected \(running) rows of \(vocabulary) logits")
        candidates.removeAll()
        for beam in 0..<running {
            row.load(UnsafeBufferPointer(rebasing: logits[beam * vocabulary..<(beam + 1) * vocabulary]))
            row.normalize()
            rules.apply(to: &row, history: beams[beam])
            row.values.withUnsafeBufferPointer {
                candidates.offer($0, added: sums[beam], firstPosition: beam * vocabulary)
            }
        }
        step.tokens.removeAll(keepingCapacity: true)
        step.sourceRows.removeAll(keepingCapacity: true)
        spreadCandidates()
        generated += 1
        isSettled = box.isFull && box.worst >= attainable(stopLengthOffset: stopLengthOffset)
        step.isFinished = isFinished
        if step.isFinished {
            step.tokens.removeAll(keepingCapacity: true)
            step.sourceRows.removeAll(keepingCapacity: true)
        }
        return step
    }

    /// Walks the candidates in rank order: ends go to the box, the rest become the running beams.
    private mutating func spreadCandidates() {
        var live = 0
        for rank in 0..<candidates.count where live < width {
            let (beam, index) = candidates.positions[rank].quotientAndRemainder(dividingBy: rules.vocabulary)
            let token = Int32(index)
            let sum = candidates.scores[rank]
            if token == rules.eosID {
                guard rank < width else { continue }
                let score = normalized(sum, beams[beam], endsHere: true)
                box.add(beams[beam], score: score, seedCount: rules.seed.count, eosID: token)
            } else {
                nextBeams[live].removeAll(keepingCapacity: true)
                nextBeams[live].append(contentsOf: beams[beam])
                nextBeams[live].append(token)
                nextSums[live] = sum
                step.tokens.append(token)
                step.sourceRows.append(Int32(beam))
                live += 1
            }
        }
        running = live
        swap(&beams, &nextBeams)
        swap(&sums, &nextSums)
    }

    /// Hypothesis score: 4.28.1 counts the seed and not the end, 4.57 the end and no seed.
    private func normalized(_ sum: Float, _ ids: [Int32], endsHere: Bool) -> Double {
        let length = ids.count + (version == .transformers4_57 && endsHere ? 1 : 0)
        // An empty list has no length to divide by: nothing was decoded, the sum is zero.
        return Double(sum) / pow(Double(max(length, 1)), lengthPenalty)
    }

    /// What the stop test believes an open beam can still reach, from the step just made.
    private func attainable(stopLengthOffset: Int) -> Double {
        switch version {
        case .transformers4_28_1:
            // The best of all candidates, ends included.
            guard candidates.count > 0 else { return -.infinity }
            let length = rules.seed.count + generated + stopLengthOffset
            return Double(candidates.scores[0]) / pow(Double(length), lengthPenalty)
        case .transformers4_57:
            guard running > 0 else { return -.infinity }
            return Double(sums[0]) / pow(Double(generated), lengthPenalty)
        }
    }
}
