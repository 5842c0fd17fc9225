/// An axis-aligned rectangle on the ground: x and z, in metres.
package struct Rectangle: Sendable, Equatable {
    package var minimum: SIMD2<Double>
    package var maximum: SIMD2<Double>

    package init(minimum: SIMD2<Double>, maximum: SIMD2<Double>) {
        self.minimum = minimum
        self.maximum = maximum
    }

    package init(center: SIMD2<Double>, size: SIMD2<Double>) {
        self.init(minimum: center - size / 2, maximum: center + size / 2)
    }

    package init(_ box: Box) {
        self.init(
            minimum: SIMD2(box.minimum.x, box.minimum.z), maximum: SIMD2(box.maximum.x, box.maximum.z))
    }

    package var center: SIMD2<Double> { (minimum + maximum) / 2 }
    package var size: SIMD2<Double> { maximum - minimum }

    /// Larger by `margin` on each side.
    package func grown(by margin: Double) -> Rectangle {
        Rectangle(minimum: minimum - margin, maximum: maximum + margin)
    }

    package func contains(_ point: SIMD2<Double>) -> Bool {
        point.x >= minimum.x && point.x <= maximum.x && point.y >= minimum.y && point.y <= maximum.y
    }

    package func contains(_ other: Rectangle) -> Bool { contains(other.minimum) && contains(other.maximum) }

    /// Have more in common than an edge.
    package func overlaps(_ other: Rectangle) -> Bool {
        minimum.x < other.maximum.x && other.minimum.x < maximum.x && minimum.y < other.maximum.y && other.minimum.y < maximum.y
    }

    /// From a point to the nearest point of the rectangle.
    package func distance(to point: SIMD2<Double>) -> Double {
        let nearest = point.clamped(lowerBound: minimum, upperBound: maximum)
        return ((point - nearest) * (point - nearest)).sum().squareRoot()
    }
}

extension Box {
    /// Have more in common than a face, by more than `slack`.
    package func overlaps(_ other: Box, slack: Double = 1e-6) -> Bool {
        for axis in 0..<3
        where minimum[axis] + slack >= other.maximum[axis] || other.minimum[axis] + slack >= maximum[axis] {
            return false
        }
        return true
    }

    /// The box of the same corners after a turn about the vertical axis, scaling and a move. Exact at quarter turns,
    /// else the smallest axis-aligned box around the turned one.
    package func upright(in transform: Transform) -> Box {
        let low = minimum * transform.scale
        let high = maximum * transform.scale
        let middle = (low + high) / 2
        let half = SIMD3(abs(high.x - low.x), abs(high.y - low.y), abs(high.z - low.z)) / 2
        let (sine, cosine) = Self.sineAndCosine(transform.rotation.y)
        let turned = SIMD3(cosine * middle.x + sine * middle.z, middle.y, cosine * middle.z - sine * middle.x)
        let extent = SIMD3(
            abs(cosine) * half.x + abs(sine) * half.z, half.y, abs(cosine) * half.z + abs(sine) * half.x)
        let center = turned + transform.position
        return Box(minimum: center - extent, maximum: center + extent)
    }

    /// Rounded, so that last bits of a machine's sine decide nothing.
    private static func sineAndCosine(_ degrees: Double) -> (sine: Double, cosine: Double) {
        let (sine, cosine) = RotationMatrix.sineAndCosine(degrees)
        return ((sine * 1e9).rounded() / 1e9, (cosine * 1e9).rounded() / 1e9)
    }
}

extension Instance {
    /// Bounding boxes of the model's colliders in the world; see `Box.upright(in:)`.
    package var worldColliders: [Box] { model.colliders.map { $0.upright(in: transform) } }

    /// Bounding box in the world.
    package var worldBounds: Box { Box(center: .zero, size: model.size).upright(in: transform) }
}
