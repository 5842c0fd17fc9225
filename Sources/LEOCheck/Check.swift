import Foundation

/// What one output of a golden case came to.
public struct OutputCheck: Sendable, Equatable {
    public let name: String
    public let passed: Bool
    /// Largest absolute and relative difference; nil where outputs are compared as a whole (text, verdicts).
    public let largestAbsolute: Double?
    public let largestRelative: Double?
    /// The case's own tolerance, in words.
    public let tolerance: String
    /// What differs, where and how; empty when it passed.
    public let note: String

    public init(
        name: String, passed: Bool, largestAbsolute: Double? = nil, largestRelative: Double? = nil, tolerance: String = "exact", note: String = ""
    ) {
        self.name = name
        self.passed = passed
        self.largestAbsolute = largestAbsolute
        self.largestRelative = largestRelative
        self.tolerance = tolerance
        self.note = note
    }
}

/// One golden case and what came of it.
public struct CaseCheck: Sendable, Equatable {
    /// Folder or file of the case.
    public let path: String
    /// Kind, as its files say.
    public let kind: String
    public let outputs: [OutputCheck]
    /// Why the case could not be run at all.
    public let failure: String?
    public let seconds: Double

    public var passed: Bool { failure == nil && !outputs.isEmpty && outputs.allSatisfy(\.passed) }
}

/// A kind of golden case, recognised by the files of a folder.
protocol CaseKind: Sendable {
    /// Whether `folder` holds a case of this kind.
    static func recognises(_ folder: CaseFolder) -> Bool
    /// Runs the case. Throws where it cannot be run.
    static func run(_ folder: CaseFolder) throws -> [OutputCheck]
    /// Name for reports.
    static func name(_ folder: CaseFolder) -> String
}

/// Runs golden cases: what a build computes here, compared with recorded outputs of the official code.
public enum Check {
    static let kinds: [any CaseKind.Type] = [
        PointNetPPKind.self,
        ConvNeXtKind.self,
        OSE3DKind.self,
        LLaMAKind.self,
        AgentKind.self,
        AgentRequestKind.self,
        AgentBatchKind.self,
    ]

    /// Runs every case in and below `folders`, in order of path.
    ///
    /// - Parameters:
    ///   - progress: told about each case when it is done.
    /// - Throws: `CheckError.noCase` for a folder that holds no case this program knows.
    public static func run(_ folders: [String], progress: (CaseCheck) -> Void = { _ in }) throws -> [CaseCheck] {
        var results: [CaseCheck] = []
        for folder in folders {
            let cases = try CaseFolder.all(below: folder).compactMap { place in
                kinds.first { $0.recognises(place) }.map { (place, $0) }
            }
            if cases.isEmpty { throw CheckError.noCase(folder: folder) }
            for (place, kind) in cases {
                let start = Date()
                var outputs: [OutputCheck] = []
                var failure: String?
                do { outputs = try kind.run(place) } catch { failure = "\(error)" }
                let result = CaseCheck(
                    path: place.path, kind: kind.name(place), outputs: outputs, failure: failure, seconds: -start.timeIntervalSinceNow)
                progress(result)
                results.append(result)
            }
        }
        return results
    }
}

/// A check that cannot be started.
public enum CheckError: Error, Sendable, Equatable, CustomStringConvertible {
    case noCase(folder: String)
    case unreadable(path: String, reason: String)
    case malformed(path: String, field: String, expected: String)

    public var description: String {
        switch self {
        case .noCase(let folder): "\(folder): holds no golden case this program knows"
        case .unreadable(let path, let reason): "\(path): \(reason)"
        case .malformed(let path, let field, let expected): "\(path): \(field): expected \(expected)"
        }
    }
}
