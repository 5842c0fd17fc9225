import Foundation
import Synchronization

/// Tells on standard error how far work is: a bar on a terminal, else a line now and then. Any thread may tell it.
final class Progress: Sendable {
    enum Unit {
        /// Told with a rate.
        case bytes
        /// Samples, tasks: told by their number.
        case things
    }

    private let label: String
    private let unit: Unit
    private let isTerminal: Bool
    private let interval: Duration
    private let start = ContinuousClock.now

    private struct State {
        var last: ContinuousClock.Instant?
        /// When the total was told for the first time: what came before says nothing about the rate.
        var counting: ContinuousClock.Instant?
        /// Characters of the bar on the terminal.
        var shownCount = 0
    }
    private let state = Mutex(State())

    /// - Parameter interval: between lines, where there is no terminal
    init(_ label: String, _ unit: Unit, interval: Duration = .seconds(5), isTerminal: Bool = StandardError.isTerminal) {
        self.label = label
        self.unit = unit
        self.interval = interval
        self.isTerminal = isTerminal
    }

    var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// - Parameters:
    ///   - done: of `total`, whenever they were done; with a total of 0 only the note is told
    ///   - computed: done by this run, which tells how long the rest will take; nil for all of `done`
    ///   - note: what was done last
    func update(done: Int, total: Int, computed: Int? = nil, note: String = "") {
        state.withLock { state in
            let now = ContinuousClock.now
            if total > 0, state.counting == nil { state.counting = state.last == nil ? start : now }
            // Short work prints nothing where nobody watches; on a terminal work that has not begun shows at once.
            let isFirst = isTerminal && done == 0 && state.last == nil
            guard isFirst || now - (state.last ?? start) >= (isTerminal ? .milliseconds(100) : interval) else { return }
            state.last = now
            let line = ProgressLine(
                label: label, unit: unit, done: done, total: total, computed: computed ?? done, seconds: (now - (state.counting ?? start)) / .seconds(1),
                note: note.filter { !$0.isNewline })
            if isTerminal {
                let text = line.bar(width: StandardError.width - 1)
                StandardError.write("\r" + text.padded(state.shownCount))
                state.shownCount = text.count
            } else {
                StandardError.line(line.plain)
            }
        }
    }

    /// Takes the bar away again.
    func finish() {
        state.withLock { state in
            if state.shownCount > 0 { StandardError.write("\r" + String(repeating: " ", count: state.shownCount) + "\r") }
            state.shownCount = 0
        }
    }
}

/// What one report of progress says.
struct ProgressLine {
    let label: String
    let unit: Progress.Unit
    let done: Int
    let total: Int
    let computed: Int
    let seconds: Double
    let note: String

    private var fraction: Double { total > 0 ? min(Double(done) / Double(total), 1) : 1 }
    private var percent: Int { Int(fraction * 100) }
    /// What is not yet counted has only a name.
    private var isCounted: Bool { total > 0 || note.isEmpty }

    private var amounts: String {
        let rate = seconds > 0 ? Double(computed) / seconds : 0
        let parts = [
            unit == .bytes ? "\(Units.bytes(done)) of \(Units.bytes(total))" : "\(done) of \(total)",
            unit == .bytes ? Units.rate(rate) : "",
            rate > 0 ? Units.seconds(Double(max(total - done, 0)) / rate) + " left" : "",
        ]
        return parts.filter { !$0.isEmpty }.joined(separator: ", ")
    }

    var plain: String {
        guard isCounted else { return "\(label): \(note)" }
        let parts = [unit == .bytes ? "\(percent) %" : "", amounts, String(note.prefix(60))]
        return "\(label): " + parts.filter { !$0.isEmpty }.joined(separator: ", ")
    }

    func bar(width: Int) -> String {
        guard isCounted else { return String("\(label): \(note)".prefix(max(width, 0))) }
        let tail = (unit == .bytes ? String(format: " %3d %% ", percent) : " ") + amounts
        let room = width - label.count - tail.count - 3
        if room < 8 { return String((label + tail).prefix(max(width, 0))) }
        let barWidth = min(room, 30)
        let full = Int(Double(barWidth) * fraction)
        let bar = "\(label) [" + String(repeating: "#", count: full) + String(repeating: "-", count: barWidth - full) + "]" + tail
        let left = width - bar.count - 2
        return left > 12 && !note.isEmpty ? bar + "  " + note.prefix(left) : bar
    }
}
