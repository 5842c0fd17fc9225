import LEOTensor

/// Objects as the point encoder takes them.
///
/// - Shapes: `features` [count, points, 6] f32: x y z moved to the mean of the picked points and scaled into the unit
///   sphere, r g b in -1...1; `locations` [count, 6] f32: mean x y z and extent of all points of the object, in metres
/// - Numerics: double precision throughout, rounded to f32 at the end, unless `ObjectPoints.arithmetic` says otherwise
/// - Source: LEO (arXiv 2311.12871), official data loaders, `preprocess_pcd`
public struct ObjectTensors: Sendable {
    public let features: Tensor
    public let locations: Tensor
    public let count: Int

    /// Points that LEO takes of each object.
    public static let pointsPerObject = 1024

    /// Picks points at random: without repetition where the object has enough, else with.
    ///
    /// The pick depends on seed, object id and points alone, not on the order of the objects.
    public init(_ objects: [SceneObject], pointsPerObject: Int = ObjectTensors.pointsPerObject, seed: UInt64 = 0) {
        precondition(pointsPerObject > 0, "at least one point an object")
        let picks = objects.map { object in
            Self.pickedIndices(from: object.points.count, count: pointsPerObject, seed: seed, stream: object.id)
        }
        self.init(objects.map(\.points), picks: picks)
    }

    /// Takes the points at `picks[i]` of object `i`, in that order.
    ///
    /// - Precondition: one list an object, all of the same length, every index inside its object
    public init(_ objects: [ObjectPoints], picks: [[Int]]) {
        precondition(picks.count == objects.count, "one list of picks an object")
        let points = picks.first?.count ?? Self.pointsPerObject
        precondition(picks.allSatisfy { $0.count == points }, "the same number of picks for every object")
        precondition(points > 0, "at least one point an object")
        for (object, indices) in zip(objects, picks) {
            precondition(indices.allSatisfy { $0 >= 0 && $0 < object.count }, "pick outside the object")
        }
        count = objects.count
        features = Tensor(elementType: .f32, shape: [objects.count, points, 6]) { bytes in
            let target = bytes.bindMemory(to: Float.self)
            for (index, object) in objects.enumerated() {
                let start = index * points * 6
                Self.normalize(
                    object, picks[index], into: UnsafeMutableBufferPointer(rebasing: target[start..<start + points * 6])
                )
            }
        }
        locations = Tensor(elementType: .f32, shape: [objects.count, 6]) { bytes in
            let target = bytes.bindMemory(to: Float.self)
            for (index, object) in objects.enumerated() {
                let mean = object.mean
                let size = object.bounds.size
                for axis in 0..<3 {
                    target[6 * index + axis] = Float(mean[axis])
                    target[6 * index + 3 + axis] = Float(size[axis])
                }
            }
        }
    }

    /// `count` indices below `total`: distinct where there are enough, else independent of each other.
    package static func pickedIndices(from total: Int, count: Int, seed: UInt64, stream: Int) -> [Int] {
        // Two rounds of mixing, so that neighbouring seeds and streams have nothing in common.
        var mixer = SplitMix64(seed: seed)
        var random = SplitMix64(seed: mixer.next() ^ UInt64(truncatingIfNeeded: stream))
        random = SplitMix64(seed: random.next())
        guard total >= count else { return (0..<count).map { _ in random.nextIndex(below: total) } }
        // The first `count` steps of a Fisher-Yates shuffle.
        var order = Array(0..<total)
        for index in 0..<count { order.swapAt(index, index + random.nextIndex(below: total - index)) }
        return Array(order.prefix(count))
    }

    private static func normalize(
        _ object: ObjectPoints, _ picks: [Int], into target: UnsafeMutableBufferPointer<Float>
    ) {
        switch object.arithmetic {
        case .double: normalize(object, picks, as: Double.self, into: target)
        case .single, .singleByChannel: normalize(object, picks, as: Float.self, into: target)
        }
    }

    /// What is picked is an array of points in any case, so sums go point by point.
    private static func normalize<Scalar: BinaryFloatingPoint & SIMDScalar>(
        _ object: ObjectPoints, _ picks: [Int], as: Scalar.Type, into target: UnsafeMutableBufferPointer<Float>
    ) {
        object.coordinates.withUnsafeBufferPointer { values in
            func point(_ index: Int) -> SIMD3<Scalar> {
                SIMD3(Scalar(values[3 * index]), Scalar(values[3 * index + 1]), Scalar(values[3 * index + 2]))
            }
            var mean = SIMD3<Scalar>.zero
            for index in picks { mean += point(index) }
            mean /= Scalar(picks.count)
            var farthest: Scalar = 0
            for index in picks {
                let offset = point(index) - mean
                farthest = max(farthest, (offset * offset).sum().squareRoot())
            }
            // An object that is one repeated point has no size to divide by.
            let scale = farthest < 1e-6 ? 1 : farthest
            for (row, index) in picks.enumerated() {
                let offset = (point(index) - mean) / scale
                for axis in 0..<3 {
                    target[6 * row + axis] = Float(offset[axis])
                    target[6 * row + 3 + axis] = object.colors[3 * index + axis]
                }
            }
        }
    }
}

extension ObjectPoints {
    /// Mean of all points.
    public var mean: SIMD3<Double> {
        coordinates.withUnsafeBufferPointer { values in
            switch arithmetic {
            case .double:
                var sum = SIMD3<Double>.zero
                for first in stride(from: 0, to: values.count, by: 3) {
                    sum += SIMD3(values[first], values[first + 1], values[first + 2])
                }
                return sum / Double(count)
            case .single:
                var sum = SIMD3<Float>.zero
                for first in stride(from: 0, to: values.count, by: 3) {
                    sum += SIMD3(Float(values[first]), Float(values[first + 1]), Float(values[first + 2]))
                }
                return SIMD3<Double>(sum / Float(count))
            case .singleByChannel:
                var sum = SIMD3<Float>.zero
                for axis in 0..<3 { sum[axis] = Self.pairwiseSum(values, axis, 0..<count) }
                return SIMD3<Double>(sum / Float(count))
            }
        }
    }

    /// NumPy's sum of a contiguous row: eight sums side by side for up to 128 values, halves of more.
    private static func pairwiseSum(_ values: UnsafeBufferPointer<Double>, _ axis: Int, _ points: Range<Int>) -> Float {
        func value(_ index: Int) -> Float { Float(values[3 * index + axis]) }
        if points.count < 8 { return points.reduce(0) { $0 + value($1) } }
        guard points.count <= 128 else {
            let half = points.count / 2
            let middle = points.lowerBound + half - half % 8
            return pairwiseSum(values, axis, points.lowerBound..<middle) + pairwiseSum(values, axis, middle..<points.upperBound)
        }
        var sums = SIMD8<Float>.zero
        let end = points.upperBound - points.count % 8
        for first in stride(from: points.lowerBound, to: end, by: 8) {
            for lane in 0..<8 { sums[lane] += value(first + lane) }
        }
        let total = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
        return (end..<points.upperBound).reduce(total) { $0 + value($1) }
    }
}

extension Scene {
    /// The objects of this scene, in their order, as the point encoder takes them.
    public func objectTensors(pointsPerObject: Int = ObjectTensors.pointsPerObject, seed: UInt64 = 0) -> ObjectTensors {
        ObjectTensors(objects, pointsPerObject: pointsPerObject, seed: seed)
    }
}
