import Foundation
import LEOImageIO
import LEOScene
import TestSupport
import Testing

/// Soft gradients that tell the frame; JPEG keeps them nearly.
private func picture(_ frame: Int, _ width: Int, _ height: Int) -> Image {
    var pixels: [UInt8] = []
    for y in 0..<height {
        for x in 0..<width {
            pixels += [UInt8(40 + 150 * x / width), UInt8(60 + 120 * y / height), UInt8(20 + 30 * frame % 200)]
        }
    }
    return Image(width: width, height: height, pixels: pixels)
}

extension AVI {
    fileprivate func picture(_ frame: Int) throws -> Image {
        try frames[frame].data.withUnsafeBytes { try decodeImage($0, name: "frame \(frame)").image }
    }
}

private func largestDifference(_ a: Image, _ b: Image) -> Int {
    guard a.width == b.width, a.height == b.height else { return 256 }
    return zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
}

private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

private func reason(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch { return error is ImageFileError ? "\(error)" : "another error: \(error)" }
}

// MARK: Tests

@Suite struct JPEGEncoderTests {
    @Test(arguments: [(1, 1), (2, 1), (1, 17), (7, 5), (16, 16), (33, 31), (640, 480)])
    func keepsThePicture(width: Int, height: Int) throws {
        let image = picture(3, width, height)
        let bytes = try image.jpegBytes(quality: 95)
        #expect(bytes.starts(with: [0xFF, 0xD8]) && bytes.suffix(2) == [0xFF, 0xD9])
        let decoded = try bytes.withUnsafeBytes { try decodeImage($0, name: "picture") }
        #expect(decoded.warning == nil)
        // Chroma of half the resolution on steps of up to 21 a pixel.
        #expect(largestDifference(decoded.image, image) <= (width < 16 ? 40 : 8))
    }

    /// More bytes than the encoder's first buffer holds.
    @Test func growsWithThePicture() throws {
        var random = SeededGenerator(seed: 5)
        let noise = Image(width: 500, height: 300, pixels: (0..<450_000).map { _ in .random(in: 0...255, using: &random) })
        let (fine, coarse) = (try noise.jpegBytes(quality: 100), try noise.jpegBytes(quality: 10))
        #expect(fine.count > 200_000 && coarse.count < fine.count / 3)
        let decoded = try fine.withUnsafeBytes { try decodeImage($0, name: "noise") }
        #expect(decoded.image.width == 500 && decoded.image.height == 300 && decoded.warning == nil)
        // Beyond libjpeg's range is cut to it.
        #expect(try noise.jpegBytes(quality: 1000) == fine)
    }

    @Test func refusesWhatTheFormatCannotHold() {
        let long = Image(width: 65501, height: 1, pixels: Array(repeating: 0, count: 3 * 65501))
        let error = reason { _ = try long.jpegBytes(name: "long.jpg") }
        #expect(error.hasPrefix("long.jpg: cannot write: ") && error.contains("65500"), "\(error)")
    }
}

@Suite struct MotionJPEGTests {
    @Test(arguments: [(1, 1), (3, 1), (1, 2), (17, 9), (64, 48), (321, 241)])
    func everyFrameCanBeReadBack(width: Int, height: Int) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/video.mp4"
            let writer = try MotionJPEGWriter(path: path, width: width, height: height, framesPerSecond: 12)
            for frame in 0..<7 { try writer.append(picture(frame, width, height)) }
            #expect(writer.frameCount == 7 && !writer.isFinished && !exists(path))
            try writer.finish()
            try writer.finish()
            #expect(writer.isFinished && !exists(path + ".part"))
            let video = try AVI(path: path)
            #expect(video.frames.count == 7 && video.index?.count == 7)
            #expect(video.isConsistent(width: width, height: height, rate: 12), "\(video.fields)")
            for frame in 0..<7 {
                #expect(largestDifference(try video.picture(frame), picture(frame, width, height)) <= (width < 16 ? 50 : 12), "frame \(frame)")
            }
            #expect(reason { try writer.append(picture(0, width, height)) }.contains("finished"))
        }
    }

    @Test func noFramesAreAValidFile() throws {
        try withTemporaryFolder { folder in
            let writer = try MotionJPEGWriter(path: folder + "/none.avi", width: 8, height: 6)
            #expect(try AVI(path: folder + "/none.avi.part").isConsistent(width: 8, height: 6, rate: 30))
            try writer.finish()
            let video = try AVI(path: folder + "/none.avi")
            #expect(video.frames.isEmpty && video.index == [] && video.isConsistent(width: 8, height: 6, rate: 30))
        }
    }

    /// What a killed process leaves: the file as it is after any frame.
    @Test func partialFileIsValidAfterEveryFrame() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.avi"
            do {
                let writer = try MotionJPEGWriter(path: path, width: 20, height: 10)
                for frame in 0..<5 {
                    try writer.append(picture(frame, 20, 10))
                    let partial = try AVI(path: path + ".part")
                    #expect(partial.frames.count == frame + 1 && partial.index == nil)
                    #expect(partial.isConsistent(width: 20, height: 10, rate: 30), "\(partial.fields)")
                }
            }
            #expect(!exists(path) && exists(path + ".part"))
            // The next one begins from nothing.
            let next = try MotionJPEGWriter(path: path, width: 4, height: 4)
            try next.append(picture(0, 4, 4))
            next.framesPerSecond = 2
            try next.finish()
            #expect(try AVI(path: path).frames.count == 1 && AVI(path: path).isConsistent(width: 4, height: 4, rate: 2))
        }
    }

    @Test func framesOfOtherSizesAreRefused() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.avi"
            let writer = try MotionJPEGWriter(path: path, width: 8, height: 6)
            try writer.append(picture(0, 8, 6))
            #expect(throws: ImageFileError.wrongFrameSize(file: path, width: 6, height: 8, expectedWidth: 8, expectedHeight: 6)) {
                try writer.append(picture(1, 6, 8))
            }
            try writer.append(picture(2, 8, 6))
            try writer.finish()
            #expect(try AVI(path: path).frames.count == 2)
        }
    }

    @Test func stopsAtTheLimitWithAWholeFile() throws {
        #expect(MotionJPEGWriter.maximumBytes == 1 << 31 - 1)
        try withTemporaryFolder { folder in
            let path = folder + "/a.avi"
            let limit = 20_000
            let writer = try MotionJPEGWriter(path: path, width: 32, height: 32, maximumBytes: limit)
            var written = 0
            #expect(throws: ImageFileError.self) {
                for frame in 0..<1000 {
                    try writer.append(picture(frame, 32, 32))
                    written += 1
                }
            }
            #expect(throws: ImageFileError.videoFull(file: path, frames: written, maximumBytes: limit)) {
                try writer.append(picture(0, 32, 32))
            }
            try writer.finish()
            let video = try AVI(path: path)
            #expect(video.frames.count == written && written > 5 && video.isConsistent(width: 32, height: 32, rate: 30))
            // Full means that one more would not have fitted.
            #expect(video.bytes.count <= limit && video.bytes.count + video.frames[0].data.count + 40 > limit)
        }
    }

    @Test func replacesAFileOnlyWhenFinished() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.avi"
            try Data("old".utf8).write(to: URL(fileURLWithPath: path))
            let writer = try MotionJPEGWriter(path: path, width: 8, height: 6)
            try writer.append(picture(0, 8, 6))
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
            #expect(reason { _ = try MotionJPEGWriter(path: path, width: 8, height: 6) }.contains("being written by another"))
            try writer.finish()
            #expect(try AVI(path: path).frames.count == 1)
        }
    }

    @Test func leavesEverythingElseAlone() throws {
        try withTemporaryFolder { folder in
            func refusal(_ path: String) -> String { reason { _ = try MotionJPEGWriter(path: path, width: 8, height: 6) } }
            try Data("kept".utf8).write(to: URL(fileURLWithPath: folder + "/target"))
            try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder + "/target")
            #expect(mkfifo(folder + "/pipe", 0o600) == 0)
            try FileManager.default.createDirectory(atPath: folder + "/busy.part", withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(atPath: folder + "/sly.part", withDestinationPath: folder + "/target")
            #expect(mkfifo(folder + "/slow.part", 0o600) == 0)
            for (path, part) in [
                (folder, "is a directory"), (folder + "/", "names a directory"), (folder + "/new/", "names a directory"),
                (folder + "/link", "is a symbolic link"), (folder + "/pipe", "is not a regular file"),
                ("/dev/null", "is not a regular file"), (folder + "/none/a.avi", "No such file"), (folder + "/target/a.avi", "Not a directory"),
                (folder + "/busy", "busy.part is a directory"), (folder + "/sly", "sly.part is a symbolic link"),
                (folder + "/slow", "slow.part is not a regular file"), ("", "not a valid path"), ("a\0b", "not a valid path"),
                (folder + "/" + String(repeating: "x", count: 300), "too long"),
            ] {
                let error = refusal(path)
                #expect(error.hasPrefix("\(path): cannot write: ") && error.contains(part), "\(path): \(error)")
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/target")) == Data("kept".utf8))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                    == ["busy.part", "link", "pipe", "slow.part", "sly.part", "target"])
            for (width, height) in [(0, 1), (1, -1), (65501, 1), (1, Int.max)] {
                #expect(reason { _ = try MotionJPEGWriter(path: folder + "/a", width: width, height: height) }.contains("65500"))
            }
            // What came to stand under the name while it was recorded stays, and so does the recording.
            let writer = try MotionJPEGWriter(path: folder + "/a", width: 8, height: 6)
            try writer.append(picture(0, 8, 6))
            try FileManager.default.createDirectory(atPath: folder + "/a", withIntermediateDirectories: false)
            #expect(reason { try writer.finish() } == "\(folder)/a: cannot write: is a directory; what was recorded is in \(folder)/a.part")
            #expect(try AVI(path: folder + "/a.part").isConsistent(width: 8, height: 6, rate: 30))
        }
    }

    @Test func relativePathsBeginInTheProcessFolder() throws {
        let name = "leo-test-\(UUID().uuidString).avi"
        let writer = try MotionJPEGWriter(path: name, width: 2, height: 2)
        #expect(writer.path == FileManager.default.currentDirectoryPath + "/" + name)
        try writer.finish()
        #expect(exists(name))
        try FileManager.default.removeItem(atPath: name)
    }
}
