import Foundation
import LEGENTWire
import LEOAction
import LEOImageIO
import LEOScene
import Synchronization
import TestSupport
import Testing

/// `leo world legent` records a video for an agent that asks for it.
@Suite(.timeLimit(.minutes(3)))
struct WorldVideoTests {
    private static let side = (width: 90, height: 61)

    struct Timeout: Error {}

    private static func wait(until isDone: () -> Bool) async throws {
        for _ in 0..<3000 {
            if isDone() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Timeout()
    }

    /// Runs the game against an agent of these few lines; `body` gets the process once the game plays.
    private func play(
        _ agent: @escaping @Sendable (LEGENTSession) async throws -> Void, body: (Process) async throws -> Void = { _ in }
    ) async throws -> Leo.Outcome {
        var options = LEGENTServer.Options()
        options.host = "127.0.0.1"
        options.port = 0
        (options.settings.width, options.settings.height) = Self.side
        let server = LEGENTServer(options)
        let port = Mutex<Int?>(nil)
        let serving = Task {
            try await server.run { event in
                if case .listening(_, let number) = event { port.withLock { $0 = number } }
            } play: { try await agent($0) }
        }
        defer { serving.cancel() }
        try await Self.wait { port.withLock { $0 } != nil }
        let number = try #require(port.withLock { $0 })
        let game = try Leo.start(Leo.path, ["world", "legent", "--host", "127.0.0.1", "--port", "\(number)", "--seed", "7"])
        do { try await body(game.process) } catch {
            game.process.terminate()
            throw error
        }
        try await Self.wait { !game.process.isRunning }
        return try game.wait()
    }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("leo-test-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.path)
    }

    private static func calling(_ path: String, _ change: (inout LEGENTAction) -> Void = { _ in }) -> LEGENTAction {
        var action = LEGENTAction()
        action.calls = [LEGENTCall(name: "SetVideoRecordingPath", arguments: path)]
        change(&action)
        return action
    }

    private static func turning(_ degrees: Double, leaps: Bool = false) -> LEGENTAction {
        var action = LEGENTAction()
        action.rotateRight = degrees
        action.usesTeleport = leaps
        return action
    }

    /// Mean difference of a frame and what the agent saw, in levels of 256.
    private static func difference(_ video: AVI, _ frame: Int, _ seen: Image) throws -> Double {
        let image = try video.frames[frame].data.withUnsafeBytes { try decodeImage($0, name: "frame \(frame)").image }
        try #require(image.width == seen.width && image.height == seen.height)
        return Double(zip(image.pixels, seen.pixels).map { abs(Int($0) - Int($1)) }.reduce(0, +)) / Double(seen.pixels.count)
    }

    @Test func videoHoldsWhatTheAgentSaw() async throws {
        try await withFolder { folder in
            let seen = Mutex<[Image]>([])
            let errors = Mutex<[String?]>([])
            let outcome = try await play { session in
                _ = try await session.reset()
                // Cannot be written: told, and the game goes on.
                for path in [folder, folder + "/none/a.mp4"] {
                    let refused = try await session.step(Self.calling(path))
                    errors.withLock { $0.append(refused.apiReturns?.error) }
                }
                var views = [try await session.step(Self.calling(folder + "/a.mp4") { $0.rotateRight = 20 })]
                #expect(views[0].apiReturns == nil)
                for degrees in [30.0, -70, 100] { views.append(try await session.step(Self.turning(degrees))) }
                _ = try await session.step(Self.calling("") { $0.rotateRight = 45 })
                // The next one, ended by the task's end; with a folder's path as the toolkit makes of an empty one; by CLOSE.
                views.append(try await session.step(Self.calling(folder + "/b.avi")))
                views.append(try await session.reset(calls: Self.calling(folder + "/c.avi").calls))
                views.append(try await session.step(Self.turning(15)))
                _ = try await session.step(Self.calling(folder))
                _ = try await session.step(.step)
                views.append(try await session.step(Self.calling(folder + "/d.avi")))
                views.append(try await session.step(Self.turning(15, leaps: true)))
                let images = try views.map { try $0.view() }
                seen.withLock { $0 = images }
            }
            #expect(outcome.status == 0, "\(outcome.errors)")
            let images = seen.withLock { $0 }
            try #require(images.count == 9)
            let answers = errors.withLock { $0 }
            #expect(answers[0]?.contains("SetVideoRecordingPath: \(folder): cannot write: is a directory") == true, "\(answers)")
            #expect(answers[1]?.contains("\(folder)/none/a.mp4: cannot write: No such file or directory") == true, "\(answers)")
            #expect(outcome.errors.contains("\(folder)/none/a.mp4: cannot write"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a.mp4", "b.avi", "c.avi", "d.avi"])
            for (name, views, rate) in [("a.mp4", 0..<4, 30), ("b.avi", 4..<5, 30), ("c.avi", 5..<7, 30), ("d.avi", 7..<9, 2)] {
                let video = try AVI(path: folder + "/" + name)
                #expect(video.isConsistent(width: Self.side.width, height: Self.side.height, rate: rate), "\(name)")
                try #require(video.frames.count == views.count, "\(name)")
                for (frame, view) in views.enumerated() {
                    let error = try Self.difference(video, frame, images[view])
                    #expect(error < 4, "\(name), frame \(frame): \(error)")
                }
            }
            // Other views are really others.
            #expect(try Self.difference(AVI(path: folder + "/a.mp4"), 0, images[2]) > 8)
        }
    }

    @Test(arguments: [SIGTERM, SIGKILL]) func stoppedGameLeavesAVideo(signal: Int32) async throws {
        try await withFolder { folder in
            let steps = Mutex(0)
            let outcome = try await play { session in
                _ = try await session.reset(calls: Self.calling(folder + "/a.avi").calls)
                for step in 1...5 {
                    _ = try await session.step(Self.turning(10))
                    steps.withLock { $0 = step }
                }
                try await Task.sleep(for: .seconds(60))
            } body: { process in
                try await Self.wait { steps.withLock { $0 } == 5 }
                kill(process.processIdentifier, signal)
            }
            #expect(signal == SIGKILL ? outcome.signal == signal : outcome.status == 128 + signal)
            let video = try AVI(path: folder + (signal == SIGKILL ? "/a.avi.part" : "/a.avi"))
            #expect(video.frames.count == 6 && (video.index == nil) == (signal == SIGKILL))
            #expect(video.isConsistent(width: Self.side.width, height: Self.side.height, rate: 30))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
        }
    }
}
