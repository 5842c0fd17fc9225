import Foundation
import LEOModel

/// Greedy and beam search written out slowly: whole sorts, whole lists, a batch at a time. The order of statements is
/// that of the published rules, not of the implementation.
struct ReferenceDecoding {
    var rules: DecodingRules
    var newTokens: Int
    var penalty: Float = 3
    var lengthPenalty = 1.0
    var beams = 5
    /// In units of the id list.
    var minLength = 0
    var bos: Int32 = 1
    var eos: Int32 = 2

    struct Found {
        var score: Double
        var ids: [Int32]
        var ended: Bool
    }

    private var seedsBOS: Bool { rules == .transformers4_28_1 }

    private func processed(_ scores: [Float], history: [Int32]) -> [Float] {
        var result = scores
        if penalty != 1 {
            for id in Set(history) {
                let score = scores[Int(id)]
                result[Int(id)] = score < 0 ? score * penalty : score / penalty
            }
        }
        if history.count < minLength { result[Int(eos)] = -.infinity }
        return result
    }

    private func logSoftmax(_ logits: [Float]) -> [Float] {
        let maximum = logits.max()!
        let sum = logits.reduce(0.0) { $0 + exp(Double($1) - Double(maximum)) }
        return logits.map { ($0 - maximum) - Float(log(sum)) }
    }

    func greedy(_ model: TableModel, prompt: [Int32]) -> [Int32] {
        var ids: [Int32] = seedsBOS ? [bos] : []
        var context = prompt
        for _ in 0..<newTokens {
            let next = firstMaximum(processed(model.logits(after: context), history: ids))!
            ids.append(next)
            context.append(next)
            if next == eos { break }
        }
        return ids
    }

    /// Best first, per request.
    func beamSearch(_ model: TableModel, prompts: [[Int32]]) -> [[Found]] {
        let B = prompts.count, K = beams, V = model.vocabulary
        let seed: [Int32] = seedsBOS ? [bos] : []
        var ids = [[[Int32]]](repeating: [[Int32]](repeating: seed, count: K), count: B)
        var contexts = prompts.map { [[Int32]](repeating: $0, count: K) }
        var total = [[Float]](repeating: [0] + [Float](repeating: -1e9, count: K - 1), count: B)
        var done = [Bool](repeating: false, count: B)
        var finished = [[Found]](repeating: [], count: B)

        func add(_ b: Int, _ found: Found) {
            let worst = finished[b].map(\.score).min() ?? .infinity
            guard finished[b].count < K || found.score > worst else { return }
            finished[b].append(found)
            if finished[b].count > K {
                let least = finished[b].map(\.score).min()!
                finished[b].remove(at: finished[b].firstIndex { $0.score == least }!)
            }
        }
        func divisor(_ generated: Int, ended: Bool) -> Double {
            pow(Double(seedsBOS ? seed.count + generated : generated + (ended ? 1 : 0)), lengthPenalty)
        }

        var t = 0
        while t < newTokens {
            var length = seed.count + t
            for b in 0..<B where !done[b] {
                var all: [(score: Float, position: Int)] = []
                for k in 0..<K {
                    let scores = processed(logSoftmax(model.logits(after: contexts[b][k])), history: ids[b][k])
                    for v in 0..<V { all.append((scores[v] + total[b][k], k * V + v)) }
                }
                all.sort { $0.score > $1.score || ($0.score == $1.score && $0.position < $1.position) }
                let best = Array(all.prefix(2 * K))

                length += 1    // never reset within the batch: the quirk of 4.28.1
                var nextIDs: [[Int32]] = [], nextContexts: [[Int32]] = [], nextTotal: [Float] = []
                for (rank, candidate) in best.enumerated() {
                    let k = candidate.position / V, token = Int32(candidate.position % V)
                    if token == eos {
                        if rank < K {
                            let score = Double(candidate.score) / divisor(t, ended: true)
                            add(b, Found(score: score, ids: ids[b][k] + [eos], ended: true))
                        }
                    } else if nextIDs.count < K {
                        nextIDs.append(ids[b][k] + [token])
                        nextContexts.append(contexts[b][k] + [token])
                        nextTotal.append(candidate.score)
                    }
                }
                ids[b] = nextIDs
                contexts[b] = nextContexts
                total[b] = nextTotal
                if finished[b].count >= K {
                    let attainable = seedsBOS
                        ? Double(best.map(\.score).max()!) / pow(Double(length), lengthPenalty)
                        : Double(nextTotal[0]) / pow(Double(t + 1), lengthPenalty)
                    done[b] = finished[b].map(\.score).min()! >= attainable
                }
            }
            t += 1
            if done.allSatisfy({ $0 }) { break }
        }
        return (0..<B).map { b in
            if !done[b] {
                for k in 0..<K {
                    let score = Double(total[b][k]) / divisor(t, ended: false)
                    add(b, Found(score: score, ids: ids[b][k], ended: false))
                }
            }
            let ranked = finished[b].enumerated().sorted { a, b in
                if a.element.score != b.element.score { return a.element.score > b.element.score }
                // 4.28.1 sorts ascending and pops from the end, so of equals the newest is first.
                return seedsBOS ? a.offset > b.offset : a.offset < b.offset
            }
            return ranked.map(\.element)
        }
    }
}
