import Foundation
import Testing
import TestSupport

@Suite("leo act, leo eval of episodes") struct ActTests {
    @Test func actsAndRecords() throws {
        try withMicroModel { folder, model in
            let runs = folder + "/runs"
            let outcome = try Leo.run(
                "act", model, "--world", "3", "--task", "Go to the chair.", "--space", "legent", "--max-steps", "2", "--beams", "1",
                "--record", runs, "--json")
            #expect(outcome.status == 0, "\(outcome.errors)")
            let report = try outcome.json()
            let steps = try #require(report["steps"] as? [[String: Any]])
            #expect((1...2).contains(steps.count) && steps.allSatisfy { $0["code"] is String && $0["yaw"] is Double })
            #expect(report["success"] is Bool && report["space"] as? String == "legent")
            let record = try #require(report["record"] as? String)
            for file in ["trajectory.json", "task_setting.json", "0000.png", "path.png", "path.svg"] {
                #expect(FileManager.default.fileExists(atPath: record + "/" + file))
            }
            let again = try Leo.run(
                "act", model, "--world", record + "/task_setting.json", "--task", "Go to the chair.", "--space", "legent", "--max-steps",
                "1", "--beams", "1")
            #expect(again.status == 0, "\(again.errors)")
            // The recorded scene is the world that it was recorded in.
            let code = try #require(steps[0]["action"] as? String)
            #expect(again.output.contains(code), "\(again.output)")
        }
    }

    @Test func anAdapterActs() throws {
        try withMicroModel { folder, model in
            let adapter = folder + "/tidy.leo"
            #expect(try Leo.run("synthesize", "--base", model, "-o", adapter).status == 0)
            let act = ["act", model, "--world", "3", "--task", "Come here.", "--space", "legent", "--max-steps", "1", "--beams", "1"]
            let eval = ["eval", model, "--task", "come", "--space", "legent", "--count", "1", "--max-steps", "1", "--beams", "1"]
            for command in [act, eval] {
                let outcome = try Leo.start(Leo.path, command + ["--adapter", adapter, "--json"]).wait()
                #expect(try outcome.json()["model"] as? String == "micro + micro-adapter", "\(outcome.errors)")
                let model = try Leo.start(Leo.path, command + ["--adapter", model]).wait()
                #expect(model.status == 1 && isOneError(model.errors, "micro.leo", "expected an adapter"), "\(model.errors)")
                let missing = try Leo.start(Leo.path, command + ["--adapter", folder + "/no.leo"]).wait()
                #expect(missing.status == 1 && isOneError(missing.errors, folder + "/no.leo"), "\(missing.errors)")
                var swapped = command
                swapped[1] = adapter
                let outside = try Leo.start(Leo.path, swapped).wait()
                #expect(outside.status == 1 && isOneError(outside.errors, "tidy.leo", "is an adapter"), "\(outside.errors)")
            }
            let kept = try Leo.start(Leo.path, eval + ["--adapter", adapter, "--out", adapter]).wait()
            #expect(kept.status == 1 && isOneError(kept.errors, "would overwrite the input"), "\(kept.errors)")
            let oracle = try Leo.run("eval", "--task", "come", "--policy", "oracle", "--adapter", adapter)
            #expect(oracle.status == 64 && oracle.errors.contains("--adapter needs a model"), "\(oracle.errors)")
        }
    }

    @Test func signalsEndItWithWhatIsDone() throws {
        try withMicroModel { folder, model in
            let runs = folder + "/runs"
            let running = try Leo.start(
                Leo.path,
                ["act", model, "--world", "3", "--task", "Dance.", "--space", "legent", "--temperature", "1", "--record", runs])
            func frames() -> Int {
                ((try? FileManager.default.subpathsOfDirectory(atPath: runs)) ?? []).count { $0.hasSuffix(".png") }
            }
            while frames() < 2, running.process.isRunning { usleep(2000) }
            kill(running.process.processIdentifier, SIGTERM)
            let outcome = try running.wait()
            #expect(outcome.signal == nil)
            // Sampling may finish just before.
            #expect(outcome.status == 128 + SIGTERM || outcome.output.contains("finished"), "\(outcome.errors)")
            let files = try FileManager.default.subpathsOfDirectory(atPath: runs)
            #expect(files.contains { $0.hasSuffix("/trajectory.json") } && !files.contains { $0.hasPrefix(".") })
        }
    }

    @Test func wrongRequestsAreExplained() throws {
        try withMicroModel { folder, model in
            let world = folder + "/world.json"
            try Data("{\"instances\": 3}".utf8).write(to: URL(fileURLWithPath: world))
            func failure(_ arguments: String...) throws -> String {
                let outcome = try Leo.start(Leo.path, ["act", model, "--task", "Come here."] + arguments).wait()
                #expect(outcome.status == 1 && outcome.output.isEmpty)
                return outcome.errors
            }
            #expect(isOneError(try failure("--world", world), world, "instances"))
            #expect(isOneError(try failure("--world", "3", "--record", world), world, "is a file, not a folder"))
            #expect(isOneError(try failure("--world", folder + "/no.json"), folder + "/no.json"))
            // 400 tokens have no navigation actions.
            #expect(isOneError(try failure("--world", "3"), "Habitat", "400"))
            for wrong in [
                ["--world", "3", "--task", " "], ["--world", "3", "--task", "x", "--max-steps", "0"], ["--task", "x"],
                ["--world", "3", "--task", "x", "--space", "cliport"],
            ] {
                #expect(try Leo.start(Leo.path, ["act", model] + wrong).wait().status == 64)
            }
        }
    }

    @Test func episodesDoNotDependOnThreads() throws {
        let line = #"eval --task goto --policy random --seed 7 --count 6 --max-steps 40 --json"#
        let all = try Leo.shell("\"$LEO\" " + line)
        #expect(all.status == 0, "\(all.errors)")
        let report = try all.json()
        for key in ["success", "spl"] { #expect(report[key] is Double) }
        #expect(report["count"] as? Int == 6 && report["seed"] as? Int == 7 && report["policy"] as? String == "random")
        #expect((report["episodes"] as? [[String: Any]])?.count == 6)
        #expect(try Leo.shell("taskset -c 0 \"$LEO\" " + line).output == all.output)
    }

    /// Nothing keeps episodes but what is said, so that comes first.
    @Test func resultsThatCannotBeWrittenAreStillSaid() throws {
        try withTemporaryFolder { folder in
            let line = "eval --task come --policy oracle --count 20 --out \(folder)/x.json"
            let outcome = try Leo.shell(#"ulimit -f 1; exec "$LEO" \#(line)"#)
            #expect(outcome.status == 1 && outcome.output.contains("20 episodes"), "\(outcome.output)")
            // Progress may stand before it.
            #expect(outcome.errors.split(separator: "\n").last?.hasPrefix("error: \(folder)/x.json: cannot write: ") == true, "\(outcome.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            // Found before anything is computed.
            let absent = try Leo.run("eval", "--task", "come", "--policy", "oracle", "--out", folder + "/none/x.json")
            #expect(absent.status == 1 && absent.output.isEmpty)
            #expect(isOneError(absent.errors, "\(folder)/none/x.json: cannot create a file in \(folder)/none: "), "\(absent.errors)")
        }
    }

    @Test func theOracleSucceedsInATable() throws {
        let outcome = try Leo.run("eval", "--task", "come", "--policy", "oracle", "--count", "2", "--space", "legent")
        #expect(outcome.status == 0 && outcome.output.contains("success") && outcome.output.contains("1.0000"), "\(outcome.errors)")
    }

    @Test(arguments: [
        ["--task", "objnav"], ["--task", "objnav", "--policy", "model"], ["m.leo", "--task", "goto", "--policy", "oracle"],
        ["--task", "scanqa", "--policy", "oracle"], ["--task", "goto", "--policy", "oracle", "--count", "0"],
        ["--task", "goto", "--policy", "oracle", "--split", "val"], ["m.leo", "--task", "scanqa", "--data", "d", "--count", "3"],
        ["--task", "scanqa", "--data", "d"], ["--task", "goto", "--policy", "genius"], ["--task", "goto", "--policy", "oracle", "--space", "cliport"],
    ])
    func wrongUsageExitsWith64(_ arguments: [String]) throws {
        let outcome = try Leo.start(Leo.path, ["eval"] + arguments).wait()
        #expect(outcome.status == 64 && outcome.output.isEmpty, "\(outcome.errors)")
    }
}
