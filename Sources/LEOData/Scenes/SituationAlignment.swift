import Foundation

/// How SQA3D's positions and orientations become the network's.
///
/// - Source: official `data/datasets.py`, `LeoSQA3D.align_situation`; scipy 1.11 `Rotation.from_quat`, `from_matrix`
public enum SituationAlignment {
    /// Position in the frame of the scan, and the orientation that the official code makes of it.
    ///
    /// The official code turns the sign of the whole rotation, which leaves a matrix that is no rotation, and the
    /// conversion back does not notice: every pure yaw becomes (1, 0, 0, 0), or (0, 1, 0, 0) by rounding. The heading is
    /// lost. Checkpoints were trained so.
    ///
    /// - Parameters:
    ///   - orientation: x, y, z, w; any length but zero
    ///   - alignment: rows of the scan's 3 x 3 matrix
    ///   - center: middle of the box around the scan
    public static func aligned(
        position: SIMD3<Double>, orientation: SIMD4<Double>, alignment: [SIMD3<Double>], center: SIMD3<Double>
    ) -> (position: SIMD3<Double>, orientation: SIMD4<Double>) {
        precondition(alignment.count == 3, "three rows")
        let turned = SIMD3((alignment[0] * position).sum(), (alignment[1] * position).sum(), (alignment[2] * position).sum())
        let rotation = Matrix3(orientation)
        var product = Matrix3()
        for row in 0..<3 {
            for column in 0..<3 {
                var sum = 0.0
                for inner in 0..<3 { sum += alignment[row][inner] * rotation[inner, column] }
                product[row, column] = -sum
            }
        }
        return (turned + center, product.quaternion)
    }

    /// A pose turned about z by `matrix`, as training turns SQA3D's.
    static func turned(
        _ pose: (position: SIMD3<Double>, orientation: SIMD4<Double>), by matrix: Matrix3
    ) -> (position: SIMD3<Double>, orientation: SIMD4<Double>) {
        let rotation = Matrix3(pose.orientation)
        var product = Matrix3()
        for row in 0..<3 {
            for column in 0..<3 { product[row, column] = (0..<3).reduce(0) { $0 + matrix[row, $1] * rotation[$1, column] } }
        }
        return (matrix * pose.position, product.quaternion)
    }
}

/// A 3 x 3 matrix by rows.
struct Matrix3: Equatable {
    private var values = [Double](repeating: 0, count: 9)

    init() {}

    subscript(row: Int, column: Int) -> Double {
        get { values[3 * row + column] }
        set { values[3 * row + column] = newValue }
    }

    /// The rotation of a quaternion x, y, z, w, which is brought to unit length first.
    init(_ quaternion: SIMD4<Double>) {
        let q = quaternion / (quaternion * quaternion).sum().squareRoot()
        let (x, y, z, w) = (q.x, q.y, q.z, q.w)
        values = [
            x * x - y * y - z * z + w * w, 2 * (x * y - z * w), 2 * (x * z + y * w),
            2 * (x * y + z * w), -x * x + y * y - z * z + w * w, 2 * (y * z - x * w),
            2 * (x * z - y * w), 2 * (y * z + x * w), -x * x - y * y + z * z + w * w,
        ]
    }

    /// Quarter turns about z, in the official code's single precision: a quarter's cosine is 6e-17, not 0.
    init(quarterTurns: Int) {
        let angle = Double(((quarterTurns % 4) + 4) % 4) * .pi / 2
        let (c, s) = (Double(Float(cos(angle))), Double(Float(sin(angle))))
        values = [c, -s, 0, s, c, 0, 0, 0, 1]
    }

    static func * (matrix: Matrix3, point: SIMD3<Double>) -> SIMD3<Double> {
        var result = SIMD3<Double>.zero
        for row in 0..<3 { result[row] = (SIMD3(matrix[row, 0], matrix[row, 1], matrix[row, 2]) * point).sum() }
        return result
    }

    /// x, y, z, w by scipy's rule, which takes any matrix: the greatest of the diagonal and the trace, the first of equals,
    /// says by which formula.
    var quaternion: SIMD4<Double> {
        let trace = self[0, 0] + self[1, 1] + self[2, 2]
        let decision = [self[0, 0], self[1, 1], self[2, 2], trace]
        let greatest = decision.max() ?? trace
        var q = SIMD4<Double>.zero
        if let i = (0..<3).first(where: { decision[$0] == greatest }) {
            let (j, k) = ((i + 1) % 3, (i + 2) % 3)
            q[i] = 1 - trace + 2 * self[i, i]
            q[j] = self[j, i] + self[i, j]
            q[k] = self[k, i] + self[i, k]
            q.w = self[k, j] - self[j, k]
        } else {
            q = SIMD4(self[2, 1] - self[1, 2], self[0, 2] - self[2, 0], self[1, 0] - self[0, 1], 1 + trace)
        }
        return q / (q * q).sum().squareRoot()
    }
}
