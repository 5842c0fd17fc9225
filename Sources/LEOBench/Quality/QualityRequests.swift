import Foundation
public import LEO
import LEOData
import LEOImageIO
public import LEOModel
import LEOScene
import LEOTasks
import LEOTensor
import LEOText
import LEOWorld

/// One of the requests that two files are compared on.
public struct QualityRequest: Sendable {
    /// What to call it in errors.
    public let name: String
    public let request: Request
    /// A text whose tokens both models read after the prompt; nil where there is none.
    public let reference: String?

    public init(name: String, request: Request, reference: String? = nil) {
        (self.name, self.request, self.reference) = (name, request, reference)
    }
}

extension QualityRequest {
    /// Questions, captions and plans about embedded worlds with their true answers (`texts` of them), and steps of
    /// navigation in them (`actions`), which ask for a Habitat action. The same seed gives the same requests.
    ///
    /// - Throws: `WorldTaskError`, `DataError`, `FileError`
    public static func generated(texts: Int, actions: Int, seed: UInt64, for configuration: ModelConfiguration) throws -> [QualityRequest] {
        let kinds: [TaskKind] = [.scanqa, .sqa3d, .scan2cap, .rscanPlan]
        var requests: [QualityRequest] = []
        for (index, kind) in kinds.enumerated() {
            let count = texts / kinds.count + (index < texts % kinds.count ? 1 : 0)
            if count > 0 { requests += try generated(kind, count: count, annotations: count, seed: seed, configuration) }
        }
        // A demonstration has many steps; one in four is asked for.
        if actions > 0 { requests += try generated(.mp3dObjNav, count: actions, annotations: actions / 4 + 1, seed: seed, configuration) }
        return requests
    }

    private static func generated(
        _ kind: TaskKind, count: Int, annotations: Int, seed: UInt64, _ configuration: ModelConfiguration
    ) throws -> [QualityRequest] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("leo-quality-" + UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let options = WorldTaskOptions(kinds: [.leo(kind)], seed: seed, count: annotations, validationCount: 1)
        _ = try WorldTaskWriter.write(options, to: folder, makeScene: { WorldGenerator.scene(seed: $0) })
        let evaluation = EvaluationOptions()
        let data = try openDataset(kind, in: DataFolders(folder), split: .train, options: evaluation.datasetOptions(configuration))
        // Evenly from all, so that steps come from every demonstration.
        let chosen = (0..<min(count, data.count)).map { $0 * data.count / min(count, data.count) }
        return try chosen.map { index in
            let sample = try data.sample(at: index)
            var request = Request(sample, decoding: evaluation.decoding, configuration: configuration)
            if kind == .mp3dObjNav { request.actionSpace = .habitat }
            return QualityRequest(
                name: "\(kind.rawValue) \(sample.id)", request: request, reference: kind == .mp3dObjNav ? nil : sample.references.first)
        }
    }

    /// A line of a file of requests; paths are relative to the file.
    private struct Line: Decodable {
        var instruction: String
        var scene: String?
        var image: String?
        var situation: String?
        var position: [Float]?
        var orientation: [Float]?
        var answer: String?
        var space: String?
    }

    /// Reads requests from JSON lines.
    ///
    /// - Throws: `BenchError.file` naming file, line and reason; errors of scenes and images
    public static func read(_ path: String, for configuration: ModelConfiguration) throws -> [QualityRequest] {
        let file: MappedFile
        do { file = try MappedFile(path: path) } catch { throw BenchError.file(path: path, reason: "cannot be read: \(error)") }
        let text = String(decoding: file.bytes, as: UTF8.self)
        withExtendedLifetime(file) {}
        let folder = (path as NSString).deletingLastPathComponent
        func place(_ name: String) -> String { name.hasPrefix("/") || folder.isEmpty ? name : folder + "/" + name }
        let decoder = JSONDecoder()
        var scenes: [String: Scene] = [:]
        var requests: [QualityRequest] = []
        for (index, content) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if content.allSatisfy(\.isWhitespace) { continue }
            func wrong(_ reason: String) -> BenchError { .file(path: path, reason: "line \(index + 1): \(reason)") }
            let line: Line
            do { line = try decoder.decode(Line.self, from: Data(content.utf8)) } catch {
                throw wrong(#"expected JSON like {"instruction": "…", "scene": "room.ply", "answer": "…"}"#)
            }
            var request = Request(line.instruction)
            if let name = line.scene {
                if scenes[name] == nil {
                    scenes[name] = try Scene(PointCloud(contentsOf: place(name)), options: SceneOptions(maximumObjects: configuration.maximumObjects))
                }
                request.scene = scenes[name]
            }
            if let name = line.image { request.image = try image(place(name)) }
            if let situation = line.situation { request.situation = .described(situation) }
            let position = line.position ?? [0, 0, 0], orientation = line.orientation ?? [0, 0, 0, 1]
            guard position.count == 3, position.allSatisfy(\.isFinite) else { throw wrong("position: expected three numbers") }
            guard orientation.count == 4, orientation.allSatisfy(\.isFinite) else { throw wrong("orientation: expected four numbers") }
            request.pose = Request.Pose(
                position: SIMD3(position[0], position[1], position[2]),
                orientation: SIMD4(orientation[0], orientation[1], orientation[2], orientation[3]))
            if let name = line.space {
                guard let space = Request.Space(name: name) else {
                    throw wrong("space: expected one of \(Request.Space.names.joined(separator: ", ")), found \(name)")
                }
                request.actionSpace = space
            }
            requests.append(QualityRequest(name: "\(path), line \(index + 1)", request: request, reference: line.answer))
        }
        if requests.isEmpty { throw BenchError.file(path: path, reason: "holds no request") }
        return requests
    }

    private static func image(_ path: String) throws -> Image {
        let file = try MappedFile(path: path)
        defer { withExtendedLifetime(file) {} }
        return try decodeImage(file.bytes, name: path).image
    }
}
