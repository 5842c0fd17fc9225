import Foundation
import LEOText

/// Reads JSON into a type. What does not fit is an error that names the place.
func decodedJSON<Value: Decodable>(_ type: Value.Type, _ data: Data, path: String) throws -> Value {
    do {
        return try JSONDecoder().decode(type, from: data)
    } catch let error as DecodingError {
        let context: DecodingError.Context? =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context), .dataCorrupted(let context): context
            @unknown default: nil
            }
        var keys = context?.codingPath.map(\.stringValue) ?? []
        if case .keyNotFound(let key, _) = error { keys.append(key.stringValue) }
        throw CheckError.malformed(
            path: path, field: keys.isEmpty ? "file" : keys.joined(separator: "."), expected: context?.debugDescription ?? "\(type)")
    }
}

extension CaseFolder {
    func data(_ name: String) throws -> Data {
        guard let data = FileManager.default.contents(atPath: file(name)) else {
            throw CheckError.unreadable(path: file(name), reason: has(name) ? "cannot be read" : "is missing")
        }
        return data
    }

    /// One value a line.
    func lines<Row: Decodable>(_ name: String, of type: Row.Type) throws -> [Row] {
        try data(name).split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
            try decodedJSON(type, Data(line), path: "\(file(name)):\(index + 1)")
        }
    }
}

private func tokenizer(_ folder: CaseFolder, _ name: String) throws -> Tokenizer {
    let bytes = try folder.data(name)
    do { return try Tokenizer(sentencePieceModel: bytes) } catch { throw CheckError.unreadable(path: folder.file(name), reason: "\(error)") }
}

private struct TruncatedRow: Decodable {
    let text: String
    let max_length: Int
    let truncation_side: String?
    let ids: [Int32]
}

private func limit(_ length: Int) throws -> Int {
    guard length >= 1 else { throw CheckError.malformed(path: "max_length", field: "value", expected: "at least 1, found \(length)") }
    return length
}

private func side(_ name: String) throws -> Tokenizer.Side {
    switch name {
    case "left": return .left
    case "right": return .right
    default: throw CheckError.malformed(path: "side", field: "value", expected: "left or right, found \(name)")
    }
}

/// The tokenizer as LEO uses it, recorded in `case.json` alone.
enum TokenizerKind: DescribedKind {
    static let kind = "tokenizer"

    private struct Row: Decodable {
        let text: String
        let ids: [Int32]
    }
    private struct Golden: Decodable {
        let tokenizer: String
        let encode, decode: [Row]
        let left_truncation: [TruncatedRow]
    }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let golden = try decodedJSON(Golden.self, try folder.data("case.json"), path: folder.file("case.json"))
        let tokenizer = try tokenizer(folder, golden.tokenizer)
        return [
            Comparison.rows("encode", golden.encode) { Comparison.difference("ids", tokenizer.encode($0.text), $0.ids) },
            Comparison.rows("decode", golden.decode) { Comparison.difference("text", tokenizer.decodeAnswer($0.ids), $0.text) },
            Comparison.rows("left_truncation", golden.left_truncation) {
                Comparison.difference("ids", tokenizer.encode($0.text, maxLength: try limit($0.max_length), truncating: .left), $0.ids)
            },
        ]
    }
}

/// A folder of recorded tokenizer output beside its `tokenizer.model`.
enum TokenizerFilesKind: CaseKind {
    private static let files = ["encode.jsonl", "decode.jsonl", "truncate.jsonl", "pad_batch.jsonl", "llamacpp_spm.jsonl"]

    static func recognises(_ folder: CaseFolder) -> Bool { files.contains { folder.has($0) } }
    static func name(_ folder: CaseFolder) -> String { "tokenizer files" }

    private struct EncodeRow: Decodable {
        let text: String
        let ids: [Int32]
    }
    private struct DecodeRow: Decodable {
        let ids: [Int32]
        let text, text_keep_special: String
    }
    private struct BatchRow: Decodable {
        let texts: [String]
        let padding_side, truncation_side: String
        let max_length: Int
        let input_ids, attention_mask: [[Int32]]
    }
    private struct PlainRow: Decodable {
        let text: String
        let ids_llama_cpp_no_bos, ids_sentencepiece_no_bos: [Int32]
        let agree: Bool
    }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let tokenizer = try tokenizer(folder, "tokenizer.model")
        func check<Row: Decodable>(_ name: String, _ type: Row.Type, _ body: (Row) throws -> String?) -> OutputCheck {
            do { return Comparison.rows(name, try folder.lines(name, of: type), body) } catch {
                return OutputCheck(name: name, passed: false, note: "\(error)")
            }
        }
        return [
            check(files[0], EncodeRow.self) { Comparison.difference("ids", tokenizer.encode($0.text), $0.ids) },
            check(files[1], DecodeRow.self) { row in
                var decoder = IncrementalDecoder(tokenizer)
                let streamed = row.ids.map { decoder.append($0) }.joined() + decoder.finish()
                return Comparison.difference("text", tokenizer.decode(row.ids), row.text)
                    ?? Comparison.difference("text_keep_special", tokenizer.decode(row.ids, skipsSpecialTokens: false), row.text_keep_special)
                    ?? Comparison.difference("text, one id at a time", streamed, row.text)
            },
            check(files[2], TruncatedRow.self) { row in
                let found = tokenizer.encode(row.text, maxLength: try limit(row.max_length), truncating: try side(row.truncation_side ?? ""))
                return Comparison.difference("ids", found, row.ids)
            },
            check(files[3], BatchRow.self) { row in
                let batch = tokenizer.encode(
                    batch: row.texts, maxLength: try limit(row.max_length), truncating: try side(row.truncation_side),
                    padding: try side(row.padding_side))
                let rows = (0..<batch.count).map { $0 * batch.length..<($0 + 1) * batch.length }
                return Comparison.difference("input_ids", rows.map { Array(batch.ids[$0]) }, row.input_ids)
                    ?? Comparison.difference("attention_mask", rows.map { Array(batch.mask[$0]) }, row.attention_mask)
            },
            check(files[4], PlainRow.self) { row in
                let found = tokenizer.sentencePieces.encode(row.text)
                return Comparison.difference("ids_sentencepiece_no_bos", found, row.ids_sentencepiece_no_bos)
                    ?? (row.agree ? Comparison.difference("ids_llama_cpp_no_bos", found, row.ids_llama_cpp_no_bos) : nil)
            },
        ]
    }
}
