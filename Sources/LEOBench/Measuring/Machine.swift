import Foundation

/// What a measurement ran on.
public struct Machine: Sendable, Equatable, Codable {
    public let cpu: String
    /// Cores this process may use.
    public let cores: Int
    public let memoryBytes: Int
    /// Bytes of the data caches that a core sees; zero where the system does not say.
    public let l1Bytes: Int
    public let l2Bytes: Int
    public let l3Bytes: Int

    public static var current: Machine {
        let caches = Caches()
        return Machine(
            cpu: cpuName, cores: KernelTeam.coreCount, memoryBytes: Int(clamping: ProcessInfo.processInfo.physicalMemory), l1Bytes: caches.sizes[1] ?? 0,
            l2Bytes: caches.sizes[2] ?? 0, l3Bytes: caches.sizes[3] ?? 0)
    }

    private static var cpuName: String {
        if let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("model name") }),
            let name = line.split(separator: ":").dropFirst().first
        {
            return name.trimmingCharacters(in: .whitespaces)
        }
        #if arch(arm64)
        return "64-bit ARM"
        #else
        return "unknown"
        #endif
    }

    /// Largest data cache of each level of the first core, as Linux lists them.
    private struct Caches {
        var sizes: [Int: Int] = [:]

        init() {
            let folder = "/sys/devices/system/cpu/cpu0/cache/"
            for index in 0..<8 {
                func text(_ name: String) -> String? {
                    (try? String(contentsOfFile: "\(folder)index\(index)/\(name)", encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
                }
                guard let level = text("level").flatMap({ Int($0) }), let kind = text("type"), kind != "Instruction", let size = text("size")
                else { continue }
                let unit = size.hasSuffix("K") ? 1024 : size.hasSuffix("M") ? 1 << 20 : 1
                guard let number = Int(size.prefix { $0.isNumber }), number < 1 << 40 else { continue }
                sizes[level] = max(sizes[level] ?? 0, number * unit)
            }
        }
    }
}
