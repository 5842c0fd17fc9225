import LEOTensor

#if _endian(big)
#error("the .leo file is mapped as it is, and it is little-endian")
#endif

/// How the elements of a tensor are laid out in the file.
///
/// A later layout is one more case, with its shape in `storedShape(for:)` and a row in docs/format.md; readers that do not know it
/// refuse the file and name the tensor.
public enum TensorLayout: String, Sendable, Hashable, CaseIterable {
    /// C order: the last axis is contiguous.
    case rows
    /// A matrix [n, k] in panels of 16 rows, k the slow axis inside a panel: element (n, k) stands at
    /// `((n / 16) * K + k) * 16 + n % 16`. The last panel is padded with zeros.
    case nk16
    /// As `nk16`, in panels of 64 rows.
    case nk64
    /// A matrix [n, k] of bytes in panels of 64 rows, inside a panel in blocks of 4 columns: element (n, k) stands at
    /// `((n / 64) * ceil(K / 4) + k / 4) * 256 + n % 64 * 4 + k % 4`.
    case n64k4
    /// A matrix [n, k] of half bytes in panels of 64 rows, inside a panel in blocks of 8 columns: elements (n, k) and (n, k + 4) with
    /// k % 8 < 4 are the low and the high half of the byte at `((n / 64) * ceil(K / 8) + k / 8) * 256 + n % 64 * 4 + k % 4`.
    case n64k8

    /// The shape of what is stored, C order, padding included; nil where `shape` does not suit this layout or overflows.
    ///
    /// - Shapes: rows [...] -> [...]; nk16 [n, k] -> [ceil(n / 16), k, 16]; nk64 [n, k] -> [ceil(n / 64), k, 64];
    ///   n64k4 [n, k] -> [ceil(n / 64), ceil(k / 4), 64, 4]; n64k8 [n, k] -> [ceil(n / 64), ceil(k / 8), 64, 4]
    public func storedShape(for shape: [Int]) -> [Int]? {
        func panels(_ count: Int, of size: Int) -> Int { count / size + (count % size == 0 ? 0 : 1) }
        let stored: [Int]
        if self == .rows {
            stored = shape
        } else {
            guard shape.count == 2, shape[0] >= 0, shape[1] >= 0 else { return nil }
            stored =
                switch self {
                case .rows, .nk16: [panels(shape[0], of: 16), shape[1], 16]
                case .nk64: [panels(shape[0], of: 64), shape[1], 64]
                case .n64k4: [panels(shape[0], of: 64), panels(shape[1], of: 4), 64, 4]
                case .n64k8: [panels(shape[0], of: 64), panels(shape[1], of: 8), 64, 4]
                }
        }
        return elementCount(of: stored) == nil ? nil : stored
    }

    /// The only element type of this layout; nil where any will do.
    public var elementType: ElementType? { self == .n64k4 || self == .n64k8 ? .u8 : nil }
}

/// Name and form of a tensor in an archive.
public struct TensorSpecification: Sendable, Hashable, CustomStringConvertible {
    /// 1 to 255 printable ASCII characters without spaces, unique in its file.
    public let name: String
    public let elementType: ElementType
    /// The logical shape, without padding; at most `maximumRank` axes.
    public let shape: [Int]
    public let layout: TensorLayout

    public static let maximumRank = 8
    static let maximumNameLength = 255

    public init(name: String, elementType: ElementType, shape: [Int], layout: TensorLayout = .rows) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.layout = layout
    }

    /// Bytes in the file, padding of the layout included; nil where shape and layout do not agree or the size overflows.
    public var byteCount: Int? {
        guard shape.count <= Self.maximumRank, let stored = layout.storedShape(for: shape), let count = elementCount(of: stored),
            layout.elementType ?? elementType == elementType
        else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: elementType.byteCount)
        return overflow ? nil : bytes
    }

    /// Type, shape and layout as one phrase: `[4096, 4096] i8 nk16`.
    public var form: String { "\(shape) \(elementType.rawValue) \(layout.rawValue)" }

    public var description: String { "\(name): \(form)" }

    /// `type layout axes checksum`: what stands behind the name in a line of a fingerprint.
    package func line(checksum: UInt64) -> String {
        "\(elementType.rawValue) \(layout.rawValue) \(shape.map(String.init).joined(separator: ",")) \(checksumText(checksum))"
    }

    static func isValidName(_ name: String) -> Bool {
        (1...maximumNameLength).contains(name.utf8.count) && name.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    /// The size in bytes, or the error that names the field at fault.
    func checkedByteCount(path: String) throws(ArchiveError) -> Int {
        func invalid(_ expected: String) -> ArchiveError {
            .invalid(path: path, field: "\(name): shape", expected: expected, found: "\(shape)")
        }
        guard shape.count <= Self.maximumRank else { throw invalid("at most \(Self.maximumRank) axes") }
        guard shape.allSatisfy({ $0 >= 0 }) else { throw invalid("no negative axis") }
        guard layout == .rows || shape.count == 2 else { throw invalid("[n, k] for layout \(layout.rawValue)") }
        if let only = layout.elementType, only != elementType {
            throw .invalid(
                path: path, field: "\(name): elementType", expected: "\(only.rawValue) for layout \(layout.rawValue)",
                found: elementType.rawValue)
        }
        guard let byteCount else { throw invalid("a size below 2^63 bytes") }
        return byteCount
    }
}

/// The base an adapter file belongs to.
public struct ArchiveBase: Sendable, Hashable {
    /// For people: what the base is called.
    public let name: String
    /// Of the base's tensors, as `Archive.fingerprint`, or without those that depend on the machine that wrote them.
    public let fingerprint: String

    public init(name: String, fingerprint: String) {
        self.name = name
        self.fingerprint = fingerprint
    }
}
