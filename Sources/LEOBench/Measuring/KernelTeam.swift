package import CLEOKernels
internal import COpenMP

/// Threads that call a kernel the way a plan does: one OpenMP region, a slice for each thread, a barrier behind each call.
package struct KernelTeam: Sendable {
    package let threads: Int

    /// - Parameter threads: 0 takes every core the process may use
    package init(threads: Int = 0) { self.threads = threads > 0 ? threads : Self.coreCount }

    package static var coreCount: Int { max(1, Int(omp_get_num_procs())) }

    /// Seconds of `calls` calls one after the other, without starting the threads.
    @discardableResult
    package func seconds(_ kernel: ck_kernel, _ arguments: UnsafeRawPointer, calls: Int = 1) -> Double {
        var job = Job(kernel: kernel, arguments: arguments, calls: calls)
        if threads == 1 {
            job.work(thread: 0, threads: 1)
        } else {
            GOMP_parallel(
                { data in
                    data?.assumingMemoryBound(to: Job.self).pointee
                        .work(thread: omp_get_thread_num(), threads: omp_get_num_threads())
                }, &job, UInt32(threads), 0)
        }
        return job.seconds
    }

    private struct Job {
        let kernel: ck_kernel
        let arguments: UnsafeRawPointer
        let calls: Int
        /// Written by the first thread alone.
        var seconds = 0.0

        mutating func work(thread: Int32, threads: Int32) {
            if threads > 1 { GOMP_barrier() }
            let start = ContinuousClock.now
            for _ in 0..<calls {
                kernel(arguments, thread, threads)
                if threads > 1 { GOMP_barrier() }
            }
            if thread == 0 { seconds = (ContinuousClock.now - start) / .seconds(1) }
        }
    }

    /// Calls that take about `wanted` seconds, found by trying.
    package func calls(of kernel: ck_kernel, _ arguments: UnsafeRawPointer, lasting wanted: Double) -> Int {
        repetitions(lasting: wanted) { calls in seconds(kernel, arguments, calls: calls) }
    }
}

/// How often something is to be repeated to take about `wanted` seconds.
///
/// - Parameter run: repeats it so often and returns the seconds. Of three runs the fastest counts: a busy machine can make
///   any of them slow.
func repetitions(lasting wanted: Double, _ run: (Int) -> Double) -> Int {
    var count = 1
    while true {
        var fastest = run(count)
        // What takes long is not tried again.
        for _ in 0..<2 where fastest < 10 * wanted { fastest = min(fastest, run(count)) }
        let perCall = max(fastest / Double(count), 1e-9)
        if fastest >= wanted / 2 || count >= 1 << 30 { return max(1, Int(wanted / perCall)) }
        // At most tenfold: few repetitions are mostly the cost of starting.
        count = max(count + 1, min(count * 10, Int(wanted / perCall)))
    }
}

extension ck_variants {
    /// The rows that this CPU can run, best first.
    package var supported: [ck_variant] {
        (0..<Int(count)).compactMap { index in
            let row = rows[index]
            return ck_isa_supported(row.isa) && row.run != nil ? row : nil
        }
    }

    /// What a plan would take; nil where neither the CPU nor LEO_ISA allows any row.
    package var selected: ck_variant? {
        guard count > 0, let row = ck_select(self)?.pointee, ck_isa_supported(row.isa) else { return nil }
        // The last row stands in for all that are not allowed; only where it is the reference can it run.
        var cap = CK_ISA_REF
        return row.isa == CK_ISA_REF || (ck_isa_cap(&cap) == CK_OK && row.isa.rawValue <= cap.rawValue) ? row : nil
    }
}

extension ck_variant {
    package var title: String { name.map { String(cString: $0) } ?? "" }
    package var instructionSet: String { String(cString: ck_isa_name(isa)) }
}
