import Foundation
import LEOAction
import LEOWorld
import TestSupport
import Testing

@Suite struct SimCallTests {
    private func calling(_ calls: LEGENTCall...) -> LEGENTAction {
        var action = LEGENTAction.step
        action.calls = calls
        return action
    }

    private func call(_ name: String, _ arguments: String = "") -> LEGENTAction { calling(LEGENTCall(name: name, arguments: arguments)) }

    @Test func returnsPathsAndViews() throws {
        var world = try World(SimScenes.furnished())
        let user = try #require(try world.step(call("PathToUser")).returns?.corners)
        #expect(user == world.pathToUser())
        let table = try #require(try world.step(call("PathToObject", "0")).returns?.corners)
        #expect(table == world.pathToObject(0) && table.count >= 2)
        // The table is in the other room.
        #expect(try world.step(call("ObjectInView", "0")).returns?.inView == false)
        #expect(try world.step(call("ObjectInView", "4")).returns?.inView == true)
        #expect(try world.step(.step).returns == nil)
        let both = try #require(try world.step(calling(
            LEGENTCall(name: "ObjectInView", arguments: "4"), LEGENTCall(name: "PathToUser"))).returns)
        #expect(both.inView == true && both.corners == user)
    }

    @Test func callsRunAfterTheAction() throws {
        var world = try World(SimScenes.furnished())
        var action = call("PathToUser")
        action.teleportForward = 1
        #expect(try world.step(action).returns?.corners?.first == SIMD3(-2, 0, 0))
    }

    @Test func tellsWhatStandsWhere() throws {
        var world = try World(SimScenes.furnished())
        let relations = try #require(try world.step(call("GetSpatialRelations")).returns?.objectRelations)
        #expect(relations.map(\.onWhat) == [nil, 0, 0, nil, nil])
        #expect(relations.allSatisfy { $0.inWhat == nil })
    }

    @Test func hidesShowsAndMoves() throws {
        var world = try World(SimScenes.furnished())
        try world.step(call("HideObject", "4"))
        #expect(world.hidden[4])
        #expect(try world.step(call("ObjectInView", "4")).returns?.inView == false)
        try world.step(call("ShowObject", "4"))
        #expect(try world.step(call("ObjectInView", "4")).returns?.inView == true)
        try world.step(call("MoveObject", #"{"object_id": 1, "position": [-1.2, 0.49, -0.2], "rotation": [0, 45, 0]}"#))
        #expect(world.transforms[1].position == SIMD3(-1.2, 0.49, -0.2) && world.transforms[1].rotation.y == 45)
        // Onto the stool.
        #expect(world.parents[1] == 4)
        // The cup goes where the table goes.
        try world.step(call("MoveObject", #"{"object_id": 0, "position": [2, 0.375, -0.6], "rotation": [0, 0, 0]}"#))
        #expect(world.parents[2] == 0)
        #expect(abs(world.transforms[2].position.z - -0.8) < 1e-9)
    }

    @Test func namesTheObjectInTheMiddle() throws {
        var world = try World(SimScenes.furnished())
        var look = LEGENTAction.step
        let view = world.agentView
        look.looksAtPoint = true
        let seen = try #require(view.project(SIMD3(-1.2, 0.3, -0.2)))
        (look.lookX, look.lookY) = (seen.x, seen.y)
        look.calls = [LEGENTCall(name: "AgentTargetObjectID")]
        #expect(try world.step(look).returns?.objectID == 4)
        #expect(try world.step(call("PlayerTargetObjectID")).returns?.objectID == -1)
    }

    @Test(arguments: [
        ("PathToObject", ""), ("PathToObject", "x"), ("PathToObject", "1.5"), ("PathToObject", "-1"), ("PathToObject", "5"),
        ("PathToObject", "99999999999999999999"), ("ObjectInView", "[1]"), ("HideObject", "nan"), ("ShowObject", "1 2"),
        ("MoveObject", ""), ("MoveObject", "3"), ("MoveObject", "{}"), ("MoveObject", "[3]"), ("MoveObject", "{\"object_id\": 1"),
        ("MoveObject", #"{"object_id": 1, "position": [0, 0], "rotation": [0, 0, 0]}"#),
        ("MoveObject", #"{"object_id": 1, "position": [0, 0, "a"], "rotation": [0, 0, 0]}"#),
        ("MoveObject", #"{"object_id": 1, "position": [0, 0, 1e308], "rotation": [0, 0, 0]}"#),
        ("MoveObject", #"{"object_id": 1.5, "position": [0, 0, 0], "rotation": [0, 0, 0]}"#),
        ("MoveObject", #"{"object_id": 7, "position": [0, 0, 0], "rotation": [0, 0, 0]}"#),
        ("TakePhoto", "{}"), ("TakePhoto", #"{"position": [0,0,0], "rotation": [0,0,0], "path": "a", "width": 0}"#),
        ("TakePhoto", #"{"position": [0,0,0], "rotation": [0,0,0], "path": "a", "width": 1e9}"#),
        ("TakePhoto", #"{"position": [0,0,0], "rotation": [0,0,0], "path": "a", "vertical_field_of_view": 180}"#),
        ("TakePhoto", #"{"position": [0,0,0], "rotation": [0,0,0], "path": ""}"#), ("SaveTopDownView", ""),
        ("SaveSceneToGltf", "a\0b"), ("SetVideoRecordingPath", "a\0b"), ("Fly", ""), ("", ""), ("pathtouser", ""),
    ])
    func refusesMalformedArguments(name: String, arguments: String) throws {
        var world = try World(SimScenes.furnished())
        let photographer = Recorder()
        var action = call(name, arguments)
        action.teleportForward = 1
        let before = (world.agent, world.transforms)
        #expect(throws: SimulationError.self) { try world.step(action, photographer: photographer) }
        #expect(world.agent == before.0 && world.transforms == before.1 && world.stepCount == 0)
        #expect(photographer.log.isEmpty)
    }

    @Test func asksThePhotographer() throws {
        var world = try World(SimScenes.furnished())
        let photo = #"{"position": [-2, 1.2, -1.5], "rotation": [20, 0, 0], "width": 64, "height": 48, "vertical_field_of_view": 60, "path": "/a.png", "rendering_type": "s"}"#
        #expect(throws: SimulationError.unsupportedCall(name: "TakePhoto")) { try world.step(call("TakePhoto", photo)) }
        let photographer = Recorder()
        let observation = try world.step(
            calling(
                LEGENTCall(name: "TakePhotoWithVisiblityInfo", arguments: photo), LEGENTCall(name: "SaveTopDownView", arguments: "/b.png"),
                LEGENTCall(name: "SaveSceneToGltf", arguments: "/c.gltf"), LEGENTCall(name: "SetVideoRecordingPath", arguments: "/v"),
                LEGENTCall(name: "SetVideoRecordingPath")),
            photographer: photographer)
        #expect(photographer.log == ["photo /a.png 64x48 60.0 s", "top /b.png", "gltf /c.gltf", "video /v", "video "])
        let seen = try #require(observation.returns?.objectsInView)
        #expect(seen.contains(4) && !seen.contains(0))
        photographer.fails = true
        #expect(throws: SimulationError.callFailed(name: "SaveTopDownView", reason: "full")) {
            try world.step(call("SaveTopDownView", "/b.png"), photographer: photographer)
        }
        #expect(throws: SimulationError.unsupportedCall(name: "SetVideoRecordingPath")) {
            try world.step(call("SetVideoRecordingPath", "/v"))
        }
    }

    @Test func failingCallLosesNoSpeech() throws {
        var world = try World(SimScenes.furnished())
        _ = world.observe()
        world.say("Stop.")
        let photographer = Recorder()
        photographer.fails = true
        #expect(throws: SimulationError.callFailed(name: "SetVideoRecordingPath", reason: "full")) {
            try world.step(call("SetVideoRecordingPath", "/v"), photographer: photographer)
        }
        #expect(world.observe().text == "Stop.")
    }

    private final class Recorder: WorldPhotographer, @unchecked Sendable {
        struct Full: Error, CustomStringConvertible { var description: String { "full" } }
        var log: [String] = []
        var fails = false

        private func note(_ line: String) throws {
            if fails { throw Full() }
            log.append(line)
        }

        func takePhoto(of world: World, _ request: PhotoRequest) throws {
            let view = request.view
            try note("photo \(request.path) \(view.width)x\(view.height) \(view.fieldOfView) \(request.renderingType)")
        }
        func saveTopDownView(of world: World, path: String) throws { try note("top \(path)") }
        func saveSceneToGltf(of world: World, path: String) throws { try note("gltf \(path)") }
        func setVideoRecordingPath(of world: World, path: String) throws { try note("video \(path)") }
    }

    @Test func writesTheGameState() throws {
        var world = try World(SimScenes.furnished())
        var turn = LEGENTAction.step
        turn.rotateRight = 30
        try world.step(turn)
        let state = world.gameState
        #expect(state.instances.count == 5 && state.instances[0].prefab == "LEO_Table_0")
        #expect(state.agent?.rotation == SIMD3(0, 30, 0))
        #expect(abs((state.agent?.forward?.x ?? 0) - 0.5) < 1e-12)
        #expect(state.agentCamera?.position == SIMD3(-2, WorldRules.agentEyes, -1))
        #expect(state.agentGrabbedInstance == nil)
        #expect(try LEGENTGameState(json: state.json) == state)
    }
}
