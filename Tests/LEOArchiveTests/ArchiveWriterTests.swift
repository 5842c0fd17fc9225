import Foundation
import LEOArchive
import LEOTensor
import TestSupport
import Testing

@Suite struct ArchiveWriterTests {
    private static let one = [TensorSpecification(name: "t", elementType: .u8, shape: [10_000])]

    @Test func finalNameAppearsAtTheEnd() throws {
        try withTemporaryFolder { folder throws in
            let path = folder + "/model.leo"
            let writer = try ArchiveWriter(path: path, configuration: "{}", tensors: Self.one)
            let temporary = writer.temporaryPath
            #expect(temporary.hasPrefix(path))
            #expect(try fileNames(in: folder) == [URL(fileURLWithPath: temporary).lastPathComponent])
            #expect(try contents(of: temporary).count == writer.byteCount)
            // What is there so far has no header, so that nobody takes it for a model.
            #expect(throws: ArchiveError.self) { try Archive(path: temporary) }
            try writer.append([UInt8](repeating: 1, count: 10_000), to: "t")
            #expect(!FileManager.default.fileExists(atPath: path))
            try writer.finish()
            #expect(try fileNames(in: folder) == ["model.leo"])
            #expect(try Archive(path: path).byteCount == writer.byteCount)
        }
    }

    @Test func existingFileStaysUntilTheEnd() throws {
        try withTemporaryFolder { folder throws in
            let path = folder + "/model.leo"
            let fingerprint = try writeSample(to: path)
            let open = try Archive(path: path)
            do {
                let writer = try ArchiveWriter(path: path, configuration: "{}", tensors: Self.one)
                try writer.append([1, 2, 3] as [UInt8], to: "t")
                #expect(try Archive(path: path).fingerprint == fingerprint)
            }
            #expect(try fileNames(in: folder) == ["model.leo"])
            #expect(try Archive(path: path).fingerprint == fingerprint)

            let writer = try ArchiveWriter(path: path, configuration: "{}", tensors: Self.one)
            try writer.append([UInt8](repeating: 1, count: 10_000), to: "t")
            try writer.finish()
            #expect(try Archive(path: path).fingerprint != fingerprint)
            // Who had the former file open keeps it whole.
            try open.verify()
        }
    }

    @Test func abandonedAndCancelledWritersLeaveNothing() throws {
        try withTemporaryFolder { folder throws in
            let path = folder + "/model.leo"
            do { _ = try ArchiveWriter(path: path, configuration: "{}", tensors: Self.one) }
            #expect(try fileNames(in: folder).isEmpty)
            let writer = try ArchiveWriter(path: path, configuration: "{}", tensors: Self.one)
            writer.cancel()
            #expect(try fileNames(in: folder).isEmpty)
            #expect(throws: ArchiveError.self) { try writer.append([1] as [UInt8], to: "t") }
            #expect(throws: ArchiveError.self) { try writer.finish() }
            #expect(try fileNames(in: folder).isEmpty)
        }
    }

    @Test func errorOfTheCallerLeavesNothing() throws {
        struct Broken: Error {}
        try withTemporaryFolder { folder throws in
            let path = folder + "/model.leo"
            #expect(throws: Broken.self) {
                let writer = try ArchiveWriter(path: path, configuration: "{}", tensors: Self.one)
                try writer.write("t") { sink in
                    try sink.append([1] as [UInt8])
                    throw Broken()
                }
            }
            #expect(try fileNames(in: folder).isEmpty)
        }
    }

    @Test func tensorsMayTakeTurnsInAnyOrder() throws {
        try withTemporaryFolder { folder throws in
            let path = folder + "/model.leo"
            let tensors = ["a", "b", "c"].map { TensorSpecification(name: $0, elementType: .i32, shape: [1000]) }
            let writer = try ArchiveWriter(path: path, configuration: "{}", tensors: tensors)
            for start in stride(from: 0, to: 1000, by: 100) {
                for (place, name) in ["c", "a", "b"].enumerated() {
                    try writer.append((start..<start + 100).map { Int32($0 + place) }, to: name)
                }
            }
            try writer.finish()
            let archive = try Archive(path: path)
            try archive.verify()
            #expect(archive.tensors.map { $0.tensor.integers()[999] } == [1000, 1001, 999])
        }
    }

    @Test func wrongAmountsAndNamesAreRefused() throws {
        try withTemporaryFolder { folder throws in
            func failure(_ body: (ArchiveWriter) throws -> Void) throws -> String {
                let writer = try ArchiveWriter(path: folder + "/model.leo", configuration: "{}", tensors: Self.one)
                let error = #expect(throws: ArchiveError.self) { try body(writer) }
                #expect(throws: ArchiveError.self) { try writer.finish() }
                #expect(try fileNames(in: folder).isEmpty)
                return error?.description ?? ""
            }
            let bytes = [UInt8](repeating: 0, count: 10_001)
            #expect(try failure { try $0.append(bytes, to: "t") }.contains(": t: expected 10000 bytes for [10000] u8 rows"))
            #expect(try failure { try $0.append([0] as [UInt8], to: "u") }.contains("a name in the table"))
            #expect(try failure { try $0.write("t") { try $0.append([0] as [UInt8]) } }.hasSuffix("found 1"))
            #expect(try failure { _ = try $0.finish() }.hasSuffix("found 0"))
            #expect(try failure { try $0.write("t", tensor: Tensor([1] as [Float], shape: [1])) }.contains("found [1] f32"))
        }
    }

    @Test func badTablesAreRefusedBeforeAnythingIsMade() throws {
        try withTemporaryFolder { folder throws in
            func failure(
                _ tensors: [TensorSpecification], configuration: String = "{}", base: ArchiveBase? = nil
            ) throws -> String {
                let error = #expect(throws: ArchiveError.self) {
                    try ArchiveWriter(path: folder + "/m.leo", configuration: configuration, base: base, tensors: tensors)
                }
                #expect(try fileNames(in: folder).isEmpty)
                return error?.description ?? ""
            }
            func tensor(_ name: String, _ shape: [Int], _ layout: TensorLayout = .rows) -> TensorSpecification {
                TensorSpecification(name: name, elementType: .f32, shape: shape, layout: layout)
            }
            #expect(try failure([tensor("a", []), tensor("a", [])]).contains("tensors[1].name"))
            #expect(try failure([tensor("", [])]).contains("tensors[0].name"))
            #expect(try failure([tensor("a b", [])]).contains("tensors[0].name"))
            #expect(try failure([tensor("a", [-1])]).contains("a: shape"))
            #expect(try failure([tensor("a", [.max, 2])]).contains("a: shape"))
            #expect(try failure([tensor("a", [.max / 4])]).contains("a: offset"))
            #expect(try failure([tensor("a", [3], .nk16)]).contains("[n, k] for layout nk16"))
            #expect(try failure([tensor("a", [3, 5], .n64k4)]).contains("a: elementType: expected u8 for layout n64k4"))
            #expect(try failure([], configuration: "[]").contains("configuration"))
            #expect(try failure([], configuration: "{} {}").contains("configuration, byte 3"))
            #expect(try failure([], configuration: "").contains("configuration, byte 0"))
            #expect(try failure([], base: ArchiveBase(name: "b", fingerprint: "x")).contains("base.fingerprint"))
        }
    }

    @Test func placesThatCannotBeWrittenAreNamed() throws {
        try withTemporaryFolder { folder throws in
            func failure(_ path: String) -> String {
                let error = #expect(throws: ArchiveError.self) { try ArchiveWriter(path: path, configuration: "{}", tensors: []) }
                return error?.description ?? ""
            }
            #expect(failure(folder) == "\(folder): cannot create: is a directory")
            #expect(failure(folder + "/absent/").contains("names a directory"))
            #expect(failure(folder + "/absent/m.leo").contains("\(folder)/absent: No such file or directory"))
            #expect(failure("/dev/null") == "/dev/null: cannot create: is not a regular file")
            #expect(failure("").contains("not a valid path"))
            #expect(failure(folder + "/a\u{0}b").contains("not a valid path"))
            #expect(failure("/proc/m.leo").contains("/proc/m.leo: cannot create a file in /proc: "))
            #expect(try fileNames(in: folder).isEmpty)
        }
    }

    @Test func longNamesHaveATemporaryName() throws {
        try withTemporaryFolder { folder throws in
            let path = folder + "/" + String(repeating: "é", count: 120) + ".leo"
            try ArchiveWriter(path: path, configuration: "{}", tensors: []).finish()
            try Archive(path: path).verify()
        }
    }

    // MARK: Failing disks

    /// Asks for more than the disk has; that must be refused before any of it is taken.
    @Test func realDiskThatIsTooSmallIsRefusedAtOnce() throws {
        try withTemporaryFolder { folder throws in
            let path = folder + "/model.leo"
            let tensors = [TensorSpecification(name: "t", elementType: .u8, shape: [1 << 60])]
            let error = #expect(throws: ArchiveError.self) {
                try ArchiveWriter(path: path, configuration: "{}", tensors: tensors)
            }
            guard case .noSpace(path, _, let needed, let available?) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(needed == 1 << 60 + 4096)
            #expect(available < needed)
            #expect(error?.description.contains("needs 1152921504606851072 bytes, \(available) bytes available") == true)
            #expect(try fileNames(in: folder).isEmpty)
        }
    }

    @Test(arguments: [ENOSPC, EDQUOT, EFBIG, EIO]) func failureToReserveLeavesNothing(code: Int32) throws {
        try withTemporaryFolder { folder throws in
            var calls = FileCalls.system
            calls.allocate = { _, _ in code }
            let error = #expect(throws: ArchiveError.self) {
                try ArchiveWriter(path: folder + "/m.leo", configuration: "{}", tensors: Self.one, calls: calls)
            }
            #expect(error?.description.contains(String(cString: strerror(code))) == true)
            #expect(error?.description.contains("needs 16384 bytes") == (code != EIO))
            #expect(try fileNames(in: folder).isEmpty)
        }
    }

    @Test(arguments: [ENOSPC, EIO]) func failureToWriteLeavesNothing(code: Int32) throws {
        try withTemporaryFolder { folder throws in
            _ = try writeSample(to: folder + "/m.leo")
            let before = try contents(of: folder + "/m.leo")
            // The data starts at byte 4096; the header, written last, at 0.
            for bad in [4096, 4096 + 9000, 0] {
                var calls = FileCalls.system
                let write = calls.write
                calls.write = { descriptor, bytes, offset in
                    (offset..<offset + bytes.count).contains(bad) ? -Int(code) : write(descriptor, bytes, offset)
                }
                let writer = try ArchiveWriter(path: folder + "/m.leo", configuration: "{}", tensors: Self.one, calls: calls)
                let error = #expect(throws: ArchiveError.self) {
                    for _ in 0..<10 { try writer.append([UInt8](repeating: 1, count: 1000), to: "t") }
                    try writer.finish()
                }
                #expect(error?.description.hasPrefix("\(folder)/m.leo: cannot write: \(String(cString: strerror(code)))") == true)
                #expect(throws: ArchiveError.self) { try writer.finish() }
                #expect(try fileNames(in: folder) == ["m.leo"])
                #expect(try contents(of: folder + "/m.leo") == before)
            }
        }
    }

    @Test func failureToFlushOrRenameLeavesNothing() throws {
        try withTemporaryFolder { folder throws in
            var flush = FileCalls.system
            flush.synchronize = { _ in EIO }
            var rename = FileCalls.system
            rename.rename = { _, _ in EACCES }
            for calls in [flush, rename] {
                let writer = try ArchiveWriter(path: folder + "/m.leo", configuration: "{}", tensors: [], calls: calls)
                #expect(throws: ArchiveError.self) { try writer.finish() }
                #expect(try fileNames(in: folder).isEmpty)
            }
        }
    }

    @Test func shortAndInterruptedWritesAreContinued() throws {
        try withTemporaryFolder { folder throws in
            var calls = FileCalls.system
            let write = calls.write
            calls.write = { descriptor, bytes, offset in
                if Bool.random() { return -Int(EINTR) }
                return write(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(7)), offset)
            }
            let path = folder + "/m.leo"
            let writer = try ArchiveWriter(path: path, configuration: "{}", tensors: Self.one, calls: calls)
            let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 31) }
            try writer.append(bytes, to: "t")
            try writer.finish()
            let archive = try Archive(path: path)
            try archive.verify()
            #expect(archive.tensors[0].withBytes { Array($0) } == bytes)
        }
    }

    @Test func writeThatTakesNothingIsAnError() throws {
        try withTemporaryFolder { folder throws in
            var calls = FileCalls.system
            calls.write = { _, _, _ in 0 }
            let writer = try ArchiveWriter(path: folder + "/m.leo", configuration: "{}", tensors: Self.one, calls: calls)
            #expect(throws: ArchiveError.self) { try writer.append([1] as [UInt8], to: "t") }
        }
    }
}
