/// LZF, the compression of PCD files (Marc Lehmann's LibLZF format).
enum LZF {
    /// Most bytes that one compressed byte can stand for: a long back reference takes 3 bytes and copies 264.
    static let greatestRatio = 88

    /// Decompresses `source` to exactly `target.count` bytes.
    ///
    /// - Returns: nil, or what is wrong with the data
    static func decompress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> String? {
        var read = 0
        var written = 0
        while read < source.count {
            let control = Int(source[read])
            read += 1
            if control < 32 {
                let length = control + 1
                guard length <= source.count - read else { return "literal run reads past the end at byte \(read)" }
                guard length <= target.count - written else { return "more data than the header says" }
                UnsafeMutableRawBufferPointer(rebasing: target[written..<written + length])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[read..<read + length]))
                read += length
                written += length
                continue
            }
            var length = control >> 5
            if length == 7 {
                guard read < source.count else { return "back reference ends at byte \(read)" }
                length += Int(source[read])
                read += 1
            }
            length += 2
            guard read < source.count else { return "back reference ends at byte \(read)" }
            let distance = (control & 0x1F) << 8 + Int(source[read]) + 1
            read += 1
            guard distance <= written else { return "back reference points before the start at byte \(read)" }
            guard length <= target.count - written else { return "more data than the header says" }
            // Source and target may overlap: that is how runs are written. Byte by byte, in order.
            for index in written..<written + length { target[index] = target[index - distance] }
            written += length
        }
        return written == target.count ? nil : "\(written) bytes, the header says \(target.count)"
    }
}
