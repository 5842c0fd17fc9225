import Foundation
import LEOScene
import LEOTensor
import LEOWorld
import Testing
import TestSupport

/// Scans and complete clouds: where the points lie, what is missing, and that they survive a file.
@Suite struct RenderScanTests {
    private let redBox = Box(center: SIMD3(2, 0.25, 2), size: SIMD3(0.5, 0.5, 0.5))
    private var scene: RenderScene { RenderScene(smallRoom(), options: .init(showsPlayer: false)) }
    private var views: [Camera] { DepthSensor.views(of: smallRoom().rooms[0], count: 6) }

    private func points(_ cloud: PointCloud, instance: Int) throws -> [SIMD3<Double>] {
        let ids = try #require(try cloud.instanceIDs())
        return ids.indices.filter { ids[$0] == instance + 1 }.map { LEOFrame.worldPoint(cloud.position($0)) }
    }

    @Test func frameExchangesHeightAndNorth() {
        let point = SIMD3(1.0, 2, 3)
        #expect(LEOFrame.point(point) == SIMD3(1, 3, 2))
        #expect(LEOFrame.worldPoint(LEOFrame.point(point)) == point)
        // Yaw 0 looks along world +z, which is +y in LEO's frame; to the right of it lies +x.
        #expect(abs(LEOFrame.heading(yaw: 0) - .pi / 2) < 1e-12)
        #expect(abs(LEOFrame.heading(yaw: 90)) < 1e-12)
        for yaw in stride(from: -180.0, to: 360, by: 30) {
            let q = LEOFrame.orientation(yaw: yaw)
            let turned = SIMD2(1 - 2 * (q.y * q.y + q.z * q.z), 2 * (q.x * q.y + q.w * q.z))
            let expected = LEOFrame.point(Transform(rotation: SIMD3(0, yaw, 0)).forward)
            #expect(abs(turned.x - expected.x) < 1e-12 && abs(turned.y - expected.y) < 1e-12, "yaw \(yaw)")
        }
    }

    // MARK: Depth camera

    @Test func exactScanLiesOnSurfaces() throws {
        let cloud = try DepthSensor(width: 120, height: 90, noise: nil).scan(scene, from: views, seed: 1)
        #expect(cloud.count > 6 * 120 * 90 / 2)
        let onBox = try points(cloud, instance: 0)
        #expect(onBox.count > 500)
        // Float depths, interpolated over the image.
        #expect(onBox.allSatisfy { distance($0, fromSurfaceOf: redBox) < 0.004 })
        let inner = Box(minimum: SIMD3(0, 0, 0), maximum: SIMD3(4, 2.5, 4))
        let door = Box(minimum: SIMD3(1.98, -0.01, 3.9), maximum: SIMD3(3.02, 2.02, 4.15))
        let stray = (0..<cloud.count).map { LEOFrame.worldPoint(cloud.position($0)) }.first { point in
            let isOnRoom = distance(point, fromSurfaceOf: inner) < 0.01
            let isInDoor = all(point .> door.minimum) && all(point .< door.maximum)
            return !(isOnRoom || isInDoor || distance(point, fromSurfaceOf: redBox) < 0.004)
        }
        #expect(stray == nil)
    }

    @Test func noiseHasItsDeviationAndMakesHoles() throws {
        // A wall straight ahead: every point has the same depth.
        let wall = RenderScene()
        wall.add(boxMesh(size: SIMD3(20, 20, 1)), at: Transform(position: SIMD3(0, 0, 3.5)), id: 0)
        let noise = DepthSensor.Noise(dropout: 0.2, edgeDropout: 0, grazingCosine: 0)
        let sensor = DepthSensor(width: 200, height: 150, verticalFieldOfView: 60, noise: noise)
        let cloud = try sensor.scan(wall, from: [Camera()], seed: 3)
        let kept = Double(cloud.count) / (200 * 150)
        // Five standard deviations of a binomial share.
        #expect(abs(kept - 0.8) < 5 * (0.2 * 0.8 / 30_000).squareRoot())
        let errors = (0..<cloud.count).map { LEOFrame.worldPoint(cloud.position($0)).z - 3 }
        let mean = errors.reduce(0, +) / Double(errors.count)
        let deviation = (errors.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(errors.count)).squareRoot()
        let expected = noise.deviation(at: 3)
        #expect(abs(expected - (0.0012 + 0.0019 * 2.6 * 2.6)) < 1e-12)
        #expect(abs(mean) < 5 * expected / Double(errors.count).squareRoot())
        #expect(abs(deviation / expected - 1) < 0.03)
        #expect(errors.allSatisfy { abs($0) < 6.001 * expected })
    }

    @Test func grazingSurfacesAndEdgesAreLost() throws {
        let quiet = DepthSensor.Noise(deviation: 0, deviationGrowth: 0, dropout: 0, edgeDropout: 0, grazingCosine: 0.3)
        // A floor seen from 0.3 m: its normal and the view are nearly at right angles from 2 m on.
        let floor = RenderScene()
        floor.add(boxMesh(size: SIMD3(30, 1, 30)), at: Transform(position: SIMD3(0, -0.8, 0)), id: 0)
        let sensor = DepthSensor(width: 100, height: 100, verticalFieldOfView: 60, noise: quiet)
        let depths = try points(sensor.scan(floor, from: [Camera()], seed: 1), instance: 0).map(\.z)
        #expect(!depths.isEmpty)
        // The cosine is 0.15, half of 0.3, where all is lost: 0.3 / 0.15 = 2 m from the camera.
        #expect(depths.allSatisfy { $0 < 2.1 })
        #expect(depths.contains { $0 > 1.2 })

        var edgy = quiet
        (edgy.grazingCosine, edgy.edgeDropout) = (0, 1)
        let box = RenderScene()
        box.add(boxMesh(), at: Transform(position: SIMD3(0, 0, 2.5)), id: 0)
        let frame = try Renderer(width: 100, height: 100).render(box, from: Camera(verticalFieldOfView: 60))
        let all = frame.ids.filter { $0 == 0 }.count
        let kept = try DepthSensor(width: 100, height: 100, verticalFieldOfView: 60, noise: edgy).scan(box, from: [Camera()], seed: 1).count
        // A square loses its border of one pixel.
        let side = Double(all).squareRoot()
        #expect(kept == Int(((side - 2) * (side - 2)).rounded()))
    }

    @Test func rangeIsKept() throws {
        let cloud = try DepthSensor(width: 60, height: 60, range: 1...2.5).scan(scene, from: [Camera(position: SIMD3(0.5, 1.5, 0.5), rotation: SIMD3(10, 45, 0))], seed: 2)
        let eye = SIMD3(0.5, 1.5, 0.5)
        let forward = Transform(rotation: SIMD3(10, 45, 0)).forward
        #expect(cloud.count > 100)
        for index in 0..<cloud.count {
            let depth = ((LEOFrame.worldPoint(cloud.position(index)) - eye) * forward).sum()
            #expect(depth >= 1 - 1e-9 && depth <= 2.5 + 1e-9)
        }
    }

    @Test func sameSeedSameScan() throws {
        let sensor = DepthSensor(width: 50, height: 40)
        let first = try sensor.scan(scene, from: views, seed: 9), again = try sensor.scan(scene, from: views, seed: 9)
        #expect(first.coordinates == again.coordinates && first.colors == again.colors)
        #expect(try sensor.scan(scene, from: views, seed: 10).coordinates != first.coordinates)
        #expect(try sensor.scan(scene, from: [], seed: 1).count == 0)
    }

    @Test func impossibleSensorsAreRefused() {
        for sensor in [
            DepthSensor(width: 0), DepthSensor(verticalFieldOfView: 180), DepthSensor(range: 0...1), DepthSensor(range: 1...Double.infinity),
            DepthSensor(noise: .init(deviation: -1)), DepthSensor(noise: .init(dropout: .nan)), DepthSensor(noise: .init(edgeDropout: 2)),
        ] {
            #expect(throws: RenderError.self) { try sensor.scan(RenderScene(), from: [Camera()], seed: 0) }
        }
        #expect(throws: RenderError.self) { try RenderScene().surfaceCloud(.init(pointsPerInstance: 0)) }
        // A hundred million points are refused before any is made.
        #expect(throws: RenderError.self) { try scene.surfaceCloud(.init(roomDensity: 1e6)) }
        #expect(throws: RenderError.self) { try scene.objectScene(instances: [1]) }
    }

    // MARK: Complete clouds

    @Test func completeCloudIsEvenOverTheSurface() throws {
        let cloud = try scene.surfaceCloud(.init(pointsPerInstance: 6000, roomDensity: 20))
        let onBox = try points(cloud, instance: 0)
        #expect(onBox.count == 6000)
        #expect(onBox.allSatisfy { distance($0, fromSurfaceOf: redBox) < 1e-6 })
        // Each of the six faces of a cube has a sixth of the points, within five standard deviations.
        for axis in 0..<3 {
            for side in [redBox.minimum[axis], redBox.maximum[axis]] {
                let count = onBox.filter { abs($0[axis] - side) < 1e-6 }.count
                #expect(abs(Double(count) - 1000) < 5 * (6000.0 / 6 * 5 / 6).squareRoot(), "axis \(axis) at \(side): \(count)")
            }
        }
        let colors = try #require(cloud.colors)
        let ids = try #require(try cloud.instanceIDs())
        for index in ids.indices where ids[index] == 1 {
            #expect(Array(colors[3 * index..<3 * index + 3]) == [230, 26, 26])
        }
        // 20 points on each square metre of the floor's top, 4.2 m square, and the rest of the room.
        #expect(ids.filter { $0 == 0 }.count > Int(20 * 4.2 * 4.2))
    }

    @Test func cloudOfAnInstanceDoesNotDependOnOthers() throws {
        var more = smallRoom()
        more.instances.append(Instance(model: boxModel(), transform: Transform(position: SIMD3(1, 0.5, 3))))
        let alone = try points(scene.surfaceCloud(), instance: 0)
        #expect(try points(RenderScene(more).surfaceCloud(), instance: 0) == alone)
    }

    @Test func objectSceneHasIndicesAsIDs() throws {
        var room = smallRoom()
        room.instances.append(Instance(model: boxModel(), transform: Transform(position: SIMD3(1, 0.5, 3))))
        let drawn = RenderScene(room)
        let whole = try drawn.objectScene(.init(pointsPerInstance: 500))
        #expect(whole.objects.map(\.id) == [0, 1])
        #expect(whole.objects.allSatisfy { $0.points.count == 500 })
        #expect(abs(whole.objects[1].points.bounds.center.z - 0.5) < 0.05, "height is z")
        #expect(try drawn.objectScene(instances: [1, 0]).objects.map(\.id) == [1, 0])
        drawn.setVisible(false, instance: 0)
        #expect(try drawn.objectScene().objects.map(\.id) == [1])
    }

    // MARK: Files

    @Test(arguments: [PointCloud.PLYPrecision.single, .double])
    func plyIsReadBack(precision: PointCloud.PLYPrecision) throws {
        try withTemporaryFolder { folder in
            let cloud = try DepthSensor(width: 40, height: 30).scan(scene, from: views, seed: 4)
            let path = folder + "/scan.ply"
            try cloud.writePLY(to: path, precision: precision)
            let read = try PointCloud(contentsOf: path)
            #expect(read.count == cloud.count)
            #expect(read.colors == cloud.colors)
            #expect(try read.instanceIDs() == cloud.instanceIDs())
            #expect(read.coordinates == (precision == .double ? cloud.coordinates : cloud.coordinates.map { Double(Float($0)) }))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["scan.ply"])
            // The scene of the file and the scene of the scan name the same things; the file counts from 1.
            let fromFile = try Scene(read), direct = Scene(worldScan: cloud)
            #expect(fromFile.objects.map(\.id) == [1])
            #expect(direct.objects.map(\.id) == [0])
            #expect(fromFile.objects[0].points.count == direct.objects[0].points.count)
        }
    }

    @Test func plyKeepsPropertiesOfEveryType() throws {
        func tensor<Value: BitwiseCopyable>(_ values: [Value], _ type: ElementType) -> Tensor {
            Tensor(elementType: type, shape: [values.count]) { target in values.withUnsafeBytes { target.copyMemory(from: $0) } }
        }
        let cloud = PointCloud(
            source: "memory", coordinates: [0.1, 0.2, 0.3, -4, 5e6, 6e-9],
            properties: [
                PointProperty(name: "label", values: tensor([Int8(-3), 4], .i8)),
                PointProperty(name: "big id", values: tensor([Int64(1) << 40, -7], .i64)),
                PointProperty(name: "weight", values: tensor([Float(0.5), -1.25], .f32)),
                PointProperty(name: "time", values: tensor([1e-300, 2.5], .f64)),
                PointProperty(name: "short", values: tensor([Int16(-300), 300], .i16)),
                PointProperty(name: "byte", values: tensor([UInt8(0), 255], .u8)),
                PointProperty(name: "instance", values: tensor([Int32.min, .max], .i32)),
            ])
        let bytes = cloud.plyBytes(precision: .double)
        let read = try bytes.withUnsafeBytes { try PointCloud(bytes: $0, name: "memory") }
        #expect(read.coordinates == cloud.coordinates)
        #expect(read.colors == nil)
        #expect(read.properties.map(\.name) == ["label", "big_id", "weight", "time", "short", "byte", "instance"])
        #expect(read.property(named: "label")?.values.integers() == [-3, 4])
        #expect(read.property(named: "big_id")?.values.withBytes { $0.loadUnaligned(as: Double.self) } == 1_099_511_627_776)
        #expect(read.property(named: "weight")?.values.floats() == [0.5, -1.25])
        #expect(read.property(named: "time")?.values.withBytes { $0.loadUnaligned(as: Double.self) } == 1e-300)
        #expect(read.property(named: "short")?.values.integers() == [-300, 300])
        #expect(read.property(named: "byte")?.values.integers() == [0, 255])
        #expect(read.property(named: "instance")?.values.integers() == [Int(Int32.min), Int(Int32.max)])
    }

    @Test func unwritablePathIsNamed() throws {
        let cloud = PointCloud(source: "memory", coordinates: [0, 0, 0])
        let error = #expect(throws: FileError.self) { try cloud.writePLY(to: "/nonexistent/scan.ply") }
        #expect(error?.path == "/nonexistent/scan.ply")
    }
}
