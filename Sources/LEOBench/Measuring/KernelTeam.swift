package import CLEOKernels
internal import COpenMP
internal import ExecutionPlan

/// Threads that call a kernel the way a plan does: one OpenMP region, parts for each thread, a barrier behind each call.
package struct KernelTeam: Sendable {
    package let threads: Int

    /// - Parameter threads: 0 takes every core the process may use
    package init(threads: Int = 0) { self.threads = threads > 0 ? threads : Self.coreCount }

    package static var coreCount: Int { max(1, Int(omp_get_num_procs())) }

    /// Seconds of `calls` calls one after the other, without starting the threads.
    ///
    /// - Parameters:
    ///   - stride: bytes from the arguments of a call to those of the next; 0 where all have the same
    ///   - parts: into how many a call may be cut, see `PartQueue`
    @discardableResult
    package func seconds(_ kernel: ck_kernel, _ arguments: UnsafeRawPointer, stride: Int = 0, parts: Int32 = 0, calls: Int = 1) -> Double {
        var job = Job(kernel: kernel, arguments: arguments, parts: parts, stride: stride, calls: calls)
        withUnsafeMutablePointer(to: &job) { job in
            if threads == 1 {
                Job.work(job, thread: 0, threads: 1)
            } else {
                GOMP_parallel(
                    { data in
                        guard let job = data?.assumingMemoryBound(to: Job.self) else { return }
                        Job.work(job, thread: Int(omp_get_thread_num()), threads: Int(omp_get_num_threads()))
                    }, job, UInt32(threads), 0)
            }
        }
        return job.seconds
    }

    private struct Job: ~Copyable {
        let queue = PartQueue()
        let kernel: ck_kernel
        let arguments: UnsafeRawPointer
        let parts: Int32
        let stride: Int
        let calls: Int
        /// Written by the first thread alone.
        var seconds = 0.0

        static func work(_ job: UnsafeMutablePointer<Job>, thread: Int, threads: Int) {
            let (kernel, arguments, parts, stride) = (job.pointee.kernel, job.pointee.arguments, job.pointee.parts, job.pointee.stride)
            if threads > 1 { GOMP_barrier() }
            let start = ContinuousClock.now
            for call in 0..<job.pointee.calls {
                job.pointee.queue.run(kernel, arguments + call * stride, parts: parts, call: call, thread: thread, threads: threads)
                if threads > 1 { GOMP_barrier() }
            }
            if thread == 0 { job.pointee.seconds = (ContinuousClock.now - start) / .seconds(1) }
        }
    }

    /// Calls that take about `wanted` seconds, found by trying.
    package func calls(of kernel: ck_kernel, _ arguments: UnsafeRawPointer, parts: Int32 = 0, lasting wanted: Double) -> Int {
        repetitions(lasting: wanted) { calls in seconds(kernel, arguments, parts: parts, calls: calls) }
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
