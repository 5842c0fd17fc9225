import LEOScene
import LEOWorld

/// Questions with answers that follow from the scene.
extension SceneTruth {
    /// Up to `count` different questions; fewer where the scene gives no more.
    package func questions(_ count: Int, using random: inout SplitMix64) -> [Question] {
        let kinds: [(inout SplitMix64) -> Question?] = [
            colorQuestion, materialQuestion, supportQuestion, contentsQuestion, countQuestion, existenceQuestion,
            roomQuestion,
            nearestQuestion, heightQuestion, surfaceCountQuestion,
        ]
        var found: [Question] = []
        var texts: Set<String> = []
        // Kinds take turns; a scene without, say, anything on a table has only so many questions.
        for attempt in 0..<(count * 8 + 40) where found.count < count {
            if let question = kinds[attempt % kinds.count](&random), texts.insert(question.text).inserted {
                found.append(question)
            }
        }
        return random.shuffled(found)
    }

    /// A thing that can be told from the others, and how to.
    private func subject(
        without omitted: Omissions = [], using random: inout SplitMix64,
        where condition: (Thing) -> Bool = { _ in true }
    ) -> (thing: Thing, reference: Descriptor)? {
        guard let thing = random.pick(things.filter(condition)) else { return nil }
        return reference(to: thing, without: omitted, using: &random).map { (thing, $0) }
    }

    private func colorQuestion(_ random: inout SplitMix64) -> Question? {
        guard let (thing, reference) = subject(without: [.color, .material], using: &random) else { return nil }
        let be = English.verb(thing.name)
        return Question(
            random.say("What color \(be) \(reference.definite)?", "What is the color of \(reference.definite)?"),
            answers: [thing.color], subjects: [thing.id],
            claims: [.refers(reference, thing: thing.id), .color(thing: thing.id, thing.color)])
    }

    private func materialQuestion(_ random: inout SplitMix64) -> Question? {
        guard let (thing, reference) = subject(without: .material, using: &random),
            let material = thing.spokenMaterial
        else { return nil }
        let be = English.verb(thing.name)
        return Question(
            random.say(
                "What \(be) \(reference.definite) made of?", "Which material \(be) \(reference.definite) made of?"),
            answers: [material], subjects: [thing.id],
            claims: [.refers(reference, thing: thing.id), .material(thing: thing.id, material)])
    }

    private func supportQuestion(_ random: inout SplitMix64) -> Question? {
        guard let (thing, reference) = subject(without: .support, using: &random, where: { $0.support != nil }),
            let support = thing.support
        else { return nil }
        let parent = things[support.thing]
        let claims: [Claim] = [
            .refers(reference, thing: thing.id),
            .stands(thing: thing.id, parent: parent.id, isInside: support.isInside),
        ]
        let place = "\(support.preposition) the \(parent.name)"
        if random.nextUnit() < 0.5 {
            return Question(
                "Where \(English.verb(thing.name)) \(reference.definite)?",
                answers: [place, "\(support.preposition) the \(parent.color) \(parent.name)"],
                subjects: [thing.id, parent.id], claims: claims + [.color(thing: parent.id, parent.color)])
        }
        return Question(
            "What \(English.verb(thing.name)) \(reference.definite) \(support.preposition)?",
            answers: [parent.name, "the \(parent.name)"], subjects: [thing.id, parent.id], claims: claims)
    }

    private func contentsQuestion(_ random: inout SplitMix64) -> Question? {
        guard
            let (parent, reference) = subject(
                using: &random, where: { self.isPlainHolder($0) && self.contents(of: $0).count == 1 }),
            let thing = contents(of: parent).first, let support = thing.support
        else { return nil }
        return Question(
            random.say(
                "What is \(support.preposition) \(reference.definite)?",
                "What can be found \(support.preposition) \(reference.definite)?"),
            answers: [
                thing.name, "\(thing.color) \(thing.name)",
                English.indefinite("\(thing.color) \(thing.name)", head: thing.name),
            ],
            subjects: [parent.id, thing.id],
            claims: [
                .refers(reference, thing: parent.id), .contents(parent: parent.id, things: [thing.id]),
                .color(thing: thing.id, thing.color),
            ])
    }

    private func surfaceCountQuestion(_ random: inout SplitMix64) -> Question? {
        guard
            let (parent, reference) = subject(
                using: &random, where: { self.isPlainHolder($0) && !self.contents(of: $0).isEmpty })
        else { return nil }
        let contents = self.contents(of: parent)
        return Question(
            random.say(
                "How many things are \(contents[0].support?.preposition ?? "on") \(reference.definite)?",
                "How many objects are there \(contents[0].support?.preposition ?? "on") \(reference.definite)?"),
            answers: [English.number(contents.count), String(contents.count)],
            subjects: [parent.id] + contents.map(\.id),
            claims: [.refers(reference, thing: parent.id), .contents(parent: parent.id, things: contents.map(\.id))])
    }

    /// Holds things in one way only, on or in, and none of them holds others: "on it" is clear.
    private func isPlainHolder(_ thing: Thing) -> Bool {
        let contents = self.contents(of: thing)
        return Set(contents.map { $0.support?.isInside }).count <= 1
            && contents.allSatisfy { self.contents(of: $0).isEmpty }
    }

    private func countQuestion(_ random: inout SplitMix64) -> Question? {
        guard let example = random.pick(things) else { return nil }
        var descriptor = Descriptor(example.name)
        if random.nextUnit() < 0.35 { descriptor.color = example.color }
        if random.nextUnit() < 0.5, let kind = roomKind(example), isUnique(roomKind: kind) { descriptor.room = kind }
        let matching = things(matching: descriptor)
        // "scissors" cannot be counted without a word for a pair, nor bread.
        guard English.canBeCounted(example.name), matching.count <= 12 else { return nil }
        let noun = English.plural(descriptor.noun)
        let place = descriptor.room.map { " in the \($0)" } ?? ""
        return Question(
            random.say(
                "How many \(noun) are there\(place)?",
                place.isEmpty ? "What is the number of \(noun)?" : "What is the number of \(noun)\(place)?"),
            answers: [English.number(matching.count), String(matching.count)], subjects: matching.map(\.id),
            claims: [.count(descriptor, matching.count)])
    }

    private func existenceQuestion(_ random: inout SplitMix64) -> Question? {
        guard let example = random.pick(things), let where_ = random.pick(things) else { return nil }
        var descriptor = Descriptor(example.name, color: random.nextUnit() < 0.5 ? example.color : nil)
        descriptor.room = roomKind(where_).flatMap { isUnique(roomKind: $0) ? $0 : nil }
        // Half the time a colour that this name may not have here.
        if random.nextUnit() < 0.4 { descriptor.color = random.pick(things.map(\.color)) }
        let matching = things(matching: descriptor)
        if matching.isEmpty {
            // "No table" while a desk table of another name stands there would be a matter of opinion.
            let isDisputable = things.contains { thing in
                thing.name != example.name && !thing.isA(example.name)
                    && (thing.head == example.head || English.mayBeConfused(thing.name, example.name))
            }
            if isDisputable { return nil }
        }
        let place = descriptor.room.map { " in the \($0)" } ?? ""
        let be = English.isPlural(example.name) ? "Are" : "Is"
        return Question(
            "\(be) there \(English.indefinite(descriptor.noun, head: example.name).replacingSome())\(place)?",
            answers: [matching.isEmpty ? "no" : "yes"], subjects: matching.map(\.id),
            claims: [.count(descriptor, matching.count)])
    }

    private func roomQuestion(_ random: inout SplitMix64) -> Question? {
        guard roomList.count > 1, let (thing, reference) = subject(without: .room, using: &random),
            let kind = roomKind(thing)
        else {
            return nil
        }
        return Question(
            random.say(
                "Which room \(English.verb(thing.name)) \(reference.definite) in?",
                "In which room \(English.verb(thing.name)) \(reference.definite)?"),
            answers: [kind, "the \(kind)"], subjects: [thing.id],
            claims: [.refers(reference, thing: thing.id), .room(thing: thing.id, kind)])
    }

    private func nearestQuestion(_ random: inout SplitMix64) -> Question? {
        let furniture = self.furniture
        guard let thing = random.pick(furniture), let near = nearest(to: thing, among: furniture),
            let reference = reference(to: thing, using: &random)
        else { return nil }
        return Question(
            random.say(
                "Which piece of furniture is closest to \(reference.definite)?",
                "What stands on the floor nearest to \(reference.definite)?"),
            answers: [near.name, "the \(near.name)", "\(near.color) \(near.name)"], subjects: [thing.id, near.id],
            claims: [
                .refers(reference, thing: thing.id), .nearest(thing: near.id, to: thing.id, amongFurniture: true),
                .color(thing: near.id, near.color),
            ])
    }

    private func heightQuestion(_ random: inout SplitMix64) -> Question? {
        let furniture = self.furniture
        guard let a = random.pick(furniture), let b = random.pick(furniture), a.id != b.id,
            abs(a.box.size.y - b.box.size.y) > 0.15, let first = reference(to: a, using: &random),
            let second = reference(to: b, using: &random)
        else { return nil }
        let isTaller = a.box.size.y > b.box.size.y
        let claims: [Claim] = [
            .refers(first, thing: a.id), .refers(second, thing: b.id),
            isTaller ? .taller(a.id, than: b.id) : .taller(b.id, than: a.id),
        ]
        if a.name != b.name, random.nextUnit() < 0.5 {
            let taller = isTaller ? a : b
            return Question(
                "Which is taller, \(first.definite) or \(second.definite)?",
                answers: [taller.name, "the \(taller.name)"],
                subjects: [a.id, b.id], claims: claims)
        }
        return Question(
            "\(English.capitalized(English.verb(a.name))) \(first.definite) taller than \(second.definite)?",
            answers: [isTaller ? "yes" : "no"], subjects: [a.id, b.id], claims: claims)
    }
}

extension String {
    /// "any scissors" in a question, where a statement has "some".
    fileprivate func replacingSome() -> String { hasPrefix("some ") ? "any" + dropFirst(4) : self }
}
