import ExecutionPlan
import Foundation
import LEOConvert
import LEOModel

/// Memory that a run of one request takes.
struct RunMemory: Encodable {
    /// Type of the language model's matrices, where there is a choice.
    let dtype: String?
    /// Weights, as stored; mapped from the file, so shared by all processes that use it.
    let weightBytes: Int
    /// Intermediate results of one session.
    let arenaBytes: Int
    /// Keys and values of one session, when full.
    let cacheBytes: Int
    var totalBytes: Int { weightBytes + arenaBytes + cacheBytes }

    init(_ network: Network, weightBytes: Int? = nil, dtype: String? = nil) {
        self.dtype = dtype
        self.weightBytes = weightBytes ?? network.plans.reduce(0) { $0 + $1.constantByteCount }
        arenaBytes = network.plans.reduce(0) { $0 + $1.arenaByteCount }
        cacheBytes = network.plans.reduce(0) { $0 + $1.stateByteCount }
    }

    init(_ configuration: ModelConfiguration, weightType: WeightType) throws {
        self.init(try .withoutWeights(configuration, weightType: weightType), dtype: weightType.rawValue)
    }

    var text: String {
        "\(Units.bytes(totalBytes)) to run\(dtype.map { " with \($0)" } ?? ""): weights \(Units.bytes(weightBytes)), buffers \(Units.bytes(arenaBytes)), "
            + "cache up to \(Units.bytes(cacheBytes))"
    }

    private enum CodingKeys: String, CodingKey { case dtype, weightBytes, arenaBytes, cacheBytes, totalBytes }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(dtype, forKey: .dtype)
        try container.encode(weightBytes, forKey: .weightBytes)
        try container.encode(arenaBytes, forKey: .arenaBytes)
        try container.encode(cacheBytes, forKey: .cacheBytes)
        try container.encode(totalBytes, forKey: .totalBytes)
    }
}

extension Diagnosis {
    /// Adds the memory of a run, and a warning where this machine has less.
    mutating func set(_ memory: RunMemory) {
        self.memory = memory
        if let machine = MachineMemory.current?.usableBytes, machine < memory.totalBytes {
            add(.warning, "a run needs \(Units.bytes(memory.totalBytes)), this machine has \(Units.bytes(machine)) for it: it will be slow, or fail")
        }
    }
}

/// The machine's memory; nil where the system does not say.
struct MachineMemory: Encodable {
    let totalBytes: Int
    let availableBytes: Int?
    /// Limit of the control group this process is in (containers).
    let limitBytes: Int?

    /// The most a process can hope for.
    var usableBytes: Int { min(totalBytes, limitBytes ?? .max) }

    static var current: MachineMemory? {
        let total = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        guard total > 0 else { return nil }
        return MachineMemory(totalBytes: total, availableBytes: available, limitBytes: limit.flatMap { $0 < total ? $0 : nil })
    }

    private static var available: Int? {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8) else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
            return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
        }
        return nil
    }

    private static var limit: Int? {
        for path in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
            if let text = try? String(contentsOfFile: path, encoding: .utf8) {
                return Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        return nil
    }
}
