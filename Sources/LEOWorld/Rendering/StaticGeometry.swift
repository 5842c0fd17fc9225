/// Meshes of what never moves: walls with their openings cut out, floors, and the figures of agent and player.
enum StaticGeometry {
    /// Light is worked out at corners, so large faces are divided; at most this often along an axis.
    private static let maximumDivisions = 64
    /// More openings in one wall are left closed.
    private static let maximumHoles = 256

    /// A wall in its local frame, with faces on the inside of its openings. Empty for sizes that are no sizes.
    static func mesh(of wall: Wall) -> Mesh {
        var builder = SurfaceBuilder(materials: [wall.material])
        let half = wall.size / 2
        guard isSize(wall.size) else { return builder.mesh }
        let holes = wall.holes.prefix(maximumHoles).compactMap { hole -> (minimum: SIMD2<Double>, maximum: SIMD2<Double>)? in
            let minimum = pointwiseMax(hole.center - hole.size / 2, SIMD2(-half.x, -half.y))
            let maximum = pointwiseMin(hole.center + hole.size / 2, SIMD2(half.x, half.y))
            return minimum.x < maximum.x && minimum.y < maximum.y ? (minimum, maximum) : nil
        }
        let xs = cuts(-half.x, half.x, at: holes.flatMap { [$0.minimum.x, $0.maximum.x] }, spacing: 0.8)
        let ys = cuts(-half.y, half.y, at: holes.flatMap { [$0.minimum.y, $0.maximum.y] }, spacing: 0.8)
        let (columns, rows) = (xs.count - 1, ys.count - 1)
        var isHole = [Bool](repeating: false, count: columns * rows)
        for hole in holes {
            for row in 0..<rows where ys[row] >= hole.minimum.y && ys[row + 1] <= hole.maximum.y {
                for column in 0..<columns where xs[column] >= hole.minimum.x && xs[column + 1] <= hole.maximum.x {
                    isHole[row * columns + column] = true
                }
            }
        }
        func isOpen(_ column: Int, _ row: Int) -> Bool {
            column < 0 || row < 0 || column >= columns || row >= rows || isHole[row * columns + column]
        }
        let (x, y, z) = (SIMD3<Double>(1, 0, 0), SIMD3<Double>(0, 1, 0), SIMD3<Double>(0, 0, 1))
        for side in [-1.0, 1.0] {
            builder.addGrid(origin: z * (side * half.z), u: x, v: y, uCuts: xs, vCuts: ys, normal: z * side, isOpen: isOpen)
        }
        // Through the thickness: a face wherever a solid cell borders on an open one.
        let zs = [-half.z, half.z]
        for column in 0...columns {
            for row in 0..<rows where isOpen(column - 1, row) != isOpen(column, row) {
                builder.addGrid(
                    origin: x * xs[column], u: y, v: z, uCuts: [ys[row], ys[row + 1]], vCuts: zs,
                    normal: isOpen(column, row) ? x : -x)
            }
        }
        for row in 0...rows {
            for column in 0..<columns where isOpen(column, row - 1) != isOpen(column, row) {
                builder.addGrid(
                    origin: y * ys[row], u: x, v: z, uCuts: [xs[column], xs[column + 1]], vCuts: zs,
                    normal: isOpen(column, row) ? y : -y)
            }
        }
        return builder.mesh
    }

    /// A floor or ceiling in its local frame. Empty for sizes that are no sizes.
    static func mesh(of floor: Floor) -> Mesh {
        var builder = SurfaceBuilder(materials: [floor.material])
        guard isSize(floor.size) else { return builder.mesh }
        let half = floor.size / 2
        let (x, y, z) = (SIMD3<Double>(1, 0, 0), SIMD3<Double>(0, 1, 0), SIMD3<Double>(0, 0, 1))
        let xs = cuts(-half.x, half.x, at: [], spacing: 0.7), zs = cuts(-half.z, half.z, at: [], spacing: 0.7)
        let ys = [-half.y, half.y]
        for side in [-1.0, 1.0] {
            builder.addGrid(origin: y * (side * half.y), u: x, v: z, uCuts: xs, vCuts: zs, normal: y * side)
            builder.addGrid(origin: x * (side * half.x), u: y, v: z, uCuts: ys, vCuts: zs, normal: x * side)
            builder.addGrid(origin: z * (side * half.z), u: x, v: y, uCuts: xs, vCuts: ys, normal: z * side)
        }
        return builder.mesh
    }

    /// A standing figure with its feet at the origin, facing +z, 1.75 m tall.
    static func figure(shirt: SIMD3<Float>, shirtName: String) -> Mesh {
        var builder = SurfaceBuilder(materials: [
            Material(name: "fabric", colorName: shirtName, color: shirt),
            Material(name: "denim", colorName: "blue", color: SIMD3(0.20, 0.25, 0.40)),
            Material(name: "skin", colorName: "beige", color: SIMD3(0.86, 0.68, 0.56)),
            Material(name: "hair", colorName: "brown", color: SIMD3(0.28, 0.18, 0.12)),
            Material(name: "leather", colorName: "black", color: SIMD3(0.12, 0.12, 0.13)),
        ])
        for side in [-1.0, 1.0] {
            builder.addTurned(
                profile: [SIMD2(0, 0), SIMD2(0.07, 0), SIMD2(0.075, 0.05), SIMD2(0, 0.09)],
                center: SIMD3(0.1 * side, 0, 0.04), flattening: SIMD2(0.8, 1.7), material: 4)
            builder.addTurned(
                profile: [SIMD2(0.06, 0.05), SIMD2(0.075, 0.5), SIMD2(0.095, 0.9)], center: SIMD3(0.1 * side, 0, 0), material: 1)
            builder.addTurned(
                profile: [SIMD2(0, 0.72), SIMD2(0.045, 0.74), SIMD2(0.045, 0.84), SIMD2(0, 0.86)],
                center: SIMD3(0.27 * side, 0, 0), material: 2)
            builder.addTurned(
                profile: [SIMD2(0, 0.82), SIMD2(0.055, 0.83), SIMD2(0.065, 1.36), SIMD2(0, 1.43)],
                center: SIMD3(0.26 * side, 0, 0), material: 0)
        }
        builder.addTurned(
            profile: [
                SIMD2(0, 0.85), SIMD2(0.20, 0.86), SIMD2(0.19, 1.1), SIMD2(0.23, 1.35), SIMD2(0.16, 1.44), SIMD2(0.06, 1.47),
                SIMD2(0, 1.48),
            ], center: .zero, flattening: SIMD2(1, 0.62), material: 0)
        builder.addTurned(profile: [SIMD2(0.055, 1.45), SIMD2(0.055, 1.55)], center: .zero, material: 2)
        builder.addTurned(
            profile: [
                SIMD2(0, 1.5), SIMD2(0.075, 1.52), SIMD2(0.1, 1.6), SIMD2(0.1, 1.66), SIMD2(0.07, 1.72), SIMD2(0, 1.74),
            ], center: SIMD3(0, 0, 0.01), flattening: SIMD2(0.9, 1.05), material: 2)
        builder.addTurned(
            profile: [SIMD2(0.1, 1.58), SIMD2(0.112, 1.66), SIMD2(0.085, 1.735), SIMD2(0, 1.76)],
            center: SIMD3(0, 0, -0.015), flattening: SIMD2(0.95, 1.05), material: 3)
        return builder.mesh
    }

    private static func isSize(_ size: SIMD3<Double>) -> Bool {
        size.min() > 0 && size.max() <= 10_000
    }

    /// The ends, the places that must be cut, and cuts between them where they are far apart; in ascending order.
    private static func cuts(_ from: Double, _ to: Double, at places: [Double], spacing: Double) -> [Double] {
        let spacing = max(spacing, (to - from) / Double(maximumDivisions))
        let fixed = Set([from, to] + places.filter { $0 > from && $0 < to }).sorted()
        var cuts = [from]
        for (start, end) in zip(fixed, fixed.dropFirst()) {
            let parts = max(Int(((end - start) / spacing).rounded(.up)), 1)
            for part in 1..<parts + 1 { cuts.append(part == parts ? end : start + (end - start) * Double(part) / Double(parts)) }
        }
        return cuts
    }
}
