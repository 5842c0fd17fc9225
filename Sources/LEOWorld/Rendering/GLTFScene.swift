import Foundation

extension WorldScene {
    /// The scene as one glTF 2.0 file: a node for every floor, wall and instance, meshes shared by instances of one model,
    /// their numbers embedded in the file.
    ///
    /// glTF is right-handed with y up, so x is turned around. Patterns are not kept: a surface has its plain colour.
    ///
    /// - Throws: `EncodingError` where a place or a size is no finite number
    public func gltf() throws -> Data {
        var writer = GLTFWriter()
        for (index, floor) in floors.enumerated() {
            writer.add(StaticGeometry.mesh(of: floor), named: "floor \(index)", at: floor.transform)
        }
        for (index, wall) in walls.enumerated() {
            writer.add(StaticGeometry.mesh(of: wall), named: "wall \(index)", at: wall.transform)
        }
        var meshOfModel: [ObjectIdentifier: Int] = [:]
        for instance in instances {
            let model = ObjectIdentifier(instance.model)
            let mesh = meshOfModel[model] ?? writer.add(instance.model.mesh, named: instance.model.name)
            meshOfModel[model] = mesh
            writer.place(mesh, named: instance.model.prefab, at: instance.transform)
        }
        return try writer.file()
    }
}

/// Collects meshes and their places. Field names are those of the glTF 2.0 specification.
private struct GLTFWriter {
    struct Document: Encodable {
        struct Asset: Encodable { let version = "2.0", generator = "leo" }
        struct Scene: Encodable { let nodes: [Int] }
        struct Buffer: Encodable { let byteLength: Int, uri: String }
        let asset = Asset()
        let scene = 0
        let scenes: [Scene]
        let nodes: [Node]
        // An empty list is not allowed, an absent one is.
        let meshes: [MeshEntry]?
        let materials: [MaterialEntry]?
        let accessors: [Accessor]?
        let bufferViews: [BufferView]?
        let buffers: [Buffer]?
    }
    struct Node: Encodable { let name: String, mesh: Int, matrix: [Double] }
    struct MeshEntry: Encodable { let name: String, primitives: [Primitive] }
    struct Primitive: Encodable { let attributes: [String: Int], indices: Int, material: Int }
    struct MaterialEntry: Encodable {
        struct Look: Encodable { let baseColorFactor: [Float], metallicFactor = 0.0, roughnessFactor = 0.9 }
        let name: String
        let pbrMetallicRoughness: Look
        let emissiveFactor: [Float]
    }
    struct Accessor: Encodable {
        let bufferView: Int, componentType: Int, count: Int, type: String
        var min: [Float]?
        var max: [Float]?
    }
    struct BufferView: Encodable { let buffer = 0, byteOffset: Int, byteLength: Int, target: Int }

    private static let (float, unsignedInt, arrayBuffer, elementArrayBuffer) = (5126, 5125, 34962, 34963)

    private var nodes: [Node] = []
    private var meshes: [MeshEntry] = []
    private var materials: [MaterialEntry] = []
    private var accessors: [Accessor] = []
    private var views: [BufferView] = []
    private var bytes = Data()

    mutating func add(_ mesh: Mesh, named name: String, at transform: Transform) {
        place(add(mesh, named: name), named: name, at: transform)
    }

    /// - Returns: the number of the mesh, -1 for one without triangles
    mutating func add(_ mesh: Mesh, named name: String) -> Int {
        guard !mesh.triangles.isEmpty else { return -1 }
        let positions = mesh.positions.map { SIMD3(-$0.x, $0.y, $0.z) }
        var (least, greatest) = (positions[0], positions[0])
        for position in positions { (least, greatest) = (pointwiseMin(least, position), pointwiseMax(greatest, position)) }
        let vertices = positions.count
        let positionAccessor = addAccessor(
            Self.data(positions.flatMap { [$0.x, $0.y, $0.z] }), Self.float, vertices, "VEC3", Self.arrayBuffer,
            minimum: [least.x, least.y, least.z], maximum: [greatest.x, greatest.y, greatest.z])
        let normalAccessor = addAccessor(
            Self.data(mesh.normals.flatMap { [-$0.x, $0.y, $0.z] }), Self.float, vertices, "VEC3", Self.arrayBuffer)
        var primitives: [Primitive] = []
        for (index, material) in mesh.materials.enumerated() {
            // Turning x around turns triangles over.
            let corners = mesh.triangles.filter { $0.material == Int32(index) }.flatMap { [UInt32($0.a), UInt32($0.c), UInt32($0.b)] }
            guard !corners.isEmpty else { continue }
            let indices = addAccessor(Self.data(corners), Self.unsignedInt, corners.count, "SCALAR", Self.elementArrayBuffer)
            let color = [material.color.x, material.color.y, material.color.z].map(Self.linear)
            materials.append(
                MaterialEntry(
                    name: "\(material.colorName) \(material.name)", pbrMetallicRoughness: .init(baseColorFactor: color + [1]),
                    emissiveFactor: material.isLight ? color : [0, 0, 0]))
            primitives.append(
                Primitive(
                    attributes: ["POSITION": positionAccessor, "NORMAL": normalAccessor], indices: indices,
                    material: materials.count - 1))
        }
        guard !primitives.isEmpty else { return -1 }
        meshes.append(MeshEntry(name: name, primitives: primitives))
        return meshes.count - 1
    }

    mutating func place(_ mesh: Int, named name: String, at transform: Transform) {
        guard mesh >= 0 else { return }
        let axes = transform.orientation
        let (x, y, z) = (axes.x * transform.scale.x, axes.y * transform.scale.y, axes.z * transform.scale.z)
        let place = transform.position
        nodes.append(
            Node(
                name: name, mesh: mesh,
                matrix: [x.x, -x.y, -x.z, 0, -y.x, y.y, y.z, 0, -z.x, z.y, z.z, 0, -place.x, place.y, place.z, 1]))
    }

    func file() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let uri = "data:application/octet-stream;base64," + bytes.base64EncodedString()
        return try encoder.encode(
            Document(
                scenes: [.init(nodes: Array(nodes.indices))], nodes: nodes, meshes: Self.present(meshes),
                materials: Self.present(materials), accessors: Self.present(accessors), bufferViews: Self.present(views),
                buffers: bytes.isEmpty ? nil : [.init(byteLength: bytes.count, uri: uri)]))
    }

    private mutating func addAccessor(
        _ data: Data, _ component: Int, _ count: Int, _ type: String, _ target: Int, minimum: [Float]? = nil, maximum: [Float]? = nil
    ) -> Int {
        views.append(BufferView(byteOffset: bytes.count, byteLength: data.count, target: target))
        bytes.append(data)
        accessors.append(
            Accessor(bufferView: views.count - 1, componentType: component, count: count, type: type, min: minimum, max: maximum))
        return accessors.count - 1
    }

    private static func present<Element>(_ list: [Element]) -> [Element]? { list.isEmpty ? nil : list }

    /// Little-endian, as the hosts that this runs on are.
    private static func data(_ values: [some BitwiseCopyable]) -> Data { values.withUnsafeBytes { Data($0) } }

    /// sRGB to linear light.
    private static func linear(_ value: Float) -> Float {
        value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
}
