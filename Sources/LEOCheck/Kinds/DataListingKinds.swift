import Foundation
import LEOAction
import LEOData
import LEOText

/// `expected/<task>_all.json`: every sample in order.
struct DatasetListing {
    private let task: TaskKind
    private let file: ExpectedFile
    private let rows: [[String: Any]]
    private let dataset: any Dataset

    init(_ folder: CaseFolder, _ task: TaskKind) throws {
        self.task = task
        file = try ExpectedFile(folder, "\(task.rawValue)_all.json")
        rows = try file.rows(file.value, "file")
        // The listing is of the part that the task's cases are of.
        var split = task == .objSceneCap ? DataSplit.train : .val
        if folder.has("expected/\(task.rawValue).json") {
            let cases = try ExpectedFile(folder, "\(task.rawValue).json")
            let first = try cases.rows((cases.value as? [String: Any])?["datasets"], "datasets")[0]
            guard let named = DataSplit(rawValue: try cases.value(first, "split")) else {
                throw cases.malformed("datasets[0].split", "train, val or test")
            }
            split = named
        }
        dataset = try openDataset(
            task, in: DataFolders(folder.path), split: split, options: DatasetOptions(choices: FixedChoices()))
    }

    func check() -> OutputCheck {
        let name = "\(task.rawValue)_all"
        guard rows.count == dataset.count else {
            return OutputCheck(name: name, passed: false, note: "expected \(rows.count) samples, found \(dataset.count)")
        }
        return Comparison.rows(name, Array(rows.enumerated())) { index, row in
            let annotation = dataset.annotation(at: index)
            if row.isEmpty { return "holds nothing to compare" }
            return try row.keys.sorted().lazy.compactMap { try difference($0, row, annotation) }.first
        }
    }

    private func difference(_ field: String, _ row: [String: Any], _ annotation: TaskAnnotation) throws -> String? {
        func text(_ found: String?) throws -> String? {
            guard let found else { return "\(field): found nothing" }
            return Comparison.difference(field, found, try file.value(row, field))
        }
        switch field {
        case "source": return try text(annotation.source.rawValue)
        case "scan_id", "scene_id": return try text(annotation.sceneID)
        case "obj_id" where task == .cap3d: return try text(annotation.sceneID)
        case "obj_id":
            let expected: Int = try file.value(row, field)
            return annotation.relevantObjects == [expected]
                ? nil : "obj_id: expected \(expected), found \(annotation.relevantObjects)"
        case "caption", "response":
            return annotation.references.count == 1 ? try text(annotation.references[0]) : "\(field): found several"
        case "history" where task == .rscanDialog: return try text(annotation.prompt.afterObjects)
        case "corpus_key": return try text(annotation.corpusKey)
        case "goal": return try text(annotation.step?.goal)
        case "img_path": return try text(annotation.step?.imageFile)
        case "action", "history":
            guard case .navigation(let action, let history)? = annotation.step?.action else {
                return "\(field): found no action"
            }
            return Comparison.difference(
                field, (field == "action" ? [action] : history).map(\.rawValue), try file.value(row, field))
        default: return "\(field): is recorded, but nothing here checks it"
        }
    }
}

/// A row of `align_situation.jsonl`.
struct SituationRow: Decodable {
    let yaw_only: Bool
    let pos, quat_xyzw, scene_center: [Double]
    let align: [[Double]]
    let out_pos, out_quat: [Double]

    static func check(_ folder: CaseFolder) throws -> OutputCheck {
        let rows = try folder.lines("expected/align_situation.jsonl", of: SituationRow.self)
        return Comparison.rows("align_situation", rows) { row in
            guard row.pos.count == 3, row.scene_center.count == 3, row.quat_xyzw.count == 4, row.align.count == 3,
                row.align.allSatisfy({ $0.count == 3 }), row.out_pos.count == 3, row.out_quat.count == 4,
                row.quat_xyzw.contains(where: { $0 != 0 })
            else { return "expected three, three, four, 3 x 3, three and four numbers" }
            let found = SituationAlignment.aligned(
                position: SIMD3(row.pos), orientation: SIMD4(row.quat_xyzw), alignment: row.align.map { SIMD3($0) },
                center: SIMD3(row.scene_center))
            let position = [found.position.x, found.position.y, found.position.z]
            let turn = [found.orientation.x, found.orientation.y, found.orientation.z, found.orientation.w]
            if !near(position, row.out_pos) { return "out_pos: expected \(row.out_pos), found \(position)" }
            if row.yaw_only, isTie(turn, row.out_quat) { return nil }
            return near(turn, row.out_quat) ? nil : "out_quat: expected \(row.out_quat), found \(turn)"
        }
    }

    private static func near(_ found: [Double], _ expected: [Double]) -> Bool {
        zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-6 }
    }

    /// Whether both are what a pure yaw collapses to.
    static func isTie(_ found: [Double], _ expected: [Double]) -> Bool {
        func collapsed(_ values: [Double]) -> Bool { near(values, [1, 0, 0, 0]) || near(values, [0, 1, 0, 0]) }
        return collapsed(found) && collapsed(expected)
    }
}

/// A row of `text_ops.jsonl`.
struct TextOperationRow: Decodable {
    let op, input: String
    let split: String?
    let max_length: Int?
    let output: Output

    enum Output: Decodable {
        case one(String)
        case several([String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .one(text)
            } else {
                self = .several(try container.decode([String].self))
            }
        }
    }

    /// One check for each operation.
    static func checks(_ folder: CaseFolder) throws -> [OutputCheck] {
        let rows = try folder.lines("expected/text_ops.jsonl", of: TextOperationRow.self)
        if rows.isEmpty { return [OutputCheck(name: "text_ops", passed: false, note: "holds nothing to compare")] }
        return Dictionary(grouping: rows, by: \.op).sorted { $0.key < $1.key }.map { op, rows in
            Comparison.rows("text_ops.\(op)", rows) { try $0.difference() }
        }
    }

    private func difference() throws -> String? {
        switch (op, output) {
        case ("convert_person_view", .one(let text)): return Comparison.difference(input, input.convertedPersonView, text)
        case ("qa_3dllm_question", .one(let text)): return Comparison.difference(input, ThreeDLLMText.question(input), text)
        case ("plan_3dllm_goal", .one(let text)): return Comparison.difference(input, ThreeDLLMText.goal(input), text)
        case ("dialog_3dllm_history", .one(let text)):
            return Comparison.difference(input, ThreeDLLMText.history(input), text)
        case ("split_caption", .several(let texts)):
            guard let split = split.flatMap(DataSplit.init(rawValue:)), let max_length else {
                return "expected split and max_length"
            }
            return SampleCheck.difference(
                CaptionSplitter.answers(for: input, split: split, maximumLength: max_length), texts)
        default: return "\(op): nothing here checks it"
        }
    }
}
