internal import CLEOImageCodecs
import Foundation
import LEOScene
import LEOTensor

/// A picture from a file, with what its codec had to say about it.
public struct DecodedImage: Sendable {
    public let image: Image
    /// The first warning of the codec: the picture is complete, but something in the file is odd.
    public let warning: String?
}

/// How image files are read.
public struct ImageDecodingOptions: Sendable {
    /// Files with more pixels are refused before memory is taken for them.
    public var maximumPixels: Int
    /// Turns the picture upright by its EXIF orientation, as `cv2.imread` does.
    public var appliesOrientation: Bool

    public init(maximumPixels: Int = 1 << 26, appliesOrientation: Bool = true) {
        self.maximumPixels = maximumPixels
        self.appliesOrientation = appliesOrientation
    }
}

/// Decodes a PNG or JPEG file; its first bytes tell which it is. `name` stands for it in messages.
///
/// The pixels are those of `cv2.imread` in R, G, B order: 16-bit samples lose their low byte, alpha is dropped without
/// blending, grey is repeated, palettes are looked up, CMYK is converted; gamma and colour profiles are ignored.
///
/// - Throws: `ImageFileError`; unlike `cv2.imread`, also for files that end early
public func decodeImage(
    _ bytes: UnsafeRawBufferPointer, name: String, options: ImageDecodingOptions = ImageDecodingOptions()
) throws(ImageFileError) -> DecodedImage {
    let isPNG = bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    guard let base = bytes.baseAddress, isPNG || bytes.starts(with: [0xFF, 0xD8]) else {
        throw .unknownFormat(file: name)
    }
    let limit = UInt64(max(options.maximumPixels, 0))
    var result = cleo_image()
    let status = (isPNG ? cleo_image_decode_png : cleo_image_decode_jpeg)(
        base.assumingMemoryBound(to: UInt8.self), bytes.count, limit, &result)
    defer { cleo_image_free(result.pixels) }
    let message = withUnsafeBytes(of: result.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    switch status {
    case CLEO_IMAGE_OK: break
    case CLEO_IMAGE_TOO_LARGE:
        throw .tooLarge(
            file: name, width: Int(result.width), height: Int(result.height), maximumPixels: options.maximumPixels)
    case CLEO_IMAGE_NO_MEMORY: throw .outOfMemory(file: name)
    default: throw .malformed(file: name, format: isPNG ? "PNG" : "JPEG", reason: message)
    }
    let (width, height) = (Int(result.width), Int(result.height))
    let pixels = [UInt8](UnsafeBufferPointer(start: result.pixels, count: 3 * width * height))
    var image = Image(width: width, height: height, pixels: pixels)
    if options.appliesOrientation { image = image.oriented(exif: Int(result.orientation)) }
    return DecodedImage(image: image, warning: result.warnings > 0 ? message : nil)
}

extension Image {
    /// Reads a PNG or JPEG file; see `decodeImage`.
    public init(
        contentsOf path: String, options: ImageDecodingOptions = ImageDecodingOptions()
    ) throws(ImageFileError) {
        let file: MappedFile
        do { file = try MappedFile(path: path) } catch { throw .unreadable(error) }
        defer { withExtendedLifetime(file) {} }
        self = try decodeImage(file.bytes, name: path, options: options).image
    }

    /// The picture as the bytes of an 8-bit RGB PNG file.
    ///
    /// - Throws: `.outOfMemory`, `.unwritable`
    public func pngBytes(name: String = "image") throws(ImageFileError) -> [UInt8] {
        guard let width = UInt32(exactly: width), let height = UInt32(exactly: height) else {
            throw .unwritable(file: name, reason: "\(width) x \(height) pixels are too many for PNG")
        }
        var result = cleo_image_file()
        let status = pixels.withUnsafeBufferPointer { cleo_image_encode_png($0.baseAddress, width, height, &result) }
        return try Self.bytes(status, result, name)
    }

    /// The picture as the bytes of a baseline JPEG file, its colours at half the resolution.
    ///
    /// - Parameter quality: libjpeg's, 1 to 100; cut to that
    /// - Throws: `.outOfMemory`; `.unwritable` for more than 65500 pixels in a row or column
    public func jpegBytes(quality: Int = 90, name: String = "image") throws(ImageFileError) -> [UInt8] {
        guard let width = UInt32(exactly: width), let height = UInt32(exactly: height) else {
            throw .unwritable(file: name, reason: "\(width) x \(height) pixels are too many for JPEG")
        }
        var result = cleo_image_file()
        let status = pixels.withUnsafeBufferPointer {
            cleo_image_encode_jpeg($0.baseAddress, width, height, Int32(min(max(quality, 1), 100)), &result)
        }
        return try Self.bytes(status, result, name)
    }

    /// Takes an encoder's result, and frees its memory.
    private static func bytes(
        _ status: cleo_image_status, _ result: cleo_image_file, _ name: String
    ) throws(ImageFileError) -> [UInt8] {
        defer { cleo_image_free(result.bytes) }
        switch status {
        case CLEO_IMAGE_OK: return [UInt8](UnsafeBufferPointer(start: result.bytes, count: result.count))
        case CLEO_IMAGE_NO_MEMORY: throw .outOfMemory(file: name)
        default:
            let message = withUnsafeBytes(of: result.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            throw .unwritable(file: name, reason: message)
        }
    }

    /// Writes a PNG file, all of it or nothing; a device or pipe at `path` is written into.
    ///
    /// - Throws: `.unwritten`, and what `pngBytes` throws
    public func writePNG(to path: String) throws(ImageFileError) {
        let bytes = try pngBytes(name: path)
        do { try writeAtomically(bytes, to: path) } catch { throw .unwritten(error) }
    }
}
