import Foundation
import LEOConvert
import LEOTensor
import TestSupport
import Testing

/// Small files of every format, cut at every byte and damaged at random: an error or a result, never a trap.
@Suite("Readers: truncation and damage")
struct ReadersRobustnessTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        var testDescription: String { name }
    }

    static let pickled = Build.pickle(
        Build.dictionary([
            ("w", Build.tensor(key: "0", count: 6, shape: [2, 3], strides: [1, 2])),
            ("n", Build.array("<f4", shape: [3], data: Build.bytesLiteral(Build.bytes([1, 2, 3])))),
            ("o", Build.array("|O", shape: [2], data: [0x5d, 0x28] + Build.text("x") + [0x4e, 0x65])),
            ("l", [0x5d, 0x94, 0x28, 0x4b, 7, 0x88, 0x65]),
        ]), version: 4)

    static let samples = [
        Sample(
            name: "a.safetensors",
            bytes: Build.safetensors([
                (name: "a", type: "F32", shape: [2, 2], data: Build.bytes([1, 2, 3, 4])),
                (name: "b", type: "U8", shape: [3], data: [1, 2, 3]),
            ])),
        Sample(name: "stored.pth", bytes: Build.torchZip(pickled, storages: [("0", Build.bytes([1, 2, 3, 4, 5, 6]))])),
        Sample(
            name: "deflated.pth",
            bytes: Build.torchZip(pickled, storages: [("0", Build.bytes([1, 2, 3, 4, 5, 6]))], isDeflated: true)),
        Sample(
            name: "legacy.pth",
            bytes: Build.torchLegacy(pickled, storages: [("0", 4, Build.bytes([1, 2, 3, 4, 5, 6]))])),
        Sample(
            name: "bare.pkl",
            bytes: Build.pickle(
                Build.dictionary([
                    ("n", Build.array(">i2", shape: [2, 1], fortran: true, data: Build.bytesLiteral([0, 1, 0, 2]))),
                    ("t", Build.ints([1, 2])),
                    ("s", Build.array("<U1", shape: [1], data: Build.bytesLiteral([0x41, 0, 0, 0]))),
                ]), version: 4)),
        Sample(
            name: "a.npy",
            bytes: Build.npy("<f8", shape: [2, 2], fortran: true, data: [UInt8](repeating: 1, count: 32))),
        Sample(
            name: "a.npz",
            bytes: Build.csr(
                shape: [3, 4], indptr: [0, 1, 1, 3], indices: [3, 0, 0], data: [1, 2, 3], isDeflated: true)),
    ]

    /// Opens and reads all there is; only typed errors may come.
    static func read(_ bytes: [UInt8], as name: String, in folder: String) throws -> Bool {
        let path = folder + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do {
            _ = try readEverything(path: path, byteLimit: 1 << 24)
            return true
        } catch let error as CheckpointError {
            #expect(!error.description.isEmpty)
            return false
        }
    }

    @Test(arguments: samples) func everyPrefixIsRejected(_ sample: Sample) throws {
        try withTemporaryFolder { folder in
            let isWholeRead = try Self.read(sample.bytes, as: sample.name, in: folder)
            #expect(isWholeRead)
            for length in 0..<sample.bytes.count {
                let isRead = try Self.read(Array(sample.bytes[..<length]), as: sample.name, in: folder)
                #expect(!isRead, "\(length) bytes were accepted")
            }
        }
    }

    @Test(arguments: samples) func damageIsAnErrorOrAResult(_ sample: Sample) throws {
        var random = SeededGenerator(seed: 0x1e0)
        try withTemporaryFolder { folder in
            for _ in 0..<1500 {
                _ = try Self.read(Self.damaged(sample.bytes, &random), as: sample.name, in: folder)
            }
        }
    }

    /// Behind a valid checksum, so that damage reaches the interpreter and the resolver.
    @Test func damagedPicklesWithinIntactFiles() throws {
        var random = SeededGenerator(seed: 0x1e1)
        let storage = Build.bytes([1, 2, 3, 4, 5, 6])
        try withTemporaryFolder { folder in
            var accepted = 0
            for _ in 0..<3000 {
                let file = Build.torchZip(Self.damaged(Self.pickled, &random), storages: [("0", storage)])
                if try Self.read(file, as: "x.pth", in: folder) { accepted += 1 }
            }
            // Else the damage never gets past the first check and the test tests nothing.
            #expect(accepted > 50)
        }
    }

    @Test func damagedSparseIndicesWithinIntactFiles() throws {
        var random = SeededGenerator(seed: 0x1e2)
        try withTemporaryFolder { folder in
            for _ in 0..<600 {
                func number(_ usual: Int64) -> Int64 {
                    let odd = [.min, .max, -1, usual + 1, usual - 1, Int64(truncatingIfNeeded: random.next())]
                    return Int.random(in: 0..<6, using: &random) == 0 ? odd.randomElement(using: &random) ?? 0 : usual
                }
                func index(_ usual: Int64) -> Int32 { Int32(truncatingIfNeeded: number(usual)) }
                let file = Build.csr(
                    shape: [number(3), number(4)], indptr: [number(0), number(1), number(1), number(3)],
                    indices: [index(3), index(0), index(0)], data: [1, 2, 3])
                _ = try Self.read(file, as: "x.npz", in: folder)
            }
        }
    }

    /// One to four edits: a bit, an interesting byte, a 32-bit number, a removed or doubled stretch.
    private static func damaged(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where bytes.count > 8 {
            let place = Int.random(in: 0..<bytes.count - 4, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1:
                bytes[place] =
                    [0, 1, 0x28, 0x2e, 0x52, 0x62, 0x7f, 0x80, 0x94, 0xff].randomElement(using: &random) ?? 0
            case 2:
                let number: UInt32 =
                    [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x0001_0000].randomElement(using: &random) ?? 0
                bytes.replaceSubrange(place..<place + 4, with: Build.little(number))
            case 3: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...4, using: &random)))
            default: bytes.insert(contentsOf: bytes[place..<place + 4], at: place)
            }
        }
        return bytes
    }
}
