import Foundation
import LEOImageIO
import LEOScene
import LEOTensor
import TestSupport
import Testing

private func picture(_ width: Int, _ height: Int, seed: UInt64 = 1) -> Image {
    var random = SeededGenerator(seed: seed)
    return Image(
        width: width, height: height, pixels: (0..<3 * width * height).map { _ in .random(in: 0...255, using: &random) }
    )
}

@Suite struct ImageResizingTests {
    /// Bilinear interpolation in real numbers, half-pixel centres, borders repeated.
    private func plainlyResized(_ image: Image, _ width: Int, _ height: Int) -> [Double] {
        func tap(_ output: Int, _ from: Int, _ to: Int) -> (Int, Int, Double) {
            let position = max((Double(output) + 0.5) * Double(from) / Double(to) - 0.5, 0)
            let first = min(Int(position), from - 1)
            return (first, min(first + 1, from - 1), position - Double(first))
        }
        return (0..<height).flatMap { y in
            let (top, bottom, down) = tap(y, image.height, height)
            return (0..<width).flatMap { x in
                let (left, right, across) = tap(x, image.width, width)
                return (0..<3).map { channel in
                    func at(_ x: Int, _ y: Int) -> Double { Double(image.pixels[3 * (y * image.width + x) + channel]) }
                    let above = at(left, top) * (1 - across) + at(right, top) * across
                    let below = at(left, bottom) * (1 - across) + at(right, bottom) * across
                    return above * (1 - down) + below * down
                }
            }
        }
    }

    @Test(arguments: [
        (1, 1, 5, 7), (2, 3, 224, 224), (300, 200, 224, 224), (57, 100, 224, 224), (448, 448, 224, 224),
        (640, 480, 224, 224),
        (31, 17, 1, 1), (5, 1, 3, 9), (7, 7, 7, 8),
    ]) func staysWithinALevelOfPlainInterpolation(width: Int, height: Int, newWidth: Int, newHeight: Int) {
        let image = picture(width, height)
        let resized = image.resized(width: newWidth, height: newHeight)
        #expect(resized.width == newWidth && resized.height == newHeight)
        let plain = plainlyResized(image, newWidth, newHeight)
        // 11-bit weights and cut products are off by less than a level.
        let worst = zip(resized.pixels, plain).map { abs(Double($0) - $1) }.max() ?? 0
        #expect(worst <= 1.01, "\(worst)")
    }

    @Test func sameSizeIsTheSamePicture() {
        #expect(picture(9, 4).resized(width: 9, height: 4) == picture(9, 4))
    }

    @Test func halvingAveragesFourPixels() {
        let image = picture(8, 6)
        let half = image.resized(width: 4, height: 3)
        for y in 0..<3 {
            for x in 0..<4 {
                let sum = [(0, 0), (1, 0), (0, 1), (1, 1)].reduce(2) {
                    $0 + Int(image[2 * x + $1.0, 2 * y + $1.1].green)
                }
                #expect(Int(half[x, y].green) == sum >> 2)
            }
        }
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)), arguments: ["120x200", "224x224", "300x400"])
    func agreesWithGolden(size: String) throws {
        let inputs = try GoldenTensors(goldenPath("kernels/preprocess-2d-\(size)/inputs.safetensors"))
        let outputs = try GoldenTensors(goldenPath("kernels/preprocess-2d-\(size)/outputs.safetensors"))
        let tensor = try #require(inputs["image"])
        let image = Image(width: tensor.shape[1], height: tensor.shape[0], pixels: tensor.integers().map { UInt8($0) })
        let resized = image.resized(width: 224, height: 224)
        // The golden allows one level; the arithmetic is OpenCV's own, so there is no reason to be off at all.
        #expect(resized.pixels.map(Int.init) == outputs["resized"]?.integers())
        if let features = outputs["img_fts"] {
            #expect(image.preprocessed().shape == features.shape)
            #expect(greatestDifference(image.preprocessed().floats(), features.floats()) <= 1e-6)
        }
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent))) func agreesWithNavigationPictures() throws {
        let folder = goldenPath("data/")
        let data = try Data(contentsOf: URL(fileURLWithPath: folder + "expected/mp3d_objnav.json"))
        let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let tensors = try GoldenTensors(folder + "expected/mp3d_objnav.safetensors")
        var compared = 0
        for entry in try #require(json["cases"] as? [[String: Any]]) {
            guard let id = entry["id"] as? String, let image = entry["img_path"] as? String,
                let features = tensors["\(id)/img_fts"]
            else { continue }
            let picture = try Image(contentsOf: folder + image)
            #expect(
                greatestDifference(picture.preprocessed(channels: .bgr).floats(), features.floats()) <= 1e-5, "\(id)")
            compared += 1
        }
        #expect(compared > 0)
    }
}

@Suite struct ImagePreprocessingTests {
    @Test func channelOrderDecidesWhichStatisticsApply() {
        let image = Image(width: 1, height: 1, pixels: [255, 128, 0])
        func value(_ level: Double, _ mean: Double, _ deviation: Double) -> Float {
            Float((level / 255 - mean) / deviation)
        }
        #expect(
            image.normalized().floats() == [value(255, 0.485, 0.229), value(128, 0.456, 0.224), value(0, 0.406, 0.225)])
        #expect(
            image.normalized(channels: .bgr).floats()
                == [value(0, 0.485, 0.229), value(128, 0.456, 0.224), value(255, 0.406, 0.225)])
        #expect(image.preprocessed().shape == [3, 224, 224])
    }

    @Test func orientationsTurnThePicture() {
        let image = Image(width: 2, height: 3, pixels: (0..<6).flatMap { [UInt8($0), 0, 0] })
        func reds(_ orientation: Int) -> [UInt8] {
            let turned = image.oriented(exif: orientation)
            return stride(from: 0, to: 18, by: 3).map { turned.pixels[$0] }
        }
        // Rows of the upright picture; the stored one is 01 / 23 / 45.
        #expect(reds(1) == [0, 1, 2, 3, 4, 5])
        #expect(reds(2) == [1, 0, 3, 2, 5, 4])
        #expect(reds(3) == [5, 4, 3, 2, 1, 0])
        #expect(reds(4) == [4, 5, 2, 3, 0, 1])
        #expect(reds(5) == [0, 2, 4, 1, 3, 5])
        #expect(reds(6) == [4, 2, 0, 5, 3, 1])
        #expect(reds(7) == [5, 3, 1, 4, 2, 0])
        #expect(reds(8) == [1, 3, 5, 0, 2, 4])
        #expect(image.oriented(exif: 6).width == 3 && image.oriented(exif: 3).width == 2)
        #expect(image.oriented(exif: 99) == image)
    }
}
