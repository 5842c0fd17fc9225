package import CLEOKernels

/// A kernel family at one of LEO's shapes: what `leo bench kernels` times.
package struct KernelCase: Sendable {
    /// What the plain algorithm costs, whatever a kernel really does: a multiply and an add are two operations, operands
    /// are read once, results written once.
    package struct Work: Sendable {
        package var operations: Double
        package var bytes: Double
        /// Arithmetic whose peak the operations are compared with.
        package var element: Roofline.Element

        package init(operations: Double, bytes: Double, element: Roofline.Element = .f32) {
            (self.operations, self.bytes, self.element) = (operations, bytes, element)
        }
    }

    /// `fps/f32_pc`
    package let family: String
    /// `60x1024->32`
    package let shape: String
    package let work: Work
    /// Largest difference from the reference, as a share of the reference's largest magnitude; 0 for the same numbers.
    package let tolerance: Double
    package let variants: @Sendable () -> ck_variants
    package let prepare: @Sendable (KernelMemory) throws(BenchError) -> PreparedKernel

    package var name: String { family + "/" + shape }

    package init(
        _ family: String, _ shape: String, _ variants: @escaping @Sendable () -> ck_variants, _ work: Work, tolerance: Double = 0,
        _ prepare: @escaping @Sendable (KernelMemory) throws(BenchError) -> PreparedKernel
    ) {
        (self.family, self.shape, self.variants, self.work, self.tolerance, self.prepare) = (family, shape, variants, work, tolerance, prepare)
    }

    /// Every case, by subject. A new family is one declaration in one of these lists.
    package static var all: [KernelCase] { points + linear + language + vision }
}
