import LEOScene

/// Builds an object's model in a frame whose origin lies on the floor, below the middle of the object, front towards
/// +z. Numbers stand in the order x, y, z of the middle of the underside, then width, height, depth.
struct ModelBuilder {
    private var mesh = MeshBuilder()
    private var colliders: [Box] = []
    private var surfaces: [Surface] = []
    /// What the object is said to be made of; the first material used unless set.
    var mainMaterial: Material?

    // MARK: Shapes

    /// A box; a `solid` one also stops bodies.
    mutating func box(
        _ material: Material, _ x: Double, _ y: Double, _ z: Double, _ width: Double, _ height: Double, _ depth: Double,
        turn: SIMD3<Double> = .zero, solid: Bool = false
    ) {
        note(material)
        mesh.addBox(material, base: SIMD3(x, y, z), size: SIMD3(width, height, depth), turn: turn)
        if solid { collide(x, y, z, width, height, depth) }
    }

    /// A box with rounded edges: cushions, casings.
    mutating func cushion(
        _ material: Material, _ x: Double, _ y: Double, _ z: Double, _ width: Double, _ height: Double, _ depth: Double,
        radius: Double = 0.03, steps: Int = 1, turn: SIMD3<Double> = .zero, solid: Bool = false
    ) {
        note(material)
        mesh.addRoundedBox(
            material, base: SIMD3(x, y, z), size: SIMD3(width, height, depth), radius: radius, steps: steps, turn: turn)
        if solid { collide(x, y, z, width, height, depth) }
    }

    /// An upright cylinder, or a cone's lower part where `top` is another radius.
    mutating func cylinder(
        _ material: Material, _ x: Double, _ y: Double, _ z: Double, radius: Double, top: Double? = nil, height: Double,
        segments: Int = 16, stretch: SIMD3<Double> = .one, turn: SIMD3<Double> = .zero, solid: Bool = false
    ) {
        let top = top ?? radius
        lathe(
            material, x, y, z, [(0, 0), (radius, 0), (top, height), (0, height)], segments: segments, stretch: stretch,
            turn: turn)
        if solid {
            let width = 2 * max(radius, top)
            collide(x, y, z, width * stretch.x, height * stretch.y, width * stretch.z)
        }
    }

    /// A ball or an egg of these extents.
    mutating func ball(
        _ material: Material, _ x: Double, _ y: Double, _ z: Double, _ width: Double, _ height: Double, _ depth: Double,
        segments: Int = 12, turn: SIMD3<Double> = .zero
    ) {
        let rings = segments / 2
        var profile: [(Double, Double)] = []
        for ring in 0...rings {
            let (sine, cosine) = MeshBuilder.sineAndCosine(180 * Double(ring) / Double(rings))
            profile.append((sine / 2, (1 - cosine) / 2))
        }
        lathe(material, x, y, z, profile, segments: segments, stretch: SIMD3(width, height, depth), turn: turn)
    }

    /// A solid of revolution: radius and height along the outside, see `MeshBuilder`.
    mutating func lathe(
        _ material: Material, _ x: Double, _ y: Double, _ z: Double, _ profile: [(Double, Double)], segments: Int = 16,
        stretch: SIMD3<Double> = .one, turn: SIMD3<Double> = .zero
    ) {
        note(material)
        mesh.addLathe(
            material, base: SIMD3(x, y, z), profile: profile.map { (radius: $0.0, height: $0.1) }, segments: segments,
            stretch: stretch, turn: turn)
    }

    /// A convex polygon, counter-clockwise in x and y, drawn out along z.
    mutating func prism(
        _ material: Material, _ x: Double, _ y: Double, _ z: Double, _ polygon: [(Double, Double)], depth: Double,
        turn: SIMD3<Double> = .zero
    ) {
        note(material)
        mesh.addPrism(
            material, base: SIMD3(x, y, z), polygon: polygon.map { SIMD2($0.0, $0.1) }, depth: depth, turn: turn)
    }

    mutating func tube(_ material: Material, _ path: [SIMD3<Double>], radius: Double, sides: Int = 6) {
        tube(material, path, radii: path.map { _ in radius }, sides: sides)
    }

    mutating func tube(_ material: Material, _ path: [SIMD3<Double>], radii: [Double], sides: Int = 6) {
        note(material)
        mesh.addTube(material, path: path, radii: radii, sides: sides)
    }

    private mutating func note(_ material: Material) {
        if mainMaterial == nil { mainMaterial = material }
    }

    // MARK: Bodies and places

    mutating func collide(
        _ x: Double, _ y: Double, _ z: Double, _ width: Double, _ height: Double, _ depth: Double
    ) {
        colliders.append(
            Box(
                minimum: SIMD3(x - width / 2, y, z - depth / 2),
                maximum: SIMD3(x + width / 2, y + height, z + depth / 2)))
    }

    /// Colliders of a tub: a bottom and four walls, so that things fit inside.
    mutating func collideTub(
        _ x: Double, _ y: Double, _ z: Double, _ width: Double, _ height: Double, _ depth: Double, bottom: Double,
        wall: Double
    ) {
        collide(x, y, z, width, bottom, depth)
        let rise = height - bottom
        for side in [-1.0, 1] {
            collide(x + side * (width - wall) / 2, y + bottom, z, wall, rise, depth)
            collide(x, y + bottom, z + side * (depth - wall) / 2, width - 2 * wall, rise, wall)
        }
    }

    /// A place at height y for things to stand on, or in.
    mutating func surface(
        _ x: Double, _ y: Double, _ z: Double, _ width: Double, _ depth: Double, clearance: Double = .infinity,
        inside: Bool = false
    ) {
        surfaces.append(
            Surface(
                center: SIMD3(x, y, z), halfExtents: SIMD2(width / 2, depth / 2), clearance: clearance, isInside: inside
            ))
    }

    // MARK: Result

    /// Moves the origin to the middle of the bounding box. Colliders are cut off at that box; an object without any, but
    /// for those of no use to bodies such as rugs, gets the whole box.
    func makeModel(prefab: String, name: String, isInteractable: Bool, isFlat: Bool) -> ObjectModel {
        let bounds = mesh.bounds ?? Box(center: .zero, size: SIMD3(repeating: 0.1))
        let center = rounded(bounds.center)
        let size = rounded(bounds.size)
        let half = size / 2
        var bodies = colliders.map { box in
            Box(
                minimum: pointwiseMax(box.minimum - center, -half), maximum: pointwiseMin(box.maximum - center, half))
        }
        if bodies.isEmpty, !isFlat { bodies = [Box(center: .zero, size: size)] }
        let places = surfaces.map { surface in
            var moved = surface
            moved.center -= center
            return moved
        }
        let material = mainMaterial ?? Paint.cardboard
        return ObjectModel(
            prefab: prefab, name: name, colorName: material.colorName, materialName: material.name,
            mesh: mesh.makeMesh(origin: center), size: size, colliders: bodies, surfaces: places,
            isInteractable: isInteractable)
    }

    /// To a hundredth of a millimetre: sines differ in their last bits from machine to machine, scenes must not.
    private func rounded(_ vector: SIMD3<Double>) -> SIMD3<Double> {
        (vector * 1e5).rounded(.toNearestOrEven) / 1e5
    }
}

/// The choices that make one variant of a kind: the same for the same kind and number on every machine.
struct Variation {
    private var random: SplitMix64

    init(kind: String, number: Int) {
        // FNV-1a, so that kinds of neighbouring numbers do not share their choices.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in kind.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        random = SplitMix64(seed: hash ^ UInt64(truncatingIfNeeded: number))
    }

    /// A length in centimetre steps.
    mutating func length(_ range: ClosedRange<Double>) -> Double {
        let steps = Int(((range.upperBound - range.lowerBound) * 100).rounded())
        return range.lowerBound + Double(random.nextIndex(below: steps + 1)) / 100
    }

    /// A length in millimetre steps.
    mutating func fine(_ range: ClosedRange<Double>) -> Double {
        let steps = Int(((range.upperBound - range.lowerBound) * 1000).rounded())
        return range.lowerBound + Double(random.nextIndex(below: steps + 1)) / 1000
    }

    mutating func count(_ range: ClosedRange<Int>) -> Int { range.lowerBound + random.nextIndex(below: range.count) }

    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[random.nextIndex(below: choices.count)] }

    mutating func chance(_ share: Double) -> Bool { random.nextUnit() < share }
}
