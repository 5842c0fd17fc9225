import Foundation
import LEOImageIO
import LEOScene

/// Records what an agent sees, as LEGENT's call `SetVideoRecordingPath` asks: a game's help with that call.
///
/// The call begins a video at its path, with the view that answers it as the first frame; every later observation adds its view. It
/// ends with a call that has an empty path or a folder's path (the toolkit makes the process's folder of an empty one), with a
/// call for another path, which begins the next video, and when the game says so. A call for the path that is being recorded changes
/// nothing. What goes wrong with a frame ends the video, never the game.
///
/// A step without teleporting is one frame of the game, shown for 1/30 s. A step with it may be two metres or a quarter turn, so
/// a video that holds one shows every frame for half a second.
///
/// The file is Motion-JPEG in AVI whatever its name: see `MotionJPEGWriter`.
public final class LEGENTVideoRecorder: @unchecked Sendable {
    public static let framesPerSecond = 30
    public static let leapsPerSecond = 2

    private let maximumBytes: Int
    private let notice: @Sendable (String) -> Void
    private let lock = NSLock()
    private var writer: MotionJPEGWriter?

    /// - Parameters:
    ///   - maximumBytes: of a video
    ///   - notice: told what goes wrong outside calls, and that a video ended early
    public init(maximumBytes: Int = MotionJPEGWriter.maximumBytes, notice: @escaping @Sendable (String) -> Void) {
        self.maximumBytes = maximumBytes
        self.notice = notice
    }

    deinit { finish() }

    public var isRecording: Bool { lock.withLock { writer != nil } }

    /// What the call asks for.
    ///
    /// - Parameters: size of the views to come
    /// - Throws: what keeps a video from beginning or, where the call only ends one, from being finished
    public func setPath(_ path: String, width: Int, height: Int) throws(ImageFileError) {
        lock.lock()
        defer { lock.unlock() }
        let isEnd = path.isEmpty || (writer != nil && Self.isFolder(path))
        if isEnd {
            let ended = writer
            writer = nil
            try ended?.finish()
        } else if writer?.path != MotionJPEGWriter.absolute(path) {
            finishLocked()
            writer = try MotionJPEGWriter(
                path: path, width: width, height: height, framesPerSecond: Self.framesPerSecond, maximumBytes: maximumBytes)
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// Adds a view, if a video is being recorded.
    ///
    /// - Parameter isLeap: whether the agent teleported to it
    public func add(_ view: Image, isLeap: Bool) {
        lock.withLock {
            guard let writer else { return }
            if isLeap { writer.framesPerSecond = Self.leapsPerSecond }
            do { try writer.append(view) } catch {
                notice("video ends: \(error)")
                finishLocked()
            }
        }
    }

    /// Ends the video, if one is being recorded.
    public func finish() { lock.withLock { finishLocked() } }

    private func finishLocked() {
        guard let ended = writer else { return }
        writer = nil
        do { try ended.finish() } catch { notice("video: \(error)") }
    }
}
