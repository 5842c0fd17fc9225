import LEOScene

/// Rooms and the walls between them, before they are furnished.
struct HousePlan {
    /// Lengths of rooms are multiples of this: half of LEGENT's tile.
    static let unit = 1.25
    static let wallThickness = 0.12
    static let wallHeight = 2.7
    static let doorHeight = 2.1

    /// A straight wall between two rooms or around the house.
    struct Side {
        /// Along x, else along z.
        var runsAlongX: Bool
        /// z of the middle line of a wall along x, else its x.
        var line: Double
        var from: Double
        var to: Double
        /// The room on the side of lower coordinates, and that of higher.
        var below: Int?
        var above: Int?
        var door: (center: Double, width: Double)?
        var window: (center: Double, width: Double)?

        func borders(_ room: Int) -> Bool { below == room || above == room }
    }

    /// Rooms with their outlines on the middle lines of walls.
    var outlines: [Rectangle] = []
    var kinds: [String] = []
    var sides: [Side] = []

    static let sill = 0.95
    static let windowHeight = 1.15

    /// The floor of a room between its walls.
    func inner(_ room: Int) -> Rectangle { outlines[room].grown(by: -Self.wallThickness / 2) }

    init(options: WorldGenerator.Options, random: inout SplitMix64) {
        let count = random.pick(options.rooms)
        outlines = Self.outlines(count: count, options: options, random: &random)
        kinds = Self.kinds(of: outlines, allowed: options.roomKinds, random: &random)
        sides = Self.sides(of: outlines)
        addDoors(&random)
        if options.hasWindows { addWindows(&random) }
    }

    // MARK: Rooms

    private static func outlines(
        count: Int, options: WorldGenerator.Options, random: inout SplitMix64
    ) -> [Rectangle] {
        let least = max(2, Int((options.roomSize.lowerBound / unit).rounded(.up)))
        let most = max(least, Int((options.roomSize.upperBound / unit).rounded(.down)))
        for _ in 0..<40 {
            let edge = Double(least + most) / 2 * Double(count).squareRoot()
            let width = max(least, Int((edge * (0.8 + 0.4 * random.nextUnit())).rounded()))
            let depth = max(least, Int((edge * (0.8 + 0.4 * random.nextUnit())).rounded()))
            var cells = [(x: 0, z: 0, width: width, depth: depth, count: count)]
            var rooms: [(x: Int, z: Int, width: Int, depth: Int)] = []
            while let cell = cells.popLast() {
                guard cell.count > 1 else {
                    rooms.append((cell.x, cell.z, cell.width, cell.depth))
                    continue
                }
                let first = cell.count / 2 + (cell.count % 2) * random.nextIndex(below: 2)
                let splitsX = cell.width == cell.depth ? random.nextIndex(below: 2) == 0 : cell.width > cell.depth
                let length = splitsX ? cell.width : cell.depth
                let share = Double(first) / Double(cell.count) + (random.nextUnit() - 0.5) * 0.24
                let cut = min(max(Int((Double(length) * share).rounded()), 1), length - 1)
                guard cut > 0, cut < length else { break }
                if splitsX {
                    cells.append((cell.x, cell.z, cut, cell.depth, first))
                    cells.append((cell.x + cut, cell.z, cell.width - cut, cell.depth, cell.count - first))
                } else {
                    cells.append((cell.x, cell.z, cell.width, cut, first))
                    cells.append((cell.x, cell.z + cut, cell.width, cell.depth - cut, cell.count - first))
                }
            }
            let fits = rooms.allSatisfy { (least...most).contains($0.width) && (least...most).contains($0.depth) }
            guard fits, rooms.count == count else { continue }
            return placed(rooms.sorted { ($0.z, $0.x) < ($1.z, $1.x) })
        }
        // Side by side always fits.
        var rooms: [(x: Int, z: Int, width: Int, depth: Int)] = []
        let depth = random.pick(least...most)
        var x = 0
        for _ in 0..<count {
            let width = random.pick(least...most)
            rooms.append((x, 0, width, depth))
            x += width
        }
        return placed(rooms)
    }

    /// In metres, with the middle of the house at the origin.
    private static func placed(_ rooms: [(x: Int, z: Int, width: Int, depth: Int)]) -> [Rectangle] {
        let width = rooms.reduce(0) { max($0, $1.x + $1.width) }
        let depth = rooms.reduce(0) { max($0, $1.z + $1.depth) }
        let corner = SIMD2(Double(width), Double(depth)) * unit / 2
        return rooms.map { room in
            let low = SIMD2(Double(room.x), Double(room.z)) * unit - corner
            return Rectangle(minimum: low, maximum: low + SIMD2(Double(room.width), Double(room.depth)) * unit)
        }
    }

    /// Small rooms become bathrooms, large ones living rooms; none is repeated before all have been given out.
    private static func kinds(of outlines: [Rectangle], allowed: [RoomKind], random: inout SplitMix64) -> [String] {
        var kinds = [String](repeating: "", count: outlines.count)
        var pool: [RoomKind] = []
        let bySize = outlines.indices.sorted {
            let (a, b) = (outlines[$0].size, outlines[$1].size)
            return a.x * a.y != b.x * b.y ? a.x * a.y > b.x * b.y : $0 < $1
        }
        for room in bySize {
            if pool.isEmpty { pool = allowed }
            let area = outlines[room].size.x * outlines[room].size.y
            let weights = pool.map { $0.fitness(area: area, isOnly: outlines.count == 1) }
            let total = weights.reduce(0, +)
            var draw = random.nextUnit() * total
            var choice = pool.count - 1
            for (index, weight) in weights.enumerated() {
                draw -= weight
                if draw < 0 {
                    choice = index
                    break
                }
            }
            kinds[room] = pool.remove(at: choice).rawValue
        }
        return kinds
    }

    // MARK: Walls

    private static func sides(of outlines: [Rectangle]) -> [Side] {
        var sides: [Side] = []
        let low = outlines.reduce(outlines[0].minimum) { pointwiseMin($0, $1.minimum) }
        let high = outlines.reduce(outlines[0].maximum) { pointwiseMax($0, $1.maximum) }
        for (index, room) in outlines.enumerated() {
            // x and z in turn are the axis across the wall.
            for axis in 0..<2 {
                let along = 1 - axis
                let (from, to) = (room.minimum[along], room.maximum[along])
                if room.minimum[axis] == low[axis] {
                    sides.append(
                        Side(runsAlongX: axis == 1, line: low[axis], from: from, to: to, below: nil, above: index))
                }
                if room.maximum[axis] == high[axis] {
                    sides.append(
                        Side(runsAlongX: axis == 1, line: high[axis], from: from, to: to, below: index, above: nil))
                }
                for (other, neighbor) in outlines.enumerated() where neighbor.minimum[axis] == room.maximum[axis] {
                    let (start, end) = (max(from, neighbor.minimum[along]), min(to, neighbor.maximum[along]))
                    guard start < end else { continue }
                    sides.append(
                        Side(
                            runsAlongX: axis == 1, line: room.maximum[axis], from: start, to: end, below: index,
                            above: other))
                }
            }
        }
        return sides
    }

    /// Doors that connect all rooms, and now and then one more.
    private mutating func addDoors(_ random: inout SplitMix64) {
        var group = Array(outlines.indices)
        var inner = sides.indices.filter { sides[$0].below != nil && sides[$0].above != nil }
        random.shuffle(&inner)
        // A bathroom's door comes last, so that one need not walk through bathrooms.
        func isBath(_ side: Int) -> Bool {
            [sides[side].below, sides[side].above].contains { $0.map { kinds[$0] } == RoomKind.bathroom.rawValue }
        }
        for side in inner.filter({ !isBath($0) }) + inner.filter(isBath) {
            guard let below = sides[side].below, let above = sides[side].above else { continue }
            let joins = group[below] != group[above]
            guard joins || (!isBath(side) && random.nextUnit() < 0.2) else { continue }
            let old = group[above]
            for room in group.indices where group[room] == old { group[room] = group[below] }
            let length = sides[side].to - sides[side].from
            let room = length - Self.wallThickness - 0.2
            let width = min(room, (0.95 + 0.05 * Double(random.nextIndex(below: 6))))
            let slack = room - width
            let center = sides[side].from + Self.wallThickness / 2 + 0.1 + width / 2 + slack * random.nextUnit()
            // Rounding to centimetres must not push the door into the corner.
            let limit = Self.wallThickness / 2 + 0.05 + width / 2
            let rounded = (center * 100).rounded() / 100
            sides[side].door = (min(max(rounded, sides[side].from + limit), sides[side].to - limit), width)
        }
    }

    private mutating func addWindows(_ random: inout SplitMix64) {
        for index in sides.indices where sides[index].below == nil || sides[index].above == nil {
            let length = sides[index].to - sides[index].from
            guard length >= 2, random.nextUnit() < 0.65 else { continue }
            let width = min(length - 1, 1 + 0.1 * Double(random.nextIndex(below: 8)))
            sides[index].window = ((sides[index].from + sides[index].to) / 2, width)
        }
    }
}

/// What rooms are for.
public enum RoomKind: String, Sendable, CaseIterable {
    case kitchen
    case livingRoom = "living room"
    case bedroom
    case bathroom
    case study

    /// How well a floor of this many square metres suits.
    func fitness(area: Double, isOnly: Bool) -> Double {
        switch self {
        case .kitchen: area >= 9 ? 1 : 0.3
        case .livingRoom: area >= 14 ? 1.6 : 0.2
        case .bedroom: area >= 9 ? 1.1 : 0.3
        case .bathroom: isOnly ? 0.25 : area <= 11 ? 3 : area <= 16 ? 0.4 : 0.02
        case .study: area >= 9 && area <= 26 ? 0.8 : 0.2
        }
    }
}

extension SplitMix64 {
    mutating func pick(_ range: ClosedRange<Int>) -> Int { range.lowerBound + nextIndex(below: range.count) }

    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[nextIndex(below: choices.count)] }

    mutating func chance(_ share: Double) -> Bool { nextUnit() < share }

    /// Uniform in a range, in whole centimetres from its lower end.
    mutating func length(_ range: ClosedRange<Double>) -> Double {
        let steps = Int(((range.upperBound - range.lowerBound) * 100).rounded(.down))
        return range.lowerBound + Double(nextIndex(below: steps + 1)) / 100
    }

    mutating func shuffle<Element>(_ elements: inout [Element]) {
        for index in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(index, nextIndex(below: index + 1))
        }
    }
}
