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

/// A file beside the one to be written that takes its name once it is complete, and goes away with this object otherwise.
package final class TemporaryFile {
    package let path: String
    /// What the caller calls the file: errors name this, because the temporary name would only puzzle.
    private let name: String
    /// Where the file is to stand.
    private let finalPath: String
    /// The folder of both.
    package let folder: String
    private let calls: FileCalls
    private var descriptor: Int32
    /// Whether there is a temporary file to remove.
    private var exists = false

    /// - Parameters:
    ///   - finalPath: where `FileTarget` leads to
    ///   - mode: permissions of the file; nil for those that new files get
    ///   - name: what errors call the file
    package init(finalPath: String, mode: mode_t?, name: String, calls: FileCalls = .system) throws(FileError) {
        self.finalPath = finalPath
        self.name = name
        self.calls = calls
        let slash = finalPath.lastIndex(of: "/")
        folder = slash.map { $0 == finalPath.startIndex ? "/" : String(finalPath[..<$0]) } ?? "."
        // A long name is cut, because names have a limit (mostly 255 bytes) that the addition must not break.
        var stem = slash.map { finalPath[finalPath.index(after: $0)...] } ?? finalPath[...]
        while stem.utf8.count > 200 { stem.removeLast() }
        let mark = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        path = "\(folder)/\(stem).\(String(repeating: "0", count: 16 - mark.count))\(mark).partial"
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileError(path: name, action: "create a file in \(folder)", code: errno) }
        exists = true
        // A file system without permissions refuses, and has none to keep.
        if let mode { _ = fchmod(descriptor, mode) }
    }

    deinit { remove() }

    /// Bytes free for this user on the disk, or nil where the system does not say.
    package var availableBytes: Int? { calls.availableBytes(folder) }

    /// Reserves `byteCount` bytes, so that a full disk shows before hours of work, not after.
    package func allocate(_ byteCount: Int) throws(FileError) {
        // Asked first: reserving step by step until nothing is left would starve everybody else for a moment.
        if let availableBytes, availableBytes < byteCount { try check(ENOSPC, action: "write") }
        try check(calls.allocate(descriptor, byteCount), action: "reserve space")
    }

    /// Writes all of `bytes` at `offset`.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let count = calls.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[done...]), offset + done)
            if count == -Int(EINTR) { continue }
            // A write that takes nothing would be tried for ever.
            if count <= 0 { try check(count == 0 ? EIO : Int32(-count), action: "write") }
            done += count
        }
    }

    /// Gives the file its final name, replacing what was there in one step.
    ///
    /// - Parameter isFlushed: waits until the file is on the disk, so that the name never stands for less than all of it, not
    ///   even after a power cut
    package func commit(isFlushed: Bool) throws(FileError) {
        if isFlushed { try check(calls.synchronize(descriptor), action: "write") }
        let status = close(descriptor)
        descriptor = -1
        if status != 0, errno != EINTR { try check(errno, action: "write") }
        try check(calls.rename(path, finalPath), action: "rename \(path) to it")
        exists = false
        guard isFlushed else { return }
        // The new name is on the disk once its folder is; where a folder cannot be flushed, the file is whole all the same.
        let folderDescriptor = open(folder, O_RDONLY | O_CLOEXEC)
        if folderDescriptor >= 0 {
            _ = fsync(folderDescriptor)
            close(folderDescriptor)
        }
    }

    /// Closes and deletes the temporary file, if it is still there.
    package func remove() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        if exists { unlink(path) }
        exists = false
    }

    private func check(_ code: Int32, action: String) throws(FileError) {
        if code != 0 { throw FileError(path: name, action: action, code: code) }
    }
}
