import CLEOKernels
import ExecutionPlan
import Foundation
import LEOBench
import Synchronization
import Testing

@Suite struct KernelTeamTests {
    /// What a kernel that counts is given: how often each part ran, and into how many parts the call was cut.
    private struct Counts {
        static let most = 64
        var runs: UnsafeMutablePointer<Int32>
        var parts: Int32 = 0
    }

    /// Parts run on several threads, but each on one: their counts are apart.
    private static let counting: ck_kernel = { arguments, part, parts in
        guard let counts = UnsafeMutableRawPointer(mutating: arguments)?.assumingMemoryBound(to: Counts.self) else { return }
        counts.pointee.runs[Int(part)] += 1
        if part == 0 { counts.pointee.parts = parts }
        // Threads that are slower than others leave them more parts.
        var spin = part % 3 == 0 ? 20_000 : 10
        while spin > 0 { spin -= 1 }
    }

    @Test(arguments: [1, 2, 3, 5], [0, 1, 2, 7, 8, 31] as [Int32])
    func everyPartRunsOncePerCall(threads: Int, parts: Int32) {
        let calls = 50
        let runs = UnsafeMutablePointer<Int32>.allocate(capacity: Counts.most)
        defer { runs.deallocate() }
        runs.initialize(repeating: 0, count: Counts.most)
        var counts = Counts(runs: runs)
        KernelTeam(threads: threads).seconds(Self.counting, &counts, parts: parts, calls: calls)
        // At least one for each thread, and as many for each.
        let expected = max(1, (Int(parts) + threads - 1) / threads) * threads
        #expect(counts.parts == expected)
        #expect((0..<Counts.most).allSatisfy { runs[$0] == ($0 < expected ? 50 : 0) })
    }

    private final class Team: Sendable {
        let queue = PartQueue()
        /// Threads that reached a barrier, counted on.
        let arrived = Atomic<Int>(0)
    }

    /// As a plan does for calls that do not depend on each other.
    @Test func everyPartRunsOnceWithoutABarrierBehindEachCall() {
        let calls = 40, threads = 3, parts: Int32 = 8, expected = 9, run = PartQueue.longestRun
        let runs = UnsafeMutablePointer<Int32>.allocate(capacity: calls * Counts.most)
        defer { runs.deallocate() }
        runs.initialize(repeating: 0, count: calls * Counts.most)
        let counts = UnsafeMutablePointer<Counts>.allocate(capacity: calls)
        defer { counts.deallocate() }
        for call in 0..<calls { (counts + call).initialize(to: Counts(runs: runs + call * Counts.most)) }
        nonisolated(unsafe) let arguments = counts
        let team = Team(), finished = DispatchSemaphore(value: 0)
        for thread in 0..<threads {
            Thread.detachNewThread {
                for call in 0..<calls {
                    team.queue.run(Self.counting, arguments + call, parts: parts, call: call, thread: thread, threads: threads)
                    guard call % run == run - 1 else { continue }
                    team.arrived.add(1, ordering: .acquiringAndReleasing)
                    while team.arrived.load(ordering: .acquiring) < (call / run + 1) * threads { sched_yield() }
                }
                finished.signal()
            }
        }
        for _ in 0..<threads { finished.wait() }
        for call in 0..<calls {
            #expect((0..<Counts.most).allSatisfy { runs[call * Counts.most + $0] == ($0 < expected ? 1 : 0) }, "\(call)")
        }
    }

    @Test func callsMayHaveArgumentsOfTheirOwn() {
        let runs = UnsafeMutablePointer<Int32>.allocate(capacity: 3 * Counts.most)
        defer { runs.deallocate() }
        runs.initialize(repeating: 0, count: 3 * Counts.most)
        var counts = (0..<3).map { Counts(runs: runs + $0 * Counts.most) }
        KernelTeam(threads: 2).seconds(Self.counting, &counts, stride: MemoryLayout<Counts>.stride, parts: 4, calls: 3)
        for call in 0..<3 { #expect((0..<5).map { runs[call * Counts.most + $0] } == [1, 1, 1, 1, 0]) }
    }
}
