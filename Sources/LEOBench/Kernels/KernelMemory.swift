package import CLEOKernels
import Foundation
import LEOScene

/// The operands of one benchmark: random numbers that are the same in every run, freed together.
package final class KernelMemory {
    private var blocks: [UnsafeMutableRawPointer] = []
    private var random: SplitMix64
    /// Threads that will run the kernel.
    package let parts: Int

    package init(parts: Int, seed: UInt64 = 1) {
        self.parts = parts
        random = SplitMix64(seed: seed)
    }

    deinit { blocks.forEach { free($0) } }

    /// 64-byte aligned zeros.
    package func zeros<Element: BitwiseCopyable>(_ type: Element.Type, _ count: Int) throws(BenchError) -> UnsafeMutablePointer<Element> {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        var memory: UnsafeMutableRawPointer?
        guard !overflow, posix_memalign(&memory, 64, max(bytes, 64)) == 0, let memory else { throw .memory(byteCount: bytes) }
        blocks.append(memory)
        memset(memory, 0, max(bytes, 64))
        return memory.bindMemory(to: type, capacity: count)
    }

    /// Uniform numbers in -scale ..< scale.
    package func floats(_ count: Int, scale: Float = 1) throws(BenchError) -> UnsafeMutablePointer<Float> {
        let target = try zeros(Float.self, count)
        for index in 0..<count { target[index] = (Float(random.next() >> 40) * 0x1p-23 - 1) * scale }
        return target
    }

    /// Uniform numbers in 0 ..< bound.
    package func integers(_ count: Int, below bound: Int) throws(BenchError) -> UnsafeMutablePointer<Int32> {
        let target = try zeros(Int32.self, count)
        for index in 0..<count { target[index] = Int32(random.next() >> 33) % Int32(bound) }
        return target
    }

    package func bytes(_ count: Int) throws(BenchError) -> UnsafeMutablePointer<UInt8> {
        let target = try zeros(UInt8.self, count)
        for index in 0..<count { target[index] = UInt8(truncatingIfNeeded: random.next()) }
        return target
    }

    /// Gives back memory before the rest.
    package func release(_ pointer: UnsafeMutablePointer<Float>) {
        guard let index = blocks.firstIndex(of: UnsafeMutableRawPointer(pointer)) else { return }
        free(blocks.remove(at: index))
    }

    package func scratch(_ count: Int) throws(BenchError) -> UnsafeMutableRawPointer { UnsafeMutableRawPointer(try zeros(UInt8.self, max(count, 64))) }

    /// Keeps arguments at an address for as long as this memory lives, and checks them.
    package func finish<Arguments: BitwiseCopyable>(
        _ arguments: Arguments, _ check: (UnsafePointer<Arguments>) -> ck_status, parts: (UnsafePointer<Arguments>) -> Int32 = { _ in 0 },
        output: KernelOutput
    ) throws(BenchError) -> PreparedKernel {
        let place = try zeros(Arguments.self, 1)
        place.pointee = arguments
        guard check(place) == CK_OK else { throw .refused(kernel: "\(Arguments.self)") }
        return PreparedKernel(memory: self, arguments: UnsafeRawPointer(place), parts: parts(place), output: output)
    }
}

/// Where a kernel leaves its result.
package enum KernelOutput {
    case floats(UnsafePointer<Float>, Int)
    case integers(UnsafePointer<Int32>, Int)
    case bytes(UnsafePointer<UInt8>, Int)

    /// A copy of the result as numbers.
    var values: [Double] {
        switch self {
        case .floats(let pointer, let count): (0..<count).map { Double(pointer[$0]) }
        case .integers(let pointer, let count): (0..<count).map { Double(pointer[$0]) }
        case .bytes(let pointer, let count): (0..<count).map { Double(pointer[$0]) }
        }
    }
}

/// Arguments of a kernel and the memory they point to.
package struct PreparedKernel {
    let memory: KernelMemory
    package let arguments: UnsafeRawPointer
    /// Into how many a call may be cut, see `PartQueue`.
    package let parts: Int32
    let output: KernelOutput
}
