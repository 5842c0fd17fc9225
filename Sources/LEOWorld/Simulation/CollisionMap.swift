/// The blocks of a world, and what moving and standing meet among them.
struct CollisionMap: Sendable {
    /// Heights above the feet between which a block stands in the way: lower ones are stepped over, rugs and sills,
    /// higher ones passed under.
    struct Walker: Sendable {
        var feet: Double
        var step: Double
        var height: Double

        @inline(__always)
        func meets(_ solid: Solid) -> Bool { solid.top > feet + step && solid.bottom < feet + height }
    }

    private(set) var solids: [Solid] = []
    /// The blocks that stand in a walker's way.
    private(set) var obstacles: [Solid] = []
    let walker: Walker

    init(walker: Walker) { self.walker = walker }

    mutating func insert(_ solid: Solid) {
        solids.append(solid)
        if walker.meets(solid) { obstacles.append(solid) }
    }

    mutating func removeAll(of owner: Solid.Owner) {
        solids.removeAll { $0.owner == owner }
        obstacles.removeAll { $0.owner == owner }
    }

    /// How far a disc may go along the unit vector `direction`, at most `limit`.
    func sweep(
        from origin: SIMD2<Double>, along direction: SIMD2<Double>, limit: Double, radius: Double,
        wallsOnly: Bool = false
    ) -> Double {
        var free = limit
        let middle = origin + direction * (limit / 2)
        let reach = SIMD2(abs(direction.x), abs(direction.y)) * (limit / 2) + SIMD2(repeating: radius)
        obstacles.withUnsafeBufferPointer { obstacles in
            for solid in obstacles {
                let apart = solid.footprint.center - middle
                if abs(apart.x) > solid.halfBounds.x + reach.x || abs(apart.y) > solid.halfBounds.y + reach.y { continue }
                if wallsOnly, case .instance = solid.owner { continue }
                free = min(free, solid.footprint.sweep(from: origin, along: direction, radius: radius))
                if free <= 0 { break }
            }
        }
        return max(free, 0)
    }

    /// Whether a disc can go straight from `a` to `b`.
    func isClear(from a: SIMD2<Double>, to b: SIMD2<Double>, radius: Double, wallsOnly: Bool = false) -> Bool {
        let way = b - a
        let length = (way * way).sum().squareRoot()
        if length < 1e-12 { return wallsOnly || clearance(at: a) >= radius }
        return sweep(from: a, along: way / length, limit: length, radius: radius, wallsOnly: wallsOnly) >= length
    }

    /// Metres from a point to the nearest block in a walker's way, infinite if there is none.
    func clearance(at point: SIMD2<Double>) -> Double {
        var least = Double.infinity
        for solid in obstacles { least = min(least, solid.footprint.distance(to: point)) }
        return least
    }

    /// Whether a block would overlap one that is there, those of `ignored` instances left out.
    func overlaps(_ solid: Solid, ignoring ignored: (Int) -> Bool) -> Bool {
        solids.contains { other in
            guard solid.overlaps(other) else { return false }
            if case .instance(let index) = other.owner { return !ignored(index) }
            return true
        }
    }
}
