#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Writes a whole file under a temporary name beside it and renames that, so that a killed run leaves nothing incomplete
/// under the final name. A file that was there is replaced and its permissions are kept; a device, pipe or socket is
/// written into.
///
/// - Parameters:
///   - makesFolders: makes the folders above the file where they are missing
///   - calls: what a test puts in place of the system
/// - Errors: `FileError`; nothing is left behind
package func writeAtomically(
    _ bytes: [UInt8], to path: String, makesFolders: Bool = false, calls: FileCalls = .system
) throws(FileError) {
    if makesFolders, let slash = path.lastIndex(of: "/"), slash > path.startIndex { try makeFolder(String(path[..<slash])) }
    let result: Result<Void, FileError>
    switch try FileTarget(path) {
    case .file(let place, let mode):
        let file = try TemporaryFile(finalPath: place, mode: mode, name: path, calls: calls)
        result = bytes.withUnsafeBytes { bytes in
            Result { () throws(FileError) in
                try file.write(bytes, at: 0)
                try file.commit(isFlushed: false)
            }
        }
    case .special:
        // Not created: what goes away before it is opened must not come back as a file.
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw FileError(path: path, action: "write", code: errno) }
        let code = writeAll(bytes, to: descriptor)
        let status = close(descriptor)
        let failure = code != 0 ? code : status != 0 && errno != EINTR ? errno : 0
        result = failure == 0 ? .success(()) : .failure(FileError(path: path, action: "write", code: failure))
    case .descriptor(let descriptor):
        let code = writeAll(bytes, to: descriptor)
        result = code == 0 ? .success(()) : .failure(FileError(path: path, action: "write", code: code))
    }
    try result.get()
}

/// Makes a folder and those above it, where they are missing.
///
/// - Errors: `FileError` that names the folder at fault
package func makeFolder(_ path: String) throws(FileError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
        throw FileError(path: path, action: "make the folder", reason: "is not a valid path")
    }
    var path = path[...]
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    // Another program may make it at the same moment, so existing afterwards is as good.
    if mkdir(String(path), 0o777) == 0 { return }
    var code = errno
    if code == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
        try makeFolder(String(path[..<slash]))
        if mkdir(String(path), 0o777) == 0 { return }
        code = errno
    }
    var status = stat()
    if stat(String(path), &status) == 0 {
        if status.st_mode & S_IFMT == S_IFDIR { return }
        throw FileError(path: String(path), action: "make the folder", reason: "is a file, not a folder")
    }
    if code == ENOTDIR, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
        // The file is further up.
        try makeFolder(String(path[..<slash]))
    }
    throw FileError(path: String(path), action: "make the folder", code: code)
}

/// Writes every byte to a descriptor; returns 0 or an `errno`.
package func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    var done = 0
    while done < bytes.count {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done) }
        if count > 0 {
            done += count
        } else if count == 0 {
            return EIO
        } else if errno == EAGAIN {
            // A pipe that its other end made non-blocking: wait for room.
            var place = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = poll(&place, 1, -1)
        } else if errno != EINTR {
            return errno
        }
    }
    return 0
}

/// Names of what a folder holds, hidden ones too, in the order of their bytes.
///
/// - Errors: `FileError`
package func folderNames(_ path: String) throws(FileError) -> [String] {
    guard let folder = opendir(path) else { throw FileError(path: path, action: "list the folder", code: errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while true {
        // The end and a failure look alike but for this.
        errno = 0
        guard let entry = readdir(folder) else { break }
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw FileError(path: path, action: "list the folder", code: errno) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}
