/// A kind of furniture or thing: how it is called, where it belongs, how its variants are built.
public struct ObjectKind: Sendable {
    /// Where things of a kind stand.
    public enum Place: Sendable {
        case floor
        /// Lies on the floor and stops nobody.
        case rug
        case wall
        /// On or in furniture.
        case surface
    }

    /// As in prefab names: "KitchenTable".
    public let name: String
    /// As people say it: "kitchen table".
    public let words: String
    public let place: Place
    /// Can be grabbed.
    public let isInteractable: Bool
    /// Other words in foreign prefab names that mean this kind.
    let aliases: [String]
    let build: @Sendable (inout ModelBuilder, inout Variation) -> Void

    init(
        _ name: String, _ place: Place, grab isInteractable: Bool = false, words: String? = nil, aliases: [String] = [],
        build: @escaping @Sendable (inout ModelBuilder, inout Variation) -> Void
    ) {
        self.name = name
        self.words = words ?? Self.words(of: name)
        self.place = place
        self.isInteractable = isInteractable
        self.aliases = aliases
        self.build = build
    }

    /// "KitchenTable" as "kitchen table", "TVStand" as "tv stand".
    static func words(of name: String) -> String {
        var words = ""
        let letters = Array(name)
        for (index, letter) in letters.enumerated() {
            let beginsWord =
                index > 0 && letter.isUppercase
                && (letters[index - 1].isLowercase || (index + 1 < letters.count && letters[index + 1].isLowercase))
            if beginsWord { words += " " }
            words += letter.lowercased()
        }
        return words
    }

    /// Number of variants a prefab name can tell apart.
    static let variantCount = 1 << 16

    /// The prefab name of a variant; numbers are taken modulo 65536.
    public func prefab(variant: Int) -> String {
        let digits = String(UInt16(truncatingIfNeeded: variant), radix: 16, uppercase: true)
        return "LEO_\(name)_" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    func makeModel(variant: Int) -> ObjectModel {
        var builder = ModelBuilder()
        var variation = Variation(kind: name, number: variant)
        build(&builder, &variation)
        return builder.makeModel(
            prefab: prefab(variant: variant), name: words, isInteractable: isInteractable, isFlat: place == .rug)
    }
}
