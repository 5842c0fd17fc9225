import Foundation
import Testing
import TestSupport

/// `leo world render`, `describe` and `scene`, run as a user runs them.
@Suite struct WorldCommandTests {
    @Test func sceneFileShowsTheSameWorldAsItsSeed() throws {
        try withTemporaryFolder { folder in
            #expect(try Leo.run("world", "scene", "7", "-o", folder + "/house.json").status == 0)
            for source in ["7", folder + "/house.json"] {
                let name = source == "7" ? "seed" : "file"
                let outcome = try Leo.run(
                    "world", "render", source, "-o", folder + "/\(name).png", "--width", "96", "--height", "64",
                    "--depth", folder + "/\(name)-depth.png", "--ids", folder + "/\(name)-ids.png")
                #expect(outcome.status == 0, "\(outcome.errors)")
                #expect(outcome.output.isEmpty)
            }
            for part in [".png", "-depth.png", "-ids.png"] {
                let seed = try Data(contentsOf: URL(fileURLWithPath: folder + "/seed\(part)"))
                #expect(seed.count > 100)
                #expect(seed == (try Data(contentsOf: URL(fileURLWithPath: folder + "/file\(part)"))), "\(part)")
            }
            let first = try Leo.run("world", "describe", "7", "--json").json()
            let second = try Leo.run("world", "describe", folder + "/house.json", "--json").json()
            #expect((first["things"] as? [Any])?.count ?? 0 > 5)
            #expect(NSDictionary(dictionary: first) == NSDictionary(dictionary: second))
            #expect(try Leo.run("world", "describe", "7").output.contains("seed 7"))
        }
    }

    @Test func cloudsAndPlansAreWritten() throws {
        try withTemporaryFolder { folder in
            let scan = try Leo.run("world", "scene", "3", "-o", folder + "/scan.ply", "--views", "1", "--noise")
            #expect(scan.status == 0 && scan.errors.contains("points"), "\(scan.errors)")
            #expect(try Leo.run("world", "scene", "3", "-o", folder + "/all.ply", "--complete", "--points", "50").status == 0)
            let header = try Data(contentsOf: URL(fileURLWithPath: folder + "/all.ply")).prefix(400)
            #expect(String(decoding: header, as: UTF8.self).contains("property int instance\nend_header\n"))
            #expect(try Leo.run("world", "render", "3", "-o", folder + "/plan.svg", "--top-down").status == 0)
            #expect(try String(contentsOfFile: folder + "/plan.svg", encoding: .utf8).hasSuffix("</svg>\n"))
            #expect(try Leo.run("world", "render", "3", "-o", folder + "/top.png", "--top-down", "--width", "80").status == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["all.ply", "plan.svg", "scan.ply", "top.png"])
        }
    }

    @Test(arguments: [
        ["render", "7"], ["render", "7", "-o", "x.svg"], ["render", "7", "-o", "x.png", "--width", "0"],
        ["render", "7", "-o", "x.png", "--height", "99999"], ["render", "7", "-o", "x.png", "--fov", "180"],
        ["render", "7", "-o", "x.png", "--position", "1,2"], ["render", "7", "-o", "x.png", "--position", "1,2,nan"],
        ["render", "7", "-o", "x.png", "--samples", "9"], ["render", "7", "-o", "x.png", "--top-down", "--yaw", "3"],
        ["render", "7", "-o", "x.svg", "--top-down", "--ids", "i.png"], ["scene", "7"], ["scene", "7", "-o", "x.obj"],
        ["scene", "7", "-o", "x.json", "--complete"], ["scene", "7", "-o", "x.ply", "--noise"],
        ["scene", "7", "-o", "x.ply", "--views", "0"], ["scene", "7", "-o", "x.ply", "--views", "2", "--complete"],
        ["scene", "7", "-o", "x.ply", "--points", "0"], ["describe"],
        ["tasks", "--kind", "nonsense", "-o", "x"], ["tasks", "--kind", ",", "-o", "x"], ["tasks", "--kind", "scanqa", "--count", "0", "-o", "x"],
        ["tasks", "--kind", "scanqa", "--validation-count", "1000001", "-o", "x"],
        ["tasks", "--kind", "scanqa", "--per-scene", "0", "-o", "x"], ["tasks", "--kind", "scanqa", "--points", "0", "-o", "x"],
        ["legent", "--port", "0"], ["legent", "--patience", "nan"], ["legent", "--seed", "1", "--scene", "x"],
    ])
    func wrongUsageExitsWith64(arguments: [String]) throws {
        let outcome = try Leo.start(Leo.path, ["world"] + arguments).wait()
        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("Usage: leo world \(arguments[0]) "), "\(outcome.errors)")
    }

    @Test func whatIsNoFileIsWrittenInto() throws {
        try withTemporaryFolder { folder throws in
            #expect(try Leo.run("world", "render", "7", "-o", folder + "/view.png", "--width", "64", "--height", "48").status == 0)
            let expected = try Data(contentsOf: URL(fileURLWithPath: folder + "/view.png"))
            let outcome = try Leo.shell("""
                cd '\(folder)' && mkfifo pipe && ln -s /proc/self/fd/1 output && ln -s view.png link
                cat pipe > read & "$LEO" world render 7 -o pipe --width 64 --height 48 && wait && test -p pipe || exit 1
                (echo before; "$LEO" world render 7 -o output --width 64 --height 48; echo after) > all && test -L output || exit 2
                "$LEO" world render 8 -o link --width 64 --height 48 && test -L link || exit 3
                """)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/read")) == expected)
            let all = try Data(contentsOf: URL(fileURLWithPath: folder + "/all"))
            var framed = Data("before\n".utf8)
            framed.append(expected)
            framed.append(contentsOf: "after\n".utf8)
            #expect(all == framed)
            let replaced = try Data(contentsOf: URL(fileURLWithPath: folder + "/view.png"))
            #expect(replaced != expected && replaced.starts(with: [0x89, 0x50, 0x4e, 0x47]))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["all", "link", "output", "pipe", "read", "view.png"])
        }
    }

    @Test func placesThatCannotBeWrittenAreNamed() throws {
        try withTemporaryFolder { folder throws in
            let cases: [(arguments: [String], name: String)] = [
                (["render", "7"], "x.png"), (["render", "7", "--top-down"], "x.svg"), (["scene", "7"], "x.json"),
                (["scene", "7"], "x.gltf"), (["scene", "7", "--points", "9"], "x.ply"),
            ]
            for (arguments, name) in cases {
                let path = "\(folder)/\(name)"
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                let outcome = try Leo.start(Leo.path, ["world"] + arguments + ["-o", path]).wait()
                #expect(outcome.status == 1)
                #expect(outcome.errors == "error: \(path): cannot write: is a directory\n")
                let absent = try Leo.start(Leo.path, ["world"] + arguments + ["-o", "\(folder)/none/\(name)"]).wait()
                #expect(absent.status == 1)
                #expect(absent.errors == "error: \(folder)/none/\(name): cannot create a file in \(folder)/none: No such file or directory\n")
            }
        }
    }

    @Test func aFullDiskIsAnErrorAndLeavesTheOldFile() throws {
        try withTemporaryFolder { folder throws in
            let cases = ["render 7 -o x.png", "render 7 --top-down -o x.svg", "render 7 -o /dev/null --ids x.png", "scene 7 -o x.json", "scene 7 -o x.gltf", "scene 7 --points 9 -o x.ply"]
            for line in cases {
                let name = try #require(line.split(separator: " ").first { $0.hasPrefix("x.") })
                try Data("old".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
                // A limit on the size of files stands in for a full disk: the same calls fail.
                let outcome = try Leo.shell(#"cd "\#(folder)"; ulimit -f 1; exec "$LEO" world \#(line)"#)
                #expect(outcome.status == 1 && outcome.signal == nil, "\(line)")
                #expect(isOneError(outcome.errors, "\(name): cannot write: "), "\(line): \(outcome.errors)")
                #expect(try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) == "old")
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [String(name)])
                try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            }
        }
    }

    @Test func whatIsNoWorldIsExplained() throws {
        for name in ["99x", "-1.5.json", "/"] {
            let outcome = try Leo.start(Leo.path, ["world", "describe", "--", name]).wait()
            #expect(outcome.status == 1)
            #expect(isOneError(outcome.errors, "\(name): is neither a seed (a whole number) nor a scene file"), "\(outcome.errors)")
        }
    }

    @Test func errorsNameTheFile() throws {
        try withTemporaryFolder { folder in
            let absent = try Leo.run("world", "describe", folder + "/none.json")
            #expect(absent.status == 1)
            #expect(isOneError(absent.errors, folder + "/none.json"), "\(absent.errors)")
            let path = folder + "/broken.json"
            try Data("{\"instances\": 3}".utf8).write(to: URL(fileURLWithPath: path))
            let broken = try Leo.run("world", "render", path, "-o", folder + "/x.png")
            #expect(broken.status == 1)
            #expect(isOneError(broken.errors, path, "instances"), "\(broken.errors)")
            let unwritable = try Leo.run("world", "scene", "7", "-o", folder + "/none/x.ply")
            #expect(unwritable.status == 1)
            #expect(isOneError(unwritable.errors, folder + "/none/x.ply"), "\(unwritable.errors)")
            #expect(try Leo.run("world", "scene", "7", "-o", folder + "/house.json").status == 0)
            let over = try Leo.run("world", "scene", folder + "/house.json", "-o", folder + "/house.json")
            #expect(over.status == 1)
            #expect(isOneError(over.errors, "would overwrite the input"), "\(over.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["broken.json", "house.json"])
        }
    }
}
