import LEOScene
import LEOTensor
import TestSupport
import Testing

/// Points spread over a box's surface, without its underside.
private func box(
    _ least: SIMD3<Double>, _ size: SIMD3<Double>, count: Int, _ random: inout SeededGenerator
) -> [Double] {
    let areas = [size.x * size.y, size.x * size.z, size.x * size.z, size.y * size.z, size.y * size.z]
    return (0..<count).flatMap { _ -> [Double] in
        var choice = Double.random(in: 0..<areas.reduce(0, +), using: &random)
        var face = 0
        while face < 4, choice >= areas[face] {
            choice -= areas[face]
            face += 1
        }
        var point = SIMD3(
            Double.random(in: 0...1, using: &random), Double.random(in: 0...1, using: &random),
            Double.random(in: 0...1, using: &random))
        switch face {
        case 0: point.z = 1
        case 1: point.y = 0
        case 2: point.y = 1
        case 3: point.x = 0
        default: point.x = 1
        }
        let place = least + point * size
        return [place.x, place.y, place.z]
    }
}

/// A floor of 4 x 4 metres with a little noise, and three boxes on it. The floor is tilted so that no axis helps.
private func room(seed: UInt64, tilt: Double = 0.3) -> (cloud: PointCloud, boxSizes: [Int]) {
    var random = SeededGenerator(seed: seed)
    var coordinates: [Double] = (0..<40_000).flatMap { _ in
        [
            Double.random(in: 0...4, using: &random), .random(in: 0...4, using: &random),
            .random(in: -0.005...0.005, using: &random),
        ]
    }
    let boxes: [(SIMD3<Double>, SIMD3<Double>, Int)] = [
        (SIMD3(0.5, 0.5, 0), SIMD3(0.5, 0.5, 0.5), 6000), (SIMD3(2, 0.7, 0), SIMD3(0.4, 0.8, 0.3), 5000),
        (SIMD3(1.5, 2.5, 0), SIMD3(0.6, 0.3, 0.9), 8000),
    ]
    for (least, size, count) in boxes { coordinates += box(least, size, count: count, &random) }
    for first in stride(from: 0, to: coordinates.count, by: 3) { coordinates[first + 2] += tilt * coordinates[first] }
    return (PointCloud(source: "room", coordinates: coordinates), [8000, 6000, 5000])
}

/// `groups` labelled objects, of `10 + label` points each.
private func labelled(_ groups: Int) -> PointCloud {
    var coordinates: [Double] = []
    var labels: [Int32] = []
    for label in 1...groups {
        for point in 0..<10 + label {
            coordinates += [Double(label), Double(point), 0]
            labels.append(Int32(label))
        }
    }
    return PointCloud(
        source: "many", coordinates: coordinates,
        properties: [PointProperty(name: "instance", values: Tensor(labels, shape: [labels.count]))])
}

@Suite struct SceneByLabelTests {
    @Test func zeroAndNegativeIDsAreUnlabelled() throws {
        let cloud = PointCloud(
            source: "s", coordinates: [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, .nan, 0, 0],
            colors: Array(repeating: 255, count: 15),
            properties: [PointProperty(name: "label", values: Tensor([0, -1, 7, 2, 2] as [Int32], shape: [5]))])
        let scene = try Scene(cloud)
        #expect(scene.objects.map(\.id) == [2, 7])
        #expect(scene.objects.map(\.points.coordinates) == [[3, 3, 3], [2, 2, 2]], "the invalid point is left out")
        #expect(scene.objects[0].points.colors == [1, 1, 1])
        #expect(scene.bounds == Bounds(minimum: .zero, maximum: SIMD3(3, 3, 3)))
        #expect(scene.notices.isEmpty)
    }

    @Test func excludesNamedBackground() throws {
        #expect(try Scene(labelled(4), options: SceneOptions(excludedIDs: [1, 3])).objects.map(\.id) == [2, 4])
        #expect(throws: SceneError.self) { try Scene(labelled(2), options: SceneOptions(excludedIDs: [1, 2])) }
    }

    @Test func keepsTheLargestOfTooMany() throws {
        let scene = try Scene(labelled(75))
        #expect(scene.objects.map(\.id) == Array(16...75), "more points with greater ids")
        #expect(scene.notices.contains("many: 75 objects, kept the 60 largest; the others have 25 points at most"))
        let required = try Scene(labelled(75), options: SceneOptions(requiredIDs: [1, 2]))
        #expect(required.objects.map(\.id) == [1, 2] + Array(18...75))
        #expect(try Scene(labelled(60)).notices.count == 1, "60 fit; the only notice is about colours")
    }

    @Test func findsIDsUnderTheUsersName() throws {
        let cloud = PointCloud(
            source: "s", coordinates: [0, 0, 0, 1, 1, 1],
            properties: [
                PointProperty(name: "label", values: Tensor([5, 5] as [Int32], shape: [2])),
                PointProperty(name: "thing", values: Tensor([1, 2] as [Float], shape: [2])),
                PointProperty(name: "instance", values: Tensor([3, 4] as [Int32], shape: [2])),
            ])
        #expect(try Scene(cloud).objects.map(\.id) == [3, 4], "instance goes before label")
        #expect(try Scene(cloud, options: SceneOptions(instanceProperty: "thing")).objects.map(\.id) == [1, 2])
        #expect(
            throws: SceneError.unknownProperty(file: "s", name: "other", available: ["label", "thing", "instance"])
        ) {
            try Scene(cloud, options: SceneOptions(instanceProperty: "other"))
        }
        #expect(throws: SceneError.unknownObject(file: "s", id: 9)) {
            try Scene(cloud, options: SceneOptions(requiredIDs: [9]))
        }
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent))) func dividesRealLabelledScans() throws {
        let cloud = try PointCloud(contentsOf: scanPath("test52.pcd"))
        // 0 is unlabelled; the desk, 1, is an object like the others unless it is excluded.
        #expect(try Scene(cloud).objects.map(\.id) == [1, 20, 30, 40, 50, 60, 70, 80])
        let scene = try Scene(cloud, options: SceneOptions(excludedIDs: [1]))
        #expect(scene.objects.map(\.id) == [20, 30, 40, 50, 60, 70, 80])
        for object in scene.objects {
            #expect(object.points.count > 200 && object.points.bounds.size.max() < 0.6, "things that stand on a desk")
        }
    }

    @Test func refusesImpossibleOptions() {
        for options in [
            SceneOptions(maximumObjects: 0), SceneOptions(clustering: ClusteringOptions(tolerance: 0)),
            SceneOptions(clustering: ClusteringOptions(tolerance: .nan)),
            SceneOptions(clustering: ClusteringOptions(planeDistance: -1)),
            SceneOptions(clustering: ClusteringOptions(minimumPlaneShare: 0)),
            SceneOptions(requiredIDs: [1, 2], maximumObjects: 1),
        ] {
            #expect(throws: SceneError.self) { try Scene(labelled(3), options: options) }
        }
    }
}

@Suite struct SceneByClusterTests {
    @Test(arguments: [1, 2, 3] as [UInt64]) func floorAndThreeBoxesAreThreeObjects(seed: UInt64) throws {
        let (cloud, sizes) = room(seed: seed)
        let scene = try Scene(cloud, options: SceneOptions(clustering: ClusteringOptions(seed: seed)))
        #expect(scene.objects.map(\.id) == [1, 2, 3])
        for (object, size) in zip(scene.objects, sizes) {
            // A strip of box wall as thick as the plane goes with the floor.
            #expect(
                object.points.count > size * 8 / 10 && object.points.count <= size + size / 20,
                "\(object.points.count) of \(size)")
        }
        #expect(scene.notices.contains { $0.contains("1 large plane with") })
    }

    @Test func aSliceThroughManyThingsIsNoPlane() throws {
        // A lattice of small blocks: planes through it hold many blocks, none of them in one piece.
        var random = SeededGenerator(seed: 6)
        var coordinates: [Double] = []
        for place in 0..<24 {
            let least = SIMD3(Double(place % 4), Double(place / 4 % 3), Double(place / 12))
            coordinates += box(least, SIMD3(0.2, 0.2, 0.1), count: 600, &random)
        }
        let scene = try Scene(PointCloud(source: "lattice", coordinates: coordinates))
        #expect(scene.objects.map(\.points.count) == Array(repeating: 600, count: 24))
    }

    @Test func sameSeedGivesSameObjects() throws {
        let cloud = room(seed: 5).cloud
        let one = try Scene(cloud)
        let two = try Scene(cloud)
        #expect(one.objects.map(\.points.coordinates) == two.objects.map(\.points.coordinates))
    }

    @Test func aCloudWithoutClustersIsOneObject() throws {
        let scene = try Scene(PointCloud(source: "few", coordinates: [0, 0, 0, 1, 0, 0, 0, 1, 5]))
        #expect(scene.objects.map(\.points.count) == [3])
        #expect(scene.notices.contains { $0.contains("one object") })
    }

    @Test func hugeExtentsAreHandled() throws {
        let far: [Double] = [
            0, 0, 0, 1e300, -1e300, 1e308, -1e308, 3, 4, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0,
        ]
        let scene = try Scene(PointCloud(source: "far", coordinates: far))
        #expect(scene.objects.count == 1)
        #expect(scene.objectTensors(pointsPerObject: 4).features.shape == [1, 4, 6])
    }

    @Test func nothingValidIsAnError() {
        #expect(throws: SceneError.self) { try Scene(PointCloud(source: "nan", coordinates: [.nan, 0, 0])) }
        #expect(throws: SceneError.self) { try Scene(PointCloud(source: "none", coordinates: [])) }
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent))) func findsTheBoxesOnTheDeskWithoutLabels() throws {
        let cloud = try PointCloud(contentsOf: scanPath("test11.pcd"))
        let found = try Scene(cloud, options: SceneOptions(division: .clusters))
        let labelled = try Scene(cloud, options: SceneOptions(excludedIDs: [1]))
        #expect(found.objects.count == 3)
        for object in found.objects {
            // Each cluster is one of the three labelled boxes: their middles are a hand apart.
            let distance = labelled.objects.map { other in
                let gap = other.points.bounds.center - object.points.bounds.center
                return (gap * gap).sum().squareRoot()
            }.min()
            #expect((distance ?? 1) < 0.03)
        }
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent))) func dividesTheOffice() throws {
        let cloud = try PointCloud(contentsOf: scanPath("office_unlabelled.pcd"))
        let scene = try Scene(cloud)
        #expect((3...30).contains(scene.objects.count), "\(scene.objects.map(\.points.count))")
        // The swivel chair: a connected thing of chair size.
        #expect(
            scene.objects.prefix(5).contains {
                (0.4...1.6).contains($0.points.bounds.size.max()) && $0.points.count > 5000
            })
        #expect(scene.notices.contains { $0.contains("large plane") })
    }
}

@Suite struct FocusTests {
    @Test func targetStandsFirstAndHoldsTheAgent() throws {
        let scene = try Scene(labelled(5))
        let (focused, anchor) = try scene.focused(on: 3, seed: 9)
        #expect(focused.objects.map(\.id) == [3, 1, 2, 4, 5])
        let box = focused.objects[0].points.bounds
        #expect(all(anchor .>= box.minimum) && all(anchor .<= box.maximum))
        #expect(try scene.focused(on: 3, seed: 9).anchor == anchor)
        #expect(try scene.focused(on: 3, seed: 10).anchor != anchor)
        #expect(throws: SceneError.unknownObject(file: "many", id: 6)) { try scene.focused(on: 6, seed: 0) }
    }

    @Test func relevantObjectsComeFirstInTheirOrder() throws {
        #expect(try Scene(labelled(5)).reordered(first: [4, 2, 4]).objects.map(\.id) == [4, 2, 1, 3, 5])
    }

    @Test func fractionsOfABox() {
        let box = Bounds(minimum: SIMD3(0, 2, 4), maximum: SIMD3(4, 4, 8))
        #expect(box.point(at: SIMD3(0.25, 0.5, 0.75)) == SIMD3(1, 3, 7))
        #expect(box.center == SIMD3(2, 3, 6))
    }
}
