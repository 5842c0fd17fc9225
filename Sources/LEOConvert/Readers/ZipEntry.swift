internal import CZlib
import Foundation

/// One entry of a zip file as a source of bytes. Its checksum is verified when it is first prepared.
///
/// A deflated entry is inflated as a stream: forward reads go on where the last one ended, a read further back starts
/// again. Memory does not depend on the size of the entry.
final class ZipEntry: ByteSource, @unchecked Sendable {
    let name: String
    let byteCount: Int
    let headerStart: Int
    private let data: FileRegion
    private let isDeflated: Bool
    private let crc: UInt32

    // Guards the two below.
    private let lock = NSLock()
    private var isVerified = false
    private var stream: Inflater?

    init(name: String, data: FileRegion, headerStart: Int, byteCount: Int, isDeflated: Bool, crc: UInt32) {
        self.name = name
        self.data = data
        self.headerStart = headerStart
        self.byteCount = byteCount
        self.isDeflated = isDeflated
        self.crc = crc
    }

    var dataEnd: Int { data.start + data.byteCount }
    private var field: String { "zip entry \(quoted(name))" }

    func prepare() throws {
        try lock.withLock {
            guard !isVerified else { return }
            let block = UnsafeMutableRawBufferPointer.allocate(
                byteCount: min(max(byteCount, 1), 1 << 18), alignment: 64)
            defer { block.deallocate() }
            let stream = isDeflated ? try Inflater(data, field: field) : nil
            var sum = crc32(0, nil, 0)
            var position = 0
            while position < byteCount {
                let part = UnsafeMutableRawBufferPointer(rebasing: block[..<min(block.count, byteCount - position)])
                if let stream {
                    try stream.read(into: part)
                } else {
                    try data.read(at: position, into: part)
                }
                sum = crc32(sum, part.assumingMemoryBound(to: UInt8.self).baseAddress, UInt32(part.count))
                position += part.count
            }
            try stream?.expectEnd()
            guard UInt32(truncatingIfNeeded: sum) == crc else {
                throw CheckpointError.checksumMismatch(
                    file: data.file.path, entry: field, expected: crc, found: UInt32(truncatingIfNeeded: sum))
            }
            isVerified = true
        }
    }

    func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws {
        guard isDeflated else { return try data.read(at: offset, into: target) }
        try lock.withLock {
            // Taken out, so that a stream that fails half-way is not used again.
            let last = stream
            stream = nil
            let current: Inflater
            if let last, last.position <= offset { current = last } else { current = try Inflater(data, field: field) }
            try current.skip(offset - current.position)
            try current.read(into: target)
            stream = current
        }
    }

    /// The whole entry, verified. `limit` bounds what it may hold.
    func contents(limit: Int) throws -> [UInt8] {
        guard byteCount <= limit else {
            throw CheckpointError.tooLarge(
                file: data.file.path, field: field, limit: limit, found: "\(byteCount) bytes")
        }
        try prepare()
        return try bytes(count: byteCount)
    }
}

/// A raw deflate stream in a region of a file. Used under the lock of its entry.
private final class Inflater: @unchecked Sendable {
    private let region: FileRegion
    private let field: String
    // zlib keeps a pointer back to the stream, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableBufferPointer<UInt8>
    private var consumed = 0
    private(set) var position = 0
    private var isAtEnd = false

    init(_ region: FileRegion, field: String) throws {
        self.region = region
        self.field = field
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(capacity: 1 << 16)
        // Negative window bits: raw deflate without a zlib header.
        guard inflateInit2_(stream, -15, zlibVersion(), Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw malformed("a zlib stream", "zlib that does not start")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    private func malformed(_ expected: String, _ found: String) -> CheckpointError {
        .malformed(file: region.file.path, field: field, expected: expected, found: found)
    }

    /// Fills `target` with the next bytes.
    func read(into target: UnsafeMutableRawBufferPointer) throws {
        var done = 0
        while done < target.count {
            done += try step(into: UnsafeMutableRawBufferPointer(rebasing: target[done...]))
            guard done == target.count || !isAtEnd else {
                throw malformed("more inflated bytes", "the end after \(position)")
            }
        }
    }

    func skip(_ count: Int) throws {
        guard count > 0 else { return }
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: min(count, 1 << 18), alignment: 64)
        defer { block.deallocate() }
        var left = count
        while left > 0 {
            let part = UnsafeMutableRawBufferPointer(rebasing: block[..<min(left, block.count)])
            try read(into: part)
            left -= part.count
        }
    }

    /// Verifies that nothing follows what was read.
    func expectEnd() throws {
        try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { byte in
            while !isAtEnd {
                guard try step(into: byte) == 0 else { throw malformed("\(position - 1) inflated bytes", "more") }
            }
        }
    }

    /// Inflates as far as input and room allow; returns the number of bytes made.
    private func step(into target: UnsafeMutableRawBufferPointer) throws -> Int {
        guard !isAtEnd else { return 0 }
        if stream.pointee.avail_in == 0, consumed < region.byteCount {
            let count = min(input.count, region.byteCount - consumed)
            try region.read(
                at: consumed,
                into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(input)[..<count]))
            consumed += count
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(count)
        }
        let room = min(target.count, 1 << 30)
        stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(room)
        let before = stream.pointee.avail_in
        let status = inflate(stream, Z_NO_FLUSH)
        let made = room - Int(stream.pointee.avail_out)
        position += made
        switch status {
        case Z_STREAM_END:
            isAtEnd = true
        case Z_OK where made > 0 || stream.pointee.avail_in < before:
            break
        case Z_OK, Z_BUF_ERROR:
            guard consumed < region.byteCount else { throw malformed("a whole deflate stream", "one cut off") }
        default:
            throw malformed(
                "a deflate stream", stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)")
        }
        return made
    }
}
