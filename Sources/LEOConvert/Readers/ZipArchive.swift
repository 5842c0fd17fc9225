/// The entries of a zip file, read from its central directory. Nothing is ever extracted to disk.
///
/// Zip64, stored and deflated entries. Rejected: encrypted entries, entries that overlap, names that lead out of the
/// archive, names that occur twice, local headers that name another file than the directory does.
///
/// - Source: PKWARE APPNOTE.TXT 6.3
final class ZipArchive: Sendable {
    let file: CheckpointFile
    /// In the order of the directory.
    let entries: [ZipEntry]
    private let byName: [String: ZipEntry]

    subscript(name: String) -> ZipEntry? { byName[name] }

    init(_ file: CheckpointFile) throws {
        self.file = file
        let path = file.path
        let directory = try ZipArchive.findDirectory(file)
        let bytes = try file.bytes(at: directory.offset, count: directory.byteCount)
        var entries: [ZipEntry] = []
        var byName: [String: ZipEntry] = [:]
        var position = 0
        while position < bytes.count {
            let entry = try ZipArchive.entry(at: &position, of: bytes, file, dataEnd: directory.offset)
            guard byName.updateValue(entry, forKey: entry.name) == nil else {
                throw CheckpointError.malformed(
                    file: path, field: "zip entry \(quoted(entry.name))", expected: "one", found: "two")
            }
            entries.append(entry)
        }
        guard entries.count == directory.count else {
            throw CheckpointError.malformed(
                file: path, field: "zip directory", expected: "\(directory.count) entries", found: "\(entries.count)")
        }
        var end = 0
        for entry in entries.sorted(by: { $0.headerStart < $1.headerStart }) {
            guard entry.headerStart >= end else {
                throw CheckpointError.malformed(
                    file: path, field: "zip entry \(quoted(entry.name))", expected: "a start from byte \(end)",
                    found: "\(entry.headerStart), within the entry before")
            }
            end = entry.dataEnd
        }
        self.entries = entries
        self.byName = byName
    }

    private static func broken(_ file: CheckpointFile, _ expected: String, _ found: String) -> CheckpointError {
        .malformed(file: file.path, field: "zip directory", expected: expected, found: found)
    }

    private static func findDirectory(_ file: CheckpointFile) throws -> (offset: Int, byteCount: Int, count: Int) {
        let tailLength = min(file.byteCount, 22 + 0xffff)
        let tailStart = file.byteCount - tailLength
        let tail = try file.bytes(at: tailStart, count: tailLength)
        let noEnd = broken(
            file, "an end-of-directory record at the end of the file", "none: the file is cut off or broken")
        guard tailLength >= 22 else { throw noEnd }
        // The record ends with a comment of the length it states, so a signature inside the comment is not taken for it.
        guard
            let record = (0...tailLength - 22).reversed().first(where: { start in
                tail.uint32(start) == 0x0605_4b50 && start + 22 + Int(tail.uint16(start + 20)) == tailLength
            })
        else { throw noEnd }
        let recordStart = tailStart + record
        guard tail.uint16(record + 4) == 0, tail.uint16(record + 6) == 0 else {
            throw broken(file, "one disk", "several")
        }
        var count = UInt64(tail.uint16(record + 10))
        var byteCount = UInt64(tail.uint32(record + 12))
        var offset = UInt64(tail.uint32(record + 16))
        var end = recordStart
        // PyTorch writes the zip64 record even where the fields above suffice.
        if recordStart >= 20 {
            let locator = try file.bytes(at: recordStart - 20, count: 20)
            if locator.uint32(0) == 0x0706_4b50 {
                guard let start = Int(exactly: locator.uint64(8)), start <= recordStart - 20 - 56 else {
                    throw broken(file, "a zip64 record before byte \(recordStart)", "\(locator.uint64(8))")
                }
                let record = try file.bytes(at: start, count: 56)
                guard record.uint32(0) == 0x0606_4b50 else { throw broken(file, "a zip64 record", "something else") }
                count = record.uint64(32)
                byteCount = record.uint64(40)
                offset = record.uint64(48)
                end = start
            }
        }
        guard let start = Int(exactly: offset), let length = Int(exactly: byteCount), start <= end,
            length == end - start
        else {
            throw broken(
                file, "\(byteCount) bytes from byte \(offset) up to the end record", "the end record at \(end)")
        }
        guard count <= UInt64(length / 46) else { throw broken(file, "room for \(count) entries", "\(length) bytes") }
        return (start, length, Int(count))
    }

    private static func entry(
        at position: inout Int, of bytes: [UInt8], _ file: CheckpointFile, dataEnd: Int
    ) throws -> ZipEntry {
        let start = position
        guard bytes.count - start >= 46, bytes.uint32(start) == 0x0201_4b50 else {
            throw broken(file, "an entry", "other bytes")
        }
        let nameLength = Int(bytes.uint16(start + 28))
        let extraLength = Int(bytes.uint16(start + 30))
        let commentLength = Int(bytes.uint16(start + 32))
        let extraStart = start + 46 + nameLength
        guard bytes.count - start >= 46 + nameLength + extraLength + commentLength else {
            throw broken(file, "a whole entry", "the end of the directory")
        }
        position = extraStart + extraLength + commentLength
        let nameBytes = bytes[start + 46..<extraStart]
        guard let name = String(validating: nameBytes, as: UTF8.self), isInside(name) else {
            throw CheckpointError.malformed(
                file: file.path, field: "zip entry", expected: "a name within the archive",
                found: quoted(String(decoding: nameBytes, as: UTF8.self)))
        }
        let field = "zip entry \(quoted(name))"
        func malformed(_ expected: String, _ found: String) -> CheckpointError {
            .malformed(file: file.path, field: field, expected: expected, found: found)
        }
        var stored = UInt64(bytes.uint32(start + 20))
        var inflated = UInt64(bytes.uint32(start + 24))
        var header = UInt64(bytes.uint32(start + 42))
        var extra = bytes[extraStart..<extraStart + extraLength]
        while extra.count >= 4 {
            let tag = bytes.uint16(extra.startIndex)
            let length = Int(bytes.uint16(extra.startIndex + 2))
            guard extra.count - 4 >= length else { break }
            if tag == 1 {
                var at = extra.startIndex + 4
                let end = at + length
                func next(_ value: UInt64) throws -> UInt64 {
                    guard value == 0xffff_ffff else { return value }
                    guard end - at >= 8 else { throw malformed("zip64 sizes", "too few bytes") }
                    defer { at += 8 }
                    return bytes.uint64(at)
                }
                inflated = try next(inflated)
                stored = try next(stored)
                header = try next(header)
            }
            extra = extra.dropFirst(4 + length)
        }
        guard let headerStart = Int(exactly: header), headerStart <= dataEnd - 30, dataEnd >= 30 else {
            throw malformed("a local header before byte \(dataEnd)", "\(header)")
        }
        let local = try file.bytes(at: headerStart, count: 30)
        let dataStart = headerStart + 30 + Int(local.uint16(26)) + Int(local.uint16(28))
        guard local.uint32(0) == 0x0403_4b50, Int(local.uint16(26)) == nameLength,
            headerStart + 30 + nameLength <= dataEnd,
            try file.bytes(at: headerStart + 30, count: nameLength)[...] == nameBytes
        else { throw malformed("its local header at byte \(headerStart)", "something else") }
        guard let storedCount = Int(exactly: stored), let byteCount = Int(exactly: inflated), dataStart <= dataEnd,
            storedCount <= dataEnd - dataStart
        else {
            throw malformed("data before the directory at byte \(dataEnd)", "\(stored) bytes from byte \(dataStart)")
        }
        guard bytes.uint16(start + 8) & 0x2041 == 0 else {
            throw CheckpointError.unsupported(file: file.path, field: field, found: "encryption")
        }
        let method = bytes.uint16(start + 10)
        switch method {
        case 0:
            guard storedCount == byteCount else { throw malformed("\(byteCount) stored bytes", "\(storedCount)") }
        case 8:
            // Deflate cannot do better than 1032 to 1, so a larger claim is a lie.
            guard byteCount / 1033 <= storedCount else {
                throw malformed("a size that deflate can reach", "\(byteCount) from \(storedCount)")
            }
        default:
            throw CheckpointError.unsupported(file: file.path, field: field, found: "compression method \(method)")
        }
        return ZipEntry(
            name: name, data: FileRegion(file: file, start: dataStart, byteCount: storedCount),
            headerStart: headerStart,
            byteCount: byteCount, isDeflated: method == 8, crc: bytes.uint32(start + 16))
    }

    /// Neither absolute nor with `..`: other programs would write such an entry outside their folder, so the file is not
    /// an honest checkpoint.
    private static func isInside(_ name: String) -> Bool {
        guard !name.isEmpty, !name.hasPrefix("/"), !name.utf8.contains(0), !name.utf8.contains(0x5c) else {
            return false
        }
        return !name.split(separator: "/", omittingEmptySubsequences: false).contains("..")
    }
}

extension [UInt8] {
    /// Little-endian numbers; the caller has checked the bounds.
    func uint16(_ at: Int) -> UInt16 { UInt16(self[at]) | UInt16(self[at + 1]) << 8 }
    func uint32(_ at: Int) -> UInt32 { UInt32(uint16(at)) | UInt32(uint16(at + 2)) << 16 }
    func uint64(_ at: Int) -> UInt64 { UInt64(uint32(at)) | UInt64(uint32(at + 4)) << 32 }
}
