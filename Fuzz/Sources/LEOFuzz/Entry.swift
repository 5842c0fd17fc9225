import Foundation

/// The readers that can be fuzzed: `LEOFuzz --reader=<name> <corpus folder>`, then libFuzzer's own options.
///
/// One program for all, because each would link the same libraries. A new reader is one file and one row here.
private let readers: [String: @Sendable (UnsafeRawBufferPointer) -> Void] = [
    "archive": fuzzArchive,
    "checkpoint": fuzzCheckpoint,
    "configuration": fuzzConfiguration,
    "image": fuzzImage,
    "numpy": fuzzNumpy,
    "pcd": fuzzPCD,
    "pickle": fuzzPickle,
    "ply": fuzzPLY,
    "safetensors": fuzzSafetensors,
    "text": fuzzText,
    "tokenizer": fuzzTokenizer,
    "torch": fuzzTorch,
]

/// Chosen once before the first input; libFuzzer calls from one thread.
nonisolated(unsafe) private var reader: (UnsafeRawBufferPointer) -> Void = { _ in }

/// libFuzzer passes over options that start with two dashes.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>>>
) -> Int32 {
    let options = (0..<Int(count.pointee)).map { String(cString: arguments.pointee[$0]) }
    let name = options.first { $0.hasPrefix("--reader=") }?.dropFirst("--reader=".count) ?? ""
    guard let found = readers[String(name)] else {
        print("usage: LEOFuzz --reader=<name> [corpus folder] [libFuzzer options]")
        print("readers: " + readers.keys.sorted().joined(separator: " "))
        exit(2)
    }
    reader = found
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    reader(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
}

/// A finding: ends the process, so that libFuzzer keeps the input.
func check(_ condition: Bool, _ claim: @autoclosure () -> String) {
    if !condition { fatalError(claim()) }
}

/// Where `touch` leaves its sum, so that the reading is not optimised away.
nonisolated(unsafe) private var sink: UInt8 = 0

/// Reads every byte: memory that is not there becomes a finding.
func touch(_ bytes: UnsafeRawBufferPointer) { sink ^= bytes.reduce(0, &+) }
