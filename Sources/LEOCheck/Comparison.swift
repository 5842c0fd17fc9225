/// Compares computed values with golden ones.
enum Comparison {
    /// - Parameter rows: if given, only rows (of `columns` values) whose flag is true count.
    static func floats(
        _ name: String, _ found: some Collection<Float>, _ golden: some Collection<Float>, _ tolerance: Tolerance,
        columns: Int = 1, rows: [Bool]? = nil
    ) -> OutputCheck {
        guard found.count == golden.count else {
            return OutputCheck(
                name: name, passed: false, tolerance: tolerance.description, note: "expected \(golden.count) values, found \(found.count)")
        }
        var absolute = 0.0, relative = 0.0, note = ""
        var passed = true
        for (index, (x, y)) in zip(found, golden).enumerated() {
            if let rows, index / columns < rows.count, !rows[index / columns] { continue }
            if x == y || (x.isNaN && y.isNaN) { continue }
            let difference = abs(Double(x) - Double(y))
            if difference.isNaN || difference > tolerance.absolute + tolerance.relative * abs(Double(y)) {
                if passed { note = "at \(index): expected \(y), found \(x)" }
                passed = false
            }
            absolute = difference.isNaN ? .infinity : max(absolute, difference)
            relative = difference.isNaN ? .infinity : max(relative, difference / max(abs(Double(y)), 1e-12))
        }
        return OutputCheck(
            name: name, passed: passed, largestAbsolute: absolute, largestRelative: relative, tolerance: tolerance.description, note: note)
    }

    static func exact<Value: Equatable>(_ name: String, _ found: [Value], _ golden: [Value]) -> OutputCheck {
        if found == golden { return OutputCheck(name: name, passed: true) }
        guard found.count == golden.count else {
            return OutputCheck(name: name, passed: false, note: "expected \(golden.count) values, found \(found.count): \(found.prefix(12)) for \(golden.prefix(12))")
        }
        let index = zip(found, golden).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
        return OutputCheck(name: name, passed: false, note: "at \(index): expected \(golden[index]), found \(found[index])")
    }

    static func exact<Value: Equatable>(_ name: String, _ found: Value, _ golden: Value) -> OutputCheck {
        OutputCheck(name: name, passed: found == golden, note: found == golden ? "" : "expected \(golden), found \(found)")
    }
}
