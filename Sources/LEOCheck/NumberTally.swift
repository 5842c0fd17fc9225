import Foundation

/// Compares doubles under one tolerance and remembers the largest difference.
struct NumberTally {
    let tolerance: Tolerance
    private(set) var largestAbsolute = 0.0
    private(set) var largestRelative = 0.0

    init(_ tolerance: Tolerance) { self.tolerance = tolerance }

    /// What is wrong with `found`, or nil.
    mutating func difference(_ what: String, _ found: Double, _ golden: Double) -> String? {
        if found == golden || (found.isNaN && golden.isNaN) { return nil }
        let difference = abs(found - golden)
        largestAbsolute = difference.isNaN ? .infinity : max(largestAbsolute, difference)
        largestRelative = difference.isNaN ? .infinity : max(largestRelative, difference / max(abs(golden), 1e-12))
        if difference <= tolerance.absolute + tolerance.relative * abs(golden) { return nil }
        return "\(what): expected \(golden), found \(found)"
    }

    mutating func difference(_ what: String, _ found: [Double], _ golden: [Double]) -> String? {
        guard found.count == golden.count else { return "\(what): expected \(golden.count) values, found \(found.count)" }
        var first: String?
        for (index, pair) in zip(found, golden).enumerated() {
            let wrong = difference("\(what)[\(index)]", pair.0, pair.1)
            first = first ?? wrong
        }
        return first
    }
}

extension Comparison {
    /// Rows of a file whose numbers are compared under a tolerance: `body` says what is wrong with a row.
    static func rows<Row>(
        _ name: String, _ rows: [Row], within tolerance: Double, _ body: (Row, inout NumberTally) throws -> String?
    ) -> OutputCheck {
        var tally = NumberTally(Tolerance(absolute: tolerance))
        let check = Comparison.rows(name, rows) { try body($0, &tally) }
        return OutputCheck(
            name: name, passed: check.passed, largestAbsolute: tally.largestAbsolute, largestRelative: tally.largestRelative,
            tolerance: tally.tolerance.description, note: check.note)
    }
}

extension CaseFolder {
    /// Checks a file of one JSON value a line; a file that cannot be read is a failed output.
    func check<Row: Decodable>(_ name: String, _ type: Row.Type, _ body: (Row) throws -> String?) -> OutputCheck {
        do { return Comparison.rows(name, try lines(name, of: type), body) } catch {
            return OutputCheck(name: name, passed: false, note: "\(error)")
        }
    }

    /// The same where numbers have a tolerance.
    func check<Row: Decodable>(
        _ name: String, _ type: Row.Type, within tolerance: Double, _ body: (Row, inout NumberTally) throws -> String?
    ) -> OutputCheck {
        do { return Comparison.rows(name, try lines(name, of: type), within: tolerance, body) } catch {
            return OutputCheck(name: name, passed: false, note: "\(error)")
        }
    }

    /// Whether the first line of a file has `key`; tells apart files of one name in folders of several kinds.
    func firstLine(of name: String, has key: String) -> Bool {
        guard has(name), let data = try? data(name), let line = data.split(separator: UInt8(ascii: "\n")).first,
            let row = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
        else { return false }
        return row[key] != nil
    }
}

extension Array where Element == Double {
    /// Three numbers of a recorded row.
    func vector3(_ field: String) throws -> SIMD3<Double> {
        guard count == 3 else { throw CheckError.malformed(path: "row", field: field, expected: "3 numbers, found \(count)") }
        return SIMD3(self[0], self[1], self[2])
    }

    /// Four numbers of a recorded row.
    func vector4(_ field: String) throws -> SIMD4<Double> {
        guard count == 4 else { throw CheckError.malformed(path: "row", field: field, expected: "4 numbers, found \(count)") }
        return SIMD4(self[0], self[1], self[2], self[3])
    }
}
