#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file mapped read-only into memory. Opening it reads nothing.
public final class MappedFile: @unchecked Sendable {
    public let path: String
    public let byteCount: Int
    private let base: UnsafeMutableRawPointer?

    /// - Parameter largePages: asks the system for large pages, where kernel and file system have them for files. For a file that is
    ///   read as a whole, over and over.
    /// - Throws: `FileError` that names the path and the reason.
    public init(path: String, largePages: Bool = false) throws(FileError) {
        // Not to wait for the writer of a pipe, which is refused below.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(path: path, action: "open", code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(path: path, action: "open", code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(path: path, action: "open", reason: status.st_mode & S_IFMT == S_IFDIR ? "is a directory" : "is not a regular file")
        }
        guard !path.utf8.contains(0) else { throw FileError(path: path, action: "open", reason: "the path holds a zero byte") }
        self.path = path
        byteCount = Int(status.st_size)
        guard byteCount > 0 else {
            base = nil
            return
        }
        guard let memory = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), memory != MAP_FAILED else {
            throw FileError(path: path, action: "map", code: errno)
        }
        base = memory
        #if os(Linux)
        // A wish: where it cannot be had, pages are small.
        if largePages { _ = madvise(memory, byteCount, MADV_HUGEPAGE) }
        #endif
    }

    deinit {
        if let base { munmap(base, byteCount) }
    }

    /// A copy of a whole, small file.
    public static func contents(of path: String) throws(FileError) -> [UInt8] {
        let file = try MappedFile(path: path)
        defer { withExtendedLifetime(file) {} }
        return Array(file.bytes)
    }

    /// All bytes; valid only while the file object is alive, so hold it with `withExtendedLifetime`.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }

    /// Tells the system that `range` is not needed soon, so that streaming through a large file keeps memory small.
    public func release(_ range: Range<Int>) {
        guard let base else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let first = (range.lowerBound + page - 1) / page * page
        let last = min(range.upperBound, byteCount) / page * page
        if last > first { madvise(base + first, last - first, MADV_DONTNEED) }
    }

    /// A tensor that borrows bytes of this file, or nil where it does not fit.
    package func tensor(elementType: ElementType, shape: [Int], byteOffset: Int) -> Tensor? {
        guard let count = elementCount(of: shape), byteOffset >= 0,
            case let (length, overflow) = count.multipliedReportingOverflow(by: elementType.byteCount), !overflow,
            case let (end, pastEnd) = byteOffset.addingReportingOverflow(length), !pastEnd, end <= byteCount
        else { return nil }
        guard let base else { return Tensor(elementType: elementType, shape: shape) { _ in } }
        let storage = TensorStorage(base: UnsafeRawPointer(base), byteCount: byteCount, owner: self)
        return Tensor(elementType: elementType, shape: shape, storage: storage, byteOffset: byteOffset)
    }
}

/// A file that could not be used: which, what was tried, and why.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    public let path: String
    public let action: String
    public let reason: String
    /// The `errno` value, where the system refused.
    package private(set) var code: Int32?

    public init(path: String, action: String, reason: String) {
        self.path = path
        self.action = action
        self.reason = reason
    }

    /// The reason is the system's text for `code` (an `errno` value).
    public init(path: String, action: String, code: Int32) {
        self.init(path: path, action: action, reason: String(cString: strerror(code)))
        self.code = code
    }

    public var description: String { "\(path): \(explanation)" }

    /// All but the path, for errors that name it themselves.
    package var explanation: String { "cannot \(action): \(reason)" }
}
