/// Where a body can stand on a floor, on a grid, and which of those places are connected.
package struct FreeSpace: Sendable {
    /// Metres between grid points.
    package static let pitch = 0.1
    /// Distance the body's axis keeps from everything: its radius and 5 cm, so that walkers with other grids get through.
    package static let clearance = AgentBody.radius + 0.05

    let area: Rectangle
    let columns: Int
    let rows: Int
    private var isBlocked: [Bool]
    /// Number of the connected part of each cell; 0 while unknown, -1 where blocked.
    private var part: [Int32]
    private var partSizes: [Int] = [0]

    package init(area: Rectangle) {
        self.area = area
        // Rooms from files can be of any size; what lies beyond the grid counts as blocked.
        columns = max(1, Int(min(area.size.x / Self.pitch, 4000).rounded()))
        rows = max(1, Int(min(area.size.y / Self.pitch, 4000).rounded()))
        isBlocked = [Bool](repeating: false, count: columns * rows)
        part = [Int32](repeating: 0, count: columns * rows)
    }

    /// The point in the middle of a cell.
    package func point(_ cell: Int) -> SIMD2<Double> {
        area.minimum + SIMD2(Double(cell % columns) + 0.5, Double(cell / columns) + 0.5) * Self.pitch
    }

    /// The cell around a point; nil outside.
    package func cell(at point: SIMD2<Double>) -> Int? {
        let place = ((point - area.minimum) / Self.pitch).rounded(.down)
        guard place.x >= 0, place.y >= 0, place.x < Double(columns), place.y < Double(rows) else { return nil }
        return Int(place.y) * columns + Int(place.x)
    }

    /// Keeps the body's axis out of a rectangle and the clearance around it.
    package mutating func block(_ rectangle: Rectangle) { forbid(rectangle.grown(by: Self.clearance)) }

    /// Keeps the body's axis out of a rectangle.
    package mutating func forbid(_ rectangle: Rectangle) {
        guard let span = span(of: rectangle) else { return }
        for row in span.rows {
            for column in span.columns { isBlocked[row * columns + column] = true }
        }
    }

    /// Keeps the body's axis away from the edges of the area.
    package mutating func blockEdges() {
        let margin = Self.clearance
        let (low, high) = (area.minimum, area.maximum)
        forbid(Rectangle(minimum: low, maximum: SIMD2(low.x + margin, high.y)))
        forbid(Rectangle(minimum: SIMD2(high.x - margin, low.y), maximum: high))
        forbid(Rectangle(minimum: low, maximum: SIMD2(high.x, low.y + margin)))
        forbid(Rectangle(minimum: SIMD2(low.x, high.y - margin), maximum: high))
    }

    /// The cells whose middles lie in a rectangle.
    private func span(of rectangle: Rectangle) -> (rows: ClosedRange<Int>, columns: ClosedRange<Int>)? {
        let low = ((rectangle.minimum - area.minimum) / Self.pitch - 0.5).rounded(.up)
        let high = ((rectangle.maximum - area.minimum) / Self.pitch - 0.5).rounded(.down)
        let (left, right) = (max(0, low.x), min(Double(columns - 1), high.x))
        let (bottom, top) = (max(0, low.y), min(Double(rows - 1), high.y))
        guard left <= right, bottom <= top else { return nil }
        return (Int(bottom)...Int(top), Int(left)...Int(right))
    }

    // MARK: Connection

    /// Finds the connected parts; steps go along the axes.
    package mutating func connect() {
        let (columns, count) = (columns, columns * rows)
        var sizes = [0]
        var stack: [Int] = []
        stack.reserveCapacity(columns + rows)
        // Blocked cells are numbered -1 meanwhile, so that one look tells whether a cell is still to be visited.
        var numbers = isBlocked.map { $0 ? Int32(-1) : 0 }
        numbers.withUnsafeMutableBufferPointer { numbers in
            for start in 0..<count where numbers[start] == 0 {
                let number = Int32(sizes.count)
                var size = 0
                numbers[start] = number
                stack.append(start)
                while let cell = stack.popLast() {
                    size += 1
                    let column = cell % columns
                    if column > 0, numbers[cell - 1] == 0 {
                        numbers[cell - 1] = number
                        stack.append(cell - 1)
                    }
                    if column < columns - 1, numbers[cell + 1] == 0 {
                        numbers[cell + 1] = number
                        stack.append(cell + 1)
                    }
                    if cell >= columns, numbers[cell - columns] == 0 {
                        numbers[cell - columns] = number
                        stack.append(cell - columns)
                    }
                    if cell + columns < count, numbers[cell + columns] == 0 {
                        numbers[cell + columns] = number
                        stack.append(cell + columns)
                    }
                }
                sizes.append(size)
            }
        }
        (part, partSizes) = (numbers, sizes)
    }

    /// The part a point lies in; nil where the body cannot stand.
    package func part(at point: SIMD2<Double>) -> Int32? {
        guard let cell = cell(at: point), part[cell] > 0 else { return nil }
        return part[cell]
    }

    /// The part of most cells; nil if there is no free cell.
    package var largestPart: Int32? {
        guard let best = partSizes.indices.dropFirst().max(by: { partSizes[$0] < partSizes[$1] }) else { return nil }
        return Int32(best)
    }

    /// Cells of a part, in order.
    package func cells(of number: Int32) -> [Int] { part.indices.filter { part[$0] == number } }

    /// Whether some cell of a part lies in a rectangle.
    package func reaches(_ rectangle: Rectangle, from number: Int32) -> Bool {
        guard let span = span(of: rectangle) else { return false }
        return span.rows.contains { row in span.columns.contains { part[row * columns + $0] == number } }
    }

    /// Whether a body of a part can stand within `reach` of a point.
    package func reaches(_ point: SIMD2<Double>, within reach: Double, from number: Int32) -> Bool {
        guard let span = span(of: Rectangle(center: point, size: SIMD2(repeating: 2 * reach))) else { return false }
        for row in span.rows {
            for column in span.columns where part[row * columns + column] == number {
                let offset = self.point(row * columns + column) - point
                if (offset * offset).sum() <= reach * reach { return true }
            }
        }
        return false
    }
}
