/// A material as the shading loop wants it.
struct ShadingMaterial {
    enum Kind { case plain, checker, planks }

    /// sRGB in 0...255.
    var color: SIMD4<Float>
    var second: SIMD4<Float>
    var kind: Kind
    /// Edge or width, in metres, and 1 over it.
    private(set) var size: Float
    private var inverseSize: Float
    var isLight: Bool

    init(_ material: Material) {
        func bytes(_ color: SIMD3<Float>) -> SIMD4<Float> {
            // A colour that is no number is shown as mid-grey.
            SIMD4(color.hasFiniteValues ? color.clamped(lowerBound: .zero, upperBound: .one) * 255 : SIMD3(repeating: 128), 0)
        }
        color = bytes(material.color)
        second = color
        kind = .plain
        size = 1
        inverseSize = 1
        isLight = material.isLight
        switch material.pattern {
        case .plain: break
        case .checker(let size, let second) where size >= 1e-3 && size <= 1e6:
            kind = .checker
            self.size = size
            self.second = bytes(second)
        case .planks(let width) where width >= 1e-3 && width <= 1e6:
            kind = .planks
            size = width
        case .checker, .planks: break
        }
        inverseSize = 1 / size
    }

    /// Colour at a point of the local frame, on a face whose normal is nearest to `axis` (0 x, 1 y, 2 z).
    ///
    /// - Parameter footprint: metres that one sample stands for; a pattern finer than that fades to its mean
    @inline(__always)
    func color(at local: SIMD4<Float>, axis: Int32, footprint: Float) -> SIMD4<Float> {
        // Half a millimetre off, because walls and boards begin at multiples of the size, where rounding would decide.
        let u = (axis == 0 ? local.y : local.x) + 0.0005
        let v = (axis == 2 ? local.y : local.z) + 0.0005
        let strength = min(max(2 - 2 * footprint * inverseSize, 0), 1)
        switch kind {
        case .plain: return color
        case .checker:
            let isSecond = (Self.floor(u * inverseSize) &+ Self.floor(v * inverseSize)) & 1 != 0
            let mean = (color + second) * 0.5
            return mean + ((isSecond ? second : color) - mean) * strength
        case .planks:
            let board = Self.floor(u * inverseSize)
            // Boards are sawn off after nine widths, each row elsewhere.
            let piece = Self.floor(v * inverseSize * (1 / 9) + Self.unit(UInt32(bitPattern: board)))
            let tone = Self.unit(UInt32(bitPattern: board) &* 0x85EB_CA6B ^ UInt32(bitPattern: piece) &* 0xC2B2_AE35)
            return color * (1 + (tone - 0.5) * 0.22 * strength)
        }
    }

    /// Largest whole number not above a value, limited to what 32 bits hold.
    @inline(__always)
    private static func floor(_ value: Float) -> Int32 {
        let limited = min(max(value, -1e9), 1e9)
        let whole = Int32(limited)
        return Float(whole) > limited ? whole - 1 : whole
    }

    /// A number in 0..<1, far from those of neighbouring seeds (multiples of the golden ratio).
    @inline(__always)
    private static func unit(_ seed: UInt32) -> Float { Float(Int32(bitPattern: (seed &* 0x9E37_79B9) >> 8)) * 0x1p-24 }
}
