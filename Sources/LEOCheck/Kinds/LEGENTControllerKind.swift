import Foundation
import LEOAction

/// The scripted agent's decisions, one per line of `controller.jsonl`, of eight operations.
enum LEGENTControllerKind: CaseKind {
    static func recognises(_ folder: CaseFolder) -> Bool { folder.has("controller.jsonl") }
    static func name(_ folder: CaseFolder) -> String { "LEGENT controller" }

    private static let tolerance = 1e-9

    private struct Point: Decodable {
        let x: Double
        let y: Double
        let z: Double
        var vector: SIMD3<Double> { SIMD3(x, y, z) }
    }

    private struct Action: Decodable {
        let to_string: String
        let use_teleport: Bool
        let teleport_forward: Double
        let move_forward: Double
        let rotate_right: Double
        let rotate_down: Double
        let grab: Bool
        let text: String
    }

    private struct Step: Decodable {
        let `class`: String
        let object_id: Int?
        let text: String?
    }

    private struct Row: Decodable {
        let op: String
        let use_teleport: Bool?
        let action: Action?
        // path_follower
        let corners: [Point]?
        let position: Point?
        let forward: Point?
        let remaining_corners: [Point]?
        // look_at, look_straight_ahead
        let horizontal_only: Bool?
        let camera_position: Point?
        let camera_forward: Point?
        // Where the camera looks at, or a direction in the plane.
        let target: Target?
        let source: [Double]?
        let degrees: Double?
        // task_done
        let task: String?
        let agent: Point?
        let player: Point?
        let text: String?
        let answer: String?
        let done: Bool?
        let distance: Double?
        let error: String?
        // solution
        let solution: [String]?
        let actions: [Step]?
        // grab, release
        let agent_grab_instance: Int?
    }

    private enum Target: Decodable {
        case point(Point)
        case direction([Double])

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let point = try? value.decode(Point.self) { self = .point(point) } else { self = .direction(try value.decode([Double].self)) }
        }
    }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let path = folder.file("controller.jsonl")
        guard let data = FileManager.default.contents(atPath: path) else { throw CheckError.unreadable(path: path, reason: "cannot be read") }
        var rows: [String: [Row]] = [:]
        for (index, line) in data.split(separator: UInt8(ascii: "\n")).enumerated() {
            do {
                let row = try JSONDecoder().decode(Row.self, from: Data(line))
                rows[row.op, default: []].append(row)
            } catch {
                throw CheckError.malformed(path: path, field: "line \(index + 1)", expected: "an operation of the controller: \(error)")
            }
        }
        if rows.isEmpty { return [OutputCheck(name: "controller.jsonl", passed: false, note: "holds nothing to compare")] }
        return rows.sorted { $0.key < $1.key }.map { op, rows in
            guard let body = operations[op] else { return OutputCheck(name: op, passed: false, note: "no operation of that name") }
            return Comparison.rows(op, rows) { try body($0, path) }
        }
    }

    private static let operations: [String: @Sendable (Row, String) throws -> String?] = [
        "path_follower": pathFollower,
        "look_at": lookAt,
        "look_straight_ahead": { row, path in
            let forward = try require(row.camera_forward, "camera_forward", path).vector
            let teleport = try require(row.use_teleport, "use_teleport", path)
            return try difference(LEGENTController.lookStraightAhead(cameraForward: forward, usesTeleport: teleport), row.action)
        },
        "signed_angle_2d": signedAngle,
        "task_done": taskDone,
        "solution": solution,
        "grab": { row, path in
            let index = try require(row.agent_grab_instance, "agent_grab_instance", path)
            return try difference(LEGENTController.grab(held: index < 0 ? nil : index), row.action)
        },
        "release": { row, path in
            let index = try require(row.agent_grab_instance, "agent_grab_instance", path)
            return try difference(LEGENTController.release(held: index < 0 ? nil : index), row.action)
        },
    ]

    private static func require<Value>(_ value: Value?, _ field: String, _ path: String) throws -> Value {
        guard let value else { throw CheckError.malformed(path: path, field: field, expected: "a value") }
        return value
    }

    private static func pathFollower(_ row: Row, _ path: String) throws -> String? {
        var follower = LEGENTController.PathFollower(
            corners: try require(row.corners, "corners", path).map(\.vector), usesTeleport: try require(row.use_teleport, "use_teleport", path))
        let action = follower.next(
            position: try require(row.position, "position", path).vector, forward: try require(row.forward, "forward", path).vector)
        let remaining = try require(row.remaining_corners, "remaining_corners", path).map(\.vector)
        return try difference(action, row.action) ?? Comparison.difference("remaining_corners", follower.corners, remaining)
    }

    private static func lookAt(_ row: Row, _ path: String) throws -> String? {
        guard case .point(let target) = try require(row.target, "target", path) else {
            throw CheckError.malformed(path: path, field: "target", expected: "a point")
        }
        let action = LEGENTController.lookAt(
            target.vector, cameraPosition: try require(row.camera_position, "camera_position", path).vector,
            cameraForward: try require(row.camera_forward, "camera_forward", path).vector,
            horizontalOnly: try require(row.horizontal_only, "horizontal_only", path),
            usesTeleport: try require(row.use_teleport, "use_teleport", path))
        return try difference(action, row.action)
    }

    private static func signedAngle(_ row: Row, _ path: String) throws -> String? {
        let source = try require(row.source, "source", path)
        guard case .direction(let target) = try require(row.target, "target", path), source.count == 2, target.count == 2 else {
            throw CheckError.malformed(path: path, field: "source, target", expected: "two numbers each")
        }
        let found = LEGENTController.signedAngle(from: SIMD2(source[0], source[1]), to: SIMD2(target[0], target[1]))
        return difference("degrees", found, try require(row.degrees, "degrees", path))
    }

    private static func taskDone(_ row: Row, _ path: String) throws -> String? {
        let agent = row.agent?.vector ?? .zero, player = row.player?.vector ?? .zero
        let found: Bool
        do {
            found = try LEGENTController.isDone(
                task: try require(row.task, "task", path), agent: agent, player: player, speech: row.text ?? "", answer: row.answer ?? "")
        } catch let error as ActionError {
            return row.error == nil ? "\(error)" : nil
        }
        if row.error != nil { return "expected an error, found \(found)" }
        let wanted = try require(row.done, "done", path)
        guard found == wanted else { return "done: expected \(wanted), found \(found)" }
        guard let distance = row.distance else { return nil }
        return difference("distance", LEGENTController.hasCome(agent: agent, player: player).distance, distance)
    }

    private static func solution(_ row: Row, _ path: String) throws -> String? {
        let steps: [LEGENTController.Step]
        do {
            steps = try LEGENTController.steps(of: try require(row.solution, "solution", path))
        } catch let error as ActionError {
            return row.error == nil ? "\(error)" : nil
        }
        if row.error != nil { return "expected an error, found \(steps)" }
        return Comparison.difference("actions", steps, try require(row.actions, "actions", path).map { try step($0, path) })
    }

    private static func step(_ step: Step, _ path: String) throws -> LEGENTController.Step {
        switch step.class {
        case "LookStraightAhead": .lookStraightAhead
        case "PathFollower": .followPath(object: step.object_id)
        case "LookAt": .lookAt(object: try require(step.object_id, "object_id", path))
        case "PathFollowerWithVisibilityCheck": .followPathUntilVisible(object: try require(step.object_id, "object_id", path))
        case "LookAtWithVisibilityCheck": .turnUntilVisible(object: try require(step.object_id, "object_id", path))
        case "Grab": .grab
        case "Release": .release
        case "Speak": .speak(try require(step.text, "text", path))
        default: throw CheckError.malformed(path: path, field: "class", expected: "a step of the controller, found \(step.class)")
        }
    }

    // MARK: Comparing

    private static func difference(_ action: LEGENTAction?, _ golden: Action?) throws -> String? {
        guard let action else { return golden.map { "expected \($0.to_string), found no action" } }
        guard let golden else { return "expected no action, found \(try LEGENTCode.write(action))" }
        if let wrong = Comparison.difference("to_string", try LEGENTCode.write(action), golden.to_string) { return wrong }
        if let wrong = Comparison.difference("text", action.text, golden.text) { return wrong }
        guard action.usesTeleport == golden.use_teleport, action.grabs == golden.grab, action.calls.isEmpty else {
            return "use_teleport, grab, api_calls: found \(action)"
        }
        return difference("teleport_forward", action.teleportForward, golden.teleport_forward)
            ?? difference("move_forward", action.moveForward, golden.move_forward)
            ?? difference("rotate_right", action.rotateRight, golden.rotate_right)
            ?? difference("rotate_down", action.rotateDown, golden.rotate_down)
    }

    private static func difference(_ what: String, _ found: Double, _ golden: Double) -> String? {
        abs(found - golden) <= tolerance * max(1, abs(golden)) ? nil : "\(what): expected \(golden), found \(found)"
    }
}
