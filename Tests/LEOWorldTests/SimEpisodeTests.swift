import LEOAction
import LEOWorld
import TestSupport
import Testing

@Suite struct SimEpisodeTests {
    @Test func takesHabitatsSteps() throws {
        var world = try World(SimScenes.room(half: SIMD2(3, 3)))
        world.step(HabitatAction.moveForward)
        #expect(world.agent.position == SIMD3(0, 0, -1.75))
        world.step(HabitatAction.turnRight)
        world.step(HabitatAction.turnRight)
        world.step(HabitatAction.turnRight)
        #expect(world.agent.yaw == 90)
        world.step(HabitatAction.moveBackward)
        #expect(world.agent.position == SIMD3(-0.25, 0, -1.75))
        world.step(HabitatAction.turnLeft)
        #expect(world.agent.yaw == 60)
        world.step(HabitatAction.lookDown)
        #expect(world.agent.pitch == 30)
        for _ in 0..<5 { world.step(HabitatAction.lookUp) }
        #expect(world.agent.pitch == -WorldRules.pitchLimit)
        world.step(HabitatAction.stop)
        #expect(world.stepCount == 13)
        for _ in 0..<40 { world.step(HabitatAction.moveForward) }
        #expect(world.agent.position.x < 3 - WorldRules.agentRadius)
    }

    @Test(arguments: EpisodeKind.allCases) func episodesAreRepeatableAndNotTrivial(kind: EpisodeKind) throws {
        let generator = EpisodeGenerator(kind: kind)
        for seed in 0..<SimGeometry.count(12) {
            let episode = try generator.episode(seed: seed), again = try generator.episode(seed: seed)
            #expect(episode.instruction == again.instruction && episode.goals == again.goals)
            #expect(episode.shortestPath == again.shortestPath && episode.scene.agent == again.scene.agent)
            #expect(episode.scene.prompt == episode.instruction && episode.instruction.hasPrefix(firstWord(of: kind)))
            var world = try World(episode.scene)
            #expect(!episode.isSuccess(in: &world, after: .init(isFinished: true)), "\(kind) \(seed)")
            switch kind {
            case .objectNavigation, .goto, .take, .bring, .put: #expect(episode.shortestPath >= 2)
            case .come:
                #expect(LEGENTController.hasCome(agent: world.agent.position, player: world.player.position).distance >= 3)
            case .whereIs, .exist: #expect(!episode.answer.isEmpty)
            }
        }
    }

    private func firstWord(of kind: EpisodeKind) -> String {
        switch kind {
        case .objectNavigation: "Find the "
        case .come: "Come here."
        case .goto: "Go to the "
        case .take: "Take the "
        case .bring: "Bring the "
        case .put: "Put the "
        case .whereIs: "Where is the "
        case .exist: "Is there a "
        }
    }

    @Test(arguments: EpisodeKind.allCases) func oracleSolvesLEGENT(kind: EpisodeKind) {
        let results = EpisodeRunner.run(EpisodeGenerator(kind: kind), seeds: 1000..<1000 + SimGeometry.count(60), space: .legent) { _ in OraclePolicy() }
        #expect(results.successRate >= 0.98, "\(kind): \(results.filter { !$0.isSuccess })")
        #expect(results.spl >= 0.9, "\(kind)")
    }

    @Test(arguments: [EpisodeKind.objectNavigation, .goto, .come]) func oracleSolvesHabitat(kind: EpisodeKind) {
        let results = EpisodeRunner.run(EpisodeGenerator(kind: kind), seeds: 1000..<1000 + SimGeometry.count(60), space: .habitat) { _ in OraclePolicy() }
        #expect(results.successRate >= 0.98, "\(kind): \(results.filter { !$0.isSuccess })")
        #expect(results.spl >= 0.9, "\(kind)")
    }

    @Test(arguments: EpisodeSpace.allCases) func chanceHardlyEverFindsAnything(space: EpisodeSpace) {
        let results = EpisodeRunner.run(EpisodeGenerator(kind: .objectNavigation), seeds: 1000..<1000 + SimGeometry.count(100), space: space) { RandomPolicy(seed: $0) }
        #expect(results.successRate <= 0.1)
    }

    @Test func runsAreTheSameInParallel() throws {
        let generator = EpisodeGenerator(kind: .take)
        let together = EpisodeRunner.run(generator, seeds: 0..<12, space: .legent) { _ in OraclePolicy() }
        let alone = try (UInt64(0)..<12).map { seed in
            var policy = OraclePolicy()
            return try EpisodeRunner.run(&policy, try generator.episode(seed: seed), space: .legent)
        }
        #expect(together == alone)
        #expect(Set(together.map(\.pathLength)).count > 6)
    }

    @Test func wallsAreNotSeenThrough() throws {
        // The shelf of the other room stands against the wall between: near, but not to be reached from here.
        var scene = SimScenes.twoRooms(instances: [
            SimScenes.put(SimScenes.box("Shelf", SIMD3(0.3, 1.8, 1)), x: 0.25, z: -1)
        ])
        scene.agent.position = SIMD3(-0.4, 0, -1)
        var world = try World(scene)
        let episode = Episode(kind: .goto, seed: 0, scene: scene, instruction: "Go to the shelf.", goals: [0], shortestPath: 4)
        #expect(world.footprint(of: 0).distance(to: world.agent.ground) < 0.6)
        #expect(!episode.isSuccess(in: &world, after: .init(isFinished: true)))
        let length = World.length(of: world.pathToObject(0))
        #expect(length > 3)
    }

    @Test func speechIsJudged() throws {
        let scene = SimScenes.furnished()
        var world = try World(scene)
        let place = Episode(kind: .whereIs, seed: 0, scene: scene, instruction: "", goals: [1], answer: "table", shortestPath: 1)
        #expect(place.isSuccess(in: &world, after: .init(speech: "It's on the TABLE.")))
        #expect(!place.isSuccess(in: &world, after: .init(speech: "It's on the sofa.")))
        #expect(!place.isSuccess(in: &world, after: .init(isFinished: true)))
        let exist = Episode(kind: .exist, seed: 0, scene: scene, instruction: "", goals: [1], destinations: [0], answer: "no", shortestPath: 1)
        #expect(exist.isSuccess(in: &world, after: .init(speech: "No.")))
        #expect(!exist.isSuccess(in: &world, after: .init(speech: "Nobody knows.")))
        #expect(!exist.isSuccess(in: &world, after: .init(speech: "Yes and no.")))
    }

    @Test func weighsSuccessByLength() {
        let results = [
            EpisodeResult(seed: 0, isSuccess: true, pathLength: 4, shortestPath: 2, steps: 3),
            EpisodeResult(seed: 1, isSuccess: true, pathLength: 1, shortestPath: 2, steps: 3),
            EpisodeResult(seed: 2, isSuccess: false, pathLength: 2, shortestPath: 2, steps: 3),
        ]
        #expect(results.map(\.spl) == [0.5, 1, 0])
        #expect(results.spl == 0.5 && abs(results.successRate - 2.0 / 3) < 1e-12)
    }
}
