import Foundation

/// Where a thing is and how it is turned and scaled, in the world's frame.
///
/// The world keeps LEGENT's frame, which is Unity's: left-handed, y up, z forward at yaw 0, metres and degrees. Angles
/// turn about z first, then x, then y. Positive yaw turns right, positive pitch looks down.
public struct Transform: Sendable, Equatable {
    public var position: SIMD3<Double>
    /// Degrees about x (pitch), y (yaw) and z (roll).
    public var rotation: SIMD3<Double>
    public var scale: SIMD3<Double>

    public init(position: SIMD3<Double> = .zero, rotation: SIMD3<Double> = .zero, scale: SIMD3<Double> = .one) {
        self.position = position
        self.rotation = rotation
        self.scale = scale
    }

    /// The rotation alone.
    public var orientation: RotationMatrix { RotationMatrix(degrees: rotation) }

    /// A point of the local frame, in the world.
    public func apply(to local: SIMD3<Double>) -> SIMD3<Double> { orientation.apply(to: local * scale) + position }

    /// A point of the world, in the local frame. Scales must not be zero.
    public func inverseApply(to point: SIMD3<Double>) -> SIMD3<Double> {
        orientation.inverseApply(to: point - position) / scale
    }

    /// Where the local +z axis points: the way an object, an avatar or a camera faces.
    public var forward: SIMD3<Double> { orientation.z }
}

/// A rotation as the images of the three axes.
public struct RotationMatrix: Sendable, Equatable {
    public let x: SIMD3<Double>
    public let y: SIMD3<Double>
    public let z: SIMD3<Double>

    /// Turns by `degrees.z` about z, then by `degrees.x` about x, then by `degrees.y` about y.
    public init(degrees: SIMD3<Double>) {
        let (sx, cx) = Self.sineAndCosine(degrees.x)
        let (sy, cy) = Self.sineAndCosine(degrees.y)
        let (sz, cz) = Self.sineAndCosine(degrees.z)
        x = SIMD3(cy * cz + sy * sx * sz, cx * sz, -sy * cz + cy * sx * sz)
        y = SIMD3(-cy * sz + sy * sx * cz, cx * cz, sy * sz + cy * sx * cz)
        z = SIMD3(sy * cx, -sx, cy * cx)
    }

    public func apply(to local: SIMD3<Double>) -> SIMD3<Double> { x * local.x + y * local.y + z * local.z }

    public func inverseApply(to vector: SIMD3<Double>) -> SIMD3<Double> {
        SIMD3((x * vector).sum(), (y * vector).sum(), (z * vector).sum())
    }

    /// Exact at multiples of 90 degrees, so that right-angled rooms stay right-angled.
    static func sineAndCosine(_ degrees: Double) -> (sine: Double, cosine: Double) {
        let turned = degrees.remainder(dividingBy: 360)
        switch turned {
        case 0: return (0, 1)
        case 90: return (1, 0)
        case -90: return (-1, 0)
        case 180, -180: return (0, -1)
        default:
            let radians = turned * .pi / 180
            return (sin(radians), cos(radians))
        }
    }
}
