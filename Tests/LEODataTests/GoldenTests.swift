import Foundation
import LEOCheck
import LEOData
import TestSupport
import Testing

@Suite("Data sets as recorded", .enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct DataGoldenTests {
    @Test func passes() throws {
        let report = CheckReport(try Check.run([(sharedFolder ?? "") + "/golden/data"]))
        #expect(report.passed, "\(report.text)")
        #expect(report.cases.map(\.kind) == ["data sets"])
        // Every task has cases, and every case its tensors.
        for task in TaskKind.allCases {
            #expect(
                report.cases[0].outputs.contains { $0.name.hasPrefix("\(task.rawValue)/") && $0.name.hasSuffix("/obj_fts") },
                "\(task)")
        }
    }
}

/// A folder whose data are the goldens' and whose `expected/` is a copy of a part of theirs, to be damaged.
private struct DamagedGolden {
    let path: String

    init(_ path: String, _ names: [String]) throws {
        self.path = path
        let golden = (sharedFolder ?? "") + "/golden/data"
        for name in ["scannet", "rscan", "alignment", "instruction"] {
            try FileManager.default.createSymbolicLink(atPath: path + "/" + name, withDestinationPath: golden + "/" + name)
        }
        try FileManager.default.createDirectory(atPath: path + "/expected", withIntermediateDirectories: true)
        for name in names {
            // Written anew, because goldens may be read-only.
            try Data(contentsOf: URL(fileURLWithPath: golden + "/expected/" + name)).write(
                to: URL(fileURLWithPath: path + "/expected/" + name))
        }
    }

    func replace(_ text: String, with other: String, in name: String) throws {
        let file = path + "/expected/" + name
        let old = try String(contentsOfFile: file, encoding: .utf8)
        try #require(old.contains(text))
        try old.replacingOccurrences(of: text, with: other).write(toFile: file, atomically: true, encoding: .utf8)
    }

    /// Names of the outputs that failed.
    func failures() throws -> [String] {
        let results = try Check.run([path])
        #expect(results.count == 1)
        return results[0].failure.map { [$0] } ?? results[0].outputs.filter { !$0.passed }.map(\.name)
    }
}

@Suite("Data sets that differ from what was recorded", .enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct DamagedDataTests {
    private func failures(_ names: [String], _ damage: (DamagedGolden) throws -> Void) throws -> [String] {
        try withTemporaryFolder { path in
            let folder = try DamagedGolden(path, names)
            try damage(folder)
            return try folder.failures()
        }
    }
    private let cap3d = ["cap3d.json", "cap3d.safetensors"]

    @Test func undamagedPasses() throws {
        #expect(
            try failures(cap3d + ["cap3d_all.json", "text_ops.jsonl", "align_situation.jsonl", "scannet_notes.json"]) { _ in
            } == [])
    }

    @Test(arguments: [
        ("A white mug.", "A white mug", "cap3d/gt/max60/2.output_gt"),
        ("\"num_objects\": 1", "\"num_objects\": 1, \"extra\": 1", "cap3d/gt/max60/0.extra"),
        ("\"len\": 6", "\"len\": 7", "cap3d/val/gt/max60.len"),
        ("\"dataset_class\"", "\"colour\": 1, \"dataset_class\"", "cap3d.colour"),
        ("\"index\": 1", "\"index\": 100", "cap3d/gt/max60/1"),
        ("\"id\": \"cap3d/gt/max60/1\"", "\"id\": \"cap3d/gt/max60/9\"", "cap3d/gt/max60/1/obj_fts"),
        ("\"id\": \"cap3d/gt/max60/1\"", "\"id\": \"cap3d/gt/max60/9\"", "cap3d/gt/max60/9/obj_fts"),
        ("zeros(3,224,224)", "ones(3,224,224)", "cap3d/gt/max60/0.img_fts"),
        ("\"split\": \"val\"", "\"split\": \"all\"", "cap3d/gt/max60/0"),
    ])
    func fieldsAreCompared(_ text: String, _ other: String, _ name: String) throws {
        let failed = try failures(cap3d) { try $0.replace(text, with: other, in: "cap3d.json") }
        #expect(failed.contains(name), "\(failed)")
    }

    @Test func everyFileIsLookedAt() throws {
        #expect(try failures(["cap3d.json"]) { _ in } == ["cap3d.json"])
        #expect(try failures(["cap3d.safetensors"]) { _ in } == ["cap3d.safetensors"])
        #expect(
            try failures(["cap3d_all.json"]) { try $0.replace("white", with: "black", in: "cap3d_all.json") } == [
                "cap3d_all"
            ])
        #expect(
            try failures(["text_ops.jsonl"]) { try $0.replace("qa_3dllm_question", with: "other", in: "text_ops.jsonl") }
                == ["text_ops.other"])
        #expect(
            try failures(["align_situation.jsonl"]) {
                try $0.replace("\"out_pos\": [", with: "\"out_pos\": [1.0, ", in: "align_situation.jsonl")
            }
                == ["align_situation"])
        #expect(
            try failures(["scannet_notes.json"]) { try $0.replace("15867", with: "15868", in: "scannet_notes.json") } == [
                "scannet_notes.scene0011_00"
            ])
    }

    /// Values of tensors, through a data set that is not the recorded one.
    @Test func numbersAreCompared() throws {
        let failed = try failures(cap3d) {
            try $0.replace("\"index\": 1,", with: "\"index\": 0,", in: "cap3d.json")
        }
        for field in ["obj_fts", "obj_locs", "anchor_locs"] { #expect(failed.contains("cap3d/gt/max60/1/\(field)")) }
    }
}
