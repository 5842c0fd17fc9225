import Foundation
import Testing
import TestSupport

@Suite struct AskTests {
    /// Calls `body` with a model, a scene with objects 1, 2 and 3, and a folder.
    private func withModelAndScene(_ body: (_ model: String, _ scene: String, _ folder: String) throws -> Void) throws {
        try withMicroModel { folder, model in
            try scene().write(to: URL(fileURLWithPath: folder + "/scene.ply"))
            try body(model, folder + "/scene.ply", folder)
        }
    }

    @Test func streamedTextIsTheReportedText() throws {
        try withModelAndScene { model, scene, _ in
            let common = ["ask", model, "What is it?", "--scene", scene, "--max-tokens", "6", "--repetition-penalty", "1"]
            for strategy in [["--beams", "1"], ["--beams", "3"], ["--temperature", "0.7", "--seed", "5"]] {
                let streamed = try Leo.start(Leo.path, common + strategy).wait()
                #expect(streamed.status == 0, "\(streamed.errors)")
                let report = try Leo.start(Leo.path, common + strategy + ["--json", "--threads", "1"]).wait().json()
                let text = try #require(report["text"] as? String)
                #expect(streamed.output.trimmingCharacters(in: .whitespacesAndNewlines) == text)
                #expect((report["ids"] as? [Int])?.count ?? 0 <= 6)
                let seconds = try #require(report["seconds"] as? [String: Any])
                #expect(seconds["objects"] as? Int == 3)
                #expect((seconds["prompt_tokens"] as? Int ?? 0) > 3)
            }
        }
    }

    @Test func everythingThatIsSaidChangesTheAnswer() throws {
        try withModelAndScene { model, scene, folder in
            func score(_ more: String...) throws -> Double {
                let arguments = ["ask", model, "What is it?", "--scene", scene, "--answers", folder + "/answers.txt", "--json"] + more
                let outcome = try Leo.start(Leo.path, arguments).wait()
                let answers = try #require(outcome.json()["answers"] as? [[String: Any]], "\(outcome.errors)")
                #expect(answers.map { $0["text"] as? String } == ["a chair", "two tables"])
                return try #require(answers[0]["loss"] as? Double)
            }
            try Data("a chair\n\n  two tables \n".utf8).write(to: URL(fileURLWithPath: folder + "/answers.txt"))
            try Data(#"[{"user": "Hello", "assistant": "Hi"}]"#.utf8).write(to: URL(fileURLWithPath: folder + "/dialogue.json"))
            let plain = try score()
            #expect(try score() == plain)
            #expect(try score("--situation", "I stand at the door.") != plain)
            #expect(try score("--dialogue", folder + "/dialogue.json") != plain)
            #expect(try score("--position", "-1,2,0.5") != plain)
            #expect(try score("--orientation", "0,0,1,0") != plain)
            #expect(try score("--object", "2") != plain)
        }
    }

    @Test func wrongRequestsAreExplained() throws {
        try withModelAndScene { model, scene, folder in
            func failure(_ more: String...) throws -> String {
                let outcome = try Leo.start(Leo.path, ["ask", model, "What is it?"] + more).wait()
                #expect(outcome.status == 1)
                #expect(outcome.output.isEmpty)
                return outcome.errors
            }
            #expect(isOneError(try failure("--scene", scene, "--object", "77"), scene, "no object 77"))
            #expect(isOneError(try failure("--scene", scene, "--label-property", "colour"), scene, "colour", "instance"))
            #expect(isOneError(try failure("--image", scene), scene))
            #expect(isOneError(try failure("--scene", model), model))
            #expect(isOneError(try failure("--dialogue", scene), scene, "JSON"))
            let empty = folder + "/empty.txt"
            try Data("\n \n".utf8).write(to: URL(fileURLWithPath: empty))
            #expect(isOneError(try failure("--answers", empty), empty, "no answer"))
            let noModel = try Leo.run("ask", scene, "What is it?")
            #expect(noModel.status == 1)
            #expect(isOneError(noModel.errors, scene, "not a .leo file"), "\(noModel.errors)")
        }
    }

    @Test func timingsAndNoticesGoToStandardError() throws {
        try withModelAndScene { model, scene, _ in
            let outcome = try Leo.run("ask", model, "Hi", "--scene", scene, "--beams", "1", "--max-tokens", "2", "--timings")
            #expect(outcome.status == 0)
            for stage in ["open model", "points", "spatial", "prompt", "decode", "total"] { #expect(outcome.errors.contains(stage)) }
            #expect(!outcome.output.contains("total"))
            let line = outcome.errors.split(separator: "\n").first { $0.contains(" stored, ") }
            #expect(line?.contains(" read, ") == true, "\(outcome.errors)")
            let whole = try Leo.run("ask", model, "Hi", "--scene", scene, "--beams", "1", "--max-tokens", "2", "--timings", "--no-reuse", "--json")
            let seconds = try #require(try whole.json()["seconds"] as? [String: Any])
            #expect(seconds["rows_read"] as? Int == seconds["prompt_tokens"] as? Int && (seconds["rows_read"] as? Int ?? 0) > 0)
        }
    }
}

@Suite struct AskForActionsTests {
    @Test func answersAreActions() throws {
        try withMicroModel { _, model in
            for (space, key) in [("legent", "move_forward"), ("cliport", "pick")] {
                for strategy in [["--beams", "1"], ["--beams", "3"], ["--temperature", "2", "--seed", "3"]] {
                    let outcome = try Leo.start(Leo.path, ["ask", model, "Go.", "--space", space, "--json"] + strategy).wait()
                    let action = try #require(outcome.json()["action"] as? [String: Any], "\(outcome.errors)")
                    #expect(action["space"] as? String == space && action[key] != nil)
                }
            }
            // Its 400 tokens have no navigation actions.
            let habitat = try Leo.run("ask", model, "Go.", "--space", "habitat")
            #expect(habitat.status == 1)
            #expect(isOneError(habitat.errors, "Habitat", "400"), "\(habitat.errors)")
            for wrong in [["--space", "atari"], ["--space", "legent", "--answers", "x"]] {
                #expect(try Leo.start(Leo.path, ["ask", model, "Go."] + wrong).wait().status == 64)
            }
        }
    }
}
