import ArgumentParser
import LEOScene
import LEOWorld

struct WorldSceneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scene",
        abstract: "Write a world as a scene file or as a point cloud.",
        discussion: """
            JSON is LEGENT's scene format, glTF a 3D model for other programs. PLY is a point cloud in LEO's frame, with colours and an instance number for every
            point: the index of the thing + 1, 0 for walls, floors and ceilings.

              leo world scene 7 -o house.json
              leo world scene 7 -o house.gltf
              leo world scene 7 -o complete.ply --complete
              leo world scene 7 -o scan.ply --views 8 --noise
            """)

    @OptionGroup var source: WorldArgument
    @Option(name: [.short, .long], help: ArgumentHelp("File to write: .json, .gltf or .ply.", valueName: "file"))
    var output: String
    @Flag(help: "Points spread evenly over all surfaces, seen or not (the default for PLY).")
    var complete = false
    @Option(help: ArgumentHelp("Points of each thing in a complete cloud.", valueName: "n"))
    var points = 2048
    @Option(help: ArgumentHelp("Points a square metre of walls and floors in a complete cloud.", valueName: "n"))
    var roomDensity = 100.0
    @Option(help: ArgumentHelp("Scan with a depth camera from this many places in every room.", valueName: "n"))
    var views: Int?
    @Flag(help: "With the errors of a real depth camera: noise, holes, lost edges.")
    var noise = false
    @Option(help: ArgumentHelp("Chooses points and errors.", valueName: "n"))
    var seed: UInt64 = 0

    func validate() throws {
        let kind = output.pathExtension
        guard ["json", "gltf", "ply"].contains(kind) else {
            throw ValidationError("-o: expected a name in .json, .gltf or .ply, found \(output).")
        }
        if kind != "ply", complete || views != nil || noise { throw ValidationError("--complete, --views and --noise are for PLY.") }
        if complete, views != nil { throw ValidationError("--complete and --views exclude each other.") }
        if noise, views == nil { throw ValidationError("--noise needs --views.") }
        if let views, !(1...1000).contains(views) { throw ValidationError("--views: expected 1 to 1000, found \(views).") }
        if !(1...1_000_000).contains(points) { throw ValidationError("--points: expected 1 to 1000000, found \(points).") }
        if !(roomDensity >= 0 && roomDensity <= 100_000) {
            throw ValidationError("--room-density: expected 0 to 100000, found \(roomDensity).")
        }
    }

    func run() throws {
        let world = try source.scene()
        let path = output.expandingTilde
        try Files.checkOutput(path, inputs: source.seed == nil ? [source.world.expandingTilde] : [])
        if output.pathExtension == "json" { return try SceneJSON.write(world, to: path) }
        if output.pathExtension == "gltf" { return try world.writeGLTF(to: path) }
        let scene = RenderScene(world, options: .init(showsPlayer: false))
        let cloud: PointCloud
        if let views {
            let cameras = world.rooms.flatMap { DepthSensor.views(of: $0, count: views) }
            guard !cameras.isEmpty else {
                throw CommandError.file(path: source.world, reason: "has no rooms to scan from; --complete needs none")
            }
            cloud = try DepthSensor(noise: noise ? .init() : nil).scan(scene, from: cameras, seed: seed, source: source.name)
        } else {
            cloud = try scene.surfaceCloud(
                SurfaceCloudOptions(pointsPerInstance: points, roomDensity: roomDensity, seed: seed), source: source.name)
        }
        guard cloud.count > 0 else { throw CommandError.file(path: source.world, reason: "shows no surface: no points") }
        try cloud.writePLY(to: path)
        StandardError.notice("\(output): \(cloud.count) points")
    }
}
