/// Points sorted into cubic cells. Only cells with points exist; they are numbered in ascending order of their keys.
struct VoxelGrid {
    /// Edge of a cell; larger than asked for where the cloud is so wide that cells could not be numbered.
    let cellSize: Double
    /// The cell of every point; -1 for invalid points.
    let cellOfPoint: [Int32]
    /// Mean position of the points of each cell, relative to the least corner of the cloud.
    let centroids: [SIMD3<Float>]
    let pointCounts: [Int32]
    /// Place of each cell: x, y and z in cells, 20 bits each, x lowest.
    private let keys: [Int]

    var count: Int { keys.count }

    private static let axisBits = 20

    init(_ cloud: PointCloud, cellSize requested: Double) {
        let bounds = Bounds(of: cloud.coordinates)
        let origin = bounds.minimum
        // An extent beyond Double's range would make every quotient infinite or NaN.
        let extent = min(bounds.size.max(), .greatestFiniteMagnitude)
        let size = max(requested, extent / Double((1 << Self.axisBits) - 2))
        let last = SIMD3(repeating: Double((1 << Self.axisBits) - 1))
        var table = CellTable()
        var keys: [Int] = []
        var sums: [SIMD3<Double>] = []
        var counts: [Int32] = []
        var cells = [Int32](repeating: -1, count: cloud.count)
        for index in 0..<cloud.count where cloud.isValid(index) {
            let offset = cloud.position(index) - origin
            let place = (offset / size).rounded(.down).clamped(lowerBound: .zero, upperBound: last)
            let key = Int(place.x) | Int(place.y) << Self.axisBits | Int(place.z) << (2 * Self.axisBits)
            let cell = table.insert(key, next: Int32(keys.count))
            if Int(cell) == keys.count {
                keys.append(key)
                sums.append(.zero)
                counts.append(0)
            }
            sums[Int(cell)] += offset
            counts[Int(cell)] += 1
            cells[index] = cell
        }
        let order = keys.indices.sorted { keys[$0] < keys[$1] }
        var placeOfCell = [Int32](repeating: 0, count: order.count)
        for (place, cell) in order.enumerated() { placeOfCell[cell] = Int32(place) }
        cellSize = size
        cellOfPoint = cells.map { $0 < 0 ? -1 : placeOfCell[Int($0)] }
        self.keys = order.map { keys[$0] }
        pointCounts = order.map { counts[$0] }
        centroids = order.map { SIMD3<Float>(sums[$0] / Double(counts[$0])) }
    }

    /// Calls `body` once for each two cells whose centroids are at most two cell edges apart.
    ///
    /// For each row of cells beside a cell, the place where its neighbours stand in the order of keys only moves
    /// forward from cell to cell, so this is a merge and looks nothing up.
    func forEachNeighbors(_ body: (Int, Int) -> Void) {
        let limit = Float(4 * cellSize * cellSize)
        for z in 0...2 {
            // Half of the cells around: the other half finds this cell in its turn.
            for y in (z == 0 ? 0 : -2)...2 {
                let shift = y << Self.axisBits + z << (2 * Self.axisBits)
                let isOwnRow = shift == 0
                var start = 0
                for cell in 0..<count {
                    let least = isOwnRow ? keys[cell] + 1 : keys[cell] + shift - 2
                    let greatest = keys[cell] + shift + 2
                    while start < count, keys[start] < least { start += 1 }
                    var other = start
                    while other < count, keys[other] <= greatest {
                        // A key beyond the end of a row is a cell of another row; the distance tells.
                        let gap = centroids[cell] - centroids[other]
                        if (gap * gap).sum() <= limit { body(cell, other) }
                        other += 1
                    }
                }
            }
        }
    }
}

/// A hash table from cell keys to cell numbers, open addressing. Not `Dictionary`, whose seeded hashing costs more than
/// all other work here.
private struct CellTable {
    private var keys: [Int]
    private var values: [Int32]
    private var used = 0
    private static let free = -1

    init() {
        keys = Array(repeating: Self.free, count: 1 << 12)
        values = Array(repeating: 0, count: 1 << 12)
    }

    private func slot(of key: Int) -> Int {
        let mask = keys.count - 1
        var hash = UInt64(truncatingIfNeeded: key) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 29
        var slot = Int(truncatingIfNeeded: hash >> 8) & mask
        while keys[slot] != key, keys[slot] != Self.free { slot = (slot + 1) & mask }
        return slot
    }

    /// The value of `key`; where it is new, it gets the value `next`.
    mutating func insert(_ key: Int, next: Int32) -> Int32 {
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
