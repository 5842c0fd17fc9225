import LEOScene
import LEOTensor
import TestSupport
import Testing

@Suite struct ObjectTensorsTests {
    private func object(_ count: Int, id: Int = 1, seed: UInt64 = 1) -> SceneObject {
        var random = SeededGenerator(seed: seed)
        let coordinates = (0..<3 * count).map { _ in Double.random(in: -2...5, using: &random) }
        // Each point has a colour of its own, so that picks can be told apart.
        var rgb: [UInt8] = []
        for index in 0..<count {
            for shift in [0, 8, 16] { rgb.append(UInt8(truncatingIfNeeded: index >> shift)) }
        }
        return SceneObject(id: id, points: ObjectPoints(coordinates: coordinates, rgb: rgb))
    }

    private func pickedPoints(_ tensors: ObjectTensors, object: Int = 0) -> [Int] {
        let rows = tensors.features.rows(object..<object + 1).floats()
        return stride(from: 3, to: rows.count, by: 6).map { first -> Int in
            let levels = rows[first..<first + 3].map { Int((($0 + 1) * 127.5).rounded()) }
            return levels[0] + levels[1] << 8 + levels[2] << 16
        }
    }

    @Test func picksWithoutRepetitionFromEnough() {
        for count in [1024, 1025, 5000] {
            let picks = pickedPoints(ObjectTensors([object(count)]))
            #expect(picks.count == 1024 && Set(picks).count == 1024, "\(count)")
        }
        #expect(Set(pickedPoints(ObjectTensors([object(5000)]))).contains { $0 > 4000 }, "from all over the object")
    }

    @Test func picksWithRepetitionFromFew() {
        for count in [1, 2, 1023] {
            let picks = pickedPoints(ObjectTensors([object(count)]))
            #expect(picks.count == 1024 && Set(picks).count <= count)
        }
        #expect(
            Set(pickedPoints(ObjectTensors([object(1023)]))).count < 1000,
            "drawn with repetition, not shuffled and filled")
    }

    @Test func pointsLieInTheUnitSphereAroundTheirMean() {
        let rows = ObjectTensors([object(3000)]).features.floats()
        var mean = SIMD3<Float>.zero
        var farthest: Float = 0
        for first in stride(from: 0, to: rows.count, by: 6) {
            let point = SIMD3(rows[first], rows[first + 1], rows[first + 2])
            mean += point / 1024
            farthest = max(farthest, (point * point).sum().squareRoot())
        }
        #expect(abs(farthest - 1) < 1e-6)
        #expect((mean * mean).sum().squareRoot() < 1e-5)
    }

    @Test func pickDependsOnSeedAndObjectButNotOnOrder() {
        let (one, two) = (object(2000, id: 1), object(2000, id: 2))
        let forward = ObjectTensors([one, two], seed: 3)
        let backward = ObjectTensors([two, one], seed: 3)
        #expect(forward.features.rows(0..<1).floats() == backward.features.rows(1..<2).floats())
        #expect(pickedPoints(forward) != pickedPoints(forward, object: 1))
        #expect(pickedPoints(ObjectTensors([one], seed: 4)) != pickedPoints(forward))
    }

    @Test func onePointIsNotScaled() {
        let point = ObjectPoints(coordinates: [1.5, 2, 0.5], rgb: [0, 255, 51])
        let tensors = ObjectTensors([SceneObject(id: 1, points: point)], pointsPerObject: 2)
        #expect(tensors.features.floats() == [0, 0, 0, -1, 1, -0.6, 0, 0, 0, -1, 1, -0.6])
        #expect(tensors.locations.floats() == [1.5, 2, 0.5, 0, 0, 0])
    }

    @Test func floatColoursSpanTheSameRange() throws {
        let cloud = PointCloud(source: "f", coordinates: [0, 0, 0], floatColors: [0, 0.25, 1])
        #expect(try Scene(cloud).objects[0].points.colors == [-1, -0.5, 1])
    }

    @Test func noObjectsGiveEmptyTensors() {
        let tensors = ObjectTensors([])
        #expect(tensors.count == 0 && tensors.features.shape == [0, 1024, 6] && tensors.locations.shape == [0, 6])
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent))) func agreesWithGolden() throws {
        let inputs = try GoldenTensors(goldenPath("kernels/preprocess-pcd/inputs.safetensors"))
        let outputs = try GoldenTensors(goldenPath("kernels/preprocess-pcd/outputs.safetensors"))
        let objects = try (0..<4).map { index in
            let raw = try #require(inputs["raw_\(index)"]).floats()
            let rows = stride(from: 0, to: raw.count, by: 6)
            return ObjectPoints(
                coordinates: rows.flatMap { raw[$0..<$0 + 3].map(Double.init) },
                colors: rows.flatMap { raw[$0 + 3..<$0 + 6] })
        }
        let picks = try (0..<4).map { try #require(inputs["pick_\($0)"]).integers() }
        let tensors = ObjectTensors(objects, picks: picks)
        let features = try #require(outputs["obj_fts"])
        let locations = try #require(outputs["obj_locs"])
        #expect(tensors.features.shape == features.shape && tensors.locations.shape == locations.shape)
        // The golden's tolerance: sums in another order round differently in the last bit.
        #expect(greatestDifference(tensors.features.floats(), features.floats()) <= 2e-6)
        #expect(greatestDifference(tensors.locations.floats(), locations.floats()) <= 2e-6)
    }
}
