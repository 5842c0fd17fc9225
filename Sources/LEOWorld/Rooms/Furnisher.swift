import LEOScene

/// Puts furniture into one room. Everything it accepts keeps the room walkable: doors stay connected, and each piece
/// keeps free floor next to it.
struct Furnisher {
    /// A wall of the room, seen from inside; `facing` is the yaw of furniture that stands against it.
    enum Edge: Int, CaseIterable {
        case lowZ, highZ, lowX, highX

        var yaw: Double { [0, 180, 90, 270][rawValue] }
        var opposite: Edge { [.highZ, .lowZ, .highX, .lowX][rawValue] }
        /// x or z: the axis the wall runs along.
        var along: Int { self == .lowZ || self == .highZ ? 0 : 1 }
        var across: Int { 1 - along }
        /// 1 where the room lies towards higher coordinates.
        var inward: Double { self == .lowZ || self == .lowX ? 1 : -1 }
    }

    /// A piece on the floor or a wall.
    struct Piece {
        var instance: Int
        var kind: String
        var footprint: Rectangle
        var edge: Edge?
        /// Some of this must stay within reach.
        var access: Rectangle
    }

    let room: Int
    let area: Rectangle
    let variantCount: Int
    /// Intervals along each edge that doors and windows take up.
    private var doors: [Edge: [ClosedRange<Double>]] = [:]
    private var windows: [Edge: [ClosedRange<Double>]] = [:]
    /// In front of doors.
    private var keepClear: [Rectangle] = []
    /// A point on the free floor in front of each door.
    private var thresholds: [SIMD2<Double>] = []
    /// Free floor that pieces have been promised in front of them.
    private var zones: [Rectangle] = []
    private(set) var obstacles: [Box] = []
    private(set) var pieces: [Piece] = []
    /// The room's instances; parents count from the first of them.
    private(set) var instances: [Instance] = []
    private(set) var space: FreeSpace
    private(set) var mainPart: Int32 = 0
    var random: SplitMix64

    init(plan: HousePlan, room: Int, variantCount: Int, random: SplitMix64) {
        self.room = room
        self.variantCount = variantCount
        self.random = random
        area = plan.inner(room)
        space = FreeSpace(area: area)
        for side in plan.sides where side.borders(room) {
            let edge: Edge = side.runsAlongX ? (side.above == room ? .lowZ : .highZ) : (side.above == room ? .lowX : .highX)
            if let door = side.door {
                doors[edge, default: []].append((door.center - door.width / 2)...(door.center + door.width / 2))
                keepClear.append(strip(edge, center: door.center, width: door.width + 0.1, depth: 0.9))
                thresholds.append(strip(edge, center: door.center, width: 0.1, depth: 0.8).center)
            }
            if let window = side.window {
                windows[edge, default: []].append((window.center - window.width / 2)...(window.center + window.width / 2))
            }
        }
        // A bare room is connected.
        _ = isWalkable(adding: [], pieces: [])
    }

    // MARK: Geometry

    /// The wall's coordinate across.
    private func wallLine(_ edge: Edge) -> Double {
        edge.inward > 0 ? area.minimum[edge.across] : area.maximum[edge.across]
    }

    func length(_ edge: Edge) -> Double { area.size[edge.along] }

    /// A rectangle at a wall: `width` along it, from `offset` to `offset + depth` into the room.
    func strip(_ edge: Edge, center: Double, width: Double, depth: Double, offset: Double = 0) -> Rectangle {
        var low = SIMD2<Double>.zero
        var high = SIMD2<Double>.zero
        let near = wallLine(edge) + edge.inward * offset
        let far = near + edge.inward * depth
        low[edge.along] = center - width / 2
        high[edge.along] = center + width / 2
        low[edge.across] = min(near, far)
        high[edge.across] = max(near, far)
        return Rectangle(minimum: low, maximum: high)
    }

    /// A random variant of a kind of that name.
    mutating func draw(_ name: String) -> ObjectModel? {
        let variant = random.nextIndex(below: variantCount)
        return Catalogue.kind(named: name).map { Catalogue.model($0, variant: variant) }
    }

    // MARK: Acceptance

    /// Whether the room stays walkable with some more bodies and pieces; remembers the free floor if so.
    private mutating func isWalkable(adding bodies: [Box], pieces more: [Piece]) -> Bool {
        var trial = FreeSpace(area: area)
        trial.blockEdges()
        for box in obstacles where Self.stopsWalking(box) { trial.block(Rectangle(box)) }
        for box in bodies where Self.stopsWalking(box) { trial.block(Rectangle(box)) }
        trial.connect()
        let first = thresholds.first
        guard let part = first == nil ? trial.largestPart : first.flatMap({ trial.part(at: $0) }) else { return false }
        guard thresholds.allSatisfy({ trial.part(at: $0) == part }) else { return false }
        guard (pieces + more).allSatisfy({ trial.reaches($0.access, from: part) }) else { return false }
        (space, mainPart) = (trial, part)
        return true
    }

    static func stopsWalking(_ box: Box) -> Bool {
        box.maximum.y > AgentBody.stepHeight && box.minimum.y < AgentBody.height
    }

    /// Adds a piece if it fits.
    ///
    /// - Parameters:
    ///   - zone: floor promised to the piece, kept free of later ones
    ///   - ignoresZones: it may stand on floor promised to others, as chairs do at their table
    @discardableResult
    mutating func add(
        _ model: ObjectModel, kind: String, at position: SIMD3<Double>, yaw: Double, edge: Edge? = nil, zone: Rectangle? = nil,
        ignoresZones: Bool = false
    ) -> Piece? {
        let instance = Instance(
            model: model, transform: Transform(position: position, rotation: SIMD3(0, yaw, 0)), room: room)
        let bounds = instance.worldBounds
        let footprint = Rectangle(bounds)
        guard area.contains(footprint) else { return nil }
        let bodies = instance.worldColliders
        let isLow = bodies.isEmpty
        let isOnFloor = bounds.minimum.y < 0.01
        if !isLow {
            if isOnFloor, keepClear.contains(where: { $0.overlaps(footprint) }) { return nil }
            if isOnFloor, !ignoresZones, zones.contains(where: { $0.overlaps(footprint) }) { return nil }
            for body in bodies {
                let wide = body.spread(0.002)
                if obstacles.contains(where: { $0.overlaps(wide) }) { return nil }
            }
        }
        if let zone {
            guard area.contains(zone) else { return nil }
            for box in obstacles where Self.stopsWalking(box) && Rectangle(box).overlaps(zone) { return nil }
        }
        var piece = Piece(
            instance: instances.count, kind: kind, footprint: footprint, edge: edge,
            access: zone ?? footprint.grown(by: 0.5))
        if isLow || !isOnFloor {
            // What hangs can be seen from everywhere and takes no floor unless it is deep.
            piece.access = footprint.grown(by: 1.2)
        }
        // What stops nobody leaves the free floor as it is.
        let isFine =
            bodies.contains(where: Self.stopsWalking)
            ? isWalkable(adding: bodies, pieces: [piece]) : space.reaches(piece.access, from: mainPart)
        guard isFine else { return nil }
        instances.append(instance)
        obstacles += bodies
        pieces.append(piece)
        if let zone { zones.append(zone) }
        return piece
    }

    /// Adds a thing that stands on a surface.
    mutating func addChild(_ instance: Instance) {
        instances.append(instance)
        obstacles += instance.worldColliders
    }

    func isFree(_ bodies: [Box]) -> Bool {
        !bodies.contains { body in obstacles.contains { $0.overlaps(body) } }
    }

    // MARK: Manners of standing

    /// Back to a wall, front into the room.
    @discardableResult
    mutating func againstWall(
        _ kind: String, zone depth: Double = 0.6, edges: [Edge] = Edge.allCases, along wanted: Double? = nil, gap: Double = 0.01,
        atCorner: Bool = false, tries: Int = 14
    ) -> Piece? {
        guard let model = draw(kind) else { return nil }
        return againstWall(
            model, kind: kind, zone: depth, edges: edges, along: wanted, gap: gap, atCorner: atCorner, tries: tries)
    }

    @discardableResult
    mutating func againstWall(
        _ model: ObjectModel, kind: String, zone depth: Double = 0.6, edges: [Edge] = Edge.allCases, along wanted: Double? = nil,
        gap: Double = 0.01, atCorner: Bool = false, tries: Int = 14
    ) -> Piece? {
        guard !edges.isEmpty else { return nil }
        var order = edges
        random.shuffle(&order)
        for attempt in 0..<tries {
            let edge = order[attempt % order.count]
            let half = model.size.x / 2 + 0.01
            let (low, high) = (area.minimum[edge.along] + half, area.maximum[edge.along] - half)
            guard low <= high else { continue }
            var along = low + (high - low) * random.nextUnit()
            if let wanted { along = min(max(wanted, low), high) }
            if atCorner { along = random.chance(0.5) ? low : high }
            along = min(max((along * 100).rounded() / 100, low), high)
            // Tall furniture does not hide windows.
            let span = (along - model.size.x / 2)...(along + model.size.x / 2)
            if model.size.y > 1.1, windows[edge, default: []].contains(where: { $0.overlaps(span) }) { continue }
            if let piece = put(model, kind: kind, at: edge, along: along, zone: depth, gap: gap) { return piece }
            if wanted != nil, attempt >= order.count { return nil }
        }
        return nil
    }

    /// Exactly there, back to the wall.
    @discardableResult
    mutating func put(
        _ model: ObjectModel, kind: String, at edge: Edge, along: Double, zone depth: Double, gap: Double = 0.01
    ) -> Piece? {
        let place = strip(edge, center: along, width: model.size.x, depth: model.size.z, offset: gap)
        let zone =
            depth > 0 ? strip(edge, center: along, width: model.size.x, depth: depth, offset: gap + model.size.z) : nil
        return add(
            model, kind: kind, at: SIMD3(place.center.x, model.size.y / 2, place.center.y), yaw: edge.yaw, edge: edge, zone: zone)
    }

    /// Next to a piece at the same wall: to its right, seen from the room, where `side` is 1.
    @discardableResult
    mutating func beside(_ piece: Piece, _ kind: String, side: Double, gap: Double = 0.05, zone: Double = 0.4) -> Piece? {
        guard let edge = piece.edge, let model = draw(kind) else { return nil }
        let half = (piece.footprint.size[edge.along] + model.size.x) / 2 + gap
        return put(model, kind: kind, at: edge, along: piece.footprint.center[edge.along] + side * half, zone: zone)
    }

    /// In front of a piece that stands at a wall, facing the same way.
    @discardableResult
    mutating func before(_ piece: Piece, _ kind: String, gap: Double, yaw turn: Double = 0) -> Piece? {
        guard let edge = piece.edge, let model = draw(kind) else { return nil }
        let isTurned = turn == 90 || turn == 270
        let depth = isTurned ? model.size.x : model.size.z
        let front = piece.footprint.size[edge.across] + 0.01
        let place = strip(
            edge, center: piece.footprint.center[edge.along], width: 0.1, depth: depth, offset: front + gap)
        return add(
            model, kind: kind, at: SIMD3(place.center.x, model.size.y / 2, place.center.y),
            yaw: (edge.yaw + turn).truncatingRemainder(dividingBy: 360), ignoresZones: true)
    }

    /// Somewhere in the room, at a quarter turn.
    @discardableResult
    mutating func freely(_ kind: String, margin: Double, tries: Int = 12, yaws: [Double] = [0, 90, 180, 270]) -> Piece? {
        guard let model = draw(kind) else { return nil }
        for _ in 0..<tries {
            let yaw = random.pick(yaws)
            let isTurned = yaw == 90 || yaw == 270
            let size = isTurned ? SIMD2(model.size.z, model.size.x) : SIMD2(model.size.x, model.size.z)
            let low: SIMD2<Double> = area.minimum + (size / 2 + margin)
            let high: SIMD2<Double> = area.maximum - (size / 2 + margin)
            guard low.x <= high.x, low.y <= high.y else { continue }
            let share = SIMD2(random.nextUnit(), random.nextUnit())
            let drawn: SIMD2<Double> = low + (high - low) * share
            let place: SIMD2<Double> = (drawn * 100).rounded(.toNearestOrEven) / 100
            let near = Rectangle(center: place, size: size).grown(by: margin)
            if obstacles.contains(where: { Self.stopsWalking($0) && Rectangle($0).overlaps(near) }) { continue }
            if let piece = add(model, kind: kind, at: SIMD3(place.x, model.size.y / 2, place.y), yaw: yaw) { return piece }
        }
        return nil
    }

    /// Hung on a wall at a height of its middle.
    @discardableResult
    mutating func onWall(
        _ kind: String, height: Double, edges: [Edge] = Edge.allCases, along wanted: Double? = nil, tries: Int = 10
    ) -> Piece? {
        guard let model = draw(kind) else { return nil }
        var order = edges
        random.shuffle(&order)
        for attempt in 0..<(wanted == nil ? tries : 1) {
            let edge = order[attempt % order.count]
            let half = model.size.x / 2 + 0.1
            let (low, high) = (area.minimum[edge.along] + half, area.maximum[edge.along] - half)
            guard low <= high else { continue }
            var along = low + (high - low) * random.nextUnit()
            if let wanted { along = min(max(wanted, low), high) }
            along = min(max((along * 100).rounded() / 100, low), high)
            let span = (along - half)...(along + half)
            let holes = doors[edge, default: []] + windows[edge, default: []]
            if holes.contains(where: { $0.overlaps(span) }) { continue }
            let place = strip(edge, center: along, width: model.size.x, depth: model.size.z, offset: 0.002)
            if let piece = add(
                model, kind: kind, at: SIMD3(place.center.x, height, place.center.y), yaw: edge.yaw, edge: edge)
            {
                return piece
            }
        }
        return nil
    }

    /// Chairs along the sides of a table, facing it and pushed a little below its top.
    mutating func chairs(_ kind: String, at table: Piece, perSide: Int, ends: Bool) {
        guard let model = draw(kind) else { return }
        let transform = instances[table.instance].transform
        let size = instances[table.instance].model.size
        for side in [0.0, 180, 90, 270] {
            let isEnd = side == 90 || side == 270
            if isEnd && !ends { continue }
            let across = (isEnd ? size.x : size.z) / 2
            let count = isEnd ? 1 : perSide
            for seat in 0..<count {
                if random.chance(0.1) { continue }
                let offset = (Double(seat) - Double(count - 1) / 2) * min(0.62, (size.x - 0.2) / Double(max(count, 1)))
                let out = across + model.size.z / 2 - 0.1 + (random.chance(0.3) ? 0.14 : 0)
                // Side 0 is the table's front: a chair there faces back.
                let yaw = transform.rotation.y + side
                let frame = Transform(rotation: SIMD3(0, yaw, 0))
                let place = transform.position + frame.apply(to: SIMD3(offset, 0, out))
                add(
                    model, kind: kind, at: SIMD3((place.x * 1e4).rounded() / 1e4, model.size.y / 2, (place.z * 1e4).rounded() / 1e4),
                    yaw: (yaw + 180).truncatingRemainder(dividingBy: 360), ignoresZones: true)
            }
        }
    }
}
