/// The little English grammar that generated texts need.
enum English {
    /// Stuff rather than things: there is some of it, and it is not counted.
    static func isUncountable(_ noun: String) -> Bool {
        ["bread", "soap", "paper"].contains { noun == $0 || noun.hasSuffix(" " + $0) }
    }

    static func canBeCounted(_ noun: String) -> Bool { !isPlural(noun) && !isUncountable(noun) }

    /// Whether people might call one of the two by the other's name, so that "no" would be open to dispute.
    static func mayBeConfused(_ a: String, _ b: String) -> Bool {
        let groups = [
            ["mug", "cup", "wine glass"], ["chair", "armchair", "office chair", "stool", "bench", "sofa"],
            ["cabinet", "wardrobe", "dresser", "nightstand", "wall cabinet", "kitchen counter", "tv stand"],
            ["pan", "pot", "bowl"],
            ["desk", "kitchen table", "round table", "coffee table", "side table", "nightstand", "bench"],
            ["bookshelf", "wall shelf"], ["trash can", "basket", "laundry basket", "box"], ["vase", "bottle", "pot"],
            ["orange", "ball"], ["box", "toy block"], ["plate", "bowl"],
        ]
        return a != b && groups.contains { $0.contains(a) && $0.contains(b) }
    }

    /// "a red mug", "an apple", "scissors".
    static func indefinite(_ noun: String, head: String? = nil) -> String {
        if isPlural(head ?? noun) || isUncountable(head ?? noun) { return "some \(noun)" }
        guard let first = noun.first else { return noun }
        return ("aeiou".contains(first) ? "an " : "a ") + noun
    }

    /// Whether the noun itself names several things: "scissors", "books", but not "glass".
    static func isPlural(_ noun: String) -> Bool {
        guard noun.hasSuffix("s") else { return false }
        return !["ss", "us", "is", "as", "os"].contains { noun.hasSuffix($0) }
    }

    static func plural(_ noun: String) -> String {
        if isPlural(noun) { return noun }
        for (ending, other) in [("shelf", "shelves"), ("knife", "knives"), ("loaf", "loaves"), ("leaf", "leaves")]
        where noun.hasSuffix(ending) {
            return noun.dropLast(ending.count) + other
        }
        if noun.hasSuffix("mouse") { return noun.dropLast(5) + "mice" }
        if ["s", "x", "z", "ch", "sh"].contains(where: { noun.hasSuffix($0) }) { return noun + "es" }
        if noun.hasSuffix("tomato") || noun.hasSuffix("potato") { return noun + "es" }
        if noun.hasSuffix("y"), let before = noun.dropLast().last, !"aeiou".contains(before) {
            return noun.dropLast() + "ies"
        }
        return noun + "s"
    }

    private static let numbers = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    ]

    static func number(_ value: Int) -> String { numbers.indices.contains(value) ? numbers[value] : String(value) }

    /// "two mugs", "a mug".
    static func counted(_ count: Int, _ noun: String, head: String? = nil) -> String {
        if count == 1 { return indefinite(noun, head: head) }
        return isUncountable(head ?? noun) ? "\(number(count)) pieces of \(noun)" : "\(number(count)) \(plural(noun))"
    }

    /// "a, b and c".
    static func list(_ items: [String]) -> String {
        guard let last = items.last, items.count > 1 else { return items.first ?? "" }
        return items.dropLast().joined(separator: ", ") + " and " + last
    }

    static func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    static func verb(_ noun: String, _ singular: String = "is", _ plural: String = "are") -> String {
        isPlural(noun) ? plural : singular
    }
}
