import LEOScene

/// What stands in for the prefabs of other catalogues.
enum ForeignNames {
    enum Stand {
        case kind(ObjectKind, variant: Int)
        /// A tile of floor or of wall, or a plain box.
        case slab(size: SIMD3<Double>, material: Material, isBody: Bool)
    }

    struct Match {
        var stand: Stand
        /// The object's name in words.
        var name: String
        var notice: String?

        /// The model keeps the foreign name, so that a scene is written as it was read.
        func makeModel(prefab: String) -> ObjectModel {
            switch stand {
            case .kind(let kind, let variant):
                let model = Catalogue.model(kind, variant: variant)
                return ObjectModel(
                    prefab: prefab, name: name, colorName: model.colorName, materialName: model.materialName,
                    mesh: model.mesh,
                    size: model.size, colliders: model.colliders, surfaces: model.surfaces,
                    isInteractable: model.isInteractable)
            case .slab(let size, let material, let isBody):
                var builder = ModelBuilder()
                builder.box(material, 0, 0, 0, size.x, size.y, size.z)
                if isBody { builder.surface(0, size.y, 0, size.x, size.z) }
                return builder.makeModel(prefab: prefab, name: name, isInteractable: false, isFlat: false)
            }
        }
    }

    /// LEGENT's own rule: an object's name is the second part of its prefab name, split at "_".
    static func objectName(of prefab: String) -> String {
        let file = prefab.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? prefab
        let parts = file.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
        let name = parts.count > 1 ? parts[1] : parts.first ?? ""
        for ending in [".gltf", ".glb"] where name.hasSuffix(ending) { return String(name.dropLast(ending.count)) }
        return name
    }

    static func match(_ prefab: String) -> Match {
        let name = objectName(of: prefab)
        let words = ObjectKind.words(of: name)
        let key = plain(name)
        // The same name looks the same each time; names that differ in their number differ in their variant.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in prefab.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let variant = Int(hash >> 48)
        if key == "floor" || key == "ceiling" {
            return Match(
                stand: .slab(size: SIMD3(2.5, 0.1, 2.5), material: Paint.birch, isBody: false), name: words, notice: nil
            )
        }
        if key == "wall" || key.hasPrefix("wallwith") {
            return Match(
                stand: .slab(size: SIMD3(2.5, 3, 0.15), material: Paint.whiteWood, isBody: false), name: words,
                notice: nil)
        }
        if let kind = nearestKind(key) {
            let notice =
                plain(kind.name) == key ? nil : "\(prefab): no such kind here; a \(kind.words) stands in for it"
            return Match(stand: .kind(kind, variant: variant), name: words, notice: notice)
        }
        return Match(
            stand: .slab(size: SIMD3(0.4, 0.4, 0.4), material: Paint.cardboard, isBody: true),
            name: words.isEmpty ? "object" : words,
            notice: "\(prefab): no such kind here; a box of 0.4 m stands in for it")
    }

    /// Same name, then an alias, then the longest name or alias that it ends with, begins with or contains.
    private static func nearestKind(_ key: String) -> ObjectKind? {
        guard !key.isEmpty else { return nil }
        for kind in Catalogue.kinds where plain(kind.name) == key { return kind }
        for kind in Catalogue.kinds where kind.aliases.contains(key) { return kind }
        var best: (kind: ObjectKind, score: Int)?
        for kind in Catalogue.kinds {
            for word in [plain(kind.name)] + kind.aliases where word.utf8.count >= 3 {
                let length = word.utf8.count
                // The last word of a name says what a thing is: a flower vase is a vase.
                let score =
                    key.hasSuffix(word)
                    ? length * 4 + 2
                    : key.hasPrefix(word) ? length * 4 + 1 : key.contains(word) && length >= 4 ? length * 2 : 0
                if score > (best?.score ?? 0) { best = (kind, score) }
            }
        }
        return best?.kind
    }

    private static func plain(_ name: String) -> String { name.lowercased().filter { $0.isLetter } }
}
