import Foundation
import LEOAction
import LEOData
import LEOScene
import LEOWorld

/// Tasks on scans in 3RScan's layout: captions of things and scenes, questions, plans, dialogues.
extension WorldTaskWriter {
    /// A name as 3RScan's, from the scene's seed.
    static func rscanName(_ entry: TaskScenes.Entry) -> String {
        var random = SplitMix64(seed: entry.seed, "3rscan")
        let digits = [random.next(), random.next()].map { value in
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
        let ends = [8, 12, 16, 20, 32]
        return zip([0] + ends, ends).map { begin, end in String(digits.dropFirst(begin).prefix(end - begin)) }.joined(
            separator: "-")
    }

    /// Things count from 1 in 3RScan.
    static func rscanID(_ thing: Int) -> Int { thing + 1 }

    /// "kitchen table-3".
    static func key(_ thing: Thing) -> String { "\(thing.name)-\(rscanID(thing.id))" }

    mutating func writeRScan(_ entry: TaskScenes.Entry) throws -> String {
        let name = Self.rscanName(entry)
        guard var scan = try scanOnce(entry, named: name) else { return name }
        scan.labels = scan.labels.map { $0 < 0 ? $0 : $0 + 1 }
        let folder = "rscan/3RScan-ours-align/\(name)"
        try DatasetFiles.writeTorch(.tuple(scan.python), to: path("\(folder)/pcd-align.pth"))
        wrote("\(folder)/pcd-align.pth")
        let labels = entry.truth.things.map {
            (key: PythonValue.int(Self.rscanID($0.id)), value: PythonValue.string($0.name))
        }
        try DatasetFiles.writeTorch(.dictionary(labels), to: path("\(folder)/inst_to_label.pth"))
        wrote("\(folder)/inst_to_label.pth")
        return name
    }

    /// What the official data gave the language model that wrote its texts: a Python dictionary of things with their
    /// attributes and relations.
    static func query(_ truth: SceneTruth, things: [Int]) -> String {
        func quoted(_ text: String) -> String {
            "'" + text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "'", with: "\\'") + "'"
        }
        let entries = things.map { id -> String in
            let thing = truth.things[id]
            let relations =
                (thing.support.map { ["\($0.preposition) \(key(truth.things[$0.thing]))"] } ?? [])
                + truth.contents(of: thing).map { "under \(key($0))" }
            let attributes = "'color': \(quoted(thing.color)), 'material': \(quoted(thing.material))"
            return
                "\(quoted(key(thing))): {'relations': [\(relations.map(quoted).joined(separator: ", "))], 'attribute': {\(attributes)}}"
        }
        return "{" + entries.joined(separator: ", ") + "}"
    }

    // MARK: Captions of things

    /// Four files as in the official data, a quarter of the captions each.
    mutating func writeObjectSceneCaptions() throws {
        let folder = "alignment/obj_scene_caption"
        let shares = (0..<4).map { options.count / 4 + ($0 < options.count % 4 ? 1 : 0) }
        let captions: (SceneTruth, Int, inout SplitMix64) -> [(thing: Thing, caption: Caption)] = {
            truth, count, random in
            random.shuffled(truth.things).prefix(count).map { ($0, truth.caption(of: $0, using: &random)) }
        }
        let prompted = try collect(.objSceneCap, .train, count: shares[0], purpose: "3rscan_prompted", make: captions)
        var scans: [(key: String, value: JSONText)] = []
        for group in prompted {
            let name = try writeRScan(group.scene)
            scans.append(
                (
                    name,
                    .entries(
                        group.items.map {
                            (Self.key($0.thing), .array([.record(["response": .string($0.caption.text)])]))
                        })
                ))
        }
        if shares[0] > 0 { try writeJSON(.entries(scans), "\(folder)/3rscan_prompted.json") }
        if shares[1] > 0 {
            let described = try collect(
                .objSceneCap, .train, count: shares[1], purpose: "3rscan_scanscribe", make: captions)
            var rows: [JSONText] = []
            for group in described {
                let name = try writeRScan(group.scene)
                rows += group.items.map {
                    .record([
                        "scan_id": .string(name), "object_id": .integer(Self.rscanID($0.thing.id)),
                        "sentence": .string($0.caption.text),
                    ])
                }
            }
            try writeJSON(.array(rows), "\(folder)/3rscan_scanscribe.json")
        }
        try writeReferIt3D("scannet_referit3d_nr3d_train.json", count: shares[2], purpose: "nr3d")
        try writeReferIt3D("scannet_referit3d_sr3d+_train.json", count: shares[3], purpose: "sr3d")
        finish(.objSceneCap, .train, options.count, folder)
    }

    // MARK: Captions of scenes

    mutating func writeSceneCaptions() throws {
        for (split, count) in Self.parts(of: .leo(.sceneCap), options) {
            let groups = try collect(.sceneCap, split, count: count) { truth, wanted, random -> [Caption] in
                random.shuffled(truth.roomList).prefix(wanted).compactMap { truth.sceneCaption(of: $0, using: &random) }
            }
            var scans: [(key: String, value: JSONText)] = []
            for group in groups {
                let name = try writeRScan(group.scene)
                scans.append(
                    (
                        name,
                        .array(
                            group.items.map { caption in
                                .record([
                                    "query": .string(Self.query(group.scene.truth, things: caption.subjects)),
                                    "response": .string(caption.text),
                                ])
                            })
                    ))
            }
            let file = "alignment/scene_caption/3rscan_scenecap_\(split.rawValue).json"
            try writeJSON(.entries(scans), file)
            finish(.sceneCap, split, groups.reduce(0) { $0 + $1.items.count }, file)
        }
    }

    // MARK: Questions, plans, dialogues

    private mutating func writeResponses<Item>(
        _ task: TaskKind, file: (DataSplit) -> String, make: (SceneTruth, Int, inout SplitMix64) -> [Item],
        response: (SceneTruth, Item) -> JSONText
    ) throws {
        for (split, count) in Self.parts(of: .leo(task), options) {
            let groups = try collect(task, split, count: count, make: make)
            var scans: [(key: String, value: JSONText)] = []
            for group in groups {
                let name = try writeRScan(group.scene)
                let truth = group.scene.truth
                scans.append(
                    (
                        name,
                        .record([
                            "query": .string(Self.query(truth, things: truth.things.map(\.id))),
                            "response": .array(group.items.map { response(truth, $0) }),
                        ])
                    ))
            }
            try writeJSON(.entries(scans), file(split))
            finish(task, split, groups.reduce(0) { $0 + $1.items.count }, file(split))
        }
    }

    mutating func writeRScanQuestions() throws {
        try writeResponses(.rscanQA, file: { "instruction/3rscanqa/3rscan_qa_\($0.rawValue).json" }) {
            $0.questions($1, using: &$2)
        } response: { truth, question in
            .record([
                "Q": .string(question.text),
                // "No such thing" is about no thing; loaders take what is no key for an empty list.
                "T": .string(
                    question.subjects.isEmpty
                        ? "room" : question.subjects.map { Self.key(truth.things[$0]) }.joined(separator: ", ")),
                "A": .strings(question.answers),
            ])
        }
    }

    mutating func writeRScanPlans() throws {
        try writeResponses(.rscanPlan, file: { "instruction/planning/3rscan_plan_\($0.rawValue).json" }) {
            truth, count, random -> [Plan] in
            var plans: [Plan] = []
            for _ in 0..<(count * 3) where plans.count < count {
                if let plan = truth.plan(using: &random), !plans.contains(where: { $0.instruction == plan.instruction })
                {
                    plans.append(plan)
                }
            }
            return plans
        } response: { _, plan in
            .record(["instruction": .string(plan.instruction), "plan": .string(plan.text)])
        }
    }

    mutating func writeRScanDialogues() throws {
        try writeResponses(.rscanDialog, file: { "instruction/dialogue/3rscan_dialog_\($0.rawValue).json" }) {
            truth, count, random in
            (0..<count).compactMap { _ in truth.dialogue(using: &random) }
        } response: { _, dialogue in
            .array(
                dialogue.turns.map {
                    .record(["role": .string($0.isRobot ? "Robot" : "Human"), "content": .string($0.text)])
                })
        }
    }
}
