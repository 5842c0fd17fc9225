import LEOScene

/// A rendered view: colours, depths and what is seen at every pixel, row by row from the top.
///
/// A frame can be passed to the renderer again and again; it keeps its memory as long as nobody else holds its arrays.
public struct Frame: Sendable, Equatable {
    public internal(set) var width = 0
    public internal(set) var height = 0
    /// Red, green, blue of every pixel: 3 * `width` * `height` bytes.
    public internal(set) var pixels: [UInt8] = []
    /// Metres along the view axis; infinite where nothing is seen.
    public internal(set) var depth: [Float] = []
    /// Index of the instance, or a code of `SurfaceCode`.
    public internal(set) var ids: [Int32] = []

    public init() {}

    /// The colours as a picture. The frame must have been rendered.
    public var image: Image { Image(width: width, height: height, pixels: pixels) }

    /// Index of the instance at a pixel; nil for walls, floors, avatars and nothing.
    public func instance(x: Int, y: Int) -> Int? {
        precondition(x >= 0 && x < width && y >= 0 && y < height, "pixel outside the frame")
        let id = ids[y * width + x]
        return id >= 0 ? Int(id) : nil
    }

    /// Indices of the instances that cover at least `minimumPixels` pixels, in ascending order.
    public func visibleInstances(minimumPixels: Int = 1) -> [Int] {
        var counts: [Int32: Int] = [:]
        for id in ids where id >= 0 { counts[id, default: 0] += 1 }
        return counts.filter { $0.value >= minimumPixels }.keys.map(Int.init).sorted()
    }
}

/// The ids of what is no instance. Walls, floors and ceilings count down from their code by their index in the scene.
public enum SurfaceCode {
    public static let nothing: Int32 = -1
    public static let player: Int32 = -2
    public static let agent: Int32 = -3
    public static let firstWall: Int32 = -1_000_000
    public static let firstFloor: Int32 = -2_000_000
    public static let firstCeiling: Int32 = -3_000_000

    /// What an id of a frame or a scan stands for.
    public enum Meaning: Sendable, Equatable {
        case nothing, player, agent
        case instance(Int)
        case wall(Int)
        case floor(Int)
        /// Index among the scene's floors.
        case ceiling(Int)
    }

    public static func meaning(of id: Int32) -> Meaning {
        switch id {
        case 0...: .instance(Int(id))
        case player: .player
        case agent: .agent
        case ...firstCeiling: .ceiling(Int(firstCeiling) - Int(id))
        case ...firstFloor: .floor(Int(firstFloor) - Int(id))
        case ...firstWall: .wall(Int(firstWall) - Int(id))
        default: .nothing
        }
    }
}
