import Foundation
import Testing
import TestSupport

private let data = (sharedFolder ?? "") + "/golden/data"

@Suite("leo eval on data", .enabled(if: hasShared, Comment(rawValue: sharedAbsent))) struct EvalTests {
    private static func samples(_ path: String) throws -> [[String: String]] {
        let json = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
        let samples = try #require(json["samples"] as? [[String: Any]])
        return samples.map { sample in ["id", "prediction"].reduce(into: [:]) { $0[$1] = sample[$1] as? String } }
    }

    @Test func killedRunsGoOn() throws {
        try withMicroModel { folder, model in
            func arguments(_ out: String) -> [String] {
                ["eval", model, "--task", "scanqa", "--data", data, "--out", folder + "/" + out, "--max-tokens", "24"]
            }
            let whole = try Leo.start(Leo.path, arguments("whole.json")).wait()
            #expect(whole.status == 0, "\(whole.errors)")
            let journal = folder + "/part.json.journal"
            func lines() -> Int { (FileManager.default.contents(atPath: journal) ?? Data()).count { $0 == UInt8(ascii: "\n") } }
            let running = try Leo.start(Leo.path, arguments("part.json"))
            while lines() < 3, running.process.isRunning { usleep(2000) }
            kill(running.process.processIdentifier, SIGKILL)
            #expect(try running.wait().signal == SIGKILL)
            let kept = lines()
            #expect(kept >= 3 && kept < 10)
            #expect(!FileManager.default.fileExists(atPath: folder + "/part.json"))
            let handle = try #require(FileHandle(forWritingAtPath: journal))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("{\"ended\":tr".utf8))
            try handle.close()
            let rest = try Leo.start(Leo.path, arguments("part.json") + ["--json"]).wait()
            #expect(rest.status == 0, "\(rest.errors)")
            #expect(try rest.json()["count"] as? Int == 9)
            #expect(try Self.samples(folder + "/part.json") == Self.samples(folder + "/whole.json"))
            #expect(lines() == 10)
        }
    }

    @Test func interruptedRunsSayWhatIsKept() throws {
        try withMicroModel { folder, model in
            // On a busy machine a run may end before the signal comes.
            for attempt in 1... {
                let out = folder + "/r\(attempt).json"
                let running = try Leo.start(
                    Leo.path,
                    ["eval", model, "--task", "scanqa", "--data", data, "--out", out, "--min-tokens", "150", "--max-tokens", "200"])
                while !FileManager.default.fileExists(atPath: out + ".journal"), running.process.isRunning { usleep(2000) }
                // Not SIGINT: a shell that starts the tests in the background has it ignored.
                kill(running.process.processIdentifier, SIGTERM)
                let outcome = try running.wait()
                if outcome.status == 0, attempt < 20 { continue }
                #expect(outcome.status == 128 + SIGTERM && outcome.signal == nil, "\(outcome.errors)")
                #expect(outcome.errors.contains("interrupted") && outcome.errors.contains("r\(attempt).json.journal"))
                break
            }
        }
    }

    @Test func tableOnOutputAndNotesOnErrors() throws {
        try withMicroModel { folder, model in
            let outcome = try Leo.run(
                "eval", model, "--task", "plan", "--data", data, "--limit", "1", "--max-tokens", "2", "--beams", "1", "--out", folder + "/p.json")
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("cider") && outcome.output.contains("1 samples") && outcome.output.contains("p.json"))
            #expect(outcome.errors.contains("sentence similarity"))
        }
    }

    @Test func wrongRequestsAreExplained() throws {
        try withMicroModel { folder, model in
            func failure(_ arguments: String...) throws -> String {
                let outcome = try Leo.start(Leo.path, ["eval", model] + arguments).wait()
                #expect(outcome.status == 1 && outcome.output.isEmpty)
                return outcome.errors
            }
            #expect(isOneError(try failure("--task", "scanqa", "--data", folder), folder))
            #expect(isOneError(try failure("--task", "obj_scene_cap", "--data", data), "obj_scene_cap", "val", "train"))
            #expect(isOneError(try failure("--task", "scanqa", "--data", data, "--out", folder + "/no/x.json"), folder + "/no/x.json", "in \(folder)/no:"))
            let journal = folder + "/o.json.journal"
            try Data("hello\n".utf8).write(to: URL(fileURLWithPath: journal))
            #expect(isOneError(try failure("--task", "scanqa", "--data", data, "--out", folder + "/o.json"), journal + ":1"))
            for wrong in [["--task", "dance", "--data", data], ["--task", "scanqa", "--data", data, "--limit", "0"]] {
                #expect(try Leo.start(Leo.path, ["eval", model] + wrong).wait().status == 64)
            }
        }
    }
}
