import ExecutionPlan
import LEOModel
import TestSupport
import Testing

@Suite struct SceneEncoderTests {
    private struct Result {
        var embeddings: [Float] = [], objects: [Float] = [], tokens: [Float] = [], image: [Float] = [], imageTokens: [Float] = []
        var all: [Float] { embeddings + objects + tokens + image + imageTokens }
    }

    private func run(_ network: Network, objects count: Int) throws -> Result {
        var random = SeededGenerator(seed: 5)
        let clouds = random.floats(6 * 48 * 6), locations = random.floats(6 * 6), image = random.floats(3 * 32 * 32)
        let encoder = try SceneEncoder(network)
        var result = Result()
        result.embeddings = try clouds[..<(count * 48 * 6)].withUnsafeBufferPointer { try encoder.encodeObjects($0, count: count) }
        (result.objects, result.tokens) = try encoder.encodeScene(
            embeddings: result.embeddings, locations: Array(locations[..<(count * 6)]), count: count, anchor: [0.1, 0.2, 0.3],
            orientation: [0, 0, 0, 1])
        (result.image, result.imageTokens) = try image.withUnsafeBufferPointer { try encoder.encodeImage($0) }
        return result
    }

    @Test(arguments: [true, false], [0, 1, 2, 6])
    func everyNumberOfObjects(embodied: Bool, count: Int) throws {
        let network = try TinyModel.network { $0.spatial.useEmbodiedToken = embodied }
        let result = try run(network, objects: count)
        let slots = count + (embodied ? 1 : 0)
        #expect(result.embeddings.count == count * 32 && result.objects.count == slots * 32 && result.tokens.count == slots * 32)
        #expect(result.imageTokens.count == 32 && result.image.count == 16)
        #expect(result.all.allSatisfy { $0.isFinite })
        // Objects differ, so their tokens do.
        let rows = (0..<slots).map { Array(result.tokens[$0 * 32..<($0 + 1) * 32]) }
        #expect(Set(rows).count == slots)
        // An object's embedding does not depend on the others.
        let full = try run(network, objects: 6)
        #expect(bits(result.embeddings) == bits(full.embeddings.prefix(count * 32)))
    }

    @Test func sameBitsForEveryNumberOfWorkers() throws {
        let one = bits(try run(TinyModel.network(workers: 1), objects: 5).all)
        for workers in 2...3 { #expect(bits(try run(TinyModel.network(workers: workers), objects: 5).all) == one) }
    }

    @Test func bestKernelsAgreeWithTheReference() throws {
        let best = try run(TinyModel.network(), objects: 5), reference = try run(TinyModel.network(instructionSet: "ref"), objects: 5)
        #expect(distance(best.all, reference.all) < 2e-4)
    }

    @Test func everySpatialVariantRuns() throws {
        for fusion in [SpatialFusion.cond, .mul, .bias, .ctx, .add] {
            for encoding in [SpatialConfiguration.LocationEncoding.sameAll, .same0, .diffAll] {
                for multihead in [true, false] {
                    let network = try TinyModel.network {
                        $0.spatial.spatialAttnFusion = fusion
                        $0.spatial.objLocEncoding = encoding
                        $0.spatial.spatialMultihead = multihead
                    }
                    #expect(try run(network, objects: 3).all.allSatisfy { $0.isFinite }, "\(fusion) \(encoding) \(multihead)")
                }
            }
        }
        let plain = try TinyModel.network { $0.spatial.useSpatialAttn = false }
        #expect(try run(plain, objects: 3).all.allSatisfy { $0.isFinite })
    }

    @Test func everyPoolingRuns() throws {
        for pooling in ImageEncoderConfiguration.Pooling.allCases {
            let network = try TinyModel.network {
                $0.image.pooling = pooling
                $0.image.size = 64
            }
            var random = SeededGenerator(seed: 5)
            let image = random.floats(3 * 64 * 64)
            let (features, tokens) = try image.withUnsafeBufferPointer { try SceneEncoder(network).encodeImage($0) }
            #expect(tokens.count == network.configuration.image.tokenCount * 32 && tokens.allSatisfy { $0.isFinite }, "\(pooling)")
            #expect(features.count == network.configuration.image.tokenCount * network.configuration.image.featureWidth)
        }
    }

    @Test func tooManyObjectsAreAnError() throws {
        let encoder = try SceneEncoder(TinyModel.network())
        #expect(throws: CapacityError.tooManyObjects(count: 7, limit: 6)) {
            try [Float](repeating: 0, count: 7 * 48 * 6).withUnsafeBufferPointer { try encoder.encodeObjects($0, count: 7) }
        }
    }

    @Test func cancellationIsThrown() throws {
        let encoder = try SceneEncoder(TinyModel.network())
        let cancelled = Cancellation()
        cancelled.cancel()
        let zeros = [Float](repeating: 0, count: 3 * 32 * 32)
        #expect(throws: CancellationError.self) {
            try zeros.withUnsafeBufferPointer { try encoder.encodeImage($0, cancellation: cancelled) }
        }
        #expect(throws: CancellationError.self) {
            try zeros[..<288].withUnsafeBufferPointer { try encoder.encodeObjects($0, count: 1, cancellation: cancelled) }
        }
        #expect(throws: CancellationError.self) {
            try encoder.encodeScene(
                embeddings: [], locations: [], count: 0, anchor: [0, 0, 0], orientation: [0, 0, 0, 1], cancellation: cancelled)
        }
    }

    @Test func missingWeightsAreNamed() {
        let configuration = TinyModel.configuration()
        #expect { try Network(configuration, source: EvaluatingSource(InMemoryParameters([:]))) } throws: { error in
            guard case GraphError.constant(let name, _, _) = error else { return false }
            return name.hasPrefix("image.")
        }
    }
}
