import Foundation
import LEOModel
import TestSupport
import Testing

@Suite struct BenchTests {
    @Test func rooflineIsATableOrJSON() throws {
        let table = try Leo.run("bench", "roofline", "--seconds", "0", "--threads", "1")
        #expect(table.status == 0, "\(table.errors)")
        for text in ["f32", "read L1", "read memory", "FLOP/s", "median"] { #expect(table.output.contains(text), "\(text)") }
        let report = try Leo.run("bench", "roofline", "--seconds", "0", "--threads", "2", "--all", "--json").json()
        let arithmetic = try #require(report["arithmetic"] as? [[String: Any]]), reading = try #require(report["reading"] as? [[String: Any]])
        #expect(Set(arithmetic.compactMap { $0["threads"] as? Int }) == [1, 2])
        #expect(reading.contains { $0["level"] as? String == "memory" })
        #expect((report["machine"] as? [String: Any])?["cores"] is Int)
    }

    @Test func kernelsAreATableOrJSON() throws {
        let arguments = ["bench", "kernels", "--filter", "pairwise", "--filter", "gather_points", "--seconds", "0", "--threads", "1"]
        let table = try Leo.start(Leo.path, arguments).wait()
        #expect(table.status == 0, "\(table.errors)")
        let lines = table.output.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines[1].contains("share") && lines[1].contains("bound"))
        let kernels = try #require(Leo.start(Leo.path, arguments + ["--json"]).wait().json()["kernels"] as? [[String: Any]])
        #expect(kernels.compactMap { $0["family"] as? String } == ["gather_points/f32", "pairwise/f32"])
        for kernel in kernels {
            for key in ["operations_per_second", "bytes_per_second", "bound_rate", "share", "seconds", "kernel", "instruction_set"] {
                #expect(kernel[key] != nil, "\(key)")
            }
        }
        let forced = try Leo.start(Leo.path, arguments + ["--isa", "ref", "--json"]).wait().json()["kernels"] as? [[String: Any]]
        #expect(forced?.allSatisfy { $0["instruction_set"] as? String == "ref" } == true)
    }

    @Test func casesAreListedAndServed() throws {
        let list = try Leo.run("bench", "kernels", "--list", "--filter", "fps")
        #expect(list.output == "fps/f32_pc/60x1024->32\nfps/f32_pc/1x20000->1024\nfps/f32_pc/1x200000->4096\n")
        let served = try Leo.shell(#"printf '\n\n\n' | "$LEO" bench kernels --on-request --filter pairwise/f32/61,center"#)
        #expect(served.status == 0, "\(served.errors)")
        let lines = served.output.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines.first?.hasPrefix("ck_pairwise_f32") == true)
        #expect(lines.dropFirst().allSatisfy { (Double($0) ?? 0) > 0 })
    }

    @Test func aRequestIsATableOrJSON() throws {
        try withMicroModel { _, model in
            let arguments = ["bench", "request", model, "--repeat", "1", "--new-tokens", "2", "--beams", "2", "--objects", "3", "--threads", "1"]
            let table = try Leo.start(Leo.path, arguments + ["--steps", "3"]).wait()
            #expect(table.status == 0, "\(table.errors)")
            for text in [
                "prefill", "per token", "share", "peak memory", "roofline", "of all", "stored or kept, ", "second request, same scene",
                "3 of 3 objects kept", "token of one beam, by turns", "2 beams: ",
            ] { #expect(table.output.contains(text), "\(text)") }
            let report = try Leo.start(Leo.path, arguments + ["--json", "--no-image"]).wait().json()
            let stages = try #require(report["stages"] as? [[String: Any]])
            #expect(stages.compactMap { $0["name"] as? String } == ["preprocess", "points", "spatial", "prefill", "per token"])
            #expect(report["steps"] as? Int == 1)
            let tokens = try #require(report["prompt_tokens"] as? Int), read = try #require(report["rows_read"] as? Int)
            #expect(read > 0 && read < tokens)
            #expect(stages.first { $0["name"] as? String == "prefill" }?["count"] as? Double == Double(read))
            #expect((report["same_scene"] as? [String: Any])?["reused_objects"] as? Int == 3)
            #expect(report["adapter_swap"] == nil)
            let ratio = (report["beam_cost"] as? [String: Any])?["ratio"] as? [String: Any]
            #expect(ratio?["samples"] as? Int == 3 && (ratio?["median"] as? Double ?? 0) > 0)
            #expect((report["peak_resident_bytes"] as? Int ?? 0) > 1 << 20)
        }
    }

    @Test func adaptersAreSwapped() throws {
        try withMicroModel { folder, model in
            let adapter = folder + "/a.leo"
            #expect(try Leo.run("synthesize", "--base", model, "-o", adapter).status == 0)
            let arguments = [
                "bench", "request", model, "--repeat", "1", "--new-tokens", "1", "--beams", "1", "--objects", "1", "--threads", "1", "--no-reuse",
            ]
            let table = try Leo.start(Leo.path, arguments + ["--adapter", adapter, "--adapter", adapter]).wait()
            #expect(table.output.contains("adapter swap") && table.output.contains("all read"), "\(table.errors)")
            #expect(!table.output.contains("same scene"))
            for (wrong, reason) in [(model, "expected an adapter"), (folder, "not"), (folder + "/no.leo", "no.leo")] {
                let outcome = try Leo.start(Leo.path, arguments + ["--adapter", wrong]).wait()
                #expect(outcome.status == 1 && isOneError(outcome.errors, wrong, reason), "\(outcome.errors)")
            }
        }
    }

    /// The usage that is shown is the command's own.
    @Test(arguments: [
        ("kernels", ["--filter", "zzz"]), ("kernels", ["--filter", "pairwise", "--filter", "zzz"]), ("kernels", ["--on-request", "--filter", "pairwise"]),
        ("kernels", ["--seconds", "nan"]), ("kernels", ["--seconds", "inf"]), ("kernels", ["--seconds", "601"]), ("kernels", ["--threads", "1025"]),
        ("roofline", ["--threads", "99999999999999999999"]), ("roofline", ["--seconds", "nan"]), ("roofline", ["--seconds", "x"]),
        ("request", ["m", "--objects", "-1"]), ("request", ["m", "--objects", "100001"]), ("request", ["m", "--prompt-tokens", "0"]),
        ("request", ["m", "--steps", "-1"]), ("request", ["m", "--steps", "nan"]), ("request", ["m", "--repeat", "10001"]),
        ("request", ["m", "--beams", "99999999999999999999"]), ("request", ["m", "--adapter", "a", "--adapter", "b", "--adapter", "c"]),
    ])
    func wrongOptionsShowTheCommandsUsage(command: String, options: [String]) throws {
        let outcome = try Leo.start(Leo.path, ["bench", command] + options).wait()
        #expect(outcome.status == 64, "\(outcome.errors)")
        #expect(outcome.output.isEmpty && outcome.errors.hasPrefix("error: "))
        #expect(outcome.errors.contains("leo bench \(command)"), "\(outcome.errors)")
    }

    @Test func filesThatAreNoModelsAreNamed() throws {
        try withTemporaryFolder { folder in
            let text = folder + "/text.leo"
            try Data("hello".utf8).write(to: URL(fileURLWithPath: text))
            for path in [folder, folder + "/no.leo", text] {
                let outcome = try Leo.run("bench", "request", path)
                #expect(outcome.status == 1 && isOneError(outcome.errors, path), "\(outcome.errors)")
            }
        }
    }

    @Test func filesAreComparedAndGated() throws {
        try withMicroModel { folder, model in
            let requests = folder + "/r.jsonl"
            try Data(#"{"instruction": "What is it?", "answer": "a chair"}"#.utf8).write(to: URL(fileURLWithPath: requests))
            let same = try Leo.run("quality", model, model, "--requests", requests, "--steps", "4", "--json").json()
            #expect((same["divergence"] as? [String: Any])?["mean"] as? Double == 0)
            #expect(same["same_top_one"] as? Double == 1)
            #expect(same["model"] as? String == "micro")
            // No action was asked for: that gate is missed, and said.
            let gated = try Leo.run("quality", model, model, "--requests", requests, "--steps", "4", "--gate")
            #expect(gated.status == 1)
            #expect(gated.output.contains("KL divergence"))
            #expect(isOneError(gated.errors, "action agreement", "not measured"), "\(gated.errors)")
            let other = try Leo.run("quality", model, folder + "/micro.json")
            #expect(other.status == 1)
            #expect(isOneError(other.errors, "micro.json"), "\(other.errors)")
        }
    }

    @Test(arguments: [
        ["bench", "kernels", "--filter", "nothing-has-this-name"], ["bench", "kernels", "--on-request"], ["bench", "kernels", "--seconds", "-1"],
        ["bench", "kernels", "--list", "--on-request"], ["bench", "roofline", "--threads", "-2"], ["bench", "request"],
        ["bench", "request", "m", "--beams", "0"], ["bench", "request", "m", "--repeat", "0"], ["bench", "request", "m", "--new-tokens", "1000"],
        ["quality", "a"], ["quality", "a", "b", "--requests", "r", "--count", "3"], ["quality", "a", "b", "--steps", "0"],
        ["quality", "a", "b", "--count", "0", "--actions", "0"], ["quality", "a", "b", "--gate", "--actions", "0"],
    ])
    func wrongUsageExitsWith64(arguments: [String]) throws {
        let outcome = try Leo.start(Leo.path, arguments).wait()
        #expect(outcome.status == 64, "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("error: "))
    }

    @Test func unknownInstructionSetsAreErrors() throws {
        let outcome = try Leo.run("bench", "kernels", "--isa", "sse9", "--filter", "pairwise")
        #expect(outcome.status == 1)
        #expect(isOneError(outcome.errors, "sse9", "avx2"), "\(outcome.errors)")
    }
}
