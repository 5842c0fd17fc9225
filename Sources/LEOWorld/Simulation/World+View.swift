import Foundation
import LEOAction

/// A camera: where it is and what it takes in.
public struct WorldView: Sendable, Equatable {
    public var position: SIMD3<Double>
    /// Degrees about x, y and z; as in `Transform`.
    public var rotation: SIMD3<Double>
    /// Degrees, vertical.
    public var fieldOfView: Double
    public var width: Int
    public var height: Int

    public init(position: SIMD3<Double>, rotation: SIMD3<Double>, fieldOfView: Double, width: Int, height: Int) {
        (self.position, self.rotation, self.fieldOfView) = (position, rotation, fieldOfView)
        (self.width, self.height) = (width, height)
    }

    public var orientation: RotationMatrix { RotationMatrix(degrees: rotation) }

    /// For the renderer.
    public var camera: Camera { Camera(position: position, rotation: rotation, verticalFieldOfView: fieldOfView) }

    private var tangent: Double { tan(fieldOfView * .pi / 360) }

    /// The unit vector to an image point, in fractions of width and height from the upper left corner.
    public func direction(x: Double, y: Double) -> SIMD3<Double> {
        let up = (1 - 2 * y) * tangent
        let right = (2 * x - 1) * tangent * Double(width) / Double(height)
        let direction = orientation.apply(to: SIMD3(right, up, 1))
        return direction / (direction * direction).sum().squareRoot()
    }

    /// Where a point appears, in fractions from the upper left corner; nil behind the camera and outside the image.
    public func project(_ point: SIMD3<Double>) -> SIMD2<Double>? {
        let local = orientation.inverseApply(to: point - position)
        guard local.z > 0.01 else { return nil }
        let x = local.x / (local.z * tangent * Double(width) / Double(height)), y = local.y / (local.z * tangent)
        guard abs(x) <= 1, abs(y) <= 1 else { return nil }
        return SIMD2((x + 1) / 2, (1 - y) / 2)
    }
}

/// What a ray meets.
public struct RayHit: Sendable, Equatable {
    public enum Target: Sendable, Equatable {
        case instance(Int)
        case wall(Int)
        case floor(Int)
    }

    public var target: Target
    public var distance: Double
    public var point: SIMD3<Double>
}

extension World {
    public var agentView: WorldView {
        WorldView(
            position: agent.position + SIMD3(0, WorldRules.agentEyes, 0), rotation: SIMD3(agent.pitch, agent.yaw, 0),
            fieldOfView: settings.fieldOfView, width: settings.width, height: settings.height)
    }

    public var playerView: WorldView {
        WorldView(
            position: player.position + SIMD3(0, WorldRules.playerEyes, 0), rotation: SIMD3(player.pitch, player.yaw, 0),
            fieldOfView: settings.fieldOfView, width: settings.width, height: settings.height)
    }

    /// What a ray meets first within `limit` of its lengths: triangles of instances, walls with their holes, floors and
    /// ceilings. Held and hidden things and people are looked through.
    public func castRay(_ ray: Ray, limit: Double = .infinity) -> RayHit? {
        castRay(ray, limit: limit, ignoring: { _ in false })
    }

    func castRay(_ ray: Ray, limit: Double, ignoring ignored: (Int) -> Bool) -> RayHit? {
        var nearest = limit
        var target: RayHit.Target?
        for (index, wall) in scene.walls.enumerated() {
            if let distance = Self.hit(ray, box: wall.size, in: wall.transform, parts: wallBoxes[index], limit: nearest) {
                (nearest, target) = (distance, .wall(index))
            }
        }
        for (index, floor) in scene.floors.enumerated() {
            if let distance = Self.hit(ray, box: floor.size, in: floor.transform, parts: [], limit: nearest) {
                (nearest, target) = (distance, .floor(index))
            }
        }
        for index in transforms.indices where !hidden[index] && !ignored(index) {
            if let distance = hit(ray, instance: index, limit: nearest), !isHeld(index) {
                (nearest, target) = (distance, .instance(index))
            }
        }
        return target.map { RayHit(target: $0, distance: nearest, point: ray.point(at: nearest)) }
    }

    private func hit(_ ray: Ray, instance index: Int, limit: Double) -> Double? {
        let transform = transforms[index], model = scene.instances[index].model
        // A sphere around the box, before the frame is turned.
        let toCenter = transform.position - ray.origin
        let size = model.size * transform.scale
        let radius2 = (size * size).sum() / 4
        let length2 = (ray.direction * ray.direction).sum()
        let along = (toCenter * ray.direction).sum() / length2
        let nearest = toCenter - ray.direction * along
        guard (nearest * nearest).sum() <= radius2 * 1.0001 else { return nil }
        let rotation = transform.orientation
        let local = Ray(
            origin: rotation.inverseApply(to: ray.origin - transform.position) / transform.scale,
            direction: rotation.inverseApply(to: ray.direction) / transform.scale)
        let half = model.size * 0.50001
        guard local.entry(into: -half, half, inverse: SIMD3.one / local.direction, limit: limit) != nil else { return nil }
        return shapes.shape(of: model).hit(local, limit: limit)
    }

    private static func hit(
        _ ray: Ray, box size: SIMD3<Double>, in transform: Transform, parts: [Box], limit: Double
    ) -> Double? {
        let rotation = transform.orientation
        let local = Ray(
            origin: rotation.inverseApply(to: ray.origin - transform.position) / transform.scale,
            direction: rotation.inverseApply(to: ray.direction) / transform.scale)
        let inverse = SIMD3.one / local.direction
        let half = size / 2
        guard let enter = local.entry(into: -half, half, inverse: inverse, limit: limit), enter > 0 else { return nil }
        guard parts.count > 1 else { return enter }
        // A ray may enter through a hole and meet the wall inside it: the boxes between the holes say where.
        var nearest: Double?
        for box in parts {
            if let distance = local.entry(into: box.minimum, box.maximum, inverse: inverse, limit: nearest ?? limit) {
                nearest = distance
            }
        }
        return nearest
    }

    // MARK: What is seen

    /// Whether any of 96 points spread over an instance's surface lies in the view with nothing before it. Held and
    /// hidden things are not in view.
    public func isInView(_ index: Int, of view: WorldView) -> Bool {
        guard transforms.indices.contains(index), !hidden[index], !isHeld(index) else { return false }
        let transform = transforms[index]
        let rotation = transform.orientation
        for sample in shapes.shape(of: scene.instances[index].model).samples {
            let point = rotation.apply(to: sample * transform.scale) + transform.position
            guard view.project(point) != nil else { continue }
            let ray = Ray(origin: view.position, direction: point - view.position)
            // Direction and length lead to the point itself, so 1 is there.
            guard let hit = castRay(ray, limit: 1.001) else { return true }
            if hit.target == .instance(index) { return true }
        }
        return false
    }

    /// Whether the agent sees an instance.
    public func isInView(_ index: Int) -> Bool { isInView(index, of: agentView) }

    /// Instances in a view, ascending.
    public func instancesInView(of view: WorldView) -> [Int] { transforms.indices.filter { isInView($0, of: view) } }

    /// The instance in the middle of a view, nil for none.
    public func instanceAtCenter(of view: WorldView) -> Int? {
        let hit = castRay(Ray(origin: view.position, direction: view.direction(x: 0.5, y: 0.5)))
        if case .instance(let index) = hit?.target { return index }
        return nil
    }

    // MARK: What stands where

    /// What each instance stands on or in, in order; from surfaces that hold things inside it is in.
    public var relations: [LEGENTAPIReturns.Relation] {
        parents.indices.map { index in
            guard let parent = parents[index] else { return LEGENTAPIReturns.Relation() }
            let surfaces = scene.instances[parent].model.surfaces
            let isInside = parentSurfaces[index].map { surfaces.indices.contains($0) && surfaces[$0].isInside } ?? false
            return isInside ? LEGENTAPIReturns.Relation(inWhat: parent) : LEGENTAPIReturns.Relation(onWhat: parent)
        }
    }
}
