import Foundation
import LEOAction
import LEOScene

/// A table that pick and place change.
///
/// A suction gripper takes the topmost object under the pick point and what stands on it, and sets it down so that the
/// point it was held by comes to the place point, turned by the difference of the two rotations. What is let go falls: on
/// the topmost object under its middle, into a bowl, or on the table. Where it would stand in something else it slides to
/// the nearest spot where it does not. Nothing leaves the table.
public struct TabletopWorld: Sendable {
    public let scene: TabletopScene
    /// Where things are now.
    public private(set) var objects: [TabletopScene.Object]
    /// What each object stands on or in, nil for the table.
    public private(set) var supports: [Int?]
    /// Actions carried out.
    public private(set) var stepCount = 0

    public init(_ scene: TabletopScene) {
        self.scene = scene
        objects = scene.objects
        supports = Array(repeating: nil, count: scene.objects.count)
    }

    /// What came of an action.
    public enum Outcome: Sendable, Equatable {
        /// Nothing was under the gripper.
        case missed
        case moved(object: Int, onto: Int?)
    }

    // MARK: Acting

    /// Picks and places by the cells of CLIPort's tokens.
    @discardableResult
    public mutating func apply(_ action: CLIPortAction) -> Outcome {
        apply(pick: action.pick.pose(), place: action.place.pose())
    }

    /// Picks at one pose and places at another. Heights do not matter; x and y are cut to the table, and what is no number
    /// counts as the lower corner.
    @discardableResult
    public mutating func apply(pick: CLIPortPose, place: CLIPortPose) -> Outcome {
        stepCount += 1
        let from = Self.onTable(pick.position), to = Self.onTable(place.position)
        guard let object = topmost(at: from) else { return .missed }
        let turn = Self.yaw(of: place.orientation) - Self.yaw(of: pick.orientation)
        let family = withDescendants(object)
        let base = objects[object].position
        // The point of suction comes to the place.
        let held = Self.rotated(SIMD2(base.x, base.y) - from, by: turn)
        let before = objects
        objects[object].rotation = Self.normalized(objects[object].rotation + turn)
        let rest = rest(of: object, at: to + held, carrying: family)
        objects[object].position = rest.position
        supports[object] = rest.support
        for each in family.dropFirst() {
            let local = before[each].position - base
            let moved = Self.rotated(SIMD2(local.x, local.y), by: turn)
            objects[each].position = rest.position + SIMD3(moved.x, moved.y, local.z)
            objects[each].rotation = Self.normalized(before[each].rotation + turn)
        }
        return .moved(object: object, onto: rest.support)
    }

    // MARK: The task

    /// Whether an object stands where a step wants it: right on its target, in a bowl on what lies in it too.
    public func isDone(_ step: TabletopScene.Step) -> Bool {
        if supports[step.object] == step.target { return true }
        return objects[step.target].shape == .bowl && isBelow(step.target, supports[step.object])
    }

    /// Number of the first steps of the task whose objects stand where they belong.
    public var completedSteps: Int { scene.steps.prefix { isDone($0) }.count }

    /// Whether every object of the task stands where it belongs.
    public var isDone: Bool { scene.steps.allSatisfy { isDone($0) } }

    /// What the robot is told now: the first step that is not done, the goal after the last.
    public var instruction: String {
        scene.steps.first { !isDone($0) }?.instruction ?? scene.goal
    }

    /// The poses that carry out the next step, nil when all are done.
    public var expertPoses: (pick: CLIPortPose, place: CLIPortPose)? {
        guard let step = scene.steps.first(where: { !isDone($0) }) else { return nil }
        func pose(_ index: Int) -> CLIPortPose {
            let object = objects[index]
            let top = object.position + SIMD3(0, 0, object.shape.size.z)
            return CLIPortPose(position: top, orientation: SIMD4(0, 0, sin(object.rotation / 2), cos(object.rotation / 2)))
        }
        // A block of its own symmetry need not turn; it keeps its rotation.
        var place = pose(step.target)
        let pick = pose(step.object)
        place.orientation = pick.orientation
        return (pick, place)
    }

    /// The next step in CLIPort's cells, nil when all are done.
    public var expertAction: CLIPortAction? {
        guard let poses = expertPoses, let pick = try? CLIPortCell(poses.pick), let place = try? CLIPortCell(poses.place) else {
            return nil
        }
        return CLIPortAction(pick: pick, place: place)
    }

    // MARK: Falling

    /// Where an object comes to rest that is let go with its middle over a point.
    private func rest(of index: Int, at target: SIMD2<Double>, carrying family: [Int]) -> (position: SIMD3<Double>, support: Int?) {
        let shape = objects[index].shape
        // What stands on it may reach farther out than it does itself.
        let margin = family.map { each in
            let offset = objects[each].position - objects[index].position
            return (offset.x * offset.x + offset.y * offset.y).squareRoot() + objects[each].shape.size.x / 2
        }.max() ?? 0
        let aim = Self.inside(target, margin: margin)
        for offset in Self.spiral {
            let point = aim + offset
            guard Self.inside(point, margin: margin) == point else { continue }
            let support = topmost(at: point, except: family)
            // Only blocks stand on or in anything; and a bowl or a tile needs the table.
            guard support == nil || shape == .block else { continue }
            var center = point
            if let support, objects[support].shape == .bowl { center = settled(point, in: support) }
            let height = support.map { objects[$0].position.z + objects[$0].shape.restHeight } ?? 0
            let position = SIMD3(center.x, center.y, height)
            if isFree(index, at: position, support: support, except: family) { return (position, support) }
        }
        // The table is larger than all that is ever on it, so this is where nothing was found in a metre around.
        return (SIMD3(objects[index].position.x, objects[index].position.y, 0), nil)
    }

    /// Blocks in a bowl slide down its wall until they stand on its floor.
    private func settled(_ point: SIMD2<Double>, in bowl: Int) -> SIMD2<Double> {
        let center = SIMD2(objects[bowl].position.x, objects[bowl].position.y)
        let room = objects[bowl].shape.size.x / 2 * 0.5
        let offset = point - center
        let distance = (offset * offset).sum().squareRoot()
        return distance <= room ? point : center + offset / distance * room
    }

    private func isFree(_ index: Int, at position: SIMD3<Double>, support: Int?, except family: [Int]) -> Bool {
        var moved = objects[index]
        moved.position = position
        let here = Self.footprint(of: moved)
        let top = position.z + moved.shape.size.z
        for (other, object) in objects.enumerated() where !family.contains(other) && other != support {
            // What holds the support stands below it.
            if isBelow(other, support) { continue }
            guard position.z < object.position.z + object.shape.size.z - 1e-6, object.position.z < top - 1e-6 else { continue }
            if here.overlaps(Self.footprint(of: object)) { return false }
        }
        return true
    }

    private func isBelow(_ index: Int, _ support: Int?) -> Bool {
        var current = support
        while let object = current {
            if object == index { return true }
            current = supports[object]
        }
        return false
    }

    // MARK: Geometry

    /// The highest object over a point of the table, nil for none.
    public func topmost(at point: SIMD2<Double>) -> Int? { topmost(at: point, except: []) }

    private func topmost(at point: SIMD2<Double>, except family: [Int]) -> Int? {
        var best: (height: Double, index: Int)?
        for (index, object) in objects.enumerated() where !family.contains(index) {
            guard let height = Self.height(of: object, at: point), height > best?.height ?? -1 else { continue }
            best = (height, index)
        }
        return best?.index
    }

    /// Height of an object's surface over a point, nil beside it.
    static func height(of object: TabletopScene.Object, at point: SIMD2<Double>) -> Double? {
        if object.shape == .bowl {
            let offset = point - SIMD2(object.position.x, object.position.y)
            let share = (offset * offset).sum().squareRoot() / (object.shape.size.x / 2)
            guard share <= 1 else { return nil }
            // The inside of the shape that is drawn: flat to half the radius, then rising to the rim.
            let wall = object.shape.size.z - object.shape.restHeight
            let rise = share <= 0.5 ? 0 : min((share - 0.5) / 0.43, 1)
            return object.position.z + object.shape.restHeight + wall * rise
        }
        return footprint(of: object).distance(to: point) <= 0 ? object.position.z + object.shape.size.z : nil
    }

    private static func footprint(of object: TabletopScene.Object) -> Footprint {
        let center = SIMD2(object.position.x, object.position.y)
        let half = SIMD2(object.shape.size.x, object.shape.size.y) / 2
        return Footprint(center: center, axis: SIMD2(cos(object.rotation), sin(object.rotation)), half: half)
    }

    private func withDescendants(_ index: Int) -> [Int] {
        var all = [index]
        var next = 0
        while next < all.count {
            for child in supports.indices where supports[child] == all[next] { all.append(child) }
            next += 1
        }
        return all
    }

    private static func onTable(_ position: SIMD3<Double>) -> SIMD2<Double> {
        func cut(_ value: Double, _ range: ClosedRange<Double>) -> Double {
            value.isNaN ? range.lowerBound : min(max(value, range.lowerBound), range.upperBound)
        }
        return SIMD2(cut(position.x, TabletopScene.xBounds), cut(position.y, TabletopScene.yBounds))
    }

    private static func inside(_ point: SIMD2<Double>, margin: Double) -> SIMD2<Double> {
        let margin = min(margin, (TabletopScene.xBounds.upperBound - TabletopScene.xBounds.lowerBound) / 2)
        let low = SIMD2(TabletopScene.xBounds.lowerBound + margin, TabletopScene.yBounds.lowerBound + margin)
        let high = SIMD2(TabletopScene.xBounds.upperBound - margin, TabletopScene.yBounds.upperBound - margin)
        return point.clamped(lowerBound: low, upperBound: high)
    }

    /// Radians about z; quaternions x, y, z, w of any length, zero and what is no number count as no rotation.
    private static func yaw(of q: SIMD4<Double>) -> Double {
        let yaw = atan2(2 * (q.w * q.z + q.x * q.y), q.w * q.w + q.x * q.x - q.y * q.y - q.z * q.z)
        return yaw.isFinite ? yaw : 0
    }

    private static func normalized(_ angle: Double) -> Double { angle.remainder(dividingBy: 2 * .pi) }

    private static func rotated(_ vector: SIMD2<Double>, by angle: Double) -> SIMD2<Double> {
        let (s, c) = (sin(angle), cos(angle))
        return SIMD2(c * vector.x - s * vector.y, s * vector.x + c * vector.y)
    }

    /// Offsets of a grid of 1 cm, nearest first, as far as the table goes.
    private static let spiral: [SIMD2<Double>] = (-100...100).flatMap { x in
        (-100...100).map { SIMD2(Double(x), Double($0)) * 0.01 }
    }.sorted { a, b in
        let (first, second) = ((a * a).sum(), (b * b).sum())
        return first != second ? first < second : (a.x, a.y) < (b.x, b.y)
    }
}

/// The table from straight above, as CLIPort's agents see it: [320, 160] pixels of 3.125 mm, u along y slowest, v along x.
public struct TabletopView: Sendable {
    /// 160 wide, 320 high: row u, column v.
    public var color: Image
    /// Metres above the table.
    public var heights: [Double]
    /// Index of the object in each pixel, -1 for the table.
    public var segments: [Int32]

    /// Metres per pixel.
    public static let pixel = 0.003125

    /// For `CLIPortCell.pose`.
    public var heightMap: CLIPortHeightMap? { try? CLIPortHeightMap(heights) }
}

extension TabletopWorld {
    /// Middle of a pixel, CLIPort's (x, y).
    public static func point(u: Int, v: Int) -> SIMD2<Double> {
        SIMD2(
            TabletopScene.xBounds.lowerBound + (Double(v) + 0.5) * TabletopView.pixel,
            TabletopScene.yBounds.lowerBound + (Double(u) + 0.5) * TabletopView.pixel)
    }

    /// The table as it is now. Colours are the objects' own, darker where the surface leans.
    public func view() -> TabletopView {
        let (rows, columns) = (CLIPortCell.uCount, CLIPortCell.vCount)
        var heights = [Double](repeating: 0, count: rows * columns)
        var segments = [Int32](repeating: -1, count: rows * columns)
        for (index, object) in objects.enumerated() {
            let reach = (object.shape.size.x * object.shape.size.x + object.shape.size.y * object.shape.size.y).squareRoot() / 2
            func span(_ middle: Double, _ low: Double, _ count: Int) -> Range<Int> {
                let from = max(Int(((middle - reach - low) / TabletopView.pixel).rounded(.down)), 0)
                let to = min(Int(((middle + reach - low) / TabletopView.pixel).rounded(.up)), count)
                return from..<max(from, to)
            }
            for u in span(object.position.y, TabletopScene.yBounds.lowerBound, rows) {
                for v in span(object.position.x, TabletopScene.xBounds.lowerBound, columns) {
                    let pixel = u * columns + v
                    guard let height = Self.height(of: object, at: Self.point(u: u, v: v)), height > heights[pixel] else { continue }
                    heights[pixel] = height
                    segments[pixel] = Int32(index)
                }
            }
        }
        var bytes = [UInt8](repeating: 0, count: rows * columns * 3)
        for pixel in heights.indices {
            let segment = Int(segments[pixel])
            let color = segment < 0 ? SIMD3<Float>(repeating: 0.2) : objects[segment].color
            // Walls of bowls are between floor and rim.
            let isWall = segment >= 0 && objects[segment].shape == .bowl
                && heights[pixel] < objects[segment].position.z + objects[segment].shape.size.z - 1e-9
                && heights[pixel] > objects[segment].position.z + objects[segment].shape.restHeight + 1e-9
            let lit = color * (isWall ? 0.8 : 1) * 255
            for channel in 0..<3 { bytes[pixel * 3 + channel] = UInt8(min(max(lit[channel].rounded(), 0), 255)) }
        }
        return TabletopView(color: Image(width: columns, height: rows, pixels: bytes), heights: heights, segments: segments)
    }
}
