import Foundation
import Testing
import TestSupport

@Suite struct DoctorTests {
    private func diagnose(_ path: String, usable: Bool) throws -> [String: Any] {
        let outcome = try Leo.run("doctor", path, "--json")
        #expect(outcome.status == (usable ? 0 : 1), "\(outcome.output)")
        let diagnosis = try #require((outcome.json()["diagnoses"] as? [[String: Any]])?.first)
        #expect(diagnosis["usable"] as? Bool == usable, "\(outcome.output)")
        return diagnosis
    }

    private func messages(_ diagnosis: [String: Any], _ level: String) -> [String] {
        ((diagnosis["findings"] as? [[String: String]]) ?? []).filter { $0["level"] == level }.map { "\($0["path"] ?? ""): \($0["message"] ?? "")" }
    }

    @Test func describesTheMachine() throws {
        let report = try Leo.run("doctor", "--json").json()
        #expect((report["cores"] as? Int ?? 0) >= 1)
        #expect((report["instruction_sets"] as? [String])?.first == "ref")
        #expect((report["kernels"] as? [[String: Any]])?.isEmpty == false)
        #expect(try Leo.run("doctor", environment: ["LEO_ISA": "sse9"]).status == 1)
    }

    @Test(arguments: [
        ("", "empty"), ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 13476839424\n", "git-lfs pointer to a file of 13.5 GB"),
        ("<!DOCTYPE html>\n<html>", "web page"), ("  <html><body>", "web page"),
    ])
    func recognisesWhatIsNoFileAtAll(contents: String, expected: String) throws {
        try withTemporaryFolder { folder in
            for name in ["x.bin", "x.leo", "x.ply", "tokenizer.model", "x.safetensors"] {
                let path = folder + "/" + name
                try Data(contents.utf8).write(to: URL(fileURLWithPath: path))
                let diagnosis = try diagnose(path, usable: false)
                #expect(messages(diagnosis, "error").first?.contains(expected) == true, "\(name): \(diagnosis)")
            }
        }
    }

    @Test func tellsTheMemoryOfAModel() throws {
        try withMicroModel { folder, model in
            let diagnosis = try diagnose(model, usable: true)
            #expect(diagnosis["kind"] as? String == "leo_file")
            let memory = try #require(diagnosis["memory"] as? [String: Any])
            let size = try FileManager.default.attributesOfItem(atPath: model)[.size] as? Int
            #expect(memory["weight_bytes"] as? Int == size)
            // Keys and values of 2 layers: 2048 positions and 2048 cells of answers, 64 numbers in f16 each.
            #expect(memory["cache_bytes"] as? Int == 2 * 2 * 4096 * 64 * 2)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: model))
            bytes.removeLast(5000)
            try bytes.write(to: URL(fileURLWithPath: folder + "/cut.leo"))
            _ = try diagnose(folder + "/cut.leo", usable: false)
        }
    }

    @Test func readsPointClouds() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/scene.ply"
            try scene().write(to: URL(fileURLWithPath: path))
            let diagnosis = try diagnose(path, usable: true)
            #expect(diagnosis["kind"] as? String == "point_cloud")
            #expect((diagnosis["details"] as? [String: String])?["objects"] == "3")
            try Data("ply\nformat ascii 1.0\nelement vertex 5\n".utf8).write(to: URL(fileURLWithPath: path))
            _ = try diagnose(path, usable: false)
        }
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
    func recognisesTheCheckpointsOfAModel() throws {
        let tiny = (sharedFolder ?? "") + "/golden/agent/tiny"
        let diagnosis = try diagnose(tiny, usable: true)
        #expect(diagnosis["kind"] as? String == "checkpoints")
        let details = try #require(diagnosis["details"] as? [String: String])
        for role in ["language_model", "image_encoder", "point_encoder", "leo_checkpoint"] { #expect(details[role] != nil, "\(role)") }
        let command = try #require(details["convert"])
        try withTemporaryFolder { folder in
            // The command it proposes works as it stands.
            let outcome = try Leo.shell("cd '\(folder)' && " + command.replacingOccurrences(of: "leo convert", with: "\"$LEO\" convert"))
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(FileManager.default.fileExists(atPath: folder + "/leo.leo"))
        }
        #expect(try diagnose(tiny + "/vicuna-tiny", usable: true)["kind"] as? String == "language_model")
        #expect(try diagnose(tiny + "/leo.pth", usable: true)["kind"] as? String == "leo_checkpoint")
        #expect(try diagnose(tiny + "/pointnetpp.pth", usable: true)["kind"] as? String == "point_encoder")
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
    func recognisesSeveralCheckpointsInOneFolder() throws {
        let tiny = (sharedFolder ?? "") + "/golden/agent/tiny"
        try withTemporaryFolder { folder in
            // The name of the image encoder alone would make the folder look like a checkpoint itself.
            for path in ["convnext/open_clip_pytorch_model.bin", "pointnetpp.pth", "leo.pth", "vicuna-tiny"] {
                let target = folder + "/" + (path as NSString).lastPathComponent
                try FileManager.default.createSymbolicLink(atPath: target, withDestinationPath: tiny + "/" + path)
            }
            let all = try diagnose(folder, usable: true)
            #expect(all["kind"] as? String == "checkpoints")
            #expect((all["details"] as? [String: String])?["convert"] != nil)
            try FileManager.default.removeItem(atPath: folder + "/pointnetpp.pth")
            let some = try diagnose(folder, usable: true)
            #expect((some["details"] as? [String: String])?["convert"] == nil)
            #expect(messages(some, "warning").contains { $0.contains("PointNet++") })
        }
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
    func namesEveryMissingPiece() throws {
        try withTemporaryFolder { folder in
            let source = (sharedFolder ?? "") + "/golden/agent/tiny/vicuna-tiny"
            for name in ["config.json", "model.safetensors.index.json"] {
                try FileManager.default.copyItem(atPath: source + "/" + name, toPath: folder + "/" + name)
            }
            let lost = messages(try diagnose(folder, usable: false), "error")
            #expect(lost.count == 2)
            #expect(lost.allSatisfy { $0.contains("-of-00002.safetensors: is missing") }, "\(lost)")
            for name in ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] {
                try FileManager.default.copyItem(atPath: source + "/" + name, toPath: folder + "/" + name)
            }
            #expect(messages(try diagnose(folder, usable: true), "warning").contains { $0.contains("tokenizer.model: is missing") })
            try FileManager.default.removeItem(atPath: folder + "/config.json")
            #expect(messages(try diagnose(folder, usable: false), "error").contains { $0.contains("config.json: is missing") })
        }
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
    func recognisesDatasets() throws {
        let data = (sharedFolder ?? "") + "/golden/data"
        for folder in [data, data + "/scannet", data + "/instruction/", data + "/rscan/3RScan-ours-align"] {
            #expect(try diagnose(folder, usable: true)["kind"] as? String == "dataset", "\(folder)")
        }
        try withTemporaryFolder { folder in
            try FileManager.default.copyItem(atPath: data + "/rscan", toPath: folder + "/rscan")
            let scans = folder + "/rscan/3RScan-ours-align"
            let scan = try #require(FileManager.default.contentsOfDirectory(atPath: scans).sorted().first)
            try FileManager.default.removeItem(atPath: "\(scans)/\(scan)/inst_to_label.pth")
            #expect(messages(try diagnose(folder, usable: false), "error").contains { $0.contains("\(scan)/inst_to_label.pth: is missing") })
        }
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
    func survivesHostileFiles() throws {
        for folder in ["bad", "pointcloud"] {
            let outcome = try Leo.run("doctor", (sharedFolder ?? "") + "/golden/" + folder, "--json")
            #expect(outcome.signal == nil)
            #expect(outcome.status == 1)
            #expect(try outcome.json()["usable"] as? Bool == false)
        }
    }
}

/// A PLY file of three labelled objects of 80 points.
func scene() -> Data {
    var text = """
        ply
        format ascii 1.0
        element vertex 240
        property float x
        property float y
        property float z
        property uchar red
        property uchar green
        property uchar blue
        property int instance
        end_header

        """
    var random = SeededGenerator(seed: 7)
    for index in 0..<240 {
        let object = index / 80
        let point = random.floats(3).enumerated().map { $0.element * 0.2 + Float(object) * ($0.offset == 0 ? 1 : 0.3) }
        text += "\(point[0]) \(point[1]) \(point[2]) \(index % 256) \(object * 100) 30 \(object + 1)\n"
    }
    return Data(text.utf8)
}
