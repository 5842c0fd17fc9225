import Foundation
import LEO
import LEOAction
import LEOConvert
import LEOScene
import LEOTasks
import LEOWorld
import Synchronization
import Testing

@Suite("Acting in a world") struct AgentRunTests {
    private static func run(_ task: String, space: EpisodeSpace, steps: Int, folder: String? = nil) throws -> AgentRun {
        var run = try AgentRun(task, in: WorldGenerator.scene(seed: 3), world: "3", space: space)
        run.maximumSteps = steps
        run.options.decoding.strategy = .sampling(temperature: 2, seed: 4)
        run.recordFolder = folder
        return run
    }

    @Test(arguments: EpisodeSpace.allCases) func recordsWhatItDid(_ space: EpisodeSpace) async throws {
        let engine = try TinyEngine.sharedActing()
        try await withTemporaryFolder { folder in
            let seen = Mutex<[Int]>([])
            let report = try await Self.run("Go to the chair.", space: space, steps: 3, folder: folder).run(engine) { step in
                seen.withLock { $0.append(step.index) }
            }
            #expect((1...3).contains(report.steps.count) && seen.withLock { $0 } == Array(report.steps.indices))
            #expect(!report.interrupted && report.success != nil)
            let record = try #require(report.record)
            let trajectory = try LEGENTTrajectory(contentsOf: record + "/trajectory.json")
            guard case .agent(let steps) = trajectory.interactions.last else {
                Issue.record("no steps")
                return
            }
            #expect(steps.map(\.action) == report.steps.map(\.code))
            for step in steps {
                let size = try pngSize(folder + "/" + step.image)
                #expect(size == [448, 448])
                #expect(LEGENTCode.read(step.action) != .step, "\(step.action)")
            }
            #expect(try LEGENTTrajectory.list(contentsOf: folder + "/trajectories.json").map(\.id) == [trajectory.id])
            let setting = try LEGENTTaskSetting(contentsOf: record + "/task_setting.json")
            #expect(setting.task == "Go to the chair.")
            #expect(try pngSize(record + "/path.png").allSatisfy { $0 > 100 })
            let svg = try String(contentsOfFile: record + "/path.svg", encoding: .utf8)
            #expect(svg.contains("<svg") && svg.hasSuffix("</svg>\n"))
        }
    }

    @Test func theSameStepsEveryTime() async throws {
        let engine = try TinyEngine.sharedActing()
        func actions() async throws -> [String] {
            try await Self.run("Come here.", space: .habitat, steps: 4).run(engine).steps.map { "\($0.action) \($0.position) \($0.yaw)" }
        }
        let first = try await actions()
        #expect(try await actions() == first)
    }

    @Test func anAdapterDecides() async throws {
        let engine = try TinyEngine.sharedActing()
        try await withTemporaryFolder { folder in
            let path = folder + "/a.leo"
            try Converter(syntheticAdapterOf: engine.archive, seed: 5, name: "tidy").write(to: path)
            let adapter = try engine.loadAdapter(path: path)
            var run = try Self.run("Come here.", space: .legent, steps: 4)
            let plain = try await run.run(engine)
            run.options.adapter = adapter
            let adapted = try await run.run(engine)
            #expect(plain.model == "tiny" && adapted.model == "tiny + tidy")
            #expect(plain.steps.map(\.code) != adapted.steps.map(\.code))
            let episodes = try await EpisodeEvaluation(kind: .come, space: .legent, seed: 3, count: 1, maximumSteps: 1)
                .run(model: engine, options: run.options)
            #expect(episodes.model == "tiny + tidy")
        }
    }

    /// What was done until then is recorded and reported.
    @Test func cancellingKeepsWhatWasDone() async throws {
        let engine = try TinyEngine.sharedActing()
        try await withTemporaryFolder { folder in
            let run = try Self.run("Dance.", space: .legent, steps: 1000, folder: folder)
            let count = Mutex(0)
            let task = Task { try await run.run(engine) { _ in count.withLock { $0 += 1 } } }
            while count.withLock({ $0 }) < 1 { try await Task.sleep(for: .milliseconds(2)) }
            task.cancel()
            let report = try await task.value
            // Sampling may end it by itself just then.
            #expect(report.interrupted || report.finished)
            #expect(report.success == nil && !report.steps.isEmpty)
            let trajectory = try LEGENTTrajectory(contentsOf: #require(report.record) + "/trajectory.json")
            guard case .agent(let steps) = trajectory.interactions.last else {
                Issue.record("no steps")
                return
            }
            #expect(steps.count == report.steps.count)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { !$0.hasPrefix(".") })
        }
    }

    @Test func whatCannotBeWrittenIsAnError() async throws {
        let engine = try TinyEngine.sharedActing()
        try await withTemporaryFolder { folder in
            try Data().write(to: URL(fileURLWithPath: folder + "/file"))
            let run = try Self.run("Come here.", space: .habitat, steps: 1, folder: folder + "/file")
            await #expect(throws: LEGENTMessageError.self) { try await run.run(engine) }
        }
    }

    /// Width and height of a PNG file's header.
    private func pngSize(_ path: String) throws -> [Int] {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)).prefix(24))
        try #require(bytes.count == 24 && bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]))
        return [16, 20].map { start in bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } }
    }
}
