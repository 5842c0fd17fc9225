import Foundation

/// A file in memory for readers that take a path, replaced by every input.
final class InputFile {
    let path: String

    /// - Parameter ending: some readers look at it.
    init(ending: String) {
        path = "/dev/shm/leo-fuzz-\(getpid()).\(ending)"
    }

    func write(_ bytes: UnsafeRawBufferPointer) {
        let descriptor = open(path, O_CREAT | O_TRUNC | O_RDWR, 0o600)
        check(descriptor >= 0, "cannot open \(path)")
        var done = 0
        while done < bytes.count {
            let written = Foundation.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            check(written > 0, "cannot write \(path)")
            done += written
        }
        close(descriptor)
    }

    func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes(write) }

    deinit { unlink(path) }
}

/// Writes the input, calls `body`, removes the file: nothing is left behind when libFuzzer ends the process.
func withInputFile(_ bytes: [UInt8], ending: String, _ body: (String) -> Void) {
    let file = InputFile(ending: ending)
    file.write(bytes)
    withExtendedLifetime(file) { body(file.path) }
}

/// A zip archive of stored members with right checksums. Fuzzing a checksum finds nothing else.
func zipArchive(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var archive: [UInt8] = []
    var directory: [UInt8] = []
    for (name, bytes) in members {
        let offset = archive.count
        // Version, flags, method, time and date; checksum, both sizes, length of the name.
        let common =
            little(UInt16(20)) + little(UInt16(0)) + little(UInt16(0)) + little(UInt32(0)) + little(crc32(bytes))
            + little(UInt32(bytes.count)) + little(UInt32(bytes.count)) + little(UInt16(name.utf8.count)) + little(UInt16(0))
        archive += Array("PK\u{3}\u{4}".utf8) + common + Array(name.utf8) + bytes
        directory += Array("PK\u{1}\u{2}".utf8) + little(UInt16(20)) + common
        directory += [UInt8](repeating: 0, count: 10) + little(UInt32(offset)) + Array(name.utf8)
    }
    let start = archive.count
    archive += directory + Array("PK\u{5}\u{6}".utf8) + little(UInt32(0))
    archive += little(UInt16(members.count)) + little(UInt16(members.count)) + little(UInt32(directory.count))
    return archive + little(UInt32(start)) + little(UInt16(0))
}

func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

private func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
    }
    return ~crc
}
