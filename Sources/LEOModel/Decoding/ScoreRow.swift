/// The scores of one row of logits while rules are applied to them; one buffer for all rows and steps.
struct ScoreRow: Sendable {
    private(set) var values: [Float]
    /// Largest logit of the row, minus infinity if no token is possible.
    private(set) var maximum = -Float.infinity
    /// Number of the last pass that met each id, so that a repeated id is penalised once.
    private var marks: [UInt32]
    private var pass: UInt32 = 0

    init(vocabulary: Int) {
        values = [Float](repeating: -.infinity, count: vocabulary)
        marks = [UInt32](repeating: 0, count: vocabulary)
    }

    /// Takes a row of logits, free of NaN and plus infinity from here on.
    mutating func load(_ logits: UnsafeBufferPointer<Float>) {
        maximum = values.withUnsafeMutableBufferPointer { LogSumExp.copyClean(logits, to: $0) }
    }

    /// log of the sum of exp(logit - maximum), of a row just loaded.
    func shiftedLogSumExp() -> Double {
        guard maximum > -.infinity else { return -.infinity }
        return values.withUnsafeBufferPointer { LogSumExp.shifted($0, maximum: maximum) }
    }

    /// Replaces the logits just loaded by their log_softmax.
    ///
    /// Subtracts in f32 and in the order PyTorch does: the rounding decides which candidates are equal.
    mutating func normalize() {
        guard maximum > -.infinity else { return }
        let maximum = maximum
        let logSum = Float(shiftedLogSumExp())
        values.withUnsafeMutableBufferPointer { values in
            for index in values.indices { values[index] = (values[index] - maximum) - logSum }
        }
    }

    /// Once per distinct id of `history`: a negative score is multiplied by `penalty`, any other divided.
    mutating func penalize(_ history: [Int32], by penalty: Float) {
        guard penalty != 1 else { return }
        if pass == .max {
            for index in marks.indices { marks[index] = 0 }
            pass = 0
        }
        pass += 1
        for id in history {
            let index = Int(id)
            guard marks.indices.contains(index), marks[index] != pass else { continue }
            marks[index] = pass
            let score = values[index]
            values[index] = LogSumExp.clean(score < 0 ? score * penalty : score / penalty)
        }
    }

    mutating func forbid(_ id: Int32) {
        if values.indices.contains(Int(id)) { values[Int(id)] = -.infinity }
    }

    mutating func restrict(to allowed: TokenSet) {
        values.withUnsafeMutableBufferPointer { values in
            allowed.forEachGap(vocabulary: values.count) { values[$0].update(repeating: -.infinity) }
        }
    }

    /// The most probable id, of equals the lowest; nil if none is possible.
    func best() -> Int32? {
        values.withUnsafeBufferPointer { values in
            var best = -Float.infinity
            var found: Int32?
            for index in values.indices where values[index] > best {
                best = values[index]
                found = Int32(index)
            }
            return found
        }
    }
}
