import LEOScene
import LEOWorld
import Testing

@Suite("Catalogue")
struct CatalogueTests {
    /// A few variants of every kind.
    static let models: [ObjectModel] = Catalogue.kinds.flatMap { kind in
        [0, 1, 2, 7, 63, 40_000].map { Catalogue.model(kind, variant: $0) }
    }

    @Test func hasManyKindsWithUniqueNames() {
        #expect(Catalogue.kinds.count >= 45)
        #expect(Set(Catalogue.kinds.map(\.name)).count == Catalogue.kinds.count)
        #expect(Set(Catalogue.kinds.map(\.words)).count == Catalogue.kinds.count)
        #expect(Catalogue.kinds.filter(\.isInteractable).count >= 25)
    }

    /// Every edge is used as often in one direction as in the other, so nothing can be looked into from outside.
    @Test func meshesAreClosed() {
        struct Edge: Hashable {
            let from: SIMD3<Int32>
            let to: SIMD3<Int32>
        }
        for model in Self.models {
            let mesh = model.mesh
            // To a hundredth of a millimetre: corners that meet are computed in more than one way.
            let corners = mesh.positions.map { SIMD3<Int32>(($0 * 1e5).rounded(.toNearestOrEven)) }
            var edges: [Edge: Int] = [:]
            for triangle in mesh.triangles {
                let (a, b, c) = (corners[Int(triangle.a)], corners[Int(triangle.b)], corners[Int(triangle.c)])
                for (from, to) in [(a, b), (b, c), (c, a)] where from != to {
                    edges[Edge(from: from, to: to), default: 0] += 1
                }
            }
            let open = edges.filter { $0.value != edges[Edge(from: $0.key.to, to: $0.key.from)] ?? 0 }
            #expect(open.isEmpty, "\(model.prefab): \(open.count) open edges")
        }
    }

    /// Closed solids whose faces look outward enclose a positive volume, and the shading normals look the same way.
    @Test func facesLookOutward() {
        for model in Self.models {
            let mesh = model.mesh
            var volume = 0.0
            var turnedAway = 0
            for triangle in mesh.triangles {
                let corners = [triangle.a, triangle.b, triangle.c].map { mesh.positions[Int($0)] }
                let normal = Self.cross(corners[1] - corners[0], corners[2] - corners[0])
                volume += Double((corners[0] * normal).sum()) / 6
                let shading = [triangle.a, triangle.b, triangle.c].map { mesh.normals[Int($0)] }.reduce(.zero, +)
                // Slivers have no reliable normal.
                if (normal * normal).sum() > 1e-12, (normal * shading).sum() <= 0 { turnedAway += 1 }
            }
            #expect(volume > 0, "\(model.prefab)")
            #expect(turnedAway == 0, "\(model.prefab): \(turnedAway) of \(mesh.triangles.count)")
        }
    }

    private static func cross(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> SIMD3<Float> {
        SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
    }

    @Test func boundingBoxIsTheSizeAroundTheOrigin() {
        for model in Self.models {
            let low = model.mesh.positions.reduce(model.mesh.positions[0], pointwiseMin)
            let high = model.mesh.positions.reduce(model.mesh.positions[0], pointwiseMax)
            let half = SIMD3<Float>(model.size / 2)
            // Sizes are rounded to a hundredth of a millimetre.
            let error = pointwiseMax(SIMD3<Float>(low + half).magnitudes, SIMD3<Float>(high - half).magnitudes).max()
            #expect(error < 3e-5, "\(model.prefab): \(low) \(high) \(model.size)")
            #expect(model.size.min() > 0 && model.size.max() < 2.6, "\(model.prefab): \(model.size)")
        }
    }

    @Test func meshesAreWellFormed() {
        for model in Self.models {
            let mesh = model.mesh
            #expect(mesh.positions.count == mesh.normals.count)
            #expect(mesh.triangles.count <= 2000, "\(model.prefab): \(mesh.triangles.count) triangles")
            for triangle in mesh.triangles {
                #expect([triangle.a, triangle.b, triangle.c].allSatisfy { mesh.positions.indices.contains(Int($0)) })
                #expect(mesh.materials.indices.contains(Int(triangle.material)))
            }
            for normal in mesh.normals { #expect(abs((normal * normal).sum() - 1) < 1e-4, "\(model.prefab)") }
            for material in mesh.materials {
                #expect(material.color.min() >= 0 && material.color.max() <= 1, "\(model.prefab): \(material)")
            }
            #expect(mesh.materials.contains { $0.colorName == model.colorName && $0.name == model.materialName }, "\(model.prefab)")
        }
    }

    @Test func collidersLieInTheBoundingBox() {
        for model in Self.models {
            for box in model.colliders {
                #expect((box.maximum - box.minimum).min() > 0, "\(model.prefab): \(box)")
                #expect((box.minimum + model.size / 2).min() > -1e-9, "\(model.prefab)")
                #expect((model.size / 2 - box.maximum).min() > -1e-9, "\(model.prefab)")
            }
            let isRug = Catalogue.kinds.first { $0.words == model.name }?.place == .rug
            #expect(model.colliders.isEmpty == isRug, "\(model.prefab)")
        }
    }

    /// What stands on a surface is carried by a body just below it, and nothing is in its way.
    @Test func surfacesAreCarriedAndFree() {
        for model in Self.models {
            for (number, surface) in model.surfaces.enumerated() {
                let (x, z) = (surface.halfExtents.x, surface.halfExtents.y)
                #expect(x > 0 && z > 0, "\(model.prefab) \(number)")
                for (a, b) in [(0.0, 0.0), (-1, -1), (1, -1), (-1, 1), (1, 1)] {
                    let point = surface.center + SIMD3(a * x, 0, b * z)
                    let isCarried = model.colliders.contains { box in
                        abs(box.maximum.y - surface.center.y) < 0.0025 && point.x >= box.minimum.x - 1e-9
                            && point.x <= box.maximum.x + 1e-9 && point.z >= box.minimum.z - 1e-9 && point.z <= box.maximum.z + 1e-9
                    }
                    #expect(isCarried, "\(model.prefab) surface \(number) at \(point)")
                }
                let height = min(surface.clearance, 0.5)
                let space = Box(
                    minimum: surface.center - SIMD3(x, -0.003, z), maximum: surface.center + SIMD3(x, height - 0.003, z))
                for box in model.colliders where box.overlaps(space) {
                    Issue.record("\(model.prefab) surface \(number): \(box) is in the way of \(space)")
                }
            }
        }
    }

    @Test func prefabNamesRebuildTheModel() throws {
        for kind in Catalogue.kinds {
            let prefab = kind.prefab(variant: 0xA5)
            #expect(prefab == "LEO_\(kind.name)_00A5")
            let (model, notice) = Catalogue.resolve(prefab: prefab)
            #expect(notice == nil)
            #expect(model === Catalogue.model(kind, variant: 0xA5))
            #expect(model.prefab == prefab && model.name == kind.words && model.isInteractable == kind.isInteractable)
        }
    }

    @Test func variantsDifferInLook() {
        let counts = Catalogue.kinds.map { kind in
            let models = (0..<40).map { Catalogue.model(kind, variant: $0) }
            return (kind.name, Set(models.map { "\($0.size) \($0.mesh.materials.map(\.color))" }).count)
        }
        for (name, count) in counts where name != "ToiletPaper" { #expect(count >= 2, "\(name): \(count) looks") }
        #expect(counts.filter { $0.1 >= 10 }.count >= 50)
    }

    @Test func modelsCanBeAskedForFromManyTasks() async {
        let prefabs = Catalogue.kinds.map { $0.prefab(variant: 31_337) }
        let models = await withTaskGroup(of: [ObjectModel].self) { group in
            for _ in 0..<4 { group.addTask { prefabs.map { Catalogue.model(prefab: $0) } } }
            return await group.reduce(into: [[ObjectModel]]()) { $0.append($1) }
        }
        for other in models.dropFirst() { #expect(zip(models[0], other).allSatisfy { $0 === $1 }) }
    }

    @Test(arguments: [
        ("LowPolyInterior_KitchenTable_02", "kitchen table", "KitchenTable", false),
        ("LowPolyInterior_Orange", "orange", "Orange", false),
        ("LowPolyInterior_Fridge_01", "fridge", "Refrigerator", true),
        ("LowPolyInterior_Couch_03", "couch", "Sofa", true),
        ("LowPolyInterior_FlowerVase_1", "flower vase", "Vase", true),
        ("/models/house/Props_ToyCar_Red.glb", "toy car", "ToyCar", false),
        ("LEO_Chair_zz", "chair", "Chair", false),
        ("LEO_Chair_00a5", "chair", "Chair", false),
    ])
    func foreignNamesGetTheNearestKind(prefab: String, name: String, kind: String, isNoticed: Bool) throws {
        let (model, notice) = Catalogue.resolve(prefab: prefab)
        #expect(model.prefab == prefab)
        #expect(model.name == name)
        #expect((notice != nil) == isNoticed)
        let sizes = try #require(Catalogue.kind(named: kind))
        let variants = (0..<400).map { Catalogue.model(sizes, variant: $0).surfaces.count }
        #expect(variants.contains(model.surfaces.count))
        #expect(model.isInteractable == sizes.isInteractable)
        // The same name is the same thing each time.
        #expect(Catalogue.model(prefab: prefab) === model)
    }

    @Test(arguments: ["LowPolyInterior_Quux_01", "", "_", "___", "LEO_", "LEO_Quux_0001", "🪑", "../../etc/passwd"])
    func unknownNamesGetABox(prefab: String) throws {
        let (model, notice) = Catalogue.resolve(prefab: prefab)
        #expect(model.prefab == prefab)
        #expect(model.size == SIMD3(0.4, 0.4, 0.4))
        #expect(try #require(notice).contains("box"))
    }

    @Test func floorTilesAreFloors() {
        let (model, notice) = Catalogue.resolve(prefab: "LowPolyInterior_Floor_01")
        #expect(model.size == SIMD3(2.5, 0.1, 2.5))
        #expect(model.name == "floor" && notice == nil && model.surfaces.isEmpty)
    }
}

extension SIMD3<Float> {
    var magnitudes: SIMD3<Float> { SIMD3(abs(x), abs(y), abs(z)) }
}
