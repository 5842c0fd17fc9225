import LEOConvert
import LEOEval
import LEOScene
import LEOTensor

/// A scene as its files have it, divided into objects.
struct LoadedScene: Sendable {
    /// In the official order.
    let objects: [SceneObject]
    /// Middle of the box around all points of the scan, labelled or not; only SQA3D's scans need it.
    let center: SIMD3<Double>
}

/// ScanNet: `scan_data/pcd_with_global_alignment/<scan>.pth`, a tuple whose first is xyz, second rgb 0...255 and last the
/// instance of each point; `mask/<scan>.mask.npz`, Mask3D's proposals as a sparse matrix [proposals, points].
///
/// - Source: official `data/datasets.py`, `init_scannet_data`/`_load_scannet`
struct ScanNetReader: Sendable {
    let folder: String

    /// Proposals that the official loaders take.
    static let proposalLimit = 50

    func scanFile(_ scan: String) -> String { folder.appendingPath("scan_data/pcd_with_global_alignment/\(scan).pth") }
    func maskFile(_ scan: String) -> String { folder.appendingPath("mask/\(scan).mask.npz") }

    fileprivate func arrays(_ scan: String) throws(DataError) -> (points: PointArrays, labels: PickleNode) {
        let file = scanFile(scan)
        let parts = try PickleNode(contentsOf: file, needed: "it holds the points of scan \(scan)").items()
        guard parts.count >= 3 else {
            throw .malformed(
                file: file, field: "file", reason: "expected points, colours and instances, found \(parts.count) values")
        }
        let points = try PointArrays(
            positions: parts[0].tensor(), tints: parts[1].tensor(), file: file, fields: ("points", "colours"),
            color: PointArrays.byteColor)
        return (points, parts[parts.count - 1])
    }

    /// The annotated instances, in the order of their numbers, which must not have gaps; negative labels are no object.
    func instances(_ scan: String) throws(DataError) -> LoadedScene {
        let (points, node) = try arrays(scan)
        let labels = try node.tensor().labels(count: points.count, file: node.file, field: "instances")
        let groups = PointArrays.groups(labels)
        let numbers = groups.keys.filter { $0 >= 0 }.sorted()
        guard !numbers.isEmpty else {
            throw .malformed(file: node.file, field: "instances", reason: "expected at least one label from 0, found none")
        }
        if let gap = numbers.indices.first(where: { numbers[$0] != $0 }) {
            throw .malformed(
                file: node.file, field: "instances",
                reason: "expected every number from 0 to \(numbers[numbers.count - 1]), found none labelled \(gap)")
        }
        let objects = numbers.map { SceneObject(id: $0, points: points.points(at: groups[$0] ?? [])) }
        return LoadedScene(objects: objects, center: points.center)
    }

    /// The first proposals, numbered by their rows. A row without points is left out: there is nothing to see.
    func proposals(_ scan: String) throws(DataError) -> LoadedScene {
        let (points, _) = try arrays(scan)
        let file = maskFile(scan)
        guard exists(file) else { throw .missing(path: file, needed: "it holds the proposals for scan \(scan)") }
        var objects: [SceneObject] = []
        do {
            let reader = try openCheckpoint(path: file)
            guard let entry = reader.tensors.first(where: { $0.shape.count == 2 }) else {
                throw DataError.malformed(
                    file: file, field: "file", reason: "expected a matrix of proposals and points, found none")
            }
            guard entry.shape[1] == points.count else {
                throw DataError.malformed(
                    file: file, field: "shape",
                    reason: "expected \(points.count) columns, one a point, found shape \(entry.shape)")
            }
            for row in 0..<min(entry.shape[0], Self.proposalLimit) {
                var indices: [Int] = []
                try reader.withRows(of: entry.name, row..<row + 1) { bytes in
                    indices = Self.ones(bytes, entry.elementType, points.count)
                }
                if !indices.isEmpty { objects.append(SceneObject(id: row, points: points.points(at: indices))) }
            }
        } catch {
            throw DataError(error, file: file)
        }
        guard !objects.isEmpty else {
            throw .malformed(file: file, field: "file", reason: "expected at least one proposal with points, found none")
        }
        return LoadedScene(objects: objects, center: points.center)
    }

    /// Where a row is exactly 1.
    private static func ones(_ bytes: UnsafeRawBufferPointer, _ type: ElementType, _ count: Int) -> [Int] {
        var found: [Int] = []
        func each<Value>(_: Value.Type, _ isOne: (Value) -> Bool) {
            let size = MemoryLayout<Value>.size
            for index in 0..<count where isOne(bytes.loadUnaligned(fromByteOffset: index * size, as: Value.self)) {
                found.append(index)
            }
        }
        switch type {
        case .f64: each(Double.self) { $0 == 1 }
        case .f32: each(Float.self) { $0 == 1 }
        case .f16: each(UInt16.self) { float(half: $0) == 1 }
        case .bf16: each(UInt16.self) { $0 == 0x3f80 }
        case .i64: each(Int64.self) { $0 == 1 }
        case .i32: each(Int32.self) { $0 == 1 }
        case .i16: each(Int16.self) { $0 == 1 }
        case .i8: each(Int8.self) { $0 == 1 }
        case .u8: each(UInt8.self) { $0 == 1 }
        case .bool: each(UInt8.self) { $0 != 0 }
        }
        return found
    }
}

/// 3RScan: `3RScan-ours-align/<scan>/pcd-align.pth`, a tuple of xyz, rgb 0...255 and instances, and `inst_to_label.pth`,
/// a dictionary whose order is that of the objects. `pcds.pth` beside them is not read.
///
/// - Source: official `data/datasets.py`, `_load_rscan`
struct RScanReader: Sendable {
    let folder: String

    private func scanFolder(_ scan: String) -> String { folder.appendingPath("3RScan-ours-align").appendingPath(scan) }
    func scanFile(_ scan: String) -> String { scanFolder(scan).appendingPath("pcd-align.pth") }

    func scene(_ scan: String) throws(DataError) -> LoadedScene {
        let file = scanFile(scan)
        let parts = try PickleNode(contentsOf: file, needed: "it holds the points of scan \(scan)").items()
        guard parts.count >= 3 else {
            throw .malformed(
                file: file, field: "file", reason: "expected points, colours and instances, found \(parts.count) values")
        }
        let points = try PointArrays(
            positions: parts[0].tensor(), tints: parts[1].tensor(), file: file, fields: ("points", "colours"),
            color: PointArrays.byteColor)
        let labels = try parts[parts.count - 1].tensor().labels(count: points.count, file: file, field: "instances")
        let groups = PointArrays.groups(labels)
        let names = try PickleNode(
            contentsOf: scanFolder(scan).appendingPath("inst_to_label.pth"), needed: "it lists the objects of scan \(scan)")
        var objects: [SceneObject] = []
        for (key, _) in try names.entries() {
            guard let id = key.int ?? key.string.flatMap({ pythonInteger($0) }) else {
                throw names.malformed("instance numbers as keys")
            }
            // A listed instance without points is nothing to see.
            if let indices = groups[id] { objects.append(SceneObject(id: id, points: points.points(at: indices))) }
        }
        guard !objects.isEmpty else { throw names.malformed("at least one instance that has points in \(file)") }
        return LoadedScene(objects: objects, center: points.center)
    }
}

/// Cap3D: `Cap3D_pcs_pt/<id>.pt`, a tensor [6, points]: x, y, z, r, g, b with colours 0...255.
struct ObjaverseReader: Sendable {
    let folder: String

    func object(_ id: String) throws(DataError) -> LoadedScene {
        let file = folder.appendingPath("Cap3D_pcs_pt/\(id).pt")
        let node = try PickleNode(contentsOf: file, needed: "it holds the points of object \(id)")
        let tensor = try node.tensor()
        guard tensor.shape.count == 2, tensor.shape[0] == 6, tensor.shape[1] > 0 else {
            throw .malformed(
                file: file, field: "tensor", reason: "expected [6, points] numbers, found shape \(tensor.shape)")
        }
        let count = tensor.shape[1]
        // Rows of channels to rows of points.
        let points = try PointArrays(
            positions: tensor.transposed(rows: 0..<3), tints: tensor.transposed(rows: 3..<6), file: file,
            fields: ("points", "colours"), isByChannel: node.value.strides?.last == 1, color: PointArrays.byteColor)
        return LoadedScene(objects: [SceneObject(id: 0, points: points.points(at: 0..<count))], center: .zero)
    }
}

/// Matterport3D: `mp3d_obj/<scene>/objects.npy`, an array of objects, each [points, 7]: x, y, z, colours 0...1, label.
///
/// - Source: official `data/datasets.py`, `LeoMP3DObjNav`
struct NavigationSceneReader: Sendable {
    let folder: String

    func scene(_ scene: String) throws(DataError) -> LoadedScene {
        let file = folder.appendingPath("mp3d_obj").appendingPath(scene).appendingPath("objects.npy")
        var objects: [SceneObject] = []
        for (index, tensor) in try Self.arrays(file, scene).enumerated() {
            let field = "[\(index)]"
            guard tensor.shape.count == 2, tensor.shape[0] > 0, tensor.shape[1] >= 7 else {
                throw .malformed(
                    file: file, field: field, reason: "expected [points, 7] numbers, found shape \(tensor.shape)")
            }
            let label = tensor.rows(0..<1).doubles(columns: 6..<7)[0]
            guard let number = Int(exactly: label.rounded(.towardZero)) else {
                throw .malformed(file: file, field: field, reason: "expected a label in column 7, found \(label)")
            }
            guard NavigationLabels.keeps(number) else { continue }
            let points = try PointArrays(
                positions: tensor, tints: tensor, firstTint: 3, file: file, fields: (field, field),
                color: { Float(2 * $0 - 1) })
            objects.append(SceneObject(id: index, points: points.points(at: 0..<points.count)))
        }
        guard !objects.isEmpty else {
            throw .malformed(
                file: file, field: "file", reason: "expected at least one object with a label that is kept, found none")
        }
        return LoadedScene(objects: objects, center: .zero)
    }

    /// One array an object. Objects of equal size may have been saved as a single array of numbers.
    private static func arrays(_ file: String, _ scene: String) throws(DataError) -> [Tensor] {
        guard exists(file) else { throw .missing(path: file, needed: "it holds the objects of scene \(scene)") }
        do {
            let reader = try openCheckpoint(path: file)
            if let entry = reader.entry(named: "array"), entry.shape.count == 3 {
                let all = try reader.tensor(named: "array")
                return (0..<entry.shape[0]).map { all.rows($0..<$0 + 1).reshaped(Array(entry.shape.dropFirst())) }
            }
        } catch { throw DataError(error, file: file) }
        var tensors: [Tensor] = []
        for item in try PickleNode(contentsOf: file, needed: "").items() { tensors.append(try item.tensor()) }
        return tensors
    }
}

/// CLIPort: the objects of one step, the points of each segment.
enum ManipulationReader {
    /// Segments in ascending order of their labels.
    static func scene(_ observation: PickleNode) throws(DataError) -> LoadedScene {
        let file = observation.file
        let fields = ("\(observation.field).pointcloud", "\(observation.field).colorcloud")
        let points = try PointArrays(
            positions: try observation.member("pointcloud").tensor(), tints: try observation.member("colorcloud").tensor(),
            file: file, fields: fields, color: PointArrays.byteColor)
        let segments = try observation.member("segmentcloud")
        let groups = PointArrays.groups(try segments.tensor().labels(count: points.count, file: file, field: segments.field))
        let objects = groups.keys.sorted().map { SceneObject(id: $0, points: points.points(at: groups[$0] ?? [])) }
        return LoadedScene(objects: objects, center: .zero)
    }

    /// The colour map: [height, width, 3] bytes, red first.
    static func image(_ observation: PickleNode) throws(DataError) -> Image {
        let node = try observation.member("colormap")
        let tensor = try node.tensor()
        guard tensor.elementType == .u8, tensor.shape.count == 3, tensor.shape[2] >= 3, tensor.shape[0] > 0,
            tensor.shape[1] > 0
        else {
            throw node.malformed("[height, width, 3] bytes")
        }
        let (height, width, channels) = (tensor.shape[0], tensor.shape[1], tensor.shape[2])
        let pixels = tensor.withBytes { bytes in
            channels == 3 ? Array(bytes) : (0..<height * width).flatMap { bytes[$0 * channels..<$0 * channels + 3] }
        }
        return Image(width: width, height: height, pixels: pixels)
    }
}

/// How much a ScanNet scene holds: points, annotated instances, and proposals, also those that samples leave out.
package func scanNetContents(
    of scan: String, in folders: DataFolders
) throws(DataError) -> (points: Int, instances: Int, proposals: Int) {
    let reader = ScanNetReader(folder: folders.scannet)
    let (points, _) = try reader.arrays(scan)
    let instances = try reader.instances(scan).objects.count
    let file = reader.maskFile(scan)
    do {
        let shape = try openCheckpoint(path: file).tensors.first?.shape ?? []
        return (points.count, instances, shape.first ?? 0)
    } catch { throw DataError(error, file: file) }
}
