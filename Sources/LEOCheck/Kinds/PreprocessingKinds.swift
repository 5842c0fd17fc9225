import LEOScene
import LEOTensor

/// Object clouds and their locations, as the point encoder takes them.
enum CloudPreprocessingKind: DescribedKind {
    static let kind = "preprocess_pcd"

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let golden = try GoldenCase(folder)
        let picked = try golden.integer("num_points", 1...1_048_576)
        let features = try golden.output("obj_fts", [nil, picked, 6])
        let count = features.shape[0]
        let locations = try golden.output("obj_locs", [count, 6])
        var objects: [ObjectPoints] = [], picks: [[Int]] = []
        for index in 0..<count {
            let raw = try golden.input("raw_\(index)", [nil, 6]), values = raw.floats()
            let pick = try golden.input("pick_\(index)", [picked], .i32).integers()
            guard values.allSatisfy(\.isFinite) else { throw golden.malformed("inputs.raw_\(index)", "finite numbers") }
            guard pick.allSatisfy({ (0..<raw.shape[0]).contains($0) }) else {
                throw golden.malformed("inputs.pick_\(index)", "indices from 0 below \(raw.shape[0])")
            }
            let rows = stride(from: 0, to: values.count, by: 6)
            objects.append(
                ObjectPoints(
                    coordinates: rows.flatMap { values[$0..<$0 + 3].map(Double.init) }, colors: rows.flatMap { values[$0 + 3..<$0 + 6] }))
            picks.append(pick)
        }
        let tensors = ObjectTensors(objects, picks: picks)
        return [
            Comparison.floats("obj_fts", tensors.features.floats(), features.floats(), golden.tolerance),
            Comparison.floats("obj_locs", tensors.locations.floats(), locations.floats(), golden.tolerance),
        ]
    }
}

/// Pictures, resized and normalised as the image encoder takes them.
enum ImagePreprocessingKind: DescribedKind {
    static let kind = "preprocess_2d"

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let golden = try GoldenCase(folder)
        let size: [Int] = try golden.description.value("config.size")
        guard size.count == 2 else { throw golden.malformed("config.size", "height and width, found \(size)") }
        let expected = try golden.output("resized", [size[0], size[1], 3], .i32)
        guard size[0] > 0, size[1] > 0 else { throw golden.malformed("config.size", "sizes from 1, found \(size)") }
        let input = try golden.input("image", [nil, nil, 3], .i32), levels = input.integers()
        guard levels.allSatisfy({ (0...255).contains($0) }) else { throw golden.malformed("inputs.image", "levels from 0 to 255") }
        let image = Image(width: input.shape[1], height: input.shape[0], pixels: levels.map { UInt8($0) })
        let resized = image.resized(width: size[1], height: size[0])
        // The tolerance of a case is for `img_fts`; one level is what its rule grants the picture.
        var checks = [
            Comparison.floats("resized", resized.pixels.map { Float($0) }, expected.floats(), Tolerance(absolute: 1))
        ]
        if golden.golden.has("img_fts") {
            let features = try golden.output("img_fts", [3, size[0], size[1]])
            let isEncoderSize = size == [Image.encoderSize, Image.encoderSize]
            let found = isEncoderSize ? image.preprocessed() : resized.normalized()
            checks.append(Comparison.floats("img_fts", found.floats(), features.floats(), golden.tolerance))
        }
        return checks
    }
}
