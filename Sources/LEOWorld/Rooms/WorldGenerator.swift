import LEOScene

/// Makes furnished rooms from a seed: the same seed and options give the same scene on every machine.
///
/// A scene keeps these promises, which `WorldScene.violations()` checks: colliders overlap nothing, everything lies
/// inside its room, things on furniture rest on one of its surfaces and fit it, all rooms are connected by doors, and
/// someone of the size of `AgentBody` can walk from the agent to the player and up to every thing.
public enum WorldGenerator {
    /// Metres, on the ground, from where someone can stand to the middle of any small thing.
    public static let reach = 1.0

    public struct Options: Sendable {
        /// Number of rooms, within 1...12.
        public let rooms: ClosedRange<Int>
        /// Lengths of rooms' sides from wall to wall, in metres, within 2.5...12.5; used in steps of 1.25.
        public let roomSize: ClosedRange<Double>
        /// What rooms can be; none is repeated before all are used.
        public let roomKinds: [RoomKind]
        /// How many small things lie about: 0 for none, 1 for a lived-in home, at most 4.
        public let clutter: Double
        public let hasCeilings: Bool
        public let hasWindows: Bool
        /// Metres between agent and player, if the rooms are large enough. LEGENT's "come" tasks need 3.
        public let distance: Double
        /// How many variants of each kind are in use, within 1...65536.
        public let variants: Int

        /// One to four rooms of 2.5 m to 7.5 m, lived in.
        public static let standard = Options(
            unchecked: 1...4, roomSize: 2.5...7.5, roomKinds: RoomKind.allCases, clutter: 1, hasCeilings: true,
            hasWindows: true, distance: 3, variants: 64)

        /// - Errors: `.invalidOption` outside the ranges
        public init(
            rooms: ClosedRange<Int> = 1...4, roomSize: ClosedRange<Double> = 2.5...7.5,
            roomKinds: [RoomKind] = RoomKind.allCases, clutter: Double = 1, hasCeilings: Bool = true,
            hasWindows: Bool = true,
            distance: Double = 3, variants: Int = 64
        ) throws(WorldError) {
            guard rooms.lowerBound >= 1, rooms.upperBound <= 12 else {
                throw .invalidOption(name: "rooms", reason: "expected 1...12, found \(rooms)")
            }
            guard roomSize.lowerBound >= 2.5, roomSize.upperBound <= 12.5,
                (roomSize.lowerBound / HousePlan.unit).rounded(.up)
                    <= (roomSize.upperBound / HousePlan.unit).rounded(.down)
            else {
                throw .invalidOption(
                    name: "roomSize",
                    reason: "expected metres within 2.5...12.5 around a multiple of 1.25, found \(roomSize)")
            }
            guard !roomKinds.isEmpty else {
                throw .invalidOption(name: "roomKinds", reason: "expected at least one kind, found none")
            }
            guard clutter >= 0, clutter <= 4 else {
                throw .invalidOption(name: "clutter", reason: "expected 0...4, found \(clutter)")
            }
            guard distance >= 0, distance <= 100 else {
                throw .invalidOption(name: "distance", reason: "expected metres within 0...100, found \(distance)")
            }
            guard (1...ObjectKind.variantCount).contains(variants) else {
                throw .invalidOption(
                    name: "variants", reason: "expected 1...\(ObjectKind.variantCount), found \(variants)")
            }
            self.init(
                unchecked: rooms, roomSize: roomSize, roomKinds: roomKinds, clutter: clutter, hasCeilings: hasCeilings,
                hasWindows: hasWindows, distance: distance, variants: variants)
        }

        private init(
            unchecked rooms: ClosedRange<Int>, roomSize: ClosedRange<Double>, roomKinds: [RoomKind], clutter: Double,
            hasCeilings: Bool, hasWindows: Bool, distance: Double, variants: Int
        ) {
            self.rooms = rooms
            self.roomSize = roomSize
            self.roomKinds = roomKinds
            self.clutter = clutter
            self.hasCeilings = hasCeilings
            self.hasWindows = hasWindows
            self.distance = distance
            self.variants = variants
        }
    }

    /// The scene of a seed.
    public static func scene(seed: UInt64, options: Options = .standard) -> WorldScene {
        var seeds = SplitMix64(seed: seed)
        // By construction the first try stands; the check guards against what construction overlooked.
        for _ in 0..<8 {
            let scene = attempt(SplitMix64(seed: seeds.next()), seed: seed, options: options)
            if scene.violations().isEmpty { return scene }
        }
        // Empty rooms always stand.
        return attempt(SplitMix64(seed: seeds.next()), seed: seed, options: options, isBare: true)
    }

    private static func attempt(
        _ generator: SplitMix64, seed: UInt64, options: Options, isBare: Bool = false
    ) -> WorldScene {
        var random = generator
        let plan = HousePlan(options: options, random: &random)
        var scene = WorldScene(seed: seed)
        plan.build(into: &scene, hasCeilings: options.hasCeilings, random: &random)
        for room in plan.outlines.indices where !isBare {
            var furnisher = Furnisher(
                plan: plan, room: room, variantCount: options.variants, random: SplitMix64(seed: random.next()))
            if let kind = RoomKind(rawValue: plan.kinds[room]) { furnisher.furnish(kind) }
            if options.clutter > 0 { furnisher.clutter(density: options.clutter) }
            let first = scene.instances.count
            scene.instances += furnisher.instances.map { instance in
                var moved = instance
                moved.parent = instance.parent.map { $0 + first }
                return moved
            }
        }
        placePeople(in: &scene, distance: options.distance, random: &random)
        return scene
    }

    /// Agent and player on free floor, as far apart as asked for where there is room.
    private static func placePeople(in scene: inout WorldScene, distance: Double, random: inout SplitMix64) {
        let space = scene.freeSpace()
        guard let part = space.largestPart else { return }
        let cells = space.cells(of: part)
        func place(_ cell: Int) -> SIMD3<Double> { SIMD3(space.point(cell).x, 0, space.point(cell).y) }
        func yaw() -> Double { Double(random.nextIndex(below: 24)) * 15 }
        var best: (agent: SIMD3<Double>, player: SIMD3<Double>, distance: Double)?
        for _ in 0..<20 {
            let player = place(random.pick(cells))
            for _ in 0..<10 {
                let agent = place(random.pick(cells))
                let length = ((agent - player) * (agent - player)).sum().squareRoot()
                if length > (best?.distance ?? -1) { best = (agent, player, length) }
                if length >= distance { break }
            }
            if let best, best.distance >= distance { break }
        }
        guard let best else { return }
        scene.agent = Transform(position: best.agent, rotation: SIMD3(0, yaw(), 0))
        scene.player = Transform(position: best.player, rotation: SIMD3(0, yaw(), 0))
    }
}
