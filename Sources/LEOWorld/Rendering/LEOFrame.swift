/// LEO's frame of reference: right-handed, z up, metres, as in the scans it was trained on.
///
/// The world keeps Unity's left-handed frame with y up. Exchanging y and z turns one into the other and is its own inverse:
/// x stays, what was height becomes z, and north (world +z) becomes y.
public enum LEOFrame {
    /// A point or vector of the world in LEO's frame.
    public static func point(_ world: SIMD3<Double>) -> SIMD3<Double> { SIMD3(world.x, world.z, world.y) }

    /// A point or vector of LEO's frame in the world.
    public static func worldPoint(_ point: SIMD3<Double>) -> SIMD3<Double> { SIMD3(point.x, point.z, point.y) }

    /// A heading in the world (degrees, right of +z) as the angle in radians, left of +x, that it has in LEO's frame; in
    /// -pi...pi.
    public static func heading(yaw: Double) -> Double { (90 - yaw).remainder(dividingBy: 360) * .pi / 180 }

    /// The quaternion x y z w that turns +x of LEO's frame to this heading.
    public static func orientation(yaw: Double) -> SIMD4<Double> {
        let forward = RotationMatrix(degrees: SIMD3(0, (90 - yaw) / 2, 0)).z
        return SIMD4(0, 0, forward.x, forward.z)
    }
}
