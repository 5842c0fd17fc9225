/// Shortest ways over the cells of a navigation grid.
struct GridSearch {
    let grid: NavigationGrid
    /// A disc that ways keep out of besides the blocks: somebody standing there.
    var person: (center: SIMD2<Double>, radius: Double)?

    private static let diagonal: Float = 1.4142135

    /// What a search looks for.
    struct Goal {
        var center: SIMD2<Double>
        /// No goal cell lies farther from `center`.
        var radius: Double
        var accepts: (Int) -> Bool
    }

    func isOpen(_ index: Int) -> Bool {
        guard grid.isFree(index) else { return false }
        guard let person else { return true }
        let apart = grid.center(of: index) - person.center
        return (apart * apart).sum() >= person.radius * person.radius
    }

    /// Cells from `start` to the goal cell that is nearest along the way, both included; nil if there is no way.
    ///
    /// Steps to the eight neighbours; diagonal ones need both cells beside them. A*, with the octile distance to the circle
    /// around the goal as the lower bound.
    func path(from start: Int, to goal: Goal) -> [Int]? {
        let count = grid.count, width = grid.width
        guard start >= 0, start < count else { return nil }
        let goalColumn = Float((goal.center.x - grid.origin.x) / grid.cell - 0.5)
        let goalRow = Float((goal.center.y - grid.origin.y) / grid.cell - 0.5)
        // Octile distance is at most 1.0824 times the straight one.
        let slack = Float(goal.radius / grid.cell * 1.0824) + 0.01
        func bound(_ index: Int) -> Float {
            let dx = abs(Float(index % width) - goalColumn), dz = abs(Float(index / width) - goalRow)
            return max(max(dx, dz) + (Self.diagonal - 1) * min(dx, dz) - slack, 0)
        }

        let cost = UnsafeMutablePointer<Float>.allocate(capacity: count)
        cost.initialize(repeating: .infinity, count: count)
        defer { cost.deallocate() }
        // The direction each cell was reached by.
        let came = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
        came.initialize(repeating: 255, count: count)
        defer { came.deallocate() }
        let steps = Self.steps(width: width)
        var heap = CellHeap()
        cost[start] = 0
        heap.push(bound(start), start)
        while let (estimate, index) = heap.pop() {
            let here = cost[index]
            // A cell may wait several times; only its best entry counts.
            if estimate > here + bound(index) + 1e-3 { continue }
            if goal.accepts(index) { return trace(to: index, from: start, came, steps) }
            let column = index % width, row = index / width
            let left = column > 0 && isOpen(index - 1), right = column + 1 < width && isOpen(index + 1)
            let down = row > 0 && isOpen(index - width), up = row + 1 < grid.height && isOpen(index + width)
            let open = (
                left, right, down, up,
                left && down && isOpen(index - width - 1), right && down && isOpen(index - width + 1),
                left && up && isOpen(index + width - 1), right && up && isOpen(index + width + 1)
            )
            func visit(_ isOpen: Bool, _ step: Int) {
                guard isOpen else { return }
                let next = index + steps[step]
                let total = here + (step < 4 ? 1 : Self.diagonal)
                guard total < cost[next] else { return }
                cost[next] = total
                came[next] = UInt8(step)
                heap.push(total + bound(next), next)
            }
            visit(open.0, 0)
            visit(open.1, 1)
            visit(open.2, 2)
            visit(open.3, 3)
            visit(open.4, 4)
            visit(open.5, 5)
            visit(open.6, 6)
            visit(open.7, 7)
        }
        return nil
    }

    private static func steps(width: Int) -> [Int] { [-1, 1, -width, width, -width - 1, -width + 1, width - 1, width + 1] }

    private func trace(to end: Int, from start: Int, _ came: UnsafeMutablePointer<UInt8>, _ steps: [Int]) -> [Int] {
        var path = [end]
        var index = end
        while index != start {
            index -= steps[Int(came[index])]
            path.append(index)
        }
        return path.reversed()
    }

    /// Metres from every cell to the nearest of `goals` along the grid, infinite where there is no way.
    func distances(to goals: some Sequence<Int>) -> [Float] {
        let width = grid.width
        var cost = [Float](repeating: .infinity, count: grid.count)
        var heap = CellHeap()
        for goal in goals where grid.isFree(goal) {
            cost[goal] = 0
            heap.push(0, goal)
        }
        let edge = Float(grid.cell)
        cost.withUnsafeMutableBufferPointer { cost in
            while let (estimate, index) = heap.pop() {
                if estimate > cost[index] { continue }
                let column = index % width, row = index / width
                for dz in -1...1 {
                    for dx in -1...1 where dx != 0 || dz != 0 {
                        guard column + dx >= 0, column + dx < width, row + dz >= 0, row + dz < grid.height else { continue }
                        let next = index + dz * width + dx
                        guard isOpen(next) else { continue }
                        if dx != 0, dz != 0, !isOpen(index + dx) || !isOpen(index + dz * width) { continue }
                        let total = estimate + (dx != 0 && dz != 0 ? Self.diagonal : 1) * edge
                        if total < cost[next] {
                            cost[next] = total
                            heap.push(total, next)
                        }
                    }
                }
            }
        }
        return cost
    }

    /// A number for each cell, equal where there is a way between two; -1 where one cannot stand.
    static func regions(of grid: NavigationGrid) -> [Int32] {
        var label = [Int32](repeating: -1, count: grid.count)
        var stack: [Int32] = []
        var next: Int32 = 0
        let width = grid.width
        label.withUnsafeMutableBufferPointer { label in
            for start in 0..<grid.count where label[start] < 0 && grid.isFree(start) {
                label[start] = next
                stack.append(Int32(start))
                while let top = stack.popLast() {
                    let index = Int(top), column = index % width
                    func visit(_ neighbour: Int) {
                        guard label[neighbour] < 0, grid.isFree(neighbour) else { return }
                        label[neighbour] = next
                        stack.append(Int32(neighbour))
                    }
                    if column > 0 { visit(index - 1) }
                    if column + 1 < width { visit(index + 1) }
                    if index >= width { visit(index - width) }
                    if index + width < grid.count { visit(index + width) }
                }
                next += 1
            }
        }
        return label
    }
}

/// Cells by estimate, least first; equal ones in the order of their index, so that searches can be repeated.
struct CellHeap {
    private var entries: [(estimate: Float, cell: Int32)] = []

    @inline(__always)
    private static func isBefore(_ a: (estimate: Float, cell: Int32), _ b: (estimate: Float, cell: Int32)) -> Bool {
        a.estimate != b.estimate ? a.estimate < b.estimate : a.cell < b.cell
    }

    mutating func push(_ estimate: Float, _ cell: Int) {
        let entry = (estimate: estimate, cell: Int32(cell))
        entries.append(entry)
        var child = entries.count - 1
        entries.withUnsafeMutableBufferPointer { entries in
            while child > 0 {
                let parent = (child - 1) / 2
                guard Self.isBefore(entry, entries[parent]) else { break }
                entries[child] = entries[parent]
                child = parent
            }
            entries[child] = entry
        }
    }

    mutating func pop() -> (estimate: Float, cell: Int)? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        let count = entries.count
        if count > 0 {
            entries.withUnsafeMutableBufferPointer { entries in
                var hole = 0
                while true {
                    var child = 2 * hole + 1
                    guard child < count else { break }
                    if child + 1 < count, Self.isBefore(entries[child + 1], entries[child]) { child += 1 }
                    guard Self.isBefore(entries[child], last) else { break }
                    entries[hole] = entries[child]
                    hole = child
                }
                entries[hole] = last
            }
        }
        return (first.estimate, Int(first.cell))
    }
}
