import LEOData
import LEOScene
import LEOTensor
import LEOWorld

/// Captions of single things in Cap3D's layout.
extension WorldTaskWriter {
    /// Points of a thing, as in Cap3D's files.
    static let objectPoints = 16_384

    mutating func writeObjectCaptions() throws {
        let folder = "alignment/obj_caption"
        var rows: [[String]] = []
        for index in 0..<options.count {
            var random = random("cap3d", index)
            let id = Self.objaverseID(using: &random)
            guard let kind = random.pick(Catalogue.kinds) else { break }
            let model = Catalogue.model(kind, variant: random.nextIndex(below: 1 << 16))
            let truth = SceneTruth(WorldScene(instances: [Instance(model: model, transform: Transform())]))
            let file = "\(folder)/Cap3D_pcs_pt/\(id).pt"
            try DatasetFiles.writeTorch(.tensor(try Self.cloud(of: truth.scene, seed: random.next())), to: path(file))
            wrote(file)
            rows.append([id, truth.lookCaption(of: truth.things[0], using: &random).text])
            try advance(1, "cap3d")
        }
        let file = "\(folder)/Cap3D_automated_Objaverse_no3Dword.csv"
        try DatasetFiles.writeCSV(rows, to: path(file))
        wrote(file)
        finish(.cap3d, .train, rows.count, file)
    }

    /// 32 hexadecimal digits, as Objaverse names its models.
    private static func objaverseID(using random: inout SplitMix64) -> String {
        [random.next(), random.next()].map { value in
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
    }

    /// [6, 16384]: x, y, z within half a unit of the middle, red, green, blue in 0...255.
    private static func cloud(of scene: WorldScene, seed: UInt64) throws -> Tensor {
        let cloud = try RenderScene(scene, options: RenderScene.Options(showsPlayer: false, showsAgent: false))
            .surfaceCloud(SurfaceCloudOptions(pointsPerInstance: objectPoints, seed: seed))
        guard cloud.count == objectPoints, let colors = cloud.colors else {
            throw WorldTaskError.unusable(seed: seed, reason: "\(scene.instances[0].model.prefab) has no surface")
        }
        var (low, high) = (cloud.position(0), cloud.position(0))
        for point in 0..<cloud.count {
            low = pointwiseMin(low, cloud.position(point))
            high = pointwiseMax(high, cloud.position(point))
        }
        let (center, extent) = ((low + high) / 2, max((high - low).max(), 1e-6))
        var values = [Float](repeating: 0, count: 6 * objectPoints)
        for point in 0..<objectPoints {
            let position = (cloud.position(point) - center) / extent
            for axis in 0..<3 {
                values[axis * objectPoints + point] = Float(position[axis])
                values[(3 + axis) * objectPoints + point] = Float(colors[3 * point + axis])
            }
        }
        return Tensor(values, shape: [6, objectPoints])
    }
}
