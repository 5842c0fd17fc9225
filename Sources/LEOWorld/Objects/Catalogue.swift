import Foundation

/// All kinds of furniture and things, and the models of their variants.
///
/// A model can be rebuilt from its prefab name alone: "LEO_KitchenTable_01A7" is variant 0x01A7 of the kind
/// "KitchenTable". Models are made once and kept, and may be asked for from any thread.
public enum Catalogue {
    public static let kinds: [ObjectKind] =
        ObjectKind.tables + ObjectKind.seats + ObjectKind.storage + ObjectKind.appliances + ObjectKind.bathroom
        + ObjectKind.decoration + ObjectKind.tableware + ObjectKind.food + ObjectKind.things

    private static let kindsByName = Dictionary(uniqueKeysWithValues: kinds.map { ($0.name, $0) })

    /// The kind of exactly this name: "KitchenTable".
    public static func kind(named name: String) -> ObjectKind? { kindsByName[name] }

    /// A variant of a kind; numbers are taken modulo 65536.
    public static func model(_ kind: ObjectKind, variant: Int) -> ObjectModel {
        cache.model(for: kind.prefab(variant: variant)) { kind.makeModel(variant: variant) }
    }

    /// The model of a prefab name. Names of other catalogues get the nearest kind, or else a box, see `resolve(prefab:)`.
    public static func model(prefab: String) -> ObjectModel { resolve(prefab: prefab).model }

    /// The model of a prefab name and, where it is not this catalogue's, what stands in for it.
    public static func resolve(prefab: String) -> (model: ObjectModel, notice: String?) {
        if let (kind, variant) = parse(prefab) { return (model(kind, variant: variant), nil) }
        let match = ForeignNames.match(prefab)
        return (cache.model(for: prefab) { match.makeModel(prefab: prefab) }, match.notice)
    }

    /// Kind and variant of a name that this catalogue could have written.
    static func parse(_ prefab: String) -> (kind: ObjectKind, variant: Int)? {
        let parts = prefab.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "LEO", parts[2].utf8.count == 4, let kind = kind(named: String(parts[1])),
            let variant = UInt16(parts[2], radix: 16), kind.prefab(variant: Int(variant)) == prefab
        else { return nil }
        return (kind, Int(variant))
    }

    private static let cache = ModelCache()
}

/// Models by prefab name. Bounded, because names come from files.
private final class ModelCache: @unchecked Sendable {
    private let lock = NSLock()
    private var models: [String: ObjectModel] = [:]
    private static let limit = 8192

    func model(for prefab: String, make: () -> ObjectModel) -> ObjectModel {
        lock.lock()
        let known = models[prefab]
        lock.unlock()
        if let known { return known }
        let made = make()
        lock.lock()
        defer { lock.unlock() }
        if let known = models[prefab] { return known }
        if models.count >= Self.limit { models.removeAll(keepingCapacity: true) }
        models[prefab] = made
        return made
    }
}
