import Foundation
import LEOAction
import LEOText
import TestSupport
import Testing

/// Against the official code's tables and functions, line by line.
@Suite(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct GoldenActionTests {
    private struct Table: Decodable {
        struct Row: Decodable {
            let index: Int
            let string: String
            let vocab_id: Int32
            let piece: String
            let irregular: Bool
            let encode_ids_no_bos: [Int32]
        }
        let tokens: [Row]
    }

    @Test func tokenTable() throws {
        let data = try Data(contentsOf: goldenURL("actions/token_table.json"))
        let table = try JSONDecoder().decode(Table.self, from: data).tokens
        let tokenizer = try #require(llamaTokenizer)
        #expect(table.count == ActionVocabulary.count)
        for row in table {
            #expect(bytes(ActionVocabulary.string(at: row.index)) == bytes(row.string), "\(row.index)")
            #expect(bytes(ActionVocabulary.piece(at: row.index)) == bytes(row.piece), "\(row.index)")
            #expect(ActionVocabulary.id(at: row.index) == row.vocab_id)
            #expect(ActionVocabulary.index(of: row.vocab_id) == row.index)
            #expect(ActionVocabulary.isIrregular(row.index) == row.irregular)
            #expect(tokenizer.piece(for: row.vocab_id).map(bytes) == bytes(row.piece))
            #expect(tokenizer.encode(row.string, addsBOS: false) == row.encode_ids_no_bos)
        }
        #expect(ActionVocabulary.index(of: 32000) == nil)
        #expect(ActionVocabulary.index(of: 30999) == nil)
    }

    private struct Habitat: Decodable {
        struct Row: Decodable {
            let name: String
            let id: Int
            let token: String
            let vocab_id: Int32
        }
        let actions: [Row]
        let detokenize: [String: Int]
    }

    @Test func habitat() throws {
        let golden = try JSONDecoder().decode(Habitat.self, from: Data(contentsOf: goldenURL("actions/habitat.json")))
        #expect(golden.actions.count == HabitatAction.allCases.count)
        let space = HabitatActionSpace()
        for row in golden.actions {
            let action = try #require(HabitatAction(rawValue: row.id))
            #expect(action.name == row.name)
            #expect(bytes(space.text(for: action)) == bytes(row.token))
            #expect(space.ids(for: action) == [row.vocab_id])
            #expect(golden.detokenize[row.token] == row.id)
        }
    }

    private struct PoseRow: Decodable {
        let `case`: String
        let pos: [Double]
        let quat_xyzw: [Double]
        let tokens: [Int]?
        let strings: [String]?
        let vocab_ids: [Int32]?
        let detok_pos: [Double]?
        let detok_quat_xyzw: [Double]?
        let error: String?
    }

    private func matches(_ pose: CLIPortPose, _ position: [Double], _ orientation: [Double]) -> Bool {
        (0..<3).allSatisfy { near(pose.position[$0], position[$0], 1e-12) }
            && (0..<4).allSatisfy { near(pose.orientation[$0], orientation[$0], 1e-12) }
    }

    @Test func cliPortPoses() throws {
        let rows = try goldenLines("actions/cliport.jsonl", of: PoseRow.self)
        #expect(rows.count == 881)
        #expect(rows.count { $0.error != nil } == 2)
        let space = CLIPortActionSpace()
        for (line, row) in rows.enumerated() {
            let pose = CLIPortPose(position: SIMD3(row.pos), orientation: SIMD4(row.quat_xyzw))
            guard let tokens = row.tokens else {
                #expect(throws: ActionError.self, "line \(line + 1)") { try CLIPortCell(pose) }
                continue
            }
            let cell = try CLIPortCell(pose)
            #expect([cell.u, cell.v, cell.rotation] == tokens, "line \(line + 1), \(row.case)")
            let action = CLIPortAction(pick: cell, place: .dummy)
            let dummy = CLIPortAction.dummy
            #expect(Array(space.ids(for: action).prefix(3)) == row.vocab_ids)
            #expect(
                bytes(space.text(for: action))
                    == (row.strings ?? []).flatMap(bytes) + bytes(space.text(for: dummy)).suffix(
                        bytes(space.text(for: dummy)).count / 2))
            #expect(matches(cell.pose(), row.detok_pos ?? [], row.detok_quat_xyzw ?? []), "line \(line + 1)")
        }
    }

    private struct DetokenizeRow: Decodable {
        let tokens: [Int]
        let no_hmap, with_hmap: [[Double]]
    }

    @Test func cliPortDetokenize() throws {
        let rows = try goldenLines("actions/cliport_detok.jsonl", of: DetokenizeRow.self)
        #expect(rows.count == 64)
        let heights = try CLIPortHeightMap((0..<320 * 160).map { Double($0 % 97) * 0.001 })
        for row in rows {
            let cell = try CLIPortCell(u: row.tokens[0], v: row.tokens[1], rotation: row.tokens[2])
            #expect(matches(cell.pose(), row.no_hmap[0], row.no_hmap[1]), "\(row.tokens)")
            #expect(matches(cell.pose(heights: heights), row.with_hmap[0], row.with_hmap[1]), "\(row.tokens)")
        }
    }

    private struct ParseRow: Decodable {
        let `case`: String
        let text: String
        let tokens_found: [String]
        let is_dummy: Bool
        let pose0, pose1: [[Double]]
    }

    @Test func cliPortParse() throws {
        let rows = try goldenLines("actions/cliport_parse.jsonl", of: ParseRow.self)
        #expect(rows.count == 92)
        let space = CLIPortActionSpace()
        for (line, row) in rows.enumerated() {
            let found = CLIPortActionSpace.indices(in: row.text).map { bytes(ActionVocabulary.string(at: $0)) }
            #expect(found == row.tokens_found.map(bytes), "line \(line + 1), \(row.case)")
            let poses = space.poses(in: row.text)
            #expect(matches(poses.pick, row.pose0[0], row.pose0[1]), "line \(line + 1), \(row.case)")
            #expect(matches(poses.place, row.pose1[0], row.pose1[1]), "line \(line + 1), \(row.case)")
            let action = try? space.action(in: row.text)
            #expect((action == nil) == row.is_dummy, "line \(line + 1), \(row.case)")
        }
    }

    private struct WindowRow: Decodable {
        let list: [Int]
        let start, end, padding: Int
        let out: [Int]
    }

    @Test func historyWindows() throws {
        let rows = try goldenLines("actions/extract_between.jsonl", of: WindowRow.self)
        #expect(rows.count == 255)
        for row in rows {
            let window = ActionHistory.window(of: row.list, from: row.start, through: row.end, padding: row.padding)
            #expect(window == row.out, "\(row)")
        }
    }
}
