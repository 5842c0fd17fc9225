/// How a point cloud is divided into objects.
public struct SceneOptions: Sendable {
    public enum Division: Sendable {
        /// By instance ids where the cloud has them, else by clusters.
        case automatic
        /// By instance ids; an error where there are none.
        case labels
        /// By taking planes away and clustering what is left.
        case clusters
        /// All points are one object, with id 1: scans of a single thing.
        case whole
    }

    public var division: Division
    /// The property that holds instance ids; nil takes the first of `defaultInstanceProperties` that the cloud has.
    public var instanceProperty: String?
    /// Ids that are no objects, such as floor and walls. Ids of 0 and less always mean "unlabelled".
    public var excludedIDs: Set<Int>
    /// Ids to keep even when there are more objects than `maximumObjects` and these are not among the largest.
    public var requiredIDs: Set<Int>
    /// LEO has 60 object slots.
    public var maximumObjects: Int
    /// Smaller objects are left out.
    public var minimumPoints: Int
    public var clustering: ClusteringOptions

    public init(
        division: Division = .automatic, instanceProperty: String? = nil, excludedIDs: Set<Int> = [],
        requiredIDs: Set<Int> = [], maximumObjects: Int = 60, minimumPoints: Int = 1,
        clustering: ClusteringOptions = ClusteringOptions()
    ) {
        self.division = division
        self.instanceProperty = instanceProperty
        self.excludedIDs = excludedIDs
        self.requiredIDs = requiredIDs
        self.maximumObjects = maximumObjects
        self.minimumPoints = minimumPoints
        self.clustering = clustering
    }

    /// Names under which scans keep instance ids, most specific first.
    public static let defaultInstanceProperties = [
        "instance", "instance_id", "instanceid", "instanceId", "object", "object_id", "objectid", "objectId", "segment",
        "segment_id", "label",
    ]
}

/// How a cloud without labels is divided. Lengths are metres.
public struct ClusteringOptions: Sendable {
    /// Points closer than this belong together. Nil takes a fiftieth of the diagonal of the cloud, at least 2 and at most
    /// 5 centimetres: things on a desk stand closer than things in a room, and are seen from nearer.
    public var tolerance: Double?
    /// Smaller clusters are noise.
    public var minimumPoints: Int
    /// Half the thickness of a plane. Nil takes two fifths of the tolerance.
    public var planeDistance: Double?
    /// A plane with at least this share of the scene's surface, in one piece, is floor, wall, ceiling or table top, and is
    /// taken away.
    public var minimumPlaneShare: Double
    public var maximumPlanes: Int
    /// Seed of the plane search. The same seed and cloud give the same objects.
    public var seed: UInt64

    public init(
        tolerance: Double? = nil, minimumPoints: Int = 100, planeDistance: Double? = nil,
        minimumPlaneShare: Double = 0.1,
        maximumPlanes: Int = 8, seed: UInt64 = 1
    ) {
        self.tolerance = tolerance
        self.minimumPoints = minimumPoints
        self.planeDistance = planeDistance
        self.minimumPlaneShare = minimumPlaneShare
        self.maximumPlanes = maximumPlanes
        self.seed = seed
    }

    /// The tolerance for a cloud of this size.
    func tolerance(for bounds: Bounds) -> Double {
        let size = bounds.size
        return tolerance ?? min(max((size * size).sum().squareRoot() / 50, 0.02), 0.05)
    }
}
