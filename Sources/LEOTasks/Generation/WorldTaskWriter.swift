import Foundation
import LEOAction
import LEOData
import LEOScene
import LEOTensor
import LEOWorld

/// Writes tasks from generated worlds in the layouts of LEO's data sets and of LEGENT.
///
/// The same options give the same files, byte for byte. Each file appears under its name only when it is complete;
/// annotations come after the scans they speak of.
public struct WorldTaskWriter {
    /// Called as work proceeds: annotations done, annotations in all, what is being written.
    public typealias ProgressHandler = (_ done: Int, _ total: Int, _ name: String) throws -> Void

    let options: WorldTaskOptions
    let folder: String
    let progress: ProgressHandler
    var scenes: TaskScenes
    var report = WorldTaskReport()
    private var done = 0
    private let total: Int
    /// Scans that are on the disk, with the middle of each.
    private var scanCenters: [String: SIMD3<Double>] = [:]

    /// - Parameter makeScene: makes the world of a seed; tests have their own
    /// - Throws: `WorldTaskError`, `FileError`
    public static func write(
        _ options: WorldTaskOptions, to folder: String,
        makeScene: @escaping @Sendable (_ seed: UInt64) throws -> WorldScene,
        progress: @escaping ProgressHandler = { _, _, _ in }
    ) throws -> WorldTaskReport {
        var writer = try WorldTaskWriter(options, to: folder, makeScene: makeScene, progress: progress)
        for kind in writer.options.kinds { try writer.write(kind) }
        return writer.report
    }

    private init(
        _ options: WorldTaskOptions, to folder: String, makeScene: @escaping TaskScenes.Maker,
        progress: @escaping ProgressHandler
    ) throws {
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw WorldTaskError.invalidOption(
                    name: name, reason: "expected \(range.lowerBound) to \(range.upperBound), found \(value)")
            }
        }
        guard !options.kinds.isEmpty else { throw WorldTaskError.invalidOption(name: "kind", reason: "none given") }
        try check("count", options.count, WorldTaskOptions.counts)
        try check("validation count", options.validationCount, WorldTaskOptions.validationCounts)
        try check("annotations per scene", options.perScene, WorldTaskOptions.perSceneCounts)
        try check("points per object", options.pointsPerObject, WorldTaskOptions.pointCounts)
        guard options.roomDensity >= 0, options.roomDensity <= 100_000 else {
            throw WorldTaskError.invalidOption(
                name: "room density", reason: "expected 0 to 100000 points a square metre, found \(options.roomDensity)"
            )
        }
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) {
            guard isFolder.boolValue else {
                throw FileError(path: folder, action: "write into it", reason: "is not a folder")
            }
            guard try folderNames(folder).isEmpty || options.overwrites else { throw WorldTaskError.notEmpty(folder: folder) }
        }
        var options = options
        var seen: Set<WorldTaskKind> = []
        options.kinds = options.kinds.filter { seen.insert($0).inserted }
        self.options = options
        self.folder = folder
        self.progress = progress
        scenes = TaskScenes(seed: options.seed, make: makeScene)
        total = options.kinds.reduce(0) { $0 + Self.parts(of: $1, options).reduce(0) { $0 + $1.count } }
    }

    /// Which parts a kind has, and how large they are.
    static func parts(of kind: WorldTaskKind, _ options: WorldTaskOptions) -> [(split: DataSplit, count: Int)] {
        let train = (split: DataSplit.train, count: options.count)
        let validation = (split: DataSplit.val, count: options.validationCount)
        switch kind {
        // One list, whose last thousand rows loaders take for evaluation.
        case .leo(.cap3d): return [train]
        case .leo(.objSceneCap), .legent: return [train]
        case .leo(.sqa3d): return [train, validation, (split: .test, count: options.validationCount)]
        default: return [train, validation]
        }
    }

    private mutating func write(_ kind: WorldTaskKind) throws {
        switch kind {
        case .leo(.cap3d): try writeObjectCaptions()
        case .leo(.objSceneCap): try writeObjectSceneCaptions()
        case .leo(.sceneCap): try writeSceneCaptions()
        case .leo(.scan2cap): try writeScan2Cap()
        case .leo(.scanqa): try writeScanQA()
        case .leo(.sqa3d): try writeSQA3D()
        case .leo(.rscanQA): try writeRScanQuestions()
        case .leo(.rscanPlan): try writeRScanPlans()
        case .leo(.rscanDialog): try writeRScanDialogues()
        case .leo(.mp3dObjNav): try writeNavigation()
        case .leo(.cliport): try writeManipulation()
        case .legent(let task): try writeLEGENT(task)
        }
    }

    // MARK: Helpers of all kinds

    func path(_ relative: String) -> String { folder + "/" + relative }

    /// A generator for a purpose that nothing else draws from.
    func random(_ purpose: String, _ index: Int = 0) -> SplitMix64 { SplitMix64(seed: options.seed, purpose, index) }

    /// Counts annotations towards progress; also where an interrupted run stops.
    mutating func advance(_ count: Int, _ name: String) throws {
        done += count
        try progress(done, total, name)
    }

    mutating func wrote(_ relative: String) {
        report.fileCount += 1
        report.byteCount += (try? FileManager.default.attributesOfItem(atPath: path(relative))[.size] as? Int) ?? 0
    }

    mutating func writeJSON(_ value: JSONText, _ relative: String) throws {
        try DatasetFiles.writeJSON(value, to: path(relative))
        wrote(relative)
    }

    mutating func finish(_ kind: TaskKind, _ split: DataSplit, _ count: Int, _ relative: String) {
        report.rows.append(WorldTaskReport.Row(kind: .leo(kind), split: split, count: count, path: relative))
    }

    /// Gathers items scene by scene, at most `perScene` from each, until there are `count`.
    ///
    /// - Parameter make: what a scene gives, at most as many as asked for
    mutating func collect<Item>(
        _ kind: TaskKind, _ split: DataSplit, count: Int, perScene: Int? = nil, purpose: String? = nil,
        make: (SceneTruth, Int, inout SplitMix64) throws -> [Item]
    ) throws -> [(scene: TaskScenes.Entry, items: [Item])] {
        var groups: [(scene: TaskScenes.Entry, items: [Item])] = []
        var found = 0
        var index = 0
        var barren = 0
        while found < count {
            let entry = try scenes.scene(index, of: split)
            var random = SplitMix64(seed: entry.seed, purpose ?? kind.rawValue)
            let wanted = min(perScene ?? options.perScene, count - found)
            let items = Array(try make(entry.truth, wanted, &random).prefix(wanted))
            index += 1
            barren = items.isEmpty ? barren + 1 : 0
            guard barren < 200 else { throw WorldTaskError.exhausted(kind: .leo(kind), found: found, wanted: count) }
            if items.isEmpty { continue }
            groups.append((entry, items))
            found += items.count
            try advance(items.count, "\(kind.rawValue) \(split.rawValue)")
        }
        return groups
    }

    /// The scan of a scene, for the caller to write, or nil where an earlier kind wrote it.
    mutating func scanOnce(_ entry: TaskScenes.Entry, named name: String) throws -> TaskScan? {
        guard scanCenters[name] == nil else { return nil }
        let scan = try TaskScan(of: entry, pointsPerObject: options.pointsPerObject, roomDensity: options.roomDensity)
        scanCenters[name] = scan.center
        report.sceneCount += 1
        return scan
    }

    /// Middle of the box around a scan that `scanOnce` has made.
    func center(ofScan name: String) -> SIMD3<Double> { scanCenters[name] ?? .zero }
}
