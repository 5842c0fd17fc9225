import Foundation
import LEOScene

/// Writes a video frame by frame: Motion-JPEG in an AVI file, whatever the ending of the name says.
///
/// The frames go to `path` + ".part", which takes the name `path` when the video is finished, in place of a file of that name.
/// After every frame the partial file is a valid AVI file that only lacks its index: what a killed process leaves can be
/// played. Remains of an earlier process under the partial name are replaced; a partial file that somebody still writes to is not.
///
/// - Limits: 65500 pixels a side; 2 GiB - 1 bytes, which all readers of AVI 1.0 know how to handle
/// - Source: AVI RIFF file reference (Microsoft); JPEG by libjpeg, chroma at half the resolution
public final class MotionJPEGWriter {
    /// The most an AVI file of this kind holds: readers count in signed 32 bits.
    public static let maximumBytes = 0x7FFF_FFFF

    /// From the root, or as given where that was from the root.
    public let path: String
    /// What stands under this name until `finish()`.
    public var partialPath: String { path + ".part" }
    public let width: Int
    public let height: Int
    public private(set) var frameCount = 0
    public private(set) var isFinished = false
    /// How fast players show it; may change until it is finished.
    ///
    /// - Precondition: 1 to 1000
    public var framesPerSecond: Int { didSet { precondition((1...1000).contains(framesPerSecond), "frames per second") } }

    private let quality: Int
    private let maximumBytes: Int
    private var descriptor: Int32 = -1
    private var index = ChunkBytes()
    private var largestChunk = 0
    /// Where the next frame begins.
    private var end = AVIHeader.byteCount

    /// Begins a video without frames.
    ///
    /// - Parameters:
    ///   - path: of the file to be; from the process's folder unless it begins with "/"
    ///   - quality: libjpeg's, 1 to 100
    ///   - maximumBytes: of the finished file, cut to `Self.maximumBytes`
    /// - Throws: `.unwritable` for sides outside 1...65500, for a path under which there is something other than a regular
    ///   file, and where the system refuses
    public init(
        path: String, width: Int, height: Int, framesPerSecond: Int = 30, quality: Int = 90,
        maximumBytes: Int = MotionJPEGWriter.maximumBytes
    ) throws(ImageFileError) {
        precondition((1...1000).contains(framesPerSecond), "frames per second")
        self.path = Self.absolute(path)
        (self.width, self.height, self.framesPerSecond, self.quality) = (width, height, framesPerSecond, quality)
        self.maximumBytes = min(maximumBytes, Self.maximumBytes)
        guard (1...65500).contains(width), (1...65500).contains(height) else {
            throw .unwritable(file: path, reason: "frames have 1 to 65500 pixels a side, not \(width) x \(height)")
        }
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .unwritable(file: path, reason: "is not a valid path") }
        try refuseOthers()
        descriptor = try openPartialFile()
        do throws(ImageFileError) { try writeHeader(fileEnd: end) } catch {
            unlink(partialPath)
            throw error
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// A path from the root, as the writer names it.
    public static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    /// Adds a frame.
    ///
    /// - Throws: `.wrongFrameSize`; `.videoFull` where it has no room within `maximumBytes`; `.outOfMemory`; `.unwritable`. In
    ///   every case the video stays as it was, and can be finished
    public func append(_ image: Image) throws(ImageFileError) {
        guard descriptor >= 0 else { throw .unwritable(file: path, reason: "the video is finished") }
        guard image.width == width, image.height == height else {
            throw .wrongFrameSize(file: path, width: image.width, height: image.height, expectedWidth: width, expectedHeight: height)
        }
        let frame = try image.jpegBytes(quality: quality, name: path)
        var chunk = ChunkBytes()
        chunk.name("00dc")
        chunk.number(frame.count)
        chunk.append(frame)
        chunk.pad()
        guard end + chunk.bytes.count + 8 + index.bytes.count + 16 <= maximumBytes else {
            throw .videoFull(file: path, frames: frameCount, maximumBytes: maximumBytes)
        }
        try write(chunk.bytes, at: end)
        index.name("00dc")
        let isWhole = 0x10
        for value in [isWhole, end - AVIHeader.moviOffset, frame.count] { index.number(value) }
        largestChunk = max(largestChunk, chunk.bytes.count)
        end += chunk.bytes.count
        frameCount += 1
        try writeHeader(fileEnd: end)
    }

    /// Writes the index and gives the file its name. A video without frames is a valid file too. Later calls do nothing.
    ///
    /// - Throws: `.unwritable`; what was recorded then stays under `partialPath`
    public func finish() throws(ImageFileError) {
        guard descriptor >= 0 else { return }
        defer {
            close(descriptor)
            descriptor = -1
        }
        do throws(ImageFileError) {
            var chunk = ChunkBytes()
            chunk.name("idx1")
            chunk.number(index.bytes.count)
            chunk.append(index.bytes)
            try write(chunk.bytes, at: end)
            let fileEnd = end + chunk.bytes.count
            // A frame that could not be written whole may reach further.
            guard ftruncate(descriptor, off_t(fileEnd)) == 0 else { throw failure() }
            try writeHeader(fileEnd: fileEnd)
            try refuseOthers()
            guard rename(partialPath, path) == 0 else { throw failure() }
        } catch {
            guard case .unwritable(let file, let reason) = error else { throw error }
            throw .unwritable(file: file, reason: "\(reason); what was recorded is in \(partialPath)")
        }
        isFinished = true
    }

    // MARK: The file

    private func failure(_ code: Int32 = errno) -> ImageFileError {
        .unwritable(file: path, reason: String(cString: strerror(code)))
    }

    /// A pipe, a device or a folder keeps its place, and so does a link, whose target would not be what is replaced.
    private func refuseOthers() throws(ImageFileError) {
        if path.hasSuffix("/") { throw .unwritable(file: path, reason: "names a directory") }
        var status = stat()
        // Where the folder is missing or closed, opening says so.
        guard lstat(path, &status) == 0 else { return }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFDIR: throw .unwritable(file: path, reason: "is a directory")
        case S_IFLNK: throw .unwritable(file: path, reason: "is a symbolic link")
        default: throw .unwritable(file: path, reason: "is not a regular file")
        }
    }

    /// Opens the partial file for this writer alone, and empties it.
    private func openPartialFile() throws(ImageFileError) -> Int32 {
        for _ in 0..<100 {
            // Not to wait for the reader of a pipe, which is refused below.
            let opened = open(partialPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o666)
            guard opened >= 0 else {
                let code = errno
                switch code {
                case ELOOP: throw .unwritable(file: path, reason: "\(partialPath) is a symbolic link")
                case EISDIR: throw .unwritable(file: path, reason: "\(partialPath) is a directory")
                default: throw failure(code)
                }
            }
            do throws(ImageFileError) {
                if try claim(opened) { return opened }
            } catch {
                close(opened)
                throw error
            }
            close(opened)
        }
        throw .unwritable(file: path, reason: "\(partialPath) changes all the time")
    }

    /// - Returns: whether the file is still the one of the partial name. Another writer may have given it its final name
    ///   since it was opened; emptying it would then destroy that writer's video
    private func claim(_ opened: Int32) throws(ImageFileError) -> Bool {
        var status = stat()
        guard fstat(opened, &status) == 0 else { throw failure() }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .unwritable(file: path, reason: "\(partialPath) is not a regular file")
        }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            throw code == EWOULDBLOCK
                ? .unwritable(file: path, reason: "\(partialPath) is being written by another recording") : failure(code)
        }
        var named = stat()
        guard lstat(partialPath, &named) == 0, named.st_ino == status.st_ino, named.st_dev == status.st_dev else { return false }
        guard ftruncate(opened, 0) == 0 else { throw failure() }
        return true
    }

    private func writeHeader(fileEnd: Int) throws(ImageFileError) {
        let header = AVIHeader(
            width: width, height: height, framesPerSecond: framesPerSecond, frameCount: frameCount, largestChunk: largestChunk,
            framesEnd: end, fileEnd: fileEnd)
        try write(header.bytes, at: 0)
    }

    private func write(_ bytes: [UInt8], at offset: Int) throws(ImageFileError) {
        let code = bytes.withUnsafeBytes { bytes -> Int32 in
            var done = 0
            while done < bytes.count {
                let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
                if count < 0, errno == EINTR { continue }
                // A write that takes nothing would be tried for ever.
                if count <= 0 { return count == 0 ? EIO : errno }
                done += count
            }
            return 0
        }
        if code != 0 { throw failure(code) }
    }
}
