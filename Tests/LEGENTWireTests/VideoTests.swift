import Foundation
import LEGENTWire
import LEOAction
import LEOImageIO
import LEOScene
import Synchronization
import TestSupport
import Testing

private func view(_ step: Int, _ width: Int = 16, _ height: Int = 12) -> Image {
    Image(width: width, height: height, pixels: Array(repeating: UInt8(10 * step % 250), count: 3 * width * height))
}

private final class Notices: Sendable {
    private let list = Mutex<[String]>([])
    var all: [String] { list.withLock { $0 } }
    func add(_ text: String) { list.withLock { $0.append(text) } }
}

private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

/// The step that each frame shows, by its grey.
private func steps(_ video: AVI) throws -> [Int] {
    try video.frames.map { _, data in
        let image = try data.withUnsafeBytes { try decodeImage($0, name: "frame").image }
        return (Int(image.pixels[0]) + 5) / 10
    }
}

@Suite struct VideoRecorderTests {
    @Test func recordsFromOneCallToTheNext() throws {
        try withTemporaryFolder { folder in
            let notices = Notices()
            let recorder = LEGENTVideoRecorder { notices.add($0) }
            recorder.add(view(0), isLeap: true)
            try recorder.setPath(folder + "/a.mp4", width: 16, height: 12)
            for step in 1...3 { recorder.add(view(step), isLeap: false) }
            // The same path once more changes nothing.
            try recorder.setPath(folder + "/a.mp4", width: 16, height: 12)
            recorder.add(view(4), isLeap: false)
            #expect(recorder.isRecording && !exists(folder + "/a.mp4"))
            try recorder.setPath(folder + "/b.avi", width: 16, height: 12)
            recorder.add(view(5), isLeap: false)
            recorder.add(view(6), isLeap: true)
            try recorder.setPath("", width: 16, height: 12)
            recorder.add(view(7), isLeap: false)
            #expect(!recorder.isRecording)
            try recorder.setPath("", width: 16, height: 12)
            let (first, second) = (try AVI(path: folder + "/a.mp4"), try AVI(path: folder + "/b.avi"))
            #expect(try steps(first) == [1, 2, 3, 4])
            #expect(try steps(second) == [5, 6])
            // Frames of the game, and leaps.
            #expect(first.isConsistent(width: 16, height: 12, rate: 30) && second.isConsistent(width: 16, height: 12, rate: 2))
            #expect(notices.all.isEmpty, "\(notices.all)")
        }
    }

    @Test func folderEndsAVideoButBeginsNone() throws {
        try withTemporaryFolder { folder in
            let recorder = LEGENTVideoRecorder { _ in }
            #expect(throws: ImageFileError.unwritable(file: folder, reason: "is a directory")) {
                try recorder.setPath(folder, width: 16, height: 12)
            }
            try recorder.setPath(folder + "/a", width: 16, height: 12)
            recorder.add(view(1), isLeap: false)
            try recorder.setPath(folder, width: 16, height: 12)
            #expect(!recorder.isRecording)
            #expect(try steps(AVI(path: folder + "/a")) == [1])
        }
    }

    @Test func failingCallEndsWhatWasRecorded() throws {
        try withTemporaryFolder { folder in
            let recorder = LEGENTVideoRecorder { _ in }
            try recorder.setPath(folder + "/a", width: 16, height: 12)
            recorder.add(view(1), isLeap: false)
            let absent = folder + "/none/b"
            #expect(throws: ImageFileError.unwritable(file: absent, reason: "No such file or directory")) {
                try recorder.setPath(absent, width: 16, height: 12)
            }
            #expect(!recorder.isRecording)
            #expect(try steps(AVI(path: folder + "/a")) == [1])
        }
    }

    @Test func badFrameEndsTheVideoAndIsTold() throws {
        try withTemporaryFolder { folder in
            let notices = Notices()
            let recorder = LEGENTVideoRecorder(maximumBytes: 4000) { notices.add($0) }
            try recorder.setPath(folder + "/a", width: 16, height: 12)
            recorder.add(view(1), isLeap: false)
            recorder.add(view(2, 12, 16), isLeap: false)
            recorder.add(view(3), isLeap: false)
            #expect(try steps(AVI(path: folder + "/a")) == [1])
            #expect(notices.all.count == 1 && notices.all[0].contains("expected a frame of 16 x 12 pixels, found 12 x 16"), "\(notices.all)")
            try recorder.setPath(folder + "/b", width: 16, height: 12)
            for step in 0..<20 { recorder.add(view(step), isLeap: false) }
            let recorded = try steps(AVI(path: folder + "/b"))
            #expect(recorded == Array(0..<recorded.count) && (2..<20).contains(recorded.count))
            #expect(notices.all.count == 2 && notices.all[1].contains("full after \(recorded.count) frames"), "\(notices.all)")
        }
    }

    @Test func forgottenRecorderFinishes() throws {
        try withTemporaryFolder { folder in
            do {
                let recorder = LEGENTVideoRecorder { _ in }
                try recorder.setPath(folder + "/a", width: 16, height: 12)
                recorder.add(view(1), isLeap: false)
            }
            #expect(try steps(AVI(path: folder + "/a")) == [1])
        }
    }
}

/// A game that only does what calls say about videos.
private actor FilmedGame: LEGENTGame {
    let recorder = LEGENTVideoRecorder { _ in }
    private let failsAt: Int?
    private var count = 0
    private(set) var endings = 0

    struct Failure: Error {}

    init(failsAt: Int? = nil) { self.failsAt = failsAt }

    private func observation(_ calls: [LEGENTCall]) throws -> LEGENTObservation {
        var observation = LEGENTObservation()
        for call in calls {
            do { try recorder.setPath(call.arguments, width: 16, height: 12) } catch {
                observation.apiReturns = LEGENTAPIReturns()
                observation.apiReturns?.error = "\(error)"
            }
        }
        recorder.add(view(count), isLeap: false)
        observation.image = try view(count).pngBytes()
        count += 1
        if count == failsAt { throw Failure() }
        return observation
    }

    func start(_ settings: LEGENTSettings) throws -> LEGENTObservation { try observation([]) }
    func reset(sceneJSON: String, calls: [LEGENTCall]) throws -> LEGENTObservation { try observation(calls) }
    func step(_ action: LEGENTAction) throws -> LEGENTObservation { try observation(action.calls) }
    func end() {
        endings += 1
        recorder.finish()
    }
}

/// A game hears of the end of its session, however that comes.
@Suite(.timeLimit(.minutes(2)))
struct VideoSessionTests {
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("leo-test-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.path)
    }

    private func client(_ port: Int) -> LEGENTGameClient {
        var client = LEGENTGameClient(host: "127.0.0.1", port: port)
        client.patience = .seconds(10)
        return client
    }

    @Test func videoEndsWithTheSession() async throws {
        try await withFolder { folder in
            let answers = Mutex<[String?]>([])
            try await RunningServer.with { session in
                _ = try await session.reset()
                for path in [folder + "/none/a.avi", folder + "/a.avi"] {
                    var action = LEGENTAction.step
                    action.calls = [.setVideoRecordingPath(path)]
                    let observation = try await session.step(action)
                    answers.withLock { $0.append(observation.apiReturns?.error) }
                }
                _ = try await session.step(.step)
            } body: { (_, port) async throws in
                let game = FilmedGame()
                #expect(try await client(port).play(game) == .closed)
                #expect(await game.endings == 1)
            }
            #expect(answers.withLock { $0 } == ["\(folder)/none/a.avi: cannot write: No such file or directory", nil])
            // INIT, RESET and the call that failed come before it.
            #expect(try steps(AVI(path: folder + "/a.avi")) == [3, 4])
        }
    }

    @Test func videoEndsWithAFailure() async throws {
        try await withFolder { folder in
            try await RunningServer.with { session in
                _ = try await session.reset(calls: [.setVideoRecordingPath(folder + "/a.avi")])
                while true { _ = try await session.step(.step) }
            } body: { (_, port) async throws in
                let game = FilmedGame(failsAt: 5)
                await #expect(throws: FilmedGame.Failure.self) { try await client(port).play(game) }
                #expect(await game.endings == 1)
                #expect(try steps(AVI(path: folder + "/a.avi")) == [1, 2, 3, 4])
            }
        }
    }

    @Test func videoEndsWithACancelledTask() async throws {
        try await withFolder { folder in
            let isThinking = Mutex(false)
            try await RunningServer.with { session in
                _ = try await session.reset(calls: [.setVideoRecordingPath(folder + "/a.avi")])
                isThinking.withLock { $0 = true }
                try await Task.sleep(for: .seconds(60))
            } body: { (_, port) async throws in
                let game = FilmedGame()
                let task = Task { try await client(port).play(game) }
                while !isThinking.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
                #expect(await game.endings == 0)
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
                #expect(await game.endings == 1)
                #expect(try steps(AVI(path: folder + "/a.avi")) == [1])
            }
        }
    }

    @Test func gameWithoutAgentEndsToo() async {
        let game = FilmedGame()
        var client = LEGENTGameClient(host: "127.0.0.1", port: 0)
        client.patience = .zero
        await #expect(throws: LEGENTWireError.self) { try await client.play(game) }
        #expect(await game.endings == 1)
    }
}
