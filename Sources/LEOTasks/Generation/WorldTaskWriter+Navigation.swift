import LEOAction
import LEOData
import LEOImageIO
import LEOScene
import LEOTensor
import LEOWorld

/// Demonstrations of finding things, in the layout of LEO's Matterport3D data.
extension WorldTaskWriter {
    /// Scenes that loaders keep for evaluation: names of Matterport3D, which generated scenes take here.
    static let heldScenes = ["17DRP5sb8fy", "5LpN3gDmAk7", "82sE5b5pLXE", "D7N2EKCX4Sj", "HxpKQynjfin"]
    /// Pixels along each side of a view; what the model sees has as many.
    static let viewSize = 224

    mutating func writeNavigation() throws {
        for (split, count) in Self.parts(of: .leo(.mp3dObjNav), options) where count > 0 {
            // Only the five names make a scene one of validation.
            let perScene =
                split == .train
                ? options.perScene : max(options.perScene, (count + Self.heldScenes.count - 1) / Self.heldScenes.count)
            let groups = try collect(.mp3dObjNav, split, count: count, perScene: perScene) { truth, wanted, random in
                let demonstrator = try HabitatDemonstrator(truth)
                return (0..<wanted).compactMap { _ in demonstrator.demonstration(using: &random) }
            }
            guard split == .train || groups.count <= Self.heldScenes.count else {
                throw WorldTaskError.exhausted(
                    kind: .leo(.mp3dObjNav),
                    found: groups.prefix(Self.heldScenes.count).reduce(0) { $0 + $1.items.count }, wanted: count)
            }
            for (index, group) in groups.enumerated() {
                let name = split == .train ? Self.matterportName(group.scene) : Self.heldScenes[index]
                try writeNavigation(group.items, in: group.scene, named: name)
            }
            finish(.mp3dObjNav, split, count, "instruction/mp3d_objnav/demos")
        }
    }

    /// Eleven letters and digits, as Matterport3D names its scenes; none of the held ones.
    static func matterportName(_ entry: TaskScenes.Entry) -> String {
        let letters = Array("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789")
        var random = SplitMix64(seed: entry.seed, "mp3d")
        while true {
            let name = String((0..<11).map { _ in letters[random.nextIndex(below: letters.count)] })
            if !heldScenes.contains(name) { return name }
        }
    }

    private mutating func writeNavigation(
        _ demonstrations: [HabitatDemonstrator.Demonstration], in entry: TaskScenes.Entry, named name: String
    ) throws {
        let base = "instruction/mp3d_objnav"
        if let scan = try scanOnce(entry, named: "mp3d/" + name) {
            let file = "\(base)/mp3d_obj/\(name)/objects.npy"
            try DatasetFiles.writeNumPy(.objectArray(Self.objects(of: scan, entry.truth)), to: path(file))
            wrote(file)
        }
        let scene = RenderScene(entry.truth.scene, options: RenderScene.Options(showsPlayer: false, showsAgent: false))
        let renderer = try Renderer(width: Self.viewSize, height: Self.viewSize)
        var frame = Frame()
        for (index, demonstration) in demonstrations.enumerated() {
            let folder = "\(base)/demos/\(name)/\(Self.padded(index))"
            for (step, (pose, _)) in demonstration.steps.enumerated() {
                let camera = Camera(
                    position: SIMD3(pose.ground.x, WorldRules.agentEyes, pose.ground.y),
                    rotation: SIMD3(0, pose.yaw, 0), verticalFieldOfView: LEGENTSettings().fieldOfView)
                try renderer.render(scene, from: camera, into: &frame)
                let file = "\(folder)/images/\(Self.padded(step)).png"
                // The official files hold blue where red should be.
                try writeAtomically(try frame.image.withSwappedRedAndBlue.pngBytes(name: file), to: path(file), makesFolders: true)
                wrote(file)
            }
            // Last: with its demo.json a demonstration is complete.
            let steps = demonstration.steps.map { pose, action -> JSONText in
                let position = HabitatFrame.point(SIMD3(pose.ground.x, 0, pose.ground.y))
                let rotation = HabitatFrame.rotation(yaw: pose.yaw)
                let state = JSONText.record([
                    "position": .floats([position.x, position.y, position.z]),
                    "rotation": .floats([rotation.x, rotation.y, rotation.z, rotation.w]),
                ])
                return .array([state, .string(action.name)])
            }
            try writeJSON(
                .record(["scene_id": .string(name), "goal": .string(demonstration.goal), "agent": .array(steps)]),
                "\(folder)/demo.json")
        }
    }

    static func padded(_ number: Int, digits: Int = 4) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(digits - text.count, 0)) + text
    }

    /// An array [points, 7] for each thing, and one for walls and floors, which loaders leave out by its label: Habitat's
    /// x, y, z, colours in 0...1, label.
    private static func objects(of scan: TaskScan, _ truth: SceneTruth) -> [PythonValue] {
        var values = [[Float]](repeating: [], count: scan.thingCount + 1)
        for point in 0..<scan.count {
            let label = Int(scan.labels[point])
            let group = label < 0 ? scan.thingCount : label
            let place = SIMD3(
                Double(scan.positions[3 * point]), Double(scan.positions[3 * point + 1]),
                Double(scan.positions[3 * point + 2]))
            let position = HabitatFrame.point(leo: place)
            let category =
                label < 0 ? NavigationVocabulary.structure : NavigationVocabulary.label(for: truth.things[label].name)
            values[group] += [Float(position.x), Float(position.y), Float(position.z)]
            values[group] += (0..<3).map { Float(scan.colors[3 * point + $0]) / 255 }
            values[group].append(Float(category))
        }
        return values.filter { !$0.isEmpty }.map { .array(Tensor(.f32, $0, shape: [$0.count / 7, 7])) }
    }
}

extension Image {
    fileprivate var withSwappedRedAndBlue: Image {
        var swapped = pixels
        for start in stride(from: 0, to: swapped.count - 2, by: 3) { swapped.swapAt(start, start + 2) }
        return Image(width: width, height: height, pixels: swapped)
    }
}
