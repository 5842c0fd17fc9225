import Foundation
import LEOCheck
import TestSupport
import Testing

private let golden = (sharedFolder ?? "") + "/golden"

/// Files of recorded rows: every one is compared, and a changed value is found.
@Suite("Check: recorded rows", .enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct RecordedRowsTests {
    /// A file, what stands in it first, what takes its place, and words of the complaint.
    static let changes: [(file: String, text: String, other: String, words: String)] = [
        ("actions/habitat.json", "\"vocab_id\": 31998", "\"vocab_id\": 31990", "vocab_id"),
        ("actions/habitat.json", "\": 3", "\": 4", "expected 4"),
        ("actions/token_table.json", "\"irregular\": true", "\"irregular\": false", "irregular"),
        ("actions/token_table.json", "\"piece\": \"", "\"piece\": \"x", "piece"),
        ("actions/cliport.jsonl", "\"tokens\": [", "\"tokens\": [1", "tokens"),
        ("actions/cliport.jsonl", "\"detok_pos\": [", "\"detok_pos\": [1", "detok position"),
        ("actions/cliport.jsonl", "\"vocab_ids\": [", "\"vocab_ids\": [1, ", "vocab_ids"),
        ("actions/cliport_detok.jsonl", "\"with_hmap\": [[", "\"with_hmap\": [[1", "with_hmap"),
        ("actions/cliport_parse.jsonl", "\"is_dummy\": false", "\"is_dummy\": true", "is_dummy"),
        ("actions/cliport_parse.jsonl", "\"pose1\": [[", "\"pose1\": [[1", "pose1"),
        ("actions/extract_between.jsonl", "\"out\": [", "\"out\": [77, ", "out"),
        ("actions/legent.jsonl", "\"use_teleport\": true", "\"use_teleport\": false", "use_teleport"),
        ("actions/legent.jsonl", "\"reparsed_to_string\": \"", "\"reparsed_to_string\": \"x", "reparsed"),
        ("actions/legent_to_string.jsonl", "\"int_actions\": [0", "\"int_actions\": [7", "int_actions"),
        ("actions/legent.jsonl", "\"proto_base64\": \"C", "\"proto_base64\": \"D", "proto_base64"),
        ("actions/legent_to_string.jsonl", "\"proto_base64\": \"C", "\"proto_base64\": \"D", "proto_base64"),
        ("eval/answer_match.jsonl", "\"em_refined\": 1", "\"em_refined\": 0", "em_refined"),
        ("eval/box_iou.jsonl", "\"iou\": ", "\"iou\": 1", "iou"),
        ("eval/caption.jsonl", "\"rouge\": ", "\"rouge\": 1", "rouge"),
        ("eval/clean_answer.jsonl", "\"output\": \"", "\"output\": \"x", "expected"),
        ("eval/cliport.jsonl", "\"action_error_pose1\": ", "\"action_error_pose1\": 1", "pose1"),
        ("eval/ngram.jsonl", "\"cider\": ", "\"cider\": 1", "cider"),
        ("eval/objnav.jsonl", "\"accuracy\": ", "\"accuracy\": 1", "accuracy"),
        ("eval/pc_to_box.jsonl", "\"size\": [", "\"size\": [1", "size"),
        ("eval/scan2cap.jsonl", "\"cider_per_item\": [", "\"cider_per_item\": [1", "cider_per_item"),
        ("eval/scan2cap.jsonl", "\"bleu\": ", "\"meteor\": 0.5, \"bleu\": ", "nothing here computes"),
        ("eval/scanqa.jsonl", "\"em\": ", "\"em\": 1", "em"),
        ("eval/sqa3d.jsonl", "\"em_refined_type0\": ", "\"em_refined_type0\": 1", "em_refined_type0"),
        ("eval/sqa_question_type.jsonl", "\"type\": ", "\"type\": 1", "expected"),
    ]

    @Test(arguments: changes.indices) func aChangedValueIsFound(_ index: Int) throws {
        let change = Self.changes[index]
        try withTemporaryFolder { root in
            let name = (change.file as NSString).lastPathComponent
            let content = try String(contentsOfFile: golden + "/" + change.file, encoding: .utf8)
            let range = try #require(content.range(of: change.text))
            try content.replacingCharacters(in: range, with: change.other).write(
                toFile: root + "/" + name, atomically: true, encoding: .utf8)
            // Alone in its folder the file is known by its name and contents.
            let results = try Check.run([root])
            #expect(results.count == 1)
            let failed = results[0].outputs.filter { !$0.passed }
            #expect(failed.count == 1 && failed[0].name.hasPrefix(name))
            #expect(failed.first?.note.contains(change.words) == true, "\(failed)")
        }
    }

    @Test func everyFileHasAnOutput() throws {
        for (folder, others) in [("actions", ["shapenetcore_pp.json"]), ("eval", [])] {
            let files = try FileManager.default.contentsOfDirectory(atPath: golden + "/" + folder).filter { !others.contains($0) }
            let outputs = try Check.run([golden + "/" + folder]).flatMap(\.outputs)
            for file in files { #expect(outputs.contains { $0.name.hasPrefix(file) && $0.passed }, "\(file)") }
        }
    }

    /// Without the tokenizer its ids cannot be compared, which is said and is no failure.
    @Test func whatIsSkippedIsSaid() throws {
        try withTemporaryFolder { root in
            try FileManager.default.copyItem(atPath: golden + "/actions/habitat.json", toPath: root + "/habitat.json")
            let report = CheckReport(try Check.run([root]))
            #expect(report.passed)
            #expect(report.text.contains("habitat.json ids: skipped"))
        }
        #expect(!CheckReport(try Check.run([golden + "/actions"])).text.contains("skipped"))
    }

    @Test(arguments: ["{\"list\": [1], \"start\": -9223372036854775808, \"end\": 9223372036854775807, \"padding\": 0, \"out\": []}", "{", "[]", ""])
    func damagedRowsFail(_ row: String) throws {
        try withTemporaryFolder { root in
            try Data(row.utf8).write(to: URL(fileURLWithPath: root + "/extract_between.jsonl"))
            let results = try Check.run([root])
            #expect(results.count == 1 && !results[0].passed)
        }
        try withTemporaryFolder { root in
            let text = #"{"pos": [1, 2], "quat_xyzw": [0], "tokens": [1]}"#
            try Data(text.utf8).write(to: URL(fileURLWithPath: root + "/cliport.jsonl"))
            #expect(try !Check.run([root])[0].passed)
        }
    }
}
