import Foundation
import LEOAction

/// A picture that an API call asks for.
public struct PhotoRequest: Sendable, Equatable {
    public var view: WorldView
    /// Where to write it.
    public var path: String
    /// "" for colour; other names are the photographer's to know.
    public var renderingType: String

    public init(view: WorldView, path: String, renderingType: String) {
        (self.view, self.path, self.renderingType) = (view, path, renderingType)
    }
}

/// Writes the files that API calls ask for.
///
/// - Errors: any error of these becomes `SimulationError.callFailed` with its description
public protocol WorldPhotographer: Sendable {
    func takePhoto(of world: World, _ request: PhotoRequest) throws
    func saveTopDownView(of world: World, path: String) throws
    func saveSceneToGltf(of world: World, path: String) throws
    /// Asks for a video of what the agent sees from now on. An empty path ends it; other paths are for the photographer to judge.
    func setVideoRecordingPath(of world: World, path: String) throws
}

extension World {
    /// An API call with its arguments read.
    enum Call: Sendable {
        case pathToUser
        case pathToObject(Int)
        case objectInView(Int)
        case spatialRelations
        case agentTarget
        case playerTarget
        case hide(Int)
        case show(Int)
        case move(Int, position: SIMD3<Double>, rotation: SIMD3<Double>)
        case photo(PhotoRequest, listsObjects: Bool)
        case topDownView(path: String)
        case video(path: String)
        case gltf(path: String)
    }

    func parseCalls(
        _ calls: [LEGENTCall], photographer: (any WorldPhotographer)?
    ) throws(SimulationError) -> [Call] {
        var parsed: [Call] = []
        for call in calls {
            let reader = ArgumentReader(call: call, instanceCount: transforms.count)
            let isWriting = ["TakePhoto", "TakePhotoWithVisiblityInfo", "SaveTopDownView", "SetVideoRecordingPath", "SaveSceneToGltf"]
            if photographer == nil, isWriting.contains(call.name) { throw .unsupportedCall(name: call.name) }
            switch call.name {
            case "PathToUser": parsed.append(.pathToUser)
            case "PathToObject": parsed.append(.pathToObject(try reader.index()))
            case "ObjectInView": parsed.append(.objectInView(try reader.index()))
            case "GetSpatialRelations": parsed.append(.spatialRelations)
            case "AgentTargetObjectID": parsed.append(.agentTarget)
            case "PlayerTargetObjectID": parsed.append(.playerTarget)
            case "HideObject": parsed.append(.hide(try reader.index()))
            case "ShowObject": parsed.append(.show(try reader.index()))
            case "MoveObject":
                let fields = try reader.object()
                parsed.append(.move(
                    try reader.index(fields), position: try reader.vector("position", fields),
                    rotation: try reader.vector("rotation", fields)))
            case "TakePhoto", "TakePhotoWithVisiblityInfo":
                parsed.append(.photo(try reader.photo(), listsObjects: call.name != "TakePhoto"))
            case "SaveTopDownView": parsed.append(.topDownView(path: try reader.path()))
            case "SetVideoRecordingPath": parsed.append(.video(path: call.arguments.isEmpty ? "" : try reader.path()))
            case "SaveSceneToGltf": parsed.append(.gltf(path: try reader.path()))
            default: throw .unknownCall(name: call.name)
            }
        }
        return parsed
    }

    mutating func run(
        _ call: Call, _ photographer: (any WorldPhotographer)?, _ returns: inout LEGENTAPIReturns
    ) throws(SimulationError) {
        func write(_ name: String, _ body: (any WorldPhotographer) throws -> Void) throws(SimulationError) {
            guard let photographer else { throw .unsupportedCall(name: name) }
            do { try body(photographer) } catch { throw .callFailed(name: name, reason: "\(error)") }
        }
        switch call {
        case .pathToUser: returns.corners = pathToUser()
        case .pathToObject(let index): returns.corners = pathToObject(index)
        case .objectInView(let index): returns.inView = isInView(index)
        case .spatialRelations: returns.objectRelations = relations
        case .agentTarget: returns.objectID = instanceAtCenter(of: agentView) ?? -1
        case .playerTarget: returns.objectID = instanceAtCenter(of: playerView) ?? -1
        case .hide(let index): setHidden(true, index)
        case .show(let index): setHidden(false, index)
        case .move(let index, let position, let rotation): move(index, to: position, rotation: rotation)
        case .photo(let request, let listsObjects):
            let world = self
            try write(listsObjects ? "TakePhotoWithVisiblityInfo" : "TakePhoto") { try $0.takePhoto(of: world, request) }
            if listsObjects { returns.objectsInView = instancesInView(of: request.view) }
        case .topDownView(let path):
            let world = self
            try write("SaveTopDownView") { try $0.saveTopDownView(of: world, path: path) }
        case .video(let path):
            let world = self
            try write("SetVideoRecordingPath") { try $0.setVideoRecordingPath(of: world, path: path) }
        case .gltf(let path):
            let world = self
            try write("SaveSceneToGltf") { try $0.saveSceneToGltf(of: world, path: path) }
        }
    }

    // MARK: Changing the scene

    /// Hides an instance or shows it again. What stands on it stays.
    public mutating func setHidden(_ isHidden: Bool, _ index: Int) {
        guard transforms.indices.contains(index), hidden[index] != isHidden else { return }
        if !isHeld(index) {
            if isHidden { removeSolids(of: index) } else { insertSolids(of: index) }
        }
        hidden[index] = isHidden
        furnitureVersion += 1
    }

    /// Puts an instance anywhere, turned in any way, with all that stands on it; who edits a scene answers for where
    /// things go. It leaves the hand that holds it. What it then stands on is the surface right below it, if there is one.
    ///
    /// Positions are cut to ±1e6 m; the numbers must be finite.
    public mutating func move(_ index: Int, to position: SIMD3<Double>, rotation: SIMD3<Double>) {
        guard transforms.indices.contains(index) else { return }
        let family = withDescendants(index)
        let wasHeld = isHeld(index)
        if !wasHeld { for each in family { removeSolids(of: each) } }
        if agent.held == index { agent.held = nil }
        if player.held == index { player.held = nil }
        let limit = SIMD3<Double>(repeating: 1e6)
        moveRigidly(index, to: Transform(
            position: position.clamped(lowerBound: -limit, upperBound: limit), rotation: rotation, scale: transforms[index].scale))
        parents[index] = nil
        parentSurfaces[index] = nil
        if let support = support(of: index, excluding: family) {
            parents[index] = support.parent
            parentSurfaces[index] = support.surface
        }
        // Onto something that is held it is held too, and stays without blocks.
        if !isHeld(index) {
            for each in family where !hidden[each] { insertSolids(of: each) }
        }
        furnitureVersion += 1
    }

    /// The surface on which an instance's bottom rests, to 2 cm.
    private func support(of index: Int, excluding family: [Int]) -> (parent: Int, surface: Int)? {
        let model = scene.instances[index].model
        let solid = Solid(Box(center: .zero, size: model.size), in: transforms[index], owner: .instance(index))
        for other in transforms.indices where !family.contains(other) && !hidden[other] {
            let base = transforms[other]
            guard base.orientation.y.y > 0.999 else { continue }
            for (number, surface) in scene.instances[other].model.surfaces.enumerated() {
                let center = base.apply(to: surface.center)
                guard abs(center.y - solid.bottom) <= 0.02 else { continue }
                let half = SIMD2(surface.halfExtents.x * abs(base.scale.x), surface.halfExtents.y * abs(base.scale.z))
                let top = Footprint(
                    center: SIMD2(center.x, center.z), axis: SIMD2(base.orientation.x.x, base.orientation.x.z), half: half)
                if top.distance(to: solid.footprint.center) <= 0 { return (other, number) }
            }
        }
        return nil
    }
}

/// Reads the arguments of a call; what does not fit is an error that says so.
private struct ArgumentReader {
    let call: LEGENTCall
    let instanceCount: Int

    func malformed(_ expected: String) -> SimulationError {
        .invalidArguments(call: call.name, expected: expected, found: String(call.arguments.prefix(120)))
    }

    func index() throws(SimulationError) -> Int {
        guard let index = Int(call.arguments.trimmingCharacters(in: .whitespaces)) else { throw malformed("the number of an object") }
        return try checked(index)
    }

    private func checked(_ index: Int) throws(SimulationError) -> Int {
        guard (0..<instanceCount).contains(index) else {
            throw .unknownInstance(call: call.name, index: index, count: instanceCount)
        }
        return index
    }

    func object() throws(SimulationError) -> [String: Any] {
        guard let object = (try? JSONSerialization.jsonObject(with: Data(call.arguments.utf8))) as? [String: Any] else {
            throw malformed("a JSON object")
        }
        return object
    }

    func index(_ fields: [String: Any]) throws(SimulationError) -> Int {
        guard let number = fields["object_id"] as? Double, let index = Int(exactly: number) else {
            throw malformed("object_id, the number of an object")
        }
        return try checked(index)
    }

    func vector(_ name: String, _ fields: [String: Any]) throws(SimulationError) -> SIMD3<Double> {
        guard let list = fields[name] as? [Any], list.count == 3 else { throw malformed("\(name), a list of three numbers") }
        var vector = SIMD3<Double>.zero
        for axis in 0..<3 {
            guard let number = list[axis] as? Double, abs(number) <= 1e6 else {
                throw malformed("\(name), a list of three numbers within ±1e6")
            }
            vector[axis] = number
        }
        return vector
    }

    func path() throws(SimulationError) -> String {
        // The name of a file must not end early for the system that opens it.
        guard !call.arguments.isEmpty, !call.arguments.utf8.contains(0) else { throw malformed("the path of a file") }
        return call.arguments
    }

    func photo() throws(SimulationError) -> PhotoRequest {
        let fields = try object()
        func whole(_ name: String) throws(SimulationError) -> Int {
            guard let value = fields[name] else { return 4096 }
            guard let number = value as? Double, let whole = Int(exactly: number), (1...8192).contains(whole) else {
                throw malformed("\(name), pixels in 1...8192")
            }
            return whole
        }
        let fieldOfView = fields["vertical_field_of_view"] ?? 90.0
        guard let degrees = fieldOfView as? Double, (1...179).contains(degrees) else {
            throw malformed("vertical_field_of_view, degrees in 1...179")
        }
        guard let path = fields["path"] as? String, !path.isEmpty, !path.utf8.contains(0) else {
            throw malformed("path, the path of a file")
        }
        guard let type = (fields["rendering_type"] ?? "") as? String else { throw malformed("rendering_type, a name or \"\"") }
        let view = WorldView(
            position: try vector("position", fields), rotation: try vector("rotation", fields), fieldOfView: degrees,
            width: try whole("width"), height: try whole("height"))
        return PhotoRequest(view: view, path: path, renderingType: type)
    }
}
