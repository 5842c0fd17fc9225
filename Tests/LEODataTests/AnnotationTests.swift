import Foundation
import LEOAction
import LEOData
import LEOScene
import TestSupport
import Testing

private func withRoot(_ body: (DataRoot) throws -> Void) throws {
    try withTemporaryFolder { try body(DataRoot(path: $0)) }
}

private func opened(_ task: TaskKind, _ root: DataRoot, _ split: DataSplit = .val) throws -> any Dataset {
    try openDataset(task, in: root.folders, split: split, options: DatasetOptions(choices: FixedChoices()))
}

@Suite("Data sets: files that are missing or malformed")
struct DataErrorTests {
    @Test(arguments: TaskKind.allCases)
    func missingFilesAreNamed(_ task: TaskKind) throws {
        try withRoot { root in
            let error = dataError { _ = try opened(task, root, .train) }
            guard case .missing(let path, let needed)? = error else {
                Issue.record("expected a missing file, found \(String(describing: error))")
                return
            }
            #expect(path.hasPrefix(root.path))
            #expect(needed.contains(task.rawValue))
        }
    }

    @Test(arguments: [
        ("[", "JSON"), ("{}", "expected a list"), ("[3]", "[0]"), ("[{}]", "[0].scan_id: is missing"),
        (#"[{"scan_id": 3}]"#, "[0].scan_id: expected a text, found the number 3"),
        (
            #"[{"scan_id": "s", "target_id": "x", "instance_type": "t", "utterance": "u"}]"#,
            "[0].target_id: expected an integer"
        ),
        (
            #"[{"scan_id": "s", "target_id": 1.5, "instance_type": "t", "utterance": "u"}]"#,
            "[0].target_id: expected an integer"
        ),
        (
            #"[{"scan_id": "s", "target_id": 1, "instance_type": "t", "utterance": null}]"#,
            "[0].utterance: expected a text, found null"
        ),
        (
            #"[{"scan_id": "../../etc", "target_id": 1, "instance_type": "t", "utterance": "u"}]"#,
            "[0].scan_id: expected the name of a scene"
        ),
        (
            #"[{"scan_id": "", "target_id": 1, "instance_type": "t", "utterance": "u"}]"#,
            "[0].scan_id: expected the name of a scene"
        ),
    ])
    func malformedAnnotationsAreNamed(_ text: String, _ part: String) throws {
        try withRoot { root in
            try root.write("instruction/scan2cap/scanrefer_val.json", text)
            let description = dataError { _ = try opened(.scan2cap, root) }?.description ?? "none"
            #expect(description.contains("scanrefer_val.json"))
            #expect(description.contains(part), "\(description)")
        }
    }

    /// Numbers in quotes are taken, as Python's `int()` takes them.
    @Test func quotedNumbersAreTaken() throws {
        try withRoot { root in
            try root.write(
                "instruction/scan2cap/scanrefer_val.json",
                #"[{"scan_id": "s", "target_id": " 12", "instance_type": "t", "utterance": "u"}]"#)
            #expect(try opened(.scan2cap, root).annotation(at: 0).corpusKey == "s|12|t")
        }
    }

    private func scanError(_ labels: [Int], points: [Double]? = nil, _ root: DataRoot) throws -> String {
        try root.write(
            DataRoot.scan("s"),
            Pickle.file(
                Pickle.tuple([
                    Pickle.doubles(points ?? [Double](repeating: 1, count: 9), [3, 3]),
                    Pickle.bytes([UInt8](repeating: 1, count: 9), [3, 3]),
                    Pickle.integers(labels),
                ])))
        try root.writeScanQA(ids: [])
        return dataError { _ = try opened(.scanqa, root).sample(at: 0) }?.description ?? "none"
    }

    @Test func brokenScansAreNamed() throws {
        try withRoot { root in
            #expect(
                try scanError([0, 2, 2], root).contains(
                    "s.pth: instances: expected every number from 0 to 2, found none labelled 1"))
            #expect(try scanError([-1, -1, -1], root).contains("at least one label"))
            #expect(try scanError([0, 0], root).contains("expected 3 labels"))
            #expect(
                try scanError([0, 0, 0], points: [0, 0, 0, 0, .nan, 0, 0, 0, 0], root).contains(
                    "points[1]: expected finite numbers"))
            try root.write(DataRoot.scan("s"), Pickle.file(Pickle.tuple([Pickle.integers([1])])))
            expectError("found 1 values") { _ = try opened(.scanqa, root).sample(at: 0) }
            try root.write(DataRoot.scan("s"), Array("<html>".utf8))
            guard case .checkpoint? = dataError({ _ = try opened(.scanqa, root).sample(at: 0) }) else {
                Issue.record("expected the reader's own error")
                return
            }
        }
    }

    @Test func captionsOfObjectsAreForTraining() throws {
        try withRoot { root in
            let error = dataError { _ = try opened(.objSceneCap, root) }
            #expect(error == .noSplit(task: .objSceneCap, split: .val, available: [.train]))
        }
    }

    /// For `test` the validation part stands in where there is no other, and a notice says so.
    @Test func testTakesValidation() throws {
        try withRoot { root in
            try root.writeScanQA(ids: [])
            let dataset = try opened(.scanqa, root, .test)
            #expect(dataset.count == 1)
            #expect(dataset.notices.count == 1)
            #expect(dataset.annotation(at: 0).id == "scanqa/test/s/q")
        }
    }

    /// Half a split of SQA3D is not mixed with half of another.
    @Test func situationsNeedBothFiles() throws {
        try withRoot { root in
            for name in ["questions_val", "questions_test", "sqa_annotations_val"] {
                try root.write("instruction/sqa3d/v1_balanced_\(name)_scannetv2.json", #"{"questions": [], "annotations": []}"#)
            }
            try root.write("instruction/sqa3d/axisAlignment.pth", Pickle.file(Pickle.dictionary([(String, [UInt8])]())))
            expectError("v1_balanced_sqa_annotations_test_scannetv2.json: is missing") { _ = try opened(.sqa3d, root, .test) }
            try root.remove("instruction/sqa3d/v1_balanced_questions_test_scannetv2.json")
            let notices = try opened(.sqa3d, root, .test).notices
            #expect(notices.count == 1)
        }
    }

    @Test func foldersAreFoundFromInside() throws {
        try withRoot { root in
            try root.writeScanQA(ids: [])
            try root.write("instruction/mp3d_objnav/demos/x", "")
            let expected = DataFolders(root.path)
            for inner in ["instruction", "instruction/scanqa", "instruction/mp3d_objnav/demos", "instruction/"] {
                #expect(DataFolders(root.path + "/" + inner) == expected)
            }
            #expect(DataFolders(root.path + "/nowhere").scannet == root.path + "/nowhere/scannet")
            try root.write("outer/data/scannet/x", "")
            #expect(DataFolders(root.path + "/outer").scannet == root.path + "/outer/data/scannet")
        }
    }
}

@Suite("Data sets: annotations of each task")
struct AnnotationTests {
    private func sceneCaptions(_ query: String, _ root: DataRoot) throws -> [Int] {
        let text = String(
            decoding: try JSONEncoder().encode(["r": [["query": query, "response": "A room. It is red."]]]), as: UTF8.self)
        try root.write("alignment/scene_caption/3rscan_scenecap_val.json", text)
        return try opened(.sceneCap, root).annotation(at: 0).relevantObjects
    }

    @Test func queriesAreReadAsLiterals() throws {
        try withRoot { root in
            let queries: [(String, [Int])] = [
                (#"{'table-13': {'note': "it's", 'x': [1, -2.5e-3, (1,), {3}, None, True]}, "sofa-bed-7": {}}"#, [13, 7]),
                ("{}", []),
                (#"{'a' '-1': r'\n', u'b-\x32': '''x'y''', 'c-\u0033': b'z',}  # end"#, [1, 2, 3]),
                // Of equal keys the first place counts.
                ("{'a-1': 0, 'b-2': 0, 'a-1': 1}", [1, 2]),
            ]
            for (query, ids) in queries {
                let found = try sceneCaptions(query, root)
                #expect(found == ids, "\(query)")
            }
        }
    }

    /// The official loader would run these.
    @Test(arguments: [
        "__import__('os').system('touch PWNED')", "{'a-1': open('PWNED', 'w')}", "{'a-1': 1 + 1}", "dict()", "{'a-1': x}",
        "[x for x in (1,)]",
        "{'a-1': f'{1}'}", "{**{}}", "lambda: 0", "{'a-1'", "{'a-1': 'x}", "{'a-1': 1} {}", "", "{'a-1': ~1}", "('a-1')",
        "{'a': 1}", "{1: 2}",
        "{'a-1': 12abc}", "{'a-1': --1}",
    ])
    func codeInQueriesIsRefused(_ query: String) throws {
        try withRoot { root in
            let error = dataError { _ = try sceneCaptions(query, root) }
            guard case .malformed(let file, let field, _)? = error else {
                Issue.record("expected a refusal, found \(String(describing: error))")
                return
            }
            #expect(file.hasSuffix("3rscan_scenecap_val.json"))
            #expect(field == "r[0].query")
            #expect(!FileManager.default.fileExists(atPath: "PWNED"))
        }
    }

    @Test func deepQueriesAreRefused() throws {
        try withRoot { root in
            let deep = String(repeating: "[", count: 100_000)
            expectError("nested") { _ = try sceneCaptions("{'a-1': \(deep)", root) }
        }
    }

    @Test func cap3DSplitsAndStripsQuotes() throws {
        try withRoot { root in
            let rows = (0..<1003).map { "id\($0),caption \($0)" }
            let odd = ["a,\"two, with \"\"comma\"\"\"\r", "b,'''x'''", "", "c,\"'", "d,"]
            try root.write(
                "alignment/obj_caption/Cap3D_automated_Objaverse_no3Dword.csv",
                (rows + odd).joined(separator: "\n").dropLast(5) + "\"\nd,")
            expectError("quote") { _ = try opened(.cap3d, root) }
            try root.write(
                "alignment/obj_caption/Cap3D_automated_Objaverse_no3Dword.csv",
                (rows + odd.dropLast(2)).joined(separator: "\n"))
            let (train, val) = (try opened(.cap3d, root, .train), try opened(.cap3d, root))
            #expect(train.count == 5)
            #expect(val.count == 1000)
            #expect(train.annotation(at: 4).sceneID == "id4")
            #expect(val.annotation(at: 998).references == ["two, with \"comma\""])
            #expect(val.annotation(at: 999).references == ["x"])
            try root.write("alignment/obj_caption/Cap3D_automated_Objaverse_no3Dword.csv", "a,b,c\n")
            expectError("line 1") { _ = try opened(.cap3d, root) }
        }
    }

    @Test func evaluationAsksOnceAboutAnObject() throws {
        try withRoot { root in
            for split in ["train", "val"] {
                try root.writeScanRefer(split, [("s", 1, "a. b"), ("s", 1, "c. d"), ("s", 2, "e. f")])
            }
            let val = try opened(.scan2cap, root)
            #expect((0..<val.count).map { val.annotation(at: $0).references } == [["a. b"], ["e. f"]])
            let train = try opened(.scan2cap, root, .train)
            #expect(
                (0..<train.count).map { train.annotation(at: $0).id }
                    == ["scan2cap/train/s/1|thing", "scan2cap/train/s/1|thing#2", "scan2cap/train/s/2|thing"])
            #expect(val.corpus == nil)
            #expect(val.notices.count == 1)
        }
    }

    @Test func dialoguesAlternate() throws {
        try withRoot { root in
            func dialogue(_ roles: [String]) -> String {
                "{\"r\": {\"response\": [["
                    + roles.enumerated().map { "{\"role\": \"\($0.element)\", \"content\": \" \($0.offset) \"}" }.joined(
                        separator: ", ") + "]]}}"
            }
            try root.write(
                "instruction/dialogue/3rscan_dialog_val.json", dialogue(["Human", "Robot", "Human", "Robot", "Human"]))
            let dataset = try opened(.rscanDialog, root)
            #expect(dataset.count == 2)
            #expect(dataset.annotation(at: 1).prompt.afterObjects == "USER:  0  ASSISTANT: 1</s>USER:  2  ASSISTANT:")
            #expect(dataset.annotation(at: 1).references == ["3"])
            for roles in [["Robot"], ["Human", "Human"], ["Human", "Robot", "Robot"], ["God"]] {
                try root.write("instruction/dialogue/3rscan_dialog_val.json", dialogue(roles))
                expectError("role: expected") { _ = try opened(.rscanDialog, root) }
            }
        }
    }

    private func demo(_ steps: [String], scene: String = "17DRP5sb8fy") -> String {
        let agent = steps.map {
            "[{\"position\": [1, 2, 3], \"rotation\": {\"a\": 0, \"b\": 1, \"c\": 0, \"d\": 0}}, \"\($0)\"]"
        }
        return "{\"scene_id\": \"\(scene)\", \"goal\": \"lamp\", \"agent\": [\(agent.joined(separator: ", "))]}"
    }

    @Test func navigationHoldsScenesOut() throws {
        try withRoot { root in
            let demos = "instruction/mp3d_objnav/demos"
            try root.write("\(demos)/17DRP5sb8fy/0000/demo.json", demo(["move_forward", "stop"]))
            try root.write("\(demos)/17DRP5sb8fy/0001/demo.json", demo([String](repeating: "stop", count: 501)))
            try root.write("\(demos)/17DRP5sb8fy/0002/demo.json", demo([String](repeating: "stop", count: 500)))
            try root.write("\(demos)/other/0000/demo.json", demo(["turn_left"], scene: "other"))
            let val = try opened(.mp3dObjNav, root)
            #expect(val.count == 502)
            #expect(val.notices.count == 1)
            let second = val.annotation(at: 1)
            #expect(second.step?.action == .navigation(.stop, history: [.stop, .stop, .stop, .moveForward]))
            #expect(second.step?.imageFile == "\(demos)/17DRP5sb8fy/0000/images/0001.png")
            #expect(second.id == "mp3d_objnav/val/17DRP5sb8fy/0000/1")
            #expect(try opened(.mp3dObjNav, root, .train).count == 1)
            expectError("objects.npy") { _ = try val.sample(at: 0) }
            try root.write("\(demos)/other/0000/demo.json", demo(["fly"], scene: "other"))
            expectError("agent[0][1]: expected one of stop") { _ = try opened(.mp3dObjNav, root, .train) }
        }
    }

    private func episode(yaw: Double = 0, labels: [Int] = [7, 0, 0, 7]) -> [UInt8] {
        func step(_ act: [UInt8], _ goal: String) -> [UInt8] {
            Pickle.dictionary([
                (
                    "obs",
                    Pickle.dictionary([
                        ("pointcloud", Pickle.floats((0..<12).map { Float($0) }, [4, 3])),
                        ("colorcloud", Pickle.bytes([UInt8](repeating: 255, count: 16), [4, 4])),
                        ("segmentcloud", Pickle.integers(labels, [4, 1])),
                        ("colormap", Pickle.bytes([UInt8](0..<24), [4, 2, 3])),
                    ])
                ),
                ("act", act), ("info", Pickle.dictionary([("lang_goal", Pickle.text(goal))])),
            ])
        }
        func pose(_ y: Double) -> [UInt8] {
            Pickle.tuple([Pickle.doubles([0.25, y, 0], [3]), Pickle.doubles([0, 0, sin(yaw / 2), cos(yaw / 2)], [4])])
        }
        let act = Pickle.dictionary([("pose0", pose(0)), ("pose1", pose(0.25))])
        return Pickle.file(Pickle.list([step(act, "first"), step(Pickle.none, "done")]))
    }

    @Test func manipulationEndsWithTheDummy() throws {
        try withRoot { root in
            let demos = "instruction/cliport/demos"
            try root.write("\(demos)/stack/000099-1.pkl", episode())
            try root.write("\(demos)/stack/1000001.pkl", episode())
            try root.write("\(demos)/stack/000100-2.pkl", episode())
            let val = try opened(.cliport, root)
            #expect(
                (0..<val.count).map { val.annotation(at: $0).sceneID }
                    == ["stack/000099-1.pkl", "stack/000099-1.pkl", "stack/1000001.pkl", "stack/1000001.pkl"])
            #expect(try opened(.cliport, root, .train).count == 2)
            let end = val.annotation(at: 1)
            let action = CLIPortAction(
                pick: try CLIPortCell(u: 160, v: 0, rotation: 0), place: try CLIPortCell(u: 240, v: 0, rotation: 0))
            #expect(end.step?.action == .manipulation(.dummy, history: [.dummy, .dummy, .dummy, action]))
            #expect(end.step?.isDone == true)
            #expect(end.instruction.contains("Your goal is to first."))
            let sample = try val.sample(at: 0)
            #expect(sample.objects.map(\.id) == [0, 7])
            #expect(sample.objects[0].points.coordinates == [3, 4, 5, 6, 7, 8])
            #expect(sample.image?.width == 2)
            #expect(sample.image?.pixels == [UInt8](0..<24))
            #expect(sample.imageChannels == .rgb)
        }
    }

    /// A tiny turn below zero has no cell; the official code raises, and here the file and the step are named.
    @Test func unspeakableActionsAreNamed() throws {
        try withRoot { root in
            try root.write("instruction/cliport/demos/stack/000001.pkl", episode(yaw: -1e-17))
            guard case .action(let file, let field, _)? = dataError({ _ = try opened(.cliport, root) }) else {
                Issue.record("expected the action's error")
                return
            }
            #expect(file.hasSuffix("000001.pkl"))
            #expect(field == "[0].act")
        }
    }

    /// By place, not by name.
    @Test func situationsTakeKeysInOrder() throws {
        try withRoot { root in
            let folder = "instruction/sqa3d"
            try root.write(
                folder + "/v1_balanced_questions_val_scannetv2.json",
                #"{"questions": [{"question_id": 5, "situation": "I am here.", "alternative_situation": [], "question": "Is my TV on?"}]}"#
            )
            func write(_ rotation: String) throws {
                try root.write(
                    folder + "/v1_balanced_sqa_annotations_val_scannetv2.json",
                    "{\"annotations\": [{\"question_id\": 5, \"scene_id\": \"s\", \"answers\": [{\"answer\": \" yes\"}], "
                        + "\"position\": {\"z\": 1, \"y\": 2, \"x\": 3}, \"rotation\": \(rotation)}]}")
            }
            try write(#"{"_w": 0, "_x": 0, "_y": 0, "_z": 1}"#)
            try root.write(
                folder + "/axisAlignment.pth",
                Pickle.file(Pickle.dictionary([("s", Pickle.doubles([1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3]))])))
            try root.writeScan("s", labels: [0])
            let sample = try opened(.sqa3d, root).sample(at: 0)
            #expect(sample.anchor.position == SIMD3(1.5, 2.5, 3.5))
            #expect(sample.anchor.orientation == SIMD4(1, 0, 0, 0) || sample.anchor.orientation == SIMD4(0, 1, 0, 0))
            #expect(sample.prompt.beforeObjects.hasSuffix("in the 3D scene. You are here ."))
            #expect(sample.annotation.instruction == "Is your tv on ?")
            #expect(sample.references == [" yes"])
            #expect(sample.annotation.questionType == .is)
            try write("[0, 0, 0, 0]")
            expectError("quaternion") { _ = try opened(.sqa3d, root) }
            try write("[0, 0, 1]")
            expectError("expected 4 numbers") { _ = try opened(.sqa3d, root) }
        }
    }
}

/// Scenes turn by a quarter while training, and SQA3D's agent with them.
private struct QuarterTurn: ChoiceRule, SampleChoices {
    func choices(forSample id: String) -> any SampleChoices { self }
    func entry(of count: Int) -> Int { count - 1 }
    func points(of total: Int, count: Int, object: Int) -> [Int] { (0..<count).map { $0 % total } }
    func fractions() -> SIMD3<Double> { .zero }
    func order(of count: Int) -> [Int] { Array(0..<count) }
    func quarterTurns() -> Int { 1 }
}

@Suite("Situations while training")
struct SituationTrainingTests {
    @Test func agentTurnsWithTheScene() throws {
        try withRoot { root in
            let folder = "instruction/sqa3d"
            try root.write(
                folder + "/v1_balanced_questions_train_scannetv2.json",
                #"{"questions": [{"question_id": 5, "situation": "A", "alternative_situation": ["B", "I c"], "question": "Is it?"}]}"#
            )
            try root.write(
                folder + "/v1_balanced_sqa_annotations_train_scannetv2.json",
                #"{"annotations": [{"question_id": 5, "scene_id": "s", "answers": [{"answer": "yes"}], "position": [3, 2, 0], "#
                    + #""rotation": [0.5, 0, 0, 0]}]}"#)
            try root.write(
                folder + "/axisAlignment.pth",
                Pickle.file(Pickle.dictionary([("s", Pickle.doubles([1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3]))])))
            try root.writeScan("s", labels: [0])
            let options = DatasetOptions(choices: QuarterTurn())
            let sample = try openDataset(.sqa3d, in: root.folders, split: .train, options: options).sample(at: 0)
            #expect(sample.annotation.originalSituation == "I c")
            #expect(sample.prompt.beforeObjects.hasSuffix(" You c"))
            // (3.5, 2.5, 0.5) before the turn.
            let place = sample.anchor.position - SIMD3(-2.5, 3.5, 0.5)
            #expect((place * place).sum() < 1e-10)
            // A half turn about x, its sign changed, is diag(-1, 1, 1), which the rule takes for (0, 1, 0, 0); a quarter about
            // z after that is a half turn about the diagonal.
            let turn = sample.anchor.orientation
            #expect(abs(turn.x * turn.y + 0.5) < 1e-6)
            #expect(abs(turn.z) < 1e-6 && abs(turn.w) < 1e-6)
        }
    }
}

@Suite("Sums of points as NumPy has them")
struct PointArithmeticTests {
    /// Values are NumPy's for the same columns, stored by rows and by columns.
    @Test func meansFollowTheLayout() {
        let columns: [(Int) -> Float] = [{ _ in 0.1 }, { Float($0) * 0.3 }, { 1 / (Float($0) + 1) }]
        func mean(_ count: Int, _ arithmetic: PointArithmetic) -> [Float] {
            let values = (0..<count).flatMap { index in columns.map { Double($0(index)) } }
            let points = ObjectPoints(
                coordinates: values, colors: [Float](repeating: 0, count: values.count), arithmetic: arithmetic)
            return (0..<3).map { Float(points.mean[$0]) }
        }
        #expect(mean(16384, .single) == [0.0999845638871193, 2457.476806640625, 0.0006275211344473064])
        #expect(mean(16384, .singleByChannel) == [0.10000001639127731, 2457.4501953125, 0.0006275213090702891])
        #expect(mean(300, .single) == [0.10000026226043701, 44.849998474121094, 0.020942216739058495])
        #expect(mean(300, .singleByChannel) == [0.10000001639127731, 44.849998474121094, 0.020942216739058495])
        for count in 1..<8 { #expect(mean(count, .single) == mean(count, .singleByChannel)) }
    }
}

@Suite("Captions become answers")
struct CaptionSplitterTests {
    @Test func firstSentenceStandsBeforeEveryChunk() {
        let text = "One. Two two. Three. Four"
        #expect(CaptionSplitter.answers(for: text, split: .train, maximumLength: 100) == [text])
        #expect(CaptionSplitter.answers(for: text, split: .val, maximumLength: 5) == [text])
        #expect(
            CaptionSplitter.answers(for: text, split: .train, maximumLength: 15) == [
                "One. Two two. ", "One. Three. ", "One. Four. ",
            ])
        #expect(
            CaptionSplitter.answers(for: text, split: .train, maximumLength: 12) == ["One. ", "One. Three. ", "One. Four. "])
        #expect(CaptionSplitter.answers(for: text, split: .train, maximumLength: 4) == [])
        #expect(CaptionSplitter.answers(for: "A chair.", split: .val) == ["A chair.. "])
    }
}
