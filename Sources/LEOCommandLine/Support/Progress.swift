import Foundation

/// Tells on standard error how far work is: a bar on a terminal, else a line every few seconds.
final class Progress {
    private let label: String
    private let isTerminal: Bool
    private let start = ContinuousClock.now
    private var last: ContinuousClock.Instant?
    private var shownCount = 0

    init(_ label: String, isTerminal: Bool = StandardError.isTerminal) {
        self.label = label
        self.isTerminal = isTerminal
    }

    var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    func update(done: Int, total: Int, name: String) {
        let now = ContinuousClock.now
        // Short work prints nothing where nobody watches.
        let interval: Duration = isTerminal ? .milliseconds(100) : .seconds(5)
        guard now - (last ?? start) >= interval else { return }
        last = now
        let line = ProgressLine(label: label, done: done, total: total, seconds: seconds, name: name)
        if isTerminal {
            let text = line.bar(width: StandardError.width - 1)
            StandardError.write("\r" + text.padded(shownCount))
            shownCount = text.count
        } else {
            StandardError.line(line.plain)
        }
    }

    /// Takes the bar away again.
    func finish() {
        if shownCount > 0 { StandardError.write("\r" + String(repeating: " ", count: shownCount) + "\r") }
        shownCount = 0
    }
}

/// What one report of progress says.
struct ProgressLine {
    let label: String
    let done: Int
    let total: Int
    let seconds: Double
    let name: String

    private var fraction: Double { total > 0 ? min(Double(done) / Double(total), 1) : 0 }
    private var rate: Double { seconds > 0 ? Double(done) / seconds : 0 }
    private var timeLeft: String { rate > 0 ? Units.seconds(Double(max(total - done, 0)) / rate) + " left" : "" }
    private var amounts: String { "\(Units.bytes(done)) of \(Units.bytes(total)), \(Units.rate(rate)), \(timeLeft)" }

    var plain: String { "\(label): \(Int(fraction * 100)) %, \(amounts), \(name)" }

    func bar(width: Int) -> String {
        let tail = String(format: " %3d %% ", Int(fraction * 100)) + amounts
        let room = width - label.count - tail.count - 3
        if room < 8 { return String((label + tail).prefix(max(width, 0))) }
        let barWidth = min(room, 30)
        let full = Int(Double(barWidth) * fraction)
        let bar = "\(label) [" + String(repeating: "#", count: full) + String(repeating: "-", count: barWidth - full) + "]" + tail
        let left = width - bar.count - 2
        return left > 12 ? bar + "  " + name.prefix(left) : bar
    }
}
