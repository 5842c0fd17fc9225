import Foundation
import LEOCheck
import TestSupport
import Testing

private let golden = (sharedFolder ?? "") + "/golden"

/// Folders of golden cases, each run by itself so that a failure names it.
private let goldenFolders: [String] = {
    let groups = ["kernels", "modules"].flatMap { group in
        ((try? FileManager.default.contentsOfDirectory(atPath: golden + "/" + group)) ?? []).sorted().map { group + "/" + $0 }
    }
    return groups + ["tokenizer", "pointcloud", "bad", "actions", "eval"]
}()

#if DEBUG
private let isOptimised = false
#else
private let isOptimised = true
#endif

@Suite("Check: goldens as recorded", .enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct CheckGoldenTests {
    @Test(arguments: goldenFolders)
    func passes(_ folder: String) throws {
        let report = CheckReport(try Check.run([golden + "/" + folder]))
        #expect(report.passed, "\(report.text)")
        #expect(report.cases.count == 1)
    }

    /// A whole agent: its files in two formats, four requests and the batch of them.
    @Test(.enabled(if: isOptimised, "decodes with a language model, which takes many minutes in a debug build"))
    func passesAgent() throws {
        let report = CheckReport(try Check.run([golden + "/agent"]))
        #expect(report.passed, "\(report.text)")
        let names = report.cases.map { ($0.path as NSString).lastPathComponent }
        #expect(names == ["tiny", "batch", "navigation", "object-caption", "scene-caption", "situated-question"])
    }

    /// Every folder with a `case.json` must turn up, whatever its kind.
    @Test func findsEveryFolder() throws {
        #expect(goldenFolders.count >= 47 + 19 + 5)
        var seen: [String] = []
        let results = try Check.run([golden + "/kernels"]) { seen.append($0.path) }
        #expect(results.map(\.path) == seen)
        let folders = try FileManager.default.contentsOfDirectory(atPath: golden + "/kernels").sorted()
        #expect(seen == folders.map { golden + "/kernels/" + $0 })
    }
}

/// A copy of a golden folder, to be damaged.
private struct GoldenCopy {
    let path: String
    private let root: String

    /// Copies `folder` (relative to the goldens) under the same relative path, and with it the files it refers to.
    init(_ folder: String, also: [String] = [], below root: String) throws {
        self.root = root
        path = root + "/" + folder
        for place in [folder] + also {
            let target = root + "/" + place
            try FileManager.default.createDirectory(
                atPath: (target as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: golden + "/" + place, toPath: target)
            try Self.makeWritable(target)
        }
    }

    private static func makeWritable(_ path: String) throws {
        var isFolder: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        try FileManager.default.setAttributes([.posixPermissions: isFolder.boolValue ? 0o755 : 0o644], ofItemAtPath: path)
        guard isFolder.boolValue else { return }
        for name in try FileManager.default.contentsOfDirectory(atPath: path) { try makeWritable(path + "/" + name) }
    }

    func run() throws -> CaseCheck {
        let results = try Check.run([path])
        return try #require(results.count == 1 ? results[0] : nil)
    }

    /// Changes element `index` of a tensor of 4-byte elements.
    func change(_ tensor: String, at index: (Int) -> Int, in file: String = "outputs.safetensors", _ body: (UInt32) -> UInt32) throws {
        let url = URL(fileURLWithPath: path + "/" + file)
        var bytes = [UInt8](try Data(contentsOf: url))
        let length = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
        let header = try #require(try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length])) as? [String: Any])
        let entry = try #require(header[tensor] as? [String: Any])
        let offsets = try #require(entry["data_offsets"] as? [Int])
        let start = 8 + length + offsets[0] + 4 * index((offsets[1] - offsets[0]) / 4)
        let word = body((0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) })
        for byte in 0..<4 { bytes[start + byte] = UInt8(truncatingIfNeeded: word >> UInt32(8 * byte)) }
        try Data(bytes).write(to: url)
    }

    /// Changes the JSON of a file.
    func edit(_ file: String = "case.json", _ body: (inout [String: Any]) -> Void) throws {
        let url = URL(fileURLWithPath: path + "/" + file)
        var json = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
        body(&json)
        try JSONSerialization.data(withJSONObject: json).write(to: url)
    }

    func replace(_ text: String, with other: String, in file: String) throws {
        let url = URL(fileURLWithPath: path + "/" + file)
        let content = try String(contentsOf: url, encoding: .utf8)
        let range = try #require(content.range(of: text))
        try content.replacingCharacters(in: range, with: other).write(to: url, atomically: true, encoding: .utf8)
    }
}

private func withCopy(_ folder: String, also: [String] = [], _ body: (GoldenCopy) throws -> Void) throws {
    try withTemporaryFolder { try body(GoldenCopy(folder, also: also, below: $0)) }
}

@Suite("Check: tampered goldens", .enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct CheckTamperingTests {
    /// Cases of every kind, with each of their outputs.
    static let outputs: [(folder: String, output: String)] = [
        ("fps-1024-32", "indices"), ("fps-threshold", "indices"), ("ball-query-boundary", "indices"), ("fourier-features", "features"),
        ("pairwise-locs-center-d5", "locs"), ("spatial-attention-cond", "attention"), ("spatial-attention-cond", "probabilities"),
        ("spatial-attention-add-singlehead", "layer_out"), ("plain-encoder-layer", "layer_out"), ("preprocess-pcd", "obj_fts"),
        ("preprocess-pcd", "obj_locs"), ("preprocess-2d-300x400", "resized"), ("preprocess-2d-300x400", "img_fts"),
        ("decoding-1", "ids__4_28_1"), ("decoding-1", "ids__4_57"), ("decoding-1", "score__4_28_1"), ("decoding-1", "score__4_57"),
        ("decoding-5", "ids__4_57"),
    ]

    @Test(arguments: outputs, [0.0, 0.5, 1.0])
    func failsNamingTheOutput(_ place: (folder: String, output: String), at share: Double) throws {
        try withCopy("kernels/" + place.folder) { copy in
            #expect(try copy.run().passed)
            // Integers grow by 2, floats by some powers of two: more than any tolerance grants.
            let isInteger = ["indices", "resized"].contains(place.output) || place.output.hasPrefix("ids")
            try copy.change(place.output, at: { Int(share * Double($0 - 1)) }) { word in
                isInteger ? word &+ 2 : (Float(bitPattern: word) + 4).bitPattern
            }
            let result = try copy.run()
            #expect(!result.passed && result.failure == nil)
            let failed = result.outputs.filter { !$0.passed }
            #expect(!failed.isEmpty)
            #expect(failed.allSatisfy { $0.name == place.output || $0.name.hasPrefix(place.output + "[") }, "\(failed)")
            #expect(failed.contains { $0.name == place.output && $0.note.contains("expected") && $0.note.contains("found") })
            let text = CheckReport([result]).text
            #expect(text.hasPrefix("✗") && text.contains("    \(place.output): ") && text.hasSuffix(" 1 failed\n"), "\(text)")
        }
    }

    /// Just inside the tolerance passes, so that what fails above fails for its size.
    @Test func grantsTheTolerance() throws {
        try withCopy("kernels/preprocess-2d-120x200") { copy in
            try copy.change("resized", at: { $0 / 3 }) { $0 ^ 1 }
            let result = try copy.run()
            #expect(result.passed && result.outputs[0].largestAbsolute == 1)
        }
    }

    @Test func notANumberNeverPasses() throws {
        try withCopy("kernels/fourier-features") { copy in
            try copy.change("features", at: { $0 / 2 }) { _ in Float.nan.bitPattern }
            #expect(!(try copy.run().passed))
        }
    }

    private static let tokenizerModel = "agent/tiny/vicuna-tiny/tokenizer.model"

    @Test(arguments: [
        ("encode", #"[1, 382, 1484"#, #"[1, 383, 1484"#), ("decode", #""text": "hello world""#, #""text": "hello World""#),
        ("left_truncation", #""max_length": 256"#, #""max_length": 255"#),
        ("left_truncation", #""max_length": 256"#, #""max_length": 0"#),
    ])
    func failsNamingTheTokenizerOutput(_ output: String, _ text: String, _ other: String) throws {
        try withCopy("kernels/tokenizer", also: [Self.tokenizerModel]) { copy in
            #expect(try copy.run().passed)
            let url = URL(fileURLWithPath: copy.path + "/case.json")
            let compact = try String(contentsOf: url, encoding: .utf8)
                .replacing(/\[\s+/, with: "[").replacing(/,\s+(?=\d)/, with: ", ")
            try compact.write(to: url, atomically: true, encoding: .utf8)
            try copy.replace(text, with: other, in: "case.json")
            let result = try copy.run()
            #expect(result.outputs.filter { !$0.passed }.map(\.name) == [output], "\(CheckReport([result]).text)")
        }
    }

    @Test(arguments: [
        ("encode.jsonl", #""ids": [1, "#, #""ids": [2, "#), ("decode.jsonl", #""text": "You"#, #""text": "you"#),
        ("decode.jsonl", #""text_keep_special": ""#, #""text_keep_special": "?"#), ("truncate.jsonl", #""ids": [1, "#, #""ids": [0, "#),
        ("pad_batch.jsonl", #""attention_mask": [[1, "#, #""attention_mask": [[0, "#),
        ("pad_batch.jsonl", #""padding_side": "left""#, #""padding_side": "up""#),
        ("llamacpp_spm.jsonl", #""ids_sentencepiece_no_bos": [474, "#, #""ids_sentencepiece_no_bos": [475, "#),
        ("encode.jsonl", #""ids""#, #""odds""#),
    ])
    func failsNamingTheTokenizerFile(_ file: String, _ text: String, _ other: String) throws {
        try withCopy("tokenizer") { copy in
            try copy.replace(text, with: other, in: file)
            let result = try copy.run()
            let failed = result.outputs.filter { !$0.passed }
            #expect(failed.map(\.name) == [file])
            #expect(failed.allSatisfy { $0.note.contains("expected") }, "\(failed)")
        }
    }

    @Test(arguments: [
        ("pointcloud", #""num_points": 120"#, #""num_points": 121"#, "ascii_xyz.ply"),
        ("pointcloud", "-0.08087492734193802", "-0.08087502734193802", "ascii_xyz.ply"),
        ("pointcloud", #""verdict": "reject""#, #""verdict": "accept""#, "ascii_nan.ply"),
        ("bad", "E598v397hT8vnaI", "E598v397hT8vnaM", "st_good.safetensors"), ("bad", #""step": 7"#, #""step": 8"#, "pt_parameter.pth"),
        ("bad", #""embed.weight"]"#, #""other.weight"]"#, "pt_tied.pth"),
        ("bad", #""verdict": "reject""#, #""verdict": "accept""#, "st_truncated_data.safetensors"),
    ])
    func failsNamingTheFile(_ folder: String, _ text: String, _ other: String, _ file: String) throws {
        try withCopy(folder) { copy in
            let url = URL(fileURLWithPath: copy.path + "/expected.json")
            let compact = try String(contentsOf: url, encoding: .utf8).replacing(/\s+\]/, with: "]")
            try compact.write(to: url, atomically: true, encoding: .utf8)
            #expect(try copy.run().passed)
            try copy.replace(text, with: other, in: "expected.json")
            let result = try copy.run()
            #expect(result.outputs.filter { !$0.passed }.map(\.name) == [file], "\(CheckReport([result]).text)")
        }
    }

    /// A missing file must not pass for a refused one, nor an unlisted file go unnoticed.
    @Test(arguments: ["pointcloud", "bad"])
    func listsMustBeComplete(_ folder: String) throws {
        try withCopy(folder) { copy in
            let names = try FileManager.default.contentsOfDirectory(atPath: copy.path).sorted()
            let removed = try #require(names.first { $0 == "ascii_nan.ply" || $0 == "evil_os_system.pth" })
            try FileManager.default.removeItem(atPath: copy.path + "/" + removed)
            try Data("x".utf8).write(to: URL(fileURLWithPath: copy.path + "/unlisted.bin"))
            let failed = try copy.run().outputs.filter { !$0.passed }
            #expect(failed.map(\.name) == [removed, "unlisted.bin"])
        }
    }

    @Test func tracesOfAPayloadFail() throws {
        try withCopy("bad") { copy in
            try Data().write(to: URL(fileURLWithPath: copy.path + "/PWNED_test"))
            let failed = try copy.run().outputs.filter { !$0.passed }
            #expect(failed.contains { $0.name == "nothing written" && $0.note.contains("PWNED_test") })
        }
    }
}

@Suite("Check: damaged cases", .enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct CheckDamageTests {
    @Test(arguments: ["inputs.safetensors", "outputs.safetensors", "weights.safetensors"])
    func missingFile(_ file: String) throws {
        try withCopy("kernels/plain-encoder-layer") { copy in
            try FileManager.default.removeItem(atPath: copy.path + "/" + file)
            let failure = try #require(try copy.run().failure)
            #expect(failure.contains(file))
        }
    }

    @Test(arguments: ["inputs.safetensors", "outputs.safetensors", "weights.safetensors"], [0, 7, 100])
    func truncatedFile(_ file: String, _ length: Int) throws {
        try withCopy("kernels/spatial-attention-cond") { copy in
            let url = URL(fileURLWithPath: copy.path + "/" + file)
            try Data(contentsOf: url).prefix(length).write(to: url)
            #expect(try #require(try copy.run().failure).contains(file))
        }
    }

    @Test func truncatedDescription() throws {
        try withCopy("kernels/fps-32-16") { copy in
            let url = URL(fileURLWithPath: copy.path + "/case.json")
            try Data(contentsOf: url).prefix(50).write(to: url)
            let result = try copy.run()
            #expect(!result.passed && result.failure?.contains("case.json") == true)
        }
    }

    /// Description fields that lie, with what the message must name.
    static let lies: [(folder: String, field: String, value: String, named: String)] = [
        ("fps-32-16", "outputs.indices.shape", "[8, 17]", "outputs.indices.shape"),
        ("fps-32-16", "inputs.points.shape", "[8, 32]", "inputs.points.shape"),
        ("fps-32-16", "outputs.indices.dtype", "\"float32\"", "outputs.indices.dtype"),
        ("fps-32-16", "outputs.indices.shape", "\"none\"", "outputs.indices"), ("fps-32-16", "outputs", "[1]", "outputs"),
        ("fps-32-16", "config.m", "17", "config.m"), ("fps-32-16", "config.m", "1e300", "config.m"),
        ("fps-32-16", "config.m", "9223372036854775807", "config.m"), ("fps-32-16", "config.m", "-1", "config.m"),
        ("fps-32-16", "config.m", "\"16\"", "config.m"), ("ball-query-empty", "config.nsample", "9223372036854775807", "config.nsample"),
        ("ball-query-empty", "config.radius", "\"NaN\"", "config.radius"), ("fourier-features", "config.num_bands", "1000000000000", "config.num_bands"),
        ("fourier-features", "config.num_bands", "11", "outputs.features"), ("fourier-features", "tolerance.abs", "\"NaN\"", "tolerance.abs"),
        ("fourier-features", "tolerance.abs", "null", "tolerance.abs"), ("fourier-features", "tolerance.rel", "-1", "tolerance.rel"),
        ("fourier-features", "tolerance", "{\"rule\": \"abs\"}", "tolerance.abs"), ("fourier-features", "tolerance", "7", "tolerance"),
        ("pairwise-locs-center-d5", "config.pairwise_rel_type", "\"between\"", "config.pairwise_rel_type"),
        ("pairwise-locs-center-d5", "config.spatial_dim", "4", "outputs.locs"), ("pairwise-locs-center-d5", "config.eps", "0.1", "config.eps"),
        ("spatial-attention-cond", "config.heads", "0", "config.heads"), ("spatial-attention-cond", "config.heads", "5", "outputs.probabilities"),
        ("spatial-attention-cond", "config.fusion", "\"none\"", "config.fusion"), ("spatial-attention-cond", "config.fusion", "\"mul\"", "pairwise_loc_fc"),
        ("spatial-attention-cond", "config.d_model", "32", "inputs.x"), ("spatial-attention-cond", "config.spatial_dim", "4", "pairwise_locs"),
        ("preprocess-pcd", "config.num_points", "1000", "outputs.obj_fts"), ("preprocess-2d-120x200", "config.size", "[0, 0]", "outputs.resized"),
        ("preprocess-2d-120x200", "config.size", "[224]", "config.size"), ("decoding-0", "config.vocab", "41", "inputs.table"),
        ("decoding-0", "config.new_tokens", "9223372036854775807", "config.new_tokens"), ("decoding-0", "config.num_beams", "0", "config.num_beams"),
        ("decoding-0", "config.repetition_penalty", "0", "repetitionPenalty"), ("decoding-0", "kind", "7", "kind"),
    ]

    @Test(arguments: lies)
    func lyingField(_ lie: (folder: String, field: String, value: String, named: String)) throws {
        try withCopy("kernels/" + lie.folder) { copy in
            let value = try JSONSerialization.jsonObject(with: Data(lie.value.utf8), options: .fragmentsAllowed)
            let keys = lie.field.split(separator: ".").map(String.init)
            try copy.edit { $0 = set($0, keys[...], value) }
            let result = try copy.run()
            #expect(!result.passed)
            let failure = result.failure ?? ""
            #expect(failure.contains(lie.named), "\(failure)")
            #expect(!failure.contains("\n"))
        }
    }

    private func set(_ json: [String: Any], _ keys: ArraySlice<String>, _ value: Any) -> [String: Any] {
        guard let key = keys.first else { return json }
        var json = json
        json[key] = keys.count == 1 ? value : set(json[key] as? [String: Any] ?? [:], keys.dropFirst(), value)
        return json
    }

    @Test func indicesOutsideAreNamed() throws {
        try withCopy("kernels/preprocess-pcd") { copy in
            try copy.change("pick_1", at: { $0 - 1 }, in: "inputs.safetensors") { _ in 150 }
            #expect(try #require(try copy.run().failure).contains("pick_1"))
        }
        try withCopy("kernels/preprocess-2d-120x200") { copy in
            try copy.change("image", at: { _ in 0 }, in: "inputs.safetensors") { _ in 256 }
            #expect(try #require(try copy.run().failure).contains("image"))
        }
    }

    /// An output that is recorded but compared with nothing fails under its name.
    @Test func nothingIsSkipped() throws {
        try withCopy("kernels/fps-32-16") { copy in
            // The inputs hold a tensor that no check of this kind is about.
            try copy.edit { json in
                json["outputs_file"] = "both.safetensors"
                json["outputs"] = ["indices": ["dtype": "int32", "shape": [8, 16]], "extra": ["dtype": "int32", "shape": [2]]]
            }
            try writeSafetensors(copy.path + "/both.safetensors", adding: "extra", to: copy.path + "/outputs.safetensors")
            let result = try copy.run()
            #expect(result.outputs.filter { !$0.passed }.map(\.name) == ["extra"], "\(CheckReport([result]).text)")
            // The same where only the file has it.
            try copy.edit { $0["outputs"] = ["indices": ["dtype": "int32", "shape": [8, 16]]] }
            #expect(try copy.run().outputs.filter { !$0.passed }.map(\.name) == ["extra"])
        }
    }

    private func writeSafetensors(_ path: String, adding name: String, to source: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: source)))
        let length = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
        var header = try #require(try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length])) as? [String: Any])
        let size = bytes.count - 8 - length
        header[name] = ["dtype": "I32", "shape": [2], "data_offsets": [size, size + 8]]
        let text = try JSONSerialization.data(withJSONObject: header)
        let prefix = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
        try (Data(prefix) + text + Data(bytes[(8 + length)...]) + Data(count: 8)).write(to: URL(fileURLWithPath: path))
    }

    @Test(arguments: ["pointcloud", "bad"], ["", "[", "{}", "[]", #"{"cases": []}"#, #"{"cases": 7}"#])
    func damagedExpectations(_ folder: String, _ text: String) throws {
        try withCopy(folder) { copy in
            try Data(text.utf8).write(to: URL(fileURLWithPath: copy.path + "/expected.json"))
            let result = try copy.run()
            #expect(!result.passed && result.failure?.contains("expected.json") == true, "\(CheckReport([result]).text)")
        }
    }

    @Test func missingTokenizer() throws {
        try withCopy("tokenizer") { copy in
            try FileManager.default.removeItem(atPath: copy.path + "/tokenizer.model")
            #expect(try #require(try copy.run().failure).contains("tokenizer.model"))
        }
        try withCopy("tokenizer") { copy in
            try FileManager.default.removeItem(atPath: copy.path + "/decode.jsonl")
            let failed = try copy.run().outputs.filter { !$0.passed }
            #expect(failed.map(\.name) == ["decode.jsonl"] && failed[0].note.contains("missing"))
        }
    }

    /// A damaged or foreign case fails by itself; its neighbours run.
    @Test func neighboursRun() throws {
        try withTemporaryFolder { root in
            for name in ["fps-32-16", "fps-threshold", "fourier-features"] { _ = try GoldenCopy("kernels/" + name, below: root) }
            let kernels = root + "/kernels/"
            try Data("{".utf8).write(to: URL(fileURLWithPath: kernels + "fps-32-16/case.json"))
            try Data(#"{"kind": "astrology", "tolerance": {"rule": "exact"}}"#.utf8).write(to: URL(fileURLWithPath: kernels + "fps-threshold/case.json"))
            let results = try Check.run([root])
            #expect(results.map(\.passed) == [true, false, false])
            #expect(results.map(\.kind) == ["fourier", "unknown", "astrology"])
            #expect(results[2].failure?.contains("does not know") == true)
        }
    }
}

@Suite("Check: folders and reports")
struct CheckRunTests {
    @Test func foldersWithoutACase() throws {
        try withTemporaryFolder { folder in
            #expect(throws: CheckError.noCase(folder: folder)) { try Check.run([folder]) }
            try Data(#"{"kind": "astrology", "tolerance": {"rule": "exact"}}"#.utf8).write(to: URL(fileURLWithPath: folder + "/case.json"))
            #expect(throws: CheckError.noCase(folder: folder)) { try Check.run([folder]) }
            #expect(throws: CheckError.unreadable(path: folder + "/none", reason: "no such folder")) { try Check.run([folder + "/none"]) }
            #expect(throws: CheckError.unreadable(path: folder + "/case.json", reason: "is not a folder")) {
                try Check.run([folder + "/case.json"])
            }
        }
    }

    @Test func linksAreNotFollowed() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createSymbolicLink(atPath: folder + "/loop", withDestinationPath: folder)
            #expect(throws: CheckError.noCase(folder: folder)) { try Check.run([folder]) }
        }
    }

    /// A folder given as a link is a folder like any other, and its cases keep the name it was given.
    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent))) func linkedFolder() throws {
        try withTemporaryFolder { folder in
            let link = folder + "/link"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: golden + "/kernels/fps-threshold")
            let report = CheckReport(try Check.run([link, link + "/"]))
            #expect(report.passed && report.cases.map(\.path) == [link, link + "/"])
        }
    }

    private static let report = CheckReport([
        CaseCheck(
            path: "golden/a", kind: "fps", outputs: [OutputCheck(name: "indices", passed: true)], failure: nil, seconds: 0.25),
        CaseCheck(
            path: "golden/longer", kind: "fourier",
            outputs: [
                OutputCheck(name: "x", passed: true, largestAbsolute: 1e-6, largestRelative: 2e-5, tolerance: "2e-05"),
                OutputCheck(
                    name: "y", passed: false, largestAbsolute: .infinity, largestRelative: .infinity, tolerance: "2e-05",
                    note: "at 3: expected 1.0, found nan"),
            ], failure: nil, seconds: 1),
        CaseCheck(path: "golden/c", kind: "fps", outputs: [], failure: "golden/c/case.json: tolerance: expected an object", seconds: 0),
    ])

    @Test func textForPeople() {
        let lines = Self.report.text.split(separator: "\n").map(String.init)
        #expect(lines.count == 6)
        #expect(lines[0].hasPrefix("✓  golden/a       fps      exact ") && lines[0].hasSuffix("  0.250 s"))
        #expect(lines[1].hasPrefix("✗  golden/longer  fourier  abs inf rel inf of 2e-05 ") && lines[1].hasSuffix("  1.000 s"))
        #expect(lines[2] == "    y: at 3: expected 1.0, found nan (largest inf, relative inf, allowed 2e-05)")
        #expect(lines[3].hasPrefix("✗  golden/c       fps      - "))
        #expect(lines[4] == "    golden/c/case.json: tolerance: expected an object")
        #expect(lines[5] == "3 cases, 3 outputs, 2 failed")
    }

    @Test func jsonForPrograms() throws {
        let data = try Self.report.json()
        let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(json["case_count"] as? Int == 3 && json["output_count"] as? Int == 3 && json["failed_count"] as? Int == 2)
        #expect(json["passed"] as? Bool == false)
        let cases = try #require(json["cases"] as? [[String: Any]])
        #expect(cases.map { $0["passed"] as? Bool } == [true, false, false])
        #expect(try CheckReport(json: data) == Self.report)
    }

    @Test func nothingCheckedIsNoPass() {
        #expect(!CheckReport([]).passed)
        #expect(!CheckReport([CaseCheck(path: "a", kind: "fps", outputs: [], failure: nil, seconds: 0)]).passed)
    }
}
