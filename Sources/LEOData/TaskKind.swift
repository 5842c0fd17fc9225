/// LEO's tasks; raw values are the official names.
///
/// - Source: official `configs/data/default.yaml`, `data/datasets.py`
public enum TaskKind: String, Sendable, CaseIterable, Codable, CustomStringConvertible {
    /// One object alone, captioned (Cap3D).
    case cap3d
    /// One object of a scene, captioned; training only.
    case objSceneCap = "obj_scene_cap"
    /// A whole scene, captioned.
    case sceneCap = "scene_cap"
    /// One object of a scene, captioned (ScanRefer's texts).
    case scan2cap
    case scanqa
    case sqa3d
    case rscanQA = "rscan_qa"
    case rscanPlan = "rscan_plan"
    case rscanDialog = "rscan_dialog"
    case mp3dObjNav = "mp3d_objnav"
    case cliport

    /// The task of this name: the official one, or a short spelling of it (`objnav`, `3rscan_qa`, `plan`, ...). Case, and
    /// whether words are joined by `_`, `-` or nothing, do not matter.
    public init?(name: String) {
        let key = Self.key(name)
        if let task = Self.allCases.first(where: { Self.key($0.rawValue) == key }) {
            self = task
        } else {
            guard let task = Self.shortNames.first(where: { $0.value.contains(key) })?.key else { return nil }
            self = task
        }
    }

    private static func key(_ name: String) -> String { name.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " } }

    private static let shortNames: [TaskKind: [String]] = [
        .cap3d: ["objcap", "objectcaption"],
        .objSceneCap: ["objectscenecap", "objscenecaption"],
        .sceneCap: ["scenecaption", "rscanscenecap", "3rscanscenecap"],
        .scan2cap: ["scanrefer"],
        .sqa3d: ["sqa"],
        .rscanQA: ["3rscanqa"],
        .rscanPlan: ["3rscanplan", "plan", "planning"],
        .rscanDialog: ["3rscandialog", "rscandialogue", "3rscandialogue", "dialog", "dialogue"],
        .mp3dObjNav: ["objnav", "mp3d", "navigation"],
        .cliport: ["manipulation"],
    ]

    public var description: String { rawValue }

    /// Whether a sample may have several right answers, which evaluation compares with (question answering).
    public var hasSeveralAnswers: Bool {
        switch self {
        case .scanqa, .sqa3d, .rscanQA: true
        default: false
        }
    }

    /// Whether the sample is about its first object and the agent stands inside that object's box.
    public var isObjectCaptioning: Bool {
        switch self {
        case .cap3d, .objSceneCap, .scan2cap: true
        default: false
        }
    }

    /// Whether answers are action tokens, and samples have an ego-view image.
    public var isActing: Bool { self == .mp3dObjNav || self == .cliport }
}

/// A part of a data set.
public enum DataSplit: String, Sendable, CaseIterable, Codable {
    case train, val, test
}

/// Where a scene comes from; raw values are the official names.
public enum SceneSource: String, Sendable, CaseIterable, Codable {
    case objaverse, scannet
    case rscan = "3rscan"
    case mp3d, cliport
}
