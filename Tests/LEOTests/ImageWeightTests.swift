import LEO
import LEOArchive
import LEOConvert
import LEOModel
import TestSupport
import Testing

/// An image encoder with bfloat16 matrices beside the same with float32.
@Suite struct ImageWeightTests {
    private func archive(_ type: ImageWeightType, in folder: String) throws -> Archive {
        var converter = try Converter(synthetic: TestEngine.configuration(), weightType: .f32, seed: 11)
        converter.imageWeightType = type
        try converter.write(to: folder + "/\(type.rawValue).leo")
        return try Archive(path: folder + "/\(type.rawValue).leo")
    }

    private func features(_ archive: Archive) throws -> [Float] {
        var random = SeededGenerator(seed: 3)
        let network = try Network(archive), size = network.configuration.image.size
        let encoder = try SceneEncoder(network)
        return try random.floats(3 * size * size).withUnsafeBufferPointer { try encoder.encodeImage($0) }.features
    }

    @Test func bfloat16StaysNearFloat32() throws {
        try withTemporaryFolder { folder in
            let fine = try archive(.f32, in: folder), coarse = try archive(.bf16, in: folder)
            let halved = coarse.tensors.filter { $0.specification.elementType == .bf16 }.map(\.specification.name)
            #expect(!halved.isEmpty && halved.allSatisfy { $0.hasPrefix("image.") && $0.hasSuffix(".weight") })
            // Products only: what is added, scaled or convolved stays float32.
            #expect(!halved.contains { $0.contains("conv_dw") || $0.contains("norm") })
            let expected = try features(fine), found = try features(coarse)
            let difference = zip(found, expected).map { $0 - $1 }
            func length(_ v: [Float]) -> Float { v.reduce(0) { $0 + $1 * $1 }.squareRoot() }
            // Weights, and where the CPU multiplies pairs of bfloat16 rows too, are rounded to 8 bits: each by 2^-9 at most.
            let error = length(difference) / length(expected)
            #expect(error > 0 && error < 0.01, "\(error)")
        }
    }
}
