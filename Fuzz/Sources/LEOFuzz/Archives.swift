import Foundation
import LEO
import LEOArchive
import LEOConvert
import LEOModel

/// A `.leo` file. An even first byte leaves the rest as it is; an odd one asks for a right preamble around a header (its
/// length in the next two bytes) and data, so that the header's checksum does not stop every input.
func fuzzArchive(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return }
    var file = Array(bytes.dropFirst())
    if first & 1 == 1, file.count > 2 {
        let split = min(2 + Int(file[0]) + Int(file[1]) << 8, file.count)
        let header = Array(file[2..<split])
        let data = file[split...]
        var start: [UInt8] = [0x89, 0x4c, 0x45, 0x4f, 0x0d, 0x0a, 0x1a, 0x0a]
        start += little(UInt32(1)) + little(UInt32(0)) + little(UInt64(header.count))
        start += little(xxHash64(start + header)) + header
        start += [UInt8](repeating: 0, count: (4096 - start.count % 4096) % 4096)
        start += data
        file = start + [UInt8](repeating: 0, count: (4096 - start.count % 4096) % 4096)
    }
    withInputFile(file, ending: "leo") { path in
        do {
            let archive = try Archive(path: path)
            for tensor in archive.tensors {
                check(tensor.offset + tensor.byteCount <= archive.byteCount, "\(tensor.name) lies in the file")
                tensor.withBytes(touch)
            }
            _ = "\(archive.summary)"
            try archive.verify()
        } catch { describe(error) }
        do { _ = try Engine(path: path) } catch { describe(error) }
    }
}

/// A configuration: what is accepted is written back the same, and a model of it is compiled or refused in words.
func fuzzConfiguration(_ bytes: UnsafeRawBufferPointer) {
    do {
        let configuration = try ModelConfiguration(json: Data(bytes))
        let again = try ModelConfiguration(json: configuration.json())
        check(again == configuration, "survives being written")
        let layers =
            configuration.image.depths.reduce(0, +) + configuration.spatial.numLayers + configuration.language.numHiddenLayers
        guard layers <= 64 else { return }
        try compile(configuration)
    } catch { describe(error) }
}

/// Opens a file that has this configuration and no weights: the graph is built, then the first weight is missing.
private func compile(_ configuration: ModelConfiguration) throws {
    let path = "/dev/shm/leo-fuzz-\(getpid()).leo"
    defer { unlink(path) }
    let writer = try ArchiveWriter(
        path: path, configuration: String(decoding: configuration.json(), as: UTF8.self), metadata: [:], tensors: [])
    try writer.finish()
    _ = try Engine(path: path)
}

/// XXH64 with seed 0, written from its specification; independent of the engine's.
private func xxHash64(_ bytes: [UInt8]) -> UInt64 {
    let (p1, p2, p3): (UInt64, UInt64, UInt64) = (0x9e37_79b1_85eb_ca87, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9)
    let (p4, p5): (UInt64, UInt64) = (0x85eb_ca77_c2b2_ae63, 0x27d4_eb2f_1656_67c5)
    func rotate(_ value: UInt64, _ by: UInt64) -> UInt64 { value << by | value >> (64 - by) }
    func word(_ at: Int, _ count: Int) -> UInt64 { (0..<count).reduce(0) { $0 | UInt64(bytes[at + $1]) << (8 * UInt64($1)) } }
    func round(_ lane: UInt64, _ input: UInt64) -> UInt64 { rotate(lane &+ input &* p2, 31) &* p1 }

    var at = 0
    var hash = p5
    if bytes.count >= 32 {
        var lanes = [p1 &+ p2, p2, 0, 0 &- p1]
        while at + 32 <= bytes.count {
            for lane in 0..<4 { lanes[lane] = round(lanes[lane], word(at + 8 * lane, 8)) }
            at += 32
        }
        hash = rotate(lanes[0], 1) &+ rotate(lanes[1], 7) &+ rotate(lanes[2], 12) &+ rotate(lanes[3], 18)
        for lane in lanes { hash = (hash ^ round(0, lane)) &* p1 &+ p4 }
    }
    hash &+= UInt64(bytes.count)
    while at + 8 <= bytes.count {
        hash = rotate(hash ^ round(0, word(at, 8)), 27) &* p1 &+ p4
        at += 8
    }
    if at + 4 <= bytes.count {
        hash = rotate(hash ^ (word(at, 4) &* p1), 23) &* p2 &+ p3
        at += 4
    }
    while at < bytes.count {
        hash = rotate(hash ^ (UInt64(bytes[at]) &* p5), 11) &* p1
        at += 1
    }
    hash = (hash ^ hash >> 33) &* p2
    hash = (hash ^ hash >> 29) &* p3
    return hash ^ hash >> 32
}
