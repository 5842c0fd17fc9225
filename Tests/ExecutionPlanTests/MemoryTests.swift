import ExecutionPlan
import TestSupport
import Testing

@Suite struct ArenaPlannerTests {
    @Test(arguments: 0..<60)
    func buffersAliveTogetherNeverOverlap(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let steps = Int.random(in: 1...30, using: &random)
        let buffers = (0..<Int.random(in: 0...60, using: &random)).map { _ in
            let first = Int.random(in: -1...steps, using: &random)
            let last = Int.random(in: first...steps, using: &random)
            // Empty ones, single bytes, sizes around the alignment, large ones.
            let size = [0, 1, 63, 64, 65, Int.random(in: 0...100_000, using: &random)].randomElement(using: &random) ?? 0
            return ArenaPlanner.Buffer(byteCount: size, lifetime: Lifetime(first: first, last: last))
        }
        let arena = ArenaPlanner(buffers)
        let alignment = ArenaPlanner.alignment
        func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
        #expect(arena.offsets.count == buffers.count)
        for (i, a) in buffers.enumerated() {
            #expect(arena.offsets[i] % alignment == 0 && arena.offsets[i] >= 0)
            #expect(arena.offsets[i] + a.byteCount <= arena.byteCount)
            for (j, b) in buffers.enumerated() where j > i && a.lifetime.overlaps(b.lifetime) && a.byteCount > 0 && b.byteCount > 0 {
                let disjoint = arena.offsets[i] + a.byteCount <= arena.offsets[j] || arena.offsets[j] + b.byteCount <= arena.offsets[i]
                #expect(disjoint, "buffers \(i) and \(j)")
            }
        }
        #expect(arena.byteCount <= buffers.reduce(0) { $0 + padded($1.byteCount) })
        for step in -1...steps {
            let alive = buffers.filter { $0.lifetime.first <= step && step <= $0.lifetime.last }.reduce(0) { $0 + padded($1.byteCount) }
            #expect(arena.byteCount >= alive, "step \(step)")
        }
    }

    @Test func reusesMemoryOfTheDead() {
        let buffers = (0..<10).map { ArenaPlanner.Buffer(byteCount: 640, lifetime: Lifetime(first: $0, last: $0 + 1)) }
        #expect(ArenaPlanner(buffers).byteCount == 2 * 640)
    }

    @Test func lifetimesTouchWhenAStepReadsAndWrites() {
        #expect(Lifetime(first: 0, last: 3).overlaps(Lifetime(first: 3, last: 4)))
        #expect(!Lifetime(first: 0, last: 3).overlaps(Lifetime(first: 4, last: 9)))
        #expect(Lifetime(first: -1, last: 9).overlaps(Lifetime(first: 4, last: 4)))
    }
}

@Suite struct StepMemoryTests {
    private func step(reads: [Range<Int>] = [], writes: [Range<Int>] = []) -> StepMemory { StepMemory(reads: reads, writes: writes) }

    @Test func readersOfTheSameDoNotWait() {
        let steps = [step(reads: [0..<8], writes: [8..<16]), step(reads: [0..<8], writes: [16..<24]), step(reads: [8..<24], writes: [24..<32])]
        #expect(StepMemory.barriers(steps) == [false, true, true])
        #expect(StepMemory.barriers([]).isEmpty && StepMemory.barriers([steps[0]]) == [true])
    }

    @Test func whatIsOverwrittenOrReadIsWaitedFor() {
        let writer = step(writes: [8..<16])
        for other in [step(reads: [15..<17]), step(writes: [0..<9]), step(reads: [0..<1], writes: [20..<30, 15..<16])] {
            #expect(StepMemory.barriers([writer, other]) == [true, true])
            #expect(StepMemory.barriers([other, writer]) == [true, true])
        }
        // Empty scratch memory lies anywhere.
        #expect(StepMemory.barriers([writer, step(reads: [16..<20], writes: [9..<9])]) == [false, true])
    }

    /// Not only for the step before: also for those that may still run beside it.
    @Test func allSinceTheLastBarrierCount() {
        let steps = [step(writes: [0..<8]), step(writes: [8..<16]), step(reads: [0..<8], writes: [16..<24])]
        #expect(StepMemory.barriers(steps) == [false, true, true])
    }

    @Test func runsWithoutBarriersAreShort() {
        let steps = (0..<10).map { step(writes: [$0..<$0 + 1]) }
        #expect(StepMemory.barriers(steps) == [false, false, false, true, false, false, false, true, false, true])
        #expect(PartQueue.longestRun == 4)
    }
}

@Suite struct ExtentTests {
    private let n = Symbol(name: "n", index: 0, upperBound: 7), k = Symbol(name: "k", index: 1, upperBound: 5)

    private func value(_ extent: Extent, _ n: Int, _ k: Int) -> Int { [n, k].withUnsafeBufferPointer { extent.value($0.baseAddress!) } }

    @Test func valuesFollowTheSymbols() {
        let extent = (.fixed(1) + .symbol(n)) * (.symbol(k) + .symbol(n)) * 3
        for a in 0...7 {
            for b in 0...5 { #expect(value(extent, a, b) == (1 + a) * (b + a) * 3) }
        }
        #expect(extent.upperBound == 8 * 12 * 3)
        #expect(extent.fixedValue == nil)
    }

    @Test func fixedNumbersAreFolded() {
        #expect(.fixed(3) * .fixed(4) + .fixed(5) == Extent.fixed(17))
        #expect(.fixed(0) + .symbol(n) == Extent.symbol(n) && .symbol(n) + .fixed(0) == Extent.symbol(n))
        #expect(.fixed(1) * .symbol(n) == Extent.symbol(n) && .symbol(n) * .fixed(1) == Extent.symbol(n))
        #expect(value(.fixed(0) * .symbol(n), 7, 0) == 0)
        #expect([Extent]().product == .fixed(1))
        #expect([2, .symbol(n), 3].product.upperBound == 42)
    }

    @Test func isPrintedWithItsBound() {
        #expect("\(Extent.fixed(1) + .symbol(n))" == "(1+n≤7)")
        #expect("\(Extent.symbol(k) * 4)" == "k≤5·4")
        #expect("\(ValueType(.i32, [.symbol(n), 4]))" == "[n≤7, 4] i32")
    }

    /// Sizes from a hostile configuration must become an error later, not a trap here.
    @Test func hugeSizesSaturate() {
        let huge = Extent.fixed(.max / 2) * .fixed(.max / 2)
        #expect(huge.upperBound == .max)
        #expect((huge + huge).upperBound == .max)
        #expect((.symbol(n) * huge).upperBound == .max)
        #expect(value(.symbol(n) * huge, 2, 0) == .max)
        #expect(ValueType(.f32, [.fixed(.max / 2), 8]).upperByteCount == .max)
    }
}
