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
        var compared = 0
        for (index, (x, y)) in zip(found, golden).enumerated() {
            if let rows, index / columns < rows.count, !rows[index / columns] { continue }
            compared += 1
            if x == y || (x.isNaN && y.isNaN) { continue }
            let difference = abs(Double(x) - Double(y))
            if difference.isNaN || difference > tolerance.absolute + tolerance.relative * abs(Double(y)) {
                if passed { note = "at \(index): expected \(y), found \(x)" }
                passed = false
            }
            absolute = difference.isNaN ? .infinity : max(absolute, difference)
            relative = difference.isNaN ? .infinity : max(relative, difference / max(abs(Double(y)), 1e-12))
        }
        if compared == 0, golden.count > 0 { return OutputCheck(name: name, passed: false, note: "no value was compared") }
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

    /// Rows of a file that are compared one by one: `body` says what is wrong with a row.
    static func rows<Row>(_ name: String, _ rows: [Row], _ body: (Row) throws -> String?) -> OutputCheck {
        if rows.isEmpty { return OutputCheck(name: name, passed: false, note: "holds nothing to compare") }
        var first = "", failed = 0
        for (index, row) in rows.enumerated() {
            var wrong: String?
            do { wrong = try body(row) } catch { wrong = "\(error)" }
            guard let wrong else { continue }
            if failed == 0 { first = "row \(index + 1): \(wrong)" }
            failed += 1
        }
        return OutputCheck(name: name, passed: failed == 0, note: failed == 0 ? "" : "\(first) (\(failed) of \(rows.count) rows differ)")
    }

    /// What is wrong with `found`, or nil.
    static func difference<Value: Equatable>(_ what: String, _ found: [Value], _ golden: [Value]) -> String? {
        let check = exact("", found, golden)
        return check.passed ? nil : "\(what): \(check.note)"
    }

    /// Text is compared byte by byte: Swift's `==` would let other spellings of the same characters pass.
    static func difference(_ what: String, _ found: String, _ golden: String) -> String? {
        found.utf8.elementsEqual(golden.utf8) ? nil : "\(what): expected \(golden.debugDescription), found \(found.debugDescription)"
    }
}
