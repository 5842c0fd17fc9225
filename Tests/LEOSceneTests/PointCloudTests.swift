import Foundation
import LEOScene
import LEOTensor
import TestSupport
import Testing

@Suite struct PLYTests {
    private let points = TestPoint.random(50, seed: 1)

    @Test(arguments: [false, true]) func readsBinaryAmongListsAndOtherElements(bigEndian: Bool) throws {
        let cloud = try PointCloud(plyFile(points, bigEndian: bigEndian))
        #expect(try testPoints(of: cloud, label: "instance") == points)
        #expect(cloud.properties.map(\.name) == ["instance"])
        #expect(cloud.notices.isEmpty)
        #expect(cloud.gridSize == nil && cloud.image == nil)
    }

    @Test(arguments: ["\n", "\r\n", "\r"]) func readsTextWithAnyLineEnd(lineEnd: String) throws {
        let cloud = try PointCloud(plyText(points, lineEnd: lineEnd))
        #expect(try testPoints(of: cloud, label: "instance") == points)
    }

    @Test func keepsDoublesAsWritten() throws {
        let file =
            "ply\nformat ascii 1.0\nelement vertex 1\nproperty double x\nproperty float64 y\nproperty float z\nend_header\n"
        let cloud = try PointCloud(file + "0.025952600942684174 1e-300 0.1\n")
        #expect(cloud.coordinates == [0.025952600942684174, 1e-300, Double(Float(0.1))])
    }

    @Test func refusesInvalidPointsUnlessTold() throws {
        let file =
            "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\nend_header\n1 2 3\n1 nan 3\n1 2 inf\n"
        #expect(
            throws: SceneError.unusable(file: "test", field: "vertex 1", reason: "non-finite coordinate (first of 2)")
        ) {
            try PointCloud(file)
        }
        let cloud = try PointCloud(file, options: PointCloudOptions(nonFinitePoints: .markInvalid))
        #expect(cloud.invalidCount == 2)
        #expect(cloud.isValid(0) && !cloud.isValid(1) && !cloud.isValid(2))
    }

    @Test func keepsOnlyAskedProperties() throws {
        let options = PointCloudOptions(keptProperties: [])
        let cloud = try PointCloud(plyFile(points, bigEndian: false), options: options)
        #expect(cloud.properties.isEmpty && cloud.colors != nil)
    }

    @Test func errorsNameFileFieldAndReason() {
        let header =
            "ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\nend_header\n"
        func message(_ text: String) -> String {
            do {
                _ = try PointCloud(text, name: "a.ply")
                return "accepted"
            } catch { return "\(error)" }
        }
        #expect(message(header + "1 2 3\n4 five 6\n") == "a.ply: vertex 1, y: \"five\" is not a number")
        #expect(message(header + "1.5 2.5 3.5\n4 5\n") == "a.ply: vertex 1: has 2 of 3 values")
        #expect(message(header + "1 2 3\n4 5 6 7\n") == "a.ply: vertex 1: has more than 3 values")
        #expect(message(header + "1 2 3 ") == "a.ply: vertex: header promises 2, the file has room for 1 at most")
        #expect(message("hello") == "a.ply: magic: does not start with \"ply\"")
        #expect(
            message("ply\nformat ascii 1.0\nproperty float x\n") == "a.ply: header line 3: property before any element")
    }

    /// Not `JSONSerialization`, whose doubles are off in the last digits.
    private struct Expected: Decodable {
        let file: String
        let verdict: String
        let num_points: Int?
        let xyz: [[Double]]?
        let rgb: [[UInt8]]?
        let rgb_float_0_1: [[Float]]?
        let extra: [String: [Float]]?
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent))) func agreesWithEveryGoldenFile() throws {
        let folder = goldenPath("pointcloud/")
        let data = try Data(contentsOf: URL(fileURLWithPath: folder + "expected.json"))
        let cases = try JSONDecoder().decode([Expected].self, from: data)
        var accepted = 0
        for expected in cases {
            let file = expected.file
            guard expected.verdict == "accept" else {
                let error = #expect(throws: SceneError.self, "\(file)") { try PointCloud(contentsOf: folder + file) }
                if let error { #expect("\(error)".hasPrefix(folder + file), "\(file)") }
                continue
            }
            accepted += 1
            let cloud = try PointCloud(contentsOf: folder + file)
            #expect(cloud.count == expected.num_points, "\(file)")
            let positions = try #require(expected.xyz).flatMap { $0 }
            let same =
                file.contains("double")
                ? cloud.coordinates == positions : cloud.coordinates.map { Float($0) } == positions.map { Float($0) }
            #expect(same, "\(file): coordinates")
            #expect((cloud.colors == expected.rgb?.flatMap { $0 }) as Bool, "\(file): colours")
            if let floats = expected.rgb_float_0_1 {
                #expect((cloud.floatColors == floats.flatMap { $0 }) as Bool, "\(file)")
            }
            let extra = expected.extra ?? [:]
            #expect(Set(cloud.properties.map(\.name)) == Set(extra.keys), "\(file)")
            for property in cloud.properties {
                #expect((property.values.floats() == extra[property.name]) as Bool, "\(file): \(property.name)")
            }
            #expect(cloud.notices.isEmpty == (file != "le_count_small.ply"), "\(file): \(cloud.notices)")
        }
        #expect(accepted >= 20 && cases.count > accepted + 20)
    }
}

@Suite struct PCDTests {
    private let points = TestPoint.random(60, seed: 2)

    @Test(arguments: PCDKind.allCases, ["0.7", ".7", "0.6"]) func readsEveryEncoding(kind: PCDKind, version: String)
        throws
    {
        for packsInFloat in [true, false] {
            let cloud = try PointCloud(pcdFile(points, kind, version: version, packsInFloat: packsInFloat))
            #expect(try testPoints(of: cloud, label: "label") == points)
            #expect(cloud.properties.map(\.name) == ["label"], "padding and fields of several values are no properties")
        }
    }

    @Test(arguments: PCDKind.allCases) func keepsInvalidPointsOfAGrid(kind: PCDKind) throws {
        var points = points
        points[7].x = .nan
        points[8].z = .infinity
        let cloud = try PointCloud(pcdFile(points, kind, width: 10))
        #expect(cloud.gridSize == GridSize(width: 10, height: 6))
        #expect(cloud.invalidCount == 2 && !cloud.isValid(7) && !cloud.isValid(8) && cloud.isValid(9))
        let image = try #require(cloud.image)
        #expect(image.width == 10 && image.height == 6)
        #expect(image[7, 0] == (points[7].rgb.0, points[7].rgb.1, points[7].rgb.2), "points without depth have colour")
        #expect(image[3, 5] == (points[53].rgb.0, points[53].rgb.1, points[53].rgb.2))
        #expect(throws: SceneError.self) {
            try PointCloud(pcdFile(points, kind), options: PointCloudOptions(nonFinitePoints: .reject))
        }
    }

    @Test(arguments: [
        ("VERSION 0.7", "VERSION 0.9", "VERSION"), ("POINTS 60", "POINTS 61", "POINTS"),
        ("WIDTH 60", "WIDTH -1", "WIDTH"),
        ("WIDTH 60", "WIDTH 9223372036854775807", "WIDTH"), ("SIZE 2", "SIZE 3", "label"),
        ("COUNT 1 3", "COUNT 1", "COUNT"),
        ("COUNT 1 3", "COUNT 1 99999999999", "COUNT"), ("FIELDS label", "FIELDS z", "z"),
        ("FIELDS label _ z", "FIELDS label _ w", "z"),
        ("DATA binary", "DATA other", "DATA"), ("VIEWPOINT 0", "VIEWPOINTS 0", "header"),
        ("TYPE I", "TYPE I I", "TYPE"),
        ("COUNT 1 3 1 5 1 1", "COUNT 1 3 1 4 1 2", "x: point has no x"),
    ]) func refusesContradictions(original: String, replacement: String, field: String) throws {
        let file = String(decoding: pcdFile(points, .binary).prefix { $0 < 128 }, as: UTF8.self)
        let end = try #require(file.range(of: "DATA binary\n")?.upperBound)
        let header = String(file[..<end])
        #expect(header.contains(original))
        let bytes =
            Array(header.replacing(original, with: replacement).utf8)
            + pcdFile(points, .binary).dropFirst(header.utf8.count)
        let error = #expect(throws: SceneError.self) { try PointCloud(bytes, name: "a.pcd") }
        if let error { #expect("\(error)".contains("a.pcd: ") && "\(error)".contains(field), "\(error)") }
    }

    @Test func refusesBrokenCompression() throws {
        let file = pcdFile(points, .compressed)
        let start = try #require(String(decoding: file, as: Unicode.ASCII.self).range(of: "binary_compressed\n"))
            .upperBound
        let offset = String(decoding: file, as: Unicode.ASCII.self).distance(
            from: String(decoding: file, as: Unicode.ASCII.self).startIndex, to: start)
        var liar = file
        liar[offset + 4] &+= 1
        #expect(throws: SceneError.self) { try PointCloud(liar) }
        var backwards = file
        backwards[offset + 8] = 0xFF
        backwards[offset + 9] = 0xFF
        #expect(throws: SceneError.self) { try PointCloud(backwards) }
        // Four thousand million promised points in a file of a few hundred bytes.
        let header =
            "VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 357913941\nHEIGHT 1\nDATA binary_compressed\n"
        #expect(throws: SceneError.self) {
            try PointCloud(Array(header.utf8) + [8, 0, 0, 0, 252, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0])
        }
    }

    @Test(
        .enabled(if: hasShared, Comment(rawValue: sharedAbsent)),
        arguments: [
            ("test11.pcd", [0, 1, 20, 30, 40]), ("test52.pcd", [0, 1, 20, 30, 40, 50, 60, 70, 80]),
            ("learn21.pcd", [0, 1, 20, 30, 40]),
            ("office_unlabelled.pcd", []),
        ]) func readsRealScans(name: String, labels: [Int]) throws
    {
        let cloud = try PointCloud(contentsOf: scanPath(name))
        #expect(cloud.count == 307_200 && cloud.gridSize == GridSize(width: 640, height: 480))
        #expect(cloud.invalidCount > 0 && cloud.invalidCount < cloud.count / 2)
        #expect(try Set(cloud.instanceIDs() ?? []).sorted() == labels)
        #expect(cloud.image?.pixels.contains { $0 > 100 } == true)
        let bounds = try Scene(cloud, options: SceneOptions(division: .whole)).bounds
        #expect(bounds.size.max() < 20, "metres, in front of a depth camera")
    }
}

@Suite struct NumPyCloudTests {
    private let rows: [[Float]] = [[1, 2, 3, 0, 128, 255, 4], [4, 5, 6, 1, 2, 3, -1]]

    @Test(arguments: [3, 6, 7], [false, true]) func readsEveryWidth(width: Int, columnMajor: Bool) throws {
        let cloud = try PointCloud(npyFile(rows.map { Array($0.prefix(width)) }, columnMajor: columnMajor))
        #expect(cloud.coordinates == [1, 2, 3, 4, 5, 6])
        #expect(cloud.colors == (width > 3 ? [0, 128, 255, 1, 2, 3] : nil))
        #expect(try cloud.instanceIDs() == (width == 7 ? [4, -1] : nil))
    }

    @Test func unitColoursStayFloats() throws {
        let cloud = try PointCloud(npyFile([[0, 0, 0, 0, 0.5, 1]]))
        #expect(cloud.floatColors == [0, 0.5, 1])
        #expect(cloud.colors == [0, 128, 255])
    }

    @Test func refusesOtherArrays() {
        #expect(throws: SceneError.self) { try PointCloud(npyFile([[1, 2]])) }
        #expect(throws: SceneError.self) { try PointCloud(npyFile([])) }
        #expect(throws: SceneError.self) { try PointCloud(npyFile([[1, 2, .nan]])) }
        #expect(throws: SceneError.self) { try PointCloud(npyFile([[1, 2, 3, -1, 0, 0]])) }
        #expect(throws: SceneError.self) { try PointCloud(npyFile([[1, 2, 3, 256, 0, 0]])) }
        var file = npyFile(rows)
        file.removeLast()
        #expect(throws: SceneError.self) { try PointCloud(file) }
    }

    @Test func fractionalIDsAreNoIDs() throws {
        let cloud = try PointCloud(npyFile([[1, 2, 3, 0, 0, 0, 1.5]]))
        #expect(
            throws: SceneError.malformed(
                file: "test", field: "point 0, instance", reason: "1.5 is no instance id: not a whole number")
        ) { try cloud.instanceIDs() }
    }

    @Test(
        .enabled(if: hasShared, Comment(rawValue: sharedAbsent)),
        arguments: [
            "npy_bad_magic", "npy_code_in_header", "npy_object_evil", "npy_shape_overflow", "npy_truncated",
            "npy_unknown_dtype",
        ]) func refusesHostileFiles(name: String)
    {
        #expect(throws: SceneError.self) { try PointCloud(contentsOf: goldenPath("bad/\(name).npy")) }
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent))) func readsGoodFile() throws {
        #expect(try PointCloud(contentsOf: goldenPath("bad/npy_good.npy")).coordinates == [0, 1, 2, 3, 4, 5])
    }
}

@Suite struct ColourTests {
    private func cloud(_ type: String, _ colors: String) throws -> PointCloud {
        try PointCloud(
            "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\n"
                + "property \(type) red\nproperty \(type) green\nproperty \(type) blue\nend_header\n1 2 3 \(colors)\n")
    }

    @Test func mapsEveryKind() throws {
        #expect(try cloud("uchar", "1 2 255").colors == [1, 2, 255])
        #expect(try cloud("ushort", "1 2 255").colors == [1, 2, 255])
        #expect(try cloud("ushort", "0 257 65535").colors == [0, 1, 255])
        #expect(try cloud("int", "0 9 255").colors == [0, 9, 255])
        #expect(try cloud("float", "0 0.2 1").colors == [0, 51, 255])
        #expect(try cloud("float", "0 51 255").colors == [0, 51, 255])
        #expect(try cloud("float", "0 51 255").floatColors == [0, 0.2, 1])
    }

    @Test(arguments: [
        ("uchar", "1 2 256"), ("uchar", "-1 2 3"), ("int", "1 2 256"), ("int", "1 -2 3"), ("float", "0 -0.1 1"),
        ("float", "0 1 256"),
        ("double", "nan 0 0"), ("uchar", "0.5 0 0"),
    ]) func refusesOthers(type: String, colors: String) {
        #expect(throws: SceneError.self) { try cloud(type, colors) }
    }
}

@Suite struct HostileCloudTests {
    private static let files: [(name: String, bytes: [UInt8])] = {
        let points = TestPoint.random(6, seed: 3)
        return [
            ("a.ply", plyFile(points, bigEndian: false)), ("b.ply", plyFile(points, bigEndian: true)),
            ("c.ply", Array(plyText(points).utf8)), ("d.pcd", pcdFile(points, .ascii)),
            ("e.pcd", pcdFile(points, .binary)),
            ("f.pcd", pcdFile(points, .compressed, width: 3)),
            ("g.npy", npyFile([[1, 2, 3, 4, 5, 6, 7], [7, 6, 5, 4, 3, 2, 1]])),
        ]
    }()

    /// Reads the bytes and does what a caller would do with the cloud. Any error is fine, a trap is not.
    private func use(_ bytes: [UInt8], _ name: String) -> Bool {
        guard let cloud = try? PointCloud(bytes, name: name) else { return false }
        _ = cloud.image
        guard let scene = try? Scene(cloud, options: SceneOptions(maximumObjects: 3)) else { return true }
        return scene.objectTensors(pointsPerObject: 8).count > 0
    }

    @Test(arguments: files.indices) func survivesTruncationAtEveryByte(index: Int) {
        let (name, bytes) = Self.files[index]
        #expect(use(bytes, name))
        for length in 0..<bytes.count { _ = use(Array(bytes.prefix(length)), name) }
        #expect(!use(Array(bytes.prefix(bytes.count / 2)), name), "half a file is refused")
    }

    @Test(arguments: files.indices) func survivesFlippedBytes(index: Int) {
        let (name, original) = Self.files[index]
        var random = SeededGenerator(seed: UInt64(index) + 40)
        var accepted = 0
        for _ in 0..<1500 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                bytes[position] =
                    Bool.random(using: &random)
                    ? .random(in: 0...255, using: &random)
                    : [48, 57, 45, 32, 10, 0, 0x7F, 0xFF].randomElement(using: &random) ?? 0
            }
            if use(bytes, name) { accepted += 1 }
        }
        #expect(accepted < 1500, "some flips are noticed")
    }
}
