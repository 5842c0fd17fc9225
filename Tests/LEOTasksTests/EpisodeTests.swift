import LEO
import LEOAction
import LEOModel
import LEOScene
import LEOTasks
import LEOWorld
import Testing

@Suite("Episodes in generated worlds") struct EpisodeTests {
    static let kinds: [EpisodeKind] = [.objectNavigation, .goto, .come]

    private static func run(
        _ kind: EpisodeKind, _ space: EpisodeSpace, _ policy: EpisodePolicyKind, seed: UInt64 = 5, count: Int = 4, steps: Int? = nil
    ) async throws -> EpisodeReport {
        let evaluation = try EpisodeEvaluation(kind: kind, space: space, seed: seed, count: count, maximumSteps: steps)
        switch policy {
        case .oracle: return try await evaluation.run(.oracle) { _ in OraclePolicy() }
        case .random: return try await evaluation.run(.random) { RandomPolicy(seed: $0) }
        case .model: return try await evaluation.run(model: TinyEngine.sharedActing())
        }
    }

    @Test(arguments: kinds, EpisodeSpace.allCases) func whoKnowsTheWaySucceeds(_ kind: EpisodeKind, _ space: EpisodeSpace) async throws {
        let oracle = try await Self.run(kind, space, .oracle)
        #expect(oracle.success == 1 && oracle.spl > 0.7, "\(oracle)")
        #expect(oracle.episodes.allSatisfy { $0.failure == nil && $0.steps > 0 && $0.shortestPath > 0 })
        let random = try await Self.run(kind, space, .random, steps: 40)
        #expect(random.success < 1 && random.spl < oracle.spl)
        #expect(random.episodes.allSatisfy { $0.steps <= 40 && $0.failure == nil })
    }

    /// Results belong to seeds, not to threads or to what else is run.
    @Test func everyEpisodeDependsOnItsSeedAlone() async throws {
        let all = try await Self.run(.goto, .habitat, .random, count: 5, steps: 60)
        #expect(try await Self.run(.goto, .habitat, .random, count: 5, steps: 60) == all)
        #expect(all.episodes.map(\.seed) == Array(5..<10))
        for episode in all.episodes {
            let alone = try await Self.run(.goto, .habitat, .random, seed: episode.seed, count: 1, steps: 60)
            #expect(alone.episodes == [episode])
        }
    }

    @Test func meansAreThoseOfTheEpisodes() async throws {
        let report = try await Self.run(.come, .legent, .oracle, count: 3)
        #expect(report.count == 3 && report.seed == 5 && report.policy == "oracle" && report.space == "legent" && report.task == "come")
        #expect(abs(report.spl - report.episodes.map(\.spl).reduce(0, +) / 3) < 1e-12)
        #expect(report.success == Double(report.episodes.count(where: \.success)) / 3)
    }

    @Test(arguments: EpisodeSpace.allCases) func aModelActs(_ space: EpisodeSpace) async throws {
        let report = try await Self.run(.goto, space, .model, count: 1, steps: 2)
        #expect(report.episodes.count == 1 && report.episodes[0].failure == nil, "\(report)")
        #expect((1...2).contains(report.episodes[0].steps))
        #expect(try await Self.run(.goto, space, .model, count: 1, steps: 2) == report)
    }

    /// A model that cannot act at all is an error and no result of zero.
    @Test func aModelWithoutTheActionsIsRefused() async throws {
        let evaluation = try EpisodeEvaluation(kind: .goto, space: .habitat, seed: 1, count: 2)
        await #expect(throws: RequestError.self) { try await evaluation.run(model: TinyEngine.shared()) }
    }

    @Test func wrongNumbersAreRefused() {
        #expect(throws: TaskError.self) { try EpisodeEvaluation(kind: .goto, space: .habitat, seed: 1, count: 0) }
        #expect(throws: TaskError.self) { try EpisodeEvaluation(kind: .goto, space: .habitat, seed: 1, count: 1, maximumSteps: 0) }
        #expect(throws: TaskError.self) { try EpisodeEvaluation(kind: .goto, space: .habitat, seed: 1, count: .max) }
    }

    @Test func cancelledEvaluationsEnd() async throws {
        let task = Task { try await Self.run(.goto, .habitat, .random, count: 100_000) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}

@Suite("Tasks in words") struct TaskWordingTests {
    private static let scene = WorldGenerator.scene(seed: 3)

    private static func name(where isFit: (Instance) -> Bool) throws -> String {
        let instance = scene.instances.first(where: isFit)
        return try #require(instance).model.name
    }

    @Test func legentsWordingsAreUnderstood() throws {
        let thing = try Self.name { $0.isInteractable }
        let table = try Self.name { !$0.isInteractable && !$0.model.surfaces.isEmpty }
        let cases: [(String, EpisodeKind, Bool)] = [
            ("Come here.", .come, true), ("Go to the \(table).", .goto, true), ("find \(table.uppercased())", .objectNavigation, true),
            ("Take the \(thing).", .take, true), ("Bring the \(thing).", .bring, true), ("Put the \(thing) on the \(table).", .put, true),
            ("Take the \(table).", .take, false), ("Go to the unicorn.", .goto, false), ("Put the \(thing) on the moon.", .put, false),
            ("Where is the \(thing)?", .whereIs, false), ("Dance.", .goto, false), ("", .goto, false), ("Put", .put, false),
        ]
        for (text, kind, isScored) in cases {
            let (episode, scored) = try Episode.task(text, in: Self.scene)
            #expect(episode.kind == kind && scored == isScored, "\(text)")
            #expect(episode.instruction == text && episode.scene.prompt == text)
            if isScored { #expect(episode.shortestPath > 0 || kind != .come, "\(text)") }
        }
        let (episode, _) = try Episode.task("Go to the \(table).", in: Self.scene)
        #expect(!episode.goals.isEmpty && episode.goals.allSatisfy { Self.scene.instances[$0].model.name == table })
    }

    @Test func promptsAreLEOs() {
        let stop = HabitatAction.stop.token, forward = HabitatAction.moveForward.token, left = HabitatAction.turnLeft.token
        #expect(
            AgentPrompt.navigation("Find the book shelf.", past: [])
                == "The task is navigation. Your goal is to find book shelf by moving around in the scene. Past actions: \(stop)\(stop)\(stop)\(stop).")
        #expect(AgentPrompt.navigation("Go to the lamp.", past: [.moveForward, .turnLeft]).hasSuffix(
            "find lamp by moving around in the scene. Past actions: \(stop)\(stop)\(forward)\(left)."))
        #expect(AgentPrompt.navigation("x", past: [.turnLeft, .moveForward, .moveForward, .moveForward, .moveForward]).hasSuffix(
            "Past actions: \(forward)\(forward)\(forward)\(forward)."))
        #expect(AgentPrompt.legent("Come here.", past: ["rotate_right(5)", "finish()"]).hasSuffix(
            "to come here by moving around in the scene. Past actions: rotate_right(5); finish()."))
    }

    /// Habitat's steps written in LEGENT's code do the same.
    @Test(arguments: HabitatAction.allCases) func codeDoesWhatTheStepDoes(_ action: HabitatAction) throws {
        var stepped = try World(Self.scene), coded = stepped
        stepped.step(action)
        let code = EpisodeAction.habitat(action).code
        let read = LEGENTCode.read(code)
        if action == .stop { #expect(read.isFinish) } else { try coded.step(read) }
        #expect(stepped.agent == coded.agent, "\(code)")
    }
}

@Suite("What an agent perceives") struct PerceptionTests {
    @Test func objectsAreTheScenesInLEOsFrame() throws {
        var world = try World(WorldGenerator.scene(seed: 3))
        let eyes = WorldEyes(world, maximumObjects: 60, seed: 1)
        let scene = try eyes.objects(of: world)
        #expect(scene.objects.count == min(60, world.transforms.count))
        for object in scene.objects {
            let middle = LEOFrame.point(world.transforms[object.id].position), bounds = object.points.bounds
            #expect(object.points.count == ObjectTensors.pointsPerObject)
            for axis in 0..<3 { #expect(bounds.minimum[axis] - 0.02 <= middle[axis] && middle[axis] <= bounds.maximum[axis] + 0.02) }
        }
        // A world that has not changed has the same points; a thing that was moved has others.
        #expect(try eyes.objects(of: world).objects.map(\.points.coordinates) == scene.objects.map(\.points.coordinates))
        let moved = try #require(scene.objects.first).id
        world.move(moved, to: world.transforms[moved].position + SIMD3(0, 0.5, 0), rotation: world.transforms[moved].rotation)
        let after = try #require(try eyes.objects(of: world).objects.first { $0.id == moved })
        let before = try #require(scene.objects.first { $0.id == moved })
        #expect(abs(after.points.bounds.minimum.z - before.points.bounds.minimum.z - 0.5) < 1e-6)
        world.setHidden(true, moved)
        #expect(try eyes.objects(of: world).objects.allSatisfy { $0.id != moved })
    }

    @Test func ofManyThingsTheNearestArePerceived() throws {
        let world = try World(WorldGenerator.scene(seed: 3))
        let scene = try WorldEyes(world, maximumObjects: 5, seed: 1).objects(of: world)
        func distance(_ index: Int) -> Double {
            let way = world.transforms[index].position - world.agent.position
            return (way * way).sum()
        }
        let nearest = world.transforms.indices.sorted { distance($0) < distance($1) }.prefix(5)
        #expect(scene.objects.map(\.id) == nearest.sorted())
    }

    @Test func theViewIsTheAgents() throws {
        var world = try World(WorldGenerator.scene(seed: 3))
        let eyes = WorldEyes(world, maximumObjects: 60, seed: 1)
        let first = try eyes.view(of: world)
        #expect(first.width == world.settings.width && first.height == world.settings.height)
        #expect(try eyes.view(of: world) == first)
        world.step(HabitatAction.turnLeft)
        #expect(try eyes.view(of: world) != first)
    }
}
