import LEOTensor

extension Scene {
    /// Divides a cloud into objects, by its instance ids or, without ids, by clustering. Invalid points are left out.
    ///
    /// Labelled objects come in ascending order of id, clusters in descending order of size. Of more objects than
    /// `maximumObjects` the required and then the largest stay, and a notice says so.
    ///
    /// - Throws: `.unusable` where no point is valid or no object is left, `.unknownProperty`, `.unknownObject` for a
    ///   required id that does not occur, `.malformed` for ids that are no whole numbers, `.invalidOption`
    public init(_ cloud: PointCloud, options: SceneOptions = SceneOptions()) throws(SceneError) {
        try options.validate()
        guard cloud.invalidCount < cloud.count else {
            throw .unusable(file: cloud.source, field: "points", reason: "no point has finite coordinates")
        }
        // Points are numbered in 32 bits from here on.
        guard cloud.count <= Int(Int32.max) else {
            throw .unusable(file: cloud.source, field: "points", reason: "\(cloud.count) are more than can be divided")
        }
        var notices = cloud.notices
        if cloud.colors == nil { notices.append("\(cloud.source): no colours; the points are taken as mid-grey") }

        var groups: PointGroups
        switch options.division {
        case .whole: groups = PointGroups(everyPointOf: cloud)
        case .clusters: groups = PointGroups(clustersOf: cloud, options.clustering, &notices)
        case .labels:
            guard let ids = try cloud.instanceIDs(property: options.instanceProperty) else {
                throw .unknownProperty(
                    file: cloud.source, name: SceneOptions.defaultInstanceProperties[0],
                    available: cloud.properties.map(\.name))
            }
            groups = PointGroups(ids: ids, cloud)
        case .automatic:
            if let ids = try cloud.instanceIDs(property: options.instanceProperty) {
                groups = PointGroups(ids: ids, cloud)
            } else {
                groups = PointGroups(clustersOf: cloud, options.clustering, &notices)
            }
        }
        groups.groups.removeAll { options.excludedIDs.contains($0.id) || $0.count < options.minimumPoints }
        for id in options.requiredIDs.sorted() where !groups.groups.contains(where: { $0.id == id }) {
            throw .unknownObject(file: cloud.source, id: id)
        }
        guard !groups.groups.isEmpty else {
            throw .unusable(
                file: cloud.source, field: "objects", reason: "no object is left: every point is unlabelled or excluded"
            )
        }
        if groups.groups.count > options.maximumObjects {
            notices.append(
                groups.keepLargest(options.maximumObjects, required: options.requiredIDs, source: cloud.source))
        }
        self.init(
            source: cloud.source, objects: groups.objects(of: cloud), bounds: Bounds(of: cloud.coordinates),
            notices: notices)
    }
}

extension SceneOptions {
    fileprivate func validate() throws(SceneError) {
        func require(_ condition: Bool, _ name: String, _ reason: String) throws(SceneError) {
            if !condition { throw .invalidOption(name: name, reason: reason) }
        }
        try require(maximumObjects >= 1, "maximumObjects", "\(maximumObjects), expected at least 1")
        try require(
            requiredIDs.count <= maximumObjects, "requiredIDs", "\(requiredIDs.count) ids for \(maximumObjects) objects"
        )
        if let tolerance = clustering.tolerance {
            try require(tolerance > 0 && tolerance.isFinite, "tolerance", "\(tolerance), expected metres above 0")
        }
        if let distance = clustering.planeDistance {
            try require(distance >= 0 && distance.isFinite, "planeDistance", "\(distance), expected metres")
        }
        try require(
            clustering.minimumPlaneShare > 0 && clustering.minimumPlaneShare <= 1, "minimumPlaneShare",
            "\(clustering.minimumPlaneShare), expected above 0, at most 1")
    }
}

extension PointCloud {
    /// The instance id of every point, or nil where the cloud has no such property.
    ///
    /// - Parameter property: its name; nil takes the first of `SceneOptions.defaultInstanceProperties` that is there
    /// - Throws: `.unknownProperty` for a name that is not there, `.malformed` where ids are no whole numbers
    public func instanceIDs(property name: String? = nil) throws(SceneError) -> [Int]? {
        guard let found = try instanceProperty(name) else { return nil }
        guard found.values.elementType.isFloatingPoint else { return found.values.integers() }
        // NumPy arrays keep ids in the element type of the coordinates.
        var ids: [Int] = []
        ids.reserveCapacity(count)
        for (index, value) in found.doubles().enumerated() {
            guard let id = Int(exactly: value) else {
                throw .malformed(
                    file: source, field: "point \(index), \(found.name)",
                    reason: "\(value) is no instance id: not a whole number")
            }
            ids.append(id)
        }
        return ids
    }

    private func instanceProperty(_ name: String?) throws(SceneError) -> PointProperty? {
        guard let name else {
            return SceneOptions.defaultInstanceProperties.lazy.compactMap { self.property(named: $0) }.first
        }
        guard let found = property(named: name) else {
            throw .unknownProperty(file: source, name: name, available: properties.map(\.name))
        }
        return found
    }
}

extension PointProperty {
    fileprivate func doubles() -> [Double] {
        guard values.elementType == .f64 else { return values.floats().map(Double.init) }
        return values.withBytes { bytes in
            (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
        }
    }
}

/// Which points make up which object: lists of point indices, one behind the other.
struct PointGroups {
    struct Group {
        let id: Int
        var range: Range<Int>
        var count: Int { range.count }
    }

    var groups: [Group]
    private let indices: [Int32]

    init(everyPointOf cloud: PointCloud) {
        indices = (0..<cloud.count).filter(cloud.isValid).map(Int32.init)
        groups = [Group(id: 1, range: 0..<indices.count)]
    }

    /// Groups by instance id in ascending order. Ids of 0 and less, and invalid points, belong to none.
    init(ids: [Int], _ cloud: PointCloud) {
        var groupOfID: [Int: Int] = [:]
        var idOfGroup: [Int] = []
        var previous: (id: Int, group: Int32) = (0, -1)
        let groupOfPoint = (0..<cloud.count).map { index -> Int32 in
            let id = ids[index]
            guard id > 0, cloud.isValid(index) else { return -1 }
            // Neighbouring points mostly share their id.
            if id == previous.id { return previous.group }
            let group = groupOfID[id] ?? idOfGroup.count
            if group == idOfGroup.count {
                groupOfID[id] = group
                idOfGroup.append(id)
            }
            previous = (id, Int32(group))
            return previous.group
        }
        self.init(groupOfPoint: groupOfPoint, ids: idOfGroup)
        groups.sort { $0.id < $1.id }
    }

    /// - Parameter groupOfPoint: an index into `ids`, or -1, for every point
    init(groupOfPoint: [Int32], ids: [Int]) {
        var starts = [Int](repeating: 0, count: ids.count + 1)
        for group in groupOfPoint where group >= 0 { starts[Int(group) + 1] += 1 }
        for group in ids.indices { starts[group + 1] += starts[group] }
        groups = ids.indices.map { Group(id: ids[$0], range: starts[$0]..<starts[$0 + 1]) }
        var next = starts
        var indices = [Int32](repeating: 0, count: starts[ids.count])
        for (point, group) in groupOfPoint.enumerated() where group >= 0 {
            indices[next[Int(group)]] = Int32(point)
            next[Int(group)] += 1
        }
        self.indices = indices
    }

    /// Keeps the required and the largest groups, in their present order.
    ///
    /// - Returns: a notice of what was left out
    mutating func keepLargest(_ limit: Int, required: Set<Int>, source: String) -> String {
        let ranked = groups.indices.sorted { first, second in
            let (one, other) = (groups[first], groups[second])
            let (isRequired, otherIsRequired) = (required.contains(one.id), required.contains(other.id))
            if isRequired != otherIsRequired { return isRequired }
            return one.count != other.count ? one.count > other.count : first < second
        }
        let kept = ranked.prefix(limit).sorted()
        let largestDropped = groups[ranked[limit]].count
        let notice =
            "\(source): \(groups.count) objects, kept the \(limit) largest; the others have \(largestDropped) points at most"
        groups = kept.map { groups[$0] }
        return notice
    }

    func objects(of cloud: PointCloud) -> [SceneObject] {
        groups.map { group in
            let points = indices[group.range]
            var coordinates: [Double] = []
            var colors: [Float] = []
            coordinates.reserveCapacity(3 * points.count)
            colors.reserveCapacity(3 * points.count)
            for point in points {
                for channel in 3 * Int(point)..<3 * Int(point) + 3 {
                    coordinates.append(cloud.coordinates[channel])
                    if let values = cloud.floatColors {
                        colors.append(Float(Double(values[channel]) * 2 - 1))
                    } else if let values = cloud.colors {
                        colors.append(Float(Double(values[channel]) / 127.5 - 1))
                    } else {
                        colors.append(0)
                    }
                }
            }
            return SceneObject(id: group.id, points: ObjectPoints(coordinates: coordinates, colors: colors))
        }
    }
}
