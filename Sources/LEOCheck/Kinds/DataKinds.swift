import Foundation
import LEOConvert
import LEOData
import LEOScene
import LEOTensor

/// LEO's data sets in the official layout, with what the official loaders make of them in `expected/`.
enum DatasetKind: CaseKind {
    /// Files beside the tasks' own.
    private static let others = ["text_ops.jsonl", "align_situation.jsonl", "scannet_notes.json"]

    static func recognises(_ folder: CaseFolder) -> Bool {
        guard folder.has("expected") else { return false }
        if ["scannet", "rscan", "alignment", "instruction"].contains(where: folder.has) { return true }
        return others.contains { folder.has("expected/" + $0) }
            || TaskKind.allCases.contains { folder.has("expected/\($0.rawValue).json") }
    }

    static func name(_ folder: CaseFolder) -> String { "data sets" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let names = try folderNames(folder.file("expected")).filter {
            !$0.hasPrefix(".")
        }.sorted()
        var checks: [OutputCheck] = []
        for name in names {
            let base = (name as NSString).deletingPathExtension
            do {
                if name == "text_ops.jsonl" {
                    checks += try TextOperationRow.checks(folder)
                } else if name == "align_situation.jsonl" {
                    checks.append(try SituationRow.check(folder))
                } else if name == "scannet_notes.json" {
                    checks += try sceneNotes(folder)
                } else if name.hasSuffix(".safetensors"), names.contains(base + ".json") {
                    // Looked through with the cases it belongs to.
                } else if name.hasSuffix("_all.json"), let task = TaskKind(rawValue: String(base.dropLast(4))) {
                    checks.append(try DatasetListing(folder, task).check())
                } else if name.hasSuffix(".json"), let task = TaskKind(rawValue: base) {
                    checks += try DatasetCases(folder, task).checks()
                } else {
                    checks.append(OutputCheck(name: name, passed: false, note: "is recorded, but nothing here checks it"))
                }
            } catch {
                checks.append(OutputCheck(name: name, passed: false, note: "\(error)"))
            }
        }
        return checks
    }

    /// What each ScanNet scene holds.
    private static func sceneNotes(_ folder: CaseFolder) throws -> [OutputCheck] {
        struct Note: Decodable {
            let objects: [String]
            let num_points, num_proposals: Int
        }
        let path = folder.file("expected/scannet_notes.json")
        let notes = try decodedJSON([String: Note].self, try folder.data("expected/scannet_notes.json"), path: path)
        if notes.isEmpty { throw CheckError.malformed(path: path, field: "file", expected: "at least one scene") }
        return notes.sorted { $0.key < $1.key }.map { scene, note in
            do {
                let found = try scanNetContents(of: scene, in: DataFolders(folder.path))
                return Comparison.exact(
                    "scannet_notes.\(scene)", [found.points, found.instances, found.proposals],
                    [note.num_points, note.objects.count, note.num_proposals])
            } catch {
                return OutputCheck(name: "scannet_notes.\(scene)", passed: false, note: "\(error)")
            }
        }
    }
}

/// JSON values of `expected/`, which are never changed after reading.
struct ExpectedFile {
    let path: String
    let value: Any

    init(_ folder: CaseFolder, _ name: String) throws {
        path = folder.file("expected/" + name)
        guard let value = try? JSONSerialization.jsonObject(with: try folder.data("expected/" + name)) else {
            throw CheckError.malformed(path: path, field: "file", expected: "JSON")
        }
        self.value = value
    }

    func malformed(_ field: String, _ expected: String) -> CheckError {
        .malformed(path: path, field: field, expected: expected)
    }

    func rows(_ value: Any?, _ field: String) throws -> [[String: Any]] {
        guard let rows = value as? [[String: Any]], !rows.isEmpty else {
            throw malformed(field, "at least one object in a list")
        }
        return rows
    }

    func value<Value>(_ row: [String: Any], _ field: String, _: Value.Type = Value.self) throws -> Value {
        guard let value = row[field] as? Value else { throw malformed(field, "\(Value.self)") }
        return value
    }
}

/// Opens data sets with the choices that the recording made.
private struct RecordedDatasets {
    let task: TaskKind
    let folders: DataFolders
    private var opened: [String: any Dataset] = [:]

    init(_ task: TaskKind, _ folder: CaseFolder) {
        self.task = task
        folders = DataFolders(folder.path)
    }

    mutating func dataset(_ file: ExpectedFile, _ row: [String: Any]) throws -> any Dataset {
        let split = try file.value(row, "split", String.self)
        let source = try file.value(row, "pc_type", String.self)
        let maximum = try file.value(row, "max_obj_len", Int.self)
        let key = "\(split)/\(source)/\(maximum)"
        if let known = opened[key] { return known }
        guard let split = DataSplit(rawValue: split) else {
            throw file.malformed("split", "train, val or test, found \(split)")
        }
        guard let source = DatasetOptions.ObjectSource(rawValue: source) else {
            throw file.malformed("pc_type", "gt or pred, found \(source)")
        }
        let options = DatasetOptions(maximumObjects: maximum, objectSource: source, choices: FixedChoices())
        let dataset = try openDataset(task, in: folders, split: split, options: options)
        opened[key] = dataset
        return dataset
    }
}

/// `expected/<task>.json` with the tensors of `<task>.safetensors`.
private struct DatasetCases {
    private let task: TaskKind
    private let file: ExpectedFile
    private let tensors: CaseTensors
    private let cases: [[String: Any]]
    private let datasets: [[String: Any]]
    private let folder: CaseFolder
    private let fields: Set<String>

    init(_ folder: CaseFolder, _ task: TaskKind) throws {
        self.task = task
        self.folder = folder
        file = try ExpectedFile(folder, "\(task.rawValue).json")
        tensors = try CaseTensors(path: folder.file("expected/\(task.rawValue).safetensors"))
        guard let top = file.value as? [String: Any] else { throw file.malformed("file", "an object") }
        cases = try file.rows(top["cases"], "cases")
        datasets = try file.rows(top["datasets"], "datasets")
        fields = Set(top.keys)
    }

    func checks() throws -> [OutputCheck] {
        var recorded = RecordedDatasets(task, folder)
        // The class is a name of the official code; there is nothing of ours to compare it with.
        var checks = fields.subtracting(["cases", "datasets", "dataset_class"]).sorted().map {
            OutputCheck(name: "\(task.rawValue).\($0)", passed: false, note: "is recorded, but nothing here checks it")
        }
        for row in datasets {
            let name = "\(task.rawValue)/\(row["split"] ?? "")/\(row["pc_type"] ?? "")/max\(row["max_obj_len"] ?? "").len"
            do {
                checks.append(
                    Comparison.exact(name, try recorded.dataset(file, row).count, try file.value(row, "len", Int.self)))
            } catch {
                checks.append(OutputCheck(name: name, passed: false, note: "\(error)"))
            }
        }
        var remaining = Set(tensors.names)
        for row in cases {
            let id = try file.value(row, "id", String.self)
            do {
                let dataset = try recorded.dataset(file, row)
                let index = try file.value(row, "index", Int.self)
                guard (0..<dataset.count).contains(index) else {
                    throw file.malformed("index", "below \(dataset.count), found \(index)")
                }
                let sample = try dataset.sample(at: index)
                let own = Set(remaining.filter { $0.hasPrefix(id + "/") }.map { String($0.dropFirst(id.count + 1)) })
                remaining.subtract(own.map { "\(id)/\($0)" })
                checks += SampleCheck(
                    task: task, id: id, row: row, file: file, tensors: tensors, tensorNames: own, folder: folder
                ).checks(sample)
            } catch {
                remaining = remaining.filter { !$0.hasPrefix(id + "/") }
                checks.append(OutputCheck(name: id, passed: false, note: "\(error)"))
            }
        }
        checks += remaining.sorted().map {
            OutputCheck(name: $0, passed: false, note: "is recorded, but belongs to no case")
        }
        return checks
    }
}

/// One recorded sample against ours.
struct SampleCheck {
    let task: TaskKind
    let id: String
    let row: [String: Any]
    let file: ExpectedFile
    let tensors: CaseTensors
    let tensorNames: Set<String>
    let folder: CaseFolder

    func checks(_ sample: TaskSample) -> [OutputCheck] {
        let described = row.keys.sorted().map { field in
            check(field) { try difference(field, sample) }
        }
        let required =
            ["anchor_locs", "anchor_orientation", "obj_fts", "obj_locs"] + (task == .scan2cap ? ["iou_flag"] : [])
        let missing = required.filter { !tensorNames.contains($0) }.map {
            OutputCheck(name: "\(id)/\($0)", passed: false, note: "is not recorded")
        }
        let computed = sample.objectTensors()
        let numbers = tensorNames.sorted().map { name in
            do { return try tensorCheck(name, sample, computed) } catch {
                return OutputCheck(name: "\(id)/\(name)", passed: false, note: "\(error)")
            }
        }
        return described + missing + numbers
    }

    private func check(_ field: String, _ body: () throws -> String?) -> OutputCheck {
        do {
            let wrong = try body()
            return OutputCheck(name: "\(id).\(field)", passed: wrong == nil, note: wrong ?? "")
        } catch {
            return OutputCheck(name: "\(id).\(field)", passed: false, note: "\(error)")
        }
    }

    /// What is wrong with a field of the case, or nil.
    private func difference(_ field: String, _ sample: TaskSample) throws -> String? {
        func text(_ found: String?) throws -> String? {
            guard let found else { return "found nothing" }
            return Comparison.difference(field, found, try file.value(row, field))
        }
        func number(_ found: Int?) throws -> String? {
            let expected: Int = try file.value(row, field)
            return found == expected ? nil : "expected \(expected), found \(found.map(String.init) ?? "nothing")"
        }
        let annotation = sample.annotation
        switch field {
        // What the sample was asked for by.
        case "id", "split", "pc_type", "max_obj_len": return nil
        case "index": return try number(annotation.index)
        case "prompt_before_obj": return try text(sample.prompt.beforeObjects)
        case "prompt_middle_1": return try text(sample.prompt.imagePrompt)
        case "prompt_middle_2": return try text(sample.prompt.objectsPrompt)
        case "prompt_after_obj": return try text(sample.prompt.afterObjects)
        case "source": return try text(annotation.source.rawValue)
        case "scene_id": return try text(annotation.sceneID)
        case "situation": return try text(annotation.originalSituation)
        case "corpus_key": return try text(annotation.corpusKey)
        case "sqa_type": return try number(annotation.questionType?.rawValue)
        case "num_objects": return try number(sample.objects.count)
        case "img_fts":
            let expected: String = try file.value(row, field)
            return expected == "zeros(3,224,224)" && sample.image == nil
                ? nil : "expected \(expected), found \(sample.image == nil ? "no picture" : "a picture")"
        case "img_masks":
            let expected: [Bool] = try file.value(row, field)
            return expected == [sample.image != nil] ? nil : "expected \(expected), found \([sample.image != nil])"
        case "output_gt":
            let expected = (row[field] as? String).map { [$0] } ?? (row[field] as? [String])
            guard let expected else { throw file.malformed(field, "a text or texts") }
            if (row[field] is [String]) != (task.hasSeveralAnswers && row["split"] as? String != "train") {
                return "expected the other of one text and several"
            }
            return Self.difference(sample.references, expected)
        case "file": return try text(annotation.step?.file)
        case "step": return try number(annotation.step?.index)
        case "img_path": return try text(annotation.step?.imageFile)
        case "done":
            let expected: Bool = try file.value(row, field)
            return annotation.step?.isDone == expected ? nil : "expected \(expected)"
        default: return "is recorded, but nothing here checks it"
        }
    }

    /// Texts byte by byte.
    static func difference(_ found: [String], _ expected: [String]) -> String? {
        found.map { Array($0.utf8) } == expected.map { Array($0.utf8) } ? nil : "expected \(expected), found \(found)"
    }

    private func tensorCheck(_ name: String, _ sample: TaskSample, _ computed: ObjectTensors) throws -> OutputCheck {
        let full = "\(id)/\(name)"
        let golden = try tensors.tensor(full)
        func compared(_ found: [Float], _ shape: [Int], _ tolerance: Double) -> OutputCheck {
            guard golden.shape == shape, golden.elementType == .f32 else {
                return OutputCheck(
                    name: full, passed: false,
                    note: "expected \(golden.elementType.rawValue) \(golden.shape), found f32 \(shape)")
            }
            return Comparison.floats(full, found, golden.floats(), Tolerance(absolute: tolerance))
        }
        switch name {
        case "obj_fts": return compared(computed.features.floats(), computed.features.shape, 1e-5)
        case "obj_locs": return compared(computed.locations.floats(), computed.locations.shape, 1e-5)
        case "anchor_locs":
            let place = sample.anchor.position
            return compared([place.x, place.y, place.z], [3], 1e-5)
        case "anchor_orientation":
            let turn = sample.anchor.orientation
            let found = [turn.x, turn.y, turn.z, turn.w]
            // A pure yaw gives one of two values, by the last bit.
            if task == .sqa3d, golden.shape == [4],
                SituationRow.isTie(found.map { Double($0) }, golden.floats().map { Double($0) })
            {
                return OutputCheck(name: full, passed: true, tolerance: "either of a tie")
            }
            return compared(found, [4], 1e-6)
        case "iou_flag":
            guard golden.shape == [1] else {
                return OutputCheck(name: full, passed: false, note: "expected one flag, found shape \(golden.shape)")
            }
            return Comparison.exact(full, [sample.iouFlag ? 1 : 0], golden.integers())
        case "img_fts":
            guard let image = sample.image else {
                return OutputCheck(name: full, passed: false, note: "there is no picture")
            }
            let found = image.preprocessed(channels: sample.imageChannels)
            let isResized = image.width != Image.encoderSize || image.height != Image.encoderSize
            return compared(found.floats(), found.shape, isResized ? 0.02 : 1e-5)
        case "img_resized_uint8":
            guard let image = sample.image else {
                return OutputCheck(name: full, passed: false, note: "there is no picture")
            }
            let resized = image.resized(width: Image.encoderSize, height: Image.encoderSize)
            let pixels = resized.pixels
            // As the file was read: blue first for navigation.
            let found = pixels.indices.map { Float(pixels[sample.imageChannels == .bgr ? $0 - $0 % 3 + 2 - $0 % 3 : $0]) }
            guard golden.shape == [resized.height, resized.width, 3], golden.elementType == .u8 else {
                return OutputCheck(
                    name: full, passed: false,
                    note:
                        "expected \(golden.elementType.rawValue) \(golden.shape), found u8 \([resized.height, resized.width, 3])"
                )
            }
            return Comparison.floats(full, found, golden.floats(), Tolerance(absolute: 1))
        default: return OutputCheck(name: full, passed: false, note: "is recorded, but nothing here checks it")
        }
    }
}
