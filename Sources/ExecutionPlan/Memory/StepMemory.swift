/// The memory that a step reads and writes, as ranges of bytes; constants are left out.
package struct StepMemory: Sendable {
    package var reads: [Range<Int>]
    /// Scratch memory included, and states: what is kept between runs may change.
    package var writes: [Range<Int>]

    package init(reads: [Range<Int>], writes: [Range<Int>]) {
        self.reads = reads
        self.writes = writes
    }

    /// - Parameter range: the whole buffer that a value lives in; nil for constants
    init(_ step: Step, scratchOffset: Int, range: (ValueID) -> (bytes: Range<Int>, isState: Bool)?) {
        self.init(reads: [], writes: [scratchOffset..<scratchOffset + step.scratchByteCount])
        for id in step.inputs {
            guard let (bytes, isState) = range(id) else { continue }
            if isState { writes.append(bytes) } else { reads.append(bytes) }
        }
        writes += step.outputs.compactMap { range($0)?.bytes }
    }

    /// Whether the two may run at the same time.
    package func isIndependent(of other: StepMemory) -> Bool {
        func apart(_ a: [Range<Int>], _ b: [Range<Int>]) -> Bool { !a.contains { x in b.contains { x.overlaps($0) } } }
        return apart(writes, other.writes) && apart(writes, other.reads) && apart(reads, other.writes)
    }

    /// For steps in order: whether threads must wait for each other behind each, so that the next one finds what it reads, and nobody
    /// needs what it overwrites.
    package static func barriers(_ steps: [StepMemory]) -> [Bool] {
        var barriers = [Bool](repeating: true, count: steps.count)
        var first = 0
        for index in steps.indices.dropFirst() {
            let isFree = index - first < PartQueue.longestRun && (first..<index).allSatisfy { steps[$0].isIndependent(of: steps[index]) }
            barriers[index - 1] = !isFree
            if !isFree { first = index }
        }
        return barriers
    }
}
