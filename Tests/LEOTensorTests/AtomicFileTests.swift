import Foundation
import LEOTensor
import TestSupport
import Testing

/// Whatever stands under a name before, only a regular file is ever replaced.
@Suite struct AtomicFileTests {
    static let new = Array("new\n".utf8)

    private func names(_ folder: String) throws -> [String] { try folderNames(folder) }
    private func text(_ path: String) throws -> String { String(decoding: try MappedFile.contents(of: path), as: UTF8.self) }

    private func kind(_ path: String) throws -> mode_t {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return status.st_mode & S_IFMT
    }

    private func failure(_ path: String, makesFolders: Bool = false, calls: FileCalls = .system) -> String {
        let error = #expect(throws: FileError.self) {
            try writeAtomically(Self.new, to: path, makesFolders: makesFolders, calls: calls)
        }
        return error?.description ?? ""
    }

    // MARK: Regular files

    @Test func newFilesGetTheUsualMode() throws {
        try withTemporaryFolder { folder throws in
            try writeAtomically(Self.new, to: folder + "/new")
            try writeAtomically([], to: folder + "/empty")
            #expect(try text(folder + "/new") == "new\n")
            #expect(try names(folder) == ["empty", "new"])
            let descriptor = open(folder + "/reference", O_WRONLY | O_CREAT, 0o666)
            close(descriptor)
            var (made, reference) = (stat(), stat())
            #expect(stat(folder + "/new", &made) == 0 && stat(folder + "/reference", &reference) == 0)
            #expect(made.st_mode == reference.st_mode)
        }
    }

    @Test(arguments: [0o600, 0o755, 0o640] as [mode_t]) func replacedFilesKeepTheirMode(mode: mode_t) throws {
        try withTemporaryFolder { folder throws in
            try writeAtomically(Array("old and longer\n".utf8), to: folder + "/file")
            #expect(chmod(folder + "/file", mode) == 0)
            let reader = try MappedFile(path: folder + "/file")
            try writeAtomically(Self.new, to: folder + "/file")
            #expect(try text(folder + "/file") == "new\n")
            // A reader of the old file still has all of it.
            #expect(Array(reader.bytes) == Array("old and longer\n".utf8))
            var status = stat()
            #expect(stat(folder + "/file", &status) == 0 && status.st_mode & 0o777 == mode)
            #expect(try names(folder) == ["file"])
        }
    }

    @Test(arguments: [ENOSPC, EDQUOT, EIO]) func failuresLeaveTheOldFileAndNothingElse(code: Int32) throws {
        try withTemporaryFolder { folder throws in
            try writeAtomically(Array("old".utf8), to: folder + "/file")
            var write = FileCalls.system
            write.write = { _, _, _ in -Int(code) }
            var rename = FileCalls.system
            rename.rename = { _, _ in code }
            for calls in [write, rename] {
                let message = failure(folder + "/file", calls: calls)
                #expect(message.hasPrefix(folder + "/file: cannot ") && message.hasSuffix(String(cString: strerror(code))), "\(message)")
                #expect(failure(folder + "/other", calls: calls).hasPrefix(folder + "/other: cannot "))
                #expect(try names(folder) == ["file"])
                #expect(try text(folder + "/file") == "old")
            }
        }
    }

    @Test func placesThatCannotBeWrittenAreNamed() throws {
        try withTemporaryFolder { folder throws in
            try writeAtomically(Array("old".utf8), to: folder + "/file")
            #expect(failure(folder) == "\(folder): cannot write: is a directory")
            #expect(failure(folder + "/absent/") == "\(folder)/absent/: cannot write: names a directory")
            #expect(failure(folder + "/absent/a") == "\(folder)/absent/a: cannot create a file in \(folder)/absent: No such file or directory")
            #expect(failure(folder + "/file/a") == "\(folder)/file/a: cannot write: Not a directory")
            #expect(failure("") == ": cannot write: is not a valid path")
            #expect(failure(folder + "/a\u{0}b").hasSuffix("is not a valid path"))
            #expect(failure(folder + "/file/a/b", makesFolders: true) == "\(folder)/file: cannot make the folder: is a file, not a folder")
            #expect(try names(folder) == ["file"])
        }
    }

    /// The superuser may write everything.
    @Test(.enabled(if: geteuid() != 0, "runs as the superuser, whom no permission stops"))
    func permissionsAreRespected() throws {
        try withTemporaryFolder { folder throws in
            try writeAtomically(Array("old".utf8), to: folder + "/file")
            #expect(chmod(folder + "/file", 0o444) == 0)
            #expect(failure(folder + "/file") == "\(folder)/file: cannot write: Permission denied")
            #expect(try text(folder + "/file") == "old")
            #expect(chmod(folder, 0o555) == 0)
            defer { chmod(folder, 0o755) }
            #expect(failure(folder + "/new") == "\(folder)/new: cannot create a file in \(folder): Permission denied")
        }
    }

    @Test func missingFoldersAreMade() throws {
        try withTemporaryFolder { folder throws in
            try writeAtomically(Self.new, to: folder + "/a/b//c/file", makesFolders: true)
            #expect(try text(folder + "/a/b/c/file") == "new\n")
            try makeFolder(folder + "/a/b/")
            try makeFolder(folder + "/d/")
            #expect(try names(folder) == ["a", "d"])
            #expect(symlink("absent", folder + "/e") == 0)
            #expect(throws: FileError.self) { try makeFolder(folder + "/e") }
            #expect(throws: FileError.self) { try makeFolder("") }
        }
    }

    @Test func foldersAreListedWholeAndInOrder() throws {
        try withTemporaryFolder { folder throws in
            for name in ["b", ".hidden", "é", "B", "a b"] { try writeAtomically([], to: folder + "/" + name) }
            #expect(try folderNames(folder) == [".hidden", "B", "a b", "b", "é"])
            #expect(throws: FileError(path: folder + "/b", action: "list the folder", code: ENOTDIR)) { try folderNames(folder + "/b") }
        }
    }

    // MARK: Links

    @Test func linksGoOnPointing() throws {
        try withTemporaryFolder { folder throws in
            try makeFolder(folder + "/inner")
            try writeAtomically(Array("old".utf8), to: folder + "/inner/file")
            #expect(symlink("inner/file", folder + "/relative") == 0)
            #expect(symlink(folder + "/relative", folder + "/absolute") == 0)
            #expect(symlink("inner/made", folder + "/dangling") == 0)
            #expect(symlink("inner", folder + "/folder") == 0)
            for link in ["relative", "absolute"] {
                let bytes = Array("through \(link)".utf8)
                try writeAtomically(bytes, to: folder + "/" + link)
                #expect(try text(folder + "/inner/file") == "through \(link)")
            }
            try writeAtomically(Self.new, to: folder + "/dangling")
            #expect(try text(folder + "/inner/made") == "new\n")
            #expect(failure(folder + "/folder") == "\(folder)/folder: cannot write: is a directory")
            for link in ["relative", "absolute", "dangling", "folder"] { #expect(try kind(folder + "/" + link) == S_IFLNK, "\(link)") }
            #expect(try names(folder + "/inner") == ["file", "made"])
        }
    }

    @Test func circlesOfLinksAreRefused() throws {
        try withTemporaryFolder { folder throws in
            #expect(symlink("b", folder + "/a") == 0 && symlink("a", folder + "/b") == 0)
            #expect(failure(folder + "/a") == "\(folder)/a: cannot write: \(String(cString: strerror(ELOOP)))")
            #expect(try kind(folder + "/a") == S_IFLNK)
        }
    }

    // MARK: What is no file

    @Test(arguments: [false, true]) func pipesAreWrittenInto(byLink: Bool) throws {
        try withTemporaryFolder { folder throws in
            let pipe = folder + "/pipe"
            try #require(mkfifo(pipe, 0o600) == 0)
            #expect(symlink("pipe", folder + "/link") == 0)
            // Both ends, so that neither waits for the other.
            let reader = open(pipe, O_RDWR | O_NONBLOCK)
            try #require(reader >= 0)
            defer { close(reader) }
            try writeAtomically(Self.new, to: folder + (byLink ? "/link" : "/pipe"))
            var buffer = [UInt8](repeating: 0, count: 16)
            let count = read(reader, &buffer, buffer.count)
            #expect(count == 4 && Array(buffer.prefix(4)) == Self.new)
            #expect(try kind(pipe) == S_IFIFO && kind(folder + "/link") == S_IFLNK)
            #expect(try names(folder) == ["link", "pipe"])
        }
    }

    @Test func socketsStayAndAreNamed() throws {
        // Names of sockets are short.
        let path = "/tmp/leo-\(UInt32.random(in: 0...UInt32.max))"
        #if os(Linux)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        try #require(descriptor >= 0)
        defer {
            close(descriptor)
            unlink(path)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        try #require(status == 0)
        #expect(failure(path).hasPrefix("\(path): cannot write: "))
        #expect(try kind(path) == S_IFSOCK)
    }

    /// A file behind a descriptor is gone on with, never replaced: others may have written to it.
    @Test(arguments: ["/dev/fd/", "/proc/self/fd/"]) func descriptorsAreWrittenInto(folderOfDescriptors: String) throws {
        guard FileManager.default.fileExists(atPath: folderOfDescriptors) else { return }
        try withTemporaryFolder { folder throws in
            let file = folder + "/file"
            let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            try #require(descriptor >= 0)
            defer { close(descriptor) }
            #expect(writeAll(Array("before\n".utf8), to: descriptor) == 0)
            #expect(symlink("\(folderOfDescriptors)\(descriptor)", folder + "/link") == 0)
            try writeAtomically(Self.new, to: "\(folderOfDescriptors)\(descriptor)")
            try writeAtomically(Self.new, to: folder + "/link")
            #expect(writeAll(Array("after\n".utf8), to: descriptor) == 0)
            #expect(try text(file) == "before\nnew\nnew\nafter\n")
            #expect(try names(folder) == ["file", "link"])
            let number = open(folder, O_RDONLY | O_CLOEXEC)
            defer { close(number) }
            #expect(failure("\(folderOfDescriptors)\(number)").hasSuffix(String(cString: strerror(EBADF))))
        }
    }
}
