import LEOAction
import LEOData
import LEOScene
import LEOTensor
import LEOWorld

/// LEGENT's tasks: a `task_setting.json` for each, with its scene.
extension WorldTaskWriter {
    mutating func writeLEGENT(_ task: LEGENTTaskKind) throws {
        let kind = WorldTaskKind.legent(task)
        var barren = 0
        var index = 0
        var count = 0
        while count < options.count {
            // A task changes its scene, so each has one of its own.
            let entry = try scenes.scene(index, of: .train)
            index += 1
            var random = SplitMix64(seed: entry.seed, kind.description)
            guard let setting = try Self.setting(task, in: SceneTruth(entry.truth.scene), using: &random) else {
                barren += 1
                guard barren < 200 + options.count else {
                    throw WorldTaskError.exhausted(kind: kind, found: count, wanted: options.count)
                }
                continue
            }
            let file = "legent/\(task.rawValue)/\(Self.padded(count, digits: 6))/task_setting.json"
            try writeAtomically(Array(setting.json.utf8), to: path(file), makesFolders: true)
            wrote(file)
            count += 1
            try advance(1, kind.description)
        }
        report.sceneCount += count
        report.rows.append(
            WorldTaskReport.Row(kind: kind, split: .train, count: count, path: "legent/\(task.rawValue)"))
    }

    /// A task of this kind in a scene; nil where the scene has none.
    ///
    /// Things are named so that only one is meant. LEGENT takes object 0 for the user, so no task is about it.
    static func setting(
        _ task: LEGENTTaskKind, in truth: SceneTruth, using random: inout SplitMix64
    ) throws -> LEGENTTaskSetting? {
        func setting(_ instruction: String, plan: [String], solution: [String], answer: String? = nil) throws
            -> LEGENTTaskSetting
        {
            var setting = try LEGENTTaskSetting(task: instruction, sceneJSON: SceneJSON.text(of: truth.scene))
            (setting.plan, setting.solution, setting.answer) = (plan, solution, answer)
            return setting
        }
        func subject(
            where condition: (Thing) -> Bool, using random: inout SplitMix64, without omitted: SceneTruth.Omissions = []
        )
            -> (thing: Thing, reference: Descriptor)?
        {
            guard let thing = random.pick(truth.things.filter { $0.instance > 0 && condition($0) }) else { return nil }
            // Short names first: "put the mug on the desk on the shelf" could mean two things.
            let reference =
                truth.reference(to: thing, without: omitted.union(.support), using: &random)
                ?? truth.reference(to: thing, without: omitted, using: &random)
            return reference.map { (thing, $0) }
        }
        /// Can be seen from where somebody stands before it, and taken: neither in something closed nor under others.
        func canBeTaken(_ thing: Thing) -> Bool {
            thing.isMovable && thing.support?.isInside == false && truth.contents(of: thing).isEmpty
        }
        switch task {
        case .come:
            let apart = truth.scene.agent.position - truth.scene.player.position
            // Nearer, the task would be done before it begins.
            guard (apart.x * apart.x + apart.z * apart.z).squareRoot() >= 3 else { return nil }
            return try setting("Come here.", plan: ["Go to the user."], solution: ["goto_user()"])
        case .goto:
            guard let (thing, reference) = subject(where: { _ in true }, using: &random) else { return nil }
            return try setting(
                "Go to \(reference.definite).", plan: ["Go to \(reference.definite)."],
                solution: ["goto(\(thing.instance))"])
        case .take:
            guard let (thing, reference) = subject(where: canBeTaken, using: &random) else { return nil }
            return try setting(
                "Take \(reference.definite).", plan: ["Go to \(reference.definite).", "Grab \(reference.definite)."],
                solution: ["goto(\(thing.instance))", "grab()"])
        case .bring:
            guard let (thing, reference) = subject(where: canBeTaken, using: &random) else { return nil }
            return try setting(
                "Bring \(reference.definite).",
                plan: ["Go to \(reference.definite).", "Grab \(reference.definite).", "Go to the user."],
                solution: ["goto(\(thing.instance))", "grab()", "goto_user()"])
        case .put:
            guard let (thing, reference) = subject(where: canBeTaken, using: &random),
                let (target, place) = subject(
                    where: { $0.id != thing.support?.thing && truth.canHold($0, thing) }, using: &random)
            else { return nil }
            return try setting(
                "Put \(reference.definite) on \(place.definite).",
                plan: [
                    "Go to \(reference.definite).", "Grab \(reference.definite).", "Go to \(place.definite).",
                    "Put \(reference.definite) on \(place.definite).",
                ],
                solution: ["goto(\(thing.instance))", "grab()", "goto(\(target.instance))", "release()"])
        case .where:
            guard
                let (thing, reference) = subject(
                    where: { $0.support?.isInside == false }, using: &random, without: .support),
                let support = thing.support
            else { return nil }
            let parent = truth.things[support.thing]
            return try setting(
                "Where \(English.verb(thing.name)) \(reference.definite)?",
                plan: ["Find \(reference.definite).", "Answer the question."],
                solution: ["find(\(thing.instance))", "speak(\"It's on the \(parent.name).\")"], answer: parent.name)
        case .exist:
            let asksForPresent = random.nextUnit() < 0.5
            let holders = truth.things.filter { holder in
                holder.instance > 0 && holder.hasSurface && !holder.isMovable
                    && (!asksForPresent || truth.contents(of: holder).contains { $0.support?.isInside == false })
            }
            // The first place that will do, so that yes is as frequent as no.
            var found: (holder: Thing, place: Descriptor, name: String)?
            for holder in random.shuffled(holders) where found == nil {
                guard let place = truth.reference(to: holder, using: &random) else { continue }
                let contents = truth.contents(of: holder)
                let names: [String]
                if asksForPresent {
                    names = contents.filter { $0.support?.isInside == false }.map(\.name)
                } else {
                    names = Set(truth.things.filter(\.isMovable).map(\.name)).sorted().filter { other in
                        !contents.contains {
                            $0.isA(other) || English.mayBeConfused($0.name, other) || other.hasSuffix(" " + $0.name)
                        }
                    }
                }
                found = random.pick(names).map { (holder, place, $0) }
            }
            guard let (holder, place, name) = found else { return nil }
            let answer = asksForPresent ? "Yes." : "No."
            return try setting(
                "Is there \(English.indefinite(name)) on \(place.definite).",
                plan: ["Go to \(place.definite).", "Answer the question."],
                solution: ["goto(\(holder.instance))", "speak(\"\(answer)\")"], answer: asksForPresent ? "yes" : "no")
        }
    }
}
