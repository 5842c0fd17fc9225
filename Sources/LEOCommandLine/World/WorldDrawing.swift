import LEGENTWire
import LEOScene
import LEOTensor
import LEOWorld

/// Pictures of a running world, drawn with the memory of earlier ones.
final class WorldDrawing {
    private let scene: RenderScene
    private var renderer: Renderer?
    private var frame = Frame()

    /// - Parameter showsAgent: for pictures that are not the agent's own view
    init(_ scene: WorldScene, showsAgent: Bool = false) {
        var options = RenderScene.Options()
        options.showsAgent = showsAgent
        self.scene = RenderScene(scene, options: options)
    }

    func view(of world: World, _ view: WorldView) throws -> Image { try frame(of: world, view).image }

    func frame(of world: World, _ view: WorldView) throws -> Frame {
        if renderer?.width != view.width || renderer?.height != view.height {
            renderer = try Renderer(width: view.width, height: view.height)
        }
        scene.update(from: world)
        try renderer?.render(scene, from: Camera(view), into: &frame)
        return frame
    }
}

/// Writes the files that an agent's calls ask for.
struct SceneFiles: WorldPhotographer {
    private struct Refusal: Error, CustomStringConvertible { let description: String }

    let recorder: LEGENTVideoRecorder

    /// Rendering types: colour by "" and "color", or a colour of its own for each instance by "segmentation".
    func takePhoto(of world: World, _ request: PhotoRequest) throws {
        let frame = try WorldDrawing(world.scene, showsAgent: true).frame(of: world, request.view)
        switch request.renderingType {
        case "", "color": try frame.image.writePNG(to: request.path)
        case "segmentation": try Self.segments(frame).writePNG(to: request.path)
        default: throw Refusal(description: "rendering_type: expected \"\", color or segmentation, found \(request.renderingType)")
        }
    }

    private static func segments(_ frame: Frame) -> Image {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(3 * frame.ids.count)
        for id in frame.ids {
            // Black is no instance; neighbours in the list get colours far from each other.
            let mixed = id < 0 ? 0 : (UInt32(id) &+ 1) &* 0x9e37_79b1 | 0x0020_2020
            pixels += [UInt8(truncatingIfNeeded: mixed >> 16), UInt8(truncatingIfNeeded: mixed >> 8), UInt8(truncatingIfNeeded: mixed)]
        }
        return Image(width: frame.width, height: frame.height, pixels: pixels)
    }

    func saveTopDownView(of world: World, path: String) throws {
        // Ceilings would hide what is below them.
        var options = RenderScene.Options()
        options.showsCeilings = false
        options.showsAgent = true
        let scene = RenderScene(world, options: options)
        try TopDownView(of: world.scene).render(scene).image.writePNG(to: path)
    }

    func saveSceneToGltf(of world: World, path: String) throws { try world.currentScene.writeGLTF(to: path) }

    /// Whoever shows the agent's views to the agent gives them to the recorder as well.
    func setVideoRecordingPath(of world: World, path: String) throws {
        let view = world.agentView
        try recorder.setPath(path, width: view.width, height: view.height)
    }
}

extension WorldScene {
    /// Writes the scene as glTF; nothing is left under the name when that fails.
    func writeGLTF(to path: String) throws { try writeAtomically([UInt8](gltf()), to: path) }
}
