import LEOAction
import Testing

@Suite struct LEGENTGameStateTests {
    private static let state: LEGENTGameState = {
        var state = LEGENTGameState()
        let here = LEGENTGameState.Placement(
            position: SIMD3(1, -0.25, 1e-7), rotation: SIMD3(0, 90, 0), forward: SIMD3(1, 0, 0))
        state.instances = [
            .init(prefab: "LEO_Chair_\"1\"", placement: here), .init(prefab: "", placement: .init(position: .zero)),
        ]
        state.player = here
        state.agent = here
        state.agentCamera = here
        state.agentGrabbedInstance = 1
        return state
    }()

    @Test func writesAsTheGameDoes() {
        let json = Self.state.json
        #expect(json.contains(#""position": {"x": 1.0, "y": -0.25, "z": 1e-07}"#), "\(json)")
        #expect(json.hasSuffix(#""player_grab_instance": -1, "agent_grab_instance": 1}"#), "\(json)")
        #expect(json.contains(#""prefab": "LEO_Chair_\"1\"""#))
    }

    @Test func comesBack() throws {
        #expect(try LEGENTGameState(json: Self.state.json) == Self.state)
        #expect(try LEGENTGameState(json: "{}") == LEGENTGameState())
    }

    @Test func isTolerant() throws {
        let state = try LEGENTGameState(
            json: #"{"new": {"deep": [1]}, "agent": {"position": [1, 2, 3], "forward": null}, "player": null, "instances": [{"position": {"z": 3, "y": 2, "x": 1, "w": 0}}]}"#)
        #expect(state.agent?.position == SIMD3(1, 2, 3))
        #expect(state.player == nil)
        #expect(state.instances.first?.placement.position == SIMD3(1, 2, 3))
    }

    @Test(arguments: [
        ("", "game_states: JSON, byte 0"), ("[]", "game_states"), ("{\"agent\": 3}", "game_states.agent"),
        (#"{"agent": {}}"#, "game_states.agent.position"),
        (#"{"agent": {"position": {"x": 1, "y": 2}}}"#, "game_states.agent.position.z"),
        (#"{"agent": {"position": {"x": 1, "y": 2, "z": NaN}}}"#, "game_states.agent.position.z"),
        (#"{"agent": {"position": [1, 2]}}"#, "game_states.agent.position"),
        (#"{"instances": [{"position": [0, 0, 0]}, {"prefab": 7}]}"#, "game_states.instances[1].prefab"),
        (#"{"agent_grab_instance": 3}"#, "game_states.agent_grab_instance"),
        (#"{"agent_grab_instance": 0.5}"#, "game_states.agent_grab_instance"),
    ])
    func errorsNameThePlace(json: String, field: String) {
        do {
            _ = try LEGENTGameState(json: json)
            Issue.record("was read")
        } catch {
            #expect("\(error)".hasPrefix(field), "\(error)")
        }
    }
}

@Suite struct LEGENTAPIReturnsTests {
    @Test func comesBack() throws {
        var returns = LEGENTAPIReturns()
        returns.corners = [SIMD3(0, 0, -1.5), SIMD3(0, 0, 1.5)]
        returns.inView = true
        returns.objectRelations = [.init(onWhat: 3), .init(inWhat: 0), .init()]
        returns.objectID = -1
        returns.objectsInView = [0, 5]
        returns.error = "no room for \"it\""
        #expect(try LEGENTAPIReturns(json: returns.json) == returns)
        #expect(returns.json.hasPrefix(#"{"corners": [{"x": 0.0, "y": 0.0, "z": -1.5}, "#), "\(returns.json)")
    }

    @Test func isTolerant() throws {
        #expect(try LEGENTAPIReturns(json: "null") == LEGENTAPIReturns())
        #expect(try LEGENTAPIReturns(json: #"{"file": "a.png", "corners": null}"#) == LEGENTAPIReturns())
        #expect(try LEGENTAPIReturns(json: #"{"object_id": "7"}"#).objectID == 7)
        // LEGENT's own game may mean anything by it.
        #expect(try LEGENTAPIReturns(json: #"{"error": 3}"#) == LEGENTAPIReturns())
    }

    @Test func laterCallsAdd() {
        var returns = LEGENTAPIReturns()
        returns.inView = false
        var later = LEGENTAPIReturns()
        later.objectID = 3
        returns.merge(later)
        #expect(returns.inView == false && returns.objectID == 3)
        later.error = "failed"
        returns.merge(later)
        returns.merge(LEGENTAPIReturns())
        #expect(returns.error == "failed")
    }

    @Test(arguments: [
        ("{\"corners\": [3]}", "api_returns.corners[0]"), ("{\"in_view\": \"yes\"}", "api_returns.in_view"),
        ("{\"object_id\": \"x\"}", "api_returns.object_id"), ("{\"objects_in_view\": [1.5]}", "api_returns.objects_in_view[0]"),
        ("{\"object_relations\": [{\"on_what\": []}]}", "api_returns.object_relations[0].on_what"), ("{", "api_returns"),
    ])
    func errorsNameThePlace(json: String, field: String) {
        do {
            _ = try LEGENTAPIReturns(json: json)
            Issue.record("was read")
        } catch {
            #expect("\(error)".hasPrefix(field), "\(error)")
        }
    }
}

@Suite struct LEGENTSettingsTests {
    @Test func comesBackInTheToolkitsSpelling() throws {
        var settings = LEGENTSettings()
        #expect(settings.json.hasPrefix(#"{"use_animation": true, "camera_resolution_width": 448, "#))
        settings.usesAnimation = false
        settings.width = 64
        settings.fieldOfView = 60.5
        settings.actionMode = 1
        #expect(try LEGENTSettings(json: settings.json) == settings)
        #expect(try LEGENTSettings(json: "") == LEGENTSettings())
        #expect(try LEGENTSettings(json: #"{"use_shadows": false, "later": 1}"#).usesShadows == 0)
    }

    @Test(arguments: [
        (#"{"camera_resolution_width": 0}"#, "settings.camera_resolution_width"),
        (#"{"camera_resolution_height": 1e9}"#, "settings.camera_resolution_height"),
        (#"{"camera_field_of_view": 180}"#, "settings.camera_field_of_view"),
        (#"{"camera_field_of_view": "wide"}"#, "settings.camera_field_of_view"), ("{", "settings"),
    ])
    func errorsNameThePlace(json: String, field: String) {
        do {
            _ = try LEGENTSettings(json: json)
            Issue.record("was read")
        } catch {
            #expect("\(error)".hasPrefix(field), "\(error)")
        }
    }
}

@Suite struct JSONTextTests {
    @Test(arguments: [
        "null", "true", "[]", "{}", "[1, 2.50, -0.0, 1E5, 1e-07]", #"{"b": 1, "a": [{"c": "\u00fc\n\"\\"}]}"#, "NaN", "[-Infinity]",
        #""\ud83d\ude42""#,
    ])
    func lineKeepsPythonsSpelling(text: String) throws {
        #expect(try JSONText(parsing: text, field: "text").line == text)
    }

    @Test func indentedIsPythons() throws {
        let value = try JSONText(parsing: #"{"a": [1, {"b": "\u00fc/\u0001"}], "c": [], "d": {}}"#, field: "text")
        #expect(value.indented == "{\n    \"a\": [\n        1,\n        {\n            \"b\": \"ü/\\u0001\"\n        }\n    ],\n    \"c\": [],\n    \"d\": {}\n}")
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\" 1}", "{\"a\": 1,}", "01", "1.", "-", "+1", ".5", "1e", "\"a", "\"\\x\"", "\"\\u12\"", "\"\n\"",
        "tru", "nul", "[1] 2", "{a: 1}", "'a'", String(repeating: "[", count: 100_000),
    ])
    func whatIsNotJSONIsAnError(text: String) {
        #expect(throws: LEGENTMessageError.self) { try JSONText(parsing: text, field: "text") }
    }

    @Test func bytesThatAreNotUTF8AreAnError() {
        for (bytes, offset) in [([0x22, 0xff, 0x22], 1), ([0x22, 0xc3, 0xbc, 0xe2, 0x82], 3), ([0xed, 0xa0, 0x80], 0)] as [([UInt8], Int)] {
            #expect(throws: LEGENTMessageError.malformedJSON(field: "text", offset: offset, expected: "UTF-8")) {
                try JSONText(parsing: bytes, field: "text")
            }
        }
    }

    @Test func filesMayBeginWithAByteOrderMark() throws {
        #expect(try JSONText(parsing: [0xef, 0xbb, 0xbf, 0x31], field: "text") == .number("1"))
        // Offsets count the mark too; text, as Python has it, must not have one.
        #expect(throws: LEGENTMessageError.malformedJSON(field: "text", offset: 3, expected: "a value")) {
            try JSONText(parsing: [0xef, 0xbb, 0xbf] as [UInt8], field: "text")
        }
        #expect(throws: LEGENTMessageError.self) { try JSONText(parsing: "\u{feff}1", field: "text") }
    }

    @Test func halfASurrogatePairIsReplaced() throws {
        #expect(try JSONText(parsing: #""\ud83d \ude42x""#, field: "text") == .string("\u{fffd} \u{fffd}x"))
    }

    @Test func meaningPassesOverOrderAndSpelling() throws {
        func value(_ text: String) throws -> JSONText { try JSONText(parsing: text, field: "text") }
        #expect(try value(#"{"a": 1, "b": [2.0]}"#).means(value(#"{"b": [2], "a": 1e0}"#)))
        #expect(!(try value(#"{"a": 1}"#).means(value(#"{"a": 1, "b": null}"#))))
        #expect(!(try value("[1, 2]").means(value("[2, 1]"))))
        #expect(!(try value("1").means(value("true"))))
    }
}
