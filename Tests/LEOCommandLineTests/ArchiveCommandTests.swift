import Foundation
import LEOArchive
import LEOModel
import Testing
import TestSupport

@Suite struct ArchiveCommandTests {
    @Test func inspectAgreesWithTheArchive() throws {
        try withMicroModel { _, model in
            let archive = try Archive(path: model)
            let report = try Leo.run("inspect", model, "--json", "--tensors").json()
            #expect(report["bytes"] as? Int == archive.byteCount)
            #expect(report["fingerprint"] as? String == archive.fingerprint)
            let tensors = try #require(report["tensors"] as? [[String: Any]])
            #expect(tensors.map { $0["name"] as? String } == archive.tensors.map(\.name))
            #expect(tensors.map { $0["offset"] as? Int } == archive.tensors.map(\.offset))
            let configuration = try JSONSerialization.data(withJSONObject: try #require(report["configuration"]))
            #expect(try ModelConfiguration(json: configuration) == .micro)
            let text = try Leo.run("inspect", model, "--tensors")
            #expect(text.status == 0)
            for tensor in archive.tensors { #expect(text.output.contains("  \(tensor.name) ")) }
            #expect(try Leo.run("inspect", model, "--json").json()["tensors"] == nil)
        }
    }

    @Test func verifyNamesWhatIsDamaged() throws {
        try withMicroModel { folder, model in
            let good = try Leo.run("verify", model)
            #expect(good.status == 0)
            #expect(good.output.hasPrefix("\(model): ok"))
            let archive = try Archive(path: model)
            let victims = [archive.tensors[3], archive.tensors[archive.tensors.count - 1]]
            var bytes = try Data(contentsOf: URL(fileURLWithPath: model))
            for victim in victims { bytes[victim.offset] ^= 0x10 }
            let bad = folder + "/bad.leo"
            try bytes.write(to: URL(fileURLWithPath: bad))
            let outcome = try Leo.run("verify", bad)
            #expect(outcome.status == 1)
            #expect(outcome.output.isEmpty)
            let lines = outcome.errors.split(separator: "\n")
            #expect(lines.count == 2)
            for (line, victim) in zip(lines, victims) { #expect(line.hasPrefix("error: \(bad): \(victim.name): expected ")) }
            let report = try Leo.run("verify", bad, "--json").json()
            #expect(report["ok"] as? Bool == false)
            #expect((report["problems"] as? [[String: Any]])?.map { $0["name"] as? String } == victims.map(\.name))
        }
    }

    @Test func verifyReportsFilesThatCannotBeOpened() throws {
        try withMicroModel { folder, model in
            let bytes = try Data(contentsOf: URL(fileURLWithPath: model))
            let cut = folder + "/cut.leo"
            for count in [0, 1, 20, 4000, bytes.count - 1] {
                try bytes.prefix(count).write(to: URL(fileURLWithPath: cut))
                let outcome = try Leo.run("verify", cut, "--json")
                #expect(outcome.status == 1, "\(count) bytes")
                #expect(isOneError(outcome.errors, cut), "\(outcome.errors)")
                #expect(try outcome.json()["ok"] as? Bool == false)
                #expect(try outcome.json()["error"] as? String != nil)
            }
        }
    }

    // MARK: Plan

    @Test func planOfAConfigurationIsThatOfItsFile() throws {
        try withMicroModel { folder, model in
            let file = try Leo.run("plan", model, "--json"), configuration = try Leo.run("plan", "--config", folder + "/micro.json", "--json")
            #expect(file.status == 0, "\(file.errors)")
            #expect(file.output == configuration.output)
            let plans = try #require(file.json()["plans"] as? [[String: Any]])
            #expect(plans.map { $0["name"] as? String } == ["image", "points", "spatial", "language"])
            for plan in plans {
                let arena = try #require(plan["arena_bytes"] as? Int)
                let steps = try #require(plan["steps"] as? [[String: Any]])
                #expect(steps.map { $0["number"] as? Int } == Array(0..<steps.count))
                var flop = 0
                for step in steps {
                    flop += try #require(step["floating_point_operations"] as? Int)
                    let operands = try #require(step["inputs"] as? [[String: Any]]) + (step["outputs"] as? [[String: Any]] ?? [])
                    for operand in operands where operand["place"] as? String == "arena" {
                        let offset = try #require(operand["arena_offset"] as? Int), bytes = try #require(operand["bytes"] as? Int)
                        #expect(offset >= 0 && offset + bytes <= arena, "\(step["name"] ?? "")")
                    }
                }
                #expect(flop == plan["floating_point_operations"] as? Int)
            }
        }
    }

    @Test func planShowsEveryStepAndWhatWasFused() throws {
        let config = repository + "/models/vicuna7b.json"
        let text = try Leo.run("plan", "--config", config, "--part", "image")
        #expect(text.status == 0)
        // ConvNeXt-Base: a stem of 3, 36 blocks of 4 (GELU, layer scale and residual are fused), 3 downsamplings of 3, pooling, projection.
        let steps: Int = 3 + 36 * 4 + 3 * 3 + 2
        #expect(text.output.hasPrefix("image: \(steps) steps, "))
        #expect(text.output.contains("scale, add"))
        #expect(!text.output.contains("language:"))
        let dot = try Leo.run("plan", "--config", config, "--part", "language", "--dot")
        #expect(dot.output.hasPrefix("digraph leo {"))
        #expect(dot.output.filter { $0 == "{" }.count == dot.output.filter { $0 == "}" }.count)
        let report = try Leo.run("plan", "--config", config, "--part", "language", "--json").json()
        let plan = try #require((report["plans"] as? [[String: Any]])?.first)
        let count = try #require(plan["steps"] as? [[String: Any]]).count
        // Every step but the first has its inputs from an earlier step.
        for number in 1..<count { #expect(dot.output.contains("-> \"language.step\(number)\""), "step \(number)") }
        // Keys and values of 32 layers, 4096 cells of 4096 numbers in f16.
        #expect(plan["state_bytes"] as? Int == 2 * 32 * 4096 * 4096 * 2)
    }

    @Test func instructionSetsCanBeLimited() throws {
        let config = repository + "/models/tiny.json"
        let reference = try Leo.run("plan", "--config", config, "--json", environment: ["LEO_ISA": "ref"]).json()
        for plan in try #require(reference["plans"] as? [[String: Any]]) {
            for step in try #require(plan["steps"] as? [[String: Any]]) { #expect(step["instruction_set"] as? String == "ref") }
        }
        let unknown = try Leo.run("plan", "--config", config, environment: ["LEO_ISA": "sse9"])
        #expect(unknown.status == 1)
        #expect(isOneError(unknown.errors, "LEO_ISA=sse9"), "\(unknown.errors)")
    }

    // MARK: Check

    @Test func aFolderWithoutCasesFails() throws {
        try withTemporaryFolder { folder in
            let outcome = try Leo.run("check", folder)
            #expect(outcome.status == 1)
            #expect(isOneError(outcome.errors, folder, "no golden case"), "\(outcome.errors)")
        }
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
    func goldenCasesPassAndASpoiledOneFails() throws {
        let golden = (sharedFolder ?? "") + "/golden/kernels/fps-1024-32"
        let good = try Leo.run("check", golden, "--json")
        #expect(good.status == 0, "\(good.errors)")
        #expect(try good.json()["passed"] as? Bool == true)
        try withTemporaryFolder { folder in
            let copy = folder + "/case"
            try FileManager.default.copyItem(atPath: golden, toPath: copy)
            let outputs = copy + "/outputs.safetensors"
            var bytes = try Data(contentsOf: URL(fileURLWithPath: outputs))
            bytes[bytes.count - 4] ^= 1
            try bytes.write(to: URL(fileURLWithPath: outputs))
            let bad = try Leo.run("check", copy)
            #expect(bad.status == 1)
            #expect(bad.output.contains("1 failed"))
        }
    }
}
