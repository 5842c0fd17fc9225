/// What a text says about a scene, so that it can be checked without reading English.
package enum Claim: Sendable, Equatable {
    /// The description holds for this thing and for no other.
    case refers(Descriptor, thing: Int)
    case color(thing: Int, String)
    case material(thing: Int, String)
    case room(thing: Int, String)
    /// That many things match.
    case count(Descriptor, Int)
    case stands(thing: Int, parent: Int, isInside: Bool)
    /// All that stands on or in a thing.
    case contents(parent: Int, things: [Int])
    /// The nearest furniture, or the nearest of a name.
    case nearest(thing: Int, to: Int, amongFurniture: Bool)
    case taller(Int, than: Int)
    case direction(Situation.Pose, thing: Int, Direction)
    /// Things that match and are on that side; none of the others is near the border of the side.
    case countOnSide(Situation.Pose, Descriptor, Direction, things: [Int])
    /// Whether the thing's nearest point is within an arm's length.
    case reach(Situation.Pose, thing: Int, Bool)
    /// Things that a plan moves, in order, each to its target.
    case moves([Move])

    package struct Move: Sendable, Equatable {
        package let thing: Int
        package let target: Int
    }
}

/// Where something is, seen by an agent.
package enum Direction: String, Sendable, CaseIterable {
    case front, right, behind, left

    /// "to my left", "in front of me".
    package var phrase: String {
        switch self {
        case .front: "in front of me"
        case .behind: "behind me"
        case .left: "to my left"
        case .right: "to my right"
        }
    }
}

package struct Question: Sendable, Equatable {
    package let text: String
    /// Right answers; the first is the one to give.
    package let answers: [String]
    /// Ids of the things it is about.
    package let subjects: [Int]
    package let claims: [Claim]

    package init(_ text: String, answers: [String], subjects: [Int], claims: [Claim]) {
        (self.text, self.answers, self.subjects, self.claims) = (text, answers, subjects, claims)
    }
}

package struct Caption: Sendable, Equatable {
    package let text: String
    package let subjects: [Int]
    package let claims: [Claim]
}
