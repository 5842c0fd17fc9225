/// Reads the `vertex` element of a PLY file (Turk 1994, version 1.0).
///
/// Elements before the vertices are stepped over; what follows the vertices is not looked at.
struct PLYReader {
    private let bytes: UnsafeRawBufferPointer
    private let name: String
    private let header: PLYHeader

    init(bytes: UnsafeRawBufferPointer, name: String) throws(SceneError) {
        self.bytes = bytes
        self.name = name
        header = try PLYHeader(bytes: bytes, file: name)
    }

    func read(_ options: PointCloudOptions) throws(SceneError) -> PointCloud {
        guard let index = header.elements.firstIndex(where: { $0.name == "vertex" }) else {
            throw .malformed(file: name, field: "header", reason: "no vertex element")
        }
        let vertex = header.elements[index]
        for axis in ["x", "y", "z"]
        where !vertex.properties.contains(where: { $0.name == axis && $0.listLength == nil }) {
            throw .malformed(file: name, field: axis, reason: "vertex has no \(axis)")
        }
        guard vertex.count > 0 else { throw .unusable(file: name, field: "vertex", reason: "no points") }
        let policy = options.nonFinitePoints ?? .reject
        let isLast = index == header.elements.count - 1

        if header.encoding == .ascii {
            var scanner = header.scanner
            for element in header.elements[..<index] { try skipText(element, &scanner) }
            try requireRoom(for: vertex, leastSize: vertex.leastTextSize, from: scanner.position, slack: 1)
            return try withPackedRows(vertex) { (rows, layout) throws(SceneError) in
                try readText(vertex, layout, &scanner, into: rows)
                var notices: [String] = []
                if isLast, let line = scanner.nextFilledLine() {
                    notices.append("\(name): text is left over after the last vertex: \(scanner.quoted(line))")
                }
                return try assemble(UnsafeRawBufferPointer(rows), vertex.count, layout, false, notices, policy, options)
            }
        }

        var offset = header.dataOffset
        for element in header.elements[..<index] { try skipBinary(element, &offset) }
        try requireRoom(for: vertex, leastSize: vertex.leastRowSize, from: offset, slack: 0)
        let isBig = header.encoding == .bigEndian
        if let rowSize = vertex.fixedRowSize {
            let layout = packedLayout(of: vertex)
            let end = offset + vertex.count * rowSize
            let notices = isLast ? leftover(from: end) : []
            return try assemble(
                UnsafeRawBufferPointer(rebasing: bytes[offset..<end]), vertex.count, layout, isBig, notices, policy,
                options)
        }
        return try withPackedRows(vertex) { (rows, layout) throws(SceneError) in
            try gather(vertex, layout, &offset, into: rows)
            let notices = isLast ? leftover(from: offset) : []
            return try assemble(UnsafeRawBufferPointer(rows), vertex.count, layout, isBig, notices, policy, options)
        }
    }

    private func assemble(
        _ rows: UnsafeRawBufferPointer, _ count: Int, _ layout: [Column], _ isBigEndian: Bool, _ notices: [String],
        _ policy: PointCloudOptions.NonFinitePoints, _ options: PointCloudOptions
    ) throws(SceneError) -> PointCloud {
        let table = ColumnTable(bytes: rows, count: count, columns: layout, isBigEndian: isBigEndian)
        return try CloudAssembler(file: name, table: table, notices: notices, pointNoun: "vertex")
            .assemble(policy, kept: options.keptProperties)
    }

    private func leftover(from end: Int) -> [String] {
        bytes.count > end ? ["\(name): \(bytes.count - end) bytes are left over after the last vertex"] : []
    }

    /// Refuses a count that the rest of the file cannot hold, before anything is allocated for it.
    private func requireRoom(
        for element: PLYHeader.Element, leastSize: Int, from offset: Int, slack: Int
    ) throws(SceneError) {
        let room = max(bytes.count - offset, 0) + slack
        let (needed, overflow) = element.count.multipliedReportingOverflow(by: leastSize)
        guard overflow || needed > room else { return }
        throw .truncated(
            file: name, field: element.name,
            reason: "header promises \(element.count), the file has room for \(room / max(leastSize, 1)) at most")
    }

    // MARK: Rows without lists

    /// The scalar properties one behind the other, lists left out.
    private func packedLayout(of element: PLYHeader.Element) -> [Column] {
        let scalars = element.properties.filter { $0.listLength == nil }
        let stride = scalars.reduce(0) { $0 + $1.type.byteCount }
        var offset = 0
        return scalars.map { property in
            defer { offset += property.type.byteCount }
            return Column(name: property.name, type: property.type, offset: offset, stride: stride)
        }
    }

    /// Memory for the scalar properties of all rows. The file is known to hold at least two characters, or the value
    /// itself, for each of them, so this is at most four times its size.
    private func withPackedRows(
        _ element: PLYHeader.Element,
        _ body: (UnsafeMutableRawBufferPointer, [Column]) throws(SceneError) -> PointCloud
    ) throws(SceneError) -> PointCloud {
        let layout = packedLayout(of: element)
        let (size, overflow) = element.count.multipliedReportingOverflow(by: layout.first?.stride ?? 0)
        guard !overflow else { throw .malformed(file: name, field: "\(element.name) count", reason: "is too large") }
        let rows = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { rows.deallocate() }
        return try body(rows, layout)
    }

    // MARK: Text

    private func skipText(_ element: PLYHeader.Element, _ scanner: inout TextScanner) throws(SceneError) {
        guard !element.properties.isEmpty else { return }
        try requireRoom(for: element, leastSize: element.leastTextSize, from: scanner.position, slack: 1)
        for row in 0..<element.count where scanner.nextFilledLine() == nil {
            throw .truncated(
                file: name, field: "\(element.name) \(row)",
                reason: "the file ends here, \(element.count) were promised")
        }
    }

    private func readText(
        _ vertex: PLYHeader.Element, _ layout: [Column], _ scanner: inout TextScanner,
        into rows: UnsafeMutableRawBufferPointer
    ) throws(SceneError) {
        let writer = TextRowWriter(file: name, bytes: bytes)
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
        defer { scratch.deallocate() }
        guard let base = rows.baseAddress, let stride = layout.first?.stride else { return }
        // Types apart from names: iterating over properties would count references for each value.
        let types = vertex.properties.map(\.type)
        let lengthTypes = vertex.properties.map(\.listLength)
        for row in 0..<vertex.count {
            guard let line = scanner.nextFilledLine() else {
                throw .truncated(
                    file: name, field: "vertex \(row)",
                    reason: "the file ends here, \(vertex.count) vertices were promised")
            }
            var rest = line
            var values = 0
            func next() throws(SceneError) -> Range<Int> {
                guard let token = scanner.nextToken(in: &rest) else {
                    throw .malformed(
                        file: name, field: "vertex \(row)",
                        reason:
                            "has \(values) of \(vertex.properties.count) values\(vertex.fixedRowSize == nil ? " or more" : "")"
                    )
                }
                values += 1
                return token
            }
            var target = base + row * stride
            for index in types.indices {
                let token = try next()
                guard let lengthType = lengthTypes[index] else {
                    try writer.store(
                        token, as: types[index], typeName: vertex.properties[index].typeName, at: target,
                        field: "vertex \(row), \(vertex.properties[index].name)")
                    target += types[index].byteCount
                    continue
                }
                let property = vertex.properties[index]
                try writer.store(
                    token, as: lengthType, typeName: "a list length", at: scratch,
                    field: "vertex \(row), \(property.name)")
                // Every value takes a token of this line, so a lying length ends with the line.
                for _ in 0..<(try listLength(scratch, lengthType, false, row, vertex, property)) { _ = try next() }
            }
            if scanner.nextToken(in: &rest) != nil {
                throw .malformed(file: name, field: "vertex \(row)", reason: "has more than \(values) values")
            }
        }
    }

    // MARK: Binary

    private func skipBinary(_ element: PLYHeader.Element, _ offset: inout Int) throws(SceneError) {
        guard !element.properties.isEmpty else { return }
        try requireRoom(for: element, leastSize: element.leastRowSize, from: offset, slack: 0)
        if let size = element.fixedRowSize {
            offset += element.count * size
            return
        }
        try gather(element, [], &offset, into: nil)
    }

    /// Walks rows that hold lists, copying their scalars to `rows`, if any, in the byte order of the file.
    private func gather(
        _ element: PLYHeader.Element, _ layout: [Column], _ offset: inout Int, into rows: UnsafeMutableRawBufferPointer?
    ) throws(SceneError) {
        guard let source = bytes.baseAddress else { return }
        let isBig = header.encoding == .bigEndian
        var target = rows?.baseAddress
        for row in 0..<element.count {
            for property in element.properties {
                let size = (property.listLength ?? property.type).byteCount
                guard bytes.count - offset >= size else { throw ends(element, row) }
                if let lengthType = property.listLength {
                    let length = try listLength(source + offset, lengthType, isBig, row, element, property)
                    offset += size
                    let (listSize, overflow) = length.multipliedReportingOverflow(by: property.type.byteCount)
                    guard !overflow, listSize <= bytes.count - offset else { throw ends(element, row) }
                    offset += listSize
                } else {
                    target?.copyMemory(from: source + offset, byteCount: size)
                    target = target.map { $0 + size }
                    offset += size
                }
            }
        }
    }

    private func ends(_ element: PLYHeader.Element, _ row: Int) -> SceneError {
        .truncated(
            file: name, field: "\(element.name) \(row)", reason: "the file ends here, \(element.count) were promised")
    }

    private func listLength(
        _ source: UnsafeRawPointer, _ type: ScalarType, _ isBigEndian: Bool, _ row: Int, _ element: PLYHeader.Element,
        _ property: PLYHeader.Property
    ) throws(SceneError) -> Int {
        func load<Value: FixedWidthInteger>(_: Value.Type) -> Int? {
            let bits = source.loadUnaligned(as: Value.self)
            return Int(exactly: isBigEndian ? Value(bigEndian: bits) : Value(littleEndian: bits))
        }
        let length: Int? =
            switch type {
            case .i8: load(Int8.self)
            case .u8: load(UInt8.self)
            case .i16: load(Int16.self)
            case .u16: load(UInt16.self)
            case .i32: load(Int32.self)
            case .u32: load(UInt32.self)
            case .i64: load(Int64.self)
            case .u64: load(UInt64.self)
            case .f32, .f64: nil
            }
        guard let length, length >= 0 else {
            throw .malformed(
                file: name, field: "\(element.name) \(row), \(property.name)",
                reason: length == nil ? "list length is too large" : "negative list length")
        }
        return length
    }
}
