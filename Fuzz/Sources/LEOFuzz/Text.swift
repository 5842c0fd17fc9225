import LEOText

/// A `tokenizer.model`; what is accepted must encode and decode a text.
func fuzzTokenizer(_ bytes: UnsafeRawBufferPointer) {
    do {
        let tokenizer = try Tokenizer(sentencePieceModel: bytes)
        let ids = tokenizer.encode("What is  on the \u{e9}\u{1f4ba}?\n\u{2581}x")
        check(ids.allSatisfy { $0 >= 0 && Int($0) < tokenizer.vocabularyCount }, "ids lie in the vocabulary")
        _ = tokenizer.decode(ids)
        for id in Int32(-2)...Int32(min(tokenizer.vocabularyCount, 64)) { _ = tokenizer.piece(for: id) }
    } catch { describe(error) }
}

/// Text through a fixed tokenizer and the prompt's rules.
func fuzzText(_ bytes: UnsafeRawBufferPointer) {
    let text = String(decoding: bytes, as: UTF8.self)
    let tokenizer = wordTokenizer
    let ids = tokenizer.encode(text, addsBOS: false)
    check(ids.allSatisfy { $0 >= 0 && Int($0) < tokenizer.vocabularyCount }, "ids lie in the vocabulary")
    let decoded = tokenizer.decode(ids)
    var pieces = IncrementalDecoder(tokenizer)
    let streamed = ids.map { pieces.append($0) }.joined() + pieces.finish()
    check(streamed == decoded, "streamed text equals text decoded at once")
    _ = tokenizer.decode(ids, skipsSpecialTokens: false)
    for length in [1, 2, 7] { check(tokenizer.encode(text, maxLength: length, truncating: .left).count <= length, "truncated") }
    _ = text.convertedPersonView
    _ = PromptTokens(Prompt(instruction: text, history: [.init(user: text, assistant: text)]), tokenizer: tokenizer, maxContext: 32)
    // Any ids may come out of a model, also those that no text gives.
    var wild = IncrementalDecoder(tokenizer)
    let wildIDs = bytes.map { Int32($0) &* 3 - 4 }
    let wildStreamed = wildIDs.map { wild.append($0) }.joined() + wild.finish()
    check(wildStreamed == tokenizer.decode(wildIDs), "streamed text equals text decoded at once for any ids")
}

/// Bytes, letters and some words with merges of several depths.
private let wordTokenizer: Tokenizer = {
    func varint(_ value: Int) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f | 0x80)] + varint(value >> 7)
    }
    func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] { varint(number << 3 | 2) + varint(bytes.count) + bytes }
    var model: [UInt8] = []
    func add(_ piece: String, type: Int, score: Float) {
        let scoreField = varint(2 << 3 | 5) + little(score.bitPattern)
        model += field(1, field(1, Array(piece.utf8)) + scoreField + varint(3 << 3) + varint(type))
    }
    add("<unk>", type: 2, score: 0)
    add("<s>", type: 3, score: 0)
    add("</s>", type: 3, score: 0)
    for byte in 0..<256 {
        let digits = String(byte, radix: 16, uppercase: true)
        add("<0x\(byte < 16 ? "0" : "")\(digits)>", type: 6, score: 0)
    }
    let words = ["\u{2581}t", "he", "\u{2581}the", "in", "er", "\u{2581}\u{2581}", "\u{2581}a", "is", "th", "re", "on", "\u{e9}t", "\u{4e2d}\u{6587}"]
    for (index, word) in words.enumerated() { add(word, type: 1, score: -Float(index)) }
    for (index, letter) in "\u{2581}etaoinshrdlu\u{e9}\u{4e2d}\u{6587}\u{1f4ba}".unicodeScalars.enumerated() {
        add(String(letter), type: 1, score: -Float(100 + index))
    }
    // Trainer: byte fallback and the ids of a LLaMA model; normalizer: identity.
    model += field(2, varint(3 << 3) + [2] + varint(35 << 3) + [1])
    model += field(3, field(1, Array("identity".utf8)))
    do { return try Tokenizer(sentencePieceModel: model) } catch { fatalError("\(error)") }
}()
