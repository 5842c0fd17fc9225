import Foundation

/// Reads the annotation files of a task.
struct AnnotationReader {
    let task: TaskKind
    let folders: DataFolders
    let split: DataSplit

    func read() throws(DataError) -> AnnotationTable {
        var table = AnnotationTable()
        switch task {
        case .cap3d: table.records = try objectCaptions()
        case .objSceneCap: try readObjectsInScenes(into: &table)
        case .sceneCap: try readSceneCaptions(into: &table)
        case .scan2cap: try readScan2Cap(into: &table)
        case .scanqa: try readScanQA(into: &table)
        case .sqa3d: try readSQA3D(into: &table)
        case .rscanQA: try readRScanQA(into: &table)
        case .rscanPlan: try readPlans(into: &table)
        case .rscanDialog: try readDialogues(into: &table)
        case .mp3dObjNav: try readNavigation(into: &table)
        case .cliport: try readManipulation(into: &table)
        }
        makeUnique(&table.records)
        return table
    }

    /// Rows that would share an id get their number among those, from 2, behind it.
    private func makeUnique(_ records: inout [AnnotationRecord]) {
        var seen: [String: Int] = [:]
        for index in records.indices {
            let id = "\(task.rawValue)/\(split.rawValue)/\(records[index].id)"
            let count = seen[id, default: 0] + 1
            seen[id] = count
            records[index].id = count == 1 ? id : "\(id)#\(count)"
        }
    }

    /// The file of this split, in `folder`. Where there is none for `test`, the official loaders' `val` stands in.
    func file(in folder: String, _ table: inout AnnotationTable, name: (String) -> String) -> String {
        let path = folder.appendingPath(name(split.rawValue))
        let other = folder.appendingPath(name(DataSplit.val.rawValue))
        guard split == .test, !exists(path), exists(other) else { return path }
        table.notices.append("\(path) is not here; \(name(DataSplit.val.rawValue)) stands in for it")
        return other
    }

    var needed: String { "task \(task.rawValue) reads its \(split.rawValue) samples from it" }

    // MARK: Captions

    /// The last rows of Cap3D's file that are for evaluation.
    static let evaluationCaptions = 1000

    private func objectCaptions() throws(DataError) -> [AnnotationRecord] {
        let file = folders.alignment.appendingPath("obj_caption/Cap3D_automated_Objaverse_no3Dword.csv")
        let rows = try DelimitedText.rows(of: try readFile(file, needed: needed), file: file)
        let trained = max(rows.count - Self.evaluationCaptions, 0)
        let chosen = split == .train ? rows[..<trained] : rows[trained...]
        var records: [AnnotationRecord] = []
        for row in chosen {
            guard row.fields.count == 2 else {
                throw .malformed(
                    file: file, field: "line \(row.line)",
                    reason: "expected an id and a caption, found \(row.fields.count) fields")
            }
            let id = try sceneName(row.fields[0], file, "line \(row.line)")
            records.append(
                AnnotationRecord(
                    id: id, source: .objaverse, sceneID: id, instruction: .object,
                    references: [Self.unquoted(row.fields[1])],
                    relevant: [0]))
        }
        return records
    }

    /// Without quotes of one kind around the whole text, however many.
    static func unquoted(_ text: String) -> String {
        var scalars = Array(text.unicodeScalars)[...]
        while let first = scalars.first, let last = scalars.last, first == last, first == "\"" || first == "'" {
            scalars = scalars.dropFirst().dropLast()
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private func readObjectsInScenes(into table: inout AnnotationTable) throws(DataError) {
        guard split == .train else { throw .noSplit(task: task, split: split, available: [.train]) }
        let folder = folders.alignment.appendingPath("obj_scene_caption")
        for name in try names(in: folder, needed: needed) where name.hasSuffix(".json") {
            let path = folder.appendingPath(name)
            if name.contains("3rscan_prompted") {
                for (scan, objects) in try AnnotationNode(contentsOf: path, needed: needed).members() {
                    for (label, captions) in try objects.members() {
                        guard let id = trailingIdentifier(label) else { throw captions.malformed("a key like label-12") }
                        for caption in try captions.items() {
                            try add(caption.member("response").string(), .rscan, sceneName(scan, path, scan), id, &table)
                        }
                    }
                }
            } else if name.contains("3rscan_scanscribe") {
                for row in try AnnotationNode(contentsOf: path, needed: needed).items() {
                    try add(
                        row.member("sentence").string(), .rscan, scene(of: row), row.member("object_id").integer(), &table)
                }
            } else if name.contains("scannet_referit3d") {
                for row in try AnnotationNode(contentsOf: path, needed: needed).items() {
                    try add(
                        row.member("utterance").string(), .scannet, scene(of: row), row.member("target_id").integer(), &table
                    )
                }
            } else {
                table.notices.append("\(path): is none of 3rscan_prompted, 3rscan_scanscribe, scannet_referit3d; left out")
            }
        }
        if table.records.isEmpty { throw .missing(path: folder, needed: needed) }
    }

    private func add(
        _ caption: String, _ source: SceneSource, _ scan: String, _ object: Int, _ table: inout AnnotationTable
    ) {
        for answer in CaptionSplitter.answers(for: caption, split: split) {
            table.records.append(
                AnnotationRecord(
                    id: "\(scan)/\(object)", source: source, sceneID: scan, instruction: .object, references: [answer],
                    relevant: [object]))
        }
    }

    private func readSceneCaptions(into table: inout AnnotationTable) throws(DataError) {
        let path = file(in: folders.alignment.appendingPath("scene_caption"), &table) { "3rscan_scenecap_\($0).json" }
        for (scan, captions) in try AnnotationNode(contentsOf: path, needed: needed).members() {
            let name = try sceneName(scan, path, scan)
            for caption in try captions.items() {
                let objects = try queryObjects(caption.member("query"))
                for answer in CaptionSplitter.answers(for: try caption.member("response").string(), split: split) {
                    table.records.append(
                        AnnotationRecord(
                            id: name, source: .rscan, sceneID: name, instruction: .scene, references: [answer],
                            relevant: objects))
                }
            }
        }
    }

    /// Ids in the keys of a dictionary that is written as Python text. The official loader evaluates the text; here it is
    /// read as a literal, and anything else in it is an error.
    private func queryObjects(_ node: AnnotationNode) throws(DataError) -> [Int] {
        let literal: PythonLiteral
        do { literal = try PythonLiteral(parsing: try node.string()) } catch let error as PythonLiteral.SyntaxError {
            throw .malformed(
                file: node.file, field: node.field, reason: "expected a Python dictionary of plain values: \(error)")
        } catch { throw DataError(error, file: node.file) }
        guard case .dictionary(let entries) = literal else {
            throw .malformed(
                file: node.file, field: node.field, reason: "expected a Python dictionary, found another literal")
        }
        var ids: [Int] = []
        for entry in entries {
            guard case .string(let key) = entry.key, let id = trailingIdentifier(key) else {
                throw .malformed(
                    file: node.file, field: node.field, reason: "expected keys like label-12, found \(entry.key)")
            }
            ids.append(id)
        }
        return ids
    }

    private func readScan2Cap(into table: inout AnnotationTable) throws(DataError) {
        let folder = folders.instruction.appendingPath("scan2cap")
        let path = file(in: folder, &table) { "scanrefer_\($0).json" }
        var seen: Set<String> = []
        for row in try AnnotationNode(contentsOf: path, needed: needed).items() {
            let scan = try scene(of: row)
            let object = try row.member("target_id").integer()
            let detail = try "\(object)|\(row.member("instance_type").string())"
            // Evaluation asks once about each object.
            guard seen.insert("\(scan)|\(detail)").inserted || split == .train else { continue }
            for answer in CaptionSplitter.answers(for: try row.member("utterance").string(), split: split) {
                table.records.append(
                    AnnotationRecord(
                        id: "\(scan)/\(detail)", source: .scannet, sceneID: scan, instruction: .object, references: [answer],
                        relevant: [object], corpusKey: "\(scan)|\(detail)"))
            }
        }
        let corpus = folder.appendingPath("scanrefer_corpus.json")
        guard exists(corpus) else {
            if split != .train {
                table.notices.append("\(corpus) is not here; captions cannot be scored against the corpus")
            }
            return
        }
        var references: [String: [String]] = [:]
        for (key, texts) in try AnnotationNode(contentsOf: corpus, needed: needed).members() {
            references[key] = try texts.strings()
        }
        table.corpus = references
    }

    // MARK: Names

    /// The scan of a row: `scan_id`, or `scene_id` in files of ScanQA and SQA3D.
    func scene(of row: AnnotationNode, _ field: String = "scan_id") throws(DataError) -> String {
        let node = try row.member(field)
        return try sceneName(node.string(), node.file, node.field)
    }

    /// A scan's name becomes part of a path, so it must not lead anywhere else.
    func sceneName(_ name: String, _ file: String, _ field: String) throws(DataError) -> String {
        guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 })
        else {
            throw .malformed(
                file: file, field: field, reason: "expected the name of a scene, found \(name.debugDescription)")
        }
        return name
    }
}
