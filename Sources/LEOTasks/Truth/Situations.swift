import Foundation
import LEOScene
import LEOWorld

/// Somebody standing in a scene, told in words.
package struct Situation: Sendable, Equatable {
    /// Feet and heading in the world's frame; yaw in degrees, positive to the right.
    package struct Pose: Sendable, Equatable {
        package let position: SIMD3<Double>
        package let yaw: Double

        package init(position: SIMD3<Double>, yaw: Double) {
            self.position = position
            self.yaw = yaw
        }

        /// Degrees from straight ahead to a point, right positive, in -180...180; seen from above.
        package func bearing(to point: SIMD3<Double>) -> Double {
            let (dx, dz) = (point.x - position.x, point.z - position.z)
            return (atan2(dx, dz) * 180 / .pi - yaw).remainder(dividingBy: 360)
        }
    }

    package let pose: Pose
    /// The first is the situation; the others say the same in other words.
    package let texts: [String]
    package let subjects: [Int]
    package let claims: [Claim]
}

extension SceneTruth {
    /// The side on which a thing surely is: its whole outline, with 15 degrees to spare; nil near a border.
    package static func direction(of thing: Thing, from pose: Situation.Pose) -> Direction? {
        let box = thing.box
        let corners = [
            SIMD3(box.minimum.x, 0, box.minimum.z), SIMD3(box.minimum.x, 0, box.maximum.z),
            SIMD3(box.maximum.x, 0, box.minimum.z), SIMD3(box.maximum.x, 0, box.maximum.z),
        ]
        // Sides seen from within a box mean nothing.
        if pose.position.x > box.minimum.x, pose.position.x < box.maximum.x, pose.position.z > box.minimum.z,
            pose.position.z < box.maximum.z
        {
            return nil
        }
        let bearings = (corners + [box.center]).map { pose.bearing(to: $0) }
        if bearings.allSatisfy({ abs($0) <= 30 }) { return .front }
        if bearings.allSatisfy({ abs($0) >= 150 }) { return .behind }
        if bearings.allSatisfy({ (60...120).contains($0) }) { return .right }
        if bearings.allSatisfy({ (-120...(-60)).contains($0) }) { return .left }
        return nil
    }

    /// Whether a thing is in the left or right half, with 15 degrees to spare; nil near the border.
    package static func half(of thing: Thing, from pose: Situation.Pose) -> Direction? {
        let box = thing.box
        let corners = [
            SIMD3(box.minimum.x, 0, box.minimum.z), SIMD3(box.minimum.x, 0, box.maximum.z),
            SIMD3(box.maximum.x, 0, box.minimum.z), SIMD3(box.maximum.x, 0, box.maximum.z),
        ]
        let bearings = corners.map { pose.bearing(to: $0) }
        if bearings.allSatisfy({ (15...165).contains($0) }) { return .right }
        if bearings.allSatisfy({ (-165...(-15)).contains($0) }) { return .left }
        return nil
    }

    /// Metres from the feet to the nearest point of a thing's box, seen from above.
    static func distance(_ pose: Situation.Pose, to thing: Thing) -> Double {
        gap(Box(minimum: pose.position, maximum: pose.position), thing.box)
    }

    /// A place to stand, facing some thing that can be named; nil where no try found one.
    package func situation(using random: inout SplitMix64) -> Situation? {
        for _ in 0..<40 {
            guard let target = random.pick(furniture), let roomID = target.room,
                let room = roomList.first(where: { $0.id == roomID }),
                let reference = reference(to: target, using: &random),
                let position = freePosition(in: room, using: &random)
            else { continue }
            let center = target.box.center
            let yaw = atan2(center.x - position.x, center.z - position.z) * 180 / .pi
            let pose = Situation.Pose(position: position, yaw: yaw)
            guard Self.distance(pose, to: target) > 0.4, Self.direction(of: target, from: pose) == .front else {
                continue
            }
            var claims: [Claim] = [.refers(reference, thing: target.id), .direction(pose, thing: target.id, .front)]
            var subjects = [target.id]
            let others = random.shuffled(furniture.filter { $0.id != target.id && $0.room == roomID })
            var texts = [
                random.say(
                    "I am standing in front of \(reference.definite) and facing it.",
                    "I am facing \(reference.definite).",
                    "I am looking at \(reference.definite)."),
                "\(reference.definite) is in front of me.",
            ]
            texts[1] = English.capitalized(texts[1])
            if English.isPlural(target.name) {
                texts = ["I am facing \(reference.definite).", "I am looking at \(reference.definite)."]
            }
            if Self.distance(pose, to: target) > 1.2 {
                texts[0] = random.say("I am facing \(reference.definite).", "I am looking at \(reference.definite).")
            }
            for other in others {
                guard let side = Self.direction(of: other, from: pose), side != .front,
                    let otherReference = self.reference(to: other, using: &random)
                else { continue }
                subjects.append(other.id)
                claims += [.refers(otherReference, thing: other.id), .direction(pose, thing: other.id, side)]
                let be = English.verb(other.name)
                texts[0] =
                    texts[0].dropLast()
                    + random.say(
                        " and \(otherReference.definite) \(be) \(side.phrase).",
                        ", while \(otherReference.definite) \(be) \(side.phrase).")
                break
            }
            return Situation(pose: pose, texts: texts, subjects: subjects, claims: claims)
        }
        return nil
    }

    /// A point of the floor with half a metre of room from the walls and a body's width from all that stands there.
    package func freePosition(in room: Room, using random: inout SplitMix64) -> SIMD3<Double>? {
        let margin = 0.35
        let extent = room.maximum - room.minimum - 2 * margin
        guard extent.x > 0, extent.y > 0 else { return nil }
        for _ in 0..<60 {
            let x = room.minimum.x + margin + extent.x * random.nextUnit()
            let z = room.minimum.y + margin + extent.y * random.nextUnit()
            let body = Box(minimum: SIMD3(x - 0.2, 0.1, z - 0.2), maximum: SIMD3(x + 0.2, 1.7, z + 0.2))
            let isFree = things.allSatisfy { thing in
                thing.box.minimum.y >= body.maximum.y || thing.box.maximum.y <= body.minimum.y
                    || Self.gap(thing.box, body) > 0
            }
            if isFree { return SIMD3(x, 0, z) }
        }
        return nil
    }

    /// Up to `count` different questions that can only be answered from where one stands.
    package func questions(_ count: Int, in situation: Situation, using random: inout SplitMix64) -> [Question] {
        let kinds: [(Situation, inout SplitMix64) -> Question?] = [
            turnQuestion, sideQuestion, frontQuestion, sideCountQuestion, sideColorQuestion, reachQuestion,
        ]
        var found: [Question] = []
        var texts: Set<String> = []
        for attempt in 0..<(count * 8 + 30) where found.count < count {
            if let question = kinds[attempt % kinds.count](situation, &random), texts.insert(question.text).inserted {
                found.append(question)
            }
        }
        return random.shuffled(found)
    }

    private func neighbour(of situation: Situation, using random: inout SplitMix64) -> (Thing, Descriptor)? {
        // What the situation tells already would be no question.
        guard let here = things[situation.subjects[0]].room,
            let thing = random.pick(things.filter { $0.room == here && !situation.subjects.contains($0.id) }),
            let reference = reference(to: thing, using: &random)
        else { return nil }
        return (thing, reference)
    }

    private func turnQuestion(_ situation: Situation, _ random: inout SplitMix64) -> Question? {
        guard let (thing, reference) = neighbour(of: situation, using: &random),
            let side = Self.direction(of: thing, from: situation.pose), side != .front
        else { return nil }
        return Question(
            random.say(
                "Which direction should I turn to face \(reference.definite)?",
                "Which way should I turn to see \(reference.definite)?"),
            answers: side == .behind ? ["around", "backward"] : [side.rawValue], subjects: [thing.id],
            claims: [.refers(reference, thing: thing.id), .direction(situation.pose, thing: thing.id, side)])
    }

    private func sideQuestion(_ situation: Situation, _ random: inout SplitMix64) -> Question? {
        guard let (thing, reference) = neighbour(of: situation, using: &random),
            let side = Self.half(of: thing, from: situation.pose)
        else { return nil }
        let be = English.capitalized(English.verb(thing.name))
        return Question(
            "\(be) \(reference.definite) on my left or on my right?", answers: [side.rawValue], subjects: [thing.id],
            claims: [
                .refers(reference, thing: thing.id),
                .countOnSide(situation.pose, reference, side, things: [thing.id]),
            ])
    }

    private func frontQuestion(_ situation: Situation, _ random: inout SplitMix64) -> Question? {
        guard let (thing, reference) = neighbour(of: situation, using: &random),
            let side = Self.direction(of: thing, from: situation.pose), side == .front || side == .behind
        else { return nil }
        let asksFront = random.nextUnit() < 0.5
        let be = English.capitalized(English.verb(thing.name))
        return Question(
            "\(be) \(reference.definite) \(asksFront ? "in front of" : "behind") me?",
            answers: [asksFront == (side == .front) ? "yes" : "no"], subjects: [thing.id],
            claims: [.refers(reference, thing: thing.id), .direction(situation.pose, thing: thing.id, side)])
    }

    /// Things of a name in this room by half; nil if one is near a border or they are many.
    private func halves(
        of name: String, _ situation: Situation
    ) -> (descriptor: Descriptor, left: [Thing], right: [Thing])? {
        let here = things[situation.subjects[0]]
        guard let kind = roomKind(here), isUnique(roomKind: kind) else { return nil }
        let descriptor = Descriptor(name, room: kind)
        var (left, right): ([Thing], [Thing]) = ([], [])
        for thing in things(matching: descriptor) {
            switch Self.half(of: thing, from: situation.pose) {
            case .left: left.append(thing)
            case .right: right.append(thing)
            default: return nil
            }
        }
        return (descriptor, left, right)
    }

    private func sideCountQuestion(_ situation: Situation, _ random: inout SplitMix64) -> Question? {
        let here = things[situation.subjects[0]].room
        guard let name = random.pick(things.filter { $0.room == here })?.name, English.canBeCounted(name),
            let (descriptor, left, right) = halves(of: name, situation)
        else { return nil }
        // "Zero" now and then, not every other time.
        let isLeft = left.isEmpty || right.isEmpty ? left.isEmpty == (random.nextUnit() < 0.25) : random.nextUnit() < 0.5
        let found = isLeft ? left : right
        guard found.count <= 12 else { return nil }
        let side: Direction = isLeft ? .left : .right
        return Question(
            "How many \(English.plural(name)) in the \(descriptor.room ?? "") are on my \(side.rawValue)?",
            answers: [English.number(found.count), String(found.count)], subjects: found.map(\.id),
            claims: [.countOnSide(situation.pose, descriptor, side, things: found.map(\.id))])
    }

    private func sideColorQuestion(_ situation: Situation, _ random: inout SplitMix64) -> Question? {
        let here = things[situation.subjects[0]].room
        guard let name = random.pick(things.filter { $0.room == here })?.name,
            let (descriptor, left, right) = halves(of: name, situation)
        else { return nil }
        let isLeft = random.nextUnit() < 0.5
        let found = isLeft ? left : right
        guard found.count == 1 else { return nil }
        let side: Direction = isLeft ? .left : .right
        return Question(
            "What color \(English.verb(name)) the \(name) on my \(side.rawValue)?", answers: [found[0].color],
            subjects: [found[0].id],
            claims: [
                .countOnSide(situation.pose, descriptor, side, things: [found[0].id]),
                .color(thing: found[0].id, found[0].color),
            ])
    }

    private func reachQuestion(_ situation: Situation, _ random: inout SplitMix64) -> Question? {
        // Few things are near, so they are looked for half the time.
        let isNear = random.nextUnit() < 0.5
        let here = things[situation.subjects[0]].room
        let candidates = things.filter { thing in
            let distance = Self.distance(situation.pose, to: thing)
            return thing.room == here && thing.box.center.y < 1.8 && !situation.subjects.contains(thing.id)
                && (isNear ? distance < 0.5 : distance > 1.5)
        }
        guard let thing = random.pick(candidates), let reference = reference(to: thing, using: &random) else { return nil }
        return Question(
            "Can I reach \(reference.definite) without walking?", answers: [isNear ? "yes" : "no"], subjects: [thing.id],
            claims: [.refers(reference, thing: thing.id), .reach(situation.pose, thing: thing.id, isNear)])
    }
}
