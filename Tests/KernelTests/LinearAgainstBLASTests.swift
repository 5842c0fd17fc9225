import CLEOKernels
import COpenBLAS
import Testing
import TestSupport

/// The matrix product against an implementation that shares nothing with ours.
@Suite("linear against OpenBLAS")
struct LinearAgainstBLASTests {
    @Test(arguments: [(1, 1, 1), (3, 17, 129), (7, 33, 257), (96, 64, 512), (192, 100, 300)])
    func matchesSgemm(m: Int, n: Int, k: Int) {
        var random = SeededGenerator(seed: UInt64(m * 1_000_003 + n * 1009 + k))
        let x = random.floats(m * k), weight = random.floats(n * k)
        var packed = [Float](repeating: 0, count: (n + 15) / 16 * 16 * k)
        #expect(ck_pack_nk16_f32(weight, Int64(n), Int64(k), &packed) == CK_OK)
        var expected = [Float](repeating: 0, count: m * n)
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, blasint(m), blasint(n), blasint(k), 1, x, blasint(k), weight, blasint(k), 0,
            &expected, blasint(n))
        let table = ck_linear_f32_f32_nk16_variants()
        for index in 0..<Int(table.count) where ck_isa_supported(table.rows[index].isa) {
            var found = [Float](repeating: 0, count: m * n)
            x.withUnsafeBufferPointer { x in
                packed.withUnsafeBufferPointer { packed in
                    found.withUnsafeMutableBufferPointer { found in
                        var arguments = ck_linear_args()
                        arguments.x = x.baseAddress
                        arguments.weight = UnsafeRawPointer(packed.baseAddress)
                        arguments.y = found.baseAddress
                        (arguments.m, arguments.n, arguments.k) = (Int64(m), Int64(n), Int64(k))
                        (arguments.x_stride, arguments.y_stride) = (Int64(k), Int64(n))
                        table.rows[index].run(&arguments, 0, 1)
                    }
                }
            }
            // Two summation orders of k products below 1 in size: k roundings each, far from all in one direction.
            let tolerance = Float(k) * 4e-7
            let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
            #expect(worst <= tolerance, "\(String(cString: table.rows[index].name)) m=\(m) n=\(n) k=\(k): \(worst)")
        }
    }
}
