import ExecutionPlan
import LEOModel
import LEOScene
import LEOTensor

extension SessionWork {
    /// Image and object tokens of a request.
    struct Perception {
        var extraRows: [Float]
        var objectTokens: Int
    }

    /// - Parameter reuses: whether results of earlier requests may serve, and these later ones.
    func perceive(
        _ prepared: PreparedRequest, _ reuses: Bool, _ cancellation: Cancellation, _ clock: inout StageClock
    ) throws -> Perception {
        let cache = reuses ? engine.encodings : nil
        var rows: [Float] = []
        if let image = prepared.image {
            (rows, clock.timings.reusesImage) = try image.withFloats { pixels in
                try cached(.image, pixels, in: cache) { try encoder.encodeImage(pixels, cancellation: cancellation).tokens }
            }
            clock.stage(\.image)
        }
        let embeddings: [Float]
        (embeddings, clock.timings.reusedObjects) = try embed(prepared.objects, in: cache, cancellation)
        clock.stage(\.points)
        let count = prepared.objects.count
        let locations = prepared.objects.locations.floats()
        let anchor = prepared.pose.position.values, orientation = prepared.pose.orientation.values
        let tokens: [Float]
        (tokens, clock.timings.reusesScene) = try (anchor + orientation + locations + embeddings).withUnsafeBufferPointer { content in
            try cached(.scene, content, in: cache) {
                try encoder.encodeScene(
                    embeddings: embeddings, locations: locations, count: count, anchor: anchor, orientation: orientation,
                    cancellation: cancellation
                ).tokens
            }
        }
        clock.stage(\.spatial)
        return Perception(extraRows: rows + tokens, objectTokens: tokens.count / engine.configuration.language.hiddenSize)
    }

    private func cached(
        _ kind: EncodingCache.Kind, _ content: UnsafeBufferPointer<Float>, in cache: EncodingCache?, _ compute: () throws -> [Float]
    ) throws -> (value: [Float], isReused: Bool) {
        let number = model.encoderNumbers[kind] ?? 0
        if let known = cache?.value(kind, model: number, madeFrom: content) { return (known, true) }
        let value = try compute()
        cache?.store(value, kind, model: number, madeFrom: content)
        return (value, false)
    }

    /// Runs the point encoder over the objects that it has not seen. An embedding depends on its own object alone.
    private func embed(
        _ objects: ObjectTensors, in cache: EncodingCache?, _ cancellation: Cancellation
    ) throws -> (values: [Float], reused: Int) {
        let width = engine.configuration.points.outputWidth, number = model.encoderNumbers[.object] ?? 0
        return try objects.features.withFloats { clouds in
            guard let cache, objects.count > 0 else {
                return (try encoder.encodeObjects(clouds, count: objects.count, cancellation: cancellation), 0)
            }
            let stride = clouds.count / objects.count
            func cloud(_ index: Int) -> UnsafeBufferPointer<Float> {
                UnsafeBufferPointer(rebasing: clouds[index * stride..<(index + 1) * stride])
            }
            let known = (0..<objects.count).map { cache.value(.object, model: number, madeFrom: cloud($0)) }
            let missing = known.indices.filter { known[$0] == nil }
            let made = missing.isEmpty ? [] : try missing.flatMap { cloud($0) }.withUnsafeBufferPointer {
                try encoder.encodeObjects($0, count: missing.count, cancellation: cancellation)
            }
            var values: [Float] = []
            values.reserveCapacity(objects.count * width)
            var next = 0
            for (index, embedding) in known.enumerated() {
                if let embedding {
                    values += embedding
                } else {
                    let embedding = made[next * width..<(next + 1) * width]
                    next += 1
                    values += embedding
                    cache.store(Array(embedding), .object, model: number, madeFrom: cloud(index))
                }
            }
            return (values, objects.count - missing.count)
        }
    }
}

extension Tensor {
    /// Calls `body` with the numbers of a float32 tensor, without a copy.
    fileprivate func withFloats<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result {
        precondition(elementType == .f32, "float32")
        return try withBytes { try body($0.bindMemory(to: Float.self)) }
    }
}
