/// The materials things are made of, by colour. Colours are those people would name so.
enum Paint {
    static func of(_ material: String, _ colorName: String, _ red: Int, _ green: Int, _ blue: Int) -> Material {
        Material(
            name: material, colorName: colorName,
            color: SIMD3(Float(red), Float(green), Float(blue)) / 255)
    }

    // MARK: Wood

    static let oak = of("oak", "brown", 176, 128, 78)
    static let walnut = of("walnut", "brown", 104, 66, 40)
    static let cherry = of("cherry wood", "red", 138, 58, 40)
    static let birch = of("birch", "beige", 222, 196, 152)
    static let whiteWood = of("painted wood", "white", 236, 234, 228)
    static let blackWood = of("painted wood", "black", 42, 40, 42)
    static let grayWood = of("painted wood", "gray", 138, 140, 142)
    static let woods = [oak, walnut, birch, whiteWood, blackWood, cherry]

    // MARK: Metal, glass, ceramics

    static let steel = of("steel", "gray", 176, 180, 186)
    static let darkSteel = of("steel", "gray", 92, 96, 102)
    static let chrome = of("chrome", "gray", 206, 210, 216)
    static let iron = of("iron", "black", 38, 38, 40)
    static let brass = of("brass", "yellow", 200, 160, 70)
    static let glass = of("glass", "blue", 178, 214, 226)
    static let mirror = of("mirror glass", "gray", 196, 216, 226)
    static let screen = of("glass", "black", 16, 18, 24)
    static let ceramic = of("ceramic", "white", 244, 244, 240)
    static let water = of("water", "blue", 150, 200, 220)
    static let paper = of("paper", "white", 240, 236, 222)
    static let soil = of("soil", "brown", 70, 48, 34)
    static let leaf = of("leaves", "green", 62, 132, 58)
    static let darkLeaf = of("leaves", "green", 38, 98, 52)
    static let wicker = of("wicker", "brown", 190, 148, 92)
    static let cardboard = of("cardboard", "brown", 188, 150, 104)
    static let rubber = of("rubber", "black", 34, 34, 36)
    static let linen = of("linen", "white", 240, 238, 232)

    static let bulb = Material(
        name: "bulb", colorName: "yellow", color: SIMD3(1, 0.95, 0.72), isLight: true)

    // MARK: Colours

    /// The plain colours, as paint, plastic, glaze or cloth.
    static let colors: [(name: String, red: Int, green: Int, blue: Int)] = [
        ("red", 200, 44, 40), ("blue", 44, 92, 188), ("green", 52, 144, 70), ("yellow", 236, 196, 48),
        ("orange", 234, 126, 36), ("purple", 128, 70, 156), ("pink", 234, 148, 172), ("white", 240, 240, 236),
        ("black", 36, 36, 40), ("gray", 142, 144, 148), ("brown", 120, 78, 48), ("teal", 40, 140, 146),
        ("beige", 216, 198, 164),
    ]

    /// `material` in a plain colour; gray if there is none of that name.
    static func plain(_ material: String, _ colorName: String) -> Material {
        let color = colors.first { $0.name == colorName } ?? ("gray", 142, 144, 148)
        return of(material, color.name, color.red, color.green, color.blue)
    }

    static func plain(_ material: String, _ colorNames: [String]) -> [Material] {
        colorNames.map { plain(material, $0) }
    }

    static let fabrics = plain("fabric", ["gray", "blue", "beige", "green", "red", "teal", "brown", "purple"])
    static let leathers = plain("leather", ["brown", "black", "red", "white"])
    static let plastics = plain("plastic", ["red", "blue", "green", "yellow", "white", "black", "orange", "pink"])
    static let glazes = plain("ceramic", ["white", "red", "blue", "green", "yellow", "orange", "black", "pink"])

    /// The same material, lighter (above 1) or darker.
    static func shade(_ material: Material, _ factor: Float) -> Material {
        var shaded = material
        let clamped = (material.color * factor).clamped(lowerBound: .zero, upperBound: .one)
        shaded.color = clamped
        return shaded
    }
}
