import ArgumentParser
import Foundation
import LEOImageIO
import LEOScene
import LEOTensor
import LEOWorld

struct WorldRender: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Draw a view of a world, or the world from above.",
        discussion: """
            Without --position the view is the agent's own, as the world begins.

              leo world render 7 -o view.png
              leo world render 7 -o view.png --position 1,1.5,2 --yaw 90 --pitch 10 --depth depth.png --ids ids.png
              leo world render house.json -o above.png --top-down --width 1024
              leo world render house.json -o plan.svg --top-down
              leo world render 7 --time --width 224 --height 224
            """)

    @OptionGroup var source: WorldArgument
    @Option(name: [.short, .long], help: ArgumentHelp("Picture to write: PNG, with --top-down also SVG.", valueName: "file"))
    var output: String?
    @Option(help: ArgumentHelp("Pixels; of a view from above, along its longer side.", valueName: "n"))
    var width: Int?
    @Option(help: ArgumentHelp("Pixels.", valueName: "n"))
    var height: Int?
    @Option(help: ArgumentHelp("Vertical field of view in degrees.", valueName: "degrees"))
    var fov = 90.0
    @Option(parsing: .unconditional, help: ArgumentHelp("Place of the camera in metres.", valueName: "x,y,z"))
    var position: WorldPosition?
    @Option(parsing: .unconditional, help: ArgumentHelp("Heading in degrees, right of +z.", valueName: "degrees"))
    var yaw: Double?
    @Option(parsing: .unconditional, help: ArgumentHelp("Degrees downwards.", valueName: "degrees"))
    var pitch: Double?
    @Flag(help: "From straight above, without ceilings.")
    var topDown = false
    @Option(help: ArgumentHelp("Depths as a grey picture: a value is 4 cm, 255 is nothing or more than 10 m.", valueName: "file.png"))
    var depth: String?
    @Option(help: ArgumentHelp("Instance ids as colours: index + 1 = red + 256 green; walls and floors are grey (blue 128).", valueName: "file.png"))
    var ids: String?
    @Option(help: ArgumentHelp("Samples along each side of a pixel, 1 to 4.", valueName: "n"))
    var samples: Int?
    @Flag(help: "Turn the camera once around and report frames a second on one core.")
    var time = false

    func validate() throws {
        if output == nil, depth == nil, ids == nil, !time { throw ValidationError("Nothing to do: give -o, --depth, --ids or --time.") }
        for (name, value) in [("--width", width), ("--height", height)] {
            if let value, !(1...Renderer.maximumSide / 4).contains(value) {
                throw ValidationError("\(name): expected 1 to \(Renderer.maximumSide / 4), found \(value).")
            }
        }
        if let samples, !(1...4).contains(samples) { throw ValidationError("--samples: expected 1 to 4, found \(samples).") }
        if !(fov >= 1 && fov <= 179) { throw ValidationError("--fov: expected 1 to 179 degrees, found \(fov).") }
        for (name, value) in [("--yaw", yaw), ("--pitch", pitch)] {
            if let value, !(abs(value) <= 3600) { throw ValidationError("\(name): expected degrees, found \(value).") }
        }
        let isDrawing = output?.pathExtension == "svg"
        if isDrawing, !topDown { throw ValidationError("-o: SVG needs --top-down.") }
        if topDown {
            if position != nil || yaw != nil || pitch != nil || height != nil || time {
                throw ValidationError("--top-down goes without --position, --yaw, --pitch, --height and --time.")
            }
            if isDrawing, depth != nil || ids != nil { throw ValidationError("--depth and --ids need a PNG view.") }
        }
    }

    func run() throws {
        let world = try source.scene()
        let inputs = source.seed == nil ? [source.world.expandingTilde] : []
        for path in [output, depth, ids] { if let path { try Files.checkOutput(path.expandingTilde, inputs: inputs) } }
        if topDown, let output, output.pathExtension == "svg" {
            return try writeAtomically(Array(FloorPlan().svg(of: world).utf8), to: output.expandingTilde)
        }
        if topDown {
            let scene = RenderScene(world, options: .init(showsCeilings: false, showsAgent: true, background: .one))
            return try write(TopDownView(of: world, side: width ?? 1024).render(scene, supersampling: samples ?? 2))
        }
        let scene = RenderScene(world)
        let camera = camera(of: world)
        let renderer = try Renderer(width: width ?? 640, height: height ?? 480, supersampling: samples ?? (time ? 1 : 2))
        if time { try measure(renderer, scene, camera, world) }
        if output != nil || depth != nil || ids != nil { try write(renderer.render(scene, from: camera)) }
    }

    private func camera(of world: WorldScene) -> Camera {
        let start = Camera(
            position: world.agent.position + SIMD3(0, WorldRules.agentEyes, 0),
            rotation: SIMD3(0, world.agent.rotation.y, 0), verticalFieldOfView: fov)
        guard position != nil || yaw != nil || pitch != nil else { return start }
        return Camera(
            position: position?.value ?? start.position,
            rotation: SIMD3(pitch ?? 0, yaw ?? (position == nil ? start.rotation.y : 0), 0), verticalFieldOfView: fov)
    }

    private func write(_ frame: Frame) throws {
        if let output { try frame.image.writePNG(to: output.expandingTilde) }
        if let depth {
            let values = frame.depth.flatMap { depth -> [UInt8] in
                let value = UInt8(min((max(depth, 0) * 25).rounded(), 255))
                return [value, value, value]
            }
            try Image(width: frame.width, height: frame.height, pixels: values).writePNG(to: depth.expandingTilde)
        }
        if let ids {
            let values = frame.ids.flatMap { id -> [UInt8] in
                if id >= 0 { return [UInt8(truncatingIfNeeded: id &+ 1), UInt8(truncatingIfNeeded: (id &+ 1) >> 8), 0] }
                return id == SurfaceCode.nothing ? [0, 0, 0] : [0, 0, 128]
            }
            try Image(width: frame.width, height: frame.height, pixels: values).writePNG(to: ids.expandingTilde)
        }
    }

    /// Frames a second with the camera turning in the middle of every room.
    private func measure(_ renderer: Renderer, _ scene: RenderScene, _ camera: Camera, _ world: WorldScene) throws {
        var places = [camera.position]
        if position == nil, !world.rooms.isEmpty {
            places = world.rooms.map { room in
                let middle = (room.minimum + room.maximum) / 2
                return SIMD3(middle.x, WorldRules.agentEyes, middle.y)
            }
        }
        var frame = Frame()
        var count = 0
        // Once around to warm up, then for two seconds of processor time, which other programs do not take part in.
        var start = 0.0, seconds = 0.0
        for round in 0..<1_000_000 where seconds < 2 {
            if round == 1 {
                start = Self.processorSeconds()
                count = 0
            }
            for place in places {
                for step in 0..<24 {
                    var view = camera
                    view.position = place
                    view.rotation.y += Double(step) * 15
                    try renderer.render(scene, from: view, into: &frame)
                    count += 1
                }
            }
            if round > 0 { seconds = Self.processorSeconds() - start }
        }
        StandardOutput.line(
            String(
                format: "%d x %d: %.0f frames/s on one core, %.3f ms each; %d frames in %d places of %@", renderer.width,
                renderer.height, Double(count) / seconds, seconds / Double(count) * 1000, count, places.count,
                source.name as NSString))
    }

    /// What this thread has had of a processor so far.
    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
