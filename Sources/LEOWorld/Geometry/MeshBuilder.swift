import Foundation

/// Puts a mesh together from closed solids. Positions are kept in double precision until `makeMesh`.
///
/// Every solid stands with the middle of its underside at `base`, unless it is turned: turns are about its own centre.
package struct MeshBuilder {
    package private(set) var positions: [SIMD3<Double>] = []
    private var normals: [SIMD3<Float>] = []
    private var triangles: [Mesh.Triangle] = []
    private var materials: [Material] = []

    package init() {}

    /// Bounding box of everything so far; nil while empty.
    package var bounds: Box? {
        guard var low = positions.first else { return nil }
        var high = low
        for position in positions {
            low = pointwiseMin(low, position)
            high = pointwiseMax(high, position)
        }
        return Box(minimum: low, maximum: high)
    }

    /// The mesh, with `origin` moved to zero.
    package func makeMesh(origin: SIMD3<Double>) -> Mesh {
        Mesh(
            positions: positions.map { SIMD3<Float>($0 - origin) }, normals: normals, triangles: triangles,
            materials: materials)
    }

    // MARK: Solids

    /// A box with flat faces.
    package mutating func addBox(
        _ material: Material, base: SIMD3<Double>, size: SIMD3<Double>, turn: SIMD3<Double> = .zero
    ) {
        let place = placement(base: base, height: size.y, turn: turn)
        let half = size / 2
        let index = self.index(of: material)
        for axis in 0..<3 {
            let (u, v) = ((axis + 1) % 3, (axis + 2) % 3)
            for sign in [-1.0, 1.0] {
                var normal = SIMD3<Double>.zero
                normal[axis] = sign
                // u cross v is the axis, so the corners run the other way round on the negative side.
                let corners = [(-1.0, -1.0), (sign, -sign), (1, 1), (-sign, sign)].map { a, b in
                    var corner = normal * half
                    corner[u] = a * half[u]
                    corner[v] = b * half[v]
                    return place.apply(to: corner)
                }
                addFlat(corners, normal: place.orientation.apply(to: normal), material: index)
            }
        }
    }

    /// A box whose edges are rounded with `radius`; `steps` facets per quarter turn.
    package mutating func addRoundedBox(
        _ material: Material, base: SIMD3<Double>, size: SIMD3<Double>, radius: Double, steps: Int = 1,
        turn: SIMD3<Double> = .zero
    ) {
        let place = placement(base: base, height: size.y, turn: turn)
        let radius = min(radius, size.min() / 2)
        let core = size / 2 - radius
        // Each eighth of a sphere stands at its own corner of the core; rows and columns are doubled where they meet.
        let quarter = (0...steps).map { Double($0) * 90 / Double(steps) }
        let columns = (0..<4).flatMap { side in quarter.map { (angle: $0 + 90 * Double(side), side: side) } }
        let rows = quarter.map { (angle: $0 - 90, isTop: false) } + quarter.map { (angle: $0, isTop: true) }
        var grid: [[(position: SIMD3<Double>, normal: SIMD3<Double>)]] = []
        for row in rows {
            let (rise, reach) = Self.sineAndCosine(row.angle)
            grid.append(
                columns.map { column in
                    let (sine, cosine) = Self.sineAndCosine(column.angle)
                    let normal = SIMD3(reach * cosine, rise, reach * sine)
                    let corner = SIMD3(
                        column.side == 0 || column.side == 3 ? core.x : -core.x, row.isTop ? core.y : -core.y,
                        column.side < 2 ? core.z : -core.z)
                    return (place.apply(to: corner + normal * radius), place.orientation.apply(to: normal))
                })
        }
        addGrid(grid, material: index(of: material))
        for (row, isTop) in [(rows.count - 1, true), (0, false)] {
            let corners = (0..<4).map { grid[row][$0 * (steps + 1)].position }
            addFlat(
                isTop ? corners.reversed() : corners,
                normal: place.orientation.apply(to: SIMD3(0, isTop ? 1 : -1, 0)), material: index(of: material))
        }
    }

    /// A solid of revolution about the vertical axis.
    ///
    /// - Parameters:
    ///   - profile: radius and height of points from the axis at the bottom, along the outside, back to the axis; hollow
    ///     things come back down along their inside. Edges sharper than 40 degrees stay sharp.
    ///   - stretch: multiplies x, y and z before the turn
    package mutating func addLathe(
        _ material: Material, base: SIMD3<Double>, profile: [(radius: Double, height: Double)], segments: Int = 16,
        stretch: SIMD3<Double> = .one, turn: SIMD3<Double> = .zero
    ) {
        let height = profile.reduce(0) { max($0, $1.height) } * stretch.y
        let place = placement(base: base, height: height, turn: turn)
        let middle = SIMD3(0, height / 2, 0)
        let index = self.index(of: material)
        // Whole quarters, so that the bounding box is as wide as the profile says.
        let segments = (segments + 3) / 4 * 4
        let slopes = zip(profile, profile.dropFirst()).map { low, high in
            let (outward, up) = (high.height - low.height, low.radius - high.radius)
            let length = (outward * outward + up * up).squareRoot()
            return length > 0 ? SIMD2(outward / length, up / length) : SIMD2(1, 0)
        }
        func blend(_ slope: SIMD2<Double>, _ other: SIMD2<Double>?) -> SIMD2<Double> {
            guard let other, (slope * other).sum() > 0.766 else { return slope }
            let sum = slope + other
            return sum / (sum * sum).sum().squareRoot()
        }
        let circle = (0...segments).map { Self.sineAndCosine(Double($0 % segments) * 360 / Double(segments)) }
        for (step, slope) in slopes.enumerated() {
            let ends = [
                (profile[step], blend(slope, step > 0 ? slopes[step - 1] : nil)),
                (profile[step + 1], blend(slope, step + 1 < slopes.count ? slopes[step + 1] : nil)),
            ]
            let grid = ends.map { point, slope in
                circle.map { sine, cosine in
                    let position = SIMD3(cosine * point.radius, point.height, sine * point.radius) * stretch - middle
                    let normal = SIMD3(cosine * slope.x, slope.y, sine * slope.x) / stretch
                    return (position: place.apply(to: position), normal: place.orientation.apply(to: normal))
                }
            }
            addGrid(grid, material: index)
        }
    }

    /// A convex polygon, listed counter-clockwise in x and y, drawn out along z.
    package mutating func addPrism(
        _ material: Material, base: SIMD3<Double>, polygon: [SIMD2<Double>], depth: Double, turn: SIMD3<Double> = .zero
    ) {
        let low = polygon.reduce(0) { min($0, $1.y) }
        let high = polygon.reduce(0) { max($0, $1.y) }
        let place = placement(base: base, height: high - low, turn: turn)
        let index = self.index(of: material)
        func corner(_ point: SIMD2<Double>, _ z: Double) -> SIMD3<Double> {
            place.apply(to: SIMD3(point.x, point.y - (low + high) / 2, z))
        }
        addFlat(
            polygon.map { corner($0, depth / 2) }, normal: place.orientation.z, material: index)
        addFlat(
            polygon.reversed().map { corner($0, -depth / 2) }, normal: -place.orientation.z, material: index)
        for (a, b) in zip(polygon, polygon.dropFirst() + polygon.prefix(1)) {
            let normal = SIMD3(b.y - a.y, a.x - b.x, 0)
            addFlat(
                [corner(a, -depth / 2), corner(b, -depth / 2), corner(b, depth / 2), corner(a, depth / 2)],
                normal: place.orientation.apply(to: normal), material: index)
        }
    }

    /// A round bar along a path, with a radius per point; its ends are flat.
    package mutating func addTube(
        _ material: Material, path: [SIMD3<Double>], radii: [Double], sides: Int = 6
    ) {
        precondition(path.count >= 2 && path.count == radii.count, "one radius per point of a path")
        let index = self.index(of: material)
        var across = SIMD3<Double>.zero
        var rings: [[(position: SIMD3<Double>, normal: SIMD3<Double>)]] = []
        for (step, point) in path.enumerated() {
            let along = Self.unit(path[min(step + 1, path.count - 1)] - path[max(step - 1, 0)])
            if step == 0 {
                let helper = abs(along.y) < 0.9 ? SIMD3(0, 1, 0) : SIMD3(1.0, 0, 0)
                across = Self.unit(Self.cross(helper, along))
            } else {
                across = Self.unit(across - along * (across * along).sum())
            }
            let other = Self.cross(along, across)
            rings.append(
                (0...sides).map { side in
                    let (sine, cosine) = Self.sineAndCosine(Double(side % sides) * 360 / Double(sides))
                    let normal = across * cosine + other * sine
                    return (point + normal * radii[step], normal)
                })
        }
        // Around the path the sides run the other way than around a lathe's axis.
        addGrid(rings.map { $0.reversed() }, material: index)
        for (ring, isEnd) in [(rings[rings.count - 1], true), (rings[0], false)] {
            let corners = ring.dropLast().map(\.position)
            let neighbor = isEnd ? path[path.count - 1] - path[path.count - 2] : path[0] - path[1]
            addFlat(isEnd ? corners : corners.reversed(), normal: neighbor, material: index)
        }
    }

    // MARK: Faces

    /// A convex flat face; corners run so that the usual cross product points outward.
    private mutating func addFlat(_ corners: [SIMD3<Double>], normal: SIMD3<Double>, material: Int32) {
        let first = Int32(positions.count)
        let normal = SIMD3<Float>(Self.unit(normal))
        for corner in corners {
            positions.append(corner)
            normals.append(normal)
        }
        guard corners.count >= 3 else { return }
        for next in 2..<Int32(corners.count) {
            addTriangle(first, first + next - 1, first + next, material)
        }
    }

    /// Quadrilaterals between neighbouring rows; rows go up where columns turn from x to z.
    private mutating func addGrid(
        _ rows: [[(position: SIMD3<Double>, normal: SIMD3<Double>)]], material: Int32
    ) {
        guard let width = rows.first?.count else { return }
        let first = positions.count
        for row in rows {
            for vertex in row {
                positions.append(vertex.position)
                normals.append(SIMD3<Float>(Self.unit(vertex.normal)))
            }
        }
        let isOpen = rows[0][0].position != rows[0][width - 1].position
        for row in 0..<(rows.count - 1) {
            for column in 0..<(isOpen ? width : width - 1) {
                let next = (column + 1) % width
                let (a, b) = (Int32(first + row * width + column), Int32(first + row * width + next))
                let (c, d) = (b + Int32(width), a + Int32(width))
                addTriangle(a, d, c, material)
                addTriangle(a, c, b, material)
            }
        }
    }

    /// Leaves out triangles that are lines or points: the poles of round things.
    private mutating func addTriangle(_ a: Int32, _ b: Int32, _ c: Int32, _ material: Int32) {
        let (p, q, r) = (positions[Int(a)], positions[Int(b)], positions[Int(c)])
        guard p != q, q != r, p != r else { return }
        triangles.append(Mesh.Triangle(a, b, c, material: material))
    }

    private mutating func index(of material: Material) -> Int32 {
        if let index = materials.firstIndex(of: material) { return Int32(index) }
        materials.append(material)
        return Int32(materials.count - 1)
    }

    /// A turn and a move, worked out once per solid.
    private struct Placement {
        let position: SIMD3<Double>
        let orientation: RotationMatrix

        func apply(to local: SIMD3<Double>) -> SIMD3<Double> { orientation.apply(to: local) + position }
    }

    private func placement(base: SIMD3<Double>, height: Double, turn: SIMD3<Double>) -> Placement {
        Placement(position: base + SIMD3(0, height / 2, 0), orientation: RotationMatrix(degrees: turn))
    }

    // MARK: Vectors

    /// Exact at quarter turns, so that round things have the bounding box one expects.
    static func sineAndCosine(_ degrees: Double) -> (sine: Double, cosine: Double) {
        RotationMatrix.sineAndCosine(degrees)
    }

    static func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
        SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
    }

    static func unit(_ vector: SIMD3<Double>) -> SIMD3<Double> {
        let length = (vector * vector).sum().squareRoot()
        return length > 0 ? vector / length : vector
    }
}
