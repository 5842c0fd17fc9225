import Foundation

/// A pinhole camera in the world's frame. At rotation zero it looks along +z, with +x to the right and +y up.
public struct Camera: Sendable, Equatable {
    /// Metres.
    public var position: SIMD3<Double>
    /// Degrees about x (positive looks down), y (positive turns right) and z, as in `Transform`.
    public var rotation: SIMD3<Double>
    /// Angle between the top and the bottom edge of the picture, in degrees, above 0 and below 180.
    public var verticalFieldOfView: Double
    /// Metres along the view axis; what is nearer is cut away.
    public var near: Double

    public init(
        position: SIMD3<Double> = .zero, rotation: SIMD3<Double> = .zero, verticalFieldOfView: Double = 90, near: Double = 0.02
    ) {
        self.position = position
        self.rotation = rotation
        self.verticalFieldOfView = verticalFieldOfView
        self.near = near
    }

    public init(_ transform: Transform, verticalFieldOfView: Double = 90) {
        self.init(position: transform.position, rotation: transform.rotation, verticalFieldOfView: verticalFieldOfView)
    }

    /// Pixels by which a slope of 1 moves the image of a point, for pictures of this height.
    public func focalLength(height: Int) -> Double {
        Double(height) / 2 / tan(verticalFieldOfView * .pi / 360)
    }

    /// The world point seen at an image position at a depth along the view axis. Pixel (0, 0) spans 0...1 in both
    /// directions, so its middle is (0.5, 0.5).
    public func unproject(x: Double, y: Double, depth: Double, width: Int, height: Int) -> SIMD3<Double> {
        let focal = focalLength(height: height)
        let local = SIMD3(
            (x - Double(width) / 2) * depth / focal, (Double(height) / 2 - y) * depth / focal, depth)
        return RotationMatrix(degrees: rotation).apply(to: local) + position
    }

    /// Image position and depth of a world point, or nil where it lies in front of the near plane or behind the camera.
    public func project(_ point: SIMD3<Double>, width: Int, height: Int) -> (x: Double, y: Double, depth: Double)? {
        let local = RotationMatrix(degrees: rotation).inverseApply(to: point - position)
        guard local.z >= near else { return nil }
        let focal = focalLength(height: height)
        return (Double(width) / 2 + local.x / local.z * focal, Double(height) / 2 - local.y / local.z * focal, local.z)
    }

    /// The same camera turned towards a point, without roll. At the point itself it stays as it is.
    public func looking(at point: SIMD3<Double>) -> Camera {
        let offset = point - position
        let ground = (offset.x * offset.x + offset.z * offset.z).squareRoot()
        guard ground > 0 || offset.y != 0 else { return self }
        var camera = self
        camera.rotation = SIMD3(atan2(-offset.y, ground), ground > 0 ? atan2(offset.x, offset.z) : 0, 0) * (180 / .pi)
        return camera
    }

    func validate() throws(RenderError) {
        for value in [position.x, position.y, position.z, rotation.x, rotation.y, rotation.z]
        where !(abs(value) <= RenderScene.limit) {
            throw .invalidCamera(field: "position and rotation", reason: "\(value) is no place or angle")
        }
        guard verticalFieldOfView >= 0.01, verticalFieldOfView <= 179.9 else {
            throw .invalidCamera(
                field: "verticalFieldOfView", reason: "\(verticalFieldOfView) degrees, expected 0.01 to 179.9")
        }
        guard near >= 1e-4, near <= 1e4 else {
            throw .invalidCamera(field: "near", reason: "\(near) metres, expected 0.0001 to 10000")
        }
    }
}

/// Why a picture of the world cannot be made.
public enum RenderError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalidCamera(field: String, reason: String)
    case invalidSize(width: Int, height: Int, reason: String)
    case invalidOption(name: String, reason: String)

    public var description: String {
        switch self {
        case .invalidCamera(let field, let reason): "camera: \(field): \(reason)"
        case .invalidSize(let width, let height, let reason): "\(width) x \(height) pixels: \(reason)"
        case .invalidOption(let name, let reason): "\(name): \(reason)"
        }
    }
}
