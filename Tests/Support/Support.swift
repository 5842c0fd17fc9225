import Foundation

/// The folder of shared goldens and scans beside the repository, or nil where this checkout has none.
public let sharedFolder: String? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let folder = root.deletingLastPathComponent().appendingPathComponent("shared").path
    return FileManager.default.fileExists(atPath: folder + "/golden") ? folder : nil
}()

/// Whether goldens are here; pass to `.enabled(if:)` with `sharedAbsent` as the reason.
public var hasShared: Bool { sharedFolder != nil }
public let sharedAbsent = "needs the goldens in ../shared, which this checkout does not have"

/// Folder of the repository's own fixtures, `Tests/Fixtures`.
public let fixturesFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures").path

/// A small deterministic generator (SplitMix64), so that a failure can be repeated from its seed.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64
    public init(seed: UInt64) { state = seed }
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
    /// Uniform values in [-1, 1).
    public mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1..<1, using: &self) } }
}

/// Awkward sizes around a vector width: 0, 1, width - 1, width, width + 1, primes, several widths.
public func awkwardSizes(width: Int) -> [Int] {
    Array(Set([0, 1, 2, 3, width - 1, width, width + 1, 2 * width - 1, 2 * width + 3, 31, 61, 97].filter { $0 >= 0 })).sorted()
}

/// Makes an empty temporary folder, calls `body`, removes the folder.
public func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("leo-test-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
}
