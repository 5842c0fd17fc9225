import LEOConvert
import LEOTensor
import LEOText

/// Questions, plans, dialogues.
extension AnnotationReader {
    func readScanQA(into table: inout AnnotationTable) throws(DataError) {
        let path = file(in: folders.instruction.appendingPath("scanqa"), &table) { "ScanQA_v1.0_\($0).json" }
        for row in try AnnotationNode(contentsOf: path, needed: needed).items() {
            let scan = try scene(of: row, "scene_id")
            let question = try row.member("question").string()
            var objects: [Int] = []
            for object in try row.member("object_ids").items() { objects.append(try object.integer()) }
            let identifier = try row.optional("question_id")?.identifier() ?? question
            table.records.append(
                AnnotationRecord(
                    id: "\(scan)/\(identifier)", source: .scannet, sceneID: scan, instruction: .fixed(question),
                    references: try answers(row.member("answers")), relevant: objects))
        }
    }

    /// At least one text, each without white space at its ends.
    private func answers(_ node: AnnotationNode) throws(DataError) -> [String] {
        let answers = try node.strings().map(\.strippedLikePython)
        guard !answers.isEmpty else { throw node.malformed("at least one answer") }
        return answers
    }

    func readRScanQA(into table: inout AnnotationTable) throws(DataError) {
        let path = file(in: folders.instruction.appendingPath("3rscanqa"), &table) { "3rscan_qa_\($0).json" }
        for (scan, entry) in try AnnotationNode(contentsOf: path, needed: needed).members() {
            let name = try sceneName(scan, path, scan)
            for (index, row) in try entry.member("response").items().enumerated() {
                table.records.append(
                    AnnotationRecord(
                        id: "\(name)/\(index)", source: .rscan, sceneID: name,
                        instruction: .fixed(try row.member("Q").string()),
                        references: try answers(row.member("A")), relevant: Self.objects(in: try row.member("T").string())))
            }
        }
    }

    /// `label-1, label-2`; one that cannot be read makes the whole list empty.
    static func objects(in text: String) -> [Int] {
        var ids: [Int] = []
        for part in text.split(separator: ", ", omittingEmptySubsequences: false) {
            guard let id = trailingIdentifier(part) else { return [] }
            ids.append(id)
        }
        return ids
    }

    func readPlans(into table: inout AnnotationTable) throws(DataError) {
        let path = file(in: folders.instruction.appendingPath("planning"), &table) { "3rscan_plan_\($0).json" }
        for (scan, entry) in try AnnotationNode(contentsOf: path, needed: needed).members() {
            let name = try sceneName(scan, path, scan)
            for (index, row) in try entry.member("response").items().enumerated() {
                table.records.append(
                    AnnotationRecord(
                        id: "\(name)/\(index)", source: .rscan, sceneID: name,
                        instruction: .plan(try row.member("instruction").string().loweredLikePython),
                        references: [try row.member("plan").string()]))
            }
        }
    }

    func readDialogues(into table: inout AnnotationTable) throws(DataError) {
        let path = file(in: folders.instruction.appendingPath("dialogue"), &table) { "3rscan_dialog_\($0).json" }
        for (scan, entry) in try AnnotationNode(contentsOf: path, needed: needed).members() {
            let name = try sceneName(scan, path, scan)
            for (number, dialogue) in try entry.member("response").items().enumerated() {
                var history: [Prompt.Turn] = []
                var question: String?
                for (place, turn) in try dialogue.items().enumerated() {
                    let role = try turn.member("role")
                    let content = try turn.member("content").string()
                    switch (try role.string(), question) {
                    case ("Human", nil): question = content
                    case ("Robot", let asked?):
                        table.records.append(
                            AnnotationRecord(
                                id: "\(name)/\(number).\(place)", source: .rscan, sceneID: name, instruction: .fixed(asked),
                                history: history, references: [content.strippedLikePython]))
                        history.append(Prompt.Turn(user: asked, assistant: content))
                        question = nil
                    default: throw role.malformed(question == nil ? "Human" : "Robot")
                    }
                }
            }
        }
    }

    // MARK: SQA3D

    func readSQA3D(into table: inout AnnotationTable) throws(DataError) {
        let folder = folders.instruction.appendingPath("sqa3d")
        func files(_ split: DataSplit) -> (questions: String, answers: String) {
            (
                folder.appendingPath("v1_balanced_questions_\(split.rawValue)_scannetv2.json"),
                folder.appendingPath("v1_balanced_sqa_annotations_\(split.rawValue)_scannetv2.json")
            )
        }
        var (questionFile, answerFile) = files(split)
        // The two belong together, so that only a split of which neither is here is stood in for.
        if split == .test, !exists(questionFile), !exists(answerFile), exists(files(.val).questions) {
            table.notices.append("\(questionFile) is not here; the files of val stand in for it")
            (questionFile, answerFile) = files(.val)
        }
        var questions: [String: AnnotationNode] = [:]
        for row in try AnnotationNode(contentsOf: questionFile, needed: needed).member("questions").items() {
            questions[try row.member("question_id").identifier()] = row
        }
        let alignments = try alignments(folder.appendingPath("axisAlignment.pth"))
        for row in try AnnotationNode(contentsOf: answerFile, needed: needed).member("annotations").items() {
            let id = try row.member("question_id").identifier()
            guard let question = questions[id] else {
                throw .malformed(
                    file: questionFile, field: "questions", reason: "expected one with question_id \(id), found none")
            }
            let scan = try scene(of: row, "scene_id")
            guard let alignment = alignments[scan] else {
                throw .malformed(file: folder.appendingPath("axisAlignment.pth"), field: scan, reason: "is missing")
            }
            var answers: [String] = []
            for answer in try row.member("answers").items() { answers.append(try answer.member("answer").string()) }
            guard !answers.isEmpty else { throw try row.member("answers").malformed("at least one answer") }
            // By place, not by name, as the official loader takes them.
            let position = try row.member("position").numbers(3)
            let rotation = try row.member("rotation")
            let turn = try rotation.numbers(4)
            guard turn.contains(where: { $0 != 0 }) else { throw rotation.malformed("a quaternion that is not zero") }
            let text = try question.member("question").string()
            table.records.append(
                AnnotationRecord(
                    id: "\(scan)/\(id)", source: .scannet, sceneID: scan, instruction: .fixed(text.convertedPersonView),
                    situations: try [question.member("situation").string()]
                        + (question.optional("alternative_situation")?.strings() ?? []),
                    references: answers, question: text, position: SIMD3(position[0], position[1], position[2]),
                    orientation: SIMD4(turn[0], turn[1], turn[2], turn[3]), alignment: alignment))
        }
    }

    /// `axisAlignment.pth`: scan to a 3 x 3 matrix, by rows.
    private func alignments(_ path: String) throws(DataError) -> [String: [SIMD3<Double>]] {
        let root = try PickleNode(contentsOf: path, needed: "it turns SQA3D's positions into the scans' frames")
        var alignments: [String: [SIMD3<Double>]] = [:]
        for (key, value) in try root.entries() {
            guard let scan = key.string else { throw root.malformed("scans as keys") }
            let numbers = try PickleNode(file: path, field: scan, value: value).numbers(9)
            alignments[scan] = (0..<3).map { SIMD3(numbers[3 * $0], numbers[3 * $0 + 1], numbers[3 * $0 + 2]) }
        }
        return alignments
    }
}
