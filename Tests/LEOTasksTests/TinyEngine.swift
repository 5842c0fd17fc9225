import Foundation
import LEO
import LEOConvert
import LEOModel
import TestSupport

/// A random model so small that everything about it takes little time.
enum TinyEngine {
    static func make(seed: UInt64 = 11, vocabulary: Int = 400, pointsPerObject: Int = 1024, storesPrompt: Bool = true) throws -> Engine {
        var model = ModelConfiguration(name: "tiny")
        model.image.depths = [1, 1, 1, 1]
        model.image.dims = [8, 8, 16, 16]
        model.points.pointsPerObject = pointsPerObject
        model.points.layers = [
            .init(samples: 8, neighbours: 6, radius: 0.4, widths: [8, 12]), .init(samples: 4, neighbours: 4, radius: 0.8, widths: [16]),
            .init(widths: [24, 32]),
        ]
        model.points.outputWidth = 32
        model.spatial.hiddenDim = 32
        model.spatial.dimFeedforward = 48
        model.spatial.numLayers = 1
        model.language.hiddenSize = 32
        model.language.numHiddenLayers = 1
        model.language.numAttentionHeads = 2
        model.language.numKeyValueHeads = 2
        model.language.intermediateSize = 48
        model.language.vocabulary = vocabulary
        model.lora?.rank = 4
        // The mapping outlives the name.
        return try withTemporaryFolder { folder in
            var converter = try Converter(synthetic: model, weightType: .f32, seed: seed)
            converter.storesPrompt = storesPrompt
            try converter.write(to: folder + "/m.leo")
            return try Engine(path: folder + "/m.leo")
        }
    }

    private static let opened = Result { try make() }
    static func shared() throws -> Engine { try opened.get() }

    /// One whose vocabulary has the action tokens.
    private static let acting = Result { try make(vocabulary: 32001) }
    static func sharedActing() throws -> Engine { try acting.get() }
}

/// Makes an empty temporary folder, calls `body`, removes the folder.
func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("leo-test-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.path)
}
