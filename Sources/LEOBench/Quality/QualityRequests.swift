import Foundation
public import LEO
import LEOAction
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

    /// Reads requests from JSON lines: objects of `instruction` and, where wanted, `scene`, `image`, `situation`, `position`,
    /// `orientation`, `answer`, `space`; paths are relative to the file.
    ///
    /// - Throws: `BenchError.file` naming file, line, field and reason; errors of scenes and images
    public static func read(_ path: String, for configuration: ModelConfiguration) throws -> [QualityRequest] {
        let bytes: [UInt8]
        do { bytes = try MappedFile.contents(of: path) } catch { throw BenchError.file(path: path, reason: error.explanation) }
        let folder = (path as NSString).deletingLastPathComponent
        func place(_ name: String) -> String { name.hasPrefix("/") || folder.isEmpty ? name : folder + "/" + name }
        var scenes: [String: Scene] = [:]
        var requests: [QualityRequest] = []
        for (index, content) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if content.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }) { continue }
            let line: Line
            do { line = try Line(Array(content), number: index + 1) } catch {
                throw BenchError.file(path: path, reason: error.description)
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
            request.pose = line.pose
            request.actionSpace = line.space
            requests.append(QualityRequest(name: "\(path), line \(index + 1)", request: request, reference: line.answer))
        }
        if requests.isEmpty { throw BenchError.file(path: path, reason: "holds no request") }
        return requests
    }

    /// A line of a file of requests.
    private struct Line {
        let instruction: String
        let scene: String?
        let image: String?
        let situation: String?
        let pose: Request.Pose
        let answer: String?
        let space: Request.Space?

        init(_ json: [UInt8], number: Int) throws(LEGENTMessageError) {
            let place = "line \(number)"
            let root = JSONReader(try JSONText(parsing: json, field: place), path: place + ": ")
            guard case .object = root.value else {
                throw .invalidValue(field: place, expected: #"an object like {"instruction": "…", "scene": "room.ply"}"#, found: root.value.kind)
            }
            instruction = try root.required("instruction").string
            scene = try root.optional("scene")?.string
            image = try root.optional("image")?.string
            situation = try root.optional("situation")?.string
            answer = try root.optional("answer")?.string
            let position = try Self.numbers(root, "position") ?? [0, 0, 0]
            let orientation = try Self.numbers(root, "orientation") ?? [0, 0, 0, 1]
            pose = Request.Pose(
                position: SIMD3(position[0], position[1], position[2]),
                orientation: SIMD4(orientation[0], orientation[1], orientation[2], orientation[3]))
            guard let field = try root.optional("space") else {
                space = nil
                return
            }
            guard let known = Request.Space(name: try field.string) else {
                throw field.wrong("one of \(Request.Space.names.joined(separator: ", "))")
            }
            space = known
        }

        /// Three of a position, four of an orientation, all of a size that a place in metres can have.
        private static func numbers(_ root: JSONReader, _ key: String) throws(LEGENTMessageError) -> [Float]? {
            guard let field = try root.optional(key) else { return nil }
            let elements = try field.elements, count = key == "position" ? 3 : 4
            guard elements.count == count else { throw field.wrong("\(count) numbers", found: "\(elements.count)") }
            var numbers: [Float] = []
            for element in elements {
                let number = try element.finite
                guard abs(number) <= 1e6 else { throw element.wrong("a number from -1000000 to 1000000") }
                numbers.append(Float(number))
            }
            return numbers
        }
    }

    private static func image(_ path: String) throws -> Image {
        let file = try MappedFile(path: path)
        defer { withExtendedLifetime(file) {} }
        return try decodeImage(file.bytes, name: path).image
    }
}
