import Foundation

/// An AVI file taken apart by nothing but its chunk heads. Every chunk must end where the file says.
public struct AVI: Sendable {
    public struct Broken: Error { public let what: String }
    public struct Entry: Equatable, Sendable {
        public var offset: Int
        public var size: Int
    }

    public let bytes: [UInt8]
    public private(set) var fields: [String: Int] = [:]
    /// Frames in the order of the file, and where their chunks begin.
    public private(set) var frames: [(start: Int, data: [UInt8])] = []
    /// Entries of the index, offsets from the start of the file; nil without an index.
    public private(set) var index: [Entry]?
    private var moviName = 0

    public init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        guard try name(0) == "RIFF", try name(8) == "AVI ", try number(4) == bytes.count - 8 else {
            throw Broken(what: "RIFF head")
        }
        try walk(12, bytes.count, list: "AVI ")
    }

    public init(path: String) throws { try self.init([UInt8](Data(contentsOf: URL(fileURLWithPath: path)))) }

    private func number(_ at: Int, bytes count: Int = 4) throws -> Int {
        guard at + count <= bytes.count else { throw Broken(what: "short at \(at)") }
        return (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
    }

    private func name(_ at: Int) throws -> String {
        guard at + 4 <= bytes.count else { throw Broken(what: "short at \(at)") }
        return String(decoding: bytes[at..<at + 4], as: UTF8.self)
    }

    private mutating func walk(_ start: Int, _ end: Int, list: String) throws {
        var at = start
        while at < end {
            let (kind, size) = (try name(at), try number(at + 4))
            let content = at + 8
            guard content + size <= end else { throw Broken(what: "\(kind) in \(list) goes beyond it") }
            switch kind {
            case "LIST":
                let inner = try name(content)
                if inner == "movi" { moviName = content }
                try walk(content + 4, content + size, list: inner)
            case "avih":
                for (key, offset) in [("microseconds", 0), ("flags", 12), ("frames", 16), ("streams", 24), ("buffer", 28), ("width", 32), ("height", 36)] {
                    fields[key] = try number(content + offset)
                }
            case "strh":
                guard try name(content) == "vids", try name(content + 4) == "MJPG" else { throw Broken(what: "kind of stream") }
                for (key, offset) in [("scale", 20), ("rate", 24), ("length", 32)] { fields[key] = try number(content + offset) }
                fields["right"] = try number(content + 52, bytes: 2)
                fields["bottom"] = try number(content + 54, bytes: 2)
            case "strf":
                guard try number(content) == size, size == 40, try name(content + 16) == "MJPG" else { throw Broken(what: "strf") }
                fields["bitmapWidth"] = try number(content + 4)
                fields["bitmapHeight"] = try number(content + 8)
                fields["bits"] = try number(content + 14, bytes: 2)
            case "00dc" where list == "movi": frames.append((at, Array(bytes[content..<content + size])))
            case "idx1":
                var entries: [Entry] = []
                for entry in stride(from: content, to: content + size, by: 16) {
                    guard try name(entry) == "00dc", try number(entry + 4) == 0x10 else { throw Broken(what: "entry of the index") }
                    entries.append(Entry(offset: moviName + (try number(entry + 8)), size: try number(entry + 12)))
                }
                index = entries
            default: throw Broken(what: "unknown chunk \(kind) in \(list)")
            }
            at = content + size + size % 2
        }
        guard at == end else { throw Broken(what: "\(list) ends at \(at), not \(end)") }
    }

    /// Checks that all places that tell a size or a count tell the same.
    public func isConsistent(width: Int, height: Int, rate: Int) -> Bool {
        fields["frames"] == frames.count && fields["length"] == frames.count && fields["width"] == width && fields["height"] == height
            && fields["bitmapWidth"] == width && fields["bitmapHeight"] == height && fields["right"] == width
            && fields["bottom"] == height && fields["bits"] == 24 && fields["streams"] == 1 && fields["scale"] == 1
            && fields["rate"] == rate && fields["microseconds"] == 1_000_000 / rate
            && fields["flags"] == (index == nil ? 0 : 0x10) && fields["buffer"]! >= (frames.map { $0.data.count + 8 }.max() ?? 0)
            && (index ?? frames.map { Entry(offset: $0.start, size: $0.data.count) })
                == frames.map { Entry(offset: $0.start, size: $0.data.count) }
    }
}
