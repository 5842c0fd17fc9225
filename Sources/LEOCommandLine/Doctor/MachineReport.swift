import CLEOKernels
import ExecutionPlan
import Foundation
import LEOModel

/// What this machine offers and which kernels a model will use on it.
struct MachineReport: Encodable {
    struct Kernel: Encodable {
        let operation: String
        let kernel: String
        let isa: String
    }

    let version: String
    let cpu: String?
    /// Instruction sets that kernels may use, best last.
    let instructionSets: [String]
    /// The value of LEO_ISA, where it is set.
    let leoIsa: String?
    /// Cores this process may use; the default number of threads.
    let cores: Int
    let memory: MachineMemory?
    /// One row for each kernel that LEO's own sizes lead to, with 8-bit weights.
    let kernels: [Kernel]
    /// What keeps models from running here.
    let error: String?

    init() {
        version = LEOCommand.version
        cpu = Self.cpuName
        instructionSets = Self.allInstructionSets.filter { ck_isa_supported($0) }.map { String(cString: ck_isa_name($0)) }
        leoIsa = ProcessInfo.processInfo.environment["LEO_ISA"]
        memory = .current
        do {
            let network = try Network.withoutWeights(Self.sample, weightType: .int8)
            var seen = Set<String>()
            kernels = network.plans.flatMap(\.steps).filter { seen.insert($0.kernelName).inserted }.map {
                Kernel(operation: $0.operation, kernel: $0.kernelName, isa: $0.isa)
            }
            cores = network.image.workers
            error = nil
        } catch {
            kernels = []
            cores = ProcessInfo.processInfo.activeProcessorCount
            self.error = "\(error)"
        }
    }

    /// The default model with one layer of each kind: it uses every kernel and compiles in no time.
    private static var sample: ModelConfiguration {
        var configuration = ModelConfiguration(name: "sample")
        configuration.language.numHiddenLayers = 1
        configuration.image.depths = [1, 1, 1, 1]
        configuration.spatial.numLayers = 1
        return configuration
    }

    private static let allInstructionSets = [
        CK_ISA_REF, CK_ISA_AVX2, CK_ISA_AVX512, CK_ISA_AVX512VNNI, CK_ISA_AVX512BF16, CK_ISA_NEON, CK_ISA_NEONDOT,
    ]

    private static var cpuName: String? {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("model name") {
            return line.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
        }
        return nil
    }

    var text: String {
        var lines = [
            "leo \(version)",
            "  cpu               \(cpu ?? "unknown")",
            "  instruction sets  \(instructionSets.joined(separator: ", "))" + (leoIsa.map { " (LEO_ISA=\($0))" } ?? ""),
            "  cores             \(cores)",
        ]
        if let memory {
            lines.append(
                "  memory            \(Units.bytes(memory.totalBytes))"
                    + (memory.availableBytes.map { ", \(Units.bytes($0)) available" } ?? "")
                    + (memory.limitBytes.map { ", limited to \(Units.bytes($0))" } ?? ""))
        }
        if let error { lines.append("  error: \(error)") }
        if !kernels.isEmpty {
            lines += ["", Table(["operation", "kernel", "isa"], kernels.map { [$0.operation, $0.kernel, $0.isa] }).text]
        }
        return lines.joined(separator: "\n")
    }
}
