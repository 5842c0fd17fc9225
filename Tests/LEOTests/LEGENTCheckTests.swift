import Foundation
import LEOCheck
import Testing
import TestSupport

/// The checks of LEGENT's files pass on what the toolkit recorded, and fail on everything else.
@Suite(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct LEGENTCheckTests {
    private static let kinds: Set = ["LEGENT session", "LEGENT messages", "LEGENT images", "LEGENT calls", "LEGENT trajectory"]
    private static let files = [
        "session.json", "wire.jsonl", "image_frames.jsonl", "api_calls.json", "trajectory.json", "task_setting.json",
    ]

    private func golden(_ name: String) throws -> Data {
        let path = (sharedFolder ?? "") + "/golden/legent/" + name
        return try #require(FileManager.default.contents(atPath: path))
    }

    private func check(_ name: String, _ data: Data) throws -> CaseCheck {
        try withTemporaryFolder { folder in
            try data.write(to: URL(fileURLWithPath: folder + "/" + name))
            let cases = try Check.run([folder])
            try #require(cases.count == 1)
            return cases[0]
        }
    }

    @Test func passOnTheRecordings() throws {
        let cases = try Check.run([(sharedFolder ?? "") + "/golden/legent"]).filter { Self.kinds.contains($0.kind) }
        #expect(Set(cases.map(\.kind)) == Self.kinds)
        for result in cases { #expect(result.passed, "\(result)") }
        #expect(cases.first { $0.kind == "LEGENT trajectory" }?.outputs.count == 2)
    }

    @Test(arguments: [
        ("session.json", #""message": "ActionProto""#, #""message": "ObservationProto""#),
        ("session.json", "\"camera_resolution_width\": 448", "\"camera_resolution_width\": 449"),
        ("session.json", "/communicator.Communicator/GetAction", "/communicator.Communicator/GetActions"),
        ("session.json", "\"num_frames\": 3", "\"num_frames\": 2"), ("session.json", "\"image_sum\": 1172896", "\"image_sum\": 1172897"),
        ("wire.jsonl", "\"text\": \"\"", "\"text\": \"x\""), ("wire.jsonl", "\"error\": \"DecodeError\"", "\"fields\": {}"),
        ("wire.jsonl", "-1.0]", "1.0]"), ("wire.jsonl", "[0.0, -0.0", "[0.0, 0.0"),
        ("image_frames.jsonl", "\"sum\": 6102", "\"sum\": 6103"), ("image_frames.jsonl", "\"sum\": 22926", "\"sum\": 22925"),
        ("image_frames.jsonl", "\"sum\": 25184", "\"sum\": 25185"), ("image_frames.jsonl", "\"first_pixel\": [46]", "\"first_pixel\": [47]"),
        ("image_frames.jsonl", "\"shape\": [6, 8, 4]", "\"shape\": [6, 8, 3]"), ("image_frames.jsonl", "\"image_is_frame\": 2", "\"image_is_frame\": 1"),
        ("image_frames.jsonl", "\"sum\": 91008", "\"sum\": 95008"),
        ("api_calls.json", "PathToObject(5)", "PathToObject(6)"), ("api_calls.json", "ObjectInView", "ObjectInViews"),
        ("api_calls.json", "[1.0,0.5,2.0]", "[1,0.5,2.0]"),
        ("trajectory.json", "\"from\": \"human\"", "\"from\": \"cat\""), ("trajectory.json", "move_forward(0.7)", "jump(0.7)"),
        ("trajectory.json", "\"id\"", "\"ids\""), ("task_setting.json", "\"task\"", "\"tasks\""), ("task_setting.json", "\"plan\": [", "\"plan\": [3, "),
    ])
    func failOnAnythingElse(file: String, old: String, new: String) throws {
        let text = String(decoding: try golden(file), as: UTF8.self)
        // JSON inside JSON has its quotes escaped.
        let escaped = (old.replacingOccurrences(of: "\"", with: "\\\""), new.replacingOccurrences(of: "\"", with: "\\\""))
        let changed = text.replacingOccurrences(of: escaped.0, with: escaped.1)
        let spoiled = changed == text || text.contains(old) ? text.replacingOccurrences(of: old, with: new) : changed
        try #require(spoiled != text, "\(old) is not there")
        #expect(!(try check(file, Data(spoiled.utf8)).passed))
    }

    @Test(arguments: files) func cutFilesFailAndDoNotCrash(file: String) throws {
        let data = try golden(file)
        for share in [0.0, 0.3, 0.7, 0.99] {
            let result = try check(file, Data(data.prefix(Int(Double(data.count) * share))))
            #expect(!result.passed, "\(share)")
        }
    }
}
