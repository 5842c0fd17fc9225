import Foundation
import LEOConvert
import LEOScene
import LEOTensor

extension CaseFolder {
    /// Whether there is an `expected.json`, and whether it begins as a list.
    fileprivate var expectedListing: (exists: Bool, isList: Bool) {
        guard has("expected.json") else { return (false, false) }
        guard let handle = FileHandle(forReadingAtPath: file("expected.json")) else { return (true, false) }
        defer { try? handle.close() }
        let start = (try? handle.read(upToCount: 64)) ?? Data()
        return (true, start.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "["))
    }

    /// A failure for every listed file that is not here: it must not pass for rejected. And for every file not listed.
    fileprivate func listingChecks(_ listed: [String]) throws -> [OutputCheck] {
        let here = try folderNames(path).filter { !$0.hasPrefix(".") && $0 != "expected.json" }
        let names = Set(listed)
        let unlisted = here.filter { !names.contains($0) }.sorted().map {
            OutputCheck(name: $0, passed: false, note: "is here, but expected.json does not say what to expect of it")
        }
        return names.count == listed.count ? unlisted : unlisted + [OutputCheck(name: "expected.json", passed: false, note: "lists a file twice")]
    }

    /// Checks one listed file. `read` says what is wrong with what it read.
    fileprivate func fileCheck(
        _ name: String, accepts: Bool, _ isRejection: (any Error) -> Bool, _ read: (String) throws -> String?
    ) -> OutputCheck {
        func failed(_ note: String) -> OutputCheck { OutputCheck(name: name, passed: false, note: note) }
        guard !name.contains("/"), has(name) else { return failed("the file is missing") }
        do {
            let wrong = try read(file(name))
            return OutputCheck(name: name, passed: wrong == nil, note: wrong ?? "")
        } catch {
            if !accepts, isRejection(error) { return OutputCheck(name: name, passed: true) }
            return failed(accepts ? "expected to be read, found: \(error)" : "expected an error of the reader, found: \(error)")
        }
    }
}

private enum Verdict: String, Decodable { case accept, reject }

/// Point cloud files, well-formed and hostile, with what reading each must give.
enum CloudFilesKind: CaseKind {
    static func recognises(_ folder: CaseFolder) -> Bool { folder.expectedListing == (true, true) }
    static func name(_ folder: CaseFolder) -> String { "point clouds" }

    private struct Row: Decodable {
        let file: String
        let verdict: Verdict
        let reason: String?
        let num_points: Int?
        let xyz: [[Double]]?
        let rgb: [[UInt8]]?
        let rgb_float_0_1: [[Float]]?
        let extra: [String: [Float]]?
    }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let rows = try decodedJSON([Row].self, try folder.data("expected.json"), path: folder.file("expected.json"))
        if rows.isEmpty { throw CheckError.malformed(path: folder.file("expected.json"), field: "file", expected: "at least one file") }
        return rows.map { row in
            folder.fileCheck(row.file, accepts: row.verdict == .accept, { $0 is SceneError }) { path in
                let cloud = try PointCloud(contentsOf: path)
                return row.verdict == .accept ? difference(cloud, row) : "expected to be refused (\(row.reason ?? "")), was read"
            }
        } + (try folder.listingChecks(rows.map(\.file)))
    }

    private static func difference(_ cloud: PointCloud, _ row: Row) -> String? {
        guard let count = row.num_points, let xyz = row.xyz, xyz.allSatisfy({ $0.count == 3 }) else {
            return "expected.json gives no num_points or xyz"
        }
        if cloud.count != count { return "num_points: expected \(count), found \(cloud.count)" }
        let positions = xyz.flatMap { $0 }
        // Only files of doubles record more than f32 holds.
        let wrongPosition = row.file.contains("double")
            ? Comparison.difference("xyz", cloud.coordinates, positions)
            : Comparison.difference("xyz", cloud.coordinates.map { Float($0) }, positions.map { Float($0) })
        if let wrongPosition { return wrongPosition }
        if (cloud.colors == nil) != (row.rgb == nil) { return "rgb: expected \(row.rgb == nil ? "none" : "colours")" }
        if let wrong = Comparison.difference("rgb", cloud.colors ?? [], row.rgb?.flatMap { $0 } ?? []) { return wrong }
        if let colors = row.rgb_float_0_1,
            let wrong = Comparison.difference("rgb_float_0_1", cloud.floatColors ?? [], colors.flatMap { $0 })
        {
            return wrong
        }
        let extra = row.extra ?? [:]
        if let wrong = Comparison.difference("extra", cloud.properties.map(\.name).sorted(), extra.keys.sorted()) { return wrong }
        return cloud.properties.lazy.compactMap { Comparison.difference("extra.\($0.name)", $0.values.floats(), extra[$0.name] ?? []) }.first
    }
}

/// Checkpoint files built to be wrong, odd or malicious, with what reading each must give.
enum CheckpointFilesKind: CaseKind {
    // Whatever is no list is taken for this kind, so that a damaged expected.json fails instead of being passed over.
    static func recognises(_ folder: CaseFolder) -> Bool { folder.expectedListing == (true, false) }
    static func name(_ folder: CaseFolder) -> String { "checkpoints" }

    private struct Golden: Decodable {
        let cases: [Row]
    }
    private struct Row: Decodable {
        struct Values: Decodable {
            let dtype: String
            let shape: [Int]
            let bytes_le_base64: String
        }
        let file: String
        let verdict: Verdict
        let reason: String?
        let tensors: [String: Values]?
        let scalars: [String: Scalar]?
        let tied_groups: [[String]]?
        let may_accept_if_nothing_written: Bool?
        let may_accept_if_bounded: Bool?
    }
    private struct Scalar: Decodable {
        let value: CheckpointScalar

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() { value = .none
            } else if let flag = try? container.decode(Bool.self) { value = .bool(flag)
            } else if let integer = try? container.decode(Int.self) { value = .int(integer)
            } else if let number = try? container.decode(Double.self) { value = .double(number)
            } else { value = .string(try container.decode(String.self)) }
        }
    }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let rows = try decodedJSON(Golden.self, try folder.data("expected.json"), path: folder.file("expected.json")).cases
        if rows.isEmpty { throw CheckError.malformed(path: folder.file("expected.json"), field: "cases", expected: "at least one file") }
        let before = try contents(folder)
        var checks = rows.map { row in
            folder.fileCheck(row.file, accepts: row.verdict == .accept, { $0 is CheckpointError }) { path in
                let found = try readEverything(path: path)
                if row.verdict == .accept { return difference(found.tensors, found.scalars, found.tied, row) }
                // What was written, if anything, is looked for after all files.
                if row.may_accept_if_nothing_written == true { return nil }
                if row.may_accept_if_bounded == true, found.tensors.isEmpty { return nil }
                return "expected to be refused (\(row.reason ?? "")), was read with \(found.tensors.count) tensors"
            }
        }
        checks += try folder.listingChecks(rows.map(\.file))
        let written = try contents(folder).subtracting(before).sorted()
        let payloads = payloads(folder)
        checks.append(
            OutputCheck(
                name: "nothing written", passed: payloads.isEmpty && written.isEmpty,
                note: payloads.isEmpty && written.isEmpty ? "" : "a payload ran or an entry was extracted: \((payloads + written).joined(separator: ", "))"))
        return checks
    }

    private static func difference(
        _ tensors: [(name: String, tensor: Tensor)], _ scalars: [(name: String, value: CheckpointScalar)], _ tied: [[String]], _ row: Row
    ) -> String? {
        let expected = row.tensors ?? [:]
        if let wrong = Comparison.difference("tensors", tensors.map(\.name).sorted(), expected.keys.sorted()) { return wrong }
        for (name, tensor) in tensors {
            guard let golden = expected[name], let type = ElementType(numpyName: golden.dtype), let bytes = Data(base64Encoded: golden.bytes_le_base64)
            else { return "expected.json: \(name): dtype or bytes_le_base64 cannot be read" }
            if tensor.elementType != type { return "\(name): expected \(type.rawValue), found \(tensor.elementType.rawValue)" }
            if tensor.shape != golden.shape { return "\(name): expected shape \(golden.shape), found \(tensor.shape)" }
            if let wrong = tensor.withBytes({ Comparison.difference("\(name), bytes", Array($0), Array(bytes)) }) { return wrong }
        }
        let values = Dictionary(scalars.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        for (name, golden) in (row.scalars ?? [:]).sorted(by: { $0.key < $1.key }) where values[name] != golden.value {
            return "\(name): expected \(golden.value), found \(values[name].map { "\($0)" } ?? "nothing")"
        }
        guard let groups = row.tied_groups else { return nil }
        return Comparison.difference("tied_groups", ordered(tied), ordered(groups))
    }

    private static func ordered(_ groups: [[String]]) -> [[String]] {
        groups.map { $0.sorted() }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func contents(_ folder: CaseFolder) throws -> Set<String> {
        Set(try folderNames(folder.path))
    }

    /// Files that the payloads in these checkpoints would leave behind.
    private static func payloads(_ folder: CaseFolder) -> [String] {
        var places = ["/tmp", FileManager.default.temporaryDirectory.path, folder.path, (folder.path as NSString).deletingLastPathComponent]
        var parent = FileManager.default.currentDirectoryPath
        while !places.contains(parent), !parent.isEmpty {
            places.append(parent)
            parent = (parent as NSString).deletingLastPathComponent
        }
        return Set(places).sorted().flatMap { place in
            ((try? FileManager.default.contentsOfDirectory(atPath: place.isEmpty ? "." : place)) ?? [])
                .filter { $0.hasPrefix("PWNED") }.map { (place as NSString).appendingPathComponent($0) }
        }
    }
}
