import Foundation
import LEGENTWire
import LEOAction
import LEOScene

/// A recorded session: messages in both directions, and what the toolkit read in them.
enum LEGENTSessionKind: CaseKind {
    static func recognises(_ folder: CaseFolder) -> Bool { folder.has("session.json") }
    static func name(_ folder: CaseFolder) -> String { "LEGENT session" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let golden = try LEGENTGolden.document(folder, "session.json")
        let method = try golden.required("method").string
        var checks = [
            Comparison.exact("method", LEGENTServer.method, method),
            Comparison.exact("service", LEGENTServer.service, try golden.required("service").string),
        ]
        let exchanges = try golden.required("exchanges").elements
        checks.append(Comparison.rows("game to agent", exchanges) { try gameSends($0) })
        checks.append(Comparison.rows("agent to game", exchanges) { try agentReplies($0, golden) })
        checks.append(Comparison.rows("parsed observations", exchanges) { try parsedObservation($0) })
        checks.append(order(try exchanges.map { try $0.required("server_replies").required("fields").required("type").string }))
        return checks
    }

    private static func gameSends(_ exchange: JSONReader) throws -> String? {
        let row = try exchange.required("client_sends")
        if let wrong = try LEGENTGolden.messageDifference(row) { return wrong }
        // What the game itself would write means the same.
        let message = try LEGENTObservationMessage(golden: row.required("fields"))
        let observation = try LEGENTObservation(message)
        let written = LEGENTObservationMessage(observation)
        if message.gameStates != "{}", !(try LEGENTGolden.mean(written.gameStates, message.gameStates)) {
            return "game_states: read and written again mean something else: \(written.gameStates)"
        }
        if !message.apiReturns.isEmpty, !(try LEGENTGolden.mean(written.apiReturns, message.apiReturns)) {
            return "api_returns: read and written again mean something else: \(written.apiReturns)"
        }
        return nil
    }

    private static func agentReplies(_ exchange: JSONReader, _ golden: JSONReader) throws -> String? {
        let row = try exchange.required("server_replies")
        if let wrong = try LEGENTGolden.messageDifference(row) { return wrong }
        // From our own action, settings and scene to the same bytes.
        var action = try LEGENTActionMessage(golden: row.required("fields")).action()
        switch action.kind {
        case .initialize:
            let settings = try golden.optional("env_config")?.value.line ?? action.jsonActions
            action.jsonActions = try LEGENTSettings(json: settings).json
        case .reset:
            if let scene = try golden.optional("scene") { action.jsonActions = scene.value.line }
        case .step, .close: break
        }
        let bytes = try LEGENTActionMessage(action).protobufBytes
        return Comparison.difference("bytes of the action", bytes, try LEGENTGolden.bytes(row, "bytes_base64"))
    }

    private static func parsedObservation(_ exchange: JSONReader) throws -> String? {
        guard let parsed = try exchange.optional("parsed_observation") else { return nil }
        let bytes = try LEGENTGolden.bytes(exchange.required("client_sends"), "bytes_base64")
        let observation = try LEGENTObservation(LEGENTObservationMessage(protobuf: bytes))
        if let wrong = Comparison.difference("type", observation.type, try parsed.required("type").string) { return wrong }
        if let wrong = Comparison.difference("text", observation.text, try parsed.required("text").string) { return wrong }
        let frames = try LEGENTObservation.encodedFrames(observation.image)
        let count = try parsed.required("num_frames").integer
        guard frames.count == count, let last = frames.last else { return "num_frames: expected \(count), found \(frames.count)" }
        guard try observation.view() == last.image else { return "view: expected the last frame" }
        if let wrong = try PixelSamples(last.bytes, last.image).difference(
            shape: parsed.required("image_shape"), sum: parsed.required("image_sum"), firstPixel: nil)
        {
            return wrong
        }
        let returns = try parsed.optional("api_returns")
        guard let expected = returns else {
            return observation.apiReturns == nil ? nil : "api_returns: expected none"
        }
        guard let found = observation.apiReturns else { return "api_returns: expected \(expected.value.line), found none" }
        return try LEGENTGolden.mean(found.json, expected.value.line) ? nil : "api_returns: expected \(expected.value.line), found \(found.json)"
    }

    /// INIT first, then actions, CLOSE last.
    private static func order(_ types: [String]) -> OutputCheck {
        let inner = types.dropFirst().dropLast()
        let isInOrder = types.first == "INIT" && types.last == "CLOSE" && inner.allSatisfy { $0 == "RESET" || $0 == "STEP" }
        return OutputCheck(
            name: "order", passed: isInOrder, note: isInOrder ? "" : "expected INIT, RESET or STEP …, CLOSE, found \(types.joined(separator: ", "))")
    }
}

/// Protobuf messages, well-formed, odd and broken.
enum LEGENTWireKind: CaseKind {
    static func recognises(_ folder: CaseFolder) -> Bool { folder.has("wire.jsonl") }
    static func name(_ folder: CaseFolder) -> String { "LEGENT messages" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        [Comparison.rows("wire.jsonl", try LEGENTGolden.rows(folder, "wire.jsonl")) { try LEGENTGolden.messageDifference($0) }]
    }
}

/// Image fields: single images, frame sequences, and what is neither.
enum LEGENTImageKind: CaseKind {
    static func recognises(_ folder: CaseFolder) -> Bool { folder.has("image_frames.jsonl") }
    static func name(_ folder: CaseFolder) -> String { "LEGENT images" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        [Comparison.rows("image_frames.jsonl", try LEGENTGolden.rows(folder, "image_frames.jsonl")) { try difference($0) }]
    }

    private static func difference(_ row: JSONReader) throws -> String? {
        let name = try row.required("case").string
        var observation = LEGENTObservation()
        observation.image = try LEGENTGolden.bytes(row, "bytes_base64")
        if try row.optional("error") != nil {
            for read in [{ _ = try observation.frames() }, { _ = try observation.view() }] {
                do {
                    try read()
                    return "\(name): expected an error, was read"
                } catch is LEGENTMessageError {}
            }
            return nil
        }
        let golden = try row.required("frames").elements
        let frames = try LEGENTObservation.encodedFrames(observation.image)
        guard frames.count == golden.count else { return "\(name): expected \(golden.count) frames, found \(frames.count)" }
        guard try observation.frames() == frames.map(\.image) else { return "\(name): frames read twice differ" }
        for (index, (frame, expected)) in zip(frames, golden).enumerated() {
            if let wrong = try PixelSamples(frame.bytes, frame.image).difference(
                shape: expected.required("shape"), sum: expected.required("sum"), firstPixel: expected.optional("first_pixel"))
            {
                return "\(name): frame \(index): \(wrong)"
            }
        }
        let current = try row.required("image_is_frame").integer
        guard frames.indices.contains(current) else { return "\(name): image_is_frame: there is no frame \(current)" }
        return try observation.view() == frames[current].image ? nil : "\(name): the view is not frame \(current)"
    }
}

/// The game's own functions: what a call is, and the field that carries it.
enum LEGENTCallsKind: CaseKind {
    static func recognises(_ folder: CaseFolder) -> Bool { folder.has("api_calls.json") }
    static func name(_ folder: CaseFolder) -> String { "LEGENT calls" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let rows = try LEGENTGolden.document(folder, "api_calls.json").elements
        return [
            Comparison.rows("value", rows) { row in
                let call = try Self.call(row.required("call").string)
                let value = try row.required("value")
                let (name, arguments) = (try value.required("api").string, try value.required("args").string)
                return Comparison.difference("api", call.name, name) ?? Comparison.difference("args", call.arguments, arguments)
            },
            Comparison.rows("api_calls_field", rows) { row in
                var action = LEGENTAction()
                action.calls = [try Self.call(row.required("call").string)]
                let golden = try row.required("api_calls_field").string
                if let wrong = Comparison.difference("written", action.callsJSON, golden) { return wrong }
                return try LEGENTCall.list(json: golden) == action.calls ? nil : "read: expected the call that was written"
            },
        ]
    }

    /// A call as Python spells it: `HideObject(3)`, `GetSpatialRelations()`, `PathToUser`.
    private static func call(_ text: String) throws -> LEGENTCall {
        func unknown(_ expected: String) -> CheckError { .malformed(path: text, field: "call", expected: expected) }
        let parts = text.split(separator: "(", maxSplits: 1)
        guard let name = parts.first else { throw unknown("a call") }
        var arguments: [JSONText] = []
        if parts.count == 2 {
            guard parts[1].hasSuffix(")"),
                case .array(let values) = try JSONText(parsing: "[\(parts[1].dropLast())]", field: text)
            else { throw unknown("arguments and )") }
            arguments = values
        }
        func integer(_ index: Int) throws -> Int {
            guard index < arguments.count, case .number(let digits) = arguments[index], let number = Int(digits) else {
                throw unknown("a whole number as argument \(index + 1)")
            }
            return number
        }
        func string(_ index: Int, default value: String? = nil) throws -> String {
            if index >= arguments.count, let value { return value }
            guard index < arguments.count, case .string(let text) = arguments[index] else {
                throw unknown("text as argument \(index + 1)")
            }
            return text
        }
        func json(_ index: Int, default value: JSONText? = nil) throws -> JSONText {
            if index < arguments.count { return arguments[index] }
            guard let value else { throw unknown("an argument \(index + 1)") }
            return value
        }
        switch name {
        case "PathToUser": return .pathToUser
        case "PathToObject": return .pathToObject(try integer(0))
        case "ObjectInView": return .objectInView(try integer(0))
        case "GetSpatialRelations": return .spatialRelations
        case "AgentTargetObjectID": return .agentTargetObjectID
        case "PlayerTargetObjectID": return .playerTargetObjectID
        case "HideObject": return .hideObject(try integer(0))
        case "ShowObject": return .showObject(try integer(0))
        case "SaveTopDownView": return .saveTopDownView(to: try string(0))
        case "SetVideoRecordingPath": return .setVideoRecordingPath(try string(0))
        case "SaveSceneToGltf": return .saveSceneToGltf(to: try string(0))
        case "MoveObject": return .moveObject(try json(0), position: try json(1), rotation: try json(2))
        case "TakePhoto", "TakePhotoWithVisiblityInfo":
            return .takePhoto(
                path: try string(0), position: try json(1), rotation: try json(2), width: try json(3, default: .integer(4096)),
                height: try json(4, default: .integer(4096)), fieldOfView: try json(5, default: .integer(90)),
                showsVisibility: name != "TakePhoto", renderingType: try string(6, default: ""))
        default: throw unknown("a call that LEGENT's game knows")
        }
    }
}

/// Trajectories and task settings: read, written, and read again.
enum LEGENTTrajectoryKind: CaseKind {
    private static let files = ["trajectory.json", "task_setting.json", "trajectories.json"]

    static func recognises(_ folder: CaseFolder) -> Bool { files.contains { folder.has($0) } }
    static func name(_ folder: CaseFolder) -> String { "LEGENT trajectory" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        files.filter { folder.has($0) }.map { name in
            do {
                return OutputCheck(name: name, passed: true, note: "").failing(try difference(folder, name))
            } catch {
                return OutputCheck(name: name, passed: false, note: "\(error)")
            }
        }
    }

    private static func difference(_ folder: CaseFolder, _ name: String) throws -> String? {
        let path = folder.file(name)
        let golden = try LEGENTFile.json(path)
        let text: String
        var wrong: String?
        switch name {
        case "trajectory.json":
            let trajectory = try LEGENTTrajectory(contentsOf: path)
            text = trajectory.json
            wrong = try actionDifference(trajectory)
        case "task_setting.json": text = try LEGENTTaskSetting(contentsOf: path).json
        default:
            let list = try LEGENTTrajectory.list(contentsOf: path)
            text = JSONText.array(list.map(\.value)).indented
            wrong = try list.lazy.compactMap { try actionDifference($0) }.first
        }
        if let wrong { return wrong }
        let written = try JSONText(parsing: text, field: name)
        if !written.means(golden) { return "written again it means something else" }
        // The toolkit's own spelling, where the file has it.
        let original = String(decoding: try folder.data(name), as: UTF8.self)
        return golden.indented == original ? Comparison.difference("text", text, original) : nil
    }

    private static let verbs = ["move_forward(", "rotate_right(", "rotate_down(", "grab(", "speak(", "finish("]

    /// Every action of an agent is empty or begins with one that the toolkit writes; what it reads as nothing, such as
    /// `rotate_right(0)`, it writes too.
    private static func actionDifference(_ trajectory: LEGENTTrajectory) throws -> String? {
        for case .agent(let steps) in trajectory.interactions {
            for step in steps where !step.action.isEmpty && !verbs.contains(where: step.action.hasPrefix) {
                return "\(step.image): no action in \(step.action.debugDescription)"
            }
        }
        return nil
    }
}

extension OutputCheck {
    fileprivate func failing(_ wrong: String?) -> OutputCheck {
        OutputCheck(name: name, passed: wrong == nil, note: wrong ?? "")
    }
}
