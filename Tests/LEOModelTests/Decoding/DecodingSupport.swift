import Foundation
import LEOModel
import TestSupport

/// A language model in a table: the logits depend on the last two tokens, so that a row continued from the wrong
/// history shows.
struct TableModel {
    let vocabulary: Int
    private let rows: [[Float]]
    /// Whether only the last token counts, as in the goldens.
    private let lastOnly: Bool

    init(rows: [[Float]], lastOnly: Bool = false) {
        self.rows = rows
        self.lastOnly = lastOnly
        vocabulary = rows[0].count
    }

    /// Random rows of spread `scale`; end of sequence gets `eosBoost` so that hypotheses close at various lengths.
    static func random(vocabulary: Int, rows: Int, scale: Float, eosBoost: Float, seed: UInt64) -> TableModel {
        var generator = SeededGenerator(seed: seed)
        return TableModel(rows: (0..<rows).map { _ in
            var row = generator.floats(vocabulary).map { $0 * scale }
            row[2] += eosBoost
            return row
        })
    }

    func logits(after history: [Int32]) -> [Float] {
        let last = Int(history[history.count - 1])
        if lastOnly { return rows[last] }
        let previous = history.count > 1 ? Int(history[history.count - 2]) : 0
        return rows[(last * 31 + previous * 7) % rows.count]
    }
}

/// A decoder together with what the network would remember.
struct DrivenRequest {
    var decoder: any TokenDecoder
    let model: TableModel
    private var histories: [[Int32]]
    private let prompt: [Int32]
    private(set) var emitted: [Int32] = []
    private(set) var steps = 0
    private(set) var mostRows = 0

    init(_ decoder: any TokenDecoder, model: TableModel, prompt: [Int32]) {
        self.decoder = decoder
        self.model = model
        self.prompt = prompt
        histories = [prompt]
    }

    mutating func restart() {
        decoder.start()
        histories = [prompt]
        emitted = []
        steps = 0
    }

    mutating func advance(stopLengthOffset: Int = 0) {
        let logits = histories.flatMap(model.logits(after:))
        let rows = histories.count
        let step = logits.withUnsafeBufferPointer {
            decoder.advance(logits: $0, rows: rows, stopLengthOffset: stopLengthOffset)
        }
        if let token = step.emitted { emitted.append(token) }
        histories = zip(step.tokens, step.sourceRows).map { token, row in histories[Int(row)] + [token] }
        steps += 1
        mostRows = max(mostRows, rows)
    }

    mutating func run() -> DecodingResult {
        while !decoder.isFinished { advance() }
        return decoder.result
    }
}

func decode(
    _ options: DecodingOptions, _ model: TableModel, prompt: [Int32] = [5, 7, 1], constraint: (any TokenConstraint)? = nil
) throws -> DecodingResult {
    let decoder = try options.makeDecoder(
        vocabulary: model.vocabulary, promptLength: prompt.count, constraint: constraint)
    var request = DrivenRequest(decoder, model: model, prompt: prompt)
    return request.run()
}

/// Lowest id, like `argmax`; nil where nothing is above minus infinity.
func firstMaximum(_ values: [Float]) -> Int32? {
    let greatest = values.max() ?? -.infinity
    return greatest > -.infinity ? values.firstIndex(of: greatest).map(Int32.init) : nil
}

/// The tensors of a safetensors file, flattened; F32 and I32 only.
struct GoldenTensors {
    private let header: [String: Any]
    private let data: Data

    struct Malformed: Error {}

    init(path: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        guard bytes.count >= 8 else { throw Malformed() }
        let length = bytes.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        guard length >= 0, length <= bytes.count - 8 else { throw Malformed() }
        guard let header = try JSONSerialization.jsonObject(with: bytes[8..<8 + length]) as? [String: Any] else {
            throw Malformed()
        }
        self.header = header
        data = bytes.subdata(in: 8 + length..<bytes.count)
    }

    func has(_ name: String) -> Bool { header[name] != nil }

    private func words(_ name: String, type: String) throws -> [UInt32] {
        guard let entry = header[name] as? [String: Any], entry["dtype"] as? String == type,
            let offsets = entry["data_offsets"] as? [Int], offsets.count == 2,
            offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= data.count
        else { throw Malformed() }
        let bytes = [UInt8](data[offsets[0]..<offsets[1]])
        return stride(from: 0, to: bytes.count - 3, by: 4).map { index in
            (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[index + $1]) << UInt32(8 * $1) }
        }
    }

    func floats(_ name: String) throws -> [Float] { try words(name, type: "F32").map { Float(bitPattern: $0) } }
    func ids(_ name: String) throws -> [Int32] { try words(name, type: "I32").map { Int32(bitPattern: $0) } }
}
