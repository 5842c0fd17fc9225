import Foundation
import LEOArchive
import TestSupport
import Testing

/// Files that are cut, damaged or lie: each is refused with the field named, none ends the process.
@Suite struct HostileFileTests {
    @Test func handmadeFileOpens() throws {
        try withTemporaryFolder { folder throws in #expect(try HandmadeFile().error(in: folder) == nil) }
    }

    @Test func newerMinorVersionWithUnknownFieldsOpens() throws {
        try withTemporaryFolder { folder throws in
            var file = HandmadeFile(a: HandmadeFile.a + #","note":{"x":[1,2]}"#, more: #","later":[{"a":null}]"#)
            file.minor = 7
            #expect(try file.error(in: folder) == nil)
        }
    }

    @Test func cutAtEveryHeaderByte() throws {
        try withTemporaryFolder { folder throws in
            let file = HandmadeFile()
            for length in 0..<32 + file.json.count {
                let error = try openingError(of: Array(file.bytes.prefix(length)), in: folder)
                switch error {
                case .truncated: #expect(length > 0)
                case .notAnArchive: #expect(length == 0)
                default: Issue.record("length \(length): \(String(describing: error))")
                }
            }
        }
    }

    @Test func cutAnywhere() throws {
        try withTemporaryFolder { folder throws in
            let bytes = HandmadeFile().bytes
            var generator = SeededGenerator(seed: 3)
            for _ in 0..<200 {
                let length = Int.random(in: 0..<bytes.count, using: &generator)
                #expect(try openingError(of: Array(bytes.prefix(length)), in: folder) != nil, "length \(length)")
            }
            let error = try openingError(of: bytes + [0], in: folder)
            #expect(error?.description.contains("file length") == true)
        }
    }

    @Test func everyFlippedHeaderBitIsRefused() throws {
        try withTemporaryFolder { folder throws in
            let file = HandmadeFile()
            let bytes = file.bytes
            for place in 0..<32 + file.json.count {
                var changed = bytes
                changed[place] ^= 1 << UInt8(place % 8)
                let error = try openingError(of: changed, in: folder)
                switch (place, error) {
                case (..<8, .notAnArchive), (8..<12, .unsupportedVersion), (8..<12, .invalid), (12..., .headerChecksum): break
                // A flipped length may also exceed the file or the limit.
                case (16..<24, .truncated), (16..<24, .invalid): break
                default: Issue.record("byte \(place): \(String(describing: error))")
                }
            }
        }
    }

    @Test func foreignFilesAreNamedAsSuch() throws {
        try withTemporaryFolder { folder throws in
            for text in ["", "PK\u{3}\u{4}", "hello, world, this is not a model at all", "\u{0}"] {
                let error = try openingError(of: Array(text.utf8), in: folder)
                guard case .notAnArchive = error else {
                    Issue.record("\(text): \(String(describing: error))")
                    continue
                }
            }
            // What a transfer in text mode makes of the magic.
            var file = HandmadeFile()
            file.magic = [0x89, 0x4c, 0x45, 0x4f, 0x0a, 0x1a, 0x0a, 0x0a]
            let error = try file.error(in: folder)
            #expect(error?.description.contains("is not a .leo file") == true)
            #expect(throws: ArchiveError.self) { try Archive(path: folder) }
            #expect(throws: ArchiveError.self) { try Archive(path: folder + "/absent.leo") }
        }
    }

    @Test func versionsAreRefusedByNumber() throws {
        try withTemporaryFolder { folder throws in
            var file = HandmadeFile()
            file.major = 2
            file.minor = 3
            let path = folder + "/model.leo"
            #expect(try file.error(in: folder) == .unsupportedVersion(path: path, supported: "1", found: "2.3"))
            file.major = 0
            #expect(
                try file.error(in: folder) == .invalid(path: path, field: "format version", expected: "1", found: "0"))
        }
    }

    @Test func headerLengthsBeyondTheFileOrTheLimitAreRefused() throws {
        try withTemporaryFolder { folder throws in
            let lengths: [UInt64] = [.max, 1 << 63, 1 << 40, (64 << 20) + 1, 64 << 20, 20_000]
            for length in lengths {
                var bytes = HandmadeFile().bytes
                for index in 0..<8 { bytes[16 + index] = UInt8(truncatingIfNeeded: length >> (index * 8)) }
                let error = try openingError(of: bytes, in: folder)
                #expect(error?.description.contains("header") == true, "\(length): \(String(describing: error))")
            }
        }
    }

    struct Lie: Sendable, CustomStringConvertible {
        let description: String
        let file: HandmadeFile
        /// What the message must contain.
        let field: String

        init(_ description: String, _ field: String, a: String = HandmadeFile.a, b: String = HandmadeFile.b, more: String = "") {
            self.description = description
            self.field = field
            file = HandmadeFile(a: a, b: b, more: more)
        }

        init(_ description: String, _ field: String, json: String) {
            self.description = description
            self.field = field
            file = HandmadeFile(json: json)
        }
    }

    private static func row(
        _ name: String = "b", type: String = "i8", shape: String = "[17,2]", layout: String = "nk16", offset: String = "8192",
        length: String = "64", checksum: String = "0000000000000000"
    ) -> String { HandmadeFile.row(name, type, shape, layout, offset, length, checksum: checksum) }

    static let lies: [Lie] = [
        Lie("same place", "b: offset: expected at least 4120, the end of a", b: row(offset: "4096")),
        Lie("inside the header", "b: offset: expected at least 4096", b: row(offset: "0")),
        Lie("negative offset", "b: offset", b: row(offset: "-4096")),
        Lie("smallest offset", "b: offset", b: row(offset: "-9223372036854775808")),
        Lie("unaligned", "b: offset: expected a multiple of 4096, found 8193", b: row(offset: "8193")),
        Lie("beyond the file", "b: offset: expected data inside the 12288 bytes", b: row(offset: "12288")),
        Lie("far beyond the file", "b: offset", b: row(offset: "9223372036854771712")),
        Lie("offset beyond Int", "b: offset", b: row(offset: "9223372036854775808")),
        Lie("offset of many digits", "b: offset", b: row(offset: String(repeating: "9", count: 400))),
        Lie("fraction", "b: offset", b: row(offset: "8192.0")),
        Lie("exponent", "b: offset", b: row(offset: "8e3")),
        Lie("leading zero", "b: offset", b: row(offset: "08192")),
        Lie("offset as text", "b: offset", b: row(offset: "\"8192\"")),
        Lie("no padding counted", "b: length: expected 64 bytes for [17, 2] i8 nk16, found 34", b: row(length: "34")),
        Lie("negative length", "b: length", b: row(length: "-64")),
        Lie("length too long", "b: length", b: row(length: "65")),
        Lie("negative axis", "b: shape: expected no negative axis", b: row(shape: "[-17,-2]")),
        Lie("size overflows", "b: shape", b: row(shape: "[4611686018427387904,4]", length: "0")),
        Lie("size overflows with zero", "b: shape", b: row(shape: "[4611686018427387904,4,0]", layout: "rows", length: "0")),
        Lie("bytes overflow", "b: shape", b: row(type: "f64", shape: "[2305843009213693952]", layout: "rows", length: "0")),
        Lie("padding overflows", "b: shape", b: row(shape: "[9223372036854775807,1]", length: "0")),
        Lie("huge but whole", "b: offset", b: row(shape: "[9223372036854775807]", layout: "rows", length: "9223372036854775807")),
        Lie("panels of no matrix", "b: shape: expected [n, k] for layout nk16", b: row(shape: "[34]", length: "34")),
        Lie("panels of 64 of no matrix", "b: shape: expected [n, k] for layout nk64", b: row(shape: "[34]", layout: "nk64", length: "64")),
        Lie("no panel of 64 counted", "b: length: expected 128 bytes for [17, 2] i8 nk64, found 64", b: row(layout: "nk64")),
        Lie("codes of no matrix", "b: shape: expected [n, k] for layout n64k4", b: row(type: "u8", shape: "[1,1,1]", layout: "n64k4", length: "256")),
        Lie("signed codes", "b: elementType: expected u8 for layout n64k4, found i8", b: row(layout: "n64k4", length: "256")),
        Lie("real codes", "b: elementType: expected u8 for layout n64k8, found f32", b: row(type: "f32", layout: "n64k8", length: "256")),
        Lie(
            "codes without padding", "b: length: expected 512 bytes for [17, 5] u8 n64k4, found 85",
            b: row(type: "u8", shape: "[17,5]", layout: "n64k4", length: "85")),
        Lie(
            "half bytes counted as bytes", "b: length: expected 256 bytes for [17, 8] u8 n64k8, found 512",
            b: row(type: "u8", shape: "[17,8]", layout: "n64k8", length: "512")),
        Lie("codes overflow", "b: shape", b: row(type: "u8", shape: "[9223372036854775807,9223372036854775807]", layout: "n64k8", length: "0")),
        Lie("blocks overflow", "b: shape", b: row(type: "u8", shape: "[1,9223372036854775807]", layout: "n64k4", length: "0")),
        Lie("many axes", "b: shape: expected at most 8 axes", b: row(shape: "[1,1,1,1,1,1,1,1,1]", layout: "rows", length: "1")),
        Lie("fractional axis", "b: shape", b: row(shape: "[17,2.5]")),
        Lie("shape as object", "b: shape", b: row(shape: "{}")),
        Lie("same name", "tensors[1].name: expected a name used once, found a again", b: row("a")),
        Lie("no name", "tensors[1].name", b: row("")),
        Lie("name with a space", "tensors[1].name", b: row("b c")),
        Lie("name with a terminal escape", "tensors[1].name", b: row(#"b\u001b[2J"#)),
        Lie("name with a NUL", "tensors[1].name", b: row(#"b\u0000"#)),
        Lie("long name", "tensors[1].name", b: row(String(repeating: "n", count: 256))),
        Lie("unknown layout", "b: layout: expected one of rows, nk16, nk64, n64k4, n64k8, found \"nk32\"", b: row(layout: "nk32")),
        Lie(
            "unknown type", "b: elementType: expected one of f64, f32, f16, bf16, i64, i32, i16, i8, u8, bool, found \"i4\"",
            b: row(type: "i4")),
        Lie("short checksum", "b: checksum", b: row(checksum: "00")),
        Lie("upper-case checksum", "b: checksum", b: row(checksum: "00000000000000AB")),
        Lie("missing key", "b: expected the key \"layout\"", b: row().replacingOccurrences(of: "\"layout\":\"nk16\",", with: "")),
        Lie(
            "missing name", "tensors[1]: expected the key \"name\"",
            b: row().replacingOccurrences(of: "\"name\":\"b\",", with: "")),
        Lie("repeated key", "b: offset: expected the key once", b: row() + ",\"offset\":4096"),
        Lie("unused end", "file length: expected 8192", b: row("c", shape: "[0,2]", length: "0")),
        Lie("repeated table", "tensors: expected the key once", more: ",\"tensors\":[]"),
        Lie("repeated configuration", "configuration: expected the key once", more: ",\"configuration\":{}"),
        Lie("base without fingerprint", "base: expected the key \"fingerprint\"", more: ",\"base\":{\"name\":\"b\"}"),
        Lie("base with a bad fingerprint", "base.fingerprint", more: ",\"base\":{\"name\":\"b\",\"fingerprint\":\"x\"}"),
        Lie("key with a terminal escape", #""\u{1b}[2J" (header byte"#, more: #","\u001b[2J":01"#),
        Lie("comma at the end", "header (header byte", more: ","),
        Lie("no table", "expected the key \"tensors\"", json: #"{"configuration":{},"metadata":{}}"#),
        Lie("no configuration", "expected the key \"configuration\"", json: #"{"tensors":[],"metadata":{}}"#),
        Lie("no metadata", "expected the key \"metadata\"", json: #"{"tensors":[],"configuration":{}}"#),
        Lie("configuration is no object", "configuration", json: #"{"configuration":[],"metadata":{},"tensors":[]}"#),
        Lie("configuration is no JSON", "configuration", json: #"{"configuration":{"a":01},"metadata":{},"tensors":[]}"#),
        Lie("metadata is not text", "metadata", json: #"{"configuration":{},"metadata":{"a":1},"tensors":[]}"#),
        Lie("metadata repeats", "metadata", json: #"{"configuration":{},"metadata":{"a":"","a":""},"tensors":[]}"#),
        Lie("half a surrogate", "metadata", json: #"{"configuration":{},"metadata":{"a":"\ud800"},"tensors":[]}"#),
        Lie("more after the end", "header", json: #"{"configuration":{},"metadata":{},"tensors":[]}{}"#),
        Lie("empty header", "header", json: ""),
        Lie("no object", "header", json: "[]"),
        Lie("deep nesting", "configuration", json: #"{"configuration":{"a":"# + String(repeating: "[", count: 100_000)),
    ]

    @Test(arguments: lies) func lyingTablesAreRefusedByField(lie: Lie) throws {
        try withTemporaryFolder { folder throws in
            let error = try #require(try lie.file.error(in: folder), "it opened")
            #expect(error.description.hasPrefix(folder + "/model.leo: "))
            #expect(error.description.contains(lie.field), "\(error)")
            #expect(error.description.unicodeScalars.allSatisfy { $0.value >= 0x20 })
        }
    }

    @Test func headersThatAreNotUTF8AreRefused() throws {
        try withTemporaryFolder { folder throws in
            for bad: [UInt8] in [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80]] {
                var file = HandmadeFile(json: "")
                file.json = Array(#"{"configuration":{},"metadata":{"a":""#.utf8) + bad + Array(#""},"tensors":[]}"#.utf8)
                let error = try file.error(in: folder)
                #expect(error?.description.contains("expected UTF-8") == true, "\(bad)")
            }
        }
    }

    /// Random changes under a right checksum: the reader may find nothing wrong, but it must come back, and what it accepts must be
    /// readable to the last byte.
    @Test func changedHeadersNeverTrap() throws {
        try withTemporaryFolder { folder throws in
            var generator = SeededGenerator(seed: 4)
            let original = HandmadeFile(more: #","base":{"name":"a\u00e9\ud83e\udd81","fingerprint":"0000000000000000"}"#)
            let alphabet = Array(#"{}[]",:\0123456789-.eEutrn "#.utf8) + [0, 0x80, 0xff]
            var accepted = 0
            for _ in 0..<3000 {
                var file = original
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let place = Int.random(in: 0..<file.json.count, using: &generator)
                    switch Int.random(in: 0..<4, using: &generator) {
                    case 0: file.json[place] = alphabet.randomElement(using: &generator) ?? 0
                    case 1: file.json.insert(alphabet.randomElement(using: &generator) ?? 0, at: place)
                    case 2: file.json.remove(at: place)
                    default:
                        let end = min(file.json.count, place + Int.random(in: 0..<40, using: &generator))
                        file.json.removeSubrange(place..<end)
                    }
                }
                guard try file.error(in: folder) == nil else { continue }
                accepted += 1
                _ = try Archive(path: folder + "/model.leo").damages { _ in }
            }
            #expect(accepted > 0)
        }
    }
}
