import LEGENTWire
import LEOAction
import LEOScene
import Testing

@Suite struct LEGENTMessageTests {
    @Test func stepTravelsWhole() throws {
        var action = LEGENTAction.step
        action.text = "Ja, \"hier\" 🙂"
        action.teleportForward = -1.25
        action.rotateRight = -180
        action.rotateDown = 12.5
        action.grabs = true
        action.jumps = true
        action.lookX = 0.25
        action.looksAtPoint = true
        action.choice = 4
        action.calls = [
            .moveObject(3, position: SIMD3(1, 0.5, 2), rotation: SIMD3(0, 45, 0)), .pathToObject(7), .takePhoto(to: "/tmp/a b.png", position: .zero, rotation: .zero),
        ]
        let bytes = try LEGENTActionMessage(action).protobufBytes
        #expect(try LEGENTActionMessage(protobuf: bytes).action() == action)
    }

    @Test func kindsCarryWhatTheToolkitSends() {
        var action = LEGENTAction()
        action.text = "not sent"
        action.jsonActions = "{}"
        action.calls = [.pathToUser]
        action.kind = .initialize
        let start = LEGENTActionMessage(action)
        #expect(start.text.isEmpty && start.floatActions.isEmpty && start.apiCalls.isEmpty && start.jsonActions == "{}")
        action.kind = .reset
        let reset = LEGENTActionMessage(action)
        #expect(reset.floatActions.isEmpty && reset.intActions.isEmpty && reset.jsonActions == "{}")
        #expect(reset.apiCalls == #"{"calls": [{"api": "PathToUser", "args": ""}]}"#)
        action.kind = .close
        var close = LEGENTActionMessage()
        close.type = "CLOSE"
        #expect(LEGENTActionMessage(action) == close)
    }

    @Test func missingNumbersHaveDefaultsAndMoreAreIgnored() throws {
        var message = LEGENTActionMessage()
        message.type = "STEP"
        #expect(try message.action() == LEGENTAction())
        message.floatActions = [0, 1, 30, 0, 0, 1, 0, 0, 0, -1, 99, 99]
        message.intActions = [1, 0, 7]
        let action = try message.action()
        #expect(action.moveForward == 1 && action.rotateRight == 30 && action.grabs && action.usesTeleport && action.choice == -1)
    }

    @Test(arguments: [
        (0, Float.nan, "float_actions[0] (move_right)"), (2, .infinity, "float_actions[2] (rotate_right)"),
        (9, 1.5, "float_actions[9] (action_choice)"), (9, 1e30, "float_actions[9] (action_choice)"),
    ])
    func meaninglessNumbersAreErrors(index: Int, value: Float, field: String) {
        var message = LEGENTActionMessage()
        message.type = "STEP"
        message.floatActions = Array(repeating: 0, count: 10)
        message.floatActions[index] = value
        do {
            _ = try message.action()
            Issue.record("was read")
        } catch {
            #expect("\(error)".hasPrefix(field), "\(error)")
        }
    }

    @Test(arguments: ["", "step", "INIT ", "JUMP"])
    func unknownTypesAreErrors(type: String) {
        var message = LEGENTActionMessage()
        message.type = type
        #expect(throws: LEGENTMessageError.self) { try message.action() }
    }

    @Test(arguments: [
        "{", "{\"calls\": 3}", "{\"calls\": [3]}", "{\"calls\": [{\"args\": \"\"}]}", "[]", "{\"calls\": [{\"api\": 3}]}",
    ])
    func brokenCallsAreErrors(json: String) {
        do {
            _ = try LEGENTCall.list(json: json)
            Issue.record("was read")
        } catch {
            #expect("\(error)".hasPrefix("api_calls"), "\(error)")
        }
    }

    @Test func everyCutOfAMessageIsAnErrorOrAMessage() throws {
        var action = LEGENTAction.step
        action.text = "höre"
        let bytes = try LEGENTActionMessage(action).protobufBytes
        var errors = 0
        for count in 0..<bytes.count {
            do { _ = try LEGENTActionMessage(protobuf: Array(bytes[..<count])) } catch { errors += 1 }
        }
        // Only cuts between fields are messages: none, type, text, floats, ints.
        #expect(errors == bytes.count - 5)
    }
}

@Suite struct LEGENTImageTests {
    private func observation(_ bytes: [UInt8]) -> LEGENTObservation {
        var observation = LEGENTObservation()
        observation.image = bytes
        return observation
    }

    @Test func sequencesKeepTheirOrderAndTheViewIsLast() throws {
        let images = try (0..<5).map { try picture($0, width: 4 + $0) }
        let packed = try LEGENTObservation.packFrames(images)
        let frames = try observation(packed).frames()
        #expect(frames.map(\.width) == [4, 5, 6, 7, 8])
        #expect(try observation(packed).view() == frames[4])
        #expect(try observation(images[2]).frames() == [frames[2]])
    }

    @Test func lengthBeyondTheEndTakesWhatIsThere() throws {
        let image = try picture(1)
        let frames = try observation([0xff, 0xff, 0xff, 0xff] + image).frames()
        #expect(frames == [try observation(image).view()])
    }

    @Test func brokenImagesAreErrorsThatNameTheFrame() throws {
        let image = try picture(1)
        let packed = try LEGENTObservation.packFrames([image, image])
        let cases: [([UInt8], String)] = [
            ([], "image: is empty"),
            (Array("hello, no image".utf8), "image: frame 0"),
            (Array(image.dropLast(20)), "image: PNG"),
            (packed + [1, 2], "image: frame 2: its length needs 4 bytes, 2 are left"),
            (packed + [0, 0, 0, 0], "image: frame 2"),
            (packed + [9, 0, 0, 0], "image: frame 2: 9 bytes announced, 0 are left"),
            (Array(packed.dropLast(30)), "image: frame 1"),
        ]
        for (bytes, start) in cases {
            do {
                _ = try observation(bytes).view()
                Issue.record("\(start): was read")
            } catch {
                #expect("\(error)".hasPrefix(start), "\(error)")
            }
        }
    }

    @Test func hugePicturesAreRefusedBeforeTheyTakeMemory() throws {
        // A header that announces 60000 x 60000 pixels.
        var image = try picture(1)
        image.replaceSubrange(16..<24, with: [0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60])
        #expect(throws: LEGENTMessageError.self) { try observation(image).frames() }
    }

    @Test func nothingCanBePackedFromNothing() {
        #expect(throws: LEGENTMessageError.self) { try LEGENTObservation.packFrames([]) }
        #expect(throws: LEGENTMessageError.self) { try LEGENTObservation.packFrames([[]]) }
    }
}
