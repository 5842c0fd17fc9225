/// A picture of interleaved 8-bit R G B pixels, row by row from the top.
public struct Image: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// 3 * `width` * `height` values.
    public let pixels: [UInt8]

    /// - Precondition: positive size, three bytes a pixel
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0, "an image has at least one pixel")
        precondition(pixels.count == 3 * width * height, "three bytes a pixel")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// Red, green, blue of one pixel.
    public subscript(x: Int, y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
        precondition(x >= 0 && x < width && y >= 0 && y < height, "pixel outside the image")
        let first = 3 * (y * width + x)
        return (pixels[first], pixels[first + 1], pixels[first + 2])
    }

    /// The picture turned upright by an EXIF orientation, 1 to 8; other values leave it as it is.
    public func oriented(exif orientation: Int) -> Image {
        guard (2...8).contains(orientation) else { return self }
        let swapsAxes = orientation >= 5
        let (newWidth, newHeight) = swapsAxes ? (height, width) : (width, height)
        let turned = [UInt8](unsafeUninitializedCapacity: pixels.count) { target, initialized in
            var next = 0
            for y in 0..<newHeight {
                for x in 0..<newWidth {
                    let (column, row) =
                        switch orientation {
                        case 2: (width - 1 - x, y)
                        case 3: (width - 1 - x, height - 1 - y)
                        case 4: (x, height - 1 - y)
                        case 5: (y, x)
                        case 6: (y, height - 1 - x)
                        case 7: (width - 1 - y, height - 1 - x)
                        default: (width - 1 - y, x)
                        }
                    let source = 3 * (row * width + column)
                    for channel in 0..<3 { target[next + channel] = pixels[source + channel] }
                    next += 3
                }
            }
            initialized = next
        }
        return Image(width: newWidth, height: newHeight, pixels: turned)
    }
}
