/// Where an agent can stand, in square cells of the floor.
struct NavigationGrid: Sendable {
    let origin: SIMD2<Double>
    let cell: Double
    let width: Int
    let height: Int
    private let clearance: Double
    /// Blocks that come too near to the middle of each cell; a cell without floor has one for that. Counting lets a block
    /// go as it came.
    private(set) var blockers: [UInt16]
    /// Bumped with each change.
    private(set) var version = 0

    var count: Int { width * height }

    /// - Parameters:
    ///   - low, high: corners of the area, (x, z)
    ///   - floors: where one can stand as far as the floor goes; everywhere if there are none
    init(low: SIMD2<Double>, high: SIMD2<Double>, cell: Double, clearance: Double, floors: [Solid]) {
        let size = pointwiseMax(high - low, SIMD2(repeating: cell))
        // A scene as large as a town gets coarser cells instead of more memory.
        let edge = max(cell, (size.x * size.y / 1_000_000).squareRoot(), size.max() / 4000)
        self.cell = edge
        self.clearance = clearance + (edge - cell)
        origin = low
        width = max(Int((size.x / edge).rounded(.up)), 1)
        height = max(Int((size.y / edge).rounded(.up)), 1)
        blockers = Array(repeating: floors.isEmpty ? 0 : 1, count: width * height)
        for floor in floors {
            visit(floor, clearance: 1e-6) { blockers, index in blockers[index] = 0 }
        }
    }

    func center(of index: Int) -> SIMD2<Double> {
        origin + (SIMD2(Double(index % width), Double(index / width)) + SIMD2(repeating: 0.5)) * cell
    }

    /// The cell of a point, nil outside.
    func index(of point: SIMD2<Double>) -> Int? {
        let p = (point - origin) / cell
        guard p.x >= 0, p.y >= 0, p.x < Double(width), p.y < Double(height) else { return nil }
        return Int(p.y) * width + Int(p.x)
    }

    func isFree(_ index: Int) -> Bool { blockers[index] == 0 }

    mutating func insert(_ solid: Solid) { change(solid, by: 1) }
    mutating func remove(_ solid: Solid) { change(solid, by: UInt16.max) }

    private mutating func change(_ solid: Solid, by amount: UInt16) {
        version += 1
        visit(solid, clearance: clearance) { blockers, index in blockers[index] &+= amount }
    }

    /// Calls `body` for the cells whose middle is nearer than `clearance` to a block.
    private mutating func visit(
        _ solid: Solid, clearance: Double, _ body: (UnsafeMutableBufferPointer<UInt16>, Int) -> Void
    ) {
        let footprint = solid.footprint
        let reach = solid.halfBounds + SIMD2(repeating: clearance)
        let low = (footprint.center - reach - origin) / cell - SIMD2(repeating: 0.5)
        let high = (footprint.center + reach - origin) / cell - SIMD2(repeating: 0.5)
        let columns = Self.whole(low.x, high.x, width), rows = Self.whole(low.y, high.y, height)
        guard !columns.isEmpty else { return }
        let limit = clearance * clearance
        blockers.withUnsafeMutableBufferPointer { blockers in
            for row in rows {
                for column in columns {
                    let middle = origin + (SIMD2(Double(column), Double(row)) + SIMD2(repeating: 0.5)) * cell
                    let p = footprint.local(middle)
                    let x = max(abs(p.x) - footprint.half.x, 0), z = max(abs(p.y) - footprint.half.y, 0)
                    if x * x + z * z < limit { body(blockers, row * width + column) }
                }
            }
        }
    }

    private static func whole(_ low: Double, _ high: Double, _ count: Int) -> Range<Int> {
        let from = max(low.rounded(.up), 0), to = min(high.rounded(.down), Double(count - 1))
        return from <= to ? Int(from)..<Int(to) + 1 : 0..<0
    }
}
