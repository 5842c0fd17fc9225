import Foundation
import LEOScene
import LEOWorld
import Testing
import TestSupport

@Suite("Scene JSON")
struct SceneJSONTests {
    @Test func scenesRoundTripExactly() throws {
        for seed in UInt64(0)..<12 {
            var scene = WorldGenerator.scene(seed: seed)
            scene.prompt = "Come \"here\",\n\u{1}please \\ ☺"
            let text = try SceneJSON.text(of: scene)
            let reading = try SceneJSON.read(Array(text.utf8))
            #expect(reading.notices == [])
            let read = reading.scene
            #expect(read.seed == scene.seed)
            #expect(read.rooms == scene.rooms)
            #expect(read.walls == scene.walls)
            #expect(read.floors == scene.floors)
            #expect(read.lights == scene.lights)
            #expect(read.agent == scene.agent && read.player == scene.player)
            #expect(read.prompt == scene.prompt)
            #expect(read.instances.count == scene.instances.count)
            for (a, b) in zip(read.instances, scene.instances) {
                #expect(a.model === b.model)
                #expect(a.transform == b.transform)
                #expect(a.isInteractable == b.isInteractable)
                #expect(a.parent == b.parent && a.parentSurface == b.parentSurface && a.room == b.room)
            }
            #expect(try SceneJSON.text(of: read) == text)
        }
    }

    @Test func filesRoundTrip() throws {
        try withTemporaryFolder { folder in
            let scene = WorldGenerator.scene(seed: 3)
            try SceneJSON.write(scene, to: folder + "/scene.json")
            let read = try SceneJSON.read(path: folder + "/scene.json").scene
            #expect(try SceneJSON.text(of: read) == SceneJSON.text(of: scene))
        }
    }

    /// LEGENT's own readers want these keys, and these types.
    @Test func hasLEGENTsKeys() throws {
        let text = try SceneJSON.text(of: WorldGenerator.scene(seed: 5))
        let root = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(
            Set(root.keys) == [
                "instances", "player", "agent", "center", "prompt", "room_polygon", "walls", "floors", "lights",
                "skybox", "leo",
            ])
        let instance = try #require((root["instances"] as? [[String: Any]])?.first)
        #expect(Set(instance.keys).isSuperset(of: ["prefab", "position", "rotation", "scale", "type", "parent"]))
        #expect((instance["position"] as? [Double])?.count == 3)
        let agent = try #require(root["agent"] as? [String: Any])
        #expect(agent["prefab"] as? String == "" && agent["parent"] as? Int == -1 && agent["type"] as? String == "")
        let wall = try #require(
            (root["walls"] as? [[String: Any]])?.first { ($0["holes"] as? [Any])?.isEmpty == false })
        let hole = try #require((wall["holes"] as? [[String: Any]])?.first)
        #expect(Set(hole.keys) == ["position_xy", "size_xy"])
        #expect((wall["material"] as? String)?.hasPrefix("#") == true)
        let light = try #require((root["lights"] as? [[String: Any]])?.first)
        #expect(
            Set(light.keys).isSuperset(of: [
                "name", "lightType", "position", "rotation", "spotAngle", "useColorTemperature", "colorTemperature",
                "color", "intensity",
                "range", "shadowType",
            ]))
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
    func readsTheOfficialScene() throws {
        let reading = try SceneJSON.read(path: try #require(sharedFolder) + "/golden/legent/task_setting.json")
        let scene = reading.scene
        #expect(scene.instances.map(\.model.name) == ["floor", "kitchen table", "orange"])
        #expect(scene.instances.map(\.isInteractable) == [false, false, true])
        #expect(scene.instances[0].transform.scale == SIMD3(4, 1, 4))
        #expect(scene.agent.position == SIMD3(0, 0.05, -1.5) && scene.player.rotation.y == 180)
        // The orange lies on the table, the table on no furniture, and the room is the floor.
        #expect(scene.instances.map(\.parent) == [nil, nil, 1])
        #expect(scene.rooms.count == 1)
        #expect(scene.rooms[0].minimum == SIMD2(-5, -5) && scene.rooms[0].maximum == SIMD2(5, 5))
        #expect(scene.instances.allSatisfy { $0.room == 0 })
        let again = try SceneJSON.read(Array(SceneJSON.text(of: scene).utf8)).scene
        #expect(again.instances.map(\.model.prefab) == scene.instances.map(\.model.prefab))
    }

    /// Generated scenes without the engine's own keys get their relations back from geometry.
    @Test func parentsAndRoomsAreFoundAgain() throws {
        for seed in UInt64(0)..<10 {
            let scene = WorldGenerator.scene(seed: seed)
            var bare = scene
            for index in bare.instances.indices {
                bare.instances[index].parent = nil
                bare.instances[index].parentSurface = nil
                bare.instances[index].room = nil
            }
            bare.findRooms()
            bare.findParents(completely: true)
            #expect(bare.instances.map(\.room) == scene.instances.map(\.room), "seed \(seed)")
            for (index, instance) in scene.instances.enumerated() {
                let found = bare.instances[index]
                #expect(
                    found.parent == instance.parent && found.parentSurface == instance.parentSurface,
                    "seed \(seed): \(index) \(instance.model.name)")
            }
        }
    }

    @Test func missingKeysAreTolerated() throws {
        let text = #"{"instances": [{"prefab": "LEO_Apple_0001", "position": [1, 2, 3]}], "unknown": {"x": [null]}}"#
        let scene = try SceneJSON.read(Array(text.utf8)).scene
        #expect(scene.instances[0].transform == Transform(position: SIMD3(1, 2, 3)))
        #expect(scene.instances[0].isInteractable)
        #expect(scene.rooms.count == 1)
        #expect(scene.rooms[0].minimum.x < 1 && scene.rooms[0].maximum.x > 1)
        #expect(try SceneJSON.read(Array(#"{"instances": []}"#.utf8)).scene.instances.isEmpty)
    }

    @Test func foreignMaterialsAndLightsAreReplaced() throws {
        let text = """
            {"instances": [], "walls": [
              {"position": [0, 1, 0], "rotation": [0, 0, 0], "size": [4, 2, 0.1], "material": "#FF2020", "holes": []},
              {"position": [0, 1, 0], "size": [4, 2, 0.1], "material": "textures/brick.png"},
              {"position": [0, 1, 0], "size": [4, 2, 0.1], "material": "Light"}],
             "lights": [{"name": "sun", "lightType": "Directional", "position": [0, 5, 0], "rotation": [50, -30, 0]},
              {"name": "spot", "lightType": "Spot", "position": [0, 2, 0], "rotation": [90, 0, 0], "color": [1, 0.5, 0, 1], "intensity": 2}]}
            """
        let reading = try SceneJSON.read(Array(text.utf8))
        #expect(reading.scene.walls.map(\.material.colorName) == ["red", "gray", "white"])
        #expect(reading.scene.walls.map(\.material.isLight) == [false, false, true])
        #expect(reading.scene.lights.map(\.name) == ["spot"])
        #expect(reading.scene.lights[0].color == SIMD3(1, 0.5, 0))
        #expect(reading.notices.count == 2)
    }

    static let instance = #"{"prefab": "LEO_Apple_0001", "position": [0, 0, 0]}"#

    @Test(arguments: [
        ("", "document"),
        ("{", "document"),
        ("[]", "document"),
        ("nul", "document"),
        ("{} {}", "document"),
        (#"{"instances": NaN}"#, "instances"),
        (#"{"instances": [{"prefab": "a", "position": [1e999, 0, 0]}]}"#, "instances[0].position[0]"),
        (#"{"instances": [{"prefab": "a", "position": [0, NaN, 0]}]}"#, "instances[0].position[1]"),
        (#"{"instances": [{"prefab": "a", "position": {"x": 0, "y": 0, "z": -Infinity}}]}"#, "instances[0].position.z"),
        (#"{"instances": [{"prefab": "a", "position": [0, 0, 0], "parent": NaN}]}"#, "instances[0].parent"),
        ("{}", "instances"),
        (#"{"instances": {}}"#, "instances"),
        (#"{"instances": null}"#, "instances"),
        (#"{"instances": [3]}"#, "instances[0]"),
        (#"{"instances": [{"position": [0, 0, 0]}]}"#, "instances[0].prefab"),
        (#"{"instances": [{"prefab": 3, "position": [0, 0, 0]}]}"#, "instances[0].prefab"),
        (#"{"instances": [{"prefab": "a"}]}"#, "instances[0].position"),
        (#"{"instances": [{"prefab": "a", "position": [0, 0]}]}"#, "instances[0].position"),
        (#"{"instances": [{"prefab": "a", "position": [0, "0", 0]}]}"#, "instances[0].position[1]"),
        (#"{"instances": [{"prefab": "a", "position": [0, true, 0]}]}"#, "instances[0].position[1]"),
        (#"{"instances": [{"prefab": "a", "position": [0, 0, 1e30]}]}"#, "instances[0].position[2]"),
        (#"{"instances": [{"prefab": "a", "position": {"x": 0, "y": 1}}]}"#, "instances[0].position.z"),
        (#"{"instances": [{"prefab": "a", "position": [0, 0, 0], "scale": [1, 0, 1]}]}"#, "instances[0].scale[1]"),
        (#"{"instances": [{"prefab": "a", "position": [0, 0, 0], "scale": [1, -1, 1]}]}"#, "instances[0].scale[1]"),
        (#"{"instances": [{"prefab": "a", "position": [0, 0, 0], "type": "solid"}]}"#, "instances[0].type"),
        (#"{"instances": [{"prefab": "a", "position": [0, 0, 0], "parent": 1}]}"#, "instances[0].parent"),
        (#"{"instances": [{"prefab": "a", "position": [0, 0, 0], "parent": -2}]}"#, "instances[0].parent"),
        (#"{"instances": [{"prefab": "a", "position": [0, 0, 0], "parent": 0.5}]}"#, "instances[0].parent"),
        (#"{"instances": [{"prefab": "a", "position": [0, 0, 0], "parent": 1e300}]}"#, "instances[0].parent"),
        (#"{"instances": [{"prefab": "a", "position": [0, 0, 0], "parent": 0}]}"#, "instances[0].parent"),
        (
            #"{"instances": [\#(instance), {"prefab": "a", "position": [0, 0, 0], "parent": 0, "parent_surface": 0}]}"#,
            "instances[1].parent_surface"
        ),
        (
            #"{"instances": [{"prefab": "a", "position": [0, 0, 0], "parent_surface": 0}]}"#,
            "instances[0].parent_surface"
        ),
        (#"{"instances": [], "walls": [{"position": [0, 0, 0]}]}"#, "walls[0].size"),
        (#"{"instances": [], "walls": [{"position": [0, 0, 0], "size": [1, -1, 1]}]}"#, "walls[0].size[1]"),
        (
            #"{"instances": [], "walls": [{"position": [0, 0, 0], "size": [1, 1, 1], "material": "\u002312"}]}"#,
            "walls[0].material"
        ),
        (
            #"{"instances": [], "walls": [{"position": [0, 0, 0], "size": [1, 1, 1], "material": "\u0023GGGGGG"}]}"#,
            "walls[0].material"
        ),
        (
            #"{"instances": [], "walls": [{"position": [0, 0, 0], "size": [1, 1, 1], "holes": [{"size_xy": [1, 1]}]}]}"#,
            "walls[0].holes[0].position_xy"
        ),
        (
            #"{"instances": [], "walls": [{"position": [0, 0, 0], "size": [1, 1, 1], "holes": [{"position_xy": [1], "size_xy": [1, 1]}]}]}"#,
            "walls[0].holes[0].position_xy"
        ),
        (#"{"instances": [], "floors": 7}"#, "floors"),
        (
            #"{"instances": [], "floors": [{"position": [0, 0, 0], "size": [1, 1, 1], "leo_material": {"name": "x"}}]}"#,
            "floors[0].leo_material.color_name"
        ),
        (#"{"instances": [], "lights": [{"position": [0, 0, 0], "color": [2, 0, 0]}]}"#, "lights[0].color[0]"),
        (#"{"instances": [], "lights": [{"position": [0, 0, 0], "intensity": -1}]}"#, "lights[0].intensity"),
        (#"{"instances": [], "room_polygon": [{"room_type": "kitchen"}]}"#, "room_polygon[0].position"),
        (#"{"instances": [], "room_polygon": [{"polygon": [[0, 0], [1, 1]]}]}"#, "room_polygon[0].polygon"),
        (
            #"{"instances": [], "room_polygon": [{"polygon": [[0, 0], [1, 1], [0, null]]}]}"#,
            "room_polygon[0].polygon[2][1]"
        ),
        (#"{"instances": [], "agent": {"rotation": [0, 0, 0]}}"#, "agent.position"),
        (#"{"instances": [], "player": []}"#, "player"),
        (#"{"instances": [], "prompt": 3}"#, "prompt"),
        (#"{"instances": [], "center": [0]}"#, "center"),
        (#"{"instances": [], "leo": {"seed": 3}}"#, "leo.seed"),
        (#"{"instances": [], "leo": {"seed": "-3"}}"#, "leo.seed"),
        (#"{"scene": {"instances": 3}}"#, "scene.instances"),
    ])
    func malformedScenesNameTheField(text: String, field: String) {
        let error = #expect(throws: WorldError.self) { try SceneJSON.read(Array(text.utf8), file: "broken.json") }
        guard case .malformed(let file, let found, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(file == "broken.json")
        #expect(found == field)
        #expect(!reason.isEmpty)
    }

    @Test(arguments: [
        ("", 0), ("{", 1), (#"{"instances": [}"#, 15), (#"{"instances": []} x"#, 18), (#"{"instances": [01]}"#, 16), ("{\"a\": \"\n\"}", 7),
    ])
    func brokenJSONIsShownByItsByte(text: String, offset: Int) {
        let error = #expect(throws: WorldError.self) { try SceneJSON.read(Array(text.utf8), file: "broken.json") }
        #expect(error?.description.hasPrefix("broken.json: document: is no JSON: byte \(offset): expected ") == true, "\(String(describing: error))")
    }

    @Test func reasonsSayWhatWasFound() {
        func reason(_ text: String) -> String {
            let error = #expect(throws: WorldError.self) { try SceneJSON.read(Array(text.utf8), file: "a") }
            return error?.description ?? ""
        }
        #expect(reason(#"{"instances": [{"prefab": "a", "position": [0, NaN, 0]}]}"#)
            == "a: instances[0].position[1]: expected a number within -10000.0...10000.0, found the number NaN")
        #expect(reason(#"{"instances": [{"prefab": "a", "position": "here"}]}"#)
            == #"a: instances[0].position: expected an array, found the text "here""#)
        #expect(reason("{}") == "a: instances: expected a value, found nothing")
    }

    @Test func circlesAndHugeNestingAreRefused() {
        let circle =
            #"{"instances": [{"prefab": "a", "position": [0,0,0], "parent": 1}, {"prefab": "a", "position": [0,0,0], "parent": 0}]}"#
        #expect(throws: WorldError.self) { try SceneJSON.read(Array(circle.utf8)) }
        // A circle further up the chain is found too.
        let tail =
            #"{"instances": [{"prefab": "a", "position": [0,0,0], "parent": 1}, {"prefab": "a", "position": [0,0,0], "parent": 2}, {"prefab": "a", "position": [0,0,0], "parent": 1}]}"#
        #expect(throws: WorldError.self) { try SceneJSON.read(Array(tail.utf8)) }
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: WorldError.self) { try SceneJSON.read(Array(deep.utf8)) }
        #expect(throws: WorldError.self) { try SceneJSON.read([0xFF, 0xFE, 0x00, 0x7B, 0x80]) }
        let many = #"{"instances": ["# + Array(repeating: "0", count: 10_001).joined(separator: ",") + "]}"
        #expect(throws: WorldError.self) { try SceneJSON.read(Array(many.utf8)) }
    }

    /// Any cut and any changed byte of a scene is either read or refused, never a crash.
    @Test func damagedScenesNeverTrap() throws {
        let scene = WorldGenerator.scene(seed: 10)
        let bytes = Array(try SceneJSON.text(of: scene).utf8)
        var random = SeededGenerator(seed: 4)
        var refused = 0
        for _ in 0..<60 {
            var damaged = bytes
            if Bool.random(using: &random) {
                damaged.removeLast(Int.random(in: 1..<damaged.count, using: &random))
            } else {
                for _ in 0..<3 {
                    damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(
                        in: 0x20...0x7E, using: &random)
                }
            }
            do {
                let read = try SceneJSON.read(damaged).scene
                _ = read.describe()
                _ = read.violations()
            } catch { refused += 1 }
        }
        #expect(refused > 10)
    }

    @Test func missingFilesAreNamed() {
        let error = #expect(throws: WorldError.self) { try SceneJSON.read(path: "/nonexistent/scene.json") }
        #expect(error?.description.hasPrefix("/nonexistent/scene.json: ") == true)
        #expect(throws: WorldError.self) { try SceneJSON.read(path: "/") }
        #expect(throws: WorldError.self) {
            try SceneJSON.write(WorldGenerator.scene(seed: 1), to: "/nonexistent/scene.json")
        }
    }

    @Test func numbersThatAreNoneAreNotWritten() {
        var scene = WorldGenerator.scene(seed: 1)
        scene.agent.position.x = .nan
        let error = #expect(throws: WorldError.self) { try SceneJSON.text(of: scene) }
        #expect(error?.description.contains("agent.position") == true)
    }

    @Test func descriptionsNameRoomsThingsAndRelations() throws {
        let scene = WorldGenerator.scene(seed: 5)
        let text = scene.describe()
        for room in scene.rooms { #expect(text.contains("\(room.kind) (room \(room.id))")) }
        for (index, instance) in scene.instances.enumerated() {
            let line = try #require(
                text.split(separator: "\n").first { $0.contains("\(instance.model.name) \(index): ") })
            let surface = instance.parent.flatMap { scene.instances[$0].model.surfaces[instance.parentSurface ?? 0] }
            #expect(line.contains("on it: ") == (surface.map { !$0.isInside } ?? false))
            #expect(line.contains("in it: ") == (surface?.isInside ?? false))
        }
        #expect(text.contains("door"))
        let summary = scene.summary
        let data = try JSONEncoder().encode(summary)
        #expect(try JSONDecoder().decode(SceneSummary.self, from: data) == summary)
        #expect(summary.rooms.map(\.things).joined().count == scene.instances.count)
        for room in summary.rooms { #expect(!room.doors.isEmpty, "rooms of a house have doors") }
    }
}

@Suite("Tabletop")
struct GeneratorTabletopTests {
    @Test(arguments: TabletopScene.Task.allCases)
    func tablesAreSound(task: TabletopScene.Task) {
        for seed in UInt64(0)..<200 {
            let table = TabletopScene(seed: seed, task: task)
            #expect(table == TabletopScene(seed: seed, task: task))
            #expect(!table.steps.isEmpty && !table.goal.isEmpty)
            for object in table.objects {
                let reach = object.shape.size.x / 2
                #expect(object.position.x - reach > 0.25 && object.position.x + reach < 0.75)
                #expect(object.position.y - reach > -0.5 && object.position.y + reach < 0.5)
                #expect(object.position.z == 0 && abs(object.rotation) <= .pi)
            }
            for (index, object) in table.objects.enumerated() {
                for other in table.objects[..<index] {
                    let offset = object.position - other.position
                    let gap = (offset * offset).sum().squareRoot() - (object.shape.size.x + other.shape.size.x) / 2
                    #expect(gap > 0.02, "\(task) \(seed)")
                }
            }
            for step in table.steps {
                #expect(step.object != step.target)
                #expect(table.objects[step.object].shape == .block)
                #expect(
                    step.instruction.contains(table.objects[step.object].name)
                        && step.instruction.contains(table.objects[step.target].name))
            }
        }
    }

    /// Names in an instruction mean one thing only, but for the blocks of a colour that are all to be sorted.
    @Test func instructionsAreUnambiguous() {
        for seed in UInt64(0)..<500 {
            let table = TabletopScene(seed: seed)
            for step in table.steps {
                let targets = table.objects.filter { $0.name == table.objects[step.target].name }
                #expect(targets.count == 1, "\(seed): \(step.instruction)")
                let objects = table.objects.filter { $0.name == table.objects[step.object].name }
                #expect(table.task == .sortColor || objects.count == 1, "\(seed): \(step.instruction)")
            }
        }
    }

    @Test func worldFrameKeepsDistancesAndHandedness() {
        let table = TabletopScene(seed: 7)
        let scene = table.worldScene
        #expect(scene.instances.count == table.objects.count)
        for (object, instance) in zip(table.objects, scene.instances) {
            #expect(instance.transform.position.x == -object.position.y)
            #expect(instance.transform.position.z == object.position.x)
            // A block turned left by an angle shows its +x side there.
            let ahead = instance.transform.apply(to: SIMD3(0, 0, 0.01)) - instance.transform.position
            let expected = TabletopScene.world(SIMD3(cos(object.rotation), sin(object.rotation), 0) * 0.01)
            #expect(((ahead - expected) * (ahead - expected)).sum() < 1e-12)
        }
    }
}
