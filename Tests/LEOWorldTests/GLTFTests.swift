import Foundation
import LEOWorld
import Testing

@Suite struct GLTFTests {
    /// Every node with its corners in glTF's frame: matrix times position.
    private func corners(_ file: [String: Any]) throws -> [(name: String, corners: [SIMD3<Double>], triangles: Int)] {
        let buffers = try #require(file["buffers"] as? [[String: Any]])
        let uri = try #require(buffers[0]["uri"] as? String)
        let bytes = try #require(Data(base64Encoded: String(uri.split(separator: ",")[1])))
        #expect(buffers[0]["byteLength"] as? Int == bytes.count)
        let views = try #require(file["bufferViews"] as? [[String: Int]])
        let accessors = try #require(file["accessors"] as? [[String: Any]])
        let meshes = try #require(file["meshes"] as? [[String: Any]])
        func values<Value: BitwiseCopyable>(_ accessor: Int, _ type: Value.Type) throws -> [Value] {
            let view = views[try #require(accessors[accessor]["bufferView"] as? Int)]
            let range = view["byteOffset"]!..<view["byteOffset"]! + view["byteLength"]!
            #expect(range.upperBound <= bytes.count)
            return bytes.subdata(in: range).withUnsafeBytes { raw in
                (0..<raw.count / MemoryLayout<Value>.size).map { raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Value>.size, as: Value.self) }
            }
        }
        return try #require(file["nodes"] as? [[String: Any]]).map { node in
            let matrix = try #require(node["matrix"] as? [NSNumber]).map(\.doubleValue)
            let mesh = try #require(node["mesh"] as? Int)
            let primitives = try #require(meshes[mesh]["primitives"] as? [[String: Any]])
            let attributes = try #require(primitives[0]["attributes"] as? [String: Int])
            let numbers = try values(try #require(attributes["POSITION"]), Float.self).map(Double.init)
            let points = stride(from: 0, to: numbers.count, by: 3).map { first in
                let (x, y, z) = (numbers[first], numbers[first + 1], numbers[first + 2])
                return SIMD3(
                    matrix[0] * x + matrix[4] * y + matrix[8] * z + matrix[12],
                    matrix[1] * x + matrix[5] * y + matrix[9] * z + matrix[13],
                    matrix[2] * x + matrix[6] * y + matrix[10] * z + matrix[14])
            }
            var triangles = 0
            for primitive in primitives {
                let indices = try values(try #require(primitive["indices"] as? Int), UInt32.self)
                #expect(indices.allSatisfy { $0 < points.count })
                triangles += indices.count / 3
            }
            return (try #require(node["name"] as? String), points, triangles)
        }
    }

    @Test(arguments: [1, 7, 20] as [UInt64]) func everythingStandsWhereTheWorldHasIt(seed: UInt64) throws {
        let scene = WorldGenerator.scene(seed: seed)
        let file = try #require(try JSONSerialization.jsonObject(with: scene.gltf()) as? [String: Any])
        #expect((file["asset"] as? [String: String])?["version"] == "2.0")
        let nodes = try corners(file)
        #expect(nodes.count == scene.floors.count + scene.walls.count + scene.instances.count)
        for (instance, node) in zip(scene.instances, nodes.suffix(scene.instances.count)) {
            #expect(node.name == instance.model.prefab)
            #expect(node.triangles == instance.model.mesh.triangles.count)
            for (position, corner) in zip(instance.model.mesh.positions, node.corners) {
                let world = instance.transform.apply(to: SIMD3<Double>(position))
                let difference = SIMD3(-world.x, world.y, world.z) - corner
                #expect((difference * difference).sum() < 1e-10)
            }
        }
        // Models are shared.
        #expect((file["meshes"] as? [Any])?.count ?? 0 <= nodes.count)
    }

    @Test func anEmptySceneIsAFileToo() throws {
        let file = try #require(try JSONSerialization.jsonObject(with: WorldScene().gltf()) as? [String: Any])
        #expect(file["meshes"] == nil && file["buffers"] == nil)
    }

    @Test func placesThatAreNoNumbersAreRefused() {
        var scene = WorldGenerator.scene(seed: 1)
        scene.instances[0].transform.position.x = .nan
        #expect(throws: EncodingError.self) { try scene.gltf() }
    }
}
