import Foundation
import LEGENTWire
import LEOAction

/// LEGENT's code form, read and written as its toolkit does.
enum LEGENTRows {
    /// A number, or one that JSON lacks.
    private enum Number: Decodable {
        case value(Double)

        private struct Special: Decodable { let nonfinite: String }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let value = try? container.decode(Double.self) {
                self = .value(value)
                return
            }
            switch try container.decode(Special.self).nonfinite {
            case "inf": self = .value(.infinity)
            case "-inf": self = .value(-.infinity)
            case "nan": self = .value(.nan)
            case let other: throw DecodingError.dataCorruptedError(in: container, debugDescription: "inf, -inf or nan, found \(other)")
            }
        }

        var double: Double {
            switch self { case .value(let value): value }
        }
    }

    private struct ReadRow: Decodable {
        let input, type, text, json_actions: String
        let is_finish, jump, grab, use_teleport, use_look_at: Bool
        let move_right, move_forward, rotate_right, rotate_down, teleport_forward, look_x, look_y: Number
        let action_choice: Int
        let to_string, reparsed_to_string, to_string_error: String?
        let proto_base64: String?
    }

    /// What is wrong with the message of an action, or nil.
    private static func difference(_ action: LEGENTAction, message golden: String?) throws -> String? {
        guard let golden else { return nil }
        guard let bytes = Data(base64Encoded: golden) else { return "proto_base64: expected base64, found \(golden.prefix(40))" }
        return Comparison.difference("proto_base64", try LEGENTActionMessage(action).protobufBytes, [UInt8](bytes))
    }

    static func read(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, ReadRow.self) { row in
            let action = LEGENTCode.read(row.input)
            let numbers: [(String, Double, Number)] = [
                ("move_right", action.moveRight, row.move_right), ("move_forward", action.moveForward, row.move_forward),
                ("rotate_right", action.rotateRight, row.rotate_right), ("rotate_down", action.rotateDown, row.rotate_down),
                ("teleport_forward", action.teleportForward, row.teleport_forward), ("look_x", action.lookX, row.look_x),
                ("look_y", action.lookY, row.look_y), ("action_choice", Double(action.choice), .value(Double(row.action_choice))),
            ]
            for (field, found, expected) in numbers where !(found == expected.double || (found.isNaN && expected.double.isNaN)) {
                return "\(row.input.debugDescription): \(field): expected \(expected.double), found \(found)"
            }
            let flags = [
                ("is_finish", action.isFinish, row.is_finish), ("jump", action.jumps, row.jump), ("grab", action.grabs, row.grab),
                ("use_teleport", action.usesTeleport, row.use_teleport), ("use_look_at", action.looksAtPoint, row.use_look_at),
                ("api_calls", action.calls.isEmpty, true),
            ]
            for (field, found, expected) in flags where found != expected {
                return "\(row.input.debugDescription): \(field): expected \(expected), found \(found)"
            }
            let place = row.input.debugDescription
            if let wrong = Comparison.difference("\(place): type", action.kind.rawValue, row.type)
                ?? Comparison.difference("\(place): text", action.text, row.text)
                ?? Comparison.difference("\(place): json_actions", action.jsonActions, row.json_actions)
            {
                return wrong
            }
            if let wrong = try difference(action, message: row.proto_base64) { return "\(place): \(wrong)" }
            if let error = row.to_string_error {
                return (try? LEGENTCode.write(action)).map { "\(place): expected an error (\(error)), found \($0)" }
            }
            guard let expected = row.to_string, let again = row.reparsed_to_string else { return "\(place): no to_string is recorded" }
            let code = try LEGENTCode.write(action)
            let reparsed = try LEGENTCode.write(LEGENTCode.read(code))
            return Comparison.difference("\(place): to_string", code, expected)
                ?? Comparison.difference("\(place): reparsed_to_string", reparsed, again)
        }
    }

    private struct WriteRow: Decodable {
        struct Arguments: Decodable {
            struct Call: Decodable {
                let api, args: String
            }
            let teleport_forward, rotate_right, rotate_down, move_forward, move_right, look_x, look_y: Double?
            let jump, grab, use_teleport, use_look_at: Bool?
            let text, json_actions, type: String?
            let action_choice: Int?
            let api_calls: [Call]?
        }
        let kwargs: Arguments
        let to_string: String
        let float_actions: [Double]
        let int_actions: [Int32]
        let api_calls: String
        let proto_base64: String?
    }

    static func write(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, WriteRow.self) { row in
            let given = row.kwargs
            var action = LEGENTAction()
            if let type = given.type {
                guard let kind = LEGENTAction.Kind(rawValue: type) else { return "kwargs.type: no kind is called \(type)" }
                action.kind = kind
            }
            action.jsonActions = given.json_actions ?? ""
            action.teleportForward = given.teleport_forward ?? 0
            action.rotateRight = given.rotate_right ?? 0
            action.rotateDown = given.rotate_down ?? 0
            action.moveForward = given.move_forward ?? 0
            action.moveRight = given.move_right ?? 0
            action.lookX = given.look_x ?? 0
            action.lookY = given.look_y ?? 0
            action.jumps = given.jump ?? false
            action.grabs = given.grab ?? false
            action.usesTeleport = given.use_teleport ?? false
            action.looksAtPoint = given.use_look_at ?? false
            action.text = given.text ?? ""
            action.choice = given.action_choice ?? -1
            action.calls = (given.api_calls ?? []).map { LEGENTCall(name: $0.api, arguments: $0.args) }
            let code = try LEGENTCode.write(action)
            if let wrong = try difference(action, message: row.proto_base64) { return wrong }
            return Comparison.difference("to_string", code, row.to_string)
                ?? Comparison.difference("float_actions", action.floatActions, row.float_actions.map { Float($0) })
                ?? Comparison.difference("int_actions", action.intActions, row.int_actions)
                ?? Comparison.difference("api_calls", action.callsJSON, row.api_calls)
        }
    }
}
