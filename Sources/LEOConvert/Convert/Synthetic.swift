import Foundation
internal import ExecutionPlan

/// Seeded random parameters with the spread of a freshly initialised network; the same for a name and seed everywhere.
struct SyntheticParameters: ParameterSource {
    let seed: UInt64

    func withRows(
        of name: String, shape: [Int], _ rows: Range<Int>, _ body: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let columns = shape.dropFirst().reduce(1, *)
        let values: [Float]
        if name.hasSuffix("running_var") || (shape.count == 1 && name.hasSuffix("weight")) {
            values = [Float](repeating: 1, count: rows.count)
        } else if name.hasSuffix("gamma") {
            values = [Float](repeating: 0.1, count: rows.count)
        } else if name.hasSuffix("running_mean") || name.hasSuffix("bias") {
            values = [Float](repeating: 0, count: rows.count)
        } else {
            // Uniform with the variance 1 / fan-in keeps activations near 1 through all layers.
            let fanIn = shape.count > 1 ? columns : 1
            let scale = Float((3 / Double(fanIn)).squareRoot()) / Float(Int32.max)
            let base = name.utf8.reduce(seed ^ 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
            values = [Float](unsafeUninitializedCapacity: rows.count * columns) { target, count in
                for row in 0..<rows.count {
                    var state = (base &+ UInt64(rows.lowerBound + row)) &* 0x9e37_79b9_7f4a_7c15 | 1
                    for column in 0..<columns {
                        state ^= state << 13
                        state ^= state >> 7
                        state ^= state << 17
                        target[row * columns + column] = Float(Int32(truncatingIfNeeded: state >> 16)) * scale
                    }
                }
                count = rows.count * columns
            }
        }
        try values.withUnsafeBufferPointer(body)
    }
}

/// A SentencePiece model that reads any prompt: common words, characters, single bytes.
enum SyntheticTokenizer {
    /// Vocabularies below this have no words, only bytes.
    static let smallestWithWords = 8192

    /// The bytes of a `tokenizer.model` with `pieces` pieces. The last ones are never produced by text.
    static func model(pieces: Int) -> [UInt8] {
        var model: [UInt8] = []
        func varint(_ value: UInt64) -> [UInt8] {
            var value = value, bytes: [UInt8] = []
            repeat {
                bytes.append(UInt8(value & 0x7f) | (value > 0x7f ? 0x80 : 0))
                value >>= 7
            } while value > 0
            return bytes
        }
        func message(_ field: UInt64, _ body: [UInt8]) -> [UInt8] { varint(field << 3 | 2) + varint(UInt64(body.count)) + body }
        func number(_ field: UInt64, _ value: UInt64) -> [UInt8] { varint(field << 3) + varint(value) }
        func piece(_ text: String, _ type: UInt64, _ score: Float) {
            let bits = score.bitPattern
            let scoreBytes: [UInt8] = (0..<4).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) }
            model += message(1, message(1, Array(text.utf8)) + varint(2 << 3 | 5) + scoreBytes + number(3, type))
        }
        let unknown: UInt64 = 2, control: UInt64 = 3, byte: UInt64 = 6, normal: UInt64 = 1
        piece("<unk>", unknown, 0)
        piece("<s>", control, 0)
        piece("</s>", control, 0)
        for value in 0..<256 { piece(String(format: "<0x%02X>", value), byte, 0) }
        var texts = ["\u{2581}"]
        if pieces >= smallestWithWords {
            texts += (0x21...0x7e).map { String(UnicodeScalar(UInt8($0))) }
            texts += SyntheticWords.beginnings
        }
        let room = max(0, pieces - 259)
        if texts.count < room { texts += (texts.count..<room).map { "\u{2581}token\($0)" } }
        for (index, text) in texts.prefix(room).enumerated() { piece(text, normal, -Float(index)) }
        // Trainer: byte-pair encoding with byte fallback and the usual ids. Normaliser: identity, with the dummy prefix.
        model += message(2, number(3, 2) + number(35, 1) + number(40, 0) + number(41, 1) + number(42, 2))
        model += message(3, message(1, Array("identity".utf8)) + number(3, 1) + number(4, 0) + number(5, 1))
        return model
    }
}
