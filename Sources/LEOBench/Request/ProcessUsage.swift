import Foundation

/// What this process has used so far.
struct ProcessUsage {
    /// Most memory it had at once, pages of mapped files included.
    let peakResidentBytes: Int
    /// Bytes it caused to be read from storage; nil where the system does not say.
    let storageBytesRead: Int?
    /// Pages that were not in memory when they were touched.
    let majorFaults: Int

    init() {
        var usage = rusage()
        #if os(Linux)
        getrusage(RUSAGE_SELF.rawValue, &usage)
        peakResidentBytes = Int(usage.ru_maxrss) * 1024
        #else
        getrusage(RUSAGE_SELF, &usage)
        peakResidentBytes = Int(usage.ru_maxrss)
        #endif
        majorFaults = Int(usage.ru_majflt)
        storageBytesRead = (try? String(contentsOfFile: "/proc/self/io", encoding: .utf8)).flatMap { text in
            text.split(separator: "\n").first { $0.hasPrefix("read_bytes:") }.flatMap { Int($0.split(separator: " ").last ?? "") }
        }
    }
}
