extension ObjectKind {
    static let seats: [ObjectKind] = [
        ObjectKind("Chair", .floor, aliases: ["kitchenchair", "diningchair"]) { b, v in
            let (width, depth) = (v.length(0.42...0.46), v.length(0.42...0.46))
            let (seat, back) = (v.length(0.44...0.46), v.length(0.44...0.52))
            let wood = v.pick([Paint.oak, Paint.walnut, Paint.whiteWood, Paint.blackWood, Paint.cherry])
            b.box(wood, 0, seat - 0.035, 0, width, 0.035, depth, solid: true)
            let dark = Paint.shade(wood, 0.86)
            for side in [-1.0, 1] {
                let x = side * (width / 2 - 0.02)
                b.box(dark, x, 0, depth / 2 - 0.02, 0.04, seat - 0.035, 0.04)
                b.box(dark, x, 0, -depth / 2 + 0.02, 0.04, seat + back, 0.04)
            }
            // Legs stop bodies together: nobody walks between them.
            b.collide(0, 0, 0, width, seat - 0.035, depth)
            b.collide(0, seat, -depth / 2 + 0.02, width, back, 0.04)
            if v.chance(0.5) {
                for row in 0..<3 {
                    b.box(wood, 0, seat + back - 0.08 - Double(row) * 0.14, -depth / 2 + 0.02, width - 0.08, 0.07, 0.025)
                }
            } else {
                b.box(wood, 0, seat + back - 0.08, -depth / 2 + 0.02, width - 0.08, 0.08, 0.03)
                for slat in 0..<4 {
                    let x = (Double(slat) - 1.5) * (width - 0.12) / 4
                    b.box(wood, x, seat, -depth / 2 + 0.02, 0.03, back - 0.08, 0.02)
                }
            }
            if v.chance(0.4) {
                let cloth = v.pick(Paint.fabrics)
                b.cushion(cloth, 0, seat, 0.02, width - 0.03, 0.04, depth - 0.07, radius: 0.015)
                b.collide(0, seat, 0.02, width - 0.03, 0.04, depth - 0.07)
                b.surface(0, seat + 0.04, 0.03, width - 0.1, depth - 0.14)
            } else {
                b.surface(0, seat, 0.03, width - 0.06, depth - 0.1)
            }
        },
        ObjectKind("OfficeChair", .floor, words: "office chair", aliases: ["deskchair", "swivelchair"]) { b, v in
            let cloth = v.pick(Paint.plain("fabric", ["black", "blue", "gray", "red", "green"]))
            let (seat, width) = (v.length(0.44...0.5), v.length(0.46...0.5))
            b.cushion(cloth, 0, seat - 0.08, 0.02, width, 0.08, width - 0.02, radius: 0.03, solid: true)
            b.cushion(cloth, 0, seat + 0.12, -width / 2 + 0.06, width - 0.06, 0.44, 0.07, radius: 0.03, solid: true)
            b.box(Paint.iron, 0, seat - 0.04, -width / 2 + 0.03, 0.06, 0.26, 0.03)
            b.cylinder(Paint.darkSteel, 0, 0.08, 0, radius: 0.03, height: seat - 0.16, segments: 10)
            for arm in 0..<5 {
                let (sine, cosine) = MeshBuilder.sineAndCosine(Double(arm) * 72)
                b.tube(
                    Paint.iron, [SIMD3(0, 0.1, 0), SIMD3(sine * 0.25, 0.06, cosine * 0.25)], radii: [0.03, 0.018], sides: 6)
                b.ball(Paint.rubber, sine * 0.25, 0, cosine * 0.25, 0.05, 0.05, 0.05, segments: 8)
            }
            for side in [-1.0, 1] {
                b.box(Paint.iron, side * (width / 2 + 0.01), seat + 0.16, 0.02, 0.045, 0.03, 0.24)
                b.box(Paint.iron, side * (width / 2 + 0.01), seat - 0.05, 0, 0.03, 0.22, 0.04)
            }
            b.collide(0, 0, 0, 0.5, seat - 0.08, 0.5)
            for side in [-1.0, 1] { b.collide(side * (width / 2 + 0.01), seat, 0.02, 0.045, 0.19, 0.24) }
            b.surface(0, seat, 0.06, width - 0.12, width - 0.2)
            b.mainMaterial = cloth
        },
        ObjectKind("Stool", .floor) { b, v in
            let (radius, height) = (v.length(0.16...0.19), v.length(0.44...0.62))
            let wood = v.pick([Paint.oak, Paint.walnut, Paint.whiteWood, Paint.plain("painted wood", "red"), Paint.plain("painted wood", "blue")])
            b.cylinder(wood, 0, height - 0.035, 0, radius: radius, height: 0.035, segments: 20)
            for (x, z) in [(-1.0, -1.0), (1, -1), (-1, 1), (1, 1)] {
                b.tube(
                    Paint.shade(wood, 0.82),
                    [SIMD3(x * radius * 0.72, 0, z * radius * 0.72), SIMD3(x * radius * 0.5, height - 0.03, z * radius * 0.5)],
                    radius: 0.018)
            }
            b.tube(
                Paint.shade(wood, 0.82), [SIMD3(-radius * 0.64, height * 0.35, 0), SIMD3(radius * 0.64, height * 0.35, 0)],
                radius: 0.012)
            b.collide(0, 0, 0, radius * 1.9, height, radius * 1.9)
            b.surface(0, height, 0, radius * 1.3, radius * 1.3)
        },
        ObjectKind("Armchair", .floor, aliases: ["lounge", "easychair"]) { b, v in
            upholstered(&b, v.pick(Paint.fabrics + Paint.leathers), v.length(0.8...0.92), v.length(0.8...0.88), seats: 1)
        },
        ObjectKind("Sofa", .floor, aliases: ["couch", "settee", "loveseat"]) { b, v in
            let seats = v.count(2...3)
            let cloth = v.pick(Paint.fabrics + Paint.leathers)
            let width = v.length(0.62...0.7) * Double(seats) + 0.34
            upholstered(&b, cloth, width, v.length(0.85...0.92), seats: seats)
        },
        ObjectKind("Bed", .floor, aliases: ["doublebed", "singlebed"]) { b, v in
            let isDouble = v.chance(0.65)
            let width = isDouble ? v.length(1.5...1.8) : v.length(0.95...1.1)
            let length = v.length(1.98...2.08)
            let wood = v.pick([Paint.oak, Paint.walnut, Paint.whiteWood, Paint.blackWood])
            let blanket = v.pick(Paint.plain("fabric", ["blue", "red", "green", "gray", "teal", "purple", "pink", "yellow"]))
            let back = -length / 2
            b.box(wood, 0, 0, back + 0.03, width, v.length(0.9...1.1), 0.06, solid: true)
            b.box(wood, 0, 0.12, 0.03, width, 0.16, length - 0.06)
            b.box(wood, 0, 0, length / 2 - 0.02, width, 0.42, 0.04, solid: true)
            for side in [-1.0, 1] {
                b.box(wood, side * (width / 2 - 0.05), 0, 0, 0.08, 0.12, length - 0.3)
            }
            b.cushion(Paint.linen, 0, 0.28, 0.02, width - 0.06, 0.2, length - 0.14, radius: 0.05)
            b.collide(0, 0, 0.02, width, 0.48, length - 0.1)
            let pillows = isDouble ? 2 : 1
            for pillow in 0..<pillows {
                let x = isDouble ? (Double(pillow) - 0.5) * width * 0.47 : 0
                let pillowWidth = isDouble ? width * 0.42 : width * 0.68
                b.cushion(
                    Paint.of("linen", "white", 252, 252, 250), x, 0.475, back + 0.32, pillowWidth, 0.13, 0.38, radius: 0.06,
                    steps: 2)
                b.collide(x, 0.48, back + 0.32, pillowWidth, 0.12, 0.38)
            }
            // The blanket hangs over the sides and is turned down below the pillows.
            let cover = length * 0.62
            b.cushion(blanket, 0, 0.27, length / 2 - cover / 2 - 0.045, width + 0.02, 0.235, cover, radius: 0.03)
            b.cushion(
                Paint.shade(blanket, 1.35), 0, 0.44, length / 2 - cover - 0.02, width + 0.022, 0.075, 0.2, radius: 0.03)
            b.collide(0, 0.27, length / 2 - cover / 2 - 0.045, width + 0.02, 0.235, cover)
            b.collide(0, 0.44, length / 2 - cover - 0.02, width + 0.022, 0.075, 0.2)
            b.surface(0, 0.505, length / 2 - cover / 2 + 0.03, width - 0.1, cover - 0.3)
            b.mainMaterial = blanket
        },
    ]

    /// Sofas and armchairs: a base, seat cushions, back cushions and two arms.
    private static func upholstered(
        _ b: inout ModelBuilder, _ cloth: Material, _ width: Double, _ depth: Double, seats: Int
    ) {
        let arm = 0.16
        let light = Paint.shade(cloth, 1.12)
        b.cushion(cloth, 0, 0.08, 0, width, 0.2, depth, radius: 0.03)
        for (x, z) in [(-1.0, -1.0), (1, -1), (-1, 1), (1, 1)] {
            b.box(Paint.walnut, x * (width / 2 - 0.06), 0, z * (depth / 2 - 0.06), 0.05, 0.08, 0.05)
        }
        b.cushion(cloth, 0, 0.2, -depth / 2 + 0.11, width, 0.62, 0.22, radius: 0.07, steps: 2)
        for side in [-1.0, 1] {
            b.cushion(cloth, side * (width / 2 - arm / 2), 0.12, 0.02, arm, 0.5, depth - 0.04, radius: 0.06, steps: 2)
            b.collide(side * (width / 2 - arm / 2), 0, 0, arm, 0.62, depth)
        }
        let span = (width - 2 * arm) / Double(seats)
        for seat in 0..<seats {
            let x = (Double(seat) - Double(seats - 1) / 2) * span
            b.cushion(light, x, 0.27, 0.09, span - 0.01, 0.17, depth - 0.22, radius: 0.05, steps: 2)
            b.cushion(light, x, 0.42, -depth / 2 + 0.27, span - 0.02, 0.36, 0.16, radius: 0.07, steps: 2, turn: SIMD3(-10, 0, 0))
        }
        b.collide(0, 0, 0, width - 2 * arm, 0.44, depth)
        b.collide(0, 0.44, -depth / 2 + 0.2, width - 2 * arm, 0.38, 0.4)
        b.surface(0, 0.44, depth / 4 - 0.01, width - 2 * arm - 0.06, depth / 2 - 0.16)
    }
}
