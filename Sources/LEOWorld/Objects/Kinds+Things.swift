extension ObjectKind {
    static let food: [ObjectKind] = [
        ObjectKind("Apple", .surface, grab: true) { b, v in
            let skin = v.pick([
                Paint.of("peel", "red", 200, 36, 36), Paint.of("peel", "green", 128, 184, 60),
                Paint.of("peel", "yellow", 226, 200, 70),
            ])
            let size = v.fine(0.07...0.085)
            b.lathe(
                skin, 0, 0, 0,
                [
                    (0, 0.004), (size * 0.2, 0), (size * 0.42, size * 0.24), (size * 0.5, size * 0.55),
                    (size * 0.4, size * 0.85),
                    (size * 0.18, size * 0.92), (0, size * 0.8),
                ], segments: 14)
            b.tube(Paint.walnut, [SIMD3(0, size * 0.78, 0), SIMD3(0.006, size * 1.06, 0)], radius: 0.003, sides: 4)
            b.ball(Paint.leaf, 0.016, size * 0.96, 0, 0.028, 0.006, 0.014, segments: 6)
        },
        ObjectKind("Orange", .surface, grab: true, aliases: ["tangerine", "mandarin"]) { b, v in
            let size = v.fine(0.07...0.085)
            b.ball(Paint.of("peel", "orange", 240, 140, 32), 0, 0, 0, size, size * 0.95, size, segments: 14)
            b.cylinder(Paint.leaf, 0, size * 0.935, 0, radius: 0.006, height: 0.004, segments: 6)
        },
        ObjectKind("Lemon", .surface, grab: true) { b, v in
            let size = v.fine(0.055...0.065)
            let peel = Paint.of("peel", "yellow", 246, 220, 64)
            b.lathe(
                peel, 0, size / 2 - size * 0.75, 0,
                [
                    (0, 0), (size * 0.09, size * 0.06), (size * 0.13, size * 0.16), (size * 0.4, size * 0.4),
                    (size * 0.5, size * 0.75),
                    (size * 0.4, size * 1.1), (size * 0.13, size * 1.34), (size * 0.09, size * 1.44), (0, size * 1.5),
                ], segments: 12, turn: SIMD3(0, 0, 90))
        },
        ObjectKind("Pear", .surface, grab: true) { b, v in
            let size = v.fine(0.07...0.08)
            let skin = v.pick([Paint.of("peel", "green", 164, 196, 72), Paint.of("peel", "yellow", 214, 196, 84)])
            b.lathe(
                skin, 0, 0, 0,
                [
                    (0, 0.003), (size * 0.22, 0), (size * 0.46, size * 0.28), (size * 0.46, size * 0.55),
                    (size * 0.26, size * 0.95),
                    (size * 0.18, size * 1.22), (0, size * 1.28),
                ], segments: 14)
            b.tube(Paint.walnut, [SIMD3(0, size * 1.24, 0), SIMD3(0.006, size * 1.5, 0)], radius: 0.003, sides: 4)
        },
        ObjectKind("Banana", .surface, grab: true, aliases: ["bananas"]) { b, v in
            let reach = v.fine(0.08...0.095)
            let peel = Paint.of("peel", "yellow", 246, 210, 60)
            let path = (0...8).map { step -> SIMD3<Double> in
                let (sine, cosine) = MeshBuilder.sineAndCosine(Double(step - 4) * 17)
                return SIMD3(sine * reach, 0.018, (1 - cosine) * reach * 1.1)
            }
            b.tube(peel, path, radii: [0.006, 0.012, 0.016, 0.018, 0.018, 0.018, 0.016, 0.011, 0.006], sides: 6)
            b.ball(
                Paint.of("peel", "brown", 84, 62, 30), path[0].x, 0.0125, path[0].z, 0.012, 0.012, 0.012, segments: 6)
            b.ball(
                Paint.of("peel", "brown", 84, 62, 30), path[8].x, 0.0125, path[8].z, 0.012, 0.012, 0.012, segments: 6)
            b.mainMaterial = peel
        },
        ObjectKind("Bread", .surface, grab: true, aliases: ["loaf", "toast"]) { b, v in
            let length = v.fine(0.2...0.26)
            let crust = v.pick([Paint.of("crust", "brown", 176, 112, 54), Paint.of("crust", "brown", 136, 82, 42)])
            b.cushion(crust, 0, 0, 0, length, 0.07, 0.1, radius: 0.03, steps: 2)
            b.cushion(crust, 0, 0.045, 0, length, 0.055, 0.115, radius: 0.027, steps: 2)
            for cut in 0..<4 {
                b.cushion(
                    Paint.of("crumb", "beige", 232, 204, 150), (Double(cut) - 1.5) * length * 0.22, 0.094, 0, 0.014,
                    0.01, 0.075,
                    radius: 0.004, turn: SIMD3(0, 25, 0))
            }
            b.mainMaterial = crust
        },
        ObjectKind("Can", .surface, grab: true, words: "soda can", aliases: ["sodacan", "tin", "soda"]) { b, v in
            let paint = v.pick(Paint.plain("aluminium", ["red", "blue", "green", "orange"]))
            b.lathe(
                Paint.chrome, 0, 0, 0, [(0, 0), (0.026, 0), (0.032, 0.01), (0.032, 0.112), (0.027, 0.122), (0, 0.118)],
                segments: 14)
            b.cylinder(paint, 0, 0.012, 0, radius: 0.0325, height: 0.098, segments: 14)
            b.box(Paint.plain("aluminium", "white"), 0, 0.05, 0.0325, 0.028, 0.026, 0.002)
            b.mainMaterial = paint
        },
        ObjectKind("Cake", .surface, grab: true, aliases: ["pie"]) { b, v in
            let cream = v.pick([
                Paint.of("cream", "pink", 244, 180, 196), Paint.of("cream", "white", 248, 244, 236),
                Paint.of("chocolate", "brown", 96, 56, 36),
            ])
            b.cylinder(Paint.ceramic, 0, 0, 0, radius: 0.13, height: 0.008, segments: 22)
            b.cylinder(Paint.of("sponge", "beige", 226, 190, 124), 0, 0.008, 0, radius: 0.1, height: 0.04, segments: 20)
            b.cylinder(cream, 0, 0.045, 0, radius: 0.104, height: 0.035, segments: 20)
            for berry in 0..<7 {
                let (sine, cosine) = MeshBuilder.sineAndCosine(Double(berry) * 360 / 7)
                b.ball(
                    Paint.of("cherry", "red", 190, 26, 40), sine * 0.075, 0.074, cosine * 0.075, 0.026, 0.026, 0.026,
                    segments: 8)
            }
            b.mainMaterial = cream
        },
    ]

    static let things: [ObjectKind] = [
        ObjectKind("Book", .surface, grab: true, aliases: ["notebook", "novel"]) { b, v in
            let cover = v.pick(bookCovers)
            let (width, depth, height) = (v.fine(0.13...0.18), v.fine(0.19...0.25), v.fine(0.022...0.042))
            b.box(cover, 0, 0, 0, width, 0.003, depth)
            b.box(cover, 0, height - 0.003, 0, width, 0.003, depth)
            b.box(cover, -width / 2 + 0.002, 0.003, 0, 0.004, height - 0.006, depth)
            b.box(Paint.paper, 0, 0.003, 0, width - 0.008, height - 0.006, depth - 0.01)
            b.box(Paint.shade(Paint.paper, 0.9), 0.005, height, depth * 0.14, width * 0.6, 0.0008, depth * 0.16)
            b.box(Paint.shade(cover, 1.5), 0.005, height, -depth * 0.22, width * 0.35, 0.0008, depth * 0.05)
            b.mainMaterial = cover
        },
        ObjectKind("Laptop", .surface, grab: true, aliases: ["notebookcomputer", "computer"]) { b, v in
            let shell = v.pick([
                Paint.of("aluminium", "gray", 188, 192, 198), Paint.of("aluminium", "black", 56, 58, 62),
                Paint.of("aluminium", "pink", 226, 178, 170),
            ])
            let width = v.fine(0.3...0.36)
            let depth = width * 0.68
            b.cushion(shell, 0, 0, 0, width, 0.016, depth, radius: 0.006)
            b.box(Paint.iron, 0, 0.0155, -depth * 0.12, width * 0.86, 0.0015, depth * 0.5)
            for row in 0..<4 {
                b.box(
                    Paint.shade(Paint.iron, 2.2), 0, 0.0165, -depth * 0.12 + (Double(row) - 1.5) * depth * 0.115,
                    width * 0.82, 0.002, depth * 0.075)
            }
            b.box(Paint.shade(shell, 0.8), 0, 0.0155, depth * 0.32, width * 0.3, 0.0012, depth * 0.24)
            let lean = 14.0
            let lid = depth * 0.96
            let (sine, cosine) = MeshBuilder.sineAndCosine(lean)
            let (y, z) = (0.016 + lid / 2 * cosine, -depth / 2 - lid / 2 * sine + 0.006)
            b.cushion(shell, 0, y - lid / 2, z, width, lid, 0.009, radius: 0.004, turn: SIMD3(-lean, 0, 0))
            let front = 0.0045
            b.box(
                Paint.of("display", "blue", 70, 136, 206), 0, y - front * sine * -1 - lid * 0.44, z + front * cosine,
                width - 0.022,
                lid * 0.88, 0.003, turn: SIMD3(-lean, 0, 0))
            b.collide(0, 0, 0, width, 0.019, depth)
            b.collide(0, 0.016, -depth / 2 - lid / 2 * sine + 0.006, width, lid * cosine, lid * sine + 0.012)
            b.mainMaterial = shell
        },
        ObjectKind("Phone", .surface, grab: true, aliases: ["smartphone", "mobile", "cellphone"]) { b, v in
            let shell = v.pick(Paint.plain("plastic", ["black", "white", "red", "blue"]))
            b.cushion(shell, 0, 0, 0, 0.075, 0.01, 0.152, radius: 0.004)
            b.box(Paint.screen, 0, 0.0095, 0, 0.068, 0.0015, 0.138)
            b.mainMaterial = shell
        },
        ObjectKind("Keyboard", .surface, grab: true) { b, v in
            let shell = v.pick(Paint.plain("plastic", ["black", "white", "gray"]))
            b.cushion(shell, 0, 0, 0, 0.43, 0.02, 0.135, radius: 0.008)
            let cap = Paint.shade(shell, shell.color.x > 0.5 ? 0.78 : 2.6)
            for row in 0..<4 {
                for column in 0..<12 {
                    b.box(cap, (Double(column) - 5.5) * 0.033, 0.019, (Double(row) - 2) * 0.026, 0.027, 0.007, 0.021)
                }
            }
            b.box(cap, 0, 0.019, 0.052, 0.18, 0.007, 0.021)
            b.mainMaterial = shell
        },
        ObjectKind("ComputerMouse", .surface, grab: true, words: "computer mouse", aliases: ["mouse"]) { b, v in
            let shell = v.pick(Paint.plain("plastic", ["black", "white", "red", "blue"]))
            b.cushion(shell, 0, 0, 0, 0.062, 0.036, 0.108, radius: 0.018, steps: 2)
            let dark = Paint.shade(shell, shell.color.x > 0.5 ? 0.6 : 2.4)
            b.box(dark, 0, 0.0345, -0.03, 0.003, 0.003, 0.045)
            b.box(dark, 0, 0.0345, -0.006, 0.04, 0.003, 0.003)
            b.cylinder(dark, 0, 0.026, -0.032, radius: 0.008, height: 0.008, segments: 8, turn: SIMD3(0, 0, 90))
            b.tube(
                dark, [SIMD3(0, 0.012, -0.05), SIMD3(0.006, 0.006, -0.075), SIMD3(-0.006, 0.006, -0.1)], radius: 0.0035,
                sides: 5)
            b.mainMaterial = shell
        },
        ObjectKind("Remote", .surface, grab: true, words: "remote control", aliases: ["remotecontrol", "tvremote"]) {
            b, v in
            let shell = v.pick(Paint.plain("plastic", ["black", "gray", "white"]))
            b.cushion(shell, 0, 0, 0, 0.048, 0.02, 0.18, radius: 0.008)
            for row in 0..<4 {
                for column in 0..<3 {
                    b.box(
                        Paint.plain("rubber", row == 0 ? "red" : "gray"), (Double(column) - 1) * 0.014, 0.019,
                        -0.05 + Double(row) * 0.028, 0.01, 0.003, 0.016)
                }
            }
            b.cylinder(Paint.plain("rubber", "gray"), 0, 0.019, 0.062, radius: 0.015, height: 0.003, segments: 10)
            b.mainMaterial = shell
        },
        ObjectKind(
            "PenHolder", .surface, grab: true, words: "pen holder",
            aliases: ["pencilholder", "pencilcup", "pen", "pencil"]
        ) { b, v in
            let shell = v.pick([Paint.darkSteel, Paint.oak] + Paint.plain("plastic", ["red", "blue", "green"]))
            b.lathe(
                shell, 0, 0, 0, [(0, 0), (0.04, 0), (0.04, 0.1), (0.036, 0.1), (0.036, 0.006), (0, 0.006)], segments: 14
            )
            for (index, name) in ["yellow", "red", "blue", "green", "black"].enumerated() {
                let (sine, cosine) = MeshBuilder.sineAndCosine(Double(index) * 72)
                let top = 0.15 + Double(index % 3) * 0.015
                b.tube(
                    Paint.plain("wood", name),
                    [SIMD3(sine * 0.012, 0.01, cosine * 0.012), SIMD3(sine * 0.032, top, cosine * 0.032)],
                    radius: 0.0045, sides: 5)
                b.tube(
                    Paint.birch,
                    [SIMD3(sine * 0.032, top, cosine * 0.032), SIMD3(sine * 0.034, top + 0.015, cosine * 0.034)],
                    radii: [0.0045, 0.001], sides: 5)
            }
            b.mainMaterial = shell
        },
        ObjectKind("Candle", .surface, grab: true, aliases: ["candlestick"]) { b, v in
            let wax = v.pick(Paint.plain("wax", ["white", "red", "purple", "green"]))
            let height = v.fine(0.09...0.15)
            b.lathe(
                Paint.brass, 0, 0, 0, [(0, 0), (0.052, 0), (0.056, 0.014), (0.048, 0.014), (0.045, 0.006), (0, 0.006)],
                segments: 16)
            b.cylinder(wax, 0, 0.006, 0, radius: 0.026, height: height, segments: 14)
            b.cylinder(Paint.iron, 0, height + 0.006, 0, radius: 0.002, height: 0.01, segments: 5)
            b.lathe(Paint.bulb, 0, height + 0.014, 0, [(0, 0), (0.008, 0.012), (0, 0.038)], segments: 8)
            b.mainMaterial = wax
        },
        ObjectKind("Pillow", .surface, grab: true, aliases: ["cushion"]) { b, v in
            let cloth = v.pick(
                Paint.plain("fabric", ["red", "blue", "yellow", "green", "orange", "purple", "white", "teal"]))
            let width = v.length(0.32...0.4)
            b.cushion(cloth, 0, 0, 0, width, 0.12, width * 0.85, radius: 0.06, steps: 2)
            b.box(Paint.shade(cloth, 1.3), 0, 0.1185, 0, width * 0.5, 0.003, width * 0.4)
        },
        ObjectKind(
            "TeddyBear", .surface, grab: true, words: "teddy bear", aliases: ["teddy", "bear", "plushie", "doll"]
        ) { b, v in
            let fur = v.pick([
                Paint.of("plush", "brown", 156, 104, 60), Paint.of("plush", "beige", 218, 186, 140),
                Paint.of("plush", "white", 240, 238, 232), Paint.of("plush", "pink", 238, 160, 180),
            ])
            let pale = Paint.shade(fur, 1.3)
            b.ball(fur, 0, 0.01, 0, 0.16, 0.17, 0.13, segments: 12)
            b.ball(pale, 0, 0.035, 0.022, 0.1, 0.11, 0.1, segments: 10)
            b.ball(fur, 0, 0.155, 0.005, 0.13, 0.12, 0.115, segments: 12)
            b.ball(pale, 0, 0.175, 0.055, 0.055, 0.042, 0.035, segments: 8)
            b.ball(Paint.iron, 0, 0.198, 0.068, 0.018, 0.014, 0.012, segments: 6)
            for side in [-1.0, 1] {
                b.ball(fur, side * 0.052, 0.25, 0, 0.05, 0.05, 0.028, segments: 8)
                b.ball(Paint.iron, side * 0.026, 0.222, 0.053, 0.014, 0.014, 0.012, segments: 6)
                b.ball(fur, side * 0.088, 0.08, 0.03, 0.05, 0.095, 0.055, segments: 8, turn: SIMD3(-30, 0, side * 30))
                b.ball(fur, side * 0.055, 0, 0.075, 0.062, 0.06, 0.1, segments: 8)
                b.cylinder(
                    pale, side * 0.055, 0.02, 0.122, radius: 0.02, height: 0.006, segments: 8, turn: SIMD3(90, 0, 0))
            }
            b.mainMaterial = fur
        },
        ObjectKind("Ball", .surface, grab: true, aliases: ["football", "soccerball", "basketball"]) { b, v in
            let size = v.length(0.12...0.2)
            let base = v.pick(Paint.plain("rubber", ["red", "blue", "green", "orange", "yellow", "pink"]))
            b.ball(base, 0, 0, 0, size, size, size, segments: 18)
            let white = Paint.plain("rubber", "white")
            let band = size * 0.502
            for turn in [SIMD3<Double>(0, 0, 0), SIMD3<Double>(90, 0, 0), SIMD3<Double>(0, 0, 90)] {
                b.cylinder(white, 0, size * 0.47, 0, radius: band, height: size * 0.06, segments: 18, turn: turn)
            }
            b.mainMaterial = base
        },
        ObjectKind("Shoe", .surface, grab: true, aliases: ["sneaker", "slipper", "boot"]) { b, v in
            let cloth = v.pick(Paint.plain("canvas", ["red", "blue", "black", "green", "white", "brown"]))
            b.cushion(Paint.of("rubber", "white", 244, 244, 240), 0, 0, 0, 0.098, 0.026, 0.28, radius: 0.012, steps: 2)
            b.cushion(cloth, 0, 0.02, 0.06, 0.09, 0.052, 0.15, radius: 0.026, steps: 2)
            b.cushion(cloth, 0, 0.02, -0.06, 0.088, 0.09, 0.15, radius: 0.026, steps: 2)
            b.cushion(Paint.iron, 0, 0.1, -0.07, 0.058, 0.012, 0.09, radius: 0.005)
            for lace in 0..<3 {
                b.box(
                    Paint.of("laces", "white", 250, 250, 250), 0, 0.075 + Double(lace) * 0.009,
                    0.042 - Double(lace) * 0.02, 0.05, 0.008,
                    0.008)
            }
            b.mainMaterial = cloth
        },
        ObjectKind("ToyCar", .surface, grab: true, words: "toy car", aliases: ["car", "toy"]) { b, v in
            let paint = v.pick(Paint.plain("plastic", ["red", "blue", "yellow", "green", "orange"]))
            b.cushion(paint, 0, 0.015, 0, 0.09, 0.04, 0.19, radius: 0.014)
            b.cushion(Paint.of("glass", "blue", 80, 120, 160), 0, 0.05, -0.012, 0.078, 0.038, 0.1, radius: 0.014)
            b.cushion(paint, 0, 0.08, -0.012, 0.07, 0.012, 0.08, radius: 0.005)
            for (x, z) in [(-1.0, -1.0), (1, -1), (-1, 1), (1, 1)] {
                b.cylinder(
                    Paint.rubber, x * 0.043, 0.009, z * 0.056, radius: 0.02, height: 0.022, segments: 12,
                    turn: SIMD3(0, 0, 90))
                b.cylinder(
                    Paint.chrome, x * 0.0435, 0.0085, z * 0.056, radius: 0.009, height: 0.023, segments: 8,
                    turn: SIMD3(0, 0, 90))
                b.box(
                    z > 0 ? Paint.bulb : Paint.plain("plastic", "red"), x * 0.03, 0.032, z * 0.0945, 0.018, 0.012, 0.004
                )
            }
            b.mainMaterial = paint
        },
        ObjectKind("ToyBlock", .surface, grab: true, words: "toy block", aliases: ["cube", "block"]) { b, v in
            let paint = v.pick(Paint.plain("plastic", ["red", "blue", "yellow", "green", "orange", "purple"]))
            let size = v.fine(0.05...0.08)
            b.cushion(paint, 0, 0, 0, size, size, size, radius: 0.006)
            b.mainMaterial = paint
        },
        ObjectKind("Hat", .surface, grab: true, aliases: ["cap"]) { b, v in
            let felt = v.pick(
                [Paint.of("straw", "yellow", 226, 196, 122)] + Paint.plain("felt", ["black", "brown", "red", "blue"]))
            b.lathe(
                felt, 0, 0, 0,
                [(0, 0), (0.16, 0), (0.165, 0.008), (0.09, 0.014), (0.082, 0.1), (0.06, 0.115), (0, 0.11)], segments: 20
            )
            b.cylinder(Paint.shade(felt, 0.45), 0, 0.014, 0, radius: 0.0905, top: 0.0885, height: 0.024, segments: 20)
            b.mainMaterial = felt
        },
        ObjectKind("AlarmClock", .surface, grab: true, words: "alarm clock") { b, v in
            let shell = v.pick(Paint.plain("enamel", ["red", "blue", "green", "yellow", "black"]))
            b.cylinder(shell, 0, 0.065 - 0.02, 0, radius: 0.055, height: 0.04, segments: 18, turn: SIMD3(90, 0, 0))
            b.cylinder(
                Paint.of("paper", "white", 250, 250, 246), 0, 0.065 - 0.0015, 0.0205, radius: 0.046, height: 0.003,
                segments: 18, turn: SIMD3(90, 0, 0))
            b.box(Paint.iron, 0, 0.065, 0.0225, 0.005, 0.034, 0.002)
            b.box(Paint.iron, 0.012, 0.0625, 0.0225, 0.026, 0.005, 0.002)
            for side in [-1.0, 1] {
                b.ball(Paint.chrome, side * 0.032, 0.108, 0, 0.04, 0.028, 0.04, segments: 8)
                b.tube(Paint.chrome, [SIMD3(side * 0.03, 0.03, 0), SIMD3(side * 0.042, 0, 0)], radius: 0.005)
            }
            b.mainMaterial = shell
        },
    ]
}
