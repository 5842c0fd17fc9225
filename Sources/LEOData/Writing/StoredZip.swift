import LEOTensor

/// A zip file of uncompressed entries, in memory. What PyTorch and NumPy write and read.
///
/// - Source: PKWARE APPNOTE.TXT 6.3.9, sections 4.3.7, 4.3.12, 4.3.16
struct StoredZip {
    /// Where entries' bytes begin, as in PyTorch's files, so that they can be mapped.
    private static let alignment = 64
    private var bytes: [UInt8] = []
    private var directory: [UInt8] = []
    private var count = 0

    mutating func add(_ name: String, _ contents: [UInt8]) {
        let start = bytes.count
        // An extra field of this length puts the contents on the next multiple of 64.
        let unpadded = start + 30 + name.utf8.count + 4
        let padding = (Self.alignment - unpadded % Self.alignment) % Self.alignment
        let extra =
            [UInt8(ascii: "F"), UInt8(ascii: "B")] + little(UInt16(padding)) + [UInt8](repeating: 0x5a, count: padding)
        // Version 2.0, no flags, stored; the date is the first that the format knows, so that files do not differ by it.
        let common =
            little(UInt16(20)) + little(UInt16(0)) + little(UInt16(0)) + little(UInt16(0)) + little(UInt16(0x21))
            + little(CRC32.checksum(contents)) + little(UInt32(contents.count)) + little(UInt32(contents.count))
            + little(UInt16(name.utf8.count))
        bytes += little(UInt32(0x0403_4b50)) + common + little(UInt16(extra.count)) + Array(name.utf8) + extra
        bytes += contents
        directory += little(UInt32(0x0201_4b50)) + little(UInt16(20)) + common + little(UInt16(0)) + little(UInt16(0))
        directory +=
            little(UInt16(0)) + little(UInt16(0)) + little(UInt32(0)) + little(UInt32(start)) + Array(name.utf8)
        count += 1
        precondition(bytes.count < Int(UInt32.max), "a zip file without extensions holds less than 4 GiB")
    }

    /// The whole file.
    func finished() -> [UInt8] {
        let end =
            little(UInt32(0x0605_4b50)) + little(UInt16(0)) + little(UInt16(0)) + little(UInt16(count))
            + little(UInt16(count)) + little(UInt32(directory.count)) + little(UInt32(bytes.count)) + little(UInt16(0))
        return bytes + directory + end
    }
}

func little(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

/// The checksum of zip files (polynomial 0xEDB88320, reflected), four bytes at a time.
enum CRC32 {
    private static let tables: [[UInt32]] = {
        var tables = [
            (0..<256).map { (index: UInt32) -> UInt32 in
                (0..<8).reduce(index) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
            }
        ]
        for step in 1..<4 {
            tables.append(tables[step - 1].map { ($0 >> 8) ^ tables[0][Int($0 & 0xff)] })
        }
        return tables
    }()

    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        let (t0, t1, t2, t3) = (tables[0], tables[1], tables[2], tables[3])
        var sum: UInt32 = 0xffff_ffff
        bytes.withUnsafeBytes { bytes in
            var position = 0
            while position + 4 <= bytes.count {
                sum ^= UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
                sum = t3[Int(sum & 0xff)] ^ t2[Int(sum >> 8 & 0xff)] ^ t1[Int(sum >> 16 & 0xff)] ^ t0[Int(sum >> 24)]
                position += 4
            }
            for byte in bytes[position...] { sum = (sum >> 8) ^ t0[Int((sum ^ UInt32(byte)) & 0xff)] }
        }
        return ~sum
    }
}
