import LEOData
import LEOWorld

/// A kind of task that the embedded world provides: LEO's own by their official names, LEGENT's seven, all in their
/// official file layouts.
public enum WorldTaskKind: Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case leo(TaskKind)
    case legent(LEGENTTaskKind)

    public static let allCases = TaskKind.allCases.map(WorldTaskKind.leo) + LEGENTTaskKind.allCases.map(WorldTaskKind.legent)

    /// "scanqa", "legent-come".
    public var description: String {
        switch self {
        case .leo(let task): task.rawValue
        case .legent(let task): "legent-\(task.rawValue)"
        }
    }

    /// The kinds that a word stands for: a name, or "all", "leo", "legent".
    public static func kinds(named name: String) -> [WorldTaskKind]? {
        switch name.lowercased() {
        case "all": return allCases
        case "leo": return TaskKind.allCases.map(WorldTaskKind.leo)
        case "legent": return LEGENTTaskKind.allCases.map(WorldTaskKind.legent)
        default:
            if let task = TaskKind(name: name) { return [.leo(task)] }
            return allCases.first { $0.description == name.lowercased() }.map { [$0] }
        }
    }
}

/// LEGENT's tasks, named by the first word of their instruction or what they ask.
public enum LEGENTTaskKind: String, Sendable, CaseIterable {
    case come, goto, take, bring, put, `where`, exist
}

/// What to generate and how much of it.
public struct WorldTaskOptions: Sendable {
    public var kinds: [WorldTaskKind]
    public var seed: UInt64
    /// Annotations of each kind for training: captions, questions, plans, dialogues, demonstrations, LEGENT tasks.
    public var count: Int
    /// The same for validation (and, for SQA3D, for test), from scenes that training never sees.
    public var validationCount: Int
    /// Most annotations of one kind that a scene gives.
    public var perScene: Int
    /// Points of each thing in scans.
    public var pointsPerObject: Int
    /// Points a square metre of walls and floors in scans.
    public var roomDensity: Double
    /// Write into a folder that has files already, over those of the same name.
    public var overwrites: Bool

    /// What the numbers may be.
    public static let counts = 1...10_000_000
    public static let validationCounts = 0...1_000_000
    public static let perSceneCounts = 1...1000
    public static let pointCounts = 1...1_000_000

    /// - Parameter validationCount: a tenth of `count`, and at least 1, where nil
    public init(kinds: [WorldTaskKind], seed: UInt64 = 0, count: Int = 100, validationCount: Int? = nil) {
        self.kinds = kinds
        self.seed = seed
        self.count = count
        self.validationCount = validationCount ?? max(count / 10, 1)
        perScene = 8
        pointsPerObject = 2048
        roomDensity = 400
        overwrites = false
    }
}

/// What was written.
public struct WorldTaskReport: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let kind: WorldTaskKind
        public let split: DataSplit
        /// Annotations as in `WorldTaskOptions.count`.
        public let count: Int
        /// The annotation file or the folder of demonstrations, relative to the output.
        public let path: String
    }

    public var rows: [Row] = []
    public var sceneCount = 0
    public var fileCount = 0
    public var byteCount = 0

    public init() {}
}

public enum WorldTaskError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalidOption(name: String, reason: String)
    case notEmpty(folder: String)
    /// Scene after scene gave nothing of a kind.
    case exhausted(kind: WorldTaskKind, found: Int, wanted: Int)
    /// What a text refers to cannot be had from the scene.
    case unusable(seed: UInt64, reason: String)

    public var description: String {
        switch self {
        case .invalidOption(let name, let reason): "\(name): \(reason)"
        case .notEmpty(let folder): "\(folder): is not empty; choose another folder or allow overwriting"
        case .exhausted(let kind, let found, let wanted): "\(kind): the scenes gave only \(found) of \(wanted)"
        case .unusable(let seed, let reason): "scene of seed \(seed): \(reason)"
        }
    }
}
