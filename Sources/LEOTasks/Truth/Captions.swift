import LEOScene
import LEOWorld

/// Captions of things and scenes.
extension SceneTruth {
    /// What a thing looks like, where it is and what is around it, in one to three sentences.
    package func caption(of thing: Thing, using random: inout SplitMix64) -> Caption {
        var claims: [Claim] = [.color(thing: thing.id, thing.color)]
        var subjects = [thing.id]
        let looks = look(of: thing, using: &random, claims: &claims)
        let be = English.verb(thing.name)
        let pronoun = English.isPlural(thing.name) ? "they" : "it"
        var sentences: [String] = []
        let opening = random.say("This is", "There is", "I see", "")
        let noun = English.isPlural(thing.name) ? looks.replacing("some ", with: "", atStart: true) : looks
        switch opening {
        case "": sentences.append(looks)
        case "This is" where be == "are": sentences.append("These are \(noun)")
        case "There is" where be == "are": sentences.append("There are \(looks)")
        default: sentences.append("\(opening) \(looks)")
        }
        if let support = thing.support {
            let parent = things[support.thing]
            subjects.append(parent.id)
            claims.append(.stands(thing: thing.id, parent: parent.id, isInside: support.isInside))
            sentences.append("\(pronoun) \(be) \(support.preposition) the \(parent.name)")
        } else if let near = nearest(to: thing, among: furniture), Self.gap(thing.box, near.box) < 1 {
            subjects.append(near.id)
            claims.append(.nearest(thing: near.id, to: thing.id, amongFurniture: true))
            sentences.append("\(pronoun) \(be) \(random.say("next to", "near", "beside")) the \(near.name)")
        }
        let contents = self.contents(of: thing)
        if !contents.isEmpty, contents.count <= 4 {
            subjects += contents.map(\.id)
            claims.append(.contents(parent: thing.id, things: contents.map(\.id)))
            let be = contents.count > 1 || English.isPlural(contents[0].name) ? "are" : "is"
            sentences.append(
                "\(listed(contents)) \(be) \(contents[0].support?.preposition ?? "on") it"
            )
        } else if let kind = roomKind(thing), sentences.count < 3, random.nextUnit() < 0.5 {
            claims.append(.room(thing: thing.id, kind))
            sentences.append("\(pronoun) \(be) \(random.say("in", "found in", "placed in")) the \(kind)")
        }
        let text = sentences.map { English.capitalized($0) }.joined(separator: ". ") + "."
        return Caption(text: text, subjects: subjects, claims: claims)
    }

    /// The thing alone, as a caption of an object without a scene has it.
    package func lookCaption(of thing: Thing, using random: inout SplitMix64) -> Caption {
        var claims: [Claim] = [.color(thing: thing.id, thing.color)]
        let looks = look(of: thing, using: &random, claims: &claims)
        let text = random.say("", "a 3D model of ", "this is ").nilIfEmpty.map { $0 + looks } ?? looks
        return Caption(text: English.capitalized(text) + ".", subjects: [thing.id], claims: claims)
    }

    /// "a small red wooden box", "a brown chair made of oak".
    private func look(of thing: Thing, using random: inout SplitMix64, claims: inout [Claim]) -> String {
        var words = [thing.color, thing.name]
        var ending = ""
        if let size = thing.sizeWord, !thing.name.contains(size), random.nextUnit() < 0.6 { words.insert(size, at: 0) }
        if let material = thing.spokenMaterial, random.nextUnit() < 0.6 {
            claims.append(.material(thing: thing.id, material))
            if random.nextUnit() < 0.5 {
                ending = " made of \(material)"
            } else {
                words.insert(material, at: words.count - 1)
            }
        }
        return English.indefinite(words.joined(separator: " "), head: thing.name) + ending
    }

    /// "two red mugs and a plate": things of one name and colour together.
    func listed(_ things: [Thing]) -> String {
        var groups: [(noun: String, head: String, count: Int)] = []
        for thing in things {
            let noun = "\(thing.color) \(thing.name)"
            if let index = groups.firstIndex(where: { $0.noun == noun }) {
                groups[index].count += 1
            } else {
                groups.append((noun, thing.name, 1))
            }
        }
        return English.list(groups.map { English.counted($0.count, $0.noun, head: $0.head) })
    }

    /// A text that tells this thing from all others, as in ScanRefer; nil where words do not suffice.
    package func utterance(for thing: Thing, using random: inout SplitMix64) -> Caption? {
        if random.nextUnit() < 0.3, let byDistance = nearestUtterance(for: thing, using: &random) { return byDistance }
        guard let reference = reference(to: thing, using: &random) else {
            return nearestUtterance(for: thing, using: &random)
        }
        let claims: [Claim] = [.refers(reference, thing: thing.id)]
        let be = English.verb(thing.name)
        let text: String
        switch random.nextIndex(below: 4) {
        case 0: text = "\(reference.definite)."
        case 1: text = "find \(reference.definite)."
        case 2 where be == "is": text = "this is \(reference.definite)."
        default:
            // The looks first, the place in a sentence of its own.
            var looks = reference
            (looks.support, looks.room) = (nil, nil)
            var sentences = [be == "is" ? "this is \(English.indefinite(looks.noun))" : "these are \(looks.noun)"]
            let pronoun = be == "is" ? "it is" : "they are"
            if let support = reference.support {
                sentences.append("\(pronoun) \(support.isInside ? "in" : "on") the \(support.name)")
            }
            if let room = reference.room { sentences.append("\(pronoun) in the \(room)") }
            text = sentences.joined(separator: ". ") + "."
        }
        return Caption(text: text, subjects: [thing.id], claims: claims)
    }

    /// "the chair closest to the red sofa".
    private func nearestUtterance(for thing: Thing, using random: inout SplitMix64) -> Caption? {
        let same = furniture.filter { $0.isA(thing.name) && $0.room == thing.room }
        guard thing.support == nil, same.count > 1, things(called: thing.name).count == same.count else { return nil }
        let anchors = furniture.filter { anchor in
            anchor.room == thing.room && !same.contains { $0.id == anchor.id }
                && nearest(to: anchor, among: same)?.id == thing.id
        }
        guard let anchor = random.pick(anchors), let reference = reference(to: anchor, using: &random) else {
            return nil
        }
        let text = random.say(
            "the \(thing.name) closest to \(reference.definite).",
            "the \(thing.name) that is nearest to \(reference.definite).",
            "choose the \(thing.name) next to \(reference.definite).")
        return Caption(
            text: text, subjects: [thing.id, anchor.id],
            claims: [
                .refers(reference, thing: anchor.id), .nearest(thing: thing.id, to: anchor.id, amongFurniture: false),
            ])
    }

    /// What there is in a room, and what stands on what.
    package func sceneCaption(of room: Room, using random: inout SplitMix64) -> Caption? {
        let inside = things.filter { $0.room == room.id }
        guard inside.count > 1 else { return nil }
        let standing = inside.filter { $0.support == nil }
        var claims: [Claim] = []
        var sentences: [String] = []
        var subjects = standing.map(\.id)
        let kind = English.indefinite(room.kind)
        var groups: [(name: String, count: Int)] = []
        for thing in standing {
            if let index = groups.firstIndex(where: { $0.name == thing.name }) {
                groups[index].count += 1
            } else {
                groups.append((thing.name, 1))
            }
        }
        if !groups.isEmpty {
            let list = English.list(groups.map { English.counted($0.count, $0.name) })
            sentences.append(
                random.say(
                    "This is \(kind) with \(list)", "In this \(room.kind) there are \(list)",
                    "The scene shows \(kind). It has \(list)"))
        }
        claims += standing.map { .room(thing: $0.id, room.kind) }
        for thing in random.shuffled(inside) where sentences.count < 5 {
            let contents = self.contents(of: thing)
            if contents.isEmpty || contents.count > 5 { continue }
            let plural = contents.count > 1 || English.isPlural(contents[0].name)
            let parent = "\(thing.color) \(thing.name)"
            let things = listed(contents)
            // Two parents of one look would make "the" a lie.
            let isUnique = inside.filter { $0.isA(thing.name) && $0.color == thing.color }.count == 1
            let article = isUnique ? "the" : "a"
            sentences.append(
                random.say(
                    "\(things) \(plural ? "are" : "is") \(contents[0].support?.preposition ?? "on") \(article) \(parent)",
                    "\(article) \(parent) has \(things) \(contents[0].support?.preposition ?? "on") it"))
            claims.append(.contents(parent: thing.id, things: contents.map(\.id)))
            claims.append(.color(thing: thing.id, thing.color))
            subjects += contents.map(\.id) + [thing.id]
        }
        guard !sentences.isEmpty else { return nil }
        var seen: Set<Int> = []
        return Caption(
            text: sentences.map { English.capitalized($0) }.joined(separator: ". ") + ".",
            subjects: subjects.filter { seen.insert($0).inserted }, claims: claims)
    }
}

extension String {
    fileprivate var nilIfEmpty: String? { isEmpty ? nil : self }

    fileprivate func replacing(_ text: String, with other: String, atStart: Bool) -> String {
        atStart && hasPrefix(text) ? other + dropFirst(text.count) : self
    }
}
