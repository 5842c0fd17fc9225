package import CLEOKernels
internal import Synchronization

/// Hands the parts of kernel calls to threads, for calls one after the other with a barrier behind each.
///
/// Every thread begins with a part of its own. Where a call may be cut into more, who is done early takes another: cores differ in speed
/// from moment to moment, and all wait for the last one. A kernel's result does not depend on it.
package struct PartQueue: ~Copyable, Sendable {
    /// Parts of a call that were taken by threads done with their first, for calls of even and of odd index: the one is made ready while
    /// threads take from the other.
    private let even = Atomic<Int>(0), odd = Atomic<Int>(0)

    package init() {}

    /// A thread's share of call `index`; every thread of the team calls it for the same indices in the same order.
    ///
    /// - Parameter parts: into how many the call may be cut; up to `threads`, each thread has one
    package func run(_ kernel: ck_kernel, _ arguments: UnsafeRawPointer, parts: Int32, call index: Int, thread: Int, threads: Int) {
        let isEven = index & 1 == 0
        // Whoever took from it is past the barrier behind the call before.
        if thread == 0 {
            if isEven { odd.store(0, ordering: .relaxed) } else { even.store(0, ordering: .relaxed) }
        }
        let count = (Int(parts) + threads - 1) / threads * threads
        guard count > threads else { return kernel(arguments, Int32(thread), Int32(threads)) }
        var part = thread
        while part < count {
            kernel(arguments, Int32(part), Int32(count))
            part = threads + (isEven ? even.add(1, ordering: .relaxed) : odd.add(1, ordering: .relaxed)).oldValue
        }
    }
}
