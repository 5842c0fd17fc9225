extension ObjectKind {
    static let tableware: [ObjectKind] = [
        ObjectKind("Mug", .surface, grab: true, aliases: ["coffeemug", "teacup"]) { b, v in
            let glaze = v.pick(Paint.glazes)
            let (radius, height) = (v.fine(0.038...0.044), v.fine(0.085...0.1))
            hollow(&b, glaze, [(radius * 0.92, 0), (radius, height * 0.2), (radius, height)], wall: 0.005)
            handle(&b, glaze, x: radius - 0.004, low: height * 0.22, high: height * 0.8, reach: 0.032, radius: 0.0065)
            b.cylinder(
                Paint.of("coffee", "brown", 74, 44, 26), 0, height * 0.72, 0, radius: radius * 0.9, height: 0.003)
            b.mainMaterial = glaze
        },
        ObjectKind("Cup", .surface, grab: true, aliases: ["beaker", "tumbler"]) { b, v in
            let plastic = v.pick(Paint.plastics)
            let (radius, height) = (v.fine(0.034...0.042), v.fine(0.09...0.12))
            hollow(&b, plastic, [(radius * 0.74, 0), (radius, height)], wall: 0.004)
        },
        ObjectKind("WineGlass", .surface, grab: true, words: "wine glass", aliases: ["goblet", "glass"]) { b, v in
            let (radius, height) = (v.fine(0.034...0.042), v.fine(0.16...0.2))
            let glass = Paint.of("glass", "blue", 196, 222, 232)
            b.lathe(
                glass, 0, 0, 0,
                [
                    (0, 0), (radius * 0.95, 0), (0.006, 0.008), (0.005, height * 0.45), (radius * 0.8, height * 0.58),
                    (radius, height * 0.75), (radius * 0.82, height), (radius * 0.76, height),
                    (radius * 0.9, height * 0.76),
                    (0, height * 0.52),
                ], segments: 14)
            if v.chance(0.5) {
                b.cylinder(
                    Paint.of("wine", "red", 120, 20, 40), 0, height * 0.66, 0, radius: radius * 0.88,
                    top: radius * 0.93,
                    height: height * 0.1)
            }
        },
        ObjectKind("Bowl", .surface, grab: true, aliases: ["soupbowl", "saladbowl"]) { b, v in
            let glaze = v.pick(Paint.glazes)
            let (radius, height) = (v.fine(0.075...0.12), v.fine(0.055...0.075))
            hollow(
                &b, glaze,
                [(radius * 0.42, 0), (radius * 0.5, 0.008), (radius * 0.86, height * 0.55), (radius, height)],
                wall: 0.006, segments: 20)
            b.collideTub(0, 0, 0, radius * 1.9, height, radius * 1.9, bottom: 0.01, wall: radius * 0.24)
            b.surface(0, 0.01, 0, radius * 1.25, radius * 1.25, inside: true)
        },
        ObjectKind("Plate", .surface, grab: true, aliases: ["dish"]) { b, v in
            let glaze = v.pick(Paint.glazes)
            let radius = v.fine(0.1...0.13)
            b.lathe(
                glaze, 0, 0, 0,
                [
                    (0, 0), (radius * 0.6, 0), (radius, 0.018), (radius, 0.022), (radius * 0.62, 0.008), (0, 0.008),
                ], segments: 22)
            b.lathe(
                Paint.shade(glaze, 0.7), 0, 0.0155, 0,
                [
                    (radius * 0.9, 0), (radius * 1.004, 0.005), (radius * 1.004, 0.008), (radius * 0.9, 0.0035),
                    (radius * 0.9, 0),
                ],
                segments: 22)
            b.collide(0, 0, 0, radius * 1.8, 0.008, radius * 1.8)
            b.surface(0, 0.008, 0, radius * 0.84, radius * 0.84)
            b.mainMaterial = glaze
        },
        ObjectKind("Bottle", .surface, grab: true, aliases: ["winebottle", "waterbottle"]) { b, v in
            let glass = v.pick([
                Paint.of("glass", "green", 40, 104, 60), Paint.of("glass", "brown", 110, 64, 30),
                Paint.of("glass", "blue", 60, 120, 190),
                Paint.plain("plastic", "red"), Paint.plain("plastic", "orange"),
            ])
            let (radius, height) = (v.fine(0.034...0.042), v.fine(0.24...0.31))
            b.lathe(
                glass, 0, 0, 0,
                [
                    (0, 0), (radius, 0), (radius, height * 0.58), (radius * 0.36, height * 0.74),
                    (radius * 0.36, height * 0.95),
                    (0, height * 0.95),
                ], segments: 14)
            b.cylinder(Paint.paper, 0, height * 0.2, 0, radius: radius * 1.015, height: height * 0.26, segments: 14)
            b.cylinder(Paint.darkSteel, 0, height * 0.92, 0, radius: radius * 0.42, height: height * 0.08, segments: 10)
            b.mainMaterial = glass
        },
        ObjectKind("Teapot", .surface, grab: true, aliases: ["kettle"]) { b, v in
            let glaze = v.pick(Paint.glazes)
            let radius = v.fine(0.075...0.095)
            b.ball(glaze, 0, 0.004, 0, radius * 2, radius * 1.7, radius * 2, segments: 16)
            b.cylinder(glaze, 0, 0, 0, radius: radius * 0.6, height: 0.03)
            b.cylinder(
                Paint.shade(glaze, 0.8), 0, radius * 1.58, 0, radius: radius * 0.5, top: radius * 0.35, height: 0.018)
            b.ball(Paint.shade(glaze, 0.8), 0, radius * 1.76, 0, 0.026, 0.026, 0.026, segments: 8)
            b.tube(
                glaze,
                [
                    SIMD3(radius * 0.8, radius * 0.5, 0), SIMD3(radius * 1.25, radius * 0.8, 0),
                    SIMD3(radius * 1.6, radius * 1.45, 0),
                ], radii: [0.022, 0.016, 0.009], sides: 8)
            handle(&b, glaze, x: -radius * 0.9, low: radius * 0.4, high: radius * 1.4, reach: -0.05, radius: 0.009)
        },
        ObjectKind("Pan", .surface, grab: true, words: "frying pan", aliases: ["fryingpan", "skillet"]) { b, v in
            let coat = v.pick([Paint.iron, Paint.darkSteel, Paint.of("enamel", "red", 170, 40, 36)])
            let radius = v.fine(0.11...0.13)
            b.lathe(
                coat, -0.08, 0, 0,
                [
                    (0, 0), (radius * 0.85, 0), (radius, 0.045), (radius - 0.006, 0.045), (radius * 0.82, 0.007),
                    (0, 0.007),
                ],
                segments: 22)
            b.tube(
                Paint.rubber,
                [SIMD3(-0.08 + radius - 0.004, 0.035, 0), SIMD3(radius, 0.05, 0), SIMD3(radius + 0.1, 0.055, 0)],
                radii: [0.008, 0.01, 0.012])
            b.collideTub(-0.08, 0, 0, radius * 1.9, 0.045, radius * 1.9, bottom: 0.007, wall: radius * 0.26)
            b.collide(radius, 0.03, 0, 0.2, 0.03, 0.03)
            b.surface(-0.08, 0.007, 0, radius * 1.1, radius * 1.1, inside: true)
        },
        ObjectKind("Pot", .surface, grab: true, words: "cooking pot", aliases: ["saucepan", "cookingpot", "casserole"])
        { b, v in
            let coat = v.pick([
                Paint.steel, Paint.plain("enamel", "red"), Paint.plain("enamel", "blue"),
                Paint.plain("enamel", "green"),
            ])
            let (radius, height) = (v.fine(0.09...0.115), v.fine(0.1...0.14))
            b.cylinder(coat, 0, 0, 0, radius: radius, height: height, segments: 20)
            b.cylinder(
                Paint.shade(coat, 0.8), 0, height, 0, radius: radius * 1.04, top: radius * 0.9, height: 0.016,
                segments: 20)
            b.ball(Paint.iron, 0, height + 0.012, 0, 0.035, 0.03, 0.035, segments: 8)
            for side in [-1.0, 1] {
                handle(
                    &b, Paint.iron, x: side * (radius - 0.004), low: height * 0.6, high: height * 0.82,
                    reach: side * 0.035, radius: 0.007)
            }
            b.mainMaterial = coat
        },
        ObjectKind("Knife", .surface, grab: true, aliases: ["kitchenknife"]) { b, v in
            let grip = v.pick([Paint.walnut, Paint.plain("plastic", "black"), Paint.plain("plastic", "red")])
            b.cushion(grip, -0.09, 0, 0, 0.12, 0.018, 0.026, radius: 0.007)
            b.prism(
                Paint.chrome, 0.06, 0.009 - 0.016, 0, [(-0.09, -0.016), (0.06, -0.016), (0.1, 0.014), (-0.09, 0.016)],
                depth: 0.004,
                turn: SIMD3(90, 0, 0))
            b.mainMaterial = grip
        },
        ObjectKind("Spoon", .surface, grab: true) { b, v in
            let metal = v.pick([Paint.chrome, Paint.brass, Paint.oak])
            b.ball(metal, 0.07, 0, 0, 0.06, 0.014, 0.038, segments: 10)
            b.tube(
                metal, [SIMD3(0.05, 0.008, 0), SIMD3(-0.02, 0.012, 0), SIMD3(-0.1, 0.007, 0)],
                radii: [0.005, 0.004, 0.006])
        },
        ObjectKind("Fork", .surface, grab: true) { b, v in
            let metal = v.pick([Paint.chrome, Paint.brass])
            b.tube(
                metal, [SIMD3(0.03, 0.008, 0), SIMD3(-0.03, 0.011, 0), SIMD3(-0.1, 0.006, 0)],
                radii: [0.005, 0.004, 0.006])
            b.box(metal, 0.035, 0.004, 0, 0.02, 0.006, 0.03)
            for tine in 0..<4 { b.box(metal, 0.067, 0.004, (Double(tine) - 1.5) * 0.0085, 0.05, 0.005, 0.0045) }
        },
        ObjectKind("Vase", .surface, grab: true, aliases: ["flowervase"]) { b, v in
            let glaze = v.pick(Paint.glazes)
            let (radius, height) = (v.fine(0.05...0.07), v.fine(0.18...0.26))
            hollow(
                &b, glaze,
                [
                    (radius * 0.6, 0), (radius, height * 0.35), (radius * 0.85, height * 0.6),
                    (radius * 0.42, height * 0.85), (radius * 0.6, height),
                ],
                wall: 0.006, segments: 18)
            if v.chance(0.6) {
                let petals = v.pick(Paint.plain("petals", ["red", "yellow", "pink", "purple", "white"]))
                for flower in 0..<5 {
                    let (sine, cosine) = MeshBuilder.sineAndCosine(Double(flower) * 72)
                    let reach = flower == 0 ? 0.01 : 0.05
                    let top = height + 0.06 + Double(flower % 3) * 0.03
                    b.tube(
                        Paint.leaf, [SIMD3(0, height * 0.7, 0), SIMD3(sine * reach, top, cosine * reach)],
                        radius: 0.004, sides: 4)
                    b.ball(petals, sine * reach, top - 0.015, cosine * reach, 0.055, 0.035, 0.055, segments: 8)
                    b.ball(
                        Paint.of("petals", "yellow", 240, 190, 50), sine * reach, top + 0.012, cosine * reach, 0.022,
                        0.014, 0.022,
                        segments: 6)
                }
            }
        },
    ]

    /// A vessel with an inside: the outer line from the bottom up, and how thick it is.
    private static func hollow(
        _ b: inout ModelBuilder, _ glaze: Material, _ outside: [(Double, Double)], wall: Double, segments: Int = 16
    ) {
        let inside = outside.reversed().enumerated().map { index, point in
            (max(point.0 - wall, 0.001), index == 0 ? point.1 : max(point.1, wall))
        }
        let floor = [(0.0, inside.last?.1 ?? wall)]
        b.lathe(glaze, 0, 0, 0, [(0, 0)] + outside + inside + floor, segments: segments)
    }

    /// A half ring at the side of a vessel, standing out by `reach` along x.
    private static func handle(
        _ b: inout ModelBuilder, _ paint: Material, x: Double, low: Double, high: Double, reach: Double, radius: Double
    ) {
        let middle = (low + high) / 2
        let path = (0...6).map { step -> SIMD3<Double> in
            let (sine, cosine) = MeshBuilder.sineAndCosine(Double(step) * 30)
            return SIMD3(x + sine * reach, middle - cosine * (high - low) / 2, 0)
        }
        b.tube(paint, path, radius: radius)
    }
}
