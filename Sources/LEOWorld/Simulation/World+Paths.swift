/// Ways to walk, as a nav mesh would give them.
extension World {
    /// Corners of the way to the player, walkable in straight lines; the first is where the agent stands, the last the
    /// player's position or the nearest point to it that can be reached. Empty if none can.
    public mutating func pathToUser() -> [SIMD3<Double>] {
        path(to: player.ground, avoiding: nil)
    }

    /// Corners of the way to the standing place nearest to an instance, with no wall between it and the instance. Of
    /// places equally near, to 10 cm, the one with the shortest way. Keeps clear of the player; where only the player is in
    /// the way it leads past as if nobody stood there. Empty if there is none.
    public mutating func pathToObject(_ index: Int) -> [SIMD3<Double>] {
        let around = pathToObject(index, avoidsPlayer: true)
        return around.isEmpty ? pathToObject(index, avoidsPlayer: false) : around
    }

    mutating func pathToObject(_ index: Int, avoidsPlayer: Bool) -> [SIMD3<Double>] {
        guard transforms.indices.contains(index) else { return [] }
        return withNavigation { world, grid, regions in
            let person = (center: world.player.ground, radius: WorldRules.pathClearance + WorldRules.playerRadius)
            let search = GridSearch(grid: grid, person: avoidsPlayer ? person : nil)
            guard let start = world.anchor(in: search) else { return [] }
            guard let goal = world.standingGoal(for: index, in: search, regions: regions, region: regions[start]),
                let cells = search.path(from: start, to: goal)
            else { return [] }
            return world.corners(from: cells, in: search, last: nil)
        }
    }

    /// Corners of the way from the agent to a point on the ground or the nearest that can be reached.
    public mutating func path(to target: SIMD2<Double>) -> [SIMD3<Double>] {
        path(to: target, avoiding: (player.ground, WorldRules.pathClearance + WorldRules.playerRadius))
    }

    private mutating func path(to target: SIMD2<Double>, avoiding person: (SIMD2<Double>, Double)?) -> [SIMD3<Double>] {
        guard target.x.isFinite, target.y.isFinite else { return [] }
        return withNavigation { world, grid, regions in
            let search = GridSearch(grid: grid, person: person.map { (center: $0.0, radius: $0.1) })
            guard let start = world.anchor(in: search),
                let end = Self.nearestCell(to: target, in: search, where: { regions[$0] == regions[start] })
            else { return [] }
            let center = grid.center(of: end)
            let goal = GridSearch.Goal(center: center, radius: 0) { $0 == end }
            guard let cells = search.path(from: start, to: goal) else { return [] }
            let apart = target - center
            let reachesTarget = (apart * apart).sum().squareRoot() <= grid.cell
                && world.collisions.isClear(from: center, to: target, radius: WorldRules.pathClearance)
            return world.corners(from: cells, in: search, last: reachesTarget ? target : nil)
        }
    }

    /// Length of a way along its corners, on the ground.
    public static func length(of corners: [SIMD3<Double>]) -> Double {
        zip(corners, corners.dropFirst()).reduce(0) { sum, pair in
            let apart = pair.1 - pair.0
            return sum + (apart.x * apart.x + apart.z * apart.z).squareRoot()
        }
    }

    // MARK: The grid

    /// Runs `body` with the grid and the regions of cells that are connected, built or brought up to date first.
    mutating func withNavigation<Result>(_ body: (World, NavigationGrid, [Int32]) -> Result) -> Result {
        if navigation == nil { navigation = makeNavigation() }
        guard let grid = navigation else { preconditionFailure("was made above") }
        if regionsVersion != grid.version {
            regions = GridSearch.regions(of: grid)
            regionsVersion = grid.version
        }
        return body(self, grid, regions)
    }

    private func makeNavigation() -> NavigationGrid {
        let feet = agent.position.y
        let floors = scene.floors.map { Solid(Box(center: .zero, size: $0.size), in: $0.transform, owner: .wall(0)) }
            .filter { $0.top <= feet + WorldRules.stepHeight && $0.top >= feet - 0.5 }
        var low = pointwiseMin(agent.ground, player.ground), high = pointwiseMax(agent.ground, player.ground)
        let margin = SIMD2(repeating: floors.isEmpty ? 2.0 : 0)
        for solid in floors.isEmpty ? collisions.obstacles : floors {
            low = pointwiseMin(low, solid.footprint.center - solid.halfBounds)
            high = pointwiseMax(high, solid.footprint.center + solid.halfBounds)
        }
        var grid = NavigationGrid(
            low: low - margin, high: high + margin, cell: WorldRules.cell, clearance: WorldRules.cellClearance, floors: floors)
        for solid in collisions.obstacles { grid.insert(solid) }
        return grid
    }

    /// The free cell where the agent's way begins: the nearest that it can walk straight to.
    func anchor(in search: GridSearch) -> Int? {
        // Where it stands it fits, whatever rounding says.
        let radius = WorldRules.agentRadius - 0.002
        return Self.nearestCell(to: agent.ground, in: search, within: 1.2) { cell in
            collisions.isClear(from: agent.ground, to: search.grid.center(of: cell), radius: radius)
        }
    }

    /// The open cell nearest to a point among those that `accepts` lets through.
    static func nearestCell(
        to point: SIMD2<Double>, in search: GridSearch, within limit: Double = .infinity, where accepts: (Int) -> Bool
    ) -> Int? {
        let grid = search.grid
        let p = (point - grid.origin) / grid.cell
        guard abs(p.x) < 1e9, abs(p.y) < 1e9 else { return nil }
        let column = Int(p.x.rounded(.down)), row = Int(p.y.rounded(.down))
        let outside = max(-column, column - grid.width + 1, -row, row - grid.height + 1, 0)
        let farthest = outside + max(grid.width, grid.height)
        var best: (distance: Double, cell: Int)?
        var ring = outside
        while ring <= farthest {
            let least = (Double(ring) - 1) * grid.cell
            if least > limit || least > best?.distance ?? .infinity { break }
            func visit(_ x: Int, _ z: Int) {
                guard x >= 0, x < grid.width, z >= 0, z < grid.height else { return }
                let cell = z * grid.width + x
                guard search.isOpen(cell) else { return }
                let apart = grid.center(of: cell) - point
                let distance = (apart * apart).sum().squareRoot()
                guard distance <= limit, distance < best?.distance ?? .infinity, accepts(cell) else { return }
                best = (distance, cell)
            }
            let columns = max(column - ring, 0)...max(min(column + ring, grid.width - 1), max(column - ring, 0))
            for x in columns {
                visit(x, row - ring)
                if ring > 0 { visit(x, row + ring) }
            }
            if ring > 0 {
                for z in (row - ring + 1)..<(row + ring) {
                    visit(column - ring, z)
                    visit(column + ring, z)
                }
            }
            ring += 1
        }
        return best?.cell
    }

    // MARK: Standing places

    /// The rectangle on the ground below an instance's bounding box.
    public func footprint(of index: Int) -> Footprint {
        Solid(Box(center: .zero, size: scene.instances[index].model.size), in: transforms[index], owner: .instance(index)).footprint
    }

    /// Whether no wall stands between a point and an instance, on the ground.
    public func isOpen(from point: SIMD2<Double>, toward index: Int) -> Bool {
        isOpen(from: point, toward: footprint(of: index))
    }

    private func isOpen(from point: SIMD2<Double>, toward footprint: Footprint) -> Bool {
        let way = footprint.nearestPoint(to: point) - point
        let length = (way * way).sum().squareRoot()
        guard length > 1e-9 else { return true }
        // Pictures and curtains reach a little into their wall.
        return collisions.sweep(from: point, along: way / length, limit: length, radius: 0, wallsOnly: true) >= length - 0.03
    }

    /// The cells nearest to an instance that can be reached: those from which no wall hides it, or any where all are hidden.
    func standingGoal(for index: Int, in search: GridSearch, regions: [Int32], region: Int32) -> GridSearch.Goal? {
        let footprint = footprint(of: index)
        let center = footprint.center
        for heedsWalls in [true, false] {
            func accepts(_ cell: Int) -> Bool {
                regions[cell] == region && (!heedsWalls || isOpen(from: search.grid.center(of: cell), toward: footprint))
            }
            guard let nearest = Self.nearestCell(to: center, in: search, within: heedsWalls ? 4 : .infinity, where: accepts)
            else { continue }
            let apart = search.grid.center(of: nearest) - center
            let radius = (apart * apart).sum().squareRoot() + 0.1
            return GridSearch.Goal(center: center, radius: radius) { cell in
                let apart = search.grid.center(of: cell) - center
                return (apart * apart).sum() <= radius * radius && accepts(cell)
            }
        }
        return nil
    }

    // MARK: Corners

    /// Pulls the way taut: corners are left out as long as the agent fits past everything between those that stay.
    func corners(from cells: [Int], in search: GridSearch, last: SIMD2<Double>?) -> [SIMD3<Double>] {
        var points = [agent.ground] + cells.map { search.grid.center(of: $0) }
        if let last { points[points.count - 1] = last }
        points = pulled(points, search)
        // A second and a third pull, over points between the corners and from the other end, straighten what the grid bent.
        for _ in 0..<2 {
            if points.count < 3 { break }
            points = pulled(Self.refined(points).reversed(), search).reversed()
            points = pulled(Self.refined(points), search)
        }
        let height = floorHeight(at: agent.ground) ?? agent.position.y
        return points.map { SIMD3($0.x, height, $0.y) }
    }

    private func pulled(_ points: [SIMD2<Double>], _ search: GridSearch) -> [SIMD2<Double>] {
        guard let first = points.first, points.count > 2 else { return points }
        var kept = [first]
        var from = 0
        while from + 1 < points.count {
            var to = from + 1
            while to + 1 < points.count, isClear(points[from], points[to + 1], search) { to += 1 }
            kept.append(points[to])
            from = to
        }
        return kept
    }

    private func isClear(_ a: SIMD2<Double>, _ b: SIMD2<Double>, _ search: GridSearch) -> Bool {
        guard collisions.isClear(from: a, to: b, radius: WorldRules.pathClearance) else { return false }
        guard let person = search.person else { return true }
        let way = b - a
        let length = (way * way).sum().squareRoot()
        guard length > 1e-12 else { return true }
        let disc = Footprint(center: person.center, half: .zero)
        return disc.sweep(from: a, along: way / length, radius: person.radius - 0.01) >= length
    }

    /// The same way with points every 20 cm.
    private static func refined(_ points: [SIMD2<Double>]) -> [SIMD2<Double>] {
        var all: [SIMD2<Double>] = []
        for (a, b) in zip(points, points.dropFirst()) {
            let way = b - a
            let parts = max(Int(((way * way).sum().squareRoot() / 0.2).rounded(.up)), 1)
            for part in 0..<parts { all.append(a + way * (Double(part) / Double(parts))) }
        }
        return all + points.suffix(1)
    }
}
