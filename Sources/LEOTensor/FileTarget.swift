#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What stands where a file is to be written.
///
/// A file is replaced as a whole, by another one that takes its name. Whatever else has a name must keep it: a device, pipe
/// or socket is written into, and a symbolic link goes on pointing at its file.
package enum FileTarget: Equatable, Sendable {
    /// A regular file, or nothing yet. `path` is where symbolic links lead; `mode` has the permissions of an existing file.
    case file(path: String, mode: mode_t?)
    /// A device, pipe or socket.
    case special
    /// What this program has open under a number, such as `/dev/stdout`.
    case descriptor(Int32)

    /// - Parameter action: what errors say cannot be done
    /// - Errors: `FileError` for a directory, a file that may not be written, and a path that leads nowhere
    package init(_ path: String, action: String = "write") throws(FileError) {
        func failure(_ reason: String) -> FileError { FileError(path: path, action: action, reason: reason) }
        guard !path.isEmpty, !path.utf8.contains(0) else { throw failure("is not a valid path") }
        var status = stat()
        // As many links as the system itself follows.
        var place = path
        for _ in 0..<40 {
            // Before the system is asked: a file behind standard output must not be replaced under whoever else writes it.
            if let number = Self.descriptor(named: place) {
                self = .descriptor(number)
                return
            }
            if lstat(place, &status) != 0 {
                guard errno == ENOENT else { throw FileError(path: path, action: action, code: errno) }
                guard !place.hasSuffix("/") else { throw failure("names a directory") }
                self = .file(path: place, mode: nil)
                return
            }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: throw failure("is a directory")
            case S_IFREG:
                guard access(place, W_OK) == 0 else { throw FileError(path: path, action: action, code: errno) }
                self = .file(path: place, mode: status.st_mode & 0o777)
                return
            case S_IFLNK:
                guard let next = Self.destination(of: place) else { throw FileError(path: path, action: action, code: errno) }
                var end = stat()
                if lstat(next, &end) != 0, stat(place, &status) == 0, Self.descriptor(named: next) == nil {
                    // A link of /proc, whose text is no path.
                    self = .special
                    return
                }
                place = next
            default:
                self = .special
                return
            }
        }
        throw FileError(path: path, action: action, code: ELOOP)
    }

    /// Where a symbolic link points; nil where that cannot be read, which `errno` explains.
    private static func destination(of link: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(link, &buffer, buffer.count)
        guard count >= 0 else { return nil }
        let target = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard !target.hasPrefix("/"), let slash = link.lastIndex(of: "/") else { return target }
        return link[...slash] + target
    }

    /// The number in a name of a descriptor of this program.
    private static func descriptor(named path: String) -> Int32? {
        switch path {
        case "/dev/stdin": return STDIN_FILENO
        case "/dev/stdout": return STDOUT_FILENO
        case "/dev/stderr": return STDERR_FILENO
        default:
            for folder in ["/dev/fd/", "/proc/self/fd/", "/proc/\(getpid())/fd/"] where path.hasPrefix(folder) {
                let digits = path.dropFirst(folder.count)
                // Int32 would take a sign.
                if digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) { return Int32(digits) }
            }
            return nil
        }
    }
}
