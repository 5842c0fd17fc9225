import Foundation
import LEOAction
import LEOText

/// Action spaces: tables, codecs and parsers, a file each.
///
/// Ids that texts encode to are compared where the tokenizer lies beside: in the folder or in `../tokenizer`.
enum ActionFilesKind: CaseKind {
    private static let cliPort = "cliport.jsonl"
    private static let others: [(name: String, check: @Sendable (CaseFolder, String) -> [OutputCheck])] = [
        ("habitat.json", habitat), ("token_table.json", tokenTable), ("cliport_detok.jsonl", { [cliPortDetokenize($0, $1)] }),
        ("cliport_parse.jsonl", { [cliPortParse($0, $1)] }), ("extract_between.jsonl", { [historyWindows($0, $1)] }),
        ("legent.jsonl", { [LEGENTRows.read($0, $1)] }), ("legent_to_string.jsonl", { [LEGENTRows.write($0, $1)] }),
    ]

    /// Evaluators record a `cliport.jsonl` too; theirs holds batches.
    private static func hasPoses(_ folder: CaseFolder) -> Bool {
        folder.has(cliPort) && !folder.firstLine(of: cliPort, has: "batches")
    }

    static func recognises(_ folder: CaseFolder) -> Bool { others.contains { folder.has($0.name) } || hasPoses(folder) }
    static func name(_ folder: CaseFolder) -> String { "actions" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let checks = others.filter { folder.has($0.name) }.flatMap { $0.check(folder, $0.name) }
        return hasPoses(folder) ? checks + [cliPortPoses(folder, cliPort)] : checks
    }

    // MARK: Tables

    private static func tokenizer(_ folder: CaseFolder) throws -> Tokenizer? {
        let places = ["tokenizer.model", "../tokenizer/tokenizer.model"]
        guard let place = places.first(where: { folder.has($0) }) else { return nil }
        let bytes = try folder.data(place)
        do { return try Tokenizer(sentencePieceModel: bytes) } catch {
            throw CheckError.unreadable(path: folder.file(place), reason: "\(error)")
        }
    }

    /// Checks one JSON file, and in an output of its own what needs the tokenizer.
    private static func table<Table: Decodable, Row>(
        _ folder: CaseFolder, _ name: String, _ type: Table.Type, rows: (Table) -> [Row], _ body: (Row, Table) throws -> String?,
        ids: (Row, Tokenizer) throws -> String?
    ) -> [OutputCheck] {
        do {
            let table = try decodedJSON(type, try folder.data(name), path: folder.file(name))
            let plain = Comparison.rows(name, rows(table)) { try body($0, table) }
            let label = name + " ids"
            guard let tokenizer = try tokenizer(folder) else {
                return [plain, OutputCheck(name: label, passed: true, note: "skipped, no ../tokenizer/tokenizer.model beside this folder")]
            }
            return [plain, Comparison.rows(label, rows(table)) { try ids($0, tokenizer) }]
        } catch {
            return [OutputCheck(name: name, passed: false, note: "\(error)")]
        }
    }

    private struct Habitat: Decodable {
        struct Row: Decodable {
            let name: String
            let id: Int
            let token: String
            let vocab_id: Int32
            let encode_ids_no_bos: [Int32]
        }
        let actions: [Row]
        let detokenize: [String: Int]
    }

    private static func habitat(_ folder: CaseFolder, _ name: String) -> [OutputCheck] {
        let space = HabitatActionSpace()
        let checks = table(
            folder, name, Habitat.self, rows: \.actions,
            { row, table in
                guard let action = HabitatAction(rawValue: row.id) else { return "\(row.name): no action has id \(row.id)" }
                return Comparison.difference("name", action.name, row.name)
                    ?? Comparison.difference("token", space.text(for: action), row.token)
                    ?? Comparison.difference("vocab_id", space.ids(for: action), [row.vocab_id])
                    ?? (HabitatAction(id: row.vocab_id) == action ? nil : "vocab_id \(row.vocab_id) does not read back as \(row.name)")
            },
            ids: { Comparison.difference("encode_ids_no_bos", $1.encode($0.token, addsBOS: false), $0.encode_ids_no_bos) })
        guard let table = try? decodedJSON(Habitat.self, try folder.data(name), path: folder.file(name)) else { return checks }
        let spelled = Comparison.rows(name + " detokenize", table.detokenize.sorted { $0.value < $1.value }) { token, id in
            let found = try space.action(in: token).rawValue
            return found == id ? nil : "\(token.debugDescription): expected \(id), found \(found)"
        }
        return checks + [spelled]
    }

    private struct TokenTable: Decodable {
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

    private static func tokenTable(_ folder: CaseFolder, _ name: String) -> [OutputCheck] {
        table(
            folder, name, TokenTable.self, rows: \.tokens,
            { row, _ in
                guard (0..<ActionVocabulary.count).contains(row.index) else { return "index \(row.index): the table ends before it" }
                if ActionVocabulary.index(of: row.vocab_id) != row.index { return "vocab_id \(row.vocab_id) is not that of index \(row.index)" }
                if ActionVocabulary.isIrregular(row.index) != row.irregular { return "index \(row.index): expected irregular \(row.irregular)" }
                return Comparison.difference("string", ActionVocabulary.string(at: row.index), row.string)
                    ?? Comparison.difference("piece", ActionVocabulary.piece(at: row.index), row.piece)
            },
            ids: { row, tokenizer in
                Comparison.difference("piece", tokenizer.piece(for: row.vocab_id) ?? "", row.piece)
                    ?? Comparison.difference("encode_ids_no_bos", tokenizer.encode(row.string, addsBOS: false), row.encode_ids_no_bos)
            })
    }

    // MARK: CLIPort

    private static let poseTolerance = 1e-12

    private static func difference(
        _ what: String, _ pose: CLIPortPose, _ position: [Double], _ orientation: [Double], _ tally: inout NumberTally
    ) -> String? {
        let (p, q) = (pose.position, pose.orientation)
        let wrong = tally.difference(what + " position", [p.x, p.y, p.z], position)
        return wrong ?? tally.difference(what + " orientation", [q.x, q.y, q.z, q.w], orientation)
    }

    /// A pose is recorded as its position and its orientation.
    private static func difference(_ what: String, _ pose: CLIPortPose, _ golden: [[Double]], _ tally: inout NumberTally) throws -> String? {
        guard golden.count == 2 else { throw CheckError.malformed(path: "row", field: what, expected: "position and orientation") }
        return difference(what, pose, golden[0], golden[1], &tally)
    }

    private struct PoseRow: Decodable {
        let pos, quat_xyzw: [Double]
        let tokens: [Int]?
        let strings: [String]?
        let vocab_ids: [Int32]?
        let detok_pos, detok_quat_xyzw: [Double]?
        let error: String?
    }

    private static func cliPortPoses(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, PoseRow.self, within: poseTolerance) { row, tally in
            let pose = CLIPortPose(position: try row.pos.vector3("pos"), orientation: try row.quat_xyzw.vector4("quat_xyzw"))
            if let error = row.error {
                let cell = try? CLIPortCell(pose)
                return cell.map { "expected an error (\(error)), found \([$0.u, $0.v, $0.rotation])" }
            }
            guard let tokens = row.tokens, let strings = row.strings, let ids = row.vocab_ids, let position = row.detok_pos,
                let orientation = row.detok_quat_xyzw
            else { return "holds neither tokens nor an error" }
            let cell = try CLIPortCell(pose)
            // Twice the same cell, so that the first and the second half must both be spelled as recorded.
            let action = CLIPortAction(pick: cell, place: cell), space = CLIPortActionSpace()
            return Comparison.difference("tokens", [cell.u, cell.v, cell.rotation], tokens)
                ?? Comparison.difference("vocab_ids", space.ids(for: action), ids + ids)
                ?? Comparison.difference("strings", space.text(for: action), (strings + strings).joined())
                ?? difference("detok", cell.pose(), position, orientation, &tally)
        }
    }

    private struct DetokenizeRow: Decodable {
        let tokens: [Int]
        let no_hmap, with_hmap: [[Double]]
    }

    private static func cliPortDetokenize(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        // The map that the recorded poses stand on.
        let values = (0..<CLIPortCell.uCount * CLIPortCell.vCount).map { Double($0 % 97) * 0.001 }
        return folder.check(name, DetokenizeRow.self, within: poseTolerance) { row, tally in
            guard row.tokens.count == 3 else { throw CheckError.malformed(path: "row", field: "tokens", expected: "3 tokens") }
            let cell = try CLIPortCell(u: row.tokens[0], v: row.tokens[1], rotation: row.tokens[2])
            if let wrong = try difference("no_hmap", cell.pose(), row.no_hmap, &tally) { return wrong }
            return try difference("with_hmap", cell.pose(heights: try CLIPortHeightMap(values)), row.with_hmap, &tally)
        }
    }

    private struct ParseRow: Decodable {
        let text: String
        let tokens_found: [String]
        let is_dummy: Bool
        let pose0, pose1: [[Double]]
    }

    private static func cliPortParse(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        let space = CLIPortActionSpace()
        return folder.check(name, ParseRow.self, within: poseTolerance) { row, tally in
            let found = CLIPortActionSpace.indices(in: row.text).map { Array(ActionVocabulary.string(at: $0).utf8) }
            if let wrong = Comparison.difference("tokens_found", found, row.tokens_found.map { Array($0.utf8) }) { return wrong }
            if ((try? space.action(in: row.text)) == nil) != row.is_dummy { return "expected is_dummy \(row.is_dummy)" }
            let poses = space.poses(in: row.text)
            if let wrong = try difference("pose0", poses.pick, row.pose0, &tally) { return wrong }
            return try difference("pose1", poses.place, row.pose1, &tally)
        }
    }

    // MARK: History

    private struct WindowRow: Decodable {
        let list: [Int]
        let start, end, padding: Int
        let out: [Int]
    }

    private static func historyWindows(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, WindowRow.self) { row in
            // A window far outside its list is long; what is recorded bounds it.
            let (length, overflow) = row.end.subtractingReportingOverflow(row.start)
            guard row.start > row.end || (!overflow && length <= 1 << 20) else { return "a window of that length is not computed here" }
            let window = ActionHistory.window(of: row.list, from: row.start, through: row.end, padding: row.padding)
            return Comparison.difference("out", window, row.out)
        }
    }
}
