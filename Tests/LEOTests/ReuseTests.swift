import Foundation
import LEO
import LEOArchive
import LEOConvert
import LEOModel
import LEOScene
import TestSupport
import Testing

/// What earlier requests and the file spare a request must not change its answer.
@Suite struct ReuseTests {
    private func answer(_ session: Session, _ request: Request) async throws -> Answer { try await session.respond(to: request).answer }

    private func without(_ request: Request) -> Request {
        var request = request
        request.reusesResults = false
        return request
    }

    /// The scene with other points for one object.
    private func changed(_ scene: Scene, _ index: Int) -> Scene {
        var objects = scene.objects
        let old = objects[index].points
        var coordinates = old.coordinates
        coordinates[0] += 0.25
        objects[index] = SceneObject(id: objects[index].id, points: ObjectPoints(coordinates: coordinates, colors: old.colors))
        return Scene(source: "changed", objects: objects, bounds: scene.bounds)
    }

    // MARK: Scenes and prompts

    @Test(arguments: [WeightType.f32, .bf16, .int8])
    func answersAreTheSameToTheLastBit(weightType: WeightType) async throws {
        let engine = try TestEngine.make(weightType: weightType), session = try engine.makeSession()
        let scene = TestEngine.scene(5)
        var requests: [Request] = []
        for text in ["What is near?", "Where is it?"] {
            requests.append(TestEngine.greedy(text, scene: scene))
            var pictured = TestEngine.greedy(text, scene: scene)
            pictured.image = TestEngine.image()
            requests.append(pictured)
        }
        var scored = TestEngine.greedy(scene: scene)
        scored.answers = ["yes", "no", "a chair"]
        var beams = TestEngine.greedy(scene: changed(scene, 2))
        beams.decoding.strategy = .beam
        var situated = TestEngine.greedy(scene: scene)
        situated.situation = .none
        var posed = TestEngine.greedy(scene: scene)
        posed.pose = Request.Pose(position: SIMD3(1, 2, 0), orientation: SIMD4(0, 0, 1, 0))
        requests += [scored, beams, situated, posed, TestEngine.greedy(scene: nil), TestEngine.greedy(scene: changed(scene, 0))]
        var expected: [[String]] = []
        for request in requests {
            let fresh = try await answer(engine.makeSession(), without(request))
            #expect(fresh.timings.keptTokens + fresh.timings.storedTokens + fresh.timings.reusedObjects == 0)
            #expect(!fresh.timings.reusesScene && !fresh.timings.reusesImage)
            expected.append(fresh.outcome)
        }
        for round in 0..<3 {
            for index in requests.indices {
                let index = round == 1 ? requests.count - 1 - index : index
                let found = try await answer(session, requests[index])
                #expect(found.outcome == expected[index], "\(index)")
                #expect(found.timings.storedTokens + found.timings.keptTokens > 100)
                if round > 0 {
                    #expect(found.timings.reusesScene && found.timings.reusedObjects == found.timings.objects)
                    #expect(found.timings.reusesImage == (requests[index].image != nil))
                }
            }
        }
    }

    @Test func onlyWhatChangedIsEncoded() async throws {
        let engine = try TestEngine.make(), session = try engine.makeSession()
        let scene = TestEngine.scene(5), request = TestEngine.greedy(scene: scene)
        let first = try await answer(session, request).timings
        #expect(first.objects == 5 && first.reusedObjects == 0 && !first.reusesScene)
        // 20 prompts of bytes: role and default situation are stored, and nothing is kept yet.
        #expect(first.keptTokens == 0 && first.storedTokens > 300 && first.storedTokens < first.promptTokens)
        #expect(first.rowsRead == first.promptTokens - first.storedTokens)

        let second = try await answer(session, request).timings
        #expect(second.reusedObjects == 5 && second.reusesScene && second.keptTokens == second.promptTokens - 1 && second.storedTokens == 0)
        #expect(second.rowsRead == 1)

        let moved = try await answer(session, TestEngine.greedy(scene: changed(scene, 3))).timings
        #expect(moved.reusedObjects == 4 && !moved.reusesScene)
        #expect(moved.keptTokens >= first.storedTokens && moved.keptTokens < first.promptTokens - 20)

        var turned = request
        turned.pose = Request.Pose(position: SIMD3(0.5, 0, 0))
        let pose = try await answer(session, turned).timings
        #expect(pose.reusedObjects == 5 && !pose.reusesScene)

        // Other points of the same objects are other contents.
        var reseeded = request
        reseeded.seed = 9
        #expect(try await answer(session, reseeded).timings.reusedObjects == 0)

        // The last part of the prompt alone.
        _ = try await answer(session, request)
        let asked = try await answer(session, TestEngine.greedy("What is far?", scene: scene)).timings
        #expect(asked.reusesScene && asked.promptTokens - asked.keptTokens < 40)

        #expect(asked.rowsRead == asked.promptTokens - asked.keptTokens)

        // Another session has no prompt, but the scene.
        let other = try await answer(engine.makeSession(), request).timings
        #expect(other.reusesScene && other.keptTokens == 0 && other.storedTokens == first.storedTokens)
        let counts = engine.reuse
        #expect(counts.requests == 8 && counts.objects == 40 && counts.reusedScenes == 4)
    }

    @Test func theMemoryOfScenesIsBounded() async throws {
        let reference = try TestEngine.make(), session = try reference.makeSession()
        // 64 points of 6 numbers and 32 features an object: less than 2 kB each, so 24 kB hold about two scenes.
        func engine(_ change: (inout EngineOptions) -> Void) throws -> Engine {
            try withTemporaryFolder { folder in
                try TestEngine.write(to: folder + "/m.leo")
                var options = EngineOptions()
                change(&options)
                return try Engine(path: folder + "/m.leo", options: options)
            }
        }
        let bounded = try engine { $0.encodingCacheByteCount = 24_000 }, small = try bounded.makeSession()
        var last = TestEngine.scene(5)
        for round in 0..<12 {
            last = changed(last, round % 5)
            let request = TestEngine.greedy(scene: last, tokens: 3)
            let found = try await answer(small, request)
            #expect(try await answer(session, without(request)).outcome == found.outcome)
            #expect(bounded.encodingByteCount <= 24_000)
            // What was used last is still there.
            if round > 0 { #expect(found.timings.reusedObjects == 4) }
        }
        #expect(bounded.encodingByteCount > 10_000)
        #expect(try await answer(small, TestEngine.greedy(scene: TestEngine.scene(5), tokens: 3)).timings.reusedObjects < 5)
        let none = try engine { $0.encodingCacheByteCount = 0 }, bare = try none.makeSession()
        for _ in 0..<2 { #expect(try await answer(bare, TestEngine.greedy(tokens: 3)).timings.reusedObjects == 0) }
        #expect(none.encodingByteCount == 0)
        let off = try engine { $0.reusesResults = false }, offSession = try off.makeSession()
        for _ in 0..<2 {
            let times = try await answer(offSession, TestEngine.greedy(tokens: 3)).timings
            #expect(times.reusedObjects + times.keptTokens + times.storedTokens == 0)
        }
    }

    @Test func manySessionsShareScenes() async throws {
        let engine = try TestEngine.make(threads: 1)
        let scenes = (0..<4).map { changed(TestEngine.scene(5), $0) }
        var expected: [[String]] = []
        for scene in scenes { expected.append(try await answer(engine.makeSession(), without(TestEngine.greedy(scene: scene, tokens: 6))).outcome) }
        try await withThrowingTaskGroup(of: (Int, [String]).self) { group in
            for index in 0..<24 {
                group.addTask {
                    (index % 4, try await engine.respond(to: TestEngine.greedy(scene: scenes[index % 4], tokens: 6)).answer.outcome)
                }
            }
            for try await (index, outcome) in group { #expect(outcome == expected[index]) }
        }
        #expect(engine.reuse.reusedObjects > 60)
    }
}
