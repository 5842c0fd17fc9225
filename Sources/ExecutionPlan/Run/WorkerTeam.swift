internal import CLEOKernels
internal import COpenMP
import Foundation
internal import Synchronization

/// A kernel with its arguments, ready to run.
struct BoundStep {
    let kernel: ck_kernel
    let arguments: UnsafeRawPointer
}

/// Lets another thread stop a run between two steps.
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)
    public init() {}
    public func cancel() { flag.store(true, ordering: .relaxed) }
    public var isCancelled: Bool { flag.load(ordering: .relaxed) }
}

/// The threads that run a plan: one OpenMP parallel region per run, a barrier between steps.
enum WorkerTeam {
    /// Cores this process may use.
    static var coreCount: Int { max(1, Int(omp_get_num_procs())) }

    static func environment(_ name: String) -> String { ProcessInfo.processInfo.environment[name] ?? "" }

    /// Runs `steps` in order on `workers` threads. Returns false when it was cancelled.
    ///
    /// - Parameter times: if not nil, receives the nanoseconds each step took, seen from the first thread.
    static func run(
        _ steps: UnsafeBufferPointer<BoundStep>, workers: Int, cancellation: Cancellation?,
        times: UnsafeMutablePointer<UInt64>?
    ) -> Bool {
        var job = Job(steps: steps, cancellation: cancellation.map { Unmanaged.passUnretained($0) }, times: times)
        if workers == 1 {
            job.work(thread: 0, threads: 1)
        } else {
            GOMP_parallel(
                { data in
                    data?.assumingMemoryBound(to: Job.self).pointee
                        .work(thread: Int(omp_get_thread_num()), threads: Int(omp_get_num_threads()), shared: data)
                }, &job, UInt32(workers), 0)
        }
        return !job.isStopped
    }

    private struct Job {
        let steps: UnsafeBufferPointer<BoundStep>
        let cancellation: Unmanaged<Cancellation>?
        let times: UnsafeMutablePointer<UInt64>?
        /// Written by the first thread before a barrier, read by all after it; two slots, so that the first thread never
        /// writes the one that others still read.
        var stop: (Bool, Bool) = (false, false)
        var isStopped = false

        mutating func work(thread: Int, threads: Int) {
            withUnsafeMutablePointer(to: &self) { $0.pointee.work(thread: 0, threads: 1, shared: UnsafeMutableRawPointer($0)) }
        }

        func work(thread: Int, threads: Int, shared: UnsafeMutableRawPointer?) {
            guard let shared = shared?.assumingMemoryBound(to: Job.self) else { return }
            var started = times == nil ? 0 : DispatchTime.now().uptimeNanoseconds
            for index in steps.indices {
                let step = steps[index]
                step.kernel(step.arguments, Int32(thread), Int32(threads))
                if thread == 0 {
                    let cancelled = cancellation?._withUnsafeGuaranteedRef { $0.isCancelled } ?? false
                    if index & 1 == 0 { shared.pointee.stop.0 = cancelled } else { shared.pointee.stop.1 = cancelled }
                }
                if threads > 1 { GOMP_barrier() }
                if thread == 0, let times {
                    let now = DispatchTime.now().uptimeNanoseconds
                    times[index] = now - started
                    started = now
                }
                if index & 1 == 0 ? shared.pointee.stop.0 : shared.pointee.stop.1 {
                    if thread == 0 { shared.pointee.isStopped = true }
                    return
                }
            }
        }
    }
}
