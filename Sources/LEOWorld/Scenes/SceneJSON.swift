import LEOAction
import LEOTensor

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
        let file: MappedFile
        do { file = try MappedFile(path: path) } catch { throw .unreadable(file: path, reason: error.explanation) }
        defer { withExtendedLifetime(file) {} }
        try check(file.byteCount, file: path)
        return try read(Array(file.bytes), file: path)
    }

    /// Reads a scene, or a task setting that has one under `scene`.
    ///
    /// - Parameter file: what errors call it
    /// - Errors: `.unreadable` for too many bytes, `.malformed`
    public static func read(_ bytes: [UInt8], file: String = "scene") throws(WorldError) -> Reading {
        try check(bytes.count, file: file)
        do throws(LEGENTMessageError) {
            var root = JSONReader(try JSONText(parsing: bytes, field: file), path: "")
            if try root.optional("instances") == nil, let scene = try root.optional("scene") { root = scene }
            var reader = SceneReader()
            return try reader.read(root)
        } catch .malformedJSON(_, let offset, let expected) {
            throw .malformed(file: file, field: "document", reason: "is no JSON: byte \(offset): expected \(expected)")
        } catch .invalidValue(let field, let expected, let found) {
            throw .malformed(
                file: file, field: field.isEmpty ? "document" : field, reason: "expected \(expected), found \(found)")
        } catch {
            throw .unreadable(file: file, reason: error.description)
        }
    }

    private static func check(_ byteCount: Int, file: String) throws(WorldError) {
        guard byteCount <= maximumBytes else {
            throw .unreadable(file: file, reason: "\(byteCount) bytes, expected at most \(maximumBytes)")
        }
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
        do { try writeAtomically(Array(text.utf8), to: path) } catch {
            throw .unreadable(file: path, reason: error.explanation)
        }
    }
}
