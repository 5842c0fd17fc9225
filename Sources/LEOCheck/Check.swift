import Foundation

/// What one output of a golden case came to.
public struct OutputCheck: Sendable, Equatable, Codable {
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

    public init(path: String, kind: String, outputs: [OutputCheck], failure: String?, seconds: Double) {
        self.path = path
        self.kind = kind
        self.outputs = outputs
        self.failure = failure
        self.seconds = seconds
    }

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

/// A kind that `case.json` names.
protocol DescribedKind: CaseKind {
    static var kind: String { get }
}

extension DescribedKind {
    static func recognises(_ folder: CaseFolder) -> Bool { folder.description?.kind == kind }
    static func name(_ folder: CaseFolder) -> String { kind }
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
        FarthestPointsKind.self,
        BallQueryKind.self,
        FourierKind.self,
        PairwiseKind.self,
        SpatialAttentionKind.self,
        PlainEncoderLayerKind.self,
        CloudPreprocessingKind.self,
        ImagePreprocessingKind.self,
        DecodingKind.self,
        TokenizerKind.self,
        TokenizerFilesKind.self,
        CloudFilesKind.self,
        CheckpointFilesKind.self,
        LEGENTSessionKind.self,
        LEGENTWireKind.self,
        LEGENTImageKind.self,
        LEGENTCallsKind.self,
        LEGENTTrajectoryKind.self,
        LEGENTControllerKind.self,
    ]

    /// Runs every case in and below `folders`, in order of path. A folder may hold cases of several kinds; each runs.
    ///
    /// A case fails, with a reason, where its files are damaged, where its `case.json` names a kind this program does
    /// not know, and where it records an output that nothing here checks.
    ///
    /// - Parameters:
    ///   - progress: told about each case when it is done.
    /// - Throws: `CheckError.noCase` for a folder that holds no case this program knows.
    public static func run(_ folders: [String], progress: (CaseCheck) -> Void = { _ in }) throws -> [CaseCheck] {
        var results: [CaseCheck] = []
        for folder in folders {
            let cases = try CaseFolder.all(below: folder).flatMap { PlannedCase.all(in: $0) }
            if !cases.contains(where: \.isKnown) { throw CheckError.noCase(folder: folder) }
            for planned in cases {
                let result = planned.run()
                progress(result)
                results.append(result)
            }
        }
        return results
    }
}

/// A case that was found, before it runs.
private struct PlannedCase {
    let folder: CaseFolder
    let kind: (any CaseKind.Type)?
    /// False for a `case.json` of a foreign kind.
    let isKnown: Bool

    static func all(in folder: CaseFolder) -> [PlannedCase] {
        let kinds = Check.kinds.filter { $0.recognises(folder) }
        var cases = kinds.map { PlannedCase(folder: folder, kind: $0, isKnown: true) }
        if folder.damage != nil {
            cases.append(PlannedCase(folder: folder, kind: nil, isKnown: true))
        } else if kinds.isEmpty, folder.description != nil {
            cases.append(PlannedCase(folder: folder, kind: nil, isKnown: false))
        }
        return cases
    }

    func run() -> CaseCheck {
        let start = ContinuousClock.now
        var outputs: [OutputCheck] = []
        var failure: String?
        if let kind {
            do {
                try folder.checkDeclarations()
                outputs = try kind.run(folder)
                outputs += try folder.uncheckedOutputs(outputs)
            } catch {
                failure = "\(error)"
            }
        } else {
            failure = folder.damage ?? "\(folder.file("case.json")): kind: this program does not know it"
        }
        let elapsed = (ContinuousClock.now - start).components
        return CaseCheck(
            path: folder.path, kind: kind?.name(folder) ?? folder.description?.kind ?? "unknown", outputs: outputs, failure: failure,
            seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18)
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
