import Foundation

/// LEGENT's scene: what its RESET message carries and its scene files hold.
///
/// What LEGENT's keys cannot say, the engine adds under keys of its own, which LEGENT does not read: `parent_surface` and
/// `room` of instances, `leo_material` of walls and floors, and `leo` with the seed, whose presence also says that parents
/// and rooms are complete.
public enum SceneJSON {
    /// What a file says, and what had to be replaced on the way.
    public struct Reading: Sendable {
        public var scene: WorldScene
        /// A line for each prefab, light or material that something else stands in for.
        public var notices: [String]
    }

    /// Bytes of the largest file that is read.
    public static let maximumBytes = 64 << 20

    /// Reads a scene file.
    ///
    /// - Errors: `.unreadable`, `.malformed`
    public static func read(path: String) throws(WorldError) -> Reading {
        let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
        if let size, size > maximumBytes {
            throw .unreadable(file: path, reason: "\(size) bytes, expected at most \(maximumBytes)")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .unreadable(file: path, reason: "cannot be opened as a file")
        }
        return try read(Array(data), file: path)
    }

    /// Reads a scene, or a task setting that has one under `scene`.
    ///
    /// - Parameter file: what errors call it
    /// - Errors: `.malformed`
    public static func read(_ bytes: [UInt8], file: String = "scene") throws(WorldError) -> Reading {
        guard bytes.count <= maximumBytes else {
            throw .unreadable(file: file, reason: "\(bytes.count) bytes, expected at most \(maximumBytes)")
        }
        let document: JSONValue
        do {
            document = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
        } catch {
            throw .malformed(file: file, field: "document", reason: "is no JSON: \(reason(of: error))")
        }
        var root = JSONField(file: file, path: "", value: document)
        if try root.optional("instances") == nil, let scene = try root.optional("scene") { root = scene }
        var reader = SceneReader()
        return try reader.read(root)
    }

    /// The scene as JSON text.
    ///
    /// - Errors: `.malformed` if the scene has numbers that are none
    public static func text(of scene: WorldScene) throws(WorldError) -> String {
        try SceneWriter().text(of: scene)
    }

    /// Writes a scene file; an older file of the name is replaced only once the new one is complete.
    ///
    /// - Errors: `.unreadable` if it cannot be written, `.malformed`
    public static func write(_ scene: WorldScene, to path: String) throws(WorldError) {
        let text = try text(of: scene)
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw .unreadable(file: path, reason: "cannot be written: \(error.localizedDescription)")
        }
    }

    private static func reason(of error: Error) -> String {
        guard case DecodingError.dataCorrupted(let context) = error else { return "\(error.localizedDescription)" }
        let underlying = context.underlyingError as NSError?
        let detail = underlying?.userInfo[NSDebugDescriptionErrorKey] as? String
        return detail ?? context.debugDescription
    }
}
