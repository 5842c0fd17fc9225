import LEOAction
import LEOImageIO
import LEOScene

extension LEGENTObservation {
    /// Pixels that all frames of one observation may have together: about a minute of the usual view.
    public static let maximumPixels = 1 << 28

    /// The current view, the last frame. All frames are decoded, so a view that is there had no error before it.
    ///
    /// - Errors: `.malformedImage`
    public func view() throws(LEGENTMessageError) -> Image {
        var last: Image?
        try Self.decodeFrames(image) { frame, _ in last = frame }
        guard let last else { throw .malformedImage(field: "image", frame: nil, reason: "is empty") }
        return last
    }

    /// Every frame, in order of time.
    ///
    /// - Errors: `.malformedImage`
    public func frames() throws(LEGENTMessageError) -> [Image] {
        var frames: [Image] = []
        try Self.decodeFrames(image) { frame, _ in frames.append(frame) }
        return frames
    }

    /// Every frame with the bytes it was decoded from.
    ///
    /// - Errors: `.malformedImage`
    package static func encodedFrames(_ image: [UInt8]) throws(LEGENTMessageError) -> [(image: Image, bytes: [UInt8])] {
        var frames: [(Image, [UInt8])] = []
        try decodeFrames(image) { frames.append(($0, Array($1))) }
        return frames
    }

    /// Packs several encoded images as the game sends animations: each after its length, uint32, little-endian.
    ///
    /// - Errors: `.malformedImage` for no image and for one whose length has no room
    public static func packFrames(_ images: [[UInt8]]) throws(LEGENTMessageError) -> [UInt8] {
        guard !images.isEmpty else { throw .malformedImage(field: "image", frame: nil, reason: "is empty") }
        var bytes: [UInt8] = []
        for (index, image) in images.enumerated() {
            guard !image.isEmpty, let count = UInt32(exactly: image.count) else {
                throw .malformedImage(field: "image", frame: index, reason: "has \(image.count) bytes")
            }
            for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
            bytes += image
        }
        return bytes
    }

    /// Takes the whole for one image; if it is none, for a sequence.
    ///
    /// A length that goes beyond the end takes what is there, as the toolkit's reader does. PNG and JPEG are read; the
    /// toolkit takes any format its library knows.
    private static func decodeFrames(
        _ bytes: [UInt8], _ body: (Image, ArraySlice<UInt8>) -> Void
    ) throws(LEGENTMessageError) {
        guard !bytes.isEmpty else { throw .malformedImage(field: "image", frame: nil, reason: "is empty") }
        let failure: ImageFileError
        do {
            body(try decode(bytes[...], maximumPixels: maximumPixels), bytes[...])
            return
        } catch {
            failure = error
        }
        // Damaged, too large, or not an image at all: only the last may be a sequence.
        guard case .unknownFormat = failure else {
            throw .malformedImage(field: "image", frame: nil, reason: failure.reason)
        }
        var position = 0
        var pixels = maximumPixels
        var index = 0
        while position < bytes.count {
            guard bytes.count - position >= 4 else {
                throw .malformedImage(
                    field: "image", frame: index, reason: "its length needs 4 bytes, \(bytes.count - position) are left")
            }
            let length = (0..<4).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
            position += 4
            let end = position + min(length, bytes.count - position)
            do {
                let image = try decode(bytes[position..<end], maximumPixels: pixels)
                pixels -= image.width * image.height
                body(image, bytes[position..<end])
            } catch {
                throw .malformedImage(
                    field: "image", frame: index,
                    reason: length > bytes.count - position
                        ? "\(length) bytes announced, \(bytes.count - position) are left; \(error.reason)" : error.reason)
            }
            position = end
            index += 1
        }
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, maximumPixels: Int) throws(ImageFileError) -> Image {
        let options = ImageDecodingOptions(maximumPixels: maximumPixels, appliesOrientation: false)
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(ImageFileError) in try decodeImage(bytes, name: "image", options: options).image }
        }
        return try result.get()
    }
}

extension ImageFileError {
    /// The error without the name of a file.
    fileprivate var reason: String {
        switch self {
        case .unknownFormat: "is neither PNG nor JPEG"
        case .malformed(_, let format, let reason): "\(format): \(reason)"
        case .tooLarge(_, let width, let height, let maximum): "\(width) x \(height) pixels, at most \(maximum) are allowed"
        case .outOfMemory: "not enough memory"
        case .unreadable, .unwritten, .unwritable, .wrongFrameSize, .videoFull: description
        }
    }
}
