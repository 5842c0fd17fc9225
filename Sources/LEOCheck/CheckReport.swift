public import Foundation

/// What a run of golden cases came to, for people and for programs.
public struct CheckReport: Sendable, Equatable {
    public let cases: [CaseCheck]

    public init(_ cases: [CaseCheck]) { self.cases = cases }

    public var outputCount: Int { cases.reduce(0) { $0 + $1.outputs.count } }
    public var failedCount: Int { cases.count { !$0.passed } }
    /// Whether there was at least one case and none failed.
    public var passed: Bool { !cases.isEmpty && failedCount == 0 }
    public var seconds: Double { cases.reduce(0) { $0 + $1.seconds } }

    // MARK: For people

    /// A line for each case, the outputs that failed below it, and a summary.
    public var text: String {
        let width = cases.map(\.path.count).max() ?? 0, kindWidth = cases.map(\.kind.count).max() ?? 0
        return (cases.map { Self.text($0, pathWidth: width, kindWidth: kindWidth) } + [summary]).joined(separator: "\n") + "\n"
    }

    /// `N cases, M outputs, K failed`, K being cases.
    public var summary: String { "\(cases.count) cases, \(outputCount) outputs, \(failedCount) failed" }

    /// One case: mark, path, kind, largest differences against what is allowed, time; below it what failed or was skipped.
    ///
    /// - Parameters:
    ///   - pathWidth: columns for the path, where lines shall align
    ///   - kindWidth: the same for the kind
    public static func text(_ result: CaseCheck, pathWidth: Int = 0, kindWidth: Int = 0) -> String {
        func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(width - text.count, 0)) }
        let head = [
            result.passed ? "✓" : "✗", padded(result.path, pathWidth), padded(result.kind, kindWidth), padded(differences(result), 52),
            String(format: "%.3f s", result.seconds),
        ].joined(separator: "  ")
        var lines = [head]
        if let failure = result.failure { lines.append("    " + failure) }
        if result.failure == nil, result.outputs.isEmpty { lines.append("    no output was checked") }
        lines += result.outputs.filter { !$0.passed || !$0.note.isEmpty }.map { output in
            var line = "    \(output.name): \(output.note)"
            if let absolute = output.largestAbsolute, let relative = output.largestRelative {
                line += " (largest \(number(absolute)), relative \(number(relative)), allowed \(output.tolerance))"
            }
            return line
        }
        return lines.joined(separator: "\n")
    }

    private static func differences(_ result: CaseCheck) -> String {
        let measured = result.outputs.filter { $0.largestAbsolute != nil }
        guard let absolute = measured.compactMap(\.largestAbsolute).max(), let relative = measured.compactMap(\.largestRelative).max() else {
            return result.outputs.isEmpty ? "-" : "exact"
        }
        // Of several tolerances in one case the first is that of `case.json`'s first output; all stand in the JSON.
        return "abs \(number(absolute)) rel \(number(relative)) of \(measured[0].tolerance)"
    }

    private static func number(_ value: Double) -> String { value == 0 ? "0" : String(format: "%.1e", value) }

    // MARK: For programs

    /// The report as JSON: `passed`, `case_count`, `output_count`, `failed_count`, `seconds`, `cases`.
    ///
    /// Differences that are not finite are the strings `inf` and `nan`.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try encoder.encode(self)
    }

    public init(json: Data) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        self = try decoder.decode(Self.self, from: json)
    }
}

extension CheckReport: Codable {
    private enum CodingKeys: String, CodingKey { case cases, passed, caseCount, outputCount, failedCount, seconds }

    /// Counts follow from the cases and are not read.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.container(keyedBy: CodingKeys.self).decode([CaseCheck].self, forKey: .cases))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(cases, forKey: .cases)
        try container.encode(passed, forKey: .passed)
        try container.encode(cases.count, forKey: .caseCount)
        try container.encode(outputCount, forKey: .outputCount)
        try container.encode(failedCount, forKey: .failedCount)
        try container.encode(seconds, forKey: .seconds)
    }
}

extension CaseCheck: Codable {
    private enum CodingKeys: String, CodingKey { case path, kind, passed, outputs, failure, seconds }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            path: try container.decode(String.self, forKey: .path), kind: try container.decode(String.self, forKey: .kind),
            outputs: try container.decode([OutputCheck].self, forKey: .outputs),
            failure: try container.decodeIfPresent(String.self, forKey: .failure),
            seconds: try container.decode(Double.self, forKey: .seconds))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path, forKey: .path)
        try container.encode(kind, forKey: .kind)
        try container.encode(passed, forKey: .passed)
        try container.encode(outputs, forKey: .outputs)
        try container.encodeIfPresent(failure, forKey: .failure)
        try container.encode(seconds, forKey: .seconds)
    }
}
