import Foundation
import LEOConvert
import LEOTensor
import TestSupport
import Testing

/// Every file of golden/bad: accepted ones bit for bit, rejected ones with a reason.
@Suite("Readers: files built to be wrong or odd")
struct ReadersBadGoldenTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let file: String
        let isAccepted: Bool
        let reason: String
        let tensors: [String: (type: ElementType, shape: [Int], bytes: Data)]
        let scalars: [String: CheckpointScalar]
        let tied: [[String]]?
        var testDescription: String { file }
    }

    static let folder = (sharedFolder ?? "") + "/golden/bad"

    static let cases: [Case] = {
        guard let data = FileManager.default.contents(atPath: folder + "/expected.json"),
            let json = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
            let cases = json["cases"] as? [[String: Any]]
        else { return [] }
        let types: [String: ElementType] = [
            "float64": .f64, "float32": .f32, "float16": .f16, "bfloat16": .bf16, "int64": .i64, "int32": .i32,
            "int16": .i16, "int8": .i8, "uint8": .u8, "bool": .bool,
        ]
        return cases.compactMap { item in
            guard let file = item["file"] as? String, let verdict = item["verdict"] as? String else { return nil }
            var tensors: [String: (type: ElementType, shape: [Int], bytes: Data)] = [:]
            for (name, value) in item["tensors"] as? [String: [String: Any]] ?? [:] {
                guard let type = types[value["dtype"] as? String ?? ""], let shape = value["shape"] as? [Int],
                    let bytes = Data(base64Encoded: value["bytes_le_base64"] as? String ?? "?")
                else { return nil }
                tensors[name] = (type, shape, bytes)
            }
            var scalars: [String: CheckpointScalar] = [:]
            for (name, value) in item["scalars"] as? [String: Any] ?? [:] { scalars[name] = scalar(value) }
            return Case(
                file: file, isAccepted: verdict == "accept", reason: item["reason"] as? String ?? "", tensors: tensors,
                scalars: scalars, tied: item["tied_groups"] as? [[String]])
        }
    }()

    private static func scalar(_ value: Any) -> CheckpointScalar {
        if value is NSNull { return .none }
        if let text = value as? String { return .string(text) }
        guard let number = value as? NSNumber else { return .other("?") }
        // JSON booleans and integers are told apart by the stored type.
        switch String(cString: number.objCType) {
        case "c", "B": return .bool(number.boolValue)
        case "d": return .double(number.doubleValue)
        default: return .int(number.intValue)
        }
    }

    @Test("all cases of expected.json were understood", .enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
    func casesAreComplete() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter { $0 != "expected.json" }
        #expect(Set(files) == Set(Self.cases.map(\.file)))
        #expect(Self.cases.count > 100)
    }

    @Test(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)), arguments: cases)
    func verdict(_ item: Case) throws {
        let path = Self.folder + "/" + item.file
        guard item.isAccepted else {
            let error = #expect(throws: CheckpointError.self) { try readEverything(path: path) }
            let text = try #require(error).description
            #expect(text.contains(item.file) && !text.contains("\n"))
            for match in item.reason.matches(
                of: /asks for ([a-z_]+\.[a-z_]+)|GLOBAL ([a-z.]+)|INST ([a-z.]+)|OBJ ([a-z.]+)/)
            {
                let global = try #require(match.1 ?? match.2 ?? match.3 ?? match.4)
                #expect(text.contains(global), "\(text) does not name \(global)")
            }
            return
        }
        let found = try readEverything(path: path)
        #expect(Set(found.tensors.map(\.name)) == Set(item.tensors.keys))
        for (name, tensor) in found.tensors {
            guard let expected = item.tensors[name] else { continue }
            #expect(tensor.elementType == expected.type)
            #expect(tensor.shape == expected.shape)
            #expect(tensor.withBytes { Data($0) } == expected.bytes, "\(name)")
        }
        let scalars = Dictionary(uniqueKeysWithValues: found.scalars.map { ($0.name, $0.value) })
        for (name, value) in item.scalars { #expect(scalars[name] == value, "\(name)") }
        if let tied = item.tied { #expect(found.tied == tied) }
        // Row by row must give the same bytes as the whole.
        let reader = try openCheckpoint(path: path)
        for entry in reader.tensors {
            var bytes = Data()
            for row in 0..<entry.rowCount { try reader.withRows(of: entry.name, row..<row + 1) { bytes += Data($0) } }
            #expect(bytes == item.tensors[entry.name]?.bytes, "\(entry.name) row by row")
        }
    }

    @Test("no payload ran", .enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
    func nothingRan() {
        for item in Self.cases { _ = try? readEverything(path: Self.folder + "/" + item.file) }
        var folders = ["/tmp", Self.folder]
        var folder = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
        while folder.path != "/" {
            folders.append(folder.path)
            folder.deleteLastPathComponent()
        }
        for folder in folders {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            #expect(!names.contains { $0.hasPrefix("PWNED") }, "a payload ran in \(folder)")
        }
    }

    @Test("errors say what stands in place of a checkpoint", .enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
    func foreignFilesAreNamed() throws {
        for (file, word) in [
            ("pt_html.pth", "web page"), ("pt_lfs_pointer.pth", "git-lfs"), ("st_empty.safetensors", "empty"),
        ] {
            let error = #expect(throws: CheckpointError.self) { try openCheckpoint(path: Self.folder + "/" + file) }
            #expect(try #require(error).description.contains(word))
        }
    }
}
