#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Bytes that can be read at any offset: a region of a file, a zip entry, or memory.
protocol ByteSource: AnyObject, Sendable {
    var byteCount: Int { get }
    /// Verifies checksums once, without memory that depends on the size.
    func prepare() throws
    /// Fills `target` from `offset`. The caller stays within `byteCount`.
    func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws
}

extension ByteSource {
    func prepare() throws {}

    /// `count` bytes from `offset`; both were checked against `byteCount`.
    func bytes(at offset: Int = 0, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            try read(
                at: offset,
                into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[..<count]))
            initialized = count
        }
    }
}

/// A regular file read with `pread`: unlike a mapping, a file that shrinks or a failing disk gives an error, not a signal.
final class CheckpointFile: ByteSource {
    let path: String
    let byteCount: Int
    private let descriptor: Int32

    init(path: String) throws {
        // Without O_NONBLOCK opening a pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw CheckpointError.unreadable(file: path, reason: String(cString: strerror(errno)))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let size = Int(exactly: status.st_size)
        else {
            close(descriptor)
            throw CheckpointError.unreadable(file: path, reason: "not a regular file")
        }
        self.path = path
        self.descriptor = descriptor
        byteCount = size
    }

    deinit { close(descriptor) }

    func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws {
        var done = 0
        while done < target.count, let base = target.baseAddress {
            // Some systems refuse or cut single reads of 2 GiB and more.
            let count = pread(descriptor, base + done, min(target.count - done, 1 << 30), off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 {
                throw CheckpointError.unreadable(
                    file: path, reason: "ends at byte \(offset + done); it was longer when opened")
            } else if errno != EINTR {
                throw CheckpointError.unreadable(file: path, reason: String(cString: strerror(errno)))
            }
        }
    }
}

/// Part of a file.
final class FileRegion: ByteSource {
    let file: CheckpointFile
    let start: Int
    let byteCount: Int

    /// The caller has checked that the region lies within the file.
    init(file: CheckpointFile, start: Int, byteCount: Int) {
        self.file = file
        self.start = start
        self.byteCount = byteCount
    }

    func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws {
        try file.read(at: start + offset, into: target)
    }
}

/// Bytes in memory, or a part of them.
final class MemoryBytes: ByteSource {
    let bytes: [UInt8]
    let range: Range<Int>

    init(_ bytes: [UInt8], range: Range<Int>? = nil) {
        self.bytes = bytes
        self.range = range ?? 0..<bytes.count
    }

    var byteCount: Int { range.count }

    func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws {
        bytes.withUnsafeBytes { all in
            let first = range.lowerBound + offset
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: all[first..<first + target.count]))
        }
    }
}
