import Foundation
import LEOText
import TestSupport
import Testing

/// Against the recorded output of sentencepiece 0.1.99 and transformers 4.28.1. Every line is compared exactly.
@Suite(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct GoldenTests {
    private static func url(_ path: String) -> URL { URL(fileURLWithPath: (sharedFolder ?? "") + "/golden/" + path) }

    private static func lines<Row: Decodable>(_ path: String, of type: Row.Type) throws -> [Row] {
        let data = try Data(contentsOf: url(path))
        return try data.split(separator: UInt8(ascii: "\n")).map { try JSONDecoder().decode(type, from: Data($0)) }
    }

    private static let shared = Result {
        try Tokenizer(sentencePieceModel: Data(contentsOf: url("tokenizer/tokenizer.model")))
    }
    private let tokenizer: Tokenizer
    init() throws { tokenizer = try Self.shared.get() }

    @Test func vocabulary() {
        #expect(tokenizer.vocabularyCount == 32001)
        #expect([tokenizer.bosID, tokenizer.eosID, tokenizer.unkID, tokenizer.padID] == [1, 2, 0, 32000])
        #expect(tokenizer.piece(for: 31999) == "给")
        #expect(tokenizer.id(of: "弘") == 31998)
    }

    private struct EncodeRow: Decodable {
        let group: String
        let text: String
        let ids: [Int32]
    }

    @Test func encode() throws {
        let rows = try Self.lines("tokenizer/encode.jsonl", of: EncodeRow.self)
        #expect(rows.count == 1001)
        for (line, row) in rows.enumerated() {
            let ids = tokenizer.encode(row.text)
            #expect(ids == row.ids, "line \(line + 1), \(row.group)")
        }
    }

    private struct DecodeRow: Decodable {
        let group: String
        let ids: [Int32]
        let text: String
        let text_keep_special: String
    }

    @Test func decode() throws {
        let rows = try Self.lines("tokenizer/decode.jsonl", of: DecodeRow.self)
        #expect(rows.count == 905)
        for (line, row) in rows.enumerated() {
            #expect(bytes(tokenizer.decode(row.ids)) == bytes(row.text), "line \(line + 1), \(row.group)")
            #expect(
                bytes(tokenizer.decode(row.ids, skipsSpecialTokens: false)) == bytes(row.text_keep_special),
                "line \(line + 1), \(row.group), keeping special tokens")
            var decoder = IncrementalDecoder(tokenizer)
            let streamed = row.ids.map { decoder.append($0) }.joined() + decoder.finish()
            #expect(bytes(streamed) == bytes(row.text), "line \(line + 1), \(row.group), one id at a time")
        }
    }

    private struct TruncateRow: Decodable {
        let text: String
        let truncation_side: String
        let max_length: Int
        let ids: [Int32]
    }

    @Test func truncate() throws {
        let rows = try Self.lines("tokenizer/truncate.jsonl", of: TruncateRow.self)
        #expect(rows.count == 72)
        for (line, row) in rows.enumerated() {
            let side: Tokenizer.Side = row.truncation_side == "left" ? .left : .right
            let ids = tokenizer.encode(row.text, maxLength: row.max_length, truncating: side)
            #expect(ids == row.ids, "line \(line + 1)")
        }
    }

    private struct BatchRow: Decodable {
        let texts: [String]
        let padding_side, truncation_side: String
        let max_length: Int
        let input_ids, attention_mask: [[Int32]]
    }

    @Test func padBatch() throws {
        let rows = try Self.lines("tokenizer/pad_batch.jsonl", of: BatchRow.self)
        #expect(rows.count == 8)
        for (line, row) in rows.enumerated() {
            let batch = tokenizer.encode(
                batch: row.texts, maxLength: row.max_length, truncating: row.truncation_side == "left" ? .left : .right,
                padding: row.padding_side == "left" ? .left : .right)
            #expect(batch.count == row.input_ids.count)
            #expect(batch.ids == Array(row.input_ids.joined()), "line \(line + 1)")
            #expect(batch.mask == Array(row.attention_mask.joined()), "line \(line + 1)")
        }
    }

    private struct PlainRow: Decodable {
        let text: String
        let ids_sentencepiece_no_bos: [Int32]
    }

    @Test func plainSentencePiece() throws {
        let rows = try Self.lines("tokenizer/llamacpp_spm.jsonl", of: PlainRow.self)
        #expect(rows.count == 47)
        for (line, row) in rows.enumerated() {
            #expect(tokenizer.sentencePieces.encode(row.text) == row.ids_sentencepiece_no_bos, "line \(line + 1)")
        }
    }

    private struct KernelCase: Decodable {
        struct Row: Decodable {
            let text: String
            let ids: [Int32]
            let max_length: Int?
        }
        let encode, decode, left_truncation: [Row]
    }

    @Test func kernelCase() throws {
        let data = try Data(contentsOf: Self.url("kernels/tokenizer/case.json"))
        let golden = try JSONDecoder().decode(KernelCase.self, from: data)
        #expect(golden.encode.count == 22)
        #expect(golden.decode.count == 7)
        #expect(golden.left_truncation.count == 1)
        for row in golden.encode { #expect(tokenizer.encode(row.text) == row.ids) }
        for row in golden.decode { #expect(bytes(tokenizer.decodeAnswer(row.ids)) == bytes(row.text)) }
        for row in golden.left_truncation {
            let limit = try #require(row.max_length)
            #expect(tokenizer.encode(row.text, maxLength: limit, truncating: .left) == row.ids)
        }
    }

    private struct TextRow: Decodable {
        let op: String
        let input: String?
        let output: String?

        enum CodingKeys: CodingKey { case op, input, output }
        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            op = try values.decode(String.self, forKey: .op)
            // Other operations have lists here.
            input = try? values.decode(String.self, forKey: .input)
            output = try? values.decode(String.self, forKey: .output)
        }
    }

    @Test func personView() throws {
        let rows = try Self.lines("data/expected/text_ops.jsonl", of: TextRow.self).filter { $0.op == "convert_person_view" }
        #expect(rows.count == 20)
        for row in rows {
            let (input, output) = (try #require(row.input), try #require(row.output))
            #expect(bytes(input.convertedPersonView) == bytes(output), "\(input)")
        }
    }

    private struct Task: Decodable {
        struct Case: Decodable {
            let prompt_before_obj, prompt_middle_1, prompt_middle_2, prompt_after_obj: String
            let situation: String?
        }
        let cases: [Case]
    }

    /// Rebuilds every prompt of the reference's datasets from what lies between the fixed parts.
    @Test(arguments: [
        "cap3d", "cliport", "mp3d_objnav", "obj_scene_cap", "rscan_dialog", "rscan_plan", "rscan_qa", "scan2cap", "scanqa",
        "scene_cap", "sqa3d",
    ])
    func prompts(task: String) throws {
        let data = try Data(contentsOf: Self.url("data/expected/\(task).json"))
        let cases = try JSONDecoder().decode(Task.self, from: data).cases
        #expect(!cases.isEmpty)
        let situated = ["cap3d", "cliport", "mp3d_objnav", "obj_scene_cap", "scan2cap"].contains(task)
        for row in cases {
            let situation: Prompt.Situation = row.situation.map { .described($0.convertedPersonView) }
                ?? (situated ? .unspecified : .none)
            let turns = row.prompt_after_obj.components(separatedBy: "</s>").map { turn in
                turn.dropFirst("USER: ".count).components(separatedBy: " ASSISTANT:")
            }
            let history = turns.dropLast().map { Prompt.Turn(user: $0[0], assistant: $0[1] + "\n") }
            let prompt = Prompt(instruction: try #require(turns.last)[0], history: history, situation: situation)
            #expect(bytes(prompt.beforeObjects) == bytes(row.prompt_before_obj))
            #expect(bytes(prompt.imagePrompt) == bytes(row.prompt_middle_1))
            #expect(bytes(prompt.objectsPrompt) == bytes(row.prompt_middle_2))
            #expect(bytes(prompt.afterObjects) == bytes(row.prompt_after_obj))
        }
    }
}
