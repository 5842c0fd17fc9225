import Foundation
import LEO
import LEOArchive
import LEOConvert
import LEOModel
import LEOScene
import TestSupport

/// A random model in a file of its own, opened once for all tests.
enum TestEngine {
    static func configuration(_ change: (inout ModelConfiguration) -> Void = { _ in }) -> ModelConfiguration {
        var model = ModelConfiguration(name: "test")
        model.image.depths = [1, 1, 1, 1]
        model.image.dims = [8, 8, 16, 16]
        model.points.pointsPerObject = 64
        model.points.layers = [
            .init(samples: 8, neighbours: 6, radius: 0.4, widths: [8, 12]), .init(samples: 4, neighbours: 4, radius: 0.8, widths: [16]),
            .init(widths: [24, 32]),
        ]
        model.points.outputWidth = 32
        model.spatial.hiddenDim = 32
        model.spatial.dimFeedforward = 48
        model.spatial.numLayers = 2
        model.language.hiddenSize = 64
        model.language.numHiddenLayers = 2
        model.language.numAttentionHeads = 4
        model.language.numKeyValueHeads = 2
        model.language.intermediateSize = 96
        model.language.vocabulary = 320
        model.lora?.rank = 4
        change(&model)
        return model
    }

    static func write(to path: String, weightType: WeightType = .f32, _ change: (inout ModelConfiguration) -> Void = { _ in }) throws {
        try Converter(synthetic: configuration(change), weightType: weightType, seed: 11).write(to: path)
    }

    static func make(threads: Int = 1, weightType: WeightType = .f32, _ change: (inout ModelConfiguration) -> Void = { _ in }) throws -> Engine {
        // The mapping outlives the name.
        try withTemporaryFolder { folder in
            try write(to: folder + "/m.leo", weightType: weightType, change)
            var options = EngineOptions()
            options.threads = threads
            return try Engine(path: folder + "/m.leo", options: options)
        }
    }

    private static let opened = Result { try make() }
    static func shared() throws -> Engine { try opened.get() }

    /// Boxes of coloured points beside each other; ids from 1.
    static func scene(_ count: Int, points: Int = 80) -> Scene {
        var random = SeededGenerator(seed: 21)
        let objects = (0..<count).map { index -> SceneObject in
            let coordinates = (0..<points).flatMap { _ in
                [Double(index % 10), Double(index / 10), 0].map { $0 + Double.random(in: 0...0.6, using: &random) }
            }
            return SceneObject(id: index + 1, points: ObjectPoints(coordinates: coordinates, colors: random.floats(3 * points)))
        }
        return Scene(source: "made up", objects: objects, bounds: Bounds(minimum: .zero, maximum: SIMD3(10, 10, 1)))
    }

    static func image(seed: UInt64 = 2) -> Image {
        var random = SeededGenerator(seed: seed)
        return Image(width: 31, height: 17, pixels: (0..<3 * 31 * 17).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    static func greedy(_ text: String = "What is near?", scene: Scene? = scene(5), tokens: Int = 24) -> Request {
        var request = Request(text, scene: scene)
        request.decoding.strategy = .greedy
        request.decoding.maxNewTokens = tokens
        return request
    }
}

/// Lets exactly one sequence through, then the end.
struct Script: TokenConstraint {
    let ids: [Int32]
    func allowedTokens(after generated: ArraySlice<Int32>) -> TokenSet? {
        generated.count < ids.count ? TokenSet([ids[generated.count]]) : TokenSet([2])
    }
}

extension Answer {
    /// Everything but the times.
    var outcome: [String] { [text, "\(ids)", "\(score.bitPattern)", "\(finish)", "\(notices)", "\(answerScores?.losses.map(\.bitPattern) ?? [])"] }
}
