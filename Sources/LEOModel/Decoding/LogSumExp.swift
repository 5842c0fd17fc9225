import Foundation

/// The two passes behind a softmax, in one fixed order of operations: portable vector arithmetic without fused
/// multiply-add gives the same bits on every machine.
enum LogSumExp {
    typealias Lanes = SIMD8<Float>

    /// Copies `source` to `destination` with NaN as minus infinity and plus infinity as the largest finite number.
    ///
    /// - Returns: the maximum, minus infinity of nothing
    static func copyClean(
        _ source: UnsafeBufferPointer<Float>, to destination: UnsafeMutableBufferPointer<Float>
    ) -> Float {
        let count = min(source.count, destination.count)
        guard let from = source.baseAddress, let to = destination.baseAddress else { return -.infinity }
        let lowest = Lanes(repeating: -.infinity)
        let largest = Lanes(repeating: .greatestFiniteMagnitude)
        var maxima = lowest
        var index = 0
        while index + Lanes.scalarCount <= count {
            var values = load(from + index)
            values.replace(with: lowest, where: values .!= values)
            values.replace(with: largest, where: values .> largest)
            maxima.replace(with: values, where: values .> maxima)
            UnsafeMutableRawPointer(to + index).storeBytes(of: values, as: Lanes.self)
            index += Lanes.scalarCount
        }
        var maximum = greatest(maxima)
        while index < count {
            let value = clean(from[index])
            to[index] = value
            maximum = max(maximum, value)
            index += 1
        }
        return maximum
    }

    static func clean(_ value: Float) -> Float {
        value.isNaN ? -.infinity : min(value, .greatestFiniteMagnitude)
    }

    /// log of the sum of exp(value - maximum), summed in double.
    ///
    /// - Numerics: within 2e-7 of the exact value: each exp is good to 2e-7 relative, and so is their sum
    static func shifted(_ values: UnsafeBufferPointer<Float>, maximum: Float) -> Double {
        guard let from = values.baseAddress else { return -.infinity }
        let shift = Lanes(repeating: maximum)
        var low = SIMD4<Double>()
        var high = SIMD4<Double>()
        var index = 0
        while index + Lanes.scalarCount <= values.count {
            let terms = exponential(load(from + index) - shift)
            low += SIMD4<Double>(terms.lowHalf)
            high += SIMD4<Double>(terms.highHalf)
            index += Lanes.scalarCount
        }
        let pairs = low + high
        var sum = (pairs[0] + pairs[2]) + (pairs[1] + pairs[3])
        while index < values.count {
            sum += Double(exponential(Lanes(repeating: from[index] - maximum))[0])
            index += 1
        }
        return log(sum)
    }

    /// exp of numbers up to zero; below -87, where it would be subnormal, exp(-87).
    ///
    /// Cody-Waite reduction to |r| <= log(2) / 2, then the polynomial of Cephes' `expf`.
    @inline(__always)
    private static func exponential(_ values: Lanes) -> Lanes {
        let floor = Lanes(repeating: -87)
        let x = values.replacing(with: floor, where: values .< floor)
        // Adding 1.5 * 2^23 leaves the rounded number in the low bits of the significand.
        let rounder = Lanes(repeating: 12_582_912)
        let shifted = x * 1.442_695_040_9 + rounder
        let n = shifted - rounder
        let r = (x - n * 0.693_359_375) + n * 2.121_944_4e-4
        var p = Lanes(repeating: 1.987_569_15e-4)
        p = p * r + 1.398_199_950_7e-3
        p = p * r + 8.333_451_907_3e-3
        p = p * r + 4.166_579_589_4e-2
        p = p * r + 0.166_666_654_59
        p = p * r + 0.500_000_012_01
        let y = p * (r * r) + r + 1
        let exponent = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &<< 23
        return unsafeBitCast(unsafeBitCast(y, to: SIMD8<Int32>.self) &+ exponent, to: Lanes.self)
    }

    @inline(__always)
    static func load(_ pointer: UnsafePointer<Float>) -> Lanes {
        UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
    }

    @inline(__always)
    static func greatest(_ lanes: Lanes) -> Float {
        var four = lanes.lowHalf
        four.replace(with: lanes.highHalf, where: lanes.highHalf .> four)
        return max(max(four[0], four[1]), max(four[2], four[3]))
    }
}
