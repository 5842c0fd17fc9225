import Foundation

/// Tells on standard error how many of a number of things are done: a bar on a terminal, else a line every half minute.
final class CountProgress {
    private let label: String
    private let isTerminal: Bool
    private let start = ContinuousClock.now
    private var last: ContinuousClock.Instant?
    private var shownCount = 0

    init(_ label: String, isTerminal: Bool = StandardError.isTerminal) {
        self.label = label
        self.isTerminal = isTerminal
    }

    /// - Parameters:
    ///   - done: of `total`, whenever they were done
    ///   - computed: done by this run, which tells how long the rest will take
    func update(done: Int, total: Int, computed: Int, note: String = "") {
        let now = ContinuousClock.now
        guard now - (last ?? start) >= (isTerminal ? .milliseconds(100) : .seconds(30)) || (isTerminal && done == 0) else { return }
        last = now
        let seconds = (now - start) / .seconds(1)
        let left = computed > 0 ? ", \(Units.seconds(seconds / Double(computed) * Double(total - done))) left" : ""
        let amounts = "\(done) of \(total)\(left)"
        if isTerminal {
            let filled = total > 0 ? min(24 * done / total, 24) : 24
            let bar = "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: 24 - filled) + "]"
            let line = "\(label) \(bar) \(amounts)" + (note.isEmpty ? "" : "  " + note.filter { !$0.isNewline })
            let text = String(line.prefix(max(StandardError.width - 1, 0)))
            StandardError.write("\r" + text.padded(shownCount))
            shownCount = text.count
        } else {
            StandardError.line("\(label): \(amounts)")
        }
    }

    /// Takes the bar away again.
    func finish() {
        if shownCount > 0 { StandardError.write("\r" + String(repeating: " ", count: shownCount) + "\r") }
        shownCount = 0
    }
}
