import Foundation
import LEOText
import TestSupport

func goldenURL(_ path: String) -> URL { URL(fileURLWithPath: (sharedFolder ?? "") + "/golden/" + path) }

/// Rows of a `.jsonl` golden.
func goldenLines<Row: Decodable>(_ path: String, of type: Row.Type) throws -> [Row] {
    try Data(contentsOf: goldenURL(path)).split(separator: UInt8(ascii: "\n")).map {
        try JSONDecoder().decode(type, from: Data($0))
    }
}

/// The real tokenizer, read once; nil where there are no goldens.
let llamaTokenizer: Tokenizer? = (try? Data(contentsOf: goldenURL("tokenizer/tokenizer.model"))).flatMap {
    try? Tokenizer(sentencePieceModel: $0)
}

/// Bytes for exact comparison: Swift's `==` on strings is canonical equivalence.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }


/// A tokenizer of LLaMA's kind with all byte pieces and the given ones, of ids 259 and up.
func smallTokenizer(_ pieces: [String]) throws -> Tokenizer {
    func varint(_ value: Int) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f | 0x80)] + varint(value >> 7)
    }
    func field(_ number: Int, _ payload: [UInt8]) -> [UInt8] { varint(number << 3 | 2) + varint(payload.count) + payload }
    func field(_ number: Int, _ value: Int) -> [UInt8] { varint(number << 3) + varint(value) }
    func piece(_ text: String, _ score: Float, _ type: Int) -> [UInt8] {
        let bits = (0..<4).map { UInt8(truncatingIfNeeded: score.bitPattern >> (8 * $0)) }
        return field(1, field(1, Array(text.utf8)) + varint(2 << 3 | 5) + bits + field(3, type))
    }
    var model = piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3)
    for byte in 0..<256 { model += piece(String(format: "<0x%02X>", byte), 0, 6) }
    for (rank, text) in pieces.enumerated() { model += piece(text, -Float(rank), 1) }
    model += field(2, field(3, 2) + field(35, 1))
    model += field(3, field(1, Array("identity".utf8)) + field(3, 1) + field(4, 0) + field(5, 1))
    return try Tokenizer(sentencePieceModel: model)
}
