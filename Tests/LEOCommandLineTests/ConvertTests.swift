import Foundation
import LEOArchive
import LEOModel
import Testing
import TestSupport

@Suite struct ConvertTests {
    private static var tiny: String { (sharedFolder ?? "") + "/golden/agent/tiny" }

    /// A language model's folder that holds one of the variants of its weights.
    private static func languageModel(in folder: String, weights prefix: String) throws -> String {
        let target = folder + "/llm-" + prefix
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        let source = tiny + "/vicuna-tiny"
        for name in try FileManager.default.contentsOfDirectory(atPath: source)
        where name.hasPrefix(prefix) || name == "config.json" || name == "tokenizer.model" {
            try FileManager.default.createSymbolicLink(atPath: target + "/" + name, withDestinationPath: source + "/" + name)
        }
        return target
    }

    private static func arguments(_ llm: String, output: String) -> [String] {
        [
            "convert", "--llm", llm, "--image-encoder", tiny + "/convnext/open_clip_pytorch_model.bin", "--point-encoder",
            tiny + "/pointnetpp.pth", "--leo", tiny + "/leo.pth", "--pad-row", tiny + "/pad_row.safetensors", "-o", output,
        ]
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)), arguments: ["f16", "int8"])
    func everyVariantOnDiskGivesTheSameTensors(dtype: String) throws {
        try withTemporaryFolder { folder in
            var archives: [Archive] = []
            for prefix in ["model", "pytorch_model"] {
                let output = folder + "/\(prefix).leo"
                let llm = try Self.languageModel(in: folder, weights: prefix)
                let outcome = try Leo.start(Leo.path, Self.arguments(llm, output: output) + ["--dtype", dtype, "--json"]).wait()
                #expect(outcome.status == 0, "\(outcome.errors)")
                let report = try outcome.json()
                archives.append(try Archive(path: output))
                #expect(report["dtype"] as? String == dtype)
                #expect(report["bytes"] as? Int == archives.last?.byteCount)
                #expect(report["tensors"] as? Int == archives.last?.tensors.count)
                #expect(report["fingerprint"] as? String == archives.last?.fingerprint)
                #expect(report["name"] as? String == prefix)
            }
            #expect(archives[0].tensors.map(\.specification) == archives[1].tensors.map(\.specification))
            for (first, second) in zip(archives[0].tensors, archives[1].tensors) {
                let isEqual = first.withBytes { one in second.withBytes { two in one.elementsEqual(two) } }
                #expect(isEqual, "\(first.name)")
            }
        }
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
    func refusesToOverwriteAnInput() throws {
        try withTemporaryFolder { folder in
            let llm = try Self.languageModel(in: folder, weights: "model")
            let copy = folder + "/llm-model/extra.bin"
            try Data("precious".utf8).write(to: URL(fileURLWithPath: copy))
            for output in [copy, folder + "/./llm-model/../llm-model/extra.bin"] {
                let outcome = try Leo.start(Leo.path, Self.arguments(llm, output: output)).wait()
                #expect(outcome.status == 1)
                #expect(isOneError(outcome.errors, output, "would overwrite the input"), "\(outcome.errors)")
            }
            #expect(try String(contentsOfFile: copy, encoding: .utf8) == "precious")
        }
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
    func missingTensorsAreListed() throws {
        try withTemporaryFolder { folder in
            let output = folder + "/x.leo"
            let outcome = try Leo.run(
                "convert", "--llm", Self.tiny + "/vicuna-tiny", "--image-encoder", Self.tiny + "/convnext", "--point-encoder",
                Self.tiny + "/pad_row.safetensors", "--leo", Self.tiny + "/leo.pth", "-o", output)
            #expect(outcome.status == 1)
            #expect(outcome.errors.hasPrefix("error: "))
            #expect(outcome.errors.contains("encoder.0.mlps.0.layer0.conv.weight"))
            #expect(!FileManager.default.fileExists(atPath: output))
        }
    }

    // MARK: Synthesize

    @Test func sameSeedSameFile() throws {
        try withMicroModel { folder, model in
            func make(_ name: String, _ seed: String, _ dtype: String = "int8") throws -> String {
                let path = folder + "/" + name
                let outcome = try Leo.run("synthesize", "--config", folder + "/micro.json", "-o", path, "--seed", seed, "--dtype", dtype)
                #expect(outcome.status == 0, "\(outcome.errors)")
                #expect(outcome.output.hasPrefix("\(path): micro, "))
                return path
            }
            #expect(FileManager.default.contentsEqual(atPath: try make("one.leo", "1"), andPath: model))
            let one = try Archive(path: model), two = try Archive(path: make("two.leo", "2"))
            #expect(one.fingerprint != two.fingerprint)
            #expect(one.tensors.contains { $0.layout == .n64k4 })
            let wide = try Archive(path: make("f32.leo", "1", "f32"))
            #expect(!wide.tensors.contains { $0.layout == .n64k4 })
        }
    }

    @Test func theCacheTypeIsPartOfTheModel() throws {
        try withMicroModel { folder, model in
            let path = folder + "/cache.leo"
            let made = try Leo.run("synthesize", "--config", folder + "/micro.json", "-o", path, "--cache-dtype", "int8")
            #expect(made.status == 0, "\(made.errors)")
            let states = try Archive(path: path).tensors.map(\.specification).filter { $0.name.hasPrefix("prefix.layers.") }
            func types(_ kind: String) -> Set<String> { Set(states.filter { $0.name.hasSuffix(kind) }.map(\.elementType.rawValue)) }
            #expect(types(".keys") == ["i8"] && types(".values") == ["i8"] && types(".key_scales") == ["f32"] && types(".value_scales") == ["f32"])
            // The stored prompt fits what the plan keeps, so it is used without a word, and both files answer.
            for file in [model, path] {
                let answer = try Leo.run("ask", file, "Where is the lamp?", "--max-tokens", "4", "--json")
                #expect(answer.status == 0 && answer.errors.isEmpty, "\(answer.errors)")
            }
            let compared = try Leo.run("quality", model, path, "--count", "2", "--actions", "0", "--steps", "4", "--json")
            #expect(compared.status == 0, "\(compared.errors)")
        }
    }

    // MARK: Interruption

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGKILL]) func interruptedConversionLeavesNothingUnderTheName(signal: Int32) throws {
        try withTemporaryFolder { folder in
            let work = folder + "/work"
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            try ModelConfiguration.slow.write(to: folder + "/slow.json")
            let running = try Leo.start(
                "/usr/bin/env", ["--default-signal=HUP,INT,TERM", Leo.path, "synthesize", "--config", folder + "/slow.json", "-o", work + "/x.leo"])
            func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: work) }
            let deadline = Date(timeIntervalSinceNow: 60)
            while try names().isEmpty, running.process.isRunning, Date() < deadline { usleep(5000) }
            usleep(200_000)
            #expect(try names().contains { $0.hasSuffix(".partial") })
            kill(running.process.processIdentifier, signal)
            let outcome = try running.wait()
            if signal == SIGKILL {
                #expect(outcome.signal == SIGKILL)
                #expect(try !names().contains("x.leo"))
            } else {
                #expect(outcome.status == 128 + signal)
                #expect(outcome.signal == nil)
                #expect(outcome.errors.contains("error: interrupted"))
                #expect(try names().isEmpty)
            }
        }
    }

    @Test func aFullDiskIsAnErrorAndLeavesTheOldFile() throws {
        try withMicroModel { folder, model in
            let before = try Data(contentsOf: URL(fileURLWithPath: model))
            // A limit on the size of files stands in for a full disk: the same calls fail.
            let outcome = try Leo.shell(#"ulimit -f 16; exec "$LEO" synthesize --config \#(folder)/micro.json --seed 2 -o \#(model)"#)
            #expect(outcome.status == 1)
            #expect(outcome.signal == nil)
            #expect(isOneError(outcome.errors, model, "cannot write", "needs"), "\(outcome.errors)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: model)) == before)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["micro.json", "micro.leo"])
            let device = try Leo.run("synthesize", "--config", folder + "/micro.json", "-o", "/dev/full")
            #expect(device.status == 1)
            #expect(isOneError(device.errors, "/dev/full", "not a regular file"), "\(device.errors)")
        }
    }
}
