import LEOScene
import LEOWorld

/// A talk about a scene: the human asks, the robot answers.
package struct Dialogue: Sendable, Equatable {
    package struct Turn: Sendable, Equatable {
        package let isRobot: Bool
        package let text: String
    }

    package let turns: [Turn]
    package let subjects: [Int]
    package let claims: [Claim]
}

/// Something to do in a scene, step by step.
package struct Plan: Sendable, Equatable {
    package let instruction: String
    package let steps: [String]
    package let subjects: [Int]
    package let claims: [Claim]

    /// "1. Go to the sofa. 2. Pick up the red mug."
    package var text: String { steps.enumerated().map { "\($0 + 1). \($1)" }.joined(separator: " ") }
}

extension SceneTruth {
    /// Two to five questions and answers, the answers as sentences; nil where the scene gives no questions.
    package func dialogue(using random: inout SplitMix64) -> Dialogue? {
        let questions = questions(2 + random.nextIndex(below: 4), using: &random)
        guard !questions.isEmpty else { return nil }
        var turns: [Dialogue.Turn] = []
        func say(_ text: String, robot: Bool) { turns.append(Dialogue.Turn(isRobot: robot, text: text)) }
        if random.nextUnit() < 0.25 {
            say(random.say("Hello!", "Hi there.", "Good morning."), robot: false)
            say(random.say("Hello! What would you like to know?", "Hi! How can I help you?"), robot: true)
        }
        for question in questions {
            say(question.text, robot: false)
            say(sentence(answering: question, using: &random), robot: true)
        }
        if random.nextUnit() < 0.3 {
            say(random.say("Thank you.", "Thanks, that is all."), robot: false)
            say(random.say("You are welcome.", "My pleasure."), robot: true)
        }
        return Dialogue(
            turns: turns, subjects: Array(Set(questions.flatMap(\.subjects))).sorted(),
            claims: questions.flatMap(\.claims))
    }

    private func sentence(answering question: Question, using random: inout SplitMix64) -> String {
        let answer = question.answers[0]
        switch answer {
        case "yes": return random.say("Yes.", "Yes, that is right.")
        case "no": return random.say("No.", "No, that is not the case.")
        default: break
        }
        if question.text.hasPrefix("How many") || question.text.hasPrefix("What is the number") {
            return answer == "one" ? "There is one." : "There are \(answer)."
        }
        if question.text.hasPrefix("Which room") || question.text.hasPrefix("In which room") {
            return "In the \(answer)."
        }
        if question.text.hasPrefix("Where") { return "\(English.capitalized(answer))." }
        if case .refers(let reference, let id)? = question.claims.first, question.subjects.first == id {
            let isPlural = English.isPlural(things[id].name)
            let pronoun = isPlural ? "They are" : "It is"
            for claim in question.claims {
                switch claim {
                case .color: if question.text.contains("color") { return "\(pronoun) \(answer)." }
                case .material: return "\(pronoun) made of \(answer)."
                case .stands:
                    return
                        "\(English.capitalized(reference.definite)) \(isPlural ? "are" : "is") \(place(of: things[id], answer))."
                default: continue
                }
            }
        }
        return English.isPlural(answer)
            ? "\(English.capitalized(answer))." : random.say("It is the \(answer).", "The \(answer).")
    }

    private func place(of thing: Thing, _ answer: String) -> String {
        "\(thing.support?.preposition ?? "on") the \(answer)"
    }

    // MARK: Plans

    /// A task with real things of the scene: fetching one, clearing a surface, or gathering things of a kind.
    package func plan(using random: inout SplitMix64) -> Plan? {
        let kinds: [(inout SplitMix64) -> Plan?] = [fetchPlan, clearPlan, gatherPlan]
        let first = random.nextIndex(below: kinds.count)
        for attempt in 0..<24 {
            if let plan = kinds[(first + attempt) % kinds.count](&random) { return plan }
        }
        return nil
    }

    /// Where things are put that are to be out of the way: neither seats nor beds nor what has water in it.
    private static let unfit = [
        "chair", "armchair", "sofa", "stool", "bench", "bed", "toilet", "stove", "rug", "washing machine",
    ]

    private func destination(
        for moved: [Thing], except excluded: Set<Int>, using random: inout SplitMix64
    ) -> (Thing, Descriptor)? {
        let places = things.filter { place in
            !excluded.contains(place.id) && !Self.unfit.contains { place.isA($0) }
                && moved.allSatisfy { canHold(place, $0) }
        }
        guard let thing = random.pick(places),
            let reference = reference(to: thing, using: &random)
        else { return nil }
        return (thing, reference)
    }

    private func fetchPlan(_ random: inout SplitMix64) -> Plan? {
        guard let thing = random.pick(things.filter { $0.isMovable && $0.support != nil }), let support = thing.support,
            let reference = reference(to: thing, using: &random),
            let (target, place) = destination(for: [thing], except: [support.thing], using: &random)
        else { return nil }
        let parent = things[support.thing]
        let it = English.isPlural(thing.name) ? "them" : "it"
        return Plan(
            instruction: random.say(
                "Bring \(reference.definite) to \(place.definite)", "Move \(reference.definite) to \(place.definite)",
                // "Put the mug on the desk on the shelf" could mean two things.
                reference.support == nil
                    ? "Put \(reference.definite) on \(place.definite)" : "Carry \(reference.definite) to \(place.definite)"
            ),
            steps: [
                "Go to the \(parent.name).",
                random.say("Pick up \(reference.definite).", "Take \(reference.definite)."),
                "\(random.say("Carry", "Bring")) \(it) to \(place.definite).", "Put \(it) down on \(place.definite).",
            ],
            subjects: [thing.id, parent.id, target.id],
            claims: [
                .refers(reference, thing: thing.id), .refers(place, thing: target.id),
                .stands(thing: thing.id, parent: parent.id, isInside: support.isInside),
                .moves([Claim.Move(thing: thing.id, target: target.id)]),
            ])
    }

    private func clearPlan(_ random: inout SplitMix64) -> Plan? {
        let holders = things.filter { holder in
            let contents = self.contents(of: holder)
            return (1...4).contains(contents.count)
                && contents.allSatisfy { $0.isMovable && self.contents(of: $0).isEmpty }
        }
        guard let holder = random.pick(holders), let reference = reference(to: holder, using: &random),
            let (target, place) = destination(for: contents(of: holder), except: [holder.id], using: &random)
        else { return nil }
        let contents = self.contents(of: holder)
        let instruction = random.say(
            "Clear \(reference.definite)", "Tidy up \(reference.definite)", "Take everything off \(reference.definite)")
        return moving(
            contents, to: target, place, instruction, using: &random,
            claims: [
                .refers(reference, thing: holder.id), .contents(parent: holder.id, things: contents.map(\.id)),
            ])
    }

    private func gatherPlan(_ random: inout SplitMix64) -> Plan? {
        guard let example = random.pick(things.filter { $0.isMovable }) else { return nil }
        let all = things(called: example.name)
        guard let (target, place) = destination(for: all, except: [], using: &random) else { return nil }
        let moved = all.filter { $0.support?.thing != target.id }
        guard (2...4).contains(all.count), moved.count == all.count,
            all.allSatisfy({ $0.isMovable && contents(of: $0).isEmpty }),
            English.canBeCounted(example.name)
        else { return nil }
        return moving(
            moved, to: target, place, "Gather all \(English.plural(example.name)) on \(place.definite)", using: &random,
            claims: [.count(Descriptor(example.name), all.count)])
    }

    /// Moves things one by one.
    private func moving(
        _ moved: [Thing], to target: Thing, _ place: Descriptor, _ instruction: String, using random: inout SplitMix64,
        claims: [Claim]
    ) -> Plan? {
        var steps: [String] = []
        var claims = claims + [.refers(place, thing: target.id)]
        for thing in moved {
            guard let reference = reference(to: thing, using: &random) else { return nil }
            claims.append(.refers(reference, thing: thing.id))
            steps.append("Pick up \(reference.definite).")
            steps.append("Put \(English.isPlural(thing.name) ? "them" : "it") on \(place.definite).")
        }
        claims.append(.moves(moved.map { Claim.Move(thing: $0.id, target: target.id) }))
        return Plan(instruction: instruction, steps: steps, subjects: moved.map(\.id) + [target.id], claims: claims)
    }
}
