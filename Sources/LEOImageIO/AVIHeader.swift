/// The bytes before the frames of an AVI file with one stream of Motion-JPEG: `RIFF AVI`, `hdrl`, and the head of `movi`.
///
/// - Source: AVI RIFF file reference (Microsoft), AVI 1.0: no OpenDML extensions
struct AVIHeader {
    /// Length of the header; the first frame begins here.
    static let byteCount = 224
    /// Where `movi` stands: offsets of the index count from here.
    static let moviOffset = 220

    var width: Int
    var height: Int
    var framesPerSecond: Int
    var frameCount: Int
    /// Of the largest frame with its chunk's head.
    var largestChunk: Int
    /// Where frames end.
    var framesEnd: Int
    /// Where the file ends: there, or behind the index.
    var fileEnd: Int

    var bytes: [UInt8] {
        var writer = ChunkBytes()
        writer.name("RIFF")
        writer.number(fileEnd - 8)
        writer.name("AVI ")
        writer.name("LIST")
        writer.number(192)
        writer.name("hdrl")

        writer.name("avih")
        writer.number(56)
        writer.number(1_000_000 / framesPerSecond)
        writer.number(largestChunk * framesPerSecond)
        writer.number(0)
        let hasIndex = 0x10
        writer.number(fileEnd > framesEnd ? hasIndex : 0)
        for value in [frameCount, 0, 1, largestChunk, width, height, 0, 0, 0, 0] { writer.number(value) }

        writer.name("LIST")
        writer.number(116)
        writer.name("strl")
        writer.name("strh")
        writer.number(56)
        writer.name("vids")
        writer.name("MJPG")
        // Flags, priority and language, initial frames; then scale and rate, whose quotient is the frame rate.
        for value in [0, 0, 0, 1, framesPerSecond, 0, frameCount, largestChunk] { writer.number(value) }
        let defaultQuality = 0xFFFF_FFFF
        for value in [defaultQuality, 0, 0, width | height << 16] { writer.number(value) }

        writer.name("strf")
        writer.number(40)
        for value in [40, width, height, 1 | 24 << 16] { writer.number(value) }
        writer.name("MJPG")
        for value in [3 * width * height, 0, 0, 0, 0] { writer.number(value) }

        writer.name("LIST")
        writer.number(framesEnd - Self.moviOffset)
        writer.name("movi")
        return writer.bytes
    }
}

/// Bytes of RIFF chunks.
struct ChunkBytes {
    private(set) var bytes: [UInt8] = []

    mutating func name(_ name: StaticString) { name.withUTF8Buffer { bytes += $0 } }

    /// A 32-bit number, little-endian. What has no room, such as a rate nobody relies on, is cut.
    mutating func number(_ value: Int) {
        let value = UInt32(clamping: value)
        for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func append(_ more: [UInt8]) { bytes += more }

    mutating func pad() { if bytes.count % 2 != 0 { bytes.append(0) } }
}
