import Foundation
import LEOScene
import LEOWorld
import Testing

/// What the renderer draws, compared with what projection says.
@Suite struct RenderGeometryTests {
    /// A unit cube straight ahead: its front is a square of analytic size at exact depth.
    @Test(arguments: [(64, 64), (224, 224), (101, 77), (77, 101), (33, 1), (1, 33), (2, 2)])
    func cubeCoversItsAnalyticSquare(width: Int, height: Int) throws {
        let scene = RenderScene()
        scene.add(boxMesh(), at: Transform(position: SIMD3(0, 0, 2.5)), id: 7)
        let frame = try Renderer(width: width, height: height).render(scene, from: Camera(verticalFieldOfView: 60))
        let focal = Double(height) / 2 / tan(30 * Double.pi / 180)
        // The front is at depth 2 and spans -0.5...0.5.
        let half = focal * 0.5 / 2
        for y in 0..<height {
            for x in 0..<width {
                let offsetX = abs(Double(x) + 0.5 - Double(width) / 2), offsetY = abs(Double(y) + 0.5 - Double(height) / 2)
                let index = y * width + x
                let reach = max(offsetX, offsetY)
                // A hundredth of a pixel for rounding in Float.
                if reach < half - 0.01 {
                    #expect(frame.ids[index] == 7)
                    #expect(abs(frame.depth[index] - 2) < 1e-5)
                } else if reach > half + 0.01 {
                    #expect(frame.ids[index] == SurfaceCode.nothing)
                    #expect(frame.depth[index] == .infinity)
                }
            }
        }
    }

    @Test func onePixelSeesWhatIsAhead() throws {
        let scene = RenderScene()
        scene.add(boxMesh(), at: Transform(position: SIMD3(0, 0, 4)), id: 0)
        let frame = try Renderer(width: 1, height: 1).render(scene, from: Camera())
        #expect(frame.ids == [0])
        #expect(abs(frame.depth[0] - 3.5) < 1e-5)
        #expect(frame.image.pixels.count == 3)
    }

    /// Random boxes and cameras: every pixel well inside the image of a face shows the box at the depth where the ray
    /// meets it, every pixel whose ray misses shows nothing.
    @Test(arguments: 0..<12)
    func pixelsAgreeWithRays(seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        let scene = RenderScene()
        var boxes: [(transform: Transform, size: SIMD3<Double>)] = []
        for index in 0..<6 {
            let size = SIMD3(random.unit() + 0.2, random.unit() + 0.2, random.unit() + 0.2)
            let transform = Transform(
                position: SIMD3(random.unit() * 6 - 3, random.unit() * 4 - 2, random.unit() * 5 + 2),
                rotation: SIMD3(random.unit() * 360, random.unit() * 360, random.unit() * 360),
                // Mirrored boxes are not inside out.
                scale: index == 0 ? SIMD3(-1, 1.5, 1) : .one)
            boxes.append((transform, size))
            scene.add(boxMesh(size: SIMD3<Float>(size)), at: transform, id: Int32(index))
        }
        let camera = Camera(
            position: SIMD3(random.unit() - 0.5, random.unit() - 0.5, random.unit() - 1),
            rotation: SIMD3(random.unit() * 20 - 10, random.unit() * 30 - 15, random.unit() * 60 - 30),
            verticalFieldOfView: 40 + random.unit() * 70)
        let (width, height) = (97, 83)
        let frame = try Renderer(width: width, height: height).render(scene, from: camera)
        func look(_ x: Double, _ y: Double) -> (id: Int32, depth: Double) {
            let far = camera.unproject(x: x, y: y, depth: 1, width: width, height: height)
            return nearestHit(boxes, origin: camera.position, direction: far - camera.position)
        }
        var compared = 0
        for y in 0..<height {
            for x in 0..<width {
                let expected = look(Double(x) + 0.5, Double(y) + 0.5)
                // On an outline rounding decides, so only pixels whose surroundings agree are compared.
                let around = [(-0.05, 0.0), (0.05, 0), (0, -0.05), (0, 0.05)].map {
                    look(Double(x) + 0.5 + $0.0, Double(y) + 0.5 + $0.1)
                }
                guard around.allSatisfy({ $0.id == expected.id }) else { continue }
                compared += 1
                let index = y * width + x
                #expect(frame.ids[index] == expected.id, "pixel \(x), \(y)")
                if expected.id >= 0, frame.ids[index] == expected.id {
                    #expect(abs(Double(frame.depth[index]) - expected.depth) < 2e-3 * expected.depth, "pixel \(x), \(y)")
                }
            }
        }
        #expect(compared > width * height * 9 / 10)
    }

    @Test func nearerBoxHidesFartherWhateverTheOrder() throws {
        for order in [[0, 1], [1, 0]] {
            let scene = RenderScene()
            for index in order {
                scene.add(boxMesh(), at: Transform(position: SIMD3(0, 0, index == 0 ? 3 : 6)), id: Int32(index))
            }
            let frame = try Renderer(width: 65, height: 65).render(scene, from: Camera(verticalFieldOfView: 50))
            #expect(frame.instance(x: 32, y: 32) == 0)
            #expect(frame.visibleInstances() == [0])
        }
    }

    /// Two triangles share a diagonal; no pixel is left out and none belongs to neither, for many turns of the square.
    @Test func sharedEdgesLeaveNoGaps() throws {
        for turn in stride(from: 0.0, to: 90, by: 3.7) {
            let scene = RenderScene()
            scene.add(boxMesh(size: SIMD3(4, 4, 4)), at: Transform(position: SIMD3(0, 0, 4), rotation: SIMD3(0, 0, turn)), id: 1)
            let frame = try Renderer(width: 64, height: 64).render(scene, from: Camera(verticalFieldOfView: 45))
            #expect(frame.ids.allSatisfy { $0 == 1 }, "turned by \(turn) degrees")
        }
    }

    // MARK: Near plane

    /// On a floor that passes under and behind the camera every pixel below the horizon has the floor's depth.
    @Test func floorBehindTheCameraIsCutNotLost() throws {
        let scene = RenderScene()
        scene.add(boxMesh(size: SIMD3(60, 0.2, 60)), at: Transform(position: SIMD3(0, -0.1, 0)), id: 3)
        let camera = Camera(position: SIMD3(0.3, 1.5, 0.2), verticalFieldOfView: 90)
        let frame = try Renderer(width: 80, height: 80).render(scene, from: camera)
        for y in 0..<80 {
            let slope = (Double(y) + 0.5 - 40) / 40
            for x in 0..<80 {
                if slope > 0.06 {
                    #expect(frame.ids[y * 80 + x] == 3)
                    #expect(abs(Double(frame.depth[y * 80 + x]) - 1.5 / slope) < 2e-3 * 1.5 / slope)
                } else if slope < 0 {
                    #expect(frame.ids[y * 80 + x] == SurfaceCode.nothing)
                }
            }
        }
    }

    /// Inside a box only its back sides would be seen, which are not drawn.
    @Test func cameraInsideABoxSeesThroughIt() throws {
        let scene = RenderScene()
        scene.add(boxMesh(), at: Transform(), id: 0)
        scene.add(boxMesh(), at: Transform(position: SIMD3(0, 0, 3)), id: 1)
        let frame = try Renderer(width: 21, height: 21).render(scene, from: Camera())
        #expect(frame.instance(x: 10, y: 10) == 1)
        #expect(!frame.ids.contains(0))
    }

    @Test func cameraOnASurfaceStaysFinite() throws {
        let scene = RenderScene()
        scene.add(boxMesh(size: SIMD3(2, 2, 2)), at: Transform(), id: 0)
        for position in [SIMD3<Double>(0, 1, 0), SIMD3(1, 1, 1), SIMD3(0, 0, -1), SIMD3(0, 0, -1.01), SIMD3(0, 0, -1.02)] {
            for yaw in stride(from: 0.0, to: 360, by: 45) {
                let camera = Camera(position: position, rotation: SIMD3(10, yaw, 5), verticalFieldOfView: 120)
                let frame = try Renderer(width: 31, height: 17).render(scene, from: camera)
                #expect(frame.depth.allSatisfy { $0 >= 0.0199 })
            }
        }
    }

    // MARK: What comes from files

    @Test func brokenMeshesAndTransformsAreLeftOut() throws {
        var broken = boxMesh()
        broken.triangles += [
            Mesh.Triangle(0, 1, 99, material: 0), Mesh.Triangle(-1, 1, 2, material: 0), Mesh.Triangle(0, 1, 2, material: 5),
            Mesh.Triangle(0, 0, 0, material: 0), Mesh.Triangle(1, 2, 1, material: 0),
            Mesh.Triangle(24, 1, 2, material: 0), Mesh.Triangle(25, 1, 2, material: 0),
        ]
        broken.positions += [SIMD3(.nan, 0, 0), SIMD3(.infinity, 0, 0)]
        broken.normals += [SIMD3(.nan, .nan, .nan), .zero]
        let ahead = Transform(position: SIMD3(0, 0, 3))
        let sound = RenderScene(), scene = RenderScene()
        sound.add(boxMesh(), at: ahead, id: 0)
        scene.add(broken, at: ahead, id: 0)
        for transform in [
            Transform(position: SIMD3(.nan, 0, 2)), Transform(position: SIMD3(0, 0, .infinity)),
            Transform(position: SIMD3(0, 0, 2), rotation: SIMD3(0, .nan, 0)),
            Transform(position: SIMD3(0, 0, 2), scale: SIMD3(1, 0, 1)), Transform(position: SIMD3(0, 1e300, 2)),
            Transform(position: SIMD3(0, 0, 2), scale: SIMD3(1, .nan, 1)),
        ] {
            scene.add(boxMesh(), at: transform, id: 1)
        }
        let renderer = try Renderer(width: 40, height: 30)
        #expect(try renderer.render(scene, from: Camera()) == renderer.render(sound, from: Camera()))
    }

    /// Triangles of any shape, huge, thin and behind, never write anything that is no number.
    @Test func wildTrianglesStayWithinTheFrame() throws {
        var random = SeededNumbers(seed: 5)
        for _ in 0..<30 {
            var mesh = Mesh(materials: [Material(
                name: "x", colorName: "x", color: SIMD3(.nan, 2, -1), pattern: .checker(size: 0.01, second: SIMD3(.infinity, 0, 0)))])
            for _ in 0..<40 {
                let first = Int32(mesh.positions.count)
                for _ in 0..<3 {
                    let size = Float(pow(10, random.unit() * 10 - 5))
                    mesh.positions.append(
                        SIMD3(Float(random.unit()) - 0.5, Float(random.unit()) - 0.5, Float(random.unit()) - 0.3) * size)
                    mesh.normals.append(SIMD3(0, 1, 0))
                }
                mesh.triangles.append(Mesh.Triangle(first, first + 1, first + 2, material: 0))
            }
            let scene = RenderScene()
            scene.add(mesh, at: Transform(), id: 0)
            let frame = try Renderer(width: 37, height: 23, supersampling: 2).render(scene, from: Camera(verticalFieldOfView: 120))
            #expect(frame.depth.allSatisfy { $0 >= 0.0199 }, "depths are numbers beyond the near plane")
            #expect(frame.ids.allSatisfy { $0 == 0 || $0 == SurfaceCode.nothing })
        }
    }

    // MARK: Wrong requests

    @Test func impossibleSizesAreRefused() {
        for (width, height) in [(0, 10), (10, 0), (-1, 4), (Int.max, 4), (Renderer.maximumSide + 1, 1)] {
            #expect(throws: RenderError.self) { _ = try Renderer(width: width, height: height) }
        }
        #expect(throws: RenderError.self) { _ = try Renderer(width: 8, height: 8, supersampling: 0) }
        #expect(throws: RenderError.self) { _ = try Renderer(width: 8, height: 8, supersampling: 5) }
    }

    @Test func impossibleCamerasAreRefusedAndTheFrameKept() throws {
        let scene = RenderScene()
        let renderer = try Renderer(width: 4, height: 4)
        var frame = try renderer.render(scene, from: Camera())
        let before = frame
        for camera in [
            Camera(position: SIMD3(.nan, 0, 0)), Camera(rotation: SIMD3(0, .infinity, 0)), Camera(verticalFieldOfView: 0),
            Camera(verticalFieldOfView: 180), Camera(verticalFieldOfView: .nan), Camera(near: 0), Camera(near: .nan),
        ] {
            #expect(throws: RenderError.self) { try renderer.render(scene, from: camera, into: &frame) }
        }
        #expect(frame == before)
    }

    @Test func emptySceneIsBackground() throws {
        let scene = RenderScene(background: SIMD3(1, 0.5, 0))
        let frame = try Renderer(width: 3, height: 2).render(scene, from: Camera())
        #expect(frame.pixels == [UInt8](repeating: 0, count: 6).flatMap { _ in [255, 128, 0] as [UInt8] })
        #expect(frame.depth.allSatisfy { $0 == .infinity })
        #expect(frame.ids.allSatisfy { $0 == SurfaceCode.nothing })
    }
}

/// The nearest box along a ray, by the slab method in double precision; direction has depth 1.
private func nearestHit(
    _ boxes: [(transform: Transform, size: SIMD3<Double>)], origin: SIMD3<Double>, direction: SIMD3<Double>
) -> (id: Int32, depth: Double) {
    var best: (id: Int32, depth: Double) = (SurfaceCode.nothing, .infinity)
    for (index, box) in boxes.enumerated() {
        let from = box.transform.inverseApply(to: origin)
        let to = box.transform.inverseApply(to: origin + direction)
        let step = to - from
        var (near, far) = (-Double.infinity, Double.infinity)
        for axis in 0..<3 {
            let a = (-box.size[axis] / 2 - from[axis]) / step[axis], b = (box.size[axis] / 2 - from[axis]) / step[axis]
            near = max(near, min(a, b))
            far = min(far, max(a, b))
        }
        if near <= far, near > 0.02, near < best.depth { best = (Int32(index), near) }
    }
    return best
}

struct SeededNumbers {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x2545_F491_4F6C_DD1D &+ 1 }
    mutating func unit() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) * 0x1p-53
    }
}
