import LEOScene

/// A way to speak of a thing: "the red mug on the desk". Holds for a thing if every part does.
package struct Descriptor: Sendable, Equatable {
    package var color: String?
    package var material: String?
    package var name: String
    /// Name of what it stands on or in, and which of the two.
    package var support: (name: String, isInside: Bool)?
    package var room: String?

    package init(
        _ name: String, color: String? = nil, material: String? = nil, support: (name: String, isInside: Bool)? = nil,
        room: String? = nil
    ) {
        (self.name, self.color, self.material, self.support, self.room) = (name, color, material, support, room)
    }

    package static func == (left: Descriptor, right: Descriptor) -> Bool { left.definite == right.definite }

    /// "red mug", without where it is.
    package var noun: String { [color, material, name].compactMap { $0 }.joined(separator: " ") }

    private var place: String {
        (support.map { " \($0.isInside ? "in" : "on") the \($0.name)" } ?? "") + (room.map { " in the \($0)" } ?? "")
    }

    /// "the red mug on the desk".
    package var definite: String { "the \(noun)\(place)" }
    /// "a red mug on the desk".
    package var indefinite: String { English.indefinite(noun, head: name) + place }

    package func matches(_ thing: Thing, in truth: SceneTruth) -> Bool {
        guard thing.isA(name), color.map({ $0 == thing.color }) ?? true, material.map({ $0 == thing.material }) ?? true
        else {
            return false
        }
        if let support {
            guard let actual = thing.support, actual.isInside == support.isInside,
                truth.things[actual.thing].isA(support.name)
            else { return false }
        }
        if let room { guard truth.roomKind(thing) == room else { return false } }
        return true
    }
}

extension SceneTruth {
    package func things(matching descriptor: Descriptor) -> [Thing] {
        things.filter { descriptor.matches($0, in: self) }
    }

    /// What a descriptor may leave out, because the question asks for it.
    package struct Omissions: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        package static let color = Omissions(rawValue: 1)
        package static let material = Omissions(rawValue: 2)
        package static let support = Omissions(rawValue: 4)
        package static let room = Omissions(rawValue: 8)
    }

    /// A description that holds for this thing alone, mostly the shortest; nil if there is none.
    package func reference(
        to thing: Thing, without omitted: Omissions = [], using random: inout SplitMix64
    ) -> Descriptor? {
        let color = omitted.contains(.color) ? nil : thing.color
        let material = omitted.contains(.material) ? nil : thing.spokenMaterial
        let support = omitted.contains(.support) ? nil : thing.support.map { (things[$0.thing].name, $0.isInside) }
        let room = omitted.contains(.room) ? nil : roomKind(thing).flatMap { isUnique(roomKind: $0) ? $0 : nil }
        var candidates: [Descriptor] = []
        for places in 0..<4 {
            for looks in 0..<4 {
                // A part that this thing does not have would repeat another candidate.
                if looks & 1 != 0, color == nil { continue }
                if looks & 2 != 0, material == nil || looks & 1 == 0 { continue }
                if places & 1 != 0, support == nil { continue }
                if places & 2 != 0, room == nil { continue }
                candidates.append(
                    Descriptor(
                        thing.name, color: looks & 1 != 0 ? color : nil, material: looks & 2 != 0 ? material : nil,
                        support: places & 1 != 0 ? support : nil, room: places & 2 != 0 ? room : nil))
            }
        }
        let unique = candidates.filter { things(matching: $0).count == 1 }
        guard let shortest = unique.min(by: { $0.definite.count < $1.definite.count }) else { return nil }
        // A longer one now and then, so that texts do not all look alike.
        return random.nextUnit() < 0.7 ? shortest : unique[random.nextIndex(below: unique.count)]
    }
}

extension SplitMix64 {
    /// One of the items; nil of none.
    mutating func pick<Items: RandomAccessCollection>(_ items: Items) -> Items.Element? {
        items.isEmpty ? nil : items[items.index(items.startIndex, offsetBy: nextIndex(below: items.count))]
    }

    /// One of several ways to say a thing.
    mutating func say(_ first: String, _ others: String...) -> String {
        let index = nextIndex(below: others.count + 1)
        return index == 0 ? first : others[index - 1]
    }

    /// Fisher and Yates's shuffle; our own, because the standard library does not promise its way of doing this.
    mutating func shuffled<Item>(_ items: [Item]) -> [Item] {
        var items = items
        for index in items.indices.dropFirst().reversed() { items.swapAt(index, nextIndex(below: index + 1)) }
        return items
    }

    /// A generator of its own for a purpose, so that adding texts in one place does not change those in another.
    init(seed: UInt64, _ purpose: String, _ index: Int = 0) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        // Mixed twice: seeds that differ by the generator's own increment would give the same numbers, one later.
        var first = SplitMix64(seed: seed ^ hash)
        var second = SplitMix64(seed: first.next() ^ UInt64(bitPattern: Int64(index)))
        self = SplitMix64(seed: second.next())
    }
}
