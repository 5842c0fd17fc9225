import Foundation
import LEOAction
import LEOData
import LEOScene
import LEOTensor
import LEOWorld

/// Tasks on scans in ScanNet's layout: ScanRefer, ReferIt3D, ScanQA, SQA3D.
extension WorldTaskWriter {
    static func scanNetName(_ entry: TaskScenes.Entry) -> String {
        let digits = String(entry.number)
        return "scene" + String(repeating: "0", count: max(4 - digits.count, 0)) + digits + "_00"
    }

    /// Writes scan and proposals of a scene, once; returns its name.
    mutating func writeScanNet(_ entry: TaskScenes.Entry) throws -> String {
        let name = Self.scanNetName(entry)
        guard let scan = try scanOnce(entry, named: name) else { return name }
        let file = "scannet/scan_data/pcd_with_global_alignment/\(name).pth"
        try DatasetFiles.writeTorch(.tuple(scan.python), to: path(file))
        wrote(file)
        let mask = "scannet/mask/\(name).mask.npz"
        try DatasetFiles.writeSparseMask(
            rows: Proposals(scan, seed: entry.seed).rows, columnCount: scan.count, to: path(mask))
        wrote(mask)
        return name
    }

    /// Utterances that tell a thing from all others, with the thing they mean.
    private static func utterances(_ truth: SceneTruth, _ count: Int, _ random: inout SplitMix64) -> [(
        thing: Thing, caption: Caption
    )] {
        var found: [(thing: Thing, caption: Caption)] = []
        for thing in random.shuffled(truth.things) where found.count < count {
            if let caption = truth.utterance(for: thing, using: &random) { found.append((thing, caption)) }
        }
        return found
    }

    private static func row(
        _ scan: String, _ thing: Thing, _ text: String, _ extra: [(key: String, value: JSONText)] = []
    ) -> JSONText {
        .entries(
            [
                ("scan_id", .string(scan)), ("target_id", .integer(thing.id)), ("instance_type", .string(thing.name)),
                ("utterance", .string(text)),
            ] + extra)
    }

    /// ReferIt3D's two files.
    mutating func writeReferIt3D(_ file: String, count: Int, purpose: String) throws {
        guard count > 0 else { return }
        let groups = try collect(.objSceneCap, .train, count: count, purpose: purpose, make: Self.utterances)
        var rows: [JSONText] = []
        for group in groups {
            let scan = try writeScanNet(group.scene)
            rows += group.items.map { Self.row(scan, $0.thing, $0.caption.text) }
        }
        try writeJSON(.array(rows), "alignment/obj_scene_caption/" + file)
    }

    mutating func writeScan2Cap() throws {
        let folder = "instruction/scan2cap"
        var corpus: [(key: String, value: [String])] = []
        var places: [String: Int] = [:]
        for (split, count) in Self.parts(of: .leo(.scan2cap), options) {
            let groups = try collect(.scan2cap, split, count: count, make: Self.utterances)
            var rows: [JSONText] = []
            for group in groups {
                let scan = try writeScanNet(group.scene)
                for (thing, caption) in group.items {
                    rows.append(
                        Self.row(
                            scan, thing, caption.text,
                            [("item_id", .string("scanrefer_\(split.rawValue)_\(rows.count)")), ("tokens", .array([]))])
                    )
                    // The corpus holds more than one way to say it.
                    var random = SplitMix64(seed: group.scene.seed, "corpus", thing.id)
                    let others = (0..<3).compactMap { _ in group.scene.truth.utterance(for: thing, using: &random)?.text
                    }
                    var texts: [String] = []
                    for text in [caption.text] + others where !texts.contains(Self.corpusText(text)) {
                        texts.append(Self.corpusText(text))
                    }
                    let key = "\(scan)|\(thing.id)|\(thing.name)"
                    if let place = places[key] {
                        corpus[place].value += texts
                    } else {
                        places[key] = corpus.count
                        corpus.append((key, texts))
                    }
                }
            }
            let file = "\(folder)/scanrefer_\(split.rawValue).json"
            try writeJSON(.array(rows), file)
            finish(.scan2cap, split, rows.count, file)
        }
        try writeJSON(.entries(corpus.map { ($0.key, .strings($0.value)) }), "\(folder)/scanrefer_corpus.json")
    }

    /// As evaluation writes an answer before it compares: lower case, full stops apart, marked at both ends.
    static func corpusText(_ text: String) -> String {
        var text = text.lowercased().replacingOccurrences(of: ". ", with: " . ")
        if text.hasSuffix(".") { text = text.dropLast() + " ." }
        return "sos \(text) eos"
    }

    mutating func writeScanQA() throws {
        for (split, count) in Self.parts(of: .leo(.scanqa), options) {
            let groups = try collect(.scanqa, split, count: count) { $0.questions($1, using: &$2) }
            var rows: [JSONText] = []
            for group in groups {
                let scan = try writeScanNet(group.scene)
                for (index, question) in group.items.enumerated() {
                    rows.append(
                        .record([
                            "scene_id": .string(scan), "question": .string(question.text),
                            "question_id": .string("\(split.rawValue)-\(scan)-\(index)"),
                            "answers": .strings(question.answers),
                            "object_ids": .integers(question.subjects),
                            "object_names": .strings(question.subjects.map { group.scene.truth.things[$0].name }),
                        ]))
                }
            }
            let file = "instruction/scanqa/ScanQA_v1.0_\(split.rawValue).json"
            try writeJSON(.array(rows), file)
            finish(.scanqa, split, rows.count, file)
        }
    }

    // MARK: SQA3D

    private struct Situated {
        let situation: Situation
        let question: Question
    }

    mutating func writeSQA3D() throws {
        let folder = "instruction/sqa3d"
        var alignments: [(key: PythonValue, value: PythonValue)] = []
        for (part, (split, count)) in Self.parts(of: .leo(.sqa3d), options).enumerated() {
            let groups = try collect(.sqa3d, split, count: count) { truth, wanted, random -> [Situated] in
                var found: [Situated] = []
                // A few questions from each of several places.
                for _ in 0..<wanted where found.count < wanted {
                    guard let situation = truth.situation(using: &random) else { break }
                    found += truth.questions(min(3, wanted - found.count), in: situation, using: &random)
                        .map { Situated(situation: situation, question: $0) }
                }
                return found
            }
            var questions: [JSONText] = []
            var annotations: [JSONText] = []
            for group in groups {
                let scan = try writeScanNet(group.scene)
                let alignment = SceneAlignment(seed: group.scene.seed)
                alignments.append((.string(scan), .array(Tensor(.f64, alignment.matrix, shape: [3, 3]))))
                let center = center(ofScan: scan)
                for item in group.items {
                    let id = JSONText.integer(220_602_000_000 + part * 100_000_000 + questions.count)
                    questions.append(
                        .record([
                            "question_id": id, "scene_id": .string(scan), "situation": .string(item.situation.texts[0]),
                            "alternative_situation": .strings(Array(item.situation.texts.dropFirst())),
                            "question": .string(item.question.text),
                        ]))
                    annotations.append(
                        .record([
                            "question_id": id, "scene_id": .string(scan), "question_type": .string("N/A"),
                            "answers": .array(
                                item.question.answers.prefix(1).map {
                                    .record([
                                        "answer": .string($0), "answer_confidence": .string("yes"),
                                        "answer_id": .integer(1),
                                    ])
                                }),
                            "position": alignment.position(of: item.situation.pose, center: center),
                            "rotation": alignment.rotation(of: item.situation.pose),
                        ]))
                }
            }
            let file = "\(folder)/v1_balanced_questions_\(split.rawValue)_scannetv2.json"
            try writeJSON(.record(["info": .object([]), "questions": .array(questions)]), file)
            try writeJSON(
                .record(["info": .object([]), "annotations": .array(annotations)]),
                "\(folder)/v1_balanced_sqa_annotations_\(split.rawValue)_scannetv2.json")
            finish(.sqa3d, split, questions.count, file)
        }
        try DatasetFiles.writeTorch(.dictionary(alignments), to: path("\(folder)/axisAlignment.pth"))
        wrote("\(folder)/axisAlignment.pth")
    }
}

/// How a scan lay before it was aligned: SQA3D gives places in that frame, so it is turned by some angle here too.
struct SceneAlignment {
    /// Radians about z by which alignment turns the scan.
    let angle: Double

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed, "alignment")
        angle = (random.nextUnit() - 0.5) * .pi
    }

    /// By rows; maps the frame of the annotations to that of the scan.
    var matrix: [Double] { [cos(angle), -sin(angle), 0, sin(angle), cos(angle), 0, 0, 0, 1] }

    /// The feet, so that aligning them and adding the middle of the scan gives them back.
    func position(of pose: Situation.Pose, center: SIMD3<Double>) -> JSONText {
        let offset = LEOFrame.point(pose.position) - center
        return .record([
            "x": .float(cos(angle) * offset.x + sin(angle) * offset.y),
            "y": .float(cos(angle) * offset.y - sin(angle) * offset.x),
            "z": .float(offset.z),
        ])
    }

    /// The heading as a quaternion in the annotations' frame; no turn looks along +x.
    func rotation(of pose: Situation.Pose) -> JSONText {
        let half = (LEOFrame.heading(yaw: pose.yaw) - angle) / 2
        return .record(["_x": .float(0), "_y": .float(0), "_z": .float(sin(half)), "_w": .float(cos(half))])
    }
}
