import LEOTensor

extension PointCloud {
    /// Reads a PLY, PCD or NumPy file; the content decides which, not the name.
    ///
    /// - PLY 1.0: ASCII, binary of either byte order; `vertex` properties by name, lists and other elements skipped
    /// - PCD 0.6 and 0.7: ascii, binary, binary_compressed; fields by name; fields with COUNT other than 1 skipped
    /// - NumPy: an array [N, 3], [N, 6] or [N, 7] of numbers: x y z, then r g b, then an `instance` id
    ///
    /// Colours are integers 0-255 (or the full range of a 16-bit type), floating-point numbers in 0-1 (or 0-255, when
    /// one exceeds 1), or one packed `rgb`/`rgba` field 0xAARRGGBB.
    ///
    /// - Throws: `SceneError`; no count of a header is believed before the size of the file bears it out
    public init(contentsOf path: String, options: PointCloudOptions = PointCloudOptions()) throws(SceneError) {
        let file: MappedFile
        do { file = try MappedFile(path: path) } catch { throw .unreadable(error) }
        defer { withExtendedLifetime(file) {} }
        try self.init(bytes: file.bytes, name: path, options: options)
    }

    /// Reads the bytes of such a file; `name` stands for it in messages.
    public init(
        bytes: UnsafeRawBufferPointer, name: String, options: PointCloudOptions = PointCloudOptions()
    ) throws(SceneError) {
        func starts(with text: String) -> Bool { bytes.starts(with: text.utf8) }
        guard !bytes.isEmpty else { throw .unusable(file: name, field: "file", reason: "is empty") }
        if starts(with: "ply\n") || starts(with: "ply\r") || starts(with: "ply ") || bytes.elementsEqual("ply".utf8) {
            self = try PLYReader(bytes: bytes, name: name).read(options)
        } else if bytes[0] == 0x93, bytes.dropFirst().starts(with: "NUMPY".utf8) {
            self = try NumPyCloudReader(bytes: bytes, name: name).read(options)
        } else if starts(with: "# .PCD") || starts(with: "VERSION") || name.lowercased().hasSuffix(".pcd") {
            self = try PCDReader(bytes: bytes, name: name).read(options)
        } else if name.lowercased().hasSuffix(".ply") {
            throw .malformed(file: name, field: "magic", reason: "does not start with \"ply\"")
        } else {
            throw .unknownFormat(file: name, reason: "is neither a PLY, a PCD nor a NumPy file")
        }
    }
}

/// Turns a table of named columns into a cloud: the part that all formats share.
struct CloudAssembler {
    let file: String
    let table: ColumnTable
    var gridSize: GridSize?
    var notices: [String] = []
    /// What the format calls a point and its fields, for messages.
    var pointNoun = "point"

    func assemble(_ nonFinite: PointCloudOptions.NonFinitePoints, kept: Set<String>?) throws(SceneError) -> PointCloud {
        guard table.count > 0 else { throw .unusable(file: file, field: pointNoun, reason: "no points") }
        let axes = try positionColumns()
        let coordinates = [Double](unsafeUninitializedCapacity: 3 * table.count) { target, initialized in
            for (axis, column) in axes.enumerated() {
                table.forEachDouble(of: column) { target[3 * $0 + axis] = $1 }
            }
            initialized = 3 * table.count
        }
        if nonFinite == .reject { try requireFinite(coordinates) }
        let (colors, floatColors, colorNames) = try readColors()
        let used = Set(["x", "y", "z"]).union(colorNames)
        let properties = table.columns.filter { !used.contains($0.name) && (kept?.contains($0.name) ?? true) }
            .map { PointProperty(name: $0.name, values: table.tensor(of: $0)) }
        return PointCloud(
            source: file, coordinates: coordinates, colors: colors, floatColors: floatColors, properties: properties,
            gridSize: gridSize, notices: notices)
    }

    private func positionColumns() throws(SceneError) -> [Column] {
        var axes: [Column] = []
        for name in ["x", "y", "z"] {
            guard let column = table.column(name) else {
                throw .malformed(file: file, field: name, reason: "\(pointNoun) has no \(name)")
            }
            axes.append(column)
        }
        return axes
    }

    private func requireFinite(_ coordinates: [Double]) throws(SceneError) {
        var first: Int?
        var count = 0
        for index in 0..<table.count {
            let isFinite =
                coordinates[3 * index].isFinite && coordinates[3 * index + 1].isFinite
                && coordinates[3 * index + 2].isFinite
            guard !isFinite else { continue }
            first = first ?? index
            count += 1
        }
        guard let first else { return }
        throw .unusable(
            file: file, field: "\(pointNoun) \(first)",
            reason: "non-finite coordinate" + (count > 1 ? " (first of \(count))" : ""))
    }

    // MARK: Colours

    private static let colorNames = [
        ["red", "green", "blue"], ["r", "g", "b"], ["diffuse_red", "diffuse_green", "diffuse_blue"],
    ]

    private func readColors() throws(SceneError) -> (colors: [UInt8]?, floatColors: [Float]?, names: [String]) {
        for names in Self.colorNames {
            let columns = names.compactMap { table.column($0) }
            guard columns.count == 3 else { continue }
            if columns.contains(where: { !$0.type.isInteger }) {
                let values = try readFloatColors(columns)
                let bytes = values.map { UInt8(($0 * 255).rounded()) }
                return (bytes, values, names)
            }
            return (try readIntegerColors(columns), nil, names)
        }
        for name in ["rgb", "rgba"] {
            guard let column = table.column(name), column.type.byteCount == 4 else { continue }
            let colors = [UInt8](unsafeUninitializedCapacity: 3 * table.count) { target, initialized in
                table.forEachWord(of: column) { index, word in
                    target[3 * index] = UInt8(truncatingIfNeeded: word >> 16)
                    target[3 * index + 1] = UInt8(truncatingIfNeeded: word >> 8)
                    target[3 * index + 2] = UInt8(truncatingIfNeeded: word)
                }
                initialized = 3 * table.count
            }
            return (colors, nil, [name])
        }
        return (nil, nil, [])
    }

    private func readIntegerColors(_ columns: [Column]) throws(SceneError) -> [UInt8] {
        var least = 0.0
        var greatest = 0.0
        for column in columns where column.type != .u8 {
            table.forEachDouble(of: column) { _, value in
                least = min(least, value)
                greatest = max(greatest, value)
            }
        }
        // 16-bit colours use the whole range of their type, unless nothing exceeds 255.
        let divisor = greatest > 255 && columns.allSatisfy { $0.type == .u16 } ? 257.0 : 1
        guard least >= 0, greatest / divisor <= 255 else {
            throw .malformed(
                file: file, field: columns.map(\.name).joined(separator: ", "),
                reason: "colours from \(Int64(least)) to \(greatest), expected 0 to 255")
        }
        return [UInt8](unsafeUninitializedCapacity: 3 * table.count) { target, initialized in
            for (channel, column) in columns.enumerated() {
                if column.type == .u8, divisor == 1 {
                    table.forEachByte(of: column) { target[3 * $0 + channel] = $1 }
                } else {
                    table.forEachDouble(of: column) { target[3 * $0 + channel] = UInt8(($1 / divisor).rounded()) }
                }
            }
            initialized = 3 * table.count
        }
    }

    /// Colours in 0...1. A value above 1 anywhere means that the file counts to 255.
    private func readFloatColors(_ columns: [Column]) throws(SceneError) -> [Float] {
        var isInRange = true
        var greatest = 0.0
        for column in columns {
            table.forEachDouble(of: column) { _, value in
                isInRange = isInRange && value >= 0 && value <= 255
                greatest = max(greatest, value)
            }
        }
        guard isInRange else {
            throw .malformed(
                file: file, field: columns.map(\.name).joined(separator: ", "),
                reason: "floating-point colours must lie in 0 to 1 or 0 to 255")
        }
        let divisor = greatest > 1 ? 255.0 : 1
        return [Float](unsafeUninitializedCapacity: 3 * table.count) { target, initialized in
            for (channel, column) in columns.enumerated() {
                table.forEachDouble(of: column) { target[3 * $0 + channel] = Float($1 / divisor) }
            }
            initialized = 3 * table.count
        }
    }
}
