extension ObjectKind {
    static let bathroom: [ObjectKind] = [
        ObjectKind("Toilet", .floor, aliases: ["wc"]) { b, v in
            let glaze = Paint.ceramic
            let seat = v.pick([glaze, Paint.oak, Paint.plain("plastic", "black")])
            b.lathe(
                glaze, 0, 0, 0.08, [(0, 0), (0.12, 0), (0.1, 0.12), (0.19, 0.34), (0.2, 0.4), (0, 0.4)], segments: 20,
                stretch: SIMD3(0.95, 1, 1.25))
            b.box(glaze, 0, 0, -0.2, 0.22, 0.36, 0.2)
            b.cushion(glaze, 0, 0.36, -0.25, 0.4, 0.38, 0.18, radius: 0.03)
            b.cushion(glaze, 0, 0.735, -0.25, 0.42, 0.035, 0.2, radius: 0.015)
            b.cylinder(Paint.chrome, 0, 0.77, -0.25, radius: 0.025, height: 0.012, segments: 10)
            // Ring, open lid, and water in the bowl.
            b.lathe(
                seat, 0, 0.4, 0.08, [(0.12, 0), (0.2, 0), (0.2, 0.02), (0.12, 0.02), (0.12, 0)], segments: 20,
                stretch: SIMD3(0.97, 1, 1.27))
            b.cylinder(Paint.water, 0, 0.4, 0.08, radius: 0.12, height: 0.006, segments: 20, stretch: SIMD3(0.97, 1, 1.27))
            b.cushion(seat, 0, 0.42, -0.135, 0.36, 0.36, 0.025, radius: 0.012, turn: SIMD3(-8, 0, 0))
            b.collide(0, 0, 0, 0.4, 0.42, 0.66)
            b.collide(0, 0.42, -0.25, 0.42, 0.35, 0.2)
            b.collide(0, 0.42, -0.1225, 0.36, 0.36, 0.055)
            b.surface(0, 0.77, -0.27, 0.34, 0.12)
            b.mainMaterial = glaze
        },
        ObjectKind("Washbasin", .floor, words: "washbasin", aliases: ["bathroomsink", "basin"]) { b, v in
            let front = v.pick(counterFronts)
            let width = v.length(0.6...0.8)
            b.box(front, 0, 0.1, 0, width, 0.66, 0.44)
            b.box(Paint.iron, 0, 0, -0.02, width - 0.06, 0.1, 0.36)
            for side in [-1.0, 1] {
                b.box(Paint.shade(front, 1.08), side * width / 4, 0.13, 0.226, width / 2 - 0.025, 0.58, 0.012)
                b.box(Paint.steel, side * 0.05, 0.45, 0.24, 0.016, 0.14, 0.018)
            }
            // The basin is a slab with a tub on it.
            let glaze = Paint.ceramic
            b.box(glaze, 0, 0.76, 0, width + 0.02, 0.03, 0.48)
            b.lathe(
                glaze, 0, 0.79, 0.03,
                [(0, 0), (0.14, 0), (0.2, 0.1), (0.188, 0.1), (0.13, 0.012), (0, 0.012)], segments: 20,
                stretch: SIMD3(1.15, 1, 0.85))
            b.cylinder(Paint.iron, 0, 0.802, 0.03, radius: 0.022, height: 0.003, segments: 10)
            tap(&b, 0, 0.79, -0.19, rise: 0.24, reach: 0.16)
            b.collide(0, 0, 0, width + 0.02, 0.79, 0.48)
            b.collideTub(0, 0.79, 0.03, 0.46, 0.1, 0.34, bottom: 0.012, wall: 0.08)
            b.collide(0, 0.79, -0.19, 0.1, 0.26, 0.05)
            b.surface(0, 0.802, 0.03, 0.26, 0.16, inside: true)
            b.mainMaterial = glaze
        },
        ObjectKind("Bathtub", .floor, aliases: ["bath", "tub"]) { b, v in
            let (length, width, height) = (v.length(1.5...1.7), v.length(0.7...0.76), v.length(0.52...0.58))
            let shell = v.pick([Paint.ceramic, Paint.of("enamel", "gray", 160, 166, 172), Paint.of("enamel", "pink", 232, 190, 196)])
            let wall = 0.07
            for side in [-1.0, 1] {
                b.cushion(shell, side * (length - wall) / 2, 0, 0, wall, height, width, radius: 0.02)
                b.cushion(shell, 0, 0, side * (width - wall) / 2, length, height, wall, radius: 0.02)
            }
            b.box(shell, 0, 0.02, 0, length - 0.06, 0.1, width - 0.06)
            if v.chance(0.5) { b.box(Paint.water, 0, 0.12, 0, length - 2 * wall, 0.002, width - 2 * wall) }
            b.collideTub(0, 0, 0, length, height, width, bottom: 0.122, wall: wall)
            tap(&b, -length / 2 + 0.2, height, -width / 2 + 0.035, rise: 0.2, reach: 0.14)
            b.collide(-length / 2 + 0.2, height, -width / 2 + 0.035, 0.1, 0.2, 0.05)
            b.surface(0, 0.122, 0, length - 0.2, width - 0.2, inside: true)
            b.mainMaterial = shell
        },
        ObjectKind("LaundryBasket", .floor, words: "laundry basket", aliases: ["hamper"]) { b, v in
            let weave = v.pick([Paint.wicker, Paint.plain("plastic", "white"), Paint.plain("plastic", "blue")])
            let (radius, height) = (v.length(0.19...0.23), v.length(0.5...0.6))
            b.lathe(
                weave, 0, 0, 0,
                [(0, 0), (radius * 0.82, 0), (radius, height), (radius - 0.015, height), (radius * 0.8, 0.02), (0, 0.02)],
                segments: 18)
            for ring in 1...4 {
                let y = height * Double(ring) / 5
                let r = radius * (0.82 + 0.18 * y / height) + 0.004
                b.cylinder(Paint.shade(weave, 0.8), 0, y, 0, radius: r, height: 0.015, segments: 18)
            }
            b.cushion(Paint.linen, 0, height * 0.72, 0, radius * 1.2, height * 0.2, radius * 1.2, radius: 0.05, steps: 2)
            b.collide(0, 0, 0, radius * 1.9, height, radius * 1.9)
        },
        ObjectKind("Mirror", .wall, aliases: ["wallmirror"]) { b, v in
            let (width, height) = (v.length(0.45...0.7), v.length(0.6...0.9))
            let frame = v.pick([Paint.oak, Paint.brass, Paint.whiteWood, Paint.blackWood])
            framed(&b, frame, Paint.mirror, width, height)
            // Slanted gleams tell a mirror from a blank picture.
            for (x, thickness) in [(-0.1, 0.07), (0.03, 0.025)] {
                let lean = height * 0.3
                let low = -width * 0.18 + x
                b.prism(
                    Paint.of("mirror glass", "white", 236, 246, 250), 0, height * 0.15, 0.0095,
                    [(low, 0), (low + thickness, 0), (low + thickness + lean * 0.6, height * 0.7), (low + lean * 0.6, height * 0.7)],
                    depth: 0.002)
            }
            b.mainMaterial = frame
        },
        ObjectKind("TowelRack", .wall, words: "towel rack", aliases: ["towel"]) { b, v in
            let cloth = v.pick(Paint.plain("fabric", ["blue", "white", "red", "green", "yellow", "pink"]))
            let width = v.length(0.5...0.65)
            b.tube(Paint.chrome, [SIMD3(-width / 2, 0.52, 0.05), SIMD3(width / 2, 0.52, 0.05)], radius: 0.012)
            for side in [-1.0, 1] {
                b.box(Paint.chrome, side * (width / 2 - 0.02), 0.5, 0, 0.03, 0.04, 0.1)
            }
            b.cushion(cloth, 0, 0.06, 0.068, width * 0.7, 0.48, 0.02, radius: 0.008)
            b.cushion(cloth, 0, 0.2, 0.032, width * 0.7, 0.34, 0.02, radius: 0.008)
            b.cushion(cloth, 0, 0.515, 0.05, width * 0.7, 0.03, 0.056, radius: 0.012)
            b.box(Paint.shade(cloth, 0.75), 0, 0.12, 0.079, width * 0.7, 0.05, 0.002)
            b.mainMaterial = cloth
        },
        ObjectKind("Soap", .surface, grab: true, aliases: ["soapbar"]) { b, v in
            let bar = v.pick([Paint.of("soap", "pink", 238, 160, 180), Paint.of("soap", "green", 150, 206, 150), Paint.of("soap", "white", 246, 242, 230)])
            b.cushion(bar, 0, 0, 0, 0.085, 0.03, 0.055, radius: 0.014, steps: 2)
        },
        ObjectKind("ToiletPaper", .surface, grab: true, words: "toilet paper", aliases: ["toiletroll"]) { b, _ in
            b.lathe(
                Paint.of("paper", "white", 248, 248, 244), 0, 0, 0,
                [(0.02, 0), (0.055, 0), (0.055, 0.1), (0.02, 0.1), (0.02, 0)], segments: 16)
            b.lathe(
                Paint.cardboard, 0, 0, 0, [(0.017, 0), (0.021, 0), (0.021, 0.101), (0.017, 0.101), (0.017, 0)], segments: 12)
        },
        ObjectKind("Towel", .surface, grab: true, words: "folded towel") { b, v in
            let cloth = v.pick(Paint.plain("fabric", ["blue", "white", "red", "green", "yellow", "pink"]))
            for layer in 0..<3 {
                b.cushion(
                    layer == 1 ? Paint.shade(cloth, 0.85) : cloth, 0, Double(layer) * 0.027, 0, 0.3, 0.03, 0.2, radius: 0.013)
            }
        },
    ]

    /// A frame that hangs on a wall, with a pane.
    static func framed(_ b: inout ModelBuilder, _ frame: Material, _ pane: Material, _ width: Double, _ height: Double) {
        let rim = 0.04
        for side in [-1.0, 1] {
            b.box(frame, side * (width - rim) / 2, 0, 0, rim, height, 0.03)
            b.box(frame, 0, side < 0 ? 0 : height - rim, 0, width - 2 * rim, rim, 0.03)
        }
        b.box(pane, 0, rim, -0.005, width - 2 * rim, height - 2 * rim, 0.02)
    }
}
