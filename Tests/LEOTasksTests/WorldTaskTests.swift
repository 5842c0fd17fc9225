import Foundation
import LEOAction
import LEOConvert
import LEOData
import LEOScene
import LEOTasks
import LEOWorld
import TestSupport
import Testing

/// Generated data sets pass through the loaders of the official ones.
@Suite(.serialized) struct WorldTaskTests {
    private static func options(_ kinds: [WorldTaskKind], seed: UInt64 = 5, count: Int = 10) -> WorldTaskOptions {
        var options = WorldTaskOptions(kinds: kinds, seed: seed, count: count, validationCount: 6)
        options.perScene = 4
        options.pointsPerObject = 300
        options.roomDensity = 40
        return options
    }

    @discardableResult
    private static func write(_ options: WorldTaskOptions, to folder: String) throws -> WorldTaskReport {
        try WorldTaskWriter.write(options, to: folder, makeScene: { WorldGenerator.scene(seed: $0) })
    }

    private static let scanned: [TaskKind] = [
        .objSceneCap, .sceneCap, .scan2cap, .scanqa, .sqa3d, .rscanQA, .rscanPlan, .rscanDialog,
    ]

    @Test(arguments: scanned) func scannedKindsLoad(task: TaskKind) throws {
        try withTemporaryFolder { folder in
            let report = try Self.write(Self.options([.leo(task)]), to: folder)
            let splits: [DataSplit] =
                task == .objSceneCap ? [.train] : task == .sqa3d ? [.train, .val, .test] : [.train, .val]
            #expect(report.rows.map(\.split) == splits)
            var scenes: [DataSplit: Set<String>] = [:]
            for split in splits {
                let data = try openDataset(task, in: DataFolders(folder), split: split)
                #expect(data.notices == [])
                let wanted = split == .train ? 10 : 6
                #expect(report.rows.first { $0.split == split }?.count == wanted)
                switch task {
                // Every answer of a dialogue is a sample.
                case .rscanDialog: #expect(data.count >= 2 * wanted)
                default: #expect(data.count == wanted)
                }
                for index in 0..<data.count {
                    let sample = try data.sample(at: index)
                    #expect(!sample.references.isEmpty && sample.references.allSatisfy { !$0.isEmpty })
                    #expect((1...60).contains(sample.objects.count))
                    #expect(!sample.annotation.instruction.isEmpty)
                    if task == .objSceneCap || task == .scan2cap {
                        #expect(sample.objects.first?.id == sample.annotation.relevantObjects.first)
                    }
                    scenes[split, default: []].insert(sample.annotation.sceneID)
                }
                if task == .scan2cap {
                    let corpus = try #require(data.corpus)
                    for index in 0..<data.count {
                        let annotation = data.annotation(at: index)
                        let key = try #require(annotation.corpusKey)
                        #expect(corpus[key]?.first?.hasPrefix("sos ") == true)
                    }
                }
            }
            for (split, names) in scenes where split != .train { #expect(names.isDisjoint(with: scenes[.train] ?? [])) }
        }
    }

    /// Proposals find most things, but not exactly.
    @Test func proposalsAreImperfectButUseful() throws {
        try withTemporaryFolder { folder in
            try Self.write(Self.options([.leo(.scan2cap)], count: 24), to: folder)
            var options = DatasetOptions()
            options.objectSource = .predicted
            let data = try openDataset(.scan2cap, in: DataFolders(folder), split: .val, options: options)
            var found = 0
            for index in 0..<data.count {
                let sample = try data.sample(at: index)
                found += sample.iouFlag ? 1 : 0
                #expect(sample.objects.count > 1)
            }
            #expect(found > data.count / 2)
            let masks = folder + "/scannet/mask"
            for name in try FileManager.default.contentsOfDirectory(atPath: masks) {
                let reader = try openCheckpoint(path: masks + "/" + name)
                let matrix = try reader.tensor(named: reader.tensors[0].name)
                #expect(matrix.shape[0] > 2)
            }
        }
    }

    /// Where the agent of SQA3D stands and looks comes back through the official arithmetic.
    @Test func situationsComeBackAligned() throws {
        try withTemporaryFolder { folder in
            try Self.write(Self.options([.leo(.sqa3d)]), to: folder)
            let data = try openDataset(.sqa3d, in: DataFolders(folder), split: .val)
            for index in 0..<data.count {
                let sample = try data.sample(at: index)
                #expect(abs(sample.anchor.position.z) < 1e-4)
                let bounds = sample.scene().bounds
                #expect(
                    Double(sample.anchor.position.x) > bounds.minimum.x - 4
                        && Double(sample.anchor.position.x) < bounds.maximum.x + 4)
                #expect(sample.annotation.originalSituation?.isEmpty == false)
            }
        }
    }

    @Test func objectCaptionsLoad() throws {
        try withTemporaryFolder { folder in
            let report = try Self.write(Self.options([.leo(.cap3d)], count: 3), to: folder)
            #expect(report.rows.map(\.count) == [3])
            let data = try openDataset(.cap3d, in: DataFolders(folder), split: .val)
            #expect(data.count == 3)
            for index in 0..<3 {
                let sample = try data.sample(at: index)
                #expect(sample.objects.count == 1 && sample.objects[0].points.count == 16_384)
                let bounds = sample.objects[0].points.bounds
                #expect(abs(bounds.size.max() - 1) < 1e-3)
            }
            #expect(try openDataset(.cap3d, in: DataFolders(folder), split: .train).count == 0)
        }
    }

    @Test func navigationLoadsAndReplays() throws {
        try withTemporaryFolder { folder in
            var options = Self.options([.leo(.mp3dObjNav)], count: 3)
            options.validationCount = 7
            let report = try Self.write(options, to: folder)
            #expect(report.rows.map(\.count) == [3, 7])
            for split in [DataSplit.train, .val] {
                let data = try openDataset(.mp3dObjNav, in: DataFolders(folder), split: split)
                #expect(data.notices == [] && data.count > 0)
                var stops = 0
                for index in 0..<data.count {
                    let annotation = data.annotation(at: index)
                    let step = try #require(annotation.step)
                    if case .navigation(.stop, _) = step.action {
                        stops += 1
                        // Stands near the goal.
                        #expect(step.index == step.count - 1)
                    }
                    if index % 5 == 0 {
                        let sample = try data.sample(at: index)
                        #expect(sample.image?.width == 224 && !sample.objects.isEmpty)
                    }
                }
                #expect(stops == (split == .train ? 3 : 7))
            }
            try checkDemonstrations(folder)
        }
    }

    /// Replays every demonstration by the numbers of its file: poses follow from actions, and no step leads through a wall
    /// or a thing, and the last place is near something of the goal's label.
    private func checkDemonstrations(_ folder: String) throws {
        let base = folder + "/instruction/mp3d_objnav"
        for scene in try FileManager.default.contentsOfDirectory(atPath: base + "/demos") {
            let objects = try #require(try loadPickle(path: "\(base)/mp3d_obj/\(scene)/objects.npy").items)
            for demo in try FileManager.default.contentsOfDirectory(atPath: "\(base)/demos/\(scene)") {
                let data = try Data(contentsOf: URL(fileURLWithPath: "\(base)/demos/\(scene)/\(demo)/demo.json"))
                let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
                let steps = try #require(root["agent"] as? [[Any]])
                let label = NavigationVocabulary.label(for: try #require(root["goal"] as? String))
                var last = SIMD3<Double>.zero
                for (index, step) in steps.enumerated() {
                    let state = try #require(step[0] as? [String: [Double]])
                    let place = try #require(state["position"]), turn = try #require(state["rotation"])
                    last = SIMD3(place[0], place[1], place[2])
                    guard index + 1 < steps.count, let next = steps[index + 1][0] as? [String: [Double]],
                        let after = next["position"], let turnAfter = next["rotation"]
                    else { continue }
                    let angle = 2 * atan2(turn[1], turn[3]), angleAfter = 2 * atan2(turnAfter[1], turnAfter[3])
                    let moved = SIMD3(after[0] - place[0], 0, after[2] - place[2])
                    switch step[1] as? String {
                    case "move_forward":
                        // Habitat looks along -z turned by the quaternion about y.
                        #expect(abs(moved.x + sin(angle) * 0.25) < 1e-9 && abs(moved.z + cos(angle) * 0.25) < 1e-9)
                    case "turn_left": #expect(abs((angleAfter - angle - .pi / 6).remainder(dividingBy: 2 * .pi)) < 1e-9)
                    case "turn_right":
                        #expect(abs((angleAfter - angle + .pi / 6).remainder(dividingBy: 2 * .pi)) < 1e-9)
                    default: Issue.record("unexpected action \(step[1])")
                    }
                    #expect(
                        FileManager.default.fileExists(
                            atPath: "\(base)/demos/\(scene)/\(demo)/images/\(String(format: "%04d", index)).png"))
                }
                #expect(steps.last?[1] as? String == "stop" && steps.count <= 500)
                var nearest = Double.infinity
                for object in objects {
                    let values = try #require(try object.tensor()).floats()
                    guard Int(values[6]) == label else { continue }
                    for point in stride(from: 0, to: values.count, by: 7) {
                        nearest = min(
                            nearest, hypot(Double(values[point]) - last.x, Double(values[point + 2]) - last.z))
                    }
                }
                #expect(nearest < 1)
            }
        }
    }

    @Test(arguments: LEGENTTaskKind.allCases) func legentTasksLoad(task: LEGENTTaskKind) throws {
        try withTemporaryFolder { folder in
            try Self.write(Self.options([.legent(task)], count: 4), to: folder)
            for index in 0..<4 {
                let path = "\(folder)/legent/\(task.rawValue)/00000\(index)/task_setting.json"
                let setting = try LEGENTTaskSetting(contentsOf: path)
                #expect(!setting.plan.isEmpty && setting.plan.count == setting.solution.count)
                let scene = try SceneJSON.read(Array(try #require(setting.sceneJSON).utf8), file: path).scene
                #expect(!scene.instances.isEmpty)
                // What the solution addresses exists, and is what the words say.
                for step in setting.solution where step.hasPrefix("goto(") || step.hasPrefix("find(") {
                    let number = try #require(Int(step.dropFirst(5).dropLast()))
                    #expect(number > 0 && number < scene.instances.count)
                    #expect(setting.task.contains(scene.instances[number].model.name))
                }
                if task == .where {
                    let answer = try #require(setting.answer)
                    #expect(setting.solution.last?.contains(answer) == true)
                }
            }
        }
    }

    /// The same options give the same bytes; another seed gives others.
    @Test func sameSeedSameFiles() throws {
        func contents(_ folder: String) throws -> [String: Data] {
            var found: [String: Data] = [:]
            for name in FileManager.default.enumerator(atPath: folder)?.compactMap({ $0 as? String }) ?? [] {
                if let data = FileManager.default.contents(atPath: folder + "/" + name) { found[name] = data }
            }
            return found
        }
        try withTemporaryFolder { folder in
            let kinds: [WorldTaskKind] = [.leo(.scanqa), .leo(.rscanPlan), .leo(.mp3dObjNav)]
            var options = Self.options(kinds, count: 2)
            options.validationCount = 1
            try Self.write(options, to: folder + "/a")
            try Self.write(options, to: folder + "/b")
            options.seed = 6
            try Self.write(options, to: folder + "/c")
            let (a, b, c) = (try contents(folder + "/a"), try contents(folder + "/b"), try contents(folder + "/c"))
            #expect(a == b && a != c && a.count > 10)
        }
    }

    @Test func refusesFoldersWithFiles() throws {
        try withTemporaryFolder { folder in
            try Data().write(to: URL(fileURLWithPath: folder + "/mine.txt"))
            var options = Self.options([.leo(.scanqa)], count: 1)
            #expect(throws: WorldTaskError.notEmpty(folder: folder)) { try Self.write(options, to: folder) }
            options.overwrites = true
            try Self.write(options, to: folder)
            #expect(FileManager.default.fileExists(atPath: folder + "/mine.txt"))
            options.count = 0
            #expect(throws: WorldTaskError.self) { try Self.write(options, to: folder) }
        }
    }

    /// A run that is stopped leaves whole files only, and no annotations without scans.
    @Test func interruptedRunsLeaveWholeFiles() throws {
        struct Stop: Error {}
        try withTemporaryFolder { folder in
            #expect(throws: Stop.self) {
                try WorldTaskWriter.write(
                    Self.options([.leo(.mp3dObjNav), .leo(.scanqa)], count: 8), to: folder,
                    makeScene: { WorldGenerator.scene(seed: $0) }
                ) { done, _, _ in if done > 16 { throw Stop() } }
            }
            let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
            #expect(!names.isEmpty && !names.contains { $0.hasSuffix("ScanQA_v1.0_val.json") })
            for name in names where name.hasSuffix(".npy") { _ = try loadPickle(path: folder + "/" + name) }
        }
    }

    /// Truth on the real generator's scenes, meshes and all.
    @Test(arguments: 0..<24) func generatedScenesAreToldTruly(seed: UInt64) {
        let truth = SceneTruth(WorldGenerator.scene(seed: seed))
        let checker = TruthChecker(truth)
        var random = SplitMix64(seed: seed)
        for thing in truth.things.prefix(30) {
            let caption = truth.caption(of: thing, using: &random)
            #expect(checker.faults(caption.text, caption.claims) == [])
            if let utterance = truth.utterance(for: thing, using: &random) {
                #expect(checker.faults(utterance.text, utterance.claims) == [])
            }
        }
        for question in truth.questions(30, using: &random) {
            #expect(checker.faults(question.text, question.claims) == [])
            #expect(checker.answerFault(question) == nil)
        }
        for room in truth.roomList {
            if let caption = truth.sceneCaption(of: room, using: &random) {
                #expect(checker.faults(caption.text, caption.claims) == [])
            }
        }
        for _ in 0..<3 {
            if let plan = truth.plan(using: &random) {
                #expect(checker.faults(plan.instruction + plan.text, plan.claims) == [])
            }
            if let dialogue = truth.dialogue(using: &random) {
                #expect(checker.faults(dialogue.turns.map(\.text).joined(separator: " "), dialogue.claims) == [])
            }
            guard let situation = truth.situation(using: &random) else { continue }
            #expect(checker.faults(situation.texts[0], situation.claims) == [])
            for question in truth.questions(6, in: situation, using: &random) {
                #expect(question.claims.compactMap(checker.fault) == [])
                #expect(checker.answerFault(question) == nil)
            }
        }
    }
}

extension WorldTaskTests {
    @Test func manipulationLoads() throws {
        try withTemporaryFolder { folder in
            var options = WorldTaskOptions(kinds: [.leo(.cliport)], seed: 3, count: 5, validationCount: 5)
            options.perScene = 1
            _ = try WorldTaskWriter.write(options, to: folder, makeScene: { WorldGenerator.scene(seed: $0) })
            for split in [DataSplit.train, .val] {
                let data = try openDataset(.cliport, in: DataFolders(folder), split: split)
                #expect(data.notices == [])
                var done = 0
                for index in 0..<data.count {
                    let sample = try data.sample(at: index)
                    let step = try #require(sample.annotation.step)
                    done += step.isDone ? 1 : 0
                    #expect(sample.objects.count >= 3 && sample.objects.count <= 60)
                    #expect(sample.image?.width == 160 && sample.image?.height == 320)
                    guard case .manipulation(let action, _) = step.action else {
                        Issue.record("not a manipulation")
                        continue
                    }
                    guard !step.isDone else {
                        #expect(action.pick == .dummy && action.place == .dummy)
                        continue
                    }
                    // The cell that is picked shows an object, and so does that of the target; the picked one stands higher.
                    let value = try loadPickle(path: DataFolders(folder).root + "/" + step.file)
                    let view = try #require(value[index: step.index]?[key: "obs"])
                    let heights = try #require(try view[key: "depthmap"]?.tensor()).floats()
                    #expect(heights[action.pick.u * 160 + action.pick.v] > 0.03)
                    #expect(heights[action.place.u * 160 + action.place.v] > 0.001)
                    // After the move, something stands where it was placed.
                    let after = try #require(try value[index: step.index + 1]?[key: "obs"]?[key: "depthmap"]?.tensor())
                        .floats()
                    let place = action.place.u * 160 + action.place.v
                    #expect(after[place] > heights[place] + 0.02)
                    #expect(after[action.pick.u * 160 + action.pick.v] < 0.03)
                }
                #expect(done == 5)
            }
        }
    }
}

extension WorldTaskTests {
    /// Demonstrations lead to success in the running world, step by step without a bump.
    @Test(arguments: 0..<8) func demonstrationsSucceedInTheWorld(seed: UInt64) throws {
        let truth = SceneTruth(WorldGenerator.scene(seed: seed))
        let demonstrator = try HabitatDemonstrator(truth)
        var random = SplitMix64(seed: seed)
        for _ in 0..<3 {
            let demonstration = try #require(demonstrator.demonstration(using: &random))
            var scene = truth.scene
            let start = demonstration.steps[0].pose
            scene.agent.position = SIMD3(start.ground.x, scene.agent.position.y, start.ground.y)
            scene.agent.rotation = SIMD3(0, start.yaw, 0)
            // Nobody stands in the way, as in Habitat.
            scene.player.position = SIMD3(1000, 0, 1000)
            var world = try World(scene)
            for (pose, action) in demonstration.steps {
                #expect(
                    abs(world.agent.ground.x - pose.ground.x) < 1e-9 && abs(world.agent.ground.y - pose.ground.y) < 1e-9
                )
                let observation = world.step(action)
                if action == .moveForward { #expect(observation.walked == 0.25) }
            }
            let goals = scene.instances.indices.filter { scene.instances[$0].model.name.hasSuffix(demonstration.goal) }
            let episode = Episode(
                kind: .objectNavigation, seed: seed, scene: scene, instruction: demonstration.goal, goals: goals,
                shortestPath: 1)
            #expect(episode.isSuccess(in: &world, after: Episode.Claim(isFinished: true)))
        }
    }

    /// Streams for neighbouring numbers have nothing in common.
    @Test func identifiersDoNotRepeatHalves() throws {
        try withTemporaryFolder { folder in
            let report = try WorldTaskWriter.write(
                WorldTaskOptions(kinds: [.leo(.cap3d)], seed: 1, count: 6), to: folder,
                makeScene: { WorldGenerator.scene(seed: $0) })
            #expect(report.fileCount == 7)
            let names = try FileManager.default.contentsOfDirectory(
                atPath: folder + "/alignment/obj_caption/Cap3D_pcs_pt")
            let halves = names.flatMap { [$0.prefix(16), $0.dropFirst(16).prefix(16)] }
            #expect(Set(halves).count == 12)
        }
    }
}

@Suite struct WorldTaskKindTests {
    @Test func namesStandForKinds() {
        #expect(WorldTaskKind.kinds(named: "scanqa") == [.leo(.scanqa)])
        #expect(WorldTaskKind.kinds(named: "objnav") == [.leo(.mp3dObjNav)])
        #expect(WorldTaskKind.kinds(named: "legent-where") == [.legent(.where)])
        #expect(WorldTaskKind.kinds(named: "LEGENT")?.count == 7)
        #expect(WorldTaskKind.kinds(named: "leo")?.count == TaskKind.allCases.count)
        #expect(WorldTaskKind.kinds(named: "all")?.count == TaskKind.allCases.count + 7)
        #expect(WorldTaskKind.kinds(named: "come") == nil && WorldTaskKind.kinds(named: "") == nil)
        #expect(Set(WorldTaskKind.allCases.map(\.description)).count == WorldTaskKind.allCases.count)
    }
}
