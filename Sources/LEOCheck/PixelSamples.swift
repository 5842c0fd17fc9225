internal import CZlib
import LEOAction
import LEOScene

/// The samples of an image file as NumPy sees them through Pillow: grey without channels, alpha kept, palette indices
/// instead of colours. The decoder under test gives RGB alone; this reader of its own says what a recorded sum is about,
/// and which RGB must come out.
struct PixelSamples {
    private let image: Image
    private let channels: Int
    /// Interleaved; nil for JPEG, where decoders differ a little and the decoded pixels themselves are compared.
    private let samples: [Int]?

    init(_ bytes: [UInt8], _ image: Image) throws {
        self.image = image
        guard bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]) else {
            channels = Self.isGreyJPEG(bytes) ? 1 : 3
            samples = nil
            return
        }
        let file = try PlainPNG(bytes)
        guard file.width == image.width, file.height == image.height else {
            throw Mismatch(text: "expected \(file.width) x \(file.height) pixels, found \(image.width) x \(image.height)")
        }
        channels = file.channels
        samples = file.samples
        let rgb = file.rgb
        if let index = image.pixels.indices.first(where: { Int(image.pixels[$0]) != rgb[$0] }) {
            throw Mismatch(text: "pixel \(index / 3): expected \(rgb[index]) in channel \(index % 3), found \(image.pixels[index])")
        }
    }

    private struct Mismatch: Error, CustomStringConvertible {
        let text: String
        var description: String { text }
    }

    func difference(shape: JSONReader, sum: JSONReader, firstPixel: JSONReader?) throws -> String? {
        let ours = [image.height, image.width] + (channels == 1 ? [] : [channels])
        let expected = try shape.elements.map { try $0.integer }
        if let wrong = Comparison.difference("shape", ours, expected) { return wrong }
        let first = try firstPixel?.elements.map { try $0.integer }
        if let samples {
            let total = samples.reduce(0, +)
            if total != (try sum.integer) { return "sum: expected \(try sum.integer), found \(total)" }
            return first.flatMap { Comparison.difference("first_pixel", Array(samples.prefix(channels)), $0) }
        }
        // Grey is repeated in the decoded pixels.
        let total = image.pixels.reduce(0) { $0 + Int($1) } / (channels == 1 ? 3 : 1)
        let tolerance = 3 * image.width * image.height
        if abs(total - (try sum.integer)) > tolerance {
            return "sum: expected \(try sum.integer) within \(tolerance), found \(total)"
        }
        guard let first else { return nil }
        let pixel = image.pixels.prefix(channels).map(Int.init)
        let isNear = pixel.count == first.count && zip(pixel, first).allSatisfy { abs($0 - $1) <= 3 }
        return isNear ? nil : "first_pixel: expected \(first) within 3, found \(pixel)"
    }

    /// Whether the frame header of a JPEG file names one component.
    private static func isGreyJPEG(_ bytes: [UInt8]) -> Bool {
        var position = 2
        while position + 9 < bytes.count, bytes[position] == 0xff {
            let marker = bytes[position + 1]
            let isFrame = (0xc0...0xcf).contains(marker) && ![0xc4, 0xc8, 0xcc].contains(marker)
            if isFrame { return bytes[position + 9] == 1 }
            position += 2 + (Int(bytes[position + 2]) << 8 | Int(bytes[position + 3]))
        }
        return false
    }
}

/// A PNG file of small size, read by the book and not interlaced.
private struct PlainPNG {
    let width: Int
    let height: Int
    let channels: Int
    let samples: [Int]
    /// What a decoder to 8-bit RGB gives.
    let rgb: [Int]

    private struct Unsupported: Error, CustomStringConvertible {
        let description: String
        init(_ reason: String) { description = "golden PNG: \(reason)" }
    }

    init(_ bytes: [UInt8]) throws {
        func number(_ position: Int) -> Int { bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) } }
        var header: ArraySlice<UInt8> = [], palette: [UInt8] = [], data: [UInt8] = []
        var position = 8
        while position + 12 <= bytes.count {
            let count = number(position)
            guard count <= bytes.count - position - 12 else { throw Unsupported("a chunk goes beyond the end") }
            let body = bytes[(position + 8)..<(position + 8 + count)]
            switch String(decoding: bytes[(position + 4)..<(position + 8)], as: UTF8.self) {
            case "IHDR": header = body
            case "PLTE": palette = Array(body)
            case "IDAT": data += body
            default: break
            }
            position += 12 + count
        }
        guard header.count == 13 else { throw Unsupported("no IHDR") }
        let start = header.startIndex
        width = number(start)
        height = number(start + 4)
        let depth = Int(header[start + 8]), color = Int(header[start + 9])
        guard header[start + 12] == 0, [1, 2, 4, 8, 16].contains(depth), let channels = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][color],
            (1...16384).contains(width), (1...16384).contains(height)
        else { throw Unsupported("interlaced, or a form that does not exist") }
        self.channels = channels

        let stride = (width * channels * depth + 7) / 8
        var rows = try Self.inflated(data, count: height * (stride + 1))
        let step = max(channels * depth / 8, 1)
        Self.removeFilters(&rows, stride: stride, height: height, step: step)

        // Grey of few bits is spread over 0...255, except for one bit, which Pillow makes true and false.
        let most = (1 << depth) - 1
        let spread = color == 0 && (depth == 2 || depth == 4) ? 255 / most : 1
        var samples: [Int] = [], rgb: [Int] = []
        samples.reserveCapacity(width * height * channels)
        for y in 0..<height {
            let row = rows[(y * (stride + 1) + 1)..<((y + 1) * (stride + 1))]
            for index in 0..<(width * channels) {
                let first = row.startIndex
                switch depth {
                case 16:
                    let high = Int(row[first + 2 * index])
                    // Only grey keeps sixteen bits.
                    samples.append(color == 0 ? high << 8 | Int(row[first + 2 * index + 1]) : high)
                case 8: samples.append(Int(row[first + index]))
                default:
                    let bit = index * depth
                    samples.append(Int(row[first + bit / 8]) >> (8 - depth - bit % 8) & most)
                }
            }
        }
        for pixel in 0..<(width * height) {
            let value = samples[pixel * channels]
            switch color {
            case 0:
                let grey = depth == 16 ? value >> 8 : value * 255 / most
                rgb += [grey, grey, grey]
            case 3:
                guard 3 * value + 2 < palette.count else { throw Unsupported("an index beyond the palette") }
                rgb += palette[(3 * value)..<(3 * value + 3)].map(Int.init)
            case 4: rgb += [value, value, value]
            default: rgb += samples[(pixel * channels)..<(pixel * channels + 3)]
            }
        }
        self.samples = spread == 1 ? samples : samples.map { $0 * spread }
        self.rgb = rgb
    }

    private static func inflated(_ data: [UInt8], count: Int) throws -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count)
        var written = uLongf(count)
        guard uncompress(&result, &written, data, uLong(data.count)) == Z_OK, Int(written) == count else {
            throw Unsupported("its pixels do not inflate to \(count) bytes")
        }
        return result
    }

    private static func removeFilters(_ rows: inout [UInt8], stride: Int, height: Int, step: Int) {
        for y in 0..<height {
            let row = y * (stride + 1)
            for x in 0..<stride {
                let index = row + 1 + x
                let left = x >= step ? Int(rows[index - step]) : 0
                let above = y > 0 ? Int(rows[index - stride - 1]) : 0
                let corner = x >= step && y > 0 ? Int(rows[index - stride - 1 - step]) : 0
                let prediction: Int
                switch rows[row] {
                case 1: prediction = left
                case 2: prediction = above
                case 3: prediction = (left + above) / 2
                case 4:
                    let estimate = left + above - corner
                    let (a, b, c) = (abs(estimate - left), abs(estimate - above), abs(estimate - corner))
                    prediction = a <= b && a <= c ? left : b <= c ? above : corner
                default: prediction = 0
                }
                rows[index] = UInt8(truncatingIfNeeded: Int(rows[index]) + prediction)
            }
        }
    }
}
