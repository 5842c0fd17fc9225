extension ObjectKind {
    static let storage: [ObjectKind] = [
        ObjectKind("Wardrobe", .floor, aliases: ["closet", "armoire"]) { b, v in
            let (width, depth, height) = (v.length(1.0...1.5), v.length(0.55...0.6), v.length(1.9...2.1))
            let wood = v.pick([Paint.oak, Paint.walnut, Paint.whiteWood, Paint.grayWood])
            b.box(Paint.shade(wood, 0.8), 0, 0, -0.02, width - 0.04, 0.07, depth - 0.06)
            b.box(wood, 0, 0.07, 0, width, height - 0.1, depth)
            b.box(Paint.shade(wood, 0.85), 0, height - 0.03, 0.005, width + 0.03, 0.03, depth + 0.03)
            b.collide(0, 0, 0, width + 0.03, height, depth + 0.04)
            let doors = width > 1.25 ? 3 : 2
            let span = width / Double(doors)
            for door in 0..<doors {
                let x = -width / 2 + (Double(door) + 0.5) * span
                b.box(Paint.shade(wood, 1.1), x, 0.1, depth / 2 + 0.006, span - 0.025, height - 0.16, 0.012)
                let side = door == doors - 1 ? -1.0 : 1
                b.box(Paint.brass, x + side * (span / 2 - 0.06), height * 0.47, depth / 2 + 0.02, 0.02, 0.18, 0.02)
            }
        },
        ObjectKind("Bookshelf", .floor, aliases: ["bookcase", "shelf", "bookrack"]) { b, v in
            let (width, depth, height) = (v.length(0.7...1.0), v.length(0.28...0.34), v.length(1.5...1.95))
            let wood = v.pick([Paint.oak, Paint.walnut, Paint.whiteWood, Paint.blackWood])
            let board = 0.025
            let boards = v.count(4...5)
            let pitch = (height - board) / Double(boards)
            for side in [-1.0, 1] {
                b.box(wood, side * (width - board) / 2, 0, 0, board, height, depth, solid: true)
            }
            b.box(Paint.shade(wood, 0.75), 0, 0, -depth / 2 + 0.01, width - 2 * board, height, 0.02, solid: true)
            for row in 0...boards {
                b.box(wood, 0, Double(row) * pitch, 0.01, width - 2 * board, board, depth - 0.02, solid: true)
            }
            let inner = width - 2 * board
            for row in 0..<boards {
                let y = Double(row) * pitch + board
                // Books fill a part of each board, from the left or from the right; the rest is free.
                let share = row == 0 ? 1.0 : Double(v.count(3...10)) / 10
                let fromLeft = v.chance(0.5)
                let filled = inner * share
                var x = fromLeft ? -inner / 2 : inner / 2 - filled
                let end = x + filled
                let start = x
                while x < end - 0.03 {
                    let thickness = min(v.fine(0.02...0.048), end - x)
                    let rise = v.length(0.19...0.26)
                    let cover = v.pick(bookCovers)
                    b.box(cover, x + thickness / 2, y, -0.015, thickness - 0.002, min(rise, pitch - board - 0.02), 0.2)
                    x += thickness
                }
                b.collide((start + end) / 2, y, -0.015, end - start, min(0.26, pitch - board - 0.02), 0.2)
                let free = inner - filled
                if free > 0.16 {
                    let middle = fromLeft ? inner / 2 - free / 2 : -inner / 2 + free / 2
                    b.surface(middle, y, 0.01, free - 0.02, depth - 0.06, clearance: pitch - board, inside: true)
                }
            }
            b.surface(0, height, 0, width - 0.06, depth - 0.04)
            b.mainMaterial = wood
        },
        ObjectKind("Cabinet", .floor, aliases: ["cupboard", "sideboard"]) { b, v in
            let (width, depth, height) = (v.length(0.8...1.1), v.length(0.38...0.44), v.length(0.8...0.95))
            let wood = v.pick([Paint.oak, Paint.walnut, Paint.whiteWood, Paint.cherry])
            legs(&b, wood, width, depth, 0.1)
            b.box(wood, 0, 0.1, 0, width, height - 0.1, depth)
            b.collide(0, 0, 0, width, height, depth)
            for side in [-1.0, 1] {
                b.box(
                    Paint.shade(wood, 1.12), side * width / 4, 0.13, depth / 2 + 0.006, width / 2 - 0.03, height - 0.18,
                    0.012)
                b.box(
                    Paint.shade(wood, 0.92), side * width / 4, 0.2, depth / 2 + 0.012, width / 2 - 0.15, height - 0.32,
                    0.006)
                b.ball(Paint.brass, side * 0.05, height * 0.55, depth / 2 + 0.022, 0.03, 0.03, 0.03, segments: 8)
            }
            b.surface(0, height, 0, width - 0.04, depth - 0.04)
        },
        ObjectKind("Dresser", .floor, words: "dresser", aliases: ["chestofdrawers", "drawer", "commode"]) { b, v in
            let (width, depth, height) = (v.length(0.85...1.2), v.length(0.42...0.48), v.length(0.78...1.0))
            let wood = v.pick([Paint.oak, Paint.walnut, Paint.whiteWood, Paint.plain("painted wood", "teal")])
            legs(&b, wood, width, depth, 0.08)
            b.box(wood, 0, 0.08, 0, width, height - 0.08, depth)
            b.collide(0, 0, 0, width, height, depth)
            let rows = height > 0.88 ? 4 : 3
            let rise = (height - 0.12) / Double(rows)
            for row in 0..<rows {
                let y = 0.1 + Double(row) * rise
                b.box(Paint.shade(wood, 1.14), 0, y, depth / 2 + 0.008, width - 0.05, rise - 0.025, 0.016)
                for side in [-1.0, 1] {
                    b.ball(
                        Paint.brass, side * width / 4, y + rise / 2 - 0.03, depth / 2 + 0.028, 0.035, 0.035, 0.035,
                        segments: 8)
                }
            }
            b.surface(0, height, 0, width - 0.04, depth - 0.04)
        },
        ObjectKind("TVStand", .floor, words: "tv stand", aliases: ["televisionstand", "tvtable", "mediaconsole"]) {
            b, v in
            let (width, depth, height) = (v.length(1.2...1.6), v.length(0.38...0.44), v.length(0.45...0.52))
            let wood = v.pick([Paint.oak, Paint.walnut, Paint.whiteWood, Paint.blackWood])
            let board = 0.03
            b.box(wood, 0, height - board, 0, width, board, depth, solid: true)
            b.box(wood, 0, 0.05, 0, width, board, depth, solid: true)
            legs(&b, wood, width, depth, 0.05)
            b.collide(0, 0, 0, width, 0.05, depth)
            b.box(Paint.shade(wood, 0.75), 0, 0.08, -depth / 2 + 0.01, width, height - 0.11, 0.02, solid: true)
            let part = width / 3
            for side in [-1.0, 1] {
                b.box(wood, side * (width / 2 - part / 2), 0.08, 0.01, part, height - 0.11, depth - 0.02, solid: true)
                b.box(
                    Paint.shade(wood, 1.15), side * (width / 2 - part / 2), 0.1, depth / 2 + 0.006, part - 0.04,
                    height - 0.15, 0.012)
            }
            b.surface(0, 0.08, 0.01, part - 0.04, depth - 0.08, clearance: height - 0.11, inside: true)
            b.surface(0, height, 0, width - 0.04, depth - 0.04)
        },
        ObjectKind("WallShelf", .wall, words: "wall shelf") { b, v in
            let (width, depth) = (v.length(0.6...1.0), v.length(0.2...0.24))
            let wood = v.pick([Paint.oak, Paint.walnut, Paint.whiteWood, Paint.blackWood])
            b.box(wood, 0, 0.1, 0, width, 0.03, depth, solid: true)
            for side in [-1.0, 1] {
                b.prism(
                    Paint.iron, side * (width / 2 - 0.12), 0, 0,
                    [(-depth / 2, 0), (-depth / 2 + 0.02, 0), (depth / 2 - 0.02, 0.1), (-depth / 2, 0.1)], depth: 0.02,
                    turn: SIMD3(0, -90, 0))
                b.collide(side * (width / 2 - 0.12), 0, 0, 0.02, 0.1, depth)
            }
            b.surface(0, 0.13, 0, width - 0.04, depth - 0.03)
        },
        ObjectKind("WallCabinet", .wall, words: "wall cabinet") { b, v in
            let (width, height) = (v.length(0.6...0.9), v.length(0.5...0.6))
            let front = v.pick(counterFronts)
            b.box(front, 0, 0, 0, width, height, 0.32)
            for side in [-1.0, 1] {
                b.box(Paint.shade(front, 1.1), side * width / 4, 0.015, 0.166, width / 2 - 0.02, height - 0.03, 0.012)
                b.box(Paint.steel, side * 0.05, 0.06, 0.18, 0.018, 0.13, 0.018)
            }
        },
    ]

    static let bookCovers =
        Paint.plain(
            "cloth cover", ["red", "blue", "green", "yellow", "brown", "purple", "white", "black", "teal", "orange"])

    private static func legs(
        _ b: inout ModelBuilder, _ wood: Material, _ width: Double, _ depth: Double, _ height: Double
    ) {
        for (x, z) in [(-1.0, -1.0), (1, -1), (-1, 1), (1, 1)] {
            b.box(Paint.shade(wood, 0.75), x * (width / 2 - 0.04), 0, z * (depth / 2 - 0.04), 0.05, height, 0.05)
        }
    }
}
