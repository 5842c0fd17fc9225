extension ObjectKind {
    static let decoration: [ObjectKind] = [
        ObjectKind("FloorLamp", .floor, words: "floor lamp", aliases: ["standinglamp"]) { b, v in
            let height = v.length(1.45...1.65)
            lamp(&b, v, pole: height - 0.3, foot: 0.14, shade: 0.2, tall: 0.3)
        },
        ObjectKind("TableLamp", .surface, words: "table lamp", aliases: ["desklamp", "lamp", "bedlamp"]) { b, v in
            lamp(&b, v, pole: v.length(0.16...0.22), foot: 0.08, shade: 0.12, tall: 0.17)
        },
        ObjectKind("Plant", .floor, aliases: ["pottedplant", "houseplant", "flowerpot"]) { b, v in
            let pot = v.pick([
                Paint.of("clay", "orange", 186, 100, 62), Paint.plain("ceramic", "white"),
                Paint.plain("ceramic", "blue"),
                Paint.plain("ceramic", "gray"),
            ])
            let radius = v.length(0.15...0.19)
            let leaf = v.pick([Paint.leaf, Paint.darkLeaf])
            let rise = v.length(0.7...1.0)
            flowerpot(&b, pot, radius: radius, height: radius * 1.7)
            let top = radius * 1.6
            b.tube(Paint.walnut, [SIMD3(0, top, 0), SIMD3(0.01, top + rise * 0.6, 0.01)], radius: 0.016)
            foliage(&b, v, leaf, base: top + rise * 0.1, count: 14, reach: 0.3, rise: rise, breadth: 0.11)
            b.collide(0, 0, 0, radius * 2, radius * 1.7, radius * 2)
            b.collide(0, radius * 1.7, 0, 0.36, rise, 0.36)
            b.mainMaterial = leaf
        },
        ObjectKind("SmallPlant", .surface, grab: true, words: "small plant", aliases: ["cactus", "succulent"]) { b, v in
            let pot = v.pick([Paint.of("clay", "orange", 186, 100, 62)] + Paint.glazes)
            flowerpot(&b, pot, radius: 0.055, height: 0.09)
            foliage(
                &b, v, v.pick([Paint.leaf, Paint.darkLeaf]), base: 0.085, count: 9, reach: 0.06, rise: 0.12,
                breadth: 0.035)
            b.mainMaterial = Paint.leaf
        },
        ObjectKind("Rug", .rug, aliases: ["carpet", "mat"]) { b, v in
            let (width, depth) = (v.length(1.4...2.0), v.length(1.0...1.4))
            let cloth = v.pick(
                Paint.plain("wool", ["red", "blue", "green", "purple", "teal", "gray", "beige", "brown"]))
            let accent = Paint.shade(cloth, 1.5)
            b.box(cloth, 0, 0, 0, width, 0.006, depth)
            b.box(accent, 0, 0.0005, 0, width - 0.14, 0.0065, depth - 0.14)
            b.box(cloth, 0, 0.001, 0, width - 0.22, 0.007, depth - 0.22)
            if v.chance(0.6) {
                let reach = min(width, depth) * 0.28
                b.prism(
                    accent, 0, 0.0055 - reach, 0, [(-reach, 0), (0, -reach), (reach, 0), (0, reach)], depth: 0.0075,
                    turn: SIMD3(-90, 0, 0))
            } else {
                for stripe in 0..<4 {
                    b.box(accent, (Double(stripe) - 1.5) * width * 0.18, 0.0015, 0, 0.06, 0.007, depth - 0.22)
                }
            }
            // Fringes at the short ends.
            for side in [-1.0, 1] {
                for thread in 0..<12 {
                    b.box(
                        Paint.linen, side * (width / 2 + 0.02), 0, (Double(thread) - 5.5) * depth / 12, 0.04, 0.004,
                        0.025)
                }
            }
            b.mainMaterial = cloth
        },
        ObjectKind("Picture", .wall, aliases: ["painting", "poster", "photo"]) { b, v in
            let (width, height) = (v.length(0.5...0.9), v.length(0.4...0.65))
            let frame = v.pick([Paint.oak, Paint.brass, Paint.whiteWood, Paint.blackWood])
            framed(&b, frame, Paint.of("canvas", "beige", 236, 226, 204), width, height)
            let (inner, tall) = (width - 0.1, height - 0.1)
            func patch(_ x: Double, _ y: Double, _ w: Double, _ h: Double, _ paint: Material) {
                b.box(paint, x * inner / 2, 0.05 + y * tall, 0.0055, w * inner, h * tall, 0.003)
            }
            switch v.count(0...2) {
            case 0:
                // A landscape: sky, hills, sun.
                patch(0, 0.4, 1, 0.6, Paint.of("canvas", "blue", 132, 190, 226))
                patch(0, 0, 1, 0.4, Paint.of("canvas", "green", 92, 150, 76))
                b.prism(
                    Paint.of("canvas", "green", 62, 112, 66), 0, 0.05 + tall * 0.38, 0.0065,
                    [(-inner * 0.45, 0), (inner * 0.1, 0), (-inner * 0.15, tall * 0.34)], depth: 0.003)
                b.cylinder(
                    Paint.of("canvas", "yellow", 248, 214, 80), inner * 0.28, 0.05 + tall * 0.72, 0.007,
                    radius: tall * 0.1,
                    height: 0.003, segments: 14, turn: SIMD3(90, 0, 0))
            case 1:
                for (index, name) in ["red", "yellow", "blue", "black"].enumerated() {
                    let paint = Paint.plain("canvas", name)
                    patch(index % 2 == 0 ? -0.45 : 0.45, index < 2 ? 0.06 : 0.55, 0.4, 0.38, paint)
                }
            default:
                // A vase of flowers.
                patch(0, 0, 1, 1, Paint.of("canvas", "teal", 116, 164, 160))
                b.box(Paint.plain("canvas", "white"), 0, 0.07, 0.0065, inner * 0.16, tall * 0.4, 0.003)
                for (index, name) in ["red", "pink", "yellow", "orange"].enumerated() {
                    b.cylinder(
                        Paint.plain("canvas", name), (Double(index) - 1.5) * inner * 0.13,
                        0.05 + tall * (index % 2 == 0 ? 0.58 : 0.7), 0.0075, radius: tall * 0.09, height: 0.003,
                        segments: 10,
                        turn: SIMD3(90, 0, 0))
                }
            }
            b.mainMaterial = frame
        },
        ObjectKind("Clock", .wall, aliases: ["wallclock"]) { b, v in
            let radius = v.length(0.14...0.19)
            let rim = v.pick([
                Paint.blackWood, Paint.oak, Paint.plain("plastic", "red"), Paint.plain("plastic", "blue"), Paint.brass,
            ])
            func disc(_ paint: Material, _ z: Double, _ radius: Double, _ depth: Double) {
                b.cylinder(paint, 0, -depth / 2, z, radius: radius, height: depth, segments: 28, turn: SIMD3(90, 0, 0))
            }
            disc(rim, 0, radius, 0.04)
            disc(Paint.of("paper", "white", 248, 248, 244), 0.006, radius * 0.88, 0.034)
            for hour in 0..<12 {
                let (sine, cosine) = MeshBuilder.sineAndCosine(Double(hour) * 30)
                let length = hour % 3 == 0 ? 0.03 : 0.015
                b.box(
                    Paint.iron, sine * radius * 0.76, cosine * radius * 0.76 - length / 2, 0.0235, 0.008, length, 0.002,
                    turn: SIMD3(0, 0, -Double(hour) * 30))
            }
            let (minute, hour) = (Double(v.count(0...11)) * 30, Double(v.count(0...11)) * 30)
            for (angle, length, thickness) in [(minute, radius * 0.68, 0.008), (hour, radius * 0.45, 0.013)] {
                let (sine, cosine) = MeshBuilder.sineAndCosine(angle)
                b.box(
                    Paint.iron, sine * length / 2, cosine * length / 2 - length / 2, 0.0255, thickness, length, 0.002,
                    turn: SIMD3(0, 0, -angle))
            }
            b.mainMaterial = rim
        },
        ObjectKind("TrashCan", .floor, words: "trash can", aliases: ["bin", "wastebasket", "garbage", "dustbin"]) {
            b, v in
            let (radius, height) = (v.length(0.13...0.17), v.length(0.32...0.45))
            let shell = v.pick([
                Paint.steel, Paint.plain("plastic", "black"), Paint.plain("plastic", "green"),
                Paint.plain("plastic", "red"),
            ])
            b.lathe(
                shell, 0, 0, 0,
                [
                    (0, 0), (radius * 0.78, 0), (radius, height), (radius + 0.012, height),
                    (radius + 0.012, height + 0.015),
                    (radius - 0.012, height + 0.015), (radius * 0.74, 0.015), (0, 0.015),
                ], segments: 20)
            b.ball(Paint.paper, 0.03, height * 0.6, 0.02, 0.12, 0.12, 0.12, segments: 6)
            b.ball(Paint.shade(Paint.paper, 0.9), -0.05, height * 0.55, -0.02, 0.1, 0.1, 0.1, segments: 6)
            b.collide(0, 0, 0, radius * 1.9, height, radius * 1.9)
        },
        ObjectKind("Box", .floor, grab: false, aliases: ["carton", "cardboardbox", "crate"]) { b, v in
            let (width, depth, height) = (v.length(0.36...0.5), v.length(0.3...0.4), v.length(0.26...0.34))
            let wall = 0.012
            for side in [-1.0, 1] {
                b.box(Paint.cardboard, side * (width - wall) / 2, 0, 0, wall, height, depth)
                b.box(Paint.cardboard, 0, 0, side * (depth - wall) / 2, width - 2 * wall, height, wall)
                // Flaps hang outward.
                b.box(
                    Paint.shade(Paint.cardboard, 1.1), side * (width / 2 + 0.045), height - 0.06, 0, 0.012, 0.13, depth,
                    turn: SIMD3(0, 0, side * 55))
            }
            b.box(Paint.cardboard, 0, 0, 0, width - 2 * wall, wall, depth - 2 * wall)
            b.box(
                Paint.of("tape", "beige", 222, 206, 170), 0, height * 0.35, depth / 2 + 0.001, width * 0.3,
                height * 0.3, 0.002)
            b.collideTub(0, 0, 0, width, height, depth, bottom: wall, wall: wall)
            b.surface(0, wall, 0, width - 0.06, depth - 0.06, inside: true)
        },
        ObjectKind("Basket", .surface, grab: false, aliases: ["fruitbasket"]) { b, v in
            let (width, height) = (v.length(0.3...0.38), v.length(0.1...0.13))
            let depth = width * 0.72
            let weave = v.pick([Paint.wicker, Paint.plain("wicker", "white"), Paint.shade(Paint.wicker, 0.65)])
            let wall = 0.016
            for side in [-1.0, 1] {
                b.cushion(weave, side * (width - wall) / 2, 0, 0, wall, height, depth, radius: 0.006)
                b.cushion(weave, 0, 0, side * (depth - wall) / 2, width, height, wall, radius: 0.006)
                for row in 0..<3 {
                    b.box(
                        Paint.shade(weave, 0.8), 0, 0.015 + Double(row) * height / 3, side * (depth / 2 + 0.001), width,
                        0.014, 0.004)
                }
            }
            b.box(weave, 0, 0, 0, width - wall, 0.012, depth - wall)
            let arc = (0...8).map { step -> SIMD3<Double> in
                let (sine, cosine) = MeshBuilder.sineAndCosine(Double(step) * 22.5)
                return SIMD3(-cosine * (width / 2 - 0.01), height - 0.02 + sine * width * 0.42, 0)
            }
            b.tube(Paint.shade(weave, 0.85), arc, radius: 0.01)
            b.collideTub(0, 0, 0, width, height, depth, bottom: 0.012, wall: wall + 0.004)
            b.surface(0, 0.012, 0, width - 0.06, depth - 0.06, clearance: width * 0.3 + height, inside: true)
        },
        ObjectKind("Guitar", .floor, aliases: ["acousticguitar"]) { b, v in
            let body = v.pick([
                Paint.of("spruce", "orange", 206, 134, 62), Paint.cherry, Paint.of("spruce", "black", 44, 40, 40),
                Paint.plain("lacquered wood", "blue"),
            ])
            let side = Paint.shade(body, 0.7)
            func slab(_ paint: Material, _ y: Double, _ z: Double, _ radius: Double, _ depth: Double) {
                b.cylinder(
                    paint, 0, y - depth / 2, z, radius: radius, height: depth, segments: 22, turn: SIMD3(90, 0, 0))
            }
            // Lower and upper bout, sound hole, neck, head, on a stand.
            slab(side, 0.3, 0, 0.19, 0.1)
            slab(side, 0.55, 0, 0.145, 0.1)
            slab(body, 0.3, 0.052, 0.184, 0.006)
            slab(body, 0.55, 0.052, 0.139, 0.006)
            b.box(side, 0, 0.36, 0, 0.22, 0.14, 0.1)
            b.box(body, 0, 0.36, 0.052, 0.216, 0.14, 0.006)
            slab(Paint.iron, 0.46, 0.056, 0.05, 0.004)
            b.box(Paint.walnut, 0, 0.22, 0.06, 0.11, 0.018, 0.014)
            b.box(Paint.walnut, 0, 0.5, 0.055, 0.052, 0.54, 0.022)
            b.box(Paint.walnut, 0, 1.03, 0.05, 0.075, 0.14, 0.02)
            for string in 0..<4 {
                b.box(Paint.chrome, (Double(string) - 1.5) * 0.011, 0.23, 0.067, 0.002, 0.83, 0.002)
            }
            for row in 0..<3 {
                for end in [-1.0, 1] {
                    b.box(Paint.chrome, end * 0.046, 1.05 + Double(row) * 0.04, 0.05, 0.02, 0.012, 0.012)
                }
            }
            for end in [-1.0, 1] {
                b.tube(Paint.iron, [SIMD3(end * 0.16, 0, 0.12), SIMD3(end * 0.1, 0.12, -0.08)], radius: 0.01)
                b.tube(Paint.iron, [SIMD3(end * 0.1, 0.12, -0.08), SIMD3(end * 0.14, 0, -0.14)], radius: 0.01)
            }
            b.collide(0, 0, 0, 0.38, 0.7, 0.28)
            b.collide(0, 0.7, 0.03, 0.1, 0.47, 0.08)
            b.mainMaterial = body
        },
        ObjectKind("Umbrella", .floor, words: "umbrella stand", aliases: ["umbrellastand"]) { b, v in
            let cloth = v.pick(Paint.plain("fabric", ["red", "blue", "yellow", "purple", "green"]))
            b.lathe(
                Paint.darkSteel, 0, 0, 0, [(0, 0), (0.12, 0), (0.12, 0.45), (0.105, 0.45), (0.105, 0.02), (0, 0.02)],
                segments: 18)
            b.lathe(cloth, 0.03, 0.1, 0, [(0, 0), (0.05, 0.4), (0.055, 0.5), (0.015, 0.6), (0, 0.6)], segments: 10)
            b.tube(
                Paint.walnut,
                [
                    SIMD3(0.03, 0.68, 0), SIMD3(0.03, 0.82, 0), SIMD3(0.05, 0.86, 0), SIMD3(0.085, 0.86, 0),
                    SIMD3(0.1, 0.82, 0),
                ],
                radius: 0.011)
            b.mainMaterial = cloth
        },
    ]

    /// Foot, pole, shade with a glowing rim of light below and above.
    private static func lamp(
        _ b: inout ModelBuilder, _ variation: Variation, pole: Double, foot: Double, shade radius: Double, tall: Double
    ) {
        var v = variation
        let metal = v.pick([Paint.brass, Paint.iron, Paint.chrome, Paint.walnut])
        let cloth = v.pick([
            Paint.of("lampshade", "beige", 244, 228, 190), Paint.of("lampshade", "white", 250, 246, 236),
            Paint.of("lampshade", "red", 206, 70, 56), Paint.of("lampshade", "green", 104, 150, 106),
            Paint.of("lampshade", "blue", 92, 130, 190),
        ])
        b.cylinder(metal, 0, 0, 0, radius: foot, top: foot * 0.85, height: 0.025, segments: 20)
        b.cylinder(metal, 0, 0.025, 0, radius: 0.014, height: pole + tall * 0.4, segments: 8)
        let inner = radius * 0.96
        b.lathe(
            cloth, 0, pole, 0,
            [(radius, 0), (radius * 0.66, tall), (radius * 0.63, tall), (inner, 0), (radius, 0)], segments: 22)
        // The bulb shows below and above the shade.
        b.ball(Paint.bulb, 0, pole - tall * 0.06, 0, radius * 0.9, tall * 1.14, radius * 0.9, segments: 12)
        b.collide(0, 0, 0, foot * 2, 0.025, foot * 2)
        b.collide(0, 0.025, 0, 0.06, pole - 0.025, 0.06)
        b.collide(0, pole, 0, radius * 1.9, tall, radius * 1.9)
        b.mainMaterial = cloth
    }

    private static func flowerpot(_ b: inout ModelBuilder, _ pot: Material, radius: Double, height: Double) {
        b.lathe(
            pot, 0, 0, 0,
            [
                (0, 0), (radius * 0.68, 0), (radius * 0.92, height * 0.8), (radius, height * 0.8), (radius, height),
                (radius * 0.86, height), (radius * 0.84, height * 0.88), (0, height * 0.88),
            ], segments: 18)
        b.cylinder(Paint.soil, 0, height * 0.86, 0, radius: radius * 0.84, height: height * 0.06, segments: 14)
    }

    /// Leaves around a stem, flat and leaning outward.
    private static func foliage(
        _ b: inout ModelBuilder, _ variation: Variation, _ leaf: Material, base: Double, count: Int, reach: Double,
        rise: Double,
        breadth: Double
    ) {
        for index in 0..<count {
            let angle = Double(index) * 137.5
            let (sine, cosine) = MeshBuilder.sineAndCosine(angle)
            let share = Double(index) / Double(count - 1)
            let out = reach * (0.62 - 0.42 * share)
            let height = rise * 0.42
            let paint = index % 3 == 0 ? Paint.shade(leaf, 1.22) : index % 3 == 1 ? leaf : Paint.shade(leaf, 0.82)
            b.ball(
                paint, sine * out, base + share * (rise - height), cosine * out, breadth, height, breadth * 0.3,
                segments: 8,
                turn: SIMD3(48 - 40 * share, angle, 0))
        }
    }
}
