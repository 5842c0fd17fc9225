import LEOTensor

/// What an archive holds, for people.
public struct ArchiveSummary: Sendable, CustomStringConvertible {
    /// All tensors of one type and layout.
    public struct Group: Sendable, Equatable {
        public let elementType: ElementType
        public let layout: TensorLayout
        public let tensorCount: Int
        /// Logical elements, without padding.
        public let elementCount: Int
        public let byteCount: Int
    }

    public let path: String
    /// Major and minor version of the format.
    public let version: String
    public let fileByteCount: Int
    public let headerByteCount: Int
    public let tensorCount: Int
    public let dataByteCount: Int
    public let fingerprint: String
    public let base: ArchiveBase?
    public let metadata: [String: String]
    /// Largest first.
    public let groups: [Group]

    public var description: String {
        var lines = [
            path,
            "  format       .leo \(version)",
            "  file         \(fileByteCount) bytes, header \(headerByteCount)",
            "  tensors      \(tensorCount), \(dataByteCount) bytes",
            "  fingerprint  \(fingerprint)",
        ]
        if let base { lines.append("  base         \(base.name) (fingerprint \(base.fingerprint))") }
        for group in groups {
            lines.append(
                "  \(group.elementType.rawValue) \(group.layout.rawValue): \(group.tensorCount) tensors, "
                    + "\(group.elementCount) elements, \(group.byteCount) bytes")
        }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { lines.append("  \(key): \(value)") }
        return lines.joined(separator: "\n")
    }
}

extension Archive {
    public var summary: ArchiveSummary {
        struct Kind: Hashable {
            let elementType: ElementType
            let layout: TensorLayout
        }
        let kinds = Dictionary(grouping: tensors) { Kind(elementType: $0.elementType, layout: $0.layout) }
        let groups = kinds.map { kind, tensors in
            ArchiveSummary.Group(
                elementType: kind.elementType, layout: kind.layout, tensorCount: tensors.count,
                elementCount: tensors.reduce(0) { $0 + (elementCount(of: $1.shape) ?? 0) },
                byteCount: tensors.reduce(0) { $0 + $1.byteCount })
        }
        return ArchiveSummary(
            path: path, version: version, fileByteCount: byteCount, headerByteCount: headerByteCount,
            tensorCount: tensors.count, dataByteCount: tensors.reduce(0) { $0 + $1.byteCount }, fingerprint: fingerprint,
            base: base, metadata: metadata,
            groups: groups.sorted {
                ($1.byteCount, $0.elementType.rawValue, $0.layout.rawValue)
                    < ($0.byteCount, $1.elementType.rawValue, $1.layout.rawValue)
            })
    }

    /// Version of the format the file was written in, `major.minor`.
    public var version: String {
        func number(_ offset: Int) -> UInt32 {
            UInt32(littleEndian: file.bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        return "\(number(8)).\(number(12))"
    }
}
