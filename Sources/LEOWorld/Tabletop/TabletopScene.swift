import LEOScene

/// Blocks and bowls on CLIPort's table, and what to do with them. The dynamics are elsewhere: this is how it begins.
///
/// CLIPort's frame: x away from the robot within 0.25...0.75, y to its left within -0.5...0.5, z up from the table's
/// top; metres, radians counter-clockwise seen from above.
public struct TabletopScene: Sendable, Equatable {
    public enum Shape: String, Sendable, CaseIterable {
        case block
        case bowl
        /// A square tile to put blocks on.
        case plate

        /// Extents of the bounding box.
        public var size: SIMD3<Double> {
            switch self {
            case .block: SIMD3(0.04, 0.04, 0.04)
            case .bowl: SIMD3(0.12, 0.12, 0.045)
            case .plate: SIMD3(0.1, 0.1, 0.008)
            }
        }

        /// Height above the underside at which something put on or in it comes to rest.
        public var restHeight: Double {
            switch self {
            case .block: 0.04
            case .bowl, .plate: 0.008
            }
        }

        /// Distance from the middle that nothing else comes into.
        var reach: Double { (size.x * size.x + size.y * size.y).squareRoot() / 2 }
    }

    public struct Object: Sendable, Equatable {
        public var shape: Shape
        public var colorName: String
        /// sRGB in 0...1.
        public var color: SIMD3<Float>
        /// Middle of the underside.
        public var position: SIMD3<Double>
        /// About z.
        public var rotation: Double

        /// As instructions say it: "red block".
        public var name: String { "\(colorName) \(shape.rawValue)" }
    }

    /// One pick and one place.
    public struct Step: Sendable, Equatable {
        /// Index of what is picked.
        public var object: Int
        /// Index of what it is put on or in.
        public var target: Int
        /// "put the red block in the green bowl"
        public var instruction: String
    }

    public enum Task: String, Sendable, CaseIterable {
        /// A block in a bowl.
        case putInBowl = "put-block-in-bowl"
        /// A block on a block.
        case stackTwo = "stack-block"
        /// Two blocks on a plate's block, one after the other.
        case stackTower = "stack-tower"
        /// All blocks of a colour in one bowl.
        case sortColor = "sort-color"
        /// A block on a plate.
        case putOnPlate = "put-block-on-plate"
    }

    public static let xBounds = 0.25...0.75
    public static let yBounds = -0.5...0.5

    public var seed: UInt64
    public var task: Task
    public var objects: [Object]
    /// In order; the task is done when each object stands on or in its target.
    public var steps: [Step]
    /// What the robot is told at first.
    public var goal: String

    /// CLIPort's colours.
    public static let colors: [(name: String, color: SIMD3<Float>)] = [
        ("blue", SIMD3(78, 121, 167) / 255), ("red", SIMD3(255, 87, 89) / 255), ("green", SIMD3(89, 169, 79) / 255),
        ("orange", SIMD3(242, 142, 43) / 255), ("yellow", SIMD3(237, 201, 72) / 255),
        ("purple", SIMD3(176, 122, 161) / 255),
        ("pink", SIMD3(255, 157, 167) / 255), ("cyan", SIMD3(118, 183, 178) / 255),
        ("brown", SIMD3(156, 117, 95) / 255),
        ("white", SIMD3(255, 255, 255) / 255), ("gray", SIMD3(186, 176, 172) / 255),
    ]

    /// The table of a seed: the same on every machine.
    ///
    /// - Parameter task: the task; one of all, by the seed, where nil
    public init(seed: UInt64, task: Task? = nil) {
        var random = SplitMix64(seed: seed)
        let drawn = Task.allCases[random.nextIndex(below: Task.allCases.count)]
        self.seed = seed
        self.task = task ?? drawn
        objects = []
        steps = []
        goal = ""
        var palette = Array(Self.colors.indices)
        random.shuffle(&palette)
        switch self.task {
        case .putInBowl: makePutTask(.bowl, palette, &random)
        case .putOnPlate: makePutTask(.plate, palette, &random)
        case .stackTwo: makeTower(height: 2, palette, &random)
        case .stackTower: makeTower(height: 3, palette, &random)
        case .sortColor: makeSorting(palette, &random)
        }
        goal = goal.isEmpty ? steps.first?.instruction ?? "" : goal
    }

    // MARK: Tasks

    private mutating func makePutTask(_ target: Shape, _ palette: [Int], _ random: inout SplitMix64) {
        let bowls = random.pick(2...3)
        for index in 0..<bowls { add(target, palette[index], &random) }
        // Blocks may share their colour with bowls, never with each other.
        var blocks = palette
        random.shuffle(&blocks)
        for index in 0..<random.pick(2...4) { add(.block, blocks[index], &random) }
        let goalTarget = random.nextIndex(below: bowls)
        addStep(bowls, goalTarget)
        addClutter(&random)
    }

    private mutating func makeTower(height: Int, _ palette: [Int], _ random: inout SplitMix64) {
        for index in 0..<max(height, random.pick(3...5)) { add(.block, palette[index], &random) }
        for step in 1..<height { addStep(step, step - 1) }
        if height > 2 {
            goal = "stack the " + objects[..<height].map(\.name).joined(separator: ", the ") + " from the bottom up"
        }
        if random.chance(0.5) { add(.bowl, palette[height + 3], &random) }
    }

    private mutating func makeSorting(_ palette: [Int], _ random: inout SplitMix64) {
        add(.bowl, palette[0], &random)
        add(.bowl, palette[1], &random)
        let count = random.pick(2...3)
        for _ in 0..<count { add(.block, palette[2], &random) }
        for _ in 0..<random.pick(1...3) { add(.block, palette[3], &random) }
        for index in 0..<count { addStep(2 + index, 0) }
        goal = "put all the \(objects[2].colorName) blocks in the \(objects[0].name)"
    }

    private mutating func addClutter(_ random: inout SplitMix64) {
        // What stands by and is not mentioned.
        if random.chance(0.4) {
            add(random.chance(0.5) ? .plate : .block, random.nextIndex(below: Self.colors.count), &random, unique: true)
        }
    }

    private mutating func addStep(_ object: Int, _ target: Int) {
        let word = objects[target].shape == .bowl ? "in" : "on"
        steps.append(
            Step(
                object: object, target: target,
                instruction: "put the \(objects[object].name) \(word) the \(objects[target].name)"))
    }

    // MARK: Places

    /// Adds an object on a free place of the table, turned at random.
    ///
    /// - Parameter unique: leaves it out if one of its name is there
    private mutating func add(_ shape: Shape, _ color: Int, _ random: inout SplitMix64, unique: Bool = false) {
        let paint = Self.colors[color]
        var object = Object(
            shape: shape, colorName: paint.name, color: paint.color, position: .zero,
            rotation: (random.nextUnit() * 2 - 1) * .pi)
        if unique, objects.contains(where: { $0.name == object.name }) { return }
        let margin = shape.reach + 0.01
        // Eleven objects at most cover a fraction of the table, so that a free place is soon found.
        for _ in 0..<1000 {
            let x = Self.xBounds.lowerBound + margin + random.nextUnit() * (0.5 - 2 * margin)
            let y = Self.yBounds.lowerBound + margin + random.nextUnit() * (1 - 2 * margin)
            object.position = SIMD3((x * 1e4).rounded() / 1e4, (y * 1e4).rounded() / 1e4, 0)
            let isFree = objects.allSatisfy { other in
                let offset = other.position - object.position
                return (offset * offset).sum().squareRoot() >= other.shape.reach + shape.reach + 0.02
            }
            if isFree { break }
        }
        objects.append(object)
    }

    // MARK: Drawing

    /// The same point or direction in the world's frame: x to the right, y up, z away from the robot.
    public static func world(_ point: SIMD3<Double>) -> SIMD3<Double> { SIMD3(-point.y, point.z, point.x) }

    /// The shape of an object, with the origin in the middle of its bounding box.
    public static func model(of object: Object) -> ObjectModel {
        var builder = ModelBuilder()
        let paint = Material(name: "plastic", colorName: object.colorName, color: object.color)
        let size = object.shape.size
        switch object.shape {
        case .block: builder.box(paint, 0, 0, 0, size.x, size.z, size.y)
        case .plate: builder.box(paint, 0, 0, 0, size.x, size.z, size.y)
        case .bowl:
            let (radius, height, bottom) = (size.x / 2, size.z, object.shape.restHeight)
            builder.lathe(
                paint, 0, 0, 0,
                [
                    (0, 0), (radius * 0.55, 0), (radius * 0.9, height * 0.5), (radius, height), (radius * 0.93, height),
                    (radius * 0.8, height * 0.5), (radius * 0.5, bottom), (0, bottom),
                ], segments: 24)
            builder.collideTub(0, 0, 0, size.x, height, size.y, bottom: bottom, wall: 0.012)
            builder.surface(0, bottom, 0, radius, radius, inside: true)
        }
        return builder.makeModel(
            prefab: "LEOTable_\(object.shape.rawValue)_\(object.colorName)", name: object.name, isInteractable: true,
            isFlat: false)
    }

    /// Where an object stands in the world's frame.
    public static func transform(of object: Object) -> Transform {
        // Seen from above, the world's yaw turns to the right and CLIPort's angle to the left.
        Transform(
            position: world(object.position) + SIMD3(0, object.shape.size.z / 2, 0),
            rotation: SIMD3(0, -object.rotation * 180 / .pi, 0))
    }

    /// The table and what stands on it, for the renderer.
    public var worldScene: WorldScene {
        let middle = Self.world(SIMD3(0.5, 0, -0.05))
        let top = Floor(
            transform: Transform(position: middle), size: SIMD3(1.2, 0.1, 0.7),
            material: Material(name: "table top", colorName: "black", color: SIMD3(repeating: 0.2)))
        return WorldScene(
            seed: seed, floors: [top],
            instances: objects.map { Instance(model: Self.model(of: $0), transform: Self.transform(of: $0)) },
            lights: [Light(name: "lamp", transform: Transform(position: SIMD3(0.3, 1.4, 0.2)), range: 6)], prompt: goal)
    }
}
