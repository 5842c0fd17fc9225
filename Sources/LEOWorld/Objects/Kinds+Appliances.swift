extension ObjectKind {
    static let appliances: [ObjectKind] = [
        ObjectKind("Refrigerator", .floor, aliases: ["fridge", "freezer"]) { b, v in
            let (width, depth, height) = (v.length(0.6...0.75), v.length(0.62...0.68), v.length(1.65...1.85))
            let shell = v.pick([
                Paint.steel, Paint.of("enamel", "white", 242, 244, 244), Paint.of("enamel", "red", 190, 40, 40),
                Paint.of("enamel", "blue", 120, 168, 200),
            ])
            b.cushion(Paint.shade(shell, 0.86), 0, 0.03, -0.03, width, height - 0.03, depth - 0.06, radius: 0.015)
            b.box(Paint.iron, 0, 0, -0.03, width - 0.06, 0.04, depth - 0.1)
            b.collide(0, 0, 0, width, height, depth + 0.05)
            // Freezer above, refrigerator below, a handle on each.
            let split = height * 0.68
            b.cushion(shell, 0, 0.05, depth / 2 - 0.02, width, split - 0.06, 0.07, radius: 0.012)
            b.cushion(shell, 0, split + 0.015, depth / 2 - 0.02, width, height - split - 0.015, 0.07, radius: 0.012)
            for (low, rise) in [(split - 0.52, 0.46), (split + 0.06, 0.3)] {
                b.box(Paint.darkSteel, -width / 2 + 0.07, low, depth / 2 + 0.035, 0.025, rise, 0.035)
            }
            b.surface(0, height, -0.03, width - 0.06, depth - 0.12)
            b.mainMaterial = shell
        },
        ObjectKind("Stove", .floor, aliases: ["oven", "cooker", "range"]) { b, v in
            let shell = v.pick([
                Paint.of("enamel", "white", 240, 240, 238), Paint.steel, Paint.of("enamel", "black", 48, 48, 52),
            ])
            let width = v.length(0.58...0.64)
            b.box(shell, 0, 0, 0, width, 0.89, 0.58)
            b.box(Paint.screen, 0, 0.89, 0, width, 0.012, 0.58)
            b.box(shell, 0, 0.9, -0.28, width, 0.1, 0.03)
            b.collide(0, 0, 0.01, width, 0.902, 0.63)
            b.collide(0, 0.902, -0.28, width, 0.098, 0.03)
            for (x, z, radius) in [
                (-0.13, -0.12, 0.075), (0.13, -0.12, 0.09), (-0.13, 0.13, 0.09), (0.13, 0.13, 0.075),
            ] {
                b.cylinder(Paint.iron, x, 0.9, z, radius: radius + 0.012, height: 0.006, segments: 16)
                b.cylinder(
                    Paint.of("iron", "red", 170, 70, 50), x, 0.904, z, radius: radius, height: 0.004, segments: 16)
                b.cylinder(Paint.iron, x, 0.906, z, radius: radius * 0.6, height: 0.004, segments: 16)
            }
            // The oven's window and handle, and a row of knobs.
            b.box(Paint.shade(shell, 0.92), 0, 0.18, 0.295, width - 0.04, 0.54, 0.02)
            b.box(Paint.screen, 0, 0.26, 0.306, width - 0.16, 0.3, 0.012)
            b.tube(
                Paint.chrome, [SIMD3(-width / 2 + 0.08, 0.66, 0.33), SIMD3(width / 2 - 0.08, 0.66, 0.33)], radius: 0.013
            )
            for knob in 0..<5 {
                b.cylinder(
                    Paint.iron, (Double(knob) - 2) * 0.1, 0.785, 0.305, radius: 0.022, height: 0.03, segments: 10,
                    turn: SIMD3(90, 0, 0))
            }
            b.box(Paint.shade(shell, 0.92), 0, 0.03, 0.295, width - 0.04, 0.13, 0.015)
            b.collide(0, 0.902, 0.02, 0.46, 0.008, 0.46)
            b.surface(0, 0.91, 0.02, 0.44, 0.44)
            b.mainMaterial = shell
        },
        ObjectKind("KitchenSink", .floor, words: "kitchen sink", aliases: ["sink"]) { b, v in
            let width = v.length(0.8...1.0)
            let front = v.pick(counterFronts)
            b.box(front, 0, 0.1, 0, width, 0.6, 0.58)
            b.box(Paint.iron, 0, 0, -0.02, width, 0.1, 0.5)
            let span = width / 2
            for side in [-1.0, 1] {
                b.box(Paint.shade(front, 1.06), side * span / 2, 0.12, 0.295, span - 0.02, 0.58, 0.015)
                b.box(Paint.steel, side * 0.05, 0.5, 0.31, 0.018, 0.14, 0.02)
            }
            // A frame of worktop around the basin.
            let stone = Paint.of("stone", "gray", 96, 96, 100)
            let (basin, deep) = (0.5, 0.38)
            let brim = (width - basin) / 2
            for side in [-1.0, 1] {
                b.box(stone, side * (basin / 2 + brim / 2), 0.88, 0.01, brim, 0.04, 0.62)
                b.box(front, side * (basin / 2 + brim / 2), 0.7, 0, brim, 0.18, 0.58)
                b.collide(side * (basin / 2 + brim / 2), 0.7, 0.01, brim, 0.22, 0.62)
            }
            b.box(stone, 0, 0.88, 0.01 + 0.31 - (0.62 - deep) / 4, basin, 0.04, (0.62 - deep) / 2)
            b.box(stone, 0, 0.88, 0.01 - 0.31 + (0.62 - deep) / 4, basin, 0.04, (0.62 - deep) / 2)
            b.box(front, 0, 0.7, 0.24, basin, 0.18, 0.1)
            for side in [-1.0, 1] { b.collide(0, 0.7, 0.01 + side * 0.25, basin, 0.22, 0.12) }
            b.box(Paint.steel, 0, 0.7, 0.01, basin, 0.02, deep)
            for side in [-1.0, 1] {
                b.box(Paint.steel, side * (basin / 2 - 0.005), 0.72, 0.01, 0.01, 0.2, deep)
                b.box(Paint.steel, 0, 0.72, 0.01 + side * (deep / 2 - 0.005), basin - 0.02, 0.2, 0.01)
            }
            b.collide(0, 0, 0.01, width, 0.72, 0.62)
            b.cylinder(Paint.iron, 0, 0.72, 0.01, radius: 0.03, height: 0.003, segments: 12)
            tap(&b, 0, 0.92, -0.23, rise: 0.26, reach: 0.18)
            b.collide(0, 0.92, -0.23, 0.05, 0.28, 0.05)
            b.surface(0, 0.72, 0.01, basin - 0.06, deep - 0.06, inside: true)
            if brim > 0.18 {
                for side in [-1.0, 1] { b.surface(side * (basin / 2 + brim / 2), 0.92, 0.01, brim - 0.03, 0.5) }
            }
            b.mainMaterial = front
        },
        ObjectKind("WashingMachine", .floor, words: "washing machine", aliases: ["washer"]) { b, v in
            let shell = v.pick([Paint.of("enamel", "white", 242, 244, 246), Paint.of("enamel", "gray", 150, 154, 160)])
            let depth = v.length(0.54...0.6)
            b.cushion(shell, 0, 0.02, 0, 0.6, 0.83, depth, radius: 0.015, solid: true)
            b.box(Paint.iron, 0, 0, 0, 0.5, 0.03, depth - 0.1)
            b.collide(0, 0, 0, 0.6, 0.02, depth)
            let face = depth / 2
            b.cylinder(Paint.chrome, 0, 0.35, face, radius: 0.2, height: 0.04, segments: 24, turn: SIMD3(90, 0, 0))
            b.ball(Paint.of("glass", "blue", 70, 92, 112), 0, 0.21, face, 0.32, 0.32, 0.1, segments: 16)
            b.box(Paint.shade(shell, 0.8), 0, 0.71, face + 0.003, 0.58, 0.12, 0.008)
            b.box(shell, -0.18, 0.725, face + 0.008, 0.17, 0.09, 0.01)
            b.cylinder(
                Paint.darkSteel, 0.18, 0.74, face + 0.012, radius: 0.03, height: 0.025, segments: 12,
                turn: SIMD3(90, 0, 0))
            b.box(Paint.screen, 0.05, 0.75, face + 0.009, 0.1, 0.04, 0.004)
            b.surface(0, 0.85, 0, 0.54, depth - 0.08)
            b.mainMaterial = shell
        },
        ObjectKind("Television", .surface, aliases: ["tv", "monitor", "flatscreen"]) { b, v in
            let width = v.length(0.8...1.15)
            let height = width * 0.58
            b.box(Paint.iron, 0, 0, 0, width * 0.4, 0.015, 0.2)
            b.box(Paint.iron, 0, 0.015, 0, 0.08, 0.06, 0.05)
            b.cushion(Paint.iron, 0, 0.06, 0, width, height, 0.05, radius: 0.01)
            b.box(Paint.of("glass", "black", 30, 40, 58), 0, 0.085, 0.0245, width - 0.04, height - 0.05, 0.004)
            // A pale band of reflected light tells a screen from a board.
            b.prism(
                Paint.of("glass", "black", 58, 74, 100), -width * 0.12, 0.085, 0.0265,
                [(-0.16, 0), (-0.05, 0), (0.2, height - 0.05), (0.09, height - 0.05)], depth: 0.002)
            b.collide(0, 0, 0, width * 0.4, 0.06, 0.2)
            b.collide(0, 0.06, 0, width, height, 0.055)
        },
        ObjectKind("Microwave", .surface, aliases: ["microwaveoven"]) { b, v in
            let shell = v.pick([
                Paint.steel, Paint.of("enamel", "white", 240, 240, 238), Paint.of("enamel", "black", 46, 46, 50),
            ])
            b.cushion(shell, 0, 0, 0, 0.48, 0.28, 0.36, radius: 0.012)
            b.box(Paint.screen, -0.06, 0.04, 0.18, 0.32, 0.2, 0.008)
            b.box(Paint.darkSteel, 0.115, 0.04, 0.19, 0.018, 0.2, 0.022)
            b.box(Paint.of("display", "green", 90, 200, 130), 0.18, 0.2, 0.18, 0.08, 0.035, 0.006)
            for row in 0..<3 {
                b.box(Paint.shade(shell, 0.7), 0.18, 0.05 + Double(row) * 0.045, 0.18, 0.07, 0.03, 0.006)
            }
        },
        ObjectKind("Toaster", .surface) { b, v in
            let shell = v.pick([
                Paint.chrome, Paint.plain("enamel", "red"), Paint.plain("enamel", "teal"),
                Paint.plain("enamel", "yellow"),
            ])
            b.cushion(shell, 0, 0.012, 0, 0.28, 0.17, 0.16, radius: 0.03, steps: 2)
            b.box(Paint.iron, 0, 0, 0, 0.26, 0.02, 0.14)
            // Two slices stick out of their slots; a lever and a knob at the end.
            for side in [-1.0, 1] {
                b.box(Paint.iron, 0, 0.178, side * 0.03, 0.17, 0.007, 0.03)
                b.cushion(
                    Paint.of("crust", "brown", 190, 132, 72), 0, 0.15, side * 0.03, 0.13, 0.07, 0.016, radius: 0.007)
            }
            b.box(Paint.iron, 0.142, 0.05, 0, 0.008, 0.1, 0.012)
            b.box(Paint.iron, 0.15, 0.12, 0, 0.024, 0.018, 0.045)
            b.cylinder(Paint.iron, 0.143, 0.04, 0.045, radius: 0.014, height: 0.014, segments: 8, turn: SIMD3(0, 0, 90))
            b.mainMaterial = shell
        },
    ]

    /// A swan-necked tap whose spout points to the front.
    static func tap(_ b: inout ModelBuilder, _ x: Double, _ y: Double, _ z: Double, rise: Double, reach: Double) {
        b.cylinder(Paint.chrome, x, y, z, radius: 0.022, height: 0.03, segments: 10)
        let path = (0...6).map { step -> SIMD3<Double> in
            let (sine, cosine) = MeshBuilder.sineAndCosine(Double(step) * 30)
            return SIMD3(x, y + rise - reach / 2 + sine * reach / 2, z + (1 - cosine) * reach / 2)
        }
        b.tube(Paint.chrome, [SIMD3(x, y, z)] + path, radius: 0.011)
        b.tube(Paint.chrome, [SIMD3(x, y + 0.02, z), SIMD3(x + 0.07, y + 0.05, z)], radius: 0.008)
    }
}
