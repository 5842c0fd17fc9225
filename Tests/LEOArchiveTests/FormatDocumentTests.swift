import Foundation
import LEOArchive
import TestSupport
import Testing

/// The worked example of docs/format.md is what the writer writes.
@Suite struct FormatDocumentTests {
    private static let document = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("docs/format.md")

    /// The bytes of a listing in the manner of `hexdump -C`, where `*` repeats the line before it.
    private static func bytes(ofDump dump: Substring) throws -> [UInt8] {
        var bytes = [UInt8]()
        var line = [UInt8]()
        for text in dump.split(separator: "\n") where text != "*" {
            let fields = text.split(separator: "|")[0].split(separator: " ")
            let offset = try #require(Int(fields[0], radix: 16))
            while bytes.count < offset { bytes += line }
            try #require(bytes.count == offset)
            line = try fields.dropFirst().map { try #require(UInt8($0, radix: 16)) }
            bytes += line
        }
        return bytes
    }

    @Test func exampleIsWhatTheWriterWrites() throws {
        let text = try String(contentsOf: Self.document, encoding: .utf8)
        let start = try #require(text.range(of: "```hexdump\n"))
        let end = try #require(text.range(of: "```", range: start.upperBound..<text.endIndex))
        let expected = try Self.bytes(ofDump: text[start.upperBound..<end.lowerBound])
        try withTemporaryFolder { folder throws in
            let path = folder + "/example.leo"
            let writer = try ArchiveWriter(
                path: path, configuration: #"{"hidden":3}"#, metadata: ["producer": "example"],
                tensors: [
                    TensorSpecification(name: "w", elementType: .i8, shape: [2, 3], layout: .nk16),
                    TensorSpecification(name: "tokenizer.model", elementType: .u8, shape: [5]),
                ])
            let padding = [Int8](repeating: 0, count: 14)
            for column: [Int8] in [[1, 4], [2, 5], [3, 6]] { try writer.append(column + padding, to: "w") }
            try writer.append(Array("hello".utf8), to: "tokenizer.model")
            let fingerprint = try writer.finish()
            #expect(try contents(of: path) == expected)
            #expect(text.contains("Its fingerprint is `\(fingerprint)`"))
            try Archive(path: path).verify()
        }
    }
}
