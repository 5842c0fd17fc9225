import LEOTensor

/// What can go wrong with image and video files: which file, and why.
public enum ImageFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file could not be opened or mapped.
    case unreadable(FileError)
    /// Neither a PNG nor a JPEG file.
    case unknownFormat(file: String)
    /// The file breaks its format, or ends early.
    case malformed(file: String, format: String, reason: String)
    /// More pixels than allowed.
    case tooLarge(file: String, width: Int, height: Int, maximumPixels: Int)
    case outOfMemory(file: String)
    /// The system refused to create, write or rename the file.
    case unwritten(FileError)
    /// The file could not be written.
    case unwritable(file: String, reason: String)
    /// A frame that is not of the video's size.
    case wrongFrameSize(file: String, width: Int, height: Int, expectedWidth: Int, expectedHeight: Int)
    /// The next frame would make a video longer than its format allows.
    case videoFull(file: String, frames: Int, maximumBytes: Int)

    public var description: String {
        switch self {
        case .unreadable(let error), .unwritten(let error): error.description
        case .unknownFormat(let file): "\(file): is neither a PNG nor a JPEG file"
        case .malformed(let file, let format, let reason): "\(file): \(format): \(reason)"
        case .tooLarge(let file, let width, let height, let maximum):
            "\(file): \(width) x \(height) pixels, at most \(maximum) are allowed"
        case .outOfMemory(let file): "\(file): not enough memory"
        case .unwritable(let file, let reason): "\(file): cannot write: \(reason)"
        case .wrongFrameSize(let file, let width, let height, let expectedWidth, let expectedHeight):
            "\(file): expected a frame of \(expectedWidth) x \(expectedHeight) pixels, found \(width) x \(height)"
        case .videoFull(let file, let frames, let maximum):
            "\(file): full after \(frames) frames, an AVI file has at most \(maximum) bytes"
        }
    }
}
