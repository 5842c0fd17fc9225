extension PointGroups {
    /// Groups for a cloud without labels: large planes are taken away, and what is left falls into clusters of points
    /// closer than the tolerance. Ids count from 1, the largest cluster first.
    ///
    /// Works on cells of half the tolerance, each standing for its points with their mean, so the time depends on the
    /// surface of the scene and hardly on the density of the scan. A cloud without any cluster is one object.
    init(clustersOf cloud: PointCloud, _ options: ClusteringOptions, _ notices: inout [String]) {
        let tolerance = options.tolerance(for: Bounds(of: cloud.coordinates))
        let grid = VoxelGrid(cloud, cellSize: tolerance / 2)
        if grid.cellSize > tolerance / 2 {
            notices.append(
                "\(cloud.source): spans too many metres to be clustered at \(tolerance); \(2 * grid.cellSize) was used")
        }
        var isPlane = [Bool](repeating: false, count: grid.count)
        let planes = Self.markPlanes(grid, options, distance: options.planeDistance ?? 0.4 * tolerance, &isPlane)
        if planes > 0 {
            var removed = 0
            for cell in 0..<grid.count where isPlane[cell] { removed += Int(grid.pointCounts[cell]) }
            notices.append("\(cloud.source): \(planes) large \(planes == 1 ? "plane" : "planes") with \(removed) points taken as background")
        }
        let (clusterOfCell, cellCounts) = CellSets(grid, of: isPlane.map { !$0 }).numbered()
        var sizes = [Int](repeating: 0, count: cellCounts.count)
        for cell in 0..<grid.count where !isPlane[cell] {
            sizes[Int(clusterOfCell[cell])] += Int(grid.pointCounts[cell])
        }

        // Rank clusters by size; ties keep the order of their places.
        let ranked = sizes.indices.filter { sizes[$0] >= max(options.minimumPoints, 1) }.sorted {
            sizes[$0] != sizes[$1] ? sizes[$0] > sizes[$1] : $0 < $1
        }
        guard !ranked.isEmpty else {
            notices.append(
                "\(cloud.source): no cluster of \(options.minimumPoints) points; all points are taken as one object")
            self.init(everyPointOf: cloud)
            return
        }
        var rank = [Int32](repeating: -1, count: sizes.count)
        for (place, cluster) in ranked.enumerated() { rank[cluster] = Int32(place) }
        let groupOfPoint = grid.cellOfPoint.map { cell -> Int32 in
            guard cell >= 0, clusterOfCell[Int(cell)] >= 0 else { return -1 }
            return rank[Int(clusterOfCell[Int(cell)])]
        }
        self.init(groupOfPoint: groupOfPoint, ids: Array(1...ranked.count))
    }

    /// Marks the cells of planes that hold a large share of all cells, the largest plane first.
    ///
    /// Cells, not points, are counted: a share of cells is a share of surface, however near the camera stood. The share
    /// must be of one piece: a flat slice through many things holds many cells too, but not together.
    private static func markPlanes(
        _ grid: VoxelGrid, _ options: ClusteringOptions, distance: Double, _ isPlane: inout [Bool]
    ) -> Int {
        let minimum = Int((options.minimumPlaneShare * Double(grid.count)).rounded(.up))
        let limit = Float(distance)
        var search = PlaneSearch(limit: limit, minimumCount: minimum, seed: options.seed)
        var rest = Array(0..<grid.count)
        var planes = 0
        while planes < options.maximumPlanes {
            guard let plane = search.largestPlane(among: rest.map { grid.centroids[$0] }) else { break }
            var isNear = [Bool](repeating: false, count: grid.count)
            for cell in rest where plane.isNear(grid.centroids[cell], within: limit) { isNear[cell] = true }
            let pieces = CellSets(grid, of: isNear).numbered()
            guard let largest = pieces.cellCounts.max(), largest >= minimum else { break }
            planes += 1
            for cell in rest where isNear[cell] { isPlane[cell] = true }
            rest.removeAll { isNear[$0] }
        }
        return planes
    }
}

/// Connected sets of cells: a union-find forest.
private struct CellSets {
    private let isMember: [Bool]
    private var parent: [Int32]

    /// Joins the neighbouring ones among the cells marked in `isMember`.
    init(_ grid: VoxelGrid, of isMember: [Bool]) {
        self.isMember = isMember
        var parent = (0..<Int32(grid.count)).map { $0 }
        grid.forEachNeighbors { cell, other in
            guard isMember[cell], isMember[other] else { return }
            let (one, two) = (Self.root(cell, &parent), Self.root(other, &parent))
            // The lower number stays the root, so sets are numbered by their first cell.
            if one < two { parent[two] = Int32(one) } else { parent[one] = Int32(two) }
        }
        self.parent = parent
    }

    @inline(__always)
    private static func root(_ cell: Int, _ parent: inout [Int32]) -> Int {
        var cell = cell
        while Int(parent[cell]) != cell {
            parent[cell] = parent[Int(parent[cell])]
            cell = Int(parent[cell])
        }
        return cell
    }

    /// The set of each cell, counted from 0 in the order of their first cells, -1 for cells that are no members.
    func numbered() -> (setOfCell: [Int32], cellCounts: [Int]) {
        var parent = parent
        var setOfCell = [Int32](repeating: -1, count: parent.count)
        var counts: [Int] = []
        for cell in parent.indices where isMember[cell] {
            let first = Self.root(cell, &parent)
            if first == cell {
                setOfCell[cell] = Int32(counts.count)
                counts.append(0)
            } else {
                setOfCell[cell] = setOfCell[first]
            }
            counts[Int(setOfCell[cell])] += 1
        }
        return (setOfCell, counts)
    }
}
