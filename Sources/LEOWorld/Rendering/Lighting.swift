/// Light on a surface, worked out per vertex where things stand still: hemisphere light, two faint directions so that the
/// sides of a box differ, and the lamps of the room.
///
/// Products are formed in sRGB, without shadows: a picture that shows shapes and colours, not a photograph.
struct Lighting: Sendable {
    private struct Lamp {
        var position: SIMD3<Float>
        var color: SIMD3<Float>
        var inverseRange: Float
        /// Index of the room; -1 shines everywhere.
        var room: Int
    }

    private var lamps: [Lamp] = []
    private var rooms: [(minimum: SIMD2<Float>, maximum: SIMD2<Float>)] = []

    init() {}

    init(_ scene: WorldScene) {
        rooms = scene.rooms.map { (SIMD2<Float>($0.minimum), SIMD2<Float>($0.maximum)) }
        for light in scene.lights {
            let position = SIMD3<Float>(light.transform.position)
            guard position.hasFiniteValues, light.color.hasFiniteValues, light.intensity.isFinite, light.intensity > 0 else { continue }
            let range = light.range.isFinite && light.range > 0.1 ? Float(light.range) : 10
            let strength = 0.5 * Float(min(light.intensity, 2))
            lamps.append(
                Lamp(
                    position: position, color: light.color.clamped(lowerBound: .zero, upperBound: .one) * strength,
                    inverseRange: 1 / range, room: room(at: position)))
        }
        // A room without a lamp is not dark: it gets one under its ceiling.
        for (index, room) in rooms.enumerated() where !lamps.contains(where: { $0.room == index }) {
            let middle = (room.minimum + room.maximum) / 2
            lamps.append(
                Lamp(position: SIMD3(middle.x, 2.3, middle.y), color: SIMD3(0.45, 0.44, 0.42), inverseRange: 0.1, room: index))
        }
    }

    /// Index of the room that holds a point, or else of the first within a wall's thickness of it; -1 outside all.
    private func room(at point: SIMD3<Float>) -> Int {
        let ground = SIMD2(point.x, point.z)
        var near = -1
        for (index, room) in rooms.enumerated() {
            let outside = max((room.minimum - ground).max(), (ground - room.maximum).max())
            if outside <= 0 { return index }
            if near < 0, outside <= 0.25 { near = index }
        }
        return near
    }

    private static let firstDirection = SIMD3<Float>(0.25, 0.65, -0.72)
    private static let secondDirection = SIMD3<Float>(-0.94, 0.1, 0.33)

    /// Factors for red, green and blue; the fourth value is 1, so that a product with 1 / depth carries 1 / depth along.
    func light(at point: SIMD3<Float>, normal: SIMD3<Float>) -> SIMD4<Float> {
        let up = 0.5 + 0.5 * normal.y
        var sum = SIMD3<Float>(0.36, 0.37, 0.40) + up * SIMD3<Float>(0.18, 0.17, 0.14)
        sum += 0.22 * max(0, (normal * Self.firstDirection).sum())
        sum += 0.11 * max(0, (normal * Self.secondDirection).sum())
        if !lamps.isEmpty {
            let here = room(at: point + 0.1 * normal)
            for lamp in lamps {
                let toLamp = lamp.position - point
                let squared = max((toLamp * toLamp).sum(), 0.04)
                let fraction = squared * lamp.inverseRange * lamp.inverseRange
                guard fraction < 1 else { continue }
                // Light comes through doorways, but walls keep most of it.
                let share: Float = lamp.room == here || lamp.room < 0 ? 1 : 0.15
                let facing = (normal * toLamp).sum() / squared.squareRoot()
                let fade = (1 - fraction) * (1 - fraction)
                sum += lamp.color * (share * fade * max(0, 0.25 + 0.75 * facing))
            }
        }
        // Above 0.8 brightness grows ever slower and never reaches 1.1.
        let excess = pointwiseMax(sum - 0.8, .zero)
        let curved = pointwiseMin(sum, SIMD3(repeating: 0.8)) + 0.3 * excess / (0.3 + excess)
        return SIMD4(curved, 1)
    }
}

extension SIMD3 where Scalar: BinaryFloatingPoint {
    var hasFiniteValues: Bool { x.isFinite && y.isFinite && z.isFinite }
}
