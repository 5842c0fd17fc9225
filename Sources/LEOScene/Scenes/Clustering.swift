extension PointGroups {
    /// Groups for a cloud without labels: large planes are taken away, and what is left falls into clusters of points
    /// closer than the tolerance. Ids count from 1, the largest cluster first.
    ///
    /// Works on cells of half the tolerance, each standing for its points with their mean, so the time depends on the
    /// surface of the scene and hardly on the density of the scan. A cloud without any cluster is one object.
    init(clustersOf cloud: PointCloud, _ options: ClusteringOptions, _ notices: inout [String]) {
        let grid = VoxelGrid(cloud, cellSize: options.tolerance / 2)
        if grid.cellSize > options.tolerance / 2 {
            notices.append(
                "\(cloud.source): spans too many metres to be clustered at \(options.tolerance); \(2 * grid.cellSize) was used")
        }
        var isPlane = [Bool](repeating: false, count: grid.count)
        let planes = Self.markPlanes(grid, options, &isPlane)
        if planes > 0 {
            var removed = 0
            for cell in 0..<grid.count where isPlane[cell] { removed += Int(grid.pointCounts[cell]) }
            notices.append("\(cloud.source): \(planes) large planes with \(removed) points were taken as background")
        }
        let (clusterOfCell, sizes) = Self.connect(grid, isPlane, tolerance: 2 * grid.cellSize)

        // Rank clusters by size; ties keep the order in which the file names their first point.
        let ranked = sizes.indices.filter { sizes[$0] >= max(options.minimumPoints, 1) }.sorted {
            sizes[$0] != sizes[$1] ? sizes[$0] > sizes[$1] : $0 < $1
        }
        guard !ranked.isEmpty else {
            notices.append("\(cloud.source): no cluster of \(options.minimumPoints) points; all points are taken as one object")
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
    /// Cells, not points, are counted: a share of cells is a share of surface, however near the camera stood.
    private static func markPlanes(_ grid: VoxelGrid, _ options: ClusteringOptions, _ isPlane: inout [Bool]) -> Int {
        let minimum = Int((options.minimumPlaneShare * Double(grid.count)).rounded(.up))
        let limit = Float(options.planeDistance)
        var search = PlaneSearch(limit: limit, minimumCount: minimum, seed: options.seed)
        var rest = Array(0..<grid.count)
        var planes = 0
        while planes < options.maximumPlanes {
            guard let plane = search.largestPlane(among: rest.map { grid.centroids[$0] }) else { break }
            planes += 1
            rest.removeAll { cell in
                let isNear = plane.isNear(grid.centroids[cell], within: limit)
                if isNear { isPlane[cell] = true }
                return isNear
            }
        }
        return planes
    }

    /// Joins cells whose centroids are closer than `tolerance`.
    ///
    /// - Returns: the cluster of each cell, -1 for cells of planes, and the number of points of each cluster
    private static func connect(
        _ grid: VoxelGrid, _ isPlane: [Bool], tolerance: Double
    ) -> (clusterOfCell: [Int32], sizes: [Int]) {
        // Half of the cells around: the other half finds this cell in its turn. Three cells apart is beyond tolerance.
        var offsets: [SIMD3<Int32>] = []
        for x in Int32(-2)...2 {
            for y in Int32(-2)...2 {
                for z in Int32(-2)...2 where (x, y, z) > (0, 0, 0) { offsets.append(SIMD3(x, y, z)) }
            }
        }
        let limit = Float(tolerance * tolerance)
        var parent = (0..<Int32(grid.count)).map { $0 }
        func root(_ cell: Int) -> Int {
            var cell = cell
            while Int(parent[cell]) != cell {
                parent[cell] = parent[Int(parent[cell])]
                cell = Int(parent[cell])
            }
            return cell
        }
        for cell in 0..<grid.count where !isPlane[cell] {
            for offset in offsets {
                guard let other = grid.neighbor(of: cell, at: offset), !isPlane[other] else { continue }
                let gap = grid.centroids[cell] - grid.centroids[other]
                guard (gap * gap).sum() <= limit else { continue }
                let (one, two) = (root(cell), root(other))
                // The lower number stays the root, so clusters are numbered by their first cell.
                if one < two { parent[two] = Int32(one) } else { parent[one] = Int32(two) }
            }
        }
        var clusterOfCell = [Int32](repeating: -1, count: grid.count)
        var sizes: [Int] = []
        for cell in 0..<grid.count where !isPlane[cell] {
            let first = root(cell)
            if first == cell {
                clusterOfCell[cell] = Int32(sizes.count)
                sizes.append(0)
            } else {
                clusterOfCell[cell] = clusterOfCell[first]
            }
            sizes[Int(clusterOfCell[cell])] += Int(grid.pointCounts[cell])
        }
        return (clusterOfCell, sizes)
    }
}
