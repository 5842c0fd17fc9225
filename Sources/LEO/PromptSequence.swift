import LEOModel
import LEOText

/// The sequence the language model reads: text, image and object tokens behind each other.
///
/// - Source: official `leo_agent.py`, `build_right_justified_sequence`
package struct PromptSequence: Sendable {
    /// Which positions a row gets; see leo-spec section 6.
    package enum PositionRule: Sendable {
        /// `generate`: masked slots do not count, so they can be left out.
        case visible
        /// `forward`, `predict_answers`: masked slots are left out of the attention but count.
        case all
    }

    /// One slot of the official sequence. Rows of image and object tokens are extra rows; nil where there is none.
    private enum Slot {
        case token(Int32)
        case image(row: Int?)
        case object(row: Int?)
    }

    private var slots: [Slot] = []
    private var isVisible: [Bool] = []

    /// Extra rows hold the image tokens first, if there is an image, then the object tokens.
    ///
    /// - Parameters:
    ///   - imageTokens: tokens an image becomes; `hasImage` says whether there is one.
    ///   - objectTokens: valid object tokens, the agent's included.
    ///   - absentObjects: slots the official code pads.
    ///   - leftPadding: slots with `padID` before the first token, for requests of a batch.
    package init(
        _ prompt: PromptTokens, imageTokens: Int, hasImage: Bool, objectTokens: Int, absentObjects: Int, leftPadding: Int = 0,
        padID: Int32 = 0
    ) {
        func add(_ slot: Slot, _ visible: Bool) {
            slots.append(slot)
            isVisible.append(visible)
        }
        for _ in 0..<leftPadding { add(.token(padID), false) }
        for id in prompt.beforeObjects { add(.token(id), true) }
        for id in prompt.imagePrompt { add(.token(id), hasImage) }
        for index in 0..<imageTokens { add(.image(row: hasImage ? index : nil), hasImage) }
        for id in prompt.objectsPrompt { add(.token(id), true) }
        let first = hasImage ? imageTokens : 0
        for index in 0..<objectTokens { add(.object(row: first + index), true) }
        for _ in 0..<absentObjects { add(.object(row: nil), false) }
        for id in prompt.afterObjects { add(.token(id), true) }
    }

    /// generate and predict_answers put one more BOS behind the prompt.
    package mutating func append(_ id: Int32) {
        slots.append(.token(id))
        isVisible.append(true)
    }

    package var count: Int { slots.count }
    package var mask: [Bool] { isVisible }

    /// Token of every slot; -1 for image tokens, -2 for object tokens.
    package var tokenIDs: [Int32] {
        slots.map { slot in
            switch slot {
            case .token(let id): id
            case .image: -1
            case .object: -2
            }
        }
    }

    /// Position of every slot.
    package func positions(_ rule: PositionRule) -> [Int32] {
        if rule == .all { return slots.indices.map { Int32($0) } }
        var next: Int32 = 0
        return isVisible.map { visible in
            defer { if visible { next += 1 } }
            return visible ? next : 1
        }
    }

    /// The rows that are computed.
    package func rows(_ rule: PositionRule) -> [PromptRow] {
        zip(zip(slots, isVisible), positions(rule)).compactMap { item, position in
            guard item.1 else { return nil }
            switch item.0 {
            case .token(let id): return PromptRow(source: id, position: position)
            case .image(let row), .object(let row): return row.map { PromptRow(source: Int32(-($0 + 1)), position: position) }
            }
        }
    }
}
