import Foundation
import LEOAction
import Testing
import TestSupport

@Suite struct LEGENTTrajectoryTests {
    @Test func filesInTheWayAreNamed() throws {
        try withTemporaryFolder { folder throws in
            let file = folder + "/file"
            try LEGENTFile.write("x", to: file)
            let setting = LEGENTTaskSetting(task: "Come here.")
            #expect(throws: LEGENTMessageError.file(path: file, reason: "cannot make the folder: is a file, not a folder")) {
                try LEGENTTrajectoryRecorder(folder: file, setting: setting)
            }
            #expect(throws: LEGENTMessageError.file(path: folder, reason: "cannot open: is a directory")) { try LEGENTFile.json(folder) }
            #expect(throws: LEGENTMessageError.file(path: file, reason: "cannot list the folder: Not a directory")) {
                try LEGENTTrajectoryRecorder.writeIndex(of: file)
            }
        }
    }

    @Test func recorderWritesTheOfficialLayout() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/tasks"
            var setting = try LEGENTTaskSetting(task: "Come here, 请.", sceneJSON: #"{"instances": [], "prompt": ""}"#)
            setting.plan = ["Go to the user."]
            setting.solution = ["goto_user()"]
            var recorder = try LEGENTTrajectoryRecorder(folder: data, setting: setting, id: "20240311-165946-211047")
            try recorder.add(image: Data([1]), action: "move_forward(1.0)")
            #expect(!FileManager.default.fileExists(atPath: data + "/20240311-165946-211047"))
            try recorder.add(image: Data([2]), action: "finish()")
            let trajectory = try recorder.finish()
            #expect(trajectory.interactions == [
                .human("Come here, 请."),
                .agent([
                    .init(image: "20240311-165946-211047/0000.png", action: "move_forward(1.0)"),
                    .init(image: "20240311-165946-211047/0001.png", action: "finish()"),
                ]),
            ])
            #expect(FileManager.default.contents(atPath: data + "/" + "20240311-165946-211047/0001.png") == Data([2]))
            #expect(try LEGENTTrajectory(contentsOf: data + "/20240311-165946-211047/trajectory.json") == trajectory)
            #expect(try LEGENTTaskSetting(contentsOf: data + "/20240311-165946-211047/task_setting.json") == setting)
            let text = try String(contentsOfFile: data + "/20240311-165946-211047/trajectory.json", encoding: .utf8)
            #expect(text.hasPrefix("{\n    \"id\": \"20240311-165946-211047\",\n    \"interactions\": [\n"))
            #expect(text.contains("请"))

            // A second of the same id gets another, one that was broken off leaves nothing.
            let second = try LEGENTTrajectoryRecorder(folder: data, setting: setting, id: "20240311-165946-211047")
            #expect(second.id != "20240311-165946-211047")
            try second.finish()
            try LEGENTTrajectoryRecorder(folder: data, setting: setting).discard()
            let list = try LEGENTTrajectoryRecorder.writeIndex(of: data)
            #expect(list.map(\.id) == ["20240311-165946-211047", second.id].sorted())
            #expect(try LEGENTTrajectory.list(contentsOf: data + "/trajectories.json") == list)
            #expect(try FileManager.default.contentsOfDirectory(atPath: data).count == 3)
        }
    }

    @Test func idsAreLocalTimesToTheMicrosecond() throws {
        let zone = try #require(TimeZone(identifier: "UTC"))
        #expect(LEGENTTrajectory.id(for: Date(timeIntervalSince1970: 0), timeZone: zone) == "19700101-000000-000000")
        #expect(LEGENTTrajectory.id(for: Date(timeIntervalSince1970: 1_710_176_386.5), timeZone: zone) == "20240311-165946-500000")
        // Rounds up into the next second as a whole.
        #expect(LEGENTTrajectory.id(for: Date(timeIntervalSince1970: 59.9999999), timeZone: zone) == "19700101-000100-000000")
    }

    @Test func settingKeepsWhatItDoesNotKnow() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/task_setting.json"
            let text = #"{"task": "Where is it?", "answer": "table", "steps": 3, "scene": {"a": 1.50}, "mine": [1, null]}"#
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            let setting = try LEGENTTaskSetting(contentsOf: path)
            #expect(setting.answer == "table" && setting.steps == 3 && setting.sceneJSON == #"{"a": 1.50}"#)
            try setting.write(to: path)
            #expect(try LEGENTTaskSetting(contentsOf: path) == setting)
            #expect(setting.json.contains("\"mine\""))
        }
    }

    @Test(arguments: [
        (#"{"id": 3, "interactions": []}"#, "trajectory.json: id"), (#"{"id": "a"}"#, "trajectory.json: interactions"),
        (#"{"id": "a", "interactions": [{"from": "cat"}]}"#, "trajectory.json: interactions[0].from"),
        (#"{"id": "a", "interactions": [{"from": "agent", "trajectory": [{"image": "x"}]}]}"#, "trajectory.json: interactions[0].trajectory[0].action"),
        ("{", "trajectory.json: JSON"),
    ])
    func errorsNameFileAndPlace(text: String, place: String) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/trajectory.json"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            do {
                _ = try LEGENTTrajectory(contentsOf: path)
                Issue.record("was read")
            } catch {
                #expect("\(error)".contains(place), "\(error)")
            }
        }
    }

    @Test func missingFileIsAnError() {
        #expect(throws: LEGENTMessageError.self) { try LEGENTTrajectory(contentsOf: "/nowhere/trajectory.json") }
    }
}

@Suite struct LEGENTCallTests {
    @Test func pathsAreMadeAbsolute() {
        #expect(LEGENTCall.saveTopDownView(to: "/tmp/./x/../a.png").arguments == "/tmp/a.png")
        #expect(LEGENTCall.saveSceneToGltf(to: "s.gltf").arguments == FileManager.default.currentDirectoryPath + "/s.gltf")
    }

    @Test func photosCarryTheirType() {
        let plain = LEGENTCall.takePhoto(to: "/a.png", position: SIMD3(1, 2, 3.5), rotation: .zero, renderingType: "depth")
        #expect(plain.name == "TakePhoto" && plain.arguments.hasSuffix(#""rendering_type": ""}"#), "\(plain.arguments)")
        let seen = LEGENTCall.takePhoto(to: "/a.png", position: .zero, rotation: .zero, showsVisibility: true, renderingType: "depth")
        #expect(seen.name == "TakePhotoWithVisiblityInfo" && seen.arguments.hasSuffix(#""rendering_type": "depth"}"#))
    }

    @Test func listsComeBack() throws {
        var action = LEGENTAction()
        action.calls = [.hideObject(3), .playerTargetObjectID, .setVideoRecordingPath("/tmp/ü \"x\"")]
        #expect(try LEGENTCall.list(json: action.callsJSON) == action.calls)
        #expect(try LEGENTCall.list(json: "") == [])
        #expect(try LEGENTCall.list(json: #"{"calls": [{"api": "HideObject", "args": 3}]}"#) == [.hideObject(3)])
    }
}
