/// Reads PCD files of the Point Cloud Library, version 0.6 and 0.7.
struct PCDReader {
    private let bytes: UnsafeRawBufferPointer
    private let name: String
    private let header: PCDHeader

    init(bytes: UnsafeRawBufferPointer, name: String) throws(SceneError) {
        self.bytes = bytes
        self.name = name
        header = try PCDHeader(bytes: bytes, file: name)
    }

    func read(_ options: PointCloudOptions) throws(SceneError) -> PointCloud {
        guard header.pointCount > 0 else { throw .unusable(file: name, field: "POINTS", reason: "no points") }
        switch header.encoding {
        case .ascii: return try readText(options)
        case .binary: return try readBinary(options)
        case .compressed: return try readCompressed(options)
        }
    }

    private func assemble(
        _ block: UnsafeRawBufferPointer, _ columns: [Column], _ notices: [String], _ options: PointCloudOptions
    ) throws(SceneError) -> PointCloud {
        let table = ColumnTable(bytes: block, count: header.pointCount, columns: columns)
        return try CloudAssembler(file: name, table: table, gridSize: header.gridSize, notices: notices)
            .assemble(options.nonFinitePoints ?? .markInvalid, kept: options.keptProperties)
    }

    /// - Returns: bytes of all points, at most `limit`
    private func blockSize(limit: Int, _ limitReason: String) throws(SceneError) -> Int {
        let (size, overflow) = header.pointCount.multipliedReportingOverflow(by: header.pointSize)
        guard !overflow, size <= limit else {
            throw .truncated(
                file: name, field: "POINTS",
                reason: "\(header.pointCount) points of \(header.pointSize) bytes are promised, \(limitReason) \(limit)"
            )
        }
        return size
    }

    private func leftover(from end: Int) -> [String] {
        bytes.count > end ? ["\(name): \(bytes.count - end) bytes are left over after the last point"] : []
    }

    // MARK: Binary

    private func readBinary(_ options: PointCloudOptions) throws(SceneError) -> PointCloud {
        let start = header.dataOffset
        let size = try blockSize(limit: bytes.count - start, "the rest of the file has")
        return try assemble(
            UnsafeRawBufferPointer(rebasing: bytes[start..<start + size]), header.columns(fieldByField: false),
            leftover(from: start + size), options)
    }

    private func readCompressed(_ options: PointCloudOptions) throws(SceneError) -> PointCloud {
        let start = header.dataOffset
        guard bytes.count - start >= 8 else {
            throw .truncated(file: name, field: "DATA", reason: "the file ends before the compressed size")
        }
        let compressed = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
        let expanded = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self)))
        guard compressed <= bytes.count - start - 8 else {
            throw .truncated(
                file: name, field: "DATA",
                reason:
                    "\(compressed) compressed bytes are promised, the rest of the file has \(bytes.count - start - 8)")
        }
        let size = try blockSize(limit: compressed * LZF.greatestRatio, "the compressed data can hold")
        guard expanded == size else {
            throw .malformed(
                file: name, field: "DATA", reason: "uncompressed size \(expanded), the points need \(size) bytes")
        }
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { block.deallocate() }
        let data = UnsafeRawBufferPointer(rebasing: bytes[start + 8..<start + 8 + compressed])
        if let problem = LZF.decompress(data, into: block) {
            throw .malformed(file: name, field: "compressed data", reason: problem)
        }
        return try assemble(
            UnsafeRawBufferPointer(block), header.columns(fieldByField: true), leftover(from: start + 8 + compressed),
            options)
    }

    // MARK: Text

    private func readText(_ options: PointCloudOptions) throws(SceneError) -> PointCloud {
        let values = header.fields.reduce(0) { $0 + $1.count }
        let room = bytes.count - header.dataOffset + 1
        let (needed, overflow) = header.pointCount.multipliedReportingOverflow(by: 2 * values)
        guard !overflow, needed <= room else {
            throw .truncated(
                file: name, field: "POINTS",
                reason: "\(header.pointCount) points are promised, the file has room for \(room / (2 * values)) at most"
            )
        }
        let size = try blockSize(limit: .max, "the machine addresses")
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { block.deallocate() }
        var scanner = TextScanner(bytes: bytes, position: header.dataOffset)
        let writer = TextRowWriter(file: name, bytes: bytes)
        guard var target = block.baseAddress else { throw .unusable(file: name, field: "POINTS", reason: "no points") }
        for point in 0..<header.pointCount {
            guard let line = scanner.nextFilledLine() else {
                throw .truncated(
                    file: name, field: "point \(point)",
                    reason: "the file ends here, \(header.pointCount) were promised")
            }
            var rest = line
            for field in header.fields {
                for _ in 0..<field.count {
                    guard let token = scanner.nextToken(in: &rest) else {
                        throw .malformed(
                            file: name, field: "point \(point)",
                            reason: "has \(scanner.tokenCount(in: line)) of \(values) values")
                    }
                    try writer.store(
                        token, as: field.type, typeName: field.typeName, at: target,
                        field: "point \(point), \(field.name)")
                    target += field.type.byteCount
                }
            }
            if scanner.nextToken(in: &rest) != nil {
                throw .malformed(file: name, field: "point \(point)", reason: "has more than \(values) values")
            }
        }
        let notices = scanner.nextFilledLine().map {
            ["\(name): text is left over after the last point: \(scanner.quoted($0))"]
        }
        return try assemble(UnsafeRawBufferPointer(block), header.columns(fieldByField: false), notices ?? [], options)
    }
}
