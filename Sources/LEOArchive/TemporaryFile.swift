import LEOTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The system calls a writer makes, so that tests can have a disk that is full or fails. Each returns 0 or an `errno`.
package struct FileCalls: Sendable {
    /// Gives the file of a descriptor this length, with its space on the disk reserved where the system can.
    package var allocate: @Sendable (_ descriptor: Int32, _ byteCount: Int) -> Int32
    /// Writes at an offset; returns how many bytes were taken, or a negative `errno`.
    package var write: @Sendable (_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int
    /// Waits until the file is on the disk.
    package var synchronize: @Sendable (_ descriptor: Int32) -> Int32
    package var rename: @Sendable (_ from: String, _ to: String) -> Int32
    /// Bytes free for this user on the disk of a folder, or nil where the system does not say.
    package var availableBytes: @Sendable (_ folder: String) -> Int?

    package static let system = FileCalls(
        allocate: { descriptor, byteCount in
            #if os(Linux)
            var status: Int32
            repeat { status = posix_fallocate(descriptor, 0, off_t(byteCount)) } while status == EINTR
            guard status == EOPNOTSUPP || status == ENOSYS || status == EINVAL else { return status }
            #endif
            return ftruncate(descriptor, off_t(byteCount)) == 0 ? 0 : errno
        },
        write: { descriptor, bytes, offset in
            let count = pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset))
            return count >= 0 ? count : -Int(errno)
        },
        synchronize: { fsync($0) == 0 ? 0 : errno },
        rename: { from, to in
            #if canImport(Glibc)
            return Glibc.rename(from, to) == 0 ? 0 : errno
            #elseif canImport(Musl)
            return Musl.rename(from, to) == 0 ? 0 : errno
            #else
            return Darwin.rename(from, to) == 0 ? 0 : errno
            #endif
        },
        availableBytes: { folder in
            var status = statvfs()
            // Some virtual file systems have no size at all.
            guard statvfs(folder, &status) == 0, status.f_blocks > 0 else { return nil }
            let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
            return overflow ? Int.max : Int(clamping: bytes)
        })
}

/// A file beside `finalPath` that takes its name once it is complete, and goes away with this object otherwise.
final class TemporaryFile {
    let finalPath: String
    let path: String
    private let folder: String
    private let calls: FileCalls
    private var descriptor: Int32
    /// Whether there is a temporary file to remove.
    private var exists = false
    /// The length to be, for messages about a full disk.
    private var byteCount = 0

    init(finalPath: String, calls: FileCalls) throws(ArchiveError) {
        self.finalPath = finalPath
        self.calls = calls
        guard !finalPath.isEmpty, !finalPath.utf8.contains(0) else {
            throw .file(FileError(path: finalPath, action: "create", reason: "is not a valid path"))
        }
        var status = stat()
        if stat(finalPath, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw .file(FileError(path: finalPath, action: "create", reason: isFolder ? "is a directory" : "is not a regular file"))
        }
        let slash = finalPath.lastIndex(of: "/")
        let name = slash.map { finalPath[finalPath.index(after: $0)...] } ?? finalPath[...]
        guard !name.isEmpty else { throw .file(FileError(path: finalPath, action: "create", reason: "names a directory")) }
        folder = slash.map { $0 == finalPath.startIndex ? "/" : String(finalPath[..<$0]) } ?? "."
        // A long name is cut, because names have a limit (mostly 255 bytes) that the addition must not break.
        var stem = name
        while stem.utf8.count > 200 { stem.removeLast() }
        path = "\(folder)/\(stem).\(checksumText(UInt64.random(in: 0...UInt64.max))).partial"
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            // Named by the path the caller knows; the temporary name would only puzzle.
            throw .file(FileError(path: finalPath, action: "create a file in \(folder)", code: errno))
        }
        exists = true
    }

    deinit { remove() }

    /// Reserves `byteCount` bytes, so that a full disk shows before hours of work, not after.
    func allocate(_ byteCount: Int) throws(ArchiveError) {
        self.byteCount = byteCount
        // Asked first: reserving step by step until nothing is left would starve everybody else for a moment.
        if let available = calls.availableBytes(folder), available < byteCount {
            throw .noSpace(
                path: finalPath, reason: String(cString: strerror(ENOSPC)), neededBytes: byteCount, availableBytes: available)
        }
        try check(calls.allocate(descriptor, byteCount), action: "reserve space")
    }

    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ArchiveError) {
        var done = 0
        while done < bytes.count {
            let count = calls.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[done...]), offset + done)
            if count == -Int(EINTR) { continue }
            // A write that takes nothing would be tried for ever.
            if count <= 0 { try check(count == 0 ? EIO : Int32(-count), action: "write") }
            done += count
        }
    }

    /// Brings the file to the disk and gives it its final name, replacing what was there in one step.
    func commit() throws(ArchiveError) {
        try check(calls.synchronize(descriptor), action: "write")
        let status = close(descriptor)
        descriptor = -1
        if status != 0, errno != EINTR { try check(errno, action: "write") }
        let code = calls.rename(path, finalPath)
        guard code == 0 else { throw .file(FileError(path: finalPath, action: "rename \(path) to it", code: code)) }
        exists = false
        // The new name is on the disk once its folder is; where a folder cannot be flushed, the file is whole all the same.
        let folderDescriptor = open(folder, O_RDONLY | O_CLOEXEC)
        if folderDescriptor >= 0 {
            _ = fsync(folderDescriptor)
            close(folderDescriptor)
        }
    }

    /// Closes and deletes the temporary file, if it is still there.
    func remove() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        if exists { unlink(path) }
        exists = false
    }

    private func check(_ code: Int32, action: String) throws(ArchiveError) {
        switch code {
        case 0: return
        case ENOSPC, EDQUOT, EFBIG:
            throw .noSpace(
                path: finalPath, reason: String(cString: strerror(code)), neededBytes: byteCount,
                availableBytes: calls.availableBytes(folder))
        default: throw .file(FileError(path: finalPath, action: action, code: code))
        }
    }
}
