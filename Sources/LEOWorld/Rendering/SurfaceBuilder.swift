import Foundation

/// Puts meshes together from flat grids and turned shapes.
struct SurfaceBuilder {
    private(set) var mesh: Mesh

    init(materials: [Material]) { mesh = Mesh(materials: materials) }

    /// A flat grid of rectangles: corners at `origin + u * first + v * second` for every pair of cuts, facing `normal`.
    ///
    /// - Parameter isOpen: cells (column, row) to leave out
    mutating func addGrid(
        origin: SIMD3<Double>, u: SIMD3<Double>, v: SIMD3<Double>, uCuts: [Double], vCuts: [Double], normal: SIMD3<Double>,
        material: Int32 = 0, isOpen: (Int, Int) -> Bool = { _, _ in false }
    ) {
        guard uCuts.count > 1, vCuts.count > 1 else { return }
        let first = Int32(mesh.positions.count)
        let columns = Int32(uCuts.count)
        for second in vCuts {
            for position in uCuts {
                mesh.positions.append(SIMD3<Float>(origin + u * position + v * second))
                mesh.normals.append(SIMD3<Float>(normal))
            }
        }
        let isDirect = (crossProduct(u, v) * normal).sum() > 0
        for row in 0..<vCuts.count - 1 {
            for column in 0..<uCuts.count - 1 where !isOpen(column, row) {
                let a = first + Int32(row) * columns + Int32(column)
                let (b, c, d) = (a + 1, a + 1 + columns, a + columns)
                if isDirect {
                    mesh.triangles.append(Mesh.Triangle(a, b, c, material: material))
                    mesh.triangles.append(Mesh.Triangle(a, c, d, material: material))
                } else {
                    mesh.triangles.append(Mesh.Triangle(a, c, b, material: material))
                    mesh.triangles.append(Mesh.Triangle(a, d, c, material: material))
                }
            }
        }
    }

    /// A shape turned about the y axis through `center`, with smooth normals.
    ///
    /// - Parameters:
    ///   - profile: radius and height from the bottom up; a radius of 0 closes it
    ///   - flattening: factors for the extents along x and z
    mutating func addTurned(
        profile: [SIMD2<Double>], center: SIMD3<Double>, flattening: SIMD2<Double> = .one, segments: Int = 12, material: Int32
    ) {
        guard profile.count > 1, segments > 2 else { return }
        let first = Int32(mesh.positions.count)
        for (index, point) in profile.enumerated() {
            let before = profile[max(index - 1, 0)], after = profile[min(index + 1, profile.count - 1)]
            let slope = after - before
            for step in 0..<segments {
                let angle = 2 * Double.pi * Double(step) / Double(segments)
                let (sine, cosine) = (sin(angle), cos(angle))
                mesh.positions.append(
                    SIMD3<Float>(center + SIMD3(point.x * cosine * flattening.x, point.y, point.x * sine * flattening.y)))
                var normal = SIMD3(slope.y * cosine / flattening.x, -slope.x, slope.y * sine / flattening.y)
                let length = (normal * normal).sum().squareRoot()
                normal = length > 1e-12 ? normal / length : SIMD3(0, 1, 0)
                mesh.normals.append(SIMD3<Float>(normal))
            }
        }
        let count = Int32(segments)
        for ring in 0..<Int32(profile.count - 1) {
            for step in 0..<count {
                let next = (step + 1) % count
                let (a, b) = (first + ring * count + step, first + ring * count + next)
                let (c, d) = (a + count, b + count)
                mesh.triangles.append(Mesh.Triangle(a, c, b, material: material))
                mesh.triangles.append(Mesh.Triangle(b, c, d, material: material))
            }
        }
    }
}

func crossProduct<Scalar: BinaryFloatingPoint>(_ a: SIMD3<Scalar>, _ b: SIMD3<Scalar>) -> SIMD3<Scalar> {
    SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}
