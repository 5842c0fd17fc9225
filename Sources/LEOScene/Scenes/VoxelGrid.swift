/// Points sorted into cubic cells. Only cells with points exist.
struct VoxelGrid {
    /// Edge of a cell; larger than asked for where the cloud is so wide that cells could not be numbered.
    let cellSize: Double
    /// The cell of every point; -1 for invalid points.
    let cellOfPoint: [Int32]
    /// Mean position of the points of each cell, relative to the least corner of the cloud.
    let centroids: [SIMD3<Float>]
    let pointCounts: [Int32]

    private let positions: [SIMD3<Int32>]
    private var table: CellTable

    var count: Int { centroids.count }

    private static let axisBits = 20

    init(_ cloud: PointCloud, cellSize requested: Double) {
        let bounds = Bounds(of: cloud.coordinates)
        let origin = bounds.minimum
        // An extent beyond Double's range would make every quotient infinite or NaN.
        let extent = min(bounds.size.max(), .greatestFiniteMagnitude)
        let size = max(requested, extent / Double((1 << Self.axisBits) - 2))
        let last = Double((1 << Self.axisBits) - 1)
        var table = CellTable()
        var positions: [SIMD3<Int32>] = []
        var sums: [SIMD3<Double>] = []
        var counts: [Int32] = []
        var cells = [Int32](repeating: -1, count: cloud.count)
        for index in 0..<cloud.count where cloud.isValid(index) {
            let offset = cloud.position(index) - origin
            var place = (offset / size).rounded(.down)
            place = place.clamped(lowerBound: .zero, upperBound: SIMD3(repeating: last))
            let position = SIMD3<Int32>(Int32(place.x), Int32(place.y), Int32(place.z))
            let cell = table.insert(Self.key(position), next: Int32(positions.count))
            if Int(cell) == positions.count {
                positions.append(position)
                sums.append(.zero)
                counts.append(0)
            }
            sums[Int(cell)] += offset
            counts[Int(cell)] += 1
            cells[index] = cell
        }
        cellSize = size
        cellOfPoint = cells
        self.table = table
        self.positions = positions
        pointCounts = counts
        centroids = zip(sums, counts).map { SIMD3<Float>($0 / Double($1)) }
    }

    private static func key(_ position: SIMD3<Int32>) -> UInt64 {
        UInt64(position.x) | UInt64(position.y) << axisBits | UInt64(position.z) << (2 * axisBits)
    }

    /// The cell at `offset` cells from cell `index`, or nil where there are no points.
    func neighbor(of index: Int, at offset: SIMD3<Int32>) -> Int? {
        let position = positions[index] &+ offset
        guard position.min() >= 0, position.max() < 1 << Self.axisBits else { return nil }
        return table.find(Self.key(position)).map(Int.init)
    }
}

/// A hash table from cell keys to cell numbers, open addressing. Not `Dictionary`, whose seeded hashing costs more than
/// all other work here.
private struct CellTable {
    private var keys: [UInt64]
    private var values: [Int32]
    private var used = 0
    private static let free = UInt64.max

    init() {
        keys = Array(repeating: Self.free, count: 1 << 12)
        values = Array(repeating: 0, count: 1 << 12)
    }

    private func slot(of key: UInt64) -> Int {
        let mask = keys.count - 1
        var hash = key &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 29
        var slot = Int(truncatingIfNeeded: hash >> 8) & mask
        while keys[slot] != key, keys[slot] != Self.free { slot = (slot + 1) & mask }
        return slot
    }

    func find(_ key: UInt64) -> Int32? {
        let slot = slot(of: key)
        return keys[slot] == key ? values[slot] : nil
    }

    /// The value of `key`; where it is new, it gets the value `next`.
    mutating func insert(_ key: UInt64, next: Int32) -> Int32 {
        let found = slot(of: key)
        if keys[found] == key { return values[found] }
        keys[found] = key
        values[found] = next
        used += 1
        if 2 * used > keys.count { grow() }
        return next
    }

    private mutating func grow() {
        let (oldKeys, oldValues) = (keys, values)
        keys = Array(repeating: Self.free, count: 2 * oldKeys.count)
        values = Array(repeating: 0, count: 2 * oldKeys.count)
        for (key, value) in zip(oldKeys, oldValues) where key != Self.free {
            let slot = slot(of: key)
            keys[slot] = key
            values[slot] = value
        }
    }
}
