internal import CLEOKernels
internal import COpenMP
import Foundation
internal import Synchronization

/// A kernel with its arguments, ready to run.
struct BoundStep {
    let kernel: ck_kernel
    let arguments: UnsafeRawPointer
    /// Into how many parts the call may be cut; 0 for one for each thread.
    var parts: Int32
    /// Whether threads wait for each other behind it: see `Plan.barriers`.
    let barrier: Bool
}

/// Lets another thread stop a run between two steps.
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)
    public init() {}
    public func cancel() { flag.store(true, ordering: .relaxed) }
    public var isCancelled: Bool { flag.load(ordering: .relaxed) }
}

/// The threads that run a plan: one OpenMP parallel region per run, a barrier between steps that depend on each other.
enum WorkerTeam {
    /// Cores this process may use.
    static var coreCount: Int { max(1, Int(omp_get_num_procs())) }

    static func environment(_ name: String) -> String { ProcessInfo.processInfo.environment[name] ?? "" }

    /// Runs `steps` in order on `workers` threads. Returns false when it was cancelled.
    ///
    /// - Parameter times: if not nil, receives the nanoseconds each step took, seen from the first thread; then all threads wait for each
    ///   other behind every step.
    static func run(
        _ steps: UnsafeBufferPointer<BoundStep>, workers: Int, cancellation: Cancellation?,
        times: UnsafeMutablePointer<UInt64>?
    ) -> Bool {
        var job = Job(steps: steps, cancellation: cancellation.map { Unmanaged.passUnretained($0) }, times: times)
        withUnsafeMutablePointer(to: &job) { job in
            if workers == 1 {
                Job.work(job, thread: 0, threads: 1)
            } else {
                GOMP_parallel(
                    { data in
                        guard let job = data?.assumingMemoryBound(to: Job.self) else { return }
                        Job.work(job, thread: Int(omp_get_thread_num()), threads: Int(omp_get_num_threads()))
                    }, job, UInt32(workers), 0)
            }
        }
        return !job.isStopped
    }

    private struct Job: ~Copyable {
        let steps: UnsafeBufferPointer<BoundStep>
        let cancellation: Unmanaged<Cancellation>?
        let times: UnsafeMutablePointer<UInt64>?
        /// Written by the first thread before a barrier, read by all after it; two slots, so that the first thread never
        /// writes the one that others still read.
        var stop: (Bool, Bool) = (false, false)
        let queue = PartQueue()
        var isStopped = false

        static func work(_ job: UnsafeMutablePointer<Job>, thread: Int, threads: Int) {
            let steps = job.pointee.steps, times = job.pointee.times
            var started = times == nil ? 0 : DispatchTime.now().uptimeNanoseconds
            var isEven = true
            for index in steps.indices {
                let step = steps[index]
                job.pointee.queue.run(step.kernel, step.arguments, parts: step.parts, call: index, thread: thread, threads: threads)
                guard step.barrier || times != nil else { continue }
                if thread == 0 {
                    let cancelled = job.pointee.cancellation?._withUnsafeGuaranteedRef { $0.isCancelled } ?? false
                    if isEven { job.pointee.stop.0 = cancelled } else { job.pointee.stop.1 = cancelled }
                }
                if threads > 1 { GOMP_barrier() }
                if thread == 0, let times {
                    let now = DispatchTime.now().uptimeNanoseconds
                    times[index] = now - started
                    started = now
                }
                if isEven ? job.pointee.stop.0 : job.pointee.stop.1 {
                    if thread == 0 { job.pointee.isStopped = true }
                    return
                }
                isEven.toggle()
            }
        }
    }
}
