package import CLEOKernels
internal import Synchronization

/// Hands the parts of kernel calls to threads that run one call after the other, with a barrier behind every fourth at least.
///
/// Every thread begins with a part of its own. Where a call may be cut into more, who is done early takes another: cores differ in speed
/// from moment to moment, and all wait for the last one. A kernel's result does not depend on it.
package struct PartQueue: ~Copyable, Sendable {
    /// Most calls in a row without a barrier: no two threads are further apart, so that as many counters serve all calls.
    package static let longestRun = 4
    /// Which call, from 1 on, and how many of its parts were taken by threads done with their first: 32 bits each.
    private let a = Atomic<UInt64>(0), b = Atomic<UInt64>(0), c = Atomic<UInt64>(0), d = Atomic<UInt64>(0)

    package init() {}

    /// A thread's share of call `index`; every thread of the team calls it for the same indices in the same order.
    ///
    /// - Parameter parts: into how many the call may be cut; up to `threads`, each thread has one
    package func run(_ kernel: ck_kernel, _ arguments: UnsafeRawPointer, parts: Int32, call index: Int, thread: Int, threads: Int) {
        let count = (Int(parts) + threads - 1) / threads * threads
        guard count > threads else { return kernel(arguments, Int32(thread), Int32(threads)) }
        var part = thread
        while part < count {
            kernel(arguments, Int32(part), Int32(count))
            part = threads + takenBefore(ofCall: UInt64(index) + 1)
        }
    }

    /// Takes a part; returns how many others of this call were taken before.
    private func takenBefore(ofCall call: UInt64) -> Int {
        switch call % UInt64(Self.longestRun) {
        case 0: Self.take(from: a, call)
        case 1: Self.take(from: b, call)
        case 2: Self.take(from: c, call)
        default: Self.take(from: d, call)
        }
    }

    private static func take(from counter: borrowing Atomic<UInt64>, _ call: UInt64) -> Int {
        var found = counter.load(ordering: .relaxed)
        while true {
            // An earlier call's counter begins anew.
            let taken = found >> 32 == call ? found & 0xffff_ffff : 0
            let (exchanged, original) = counter.weakCompareExchange(
                expected: found, desired: call << 32 | (taken + 1), ordering: .relaxed)
            if exchanged { return Int(taken) }
            found = original
        }
    }
}
