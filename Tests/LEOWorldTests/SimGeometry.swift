import Foundation
import LEOWorld

enum SimGeometry {
    /// How many seeds a claim is tried with: a debug build is too slow for all of them.
    static func count(_ all: UInt64) -> UInt64 {
        #if DEBUG
            (all + 9) / 10
        #else
            all
        #endif
    }

    static func yaw(of way: SIMD3<Double>) -> Double { atan2(way.x, way.z) * 180 / .pi }

    /// Degrees in [-180, 180).
    static func turn(from: Double, to: Double) -> Double {
        let turn = (to - from).remainder(dividingBy: 360)
        return turn >= 180 ? turn - 360 : turn
    }
}
