import Foundation

/// The calls that LEGENT's game knows.
///
/// - Source: LEGENT toolkit, `legent/action/api.py`
extension LEGENTCall {
    /// Corners of a way to the player.
    public static let pathToUser = LEGENTCall(name: "PathToUser")
    public static func pathToObject(_ index: Int) -> LEGENTCall { LEGENTCall(name: "PathToObject", arguments: "\(index)") }
    public static func objectInView(_ index: Int) -> LEGENTCall { LEGENTCall(name: "ObjectInView", arguments: "\(index)") }
    public static let spatialRelations = LEGENTCall(name: "GetSpatialRelations")
    public static let agentTargetObjectID = LEGENTCall(name: "AgentTargetObjectID")
    public static let playerTargetObjectID = LEGENTCall(name: "PlayerTargetObjectID")
    public static func hideObject(_ id: Int) -> LEGENTCall { LEGENTCall(name: "HideObject", arguments: "\(id)") }
    public static func showObject(_ id: Int) -> LEGENTCall { LEGENTCall(name: "ShowObject", arguments: "\(id)") }

    public static func saveTopDownView(to path: String) -> LEGENTCall { LEGENTCall(name: "SaveTopDownView", arguments: absolute(path)) }
    /// As with the toolkit, an empty path is that of the process's folder.
    public static func setVideoRecordingPath(_ path: String) -> LEGENTCall {
        LEGENTCall(name: "SetVideoRecordingPath", arguments: absolute(path))
    }
    /// Ends a video. The toolkit has no such call; the embedded world takes a folder's path, such as its
    /// `SetVideoRecordingPath("")` sends, for the same.
    public static let endVideoRecording = LEGENTCall(name: "SetVideoRecordingPath")
    public static func saveSceneToGltf(to path: String) -> LEGENTCall { LEGENTCall(name: "SaveSceneToGltf", arguments: absolute(path)) }

    /// - Parameters: metres, and degrees about x, y, z
    public static func moveObject(_ id: Int, position: SIMD3<Double>, rotation: SIMD3<Double>) -> LEGENTCall {
        moveObject(.integer(id), position: list(position), rotation: list(rotation))
    }

    /// A photo from anywhere, written by the game to `path`.
    ///
    /// - Parameters:
    ///   - showsVisibility: asks for the objects in view too
    ///   - renderingType: heeded with `showsVisibility`
    public static func takePhoto(
        to path: String, position: SIMD3<Double>, rotation: SIMD3<Double>, width: Int = 4096, height: Int = 4096,
        verticalFieldOfView: Double = 90, showsVisibility: Bool = false, renderingType: String = ""
    ) -> LEGENTCall {
        takePhoto(
            path: path, position: list(position), rotation: list(rotation), width: .integer(width), height: .integer(height),
            fieldOfView: .shortest(verticalFieldOfView), showsVisibility: showsVisibility, renderingType: renderingType)
    }

    // MARK: Numbers as they were written

    package static func moveObject(_ id: JSONText, position: JSONText, rotation: JSONText) -> LEGENTCall {
        let members = [
            JSONText.Member("object_id", id), JSONText.Member("position", position), JSONText.Member("rotation", rotation),
        ]
        return LEGENTCall(name: "MoveObject", arguments: JSONText.object(members).line)
    }

    package static func takePhoto(
        path: String, position: JSONText, rotation: JSONText, width: JSONText, height: JSONText, fieldOfView: JSONText,
        showsVisibility: Bool, renderingType: String
    ) -> LEGENTCall {
        let members = [
            JSONText.Member("position", position), JSONText.Member("rotation", rotation), JSONText.Member("width", width),
            JSONText.Member("height", height), JSONText.Member("vertical_field_of_view", fieldOfView),
            JSONText.Member("path", .string(absolute(path))),
            JSONText.Member("rendering_type", .string(showsVisibility ? renderingType : "")),
        ]
        // The game's own spelling.
        return LEGENTCall(
            name: showsVisibility ? "TakePhotoWithVisiblityInfo" : "TakePhoto", arguments: JSONText.object(members).line)
    }

    private static func list(_ vector: SIMD3<Double>) -> JSONText {
        .array([.shortest(vector.x), .shortest(vector.y), .shortest(vector.z)])
    }

    /// The path from the root, without `.` and `..`: Python's `os.path.abspath`.
    private static func absolute(_ path: String) -> String {
        let full = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        var parts: [Substring] = []
        for part in full.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    // MARK: Reading

    /// Reads an `api_calls` field; empty text is an empty list.
    ///
    /// - Errors: `.malformedJSON`; `.invalidValue` with the path of the value
    public static func list(json: String) throws(LEGENTMessageError) -> [LEGENTCall] {
        if json.isEmpty { return [] }
        let field = "api_calls"
        let top = JSONReader(try JSONText(parsing: json, field: field), path: field)
        guard let list = try top.optional("calls") else { return [] }
        var calls: [LEGENTCall] = []
        for item in try list.elements {
            let arguments = try item.optional("args")
            calls.append(LEGENTCall(name: try item.required("api").string, arguments: try arguments.map(Self.text) ?? ""))
        }
        return calls
    }

    /// Arguments are text; a bare number or object is taken as its JSON.
    private static func text(_ arguments: JSONReader) throws(LEGENTMessageError) -> String {
        if case .string(let text) = arguments.value { return text }
        return arguments.value.line
    }
}
