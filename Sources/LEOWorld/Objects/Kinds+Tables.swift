extension ObjectKind {
    static let tables: [ObjectKind] = [
        ObjectKind("KitchenTable", .floor, words: "kitchen table", aliases: ["table", "diningtable"]) { b, v in
            let (width, depth, height) = (v.length(1.2...1.8), v.length(0.8...0.95), v.length(0.72...0.76))
            table(
                &b, v.pick([Paint.oak, Paint.walnut, Paint.birch, Paint.whiteWood]), width, depth, height, leg: 0.07,
                apron: 0.08)
        },
        ObjectKind("RoundTable", .floor, words: "round table") { b, v in
            let (radius, height) = (v.length(0.42...0.58), v.length(0.7...0.75))
            let wood = v.pick([Paint.oak, Paint.walnut, Paint.whiteWood, Paint.cherry])
            b.cylinder(wood, 0, height - 0.035, 0, radius: radius, height: 0.035, segments: 28)
            b.cylinder(wood, 0, 0.04, 0, radius: 0.06, top: 0.05, height: height - 0.075, segments: 12, solid: true)
            b.cylinder(Paint.shade(wood, 0.8), 0, 0, 0, radius: 0.26, top: 0.2, height: 0.04, segments: 20)
            b.collide(0, 0, 0, 0.4, 0.04, 0.4)
            // A square inside the circle, widened so that nothing passes through the rim.
            b.collide(0, height - 0.035, 0, radius * 1.8, 0.035, radius * 1.8)
            b.surface(0, height, 0, radius * 1.35, radius * 1.35)
        },
        ObjectKind("CoffeeTable", .floor, words: "coffee table", aliases: ["lowtable"]) { b, v in
            let (width, depth, height) = (v.length(0.9...1.2), v.length(0.5...0.65), v.length(0.4...0.46))
            let wood = v.pick([Paint.oak, Paint.walnut, Paint.blackWood, Paint.whiteWood])
            table(&b, wood, width, depth, height, leg: 0.06, apron: 0.0)
            // The board below the top marks a coffee table.
            b.box(Paint.shade(wood, 0.85), 0, 0.12, 0, width - 0.1, 0.025, depth - 0.1, solid: true)
            b.surface(0, 0.145, 0, width - 0.24, depth - 0.14, clearance: height - 0.04 - 0.145, inside: true)
        },
        ObjectKind("Desk", .floor, aliases: ["writingtable", "computerdesk", "workdesk"]) { b, v in
            let (width, depth, height) = (v.length(1.2...1.5), v.length(0.6...0.7), v.length(0.72...0.76))
            let wood = v.pick([Paint.oak, Paint.walnut, Paint.whiteWood, Paint.birch])
            let top = 0.035
            b.box(wood, 0, height - top, 0, width, top, depth, solid: true)
            let side = v.chance(0.5) ? 1.0 : -1
            // Drawers on one side, a board as leg on the other, a panel at the back.
            let drawers = 0.38
            let x = side * (width / 2 - drawers / 2 - 0.01)
            b.box(Paint.shade(wood, 0.9), x, 0, -0.01, drawers, height - top, depth - 0.06, solid: true)
            for row in 0..<3 {
                let y = 0.06 + Double(row) * (height - top - 0.08) / 3
                b.box(wood, x, y, depth / 2 - 0.035, drawers - 0.04, (height - top - 0.08) / 3 - 0.02, 0.02)
                b.box(Paint.darkSteel, x, y + 0.09, depth / 2 - 0.02, 0.12, 0.018, 0.02)
            }
            b.box(wood, -side * (width / 2 - 0.03), 0, 0, 0.04, height - top, depth - 0.04, solid: true)
            b.box(
                Paint.shade(wood, 0.85), -side * drawers / 2, height * 0.45, -depth / 2 + 0.03, width - drawers - 0.08,
                height * 0.55 - top, 0.02, solid: true)
            b.surface(0, height, 0, width - 0.04, depth - 0.04)
        },
        ObjectKind("SideTable", .floor, words: "side table", aliases: ["endtable"]) { b, v in
            let (width, height) = (v.length(0.4...0.5), v.length(0.5...0.58))
            table(
                &b, v.pick([Paint.oak, Paint.blackWood, Paint.whiteWood, Paint.cherry]), width, width, height,
                leg: 0.04, apron: 0.05)
        },
        ObjectKind("Nightstand", .floor, words: "nightstand", aliases: ["bedsidetable", "nighttable"]) { b, v in
            let (width, depth, height) = (v.length(0.42...0.5), v.length(0.38...0.42), v.length(0.5...0.56))
            let wood = v.pick([Paint.oak, Paint.walnut, Paint.whiteWood, Paint.grayWood])
            for (x, z) in [(-1.0, -1.0), (1, -1), (-1, 1), (1, 1)] {
                b.box(wood, x * (width / 2 - 0.03), 0, z * (depth / 2 - 0.03), 0.04, 0.1, 0.04)
            }
            b.box(wood, 0, 0.1, 0, width, height - 0.1, depth)
            b.collide(0, 0, 0, width, height, depth)
            for row in 0..<2 {
                let rise = (height - 0.14) / 2
                let y = 0.12 + Double(row) * rise
                b.box(Paint.shade(wood, 1.12), 0, y, depth / 2 + 0.005, width - 0.05, rise - 0.02, 0.01)
                b.ball(Paint.brass, 0, y + rise / 2 - 0.025, depth / 2 + 0.02, 0.03, 0.03, 0.03, segments: 8)
            }
            b.surface(0, height, 0, width - 0.04, depth - 0.04)
        },
        ObjectKind("KitchenCounter", .floor, words: "kitchen counter", aliases: ["counter", "worktop"]) { b, v in
            let width = v.length(0.8...1.2)
            let front = v.pick(counterFronts)
            cupboardBase(&b, front: front, width: width, doors: 2)
            b.box(Paint.of("stone", "gray", 96, 96, 100), 0, 0.88, 0.01, width, 0.04, 0.62)
            b.surface(0, 0.92, 0, width - 0.06, 0.54)
        },
        ObjectKind("Bench", .floor) { b, v in
            let (width, depth, height) = (v.length(1.0...1.3), v.length(0.35...0.4), v.length(0.43...0.47))
            let wood = v.pick([Paint.oak, Paint.walnut, Paint.whiteWood])
            b.box(wood, 0, height - 0.04, 0, width, 0.04, depth, solid: true)
            for side in [-1.0, 1] {
                b.box(
                    Paint.shade(wood, 0.85), side * (width / 2 - 0.08), 0, 0, 0.05, height - 0.04, depth - 0.04,
                    solid: true)
            }
            b.box(Paint.shade(wood, 0.85), 0, 0.18, 0, width - 0.2, 0.06, 0.04)
            b.surface(0, height, 0, width - 0.04, depth - 0.04)
        },
    ]

    static let counterFronts = [
        Paint.whiteWood, Paint.oak, Paint.grayWood, Paint.of("painted wood", "blue", 70, 102, 146),
        Paint.of("painted wood", "green", 96, 132, 104),
    ]

    /// Top, four legs at the corners, and an apron below the top where it has a height.
    private static func table(
        _ b: inout ModelBuilder, _ wood: Material, _ width: Double, _ depth: Double, _ height: Double, leg: Double,
        apron: Double
    ) {
        let top = 0.04
        b.box(wood, 0, height - top, 0, width, top, depth, solid: true)
        let dark = Paint.shade(wood, 0.82)
        for (x, z) in [(-1.0, -1.0), (1, -1), (-1, 1), (1, 1)] {
            b.box(
                dark, x * (width / 2 - leg / 2 - 0.02), 0, z * (depth / 2 - leg / 2 - 0.02), leg, height - top, leg,
                solid: true)
        }
        if apron > 0 {
            for side in [-1.0, 1] {
                b.box(
                    dark, 0, height - top - apron, side * (depth / 2 - leg / 2 - 0.02), width - 2 * leg - 0.04, apron,
                    0.02)
                b.box(
                    dark, side * (width / 2 - leg / 2 - 0.02), height - top - apron, 0, 0.02, apron,
                    depth - 2 * leg - 0.04)
            }
        }
        b.surface(0, height, 0, width - 0.04, depth - 0.04)
    }

    /// The body of kitchen furniture: plinth, doors with bars, 0.88 m high and 0.6 m deep.
    static func cupboardBase(_ b: inout ModelBuilder, front: Material, width: Double, doors: Int) {
        b.box(front, 0, 0.1, 0, width, 0.78, 0.58)
        b.box(Paint.iron, 0, 0, -0.02, width, 0.1, 0.5)
        b.collide(0, 0, 0.01, width, 0.92, 0.62)
        let span = width / Double(doors)
        for door in 0..<doors {
            let x = -width / 2 + (Double(door) + 0.5) * span
            b.box(Paint.shade(front, 1.06), x, 0.12, 0.295, span - 0.02, 0.58, 0.015)
            b.box(Paint.shade(front, 1.06), x, 0.715, 0.295, span - 0.02, 0.145, 0.015)
            b.box(Paint.steel, x, 0.77, 0.31, 0.16, 0.018, 0.02)
            let side = door % 2 == 0 ? 1.0 : -1
            b.box(Paint.steel, x + side * (span / 2 - 0.05), 0.5, 0.31, 0.018, 0.16, 0.02)
        }
    }
}
