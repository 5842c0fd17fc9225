import Foundation
import LEOImageIO
import LEOScene
import TestSupport
import Testing

// MARK: Files made here

/// A PNG file of `rows` (filter byte first) in stored deflate blocks.
private func png(
    _ width: Int, _ height: Int, depth: UInt8, type: UInt8, rows: [[UInt8]], chunks: [(String, [UInt8])] = []
) -> [UInt8] {
    func crc(_ bytes: [UInt8]) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? (sum >> 1) ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }
    var file = FileBytes()
    file.bytes = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    func add(_ name: String, _ content: [UInt8]) {
        file.append(UInt32(content.count), bigEndian: true)
        file.bytes += Array(name.utf8) + content
        file.append(crc(Array(name.utf8) + content), bigEndian: true)
    }
    var header = FileBytes()
    header.append(UInt32(width), bigEndian: true)
    header.append(UInt32(height), bigEndian: true)
    header.bytes += [depth, type, 0, 0, 0]
    add("IHDR", header.bytes)
    for (name, content) in chunks { add(name, content) }
    let raw = Array(rows.joined())
    var data = FileBytes()
    data.bytes = [0x78, 0x01, 0x01]
    data.append(UInt16(raw.count))
    data.append(~UInt16(raw.count))
    data.bytes += raw
    var (first, second): (UInt32, UInt32) = (1, 0)
    for byte in raw {
        first = (first + UInt32(byte)) % 65521
        second = (second + first) % 65521
    }
    data.append(second << 16 | first, bigEndian: true)
    add("IDAT", data.bytes)
    add("IEND", [])
    return file.bytes
}

/// An EXIF block that holds an orientation, in either byte order.
private func exif(_ orientation: UInt16, bigEndian: Bool) -> [UInt8] {
    var block = FileBytes(bigEndian ? "MM" : "II")
    block.append(UInt16(42), bigEndian: bigEndian)
    block.append(UInt32(8), bigEndian: bigEndian)
    block.append(UInt16(2), bigEndian: bigEndian)
    for (tag, value) in [(UInt16(0x0100), UInt16(77)), (0x0112, orientation)] {
        block.append(tag, bigEndian: bigEndian)
        block.append(UInt16(3), bigEndian: bigEndian)
        block.append(UInt32(1), bigEndian: bigEndian)
        block.append(value, bigEndian: bigEndian)
        block.append(UInt16(0), bigEndian: bigEndian)
    }
    block.append(UInt32(0), bigEndian: bigEndian)
    return block.bytes
}

/// A baseline JPEG file of flat 8 x 8 blocks: `blocks` holds the levels of the components of each, row by row.
private func jpeg(_ columns: Int, _ rows: Int, blocks: [[Int]], exif: [UInt8]? = nil) -> [UInt8] {
    let components = blocks[0].count
    var file = FileBytes()
    func segment(_ marker: UInt8, _ content: [UInt8]) {
        file.bytes += [0xFF, marker]
        file.append(UInt16(content.count + 2), bigEndian: true)
        file.bytes += content
    }
    file.bytes = [0xFF, 0xD8]
    if let exif { segment(0xE1, Array("Exif".utf8) + [0, 0] + exif) }
    // A step of 8 makes one unit of the mean coefficient one level.
    segment(0xDB, [0] + Array(repeating: 8, count: 64))
    var frame = FileBytes()
    frame.bytes = [8]
    frame.append(UInt16(8 * rows), bigEndian: true)
    frame.append(UInt16(8 * columns), bigEndian: true)
    frame.bytes.append(UInt8(components))
    for component in 1...components { frame.bytes += [UInt8(component), 0x11, 0] }
    segment(0xC0, frame.bytes)
    // Size categories 0...11 as codes of 4 bits; the end of a block as the code 0 of 1 bit.
    segment(0xC4, [0x00, 0, 0, 0, 12] + Array(repeating: 0, count: 12) + Array(0...11))
    segment(0xC4, [0x10, 1] + Array(repeating: 0, count: 15) + [0])
    segment(0xDA, [UInt8(components)] + (1...components).flatMap { [UInt8($0), 0x00] } + [0, 63, 0])
    var bits: [Bool] = []
    func put(_ value: Int, _ count: Int) {
        for bit in stride(from: count - 1, through: 0, by: -1) { bits.append(value >> bit & 1 == 1) }
    }
    var previous = Array(repeating: 0, count: components)
    for block in blocks {
        for (component, level) in block.enumerated() {
            let difference = level - 128 - previous[component]
            previous[component] = level - 128
            let size = Int.bitWidth - difference.magnitude.leadingZeroBitCount
            put(size, 4)
            put(difference >= 0 ? difference : difference + (1 << size) - 1, size)
            put(0, 1)
        }
    }
    while bits.count % 8 != 0 { bits.append(true) }
    for start in stride(from: 0, to: bits.count, by: 8) {
        let byte = bits[start..<start + 8].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
        file.bytes.append(byte)
        if byte == 0xFF { file.bytes.append(0) }
    }
    return file.bytes + [0xFF, 0xD9]
}

private func decoded(_ bytes: [UInt8], _ options: ImageDecodingOptions = ImageDecodingOptions()) throws -> DecodedImage
{
    try bytes.withUnsafeBytes { try decodeImage($0, name: "picture", options: options) }
}

// MARK: Tests

@Suite struct PNGTests {
    @Test func keepsEveryPixelOverAFile() throws {
        var random = SeededGenerator(seed: 4)
        let image = Image(
            width: 37, height: 21, pixels: (0..<37 * 21 * 3).map { _ in .random(in: 0...255, using: &random) })
        try withTemporaryFolder { folder in
            try image.writePNG(to: folder + "/a.png")
            #expect(try Image(contentsOf: folder + "/a.png") == image)
            #expect(throws: ImageFileError.self) { try image.writePNG(to: folder + "/absent/a.png") }
            #expect(throws: ImageFileError.self) { try Image(contentsOf: folder + "/absent.png") }
            #expect(throws: ImageFileError.self) { try Image(contentsOf: folder) }
        }
    }

    @Test func readsEveryKindAsImreadDoes() throws {
        // Grey of 1 bit: 10 / 01.
        #expect(
            try decoded(png(2, 2, depth: 1, type: 0, rows: [[0, 0x80], [0, 0x40]])).image.pixels
                == [255, 255, 255, 0, 0, 0, 0, 0, 0, 255, 255, 255])
        // Grey of 16 bits: the low byte is dropped, not rounded.
        #expect(
            try decoded(png(1, 1, depth: 16, type: 0, rows: [[0, 0x12, 0xFF]])).image.pixels == [0x12, 0x12, 0x12])
        // Grey with alpha, RGB with alpha: alpha is dropped without blending.
        #expect(try decoded(png(1, 1, depth: 8, type: 4, rows: [[0, 77, 0]])).image.pixels == [77, 77, 77])
        #expect(try decoded(png(1, 1, depth: 8, type: 6, rows: [[0, 1, 2, 3, 0]])).image.pixels == [1, 2, 3])
        #expect(
            try decoded(png(1, 1, depth: 16, type: 6, rows: [[0, 1, 9, 2, 9, 3, 9, 0, 0]])).image.pixels == [1, 2, 3])
        // A palette of two colours, one of them transparent, 4 bits a pixel.
        let palette: [(String, [UInt8])] = [("PLTE", [9, 8, 7, 1, 2, 3]), ("tRNS", [0])]
        #expect(
            try decoded(png(2, 1, depth: 4, type: 3, rows: [[0, 0x10]], chunks: palette)).image.pixels == [
                1, 2, 3, 9, 8, 7,
            ])
        // A gamma chunk changes nothing.
        #expect(
            try decoded(png(1, 1, depth: 8, type: 2, rows: [[0, 10, 20, 30]], chunks: [("gAMA", [0, 0, 0x80, 0])]))
                .image.pixels
                == [10, 20, 30])
    }

    @Test(arguments: [false, true]) func appliesOrientation(bigEndian: Bool) throws {
        let file = png(
            2, 1, depth: 8, type: 2, rows: [[0, 1, 1, 1, 2, 2, 2]], chunks: [("eXIf", exif(3, bigEndian: bigEndian))])
        #expect(try decoded(file).image.pixels == [2, 2, 2, 1, 1, 1])
        #expect(try decoded(file, ImageDecodingOptions(appliesOrientation: false)).image.pixels == [1, 1, 1, 2, 2, 2])
    }

    @Test func refusesLiesAboutSize() throws {
        let huge = png(0x7FFF_FFFF, 0x7FFF_FFFF, depth: 8, type: 2, rows: [[0]])
        #expect(
            throws: ImageFileError.tooLarge(
                file: "picture", width: 0x7FFF_FFFF, height: 0x7FFF_FFFF, maximumPixels: 1 << 26)
        ) { try decoded(huge) }
        let error = #expect(throws: ImageFileError.self) {
            try decoded(png(8000, 8000, depth: 8, type: 2, rows: [[0]]))
        }
        #expect(error?.description == "picture: PNG: the file is too short for its width and height")
        #expect(throws: ImageFileError.self) { try decoded(png(0, 1, depth: 8, type: 2, rows: [[0]])) }
        #expect(throws: ImageFileError.self) {
            try decoded(
                png(2, 2, depth: 8, type: 2, rows: [[0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5, 6]]),
                ImageDecodingOptions(maximumPixels: 3))
        }
    }
}

@Suite struct JPEGTests {
    @Test func readsGreyAndColour() throws {
        let grey = try decoded(jpeg(2, 1, blocks: [[40], [200]])).image
        #expect(grey.width == 16 && grey.height == 8)
        #expect(grey[0, 0] == (40, 40, 40) && grey[15, 7] == (200, 200, 200))
        let color = try decoded(jpeg(1, 2, blocks: [[90, 128, 128], [100, 128, 200]])).image
        #expect(color[3, 3] == (90, 90, 90))
        // JFIF: R = Y + 1.402 (Cr - 128), G = Y - 0.714 (Cr - 128), B = Y.
        #expect(color[3, 12] == (201, 49, 100))
    }

    @Test func convertsCMYK() throws {
        // Adobe's inverted inks: 255 is none. As OpenCV rounds: k - ((255 - ink) * k >> 8).
        let image = try decoded(jpeg(2, 1, blocks: [[255, 128, 0, 255], [255, 128, 0, 100]])).image
        #expect(image[0, 0] == (255, 129, 1) && image[8, 0] == (100, 51, 1))
    }

    @Test(arguments: [false, true]) func appliesOrientation(bigEndian: Bool) throws {
        let file = jpeg(2, 1, blocks: [[10], [220]], exif: exif(6, bigEndian: bigEndian))
        let image = try decoded(file).image
        #expect(image.width == 8 && image.height == 16)
        #expect(image[0, 0] == (10, 10, 10) && image[0, 15] == (220, 220, 220))
        #expect(try decoded(file, ImageDecodingOptions(appliesOrientation: false)).image.width == 16)
    }

    @Test func refusesHalfAPicture() throws {
        var random = SeededGenerator(seed: 8)
        let file = jpeg(8, 8, blocks: (0..<64).map { _ in [.random(in: 0...255, using: &random)] })
        #expect(try decoded(file).warning == nil)
        #expect(throws: ImageFileError.self) { try decoded(Array(file.dropLast(40))) }
        #expect(throws: ImageFileError.self) { try decoded(jpeg(1000, 1000, blocks: [[1]])) }
        #expect(throws: ImageFileError.tooLarge(file: "picture", width: 64, height: 64, maximumPixels: 100)) {
            try decoded(file, ImageDecodingOptions(maximumPixels: 100))
        }
    }
}

@Suite struct HostileImageTests {
    private static let files: [[UInt8]] = [
        png(
            3, 2, depth: 8, type: 6, rows: Array(repeating: Array(0...12), count: 2),
            chunks: [("eXIf", exif(6, bigEndian: true))]),
        png(4, 1, depth: 2, type: 3, rows: [[0, 0xE4]], chunks: [("PLTE", Array(0..<12))]),
        jpeg(2, 2, blocks: (0..<4).map { [50 * $0, 128, 60 * $0] }, exif: exif(5, bigEndian: false)),
    ]

    @Test func othersAreNoImages() {
        for bytes in [[], [0xFF], Array("GIF89a".utf8), [0x89, 0x50, 0x4E]] as [[UInt8]] {
            #expect(throws: ImageFileError.unknownFormat(file: "picture")) { try decoded(bytes) }
        }
    }

    @Test(arguments: files.indices) func survivesTruncationAtEveryByte(index: Int) throws {
        let file = Self.files[index]
        _ = try decoded(file)
        for length in 0..<file.count { _ = try? decoded(Array(file.prefix(length))) }
        #expect(throws: ImageFileError.self) { try decoded(Array(file.prefix(file.count / 2))) }
    }

    @Test(arguments: files.indices) func survivesFlippedBytes(index: Int) {
        var random = SeededGenerator(seed: UInt64(index))
        var refused = 0
        for _ in 0..<3000 {
            var file = Self.files[index]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                file[Int.random(in: 2..<file.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            do { _ = try decoded(file) } catch { refused += 1 }
        }
        #expect(refused > 0)
    }
}
