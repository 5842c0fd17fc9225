import Foundation
import LEGENTWire
import LEOAction

/// What the golden files of LEGENT share.
enum LEGENTGolden {
    static func document(_ folder: CaseFolder, _ name: String) throws -> JSONReader {
        JSONReader(try LEGENTFile.json(folder.file(name)), path: "\(folder.file(name)): ")
    }

    /// One JSON value a line.
    static func rows(_ folder: CaseFolder, _ name: String) throws -> [JSONReader] {
        try folder.data(name).split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
            let place = "\(folder.file(name)):\(index + 1)"
            return JSONReader(try JSONText(parsing: Array(line), field: place), path: "\(place): ")
        }
    }

    static func bytes(_ row: JSONReader, _ key: String) throws -> [UInt8] {
        guard let data = Data(base64Encoded: try row.required(key).string) else {
            throw CheckError.malformed(path: row.path, field: key, expected: "base64")
        }
        return Array(data)
    }

    static func mean(_ a: String, _ b: String) throws -> Bool {
        try JSONText(parsing: a, field: "found").means(JSONText(parsing: b, field: "expected"))
    }

    /// Decodes a recorded message and, unless it only tests a decoder, encodes its fields to the same bytes.
    static func messageDifference(_ row: JSONReader) throws -> String? {
        let bytes = try bytes(row, "bytes_base64")
        let kind = try row.required("message")
        let label = try row.optional("case").map { "\(try $0.string): " } ?? ""
        let isDecodedOnly = try row.optional("decode_only")?.bool ?? false
        if try row.optional("error") != nil {
            do {
                switch try kind.string {
                case "ActionProto": _ = try LEGENTActionMessage(protobuf: bytes)
                default: _ = try LEGENTObservationMessage(protobuf: bytes)
                }
            } catch {
                return nil
            }
            return "\(label)expected an error, was decoded"
        }
        let fields = try row.required("fields")
        switch try kind.string {
        case "ActionProto":
            let golden = try LEGENTActionMessage(golden: fields)
            let found = try LEGENTActionMessage(protobuf: bytes)
            if let wrong = found.difference(golden) { return label + wrong }
            if isDecodedOnly { return nil }
            return Comparison.difference("\(label)bytes", try golden.protobufBytes, bytes)
        case "ObservationProto":
            let golden = try LEGENTObservationMessage(golden: fields)
            let found = try LEGENTObservationMessage(protobuf: bytes)
            if let wrong = found.difference(golden) { return label + wrong }
            if isDecodedOnly { return nil }
            return Comparison.difference("\(label)bytes", try golden.protobufBytes, bytes)
        default: throw CheckError.malformed(path: kind.path, field: "message", expected: "ActionProto or ObservationProto")
        }
    }

    /// Numbers of a repeated float field; infinities and NaN may be text.
    fileprivate static func floats(_ list: JSONReader) throws -> [Float] {
        try list.elements.map { item in
            if case .string(let name) = item.value {
                guard let value = Float(name) else { throw CheckError.malformed(path: item.path, field: "value", expected: "a number") }
                return value
            }
            return Float(try item.double)
        }
    }

    fileprivate static func integers(_ list: JSONReader) throws -> [Int32] {
        try list.elements.map { item in
            guard let value = Int32(exactly: try item.integer) else {
                throw CheckError.malformed(path: item.path, field: "value", expected: "an int32")
            }
            return value
        }
    }
}

extension LEGENTActionMessage {
    init(golden fields: JSONReader) throws {
        self.init()
        type = try fields.required("type").string
        text = try fields.required("text").string
        jsonActions = try fields.required("json_actions").string
        floatActions = try LEGENTGolden.floats(fields.required("float_actions"))
        intActions = try LEGENTGolden.integers(fields.required("int_actions"))
        apiCalls = try fields.required("api_calls").string
    }

    /// Text by bytes and floats by bits, so that -0 is not 0.
    fileprivate func difference(_ golden: LEGENTActionMessage) -> String? {
        Comparison.difference("type", type, golden.type) ?? Comparison.difference("text", text, golden.text)
            ?? Comparison.difference("json_actions", jsonActions, golden.jsonActions)
            ?? Comparison.difference("float_actions", floatActions.map(\.bitPattern), golden.floatActions.map(\.bitPattern))
            ?? Comparison.difference("int_actions", intActions, golden.intActions)
            ?? Comparison.difference("api_calls", apiCalls, golden.apiCalls)
    }
}

extension LEGENTObservationMessage {
    init(golden fields: JSONReader) throws {
        self.init()
        type = try fields.required("type").string
        image = try LEGENTGolden.bytes(fields, "image_base64")
        text = try fields.required("text").string
        gameStates = try fields.required("game_states").string
        floatObservations = try LEGENTGolden.floats(fields.required("float_observations"))
        intObservations = try LEGENTGolden.integers(fields.required("int_observations"))
        apiReturns = try fields.required("api_returns").string
    }

    fileprivate func difference(_ golden: LEGENTObservationMessage) -> String? {
        Comparison.difference("type", type, golden.type) ?? Comparison.difference("image", image, golden.image)
            ?? Comparison.difference("text", text, golden.text)
            ?? Comparison.difference("game_states", gameStates, golden.gameStates)
            ?? Comparison.difference(
                "float_observations", floatObservations.map(\.bitPattern), golden.floatObservations.map(\.bitPattern))
            ?? Comparison.difference("int_observations", intObservations, golden.intObservations)
            ?? Comparison.difference("api_returns", apiReturns, golden.apiReturns)
    }
}
