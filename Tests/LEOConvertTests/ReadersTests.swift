import Foundation
import LEOConvert
import LEOTensor
import TestSupport
import Testing

/// Files made by the test: round trips, views, lies about sizes.
@Suite("Readers: files made here")
struct ReadersTests {
    static func write<Result>(_ bytes: [UInt8], as name: String, _ body: (String) throws -> Result) throws -> Result {
        try withTemporaryFolder { folder in
            let path = folder + "/" + name
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return try body(path)
        }
    }

    static func error(_ bytes: [UInt8], as name: String) throws -> CheckpointError? {
        try write(bytes, as: name) { path in
            #expect(throws: CheckpointError.self) { try readEverything(path: path) }
        }
    }

    // MARK: safetensors

    @Test func safetensorsRoundTrip() throws {
        var random = SeededGenerator(seed: 1)
        let values = random.floats(60)
        let file = Build.safetensors([
            (name: "a", type: "F32", shape: [5, 4, 3], data: Build.bytes(values)),
            (
                name: "ä\\\"\\u00e9\\ud83d\\ude00", type: "I64", shape: [2],
                data: Build.little(Int64(-7)) + Build.little(Int64.max)
            ),
            (name: "e", type: "BF16", shape: [3, 0], data: []),
        ])
        try Self.write(file, as: "x.safetensors") { path in
            let reader = try openCheckpoint(path: path)
            #expect(reader.formatName == "safetensors")
            #expect(reader.tensors.map(\.name) == ["a", "ä\"é😀", "e"])
            #expect(try reader.tensor(named: "a").floats() == values)
            #expect(try reader.tensor(named: "ä\"é😀").integers() == [-7, .max])
            try reader.withRows(of: "a", 2..<4) { rows in
                #expect(rows.elementsEqual(Build.bytes(Array(values[24..<48]))))
                #expect(rows.baseAddress.map { Int(bitPattern: $0) % 64 } == 0)
            }
            try reader.withRows(of: "e", 1..<3) { #expect($0.isEmpty) }
            #expect(throws: CheckpointError.rowsOutOfRange(file: path, tensor: "a", rows: 3..<6, count: 5)) {
                try reader.withRows(of: "a", 3..<6) { _ in }
            }
            #expect(throws: CheckpointError.missing(file: path, field: "tensor 'b'")) { try reader.tensor(named: "b") }
        }
    }

    @Test(arguments: [
        "[0, 4611686018427387904, 4611686018427387904]", "[4611686018427387904, 4, 0]", "[9223372036854775807, 0]",
    ])
    func emptyTensorMayNotHideAHugeShape(shape: String) throws {
        let header = "{\"a\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[0,0]}}"
        let error = try Self.error(Build.safetensors(header: header, data: []), as: "x.safetensors")
        #expect(error?.description.contains("tensor 'a'") == true)
    }

    @Test(arguments: [
        "{\"a\":1}", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", "{}x", "{\"a\" {}}",
        "{\"__metadata__\":[]}", "{\"a\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "{\"\\ud800\":{}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[01],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e0],\"data_offsets\":[0,4]}}",
    ])
    func brokenHeaderIsRejected(header: String) throws {
        #expect(try Self.error(Build.safetensors(header: header, data: [0, 0, 0, 0]), as: "x.safetensors") != nil)
    }

    // MARK: PyTorch

    static let values: [Float] = (0..<24).map { Float($0) }
    static let views = Build.pickle(
        Build.dictionary([
            ("plain", Build.tensor(key: "0", count: 24, shape: [4, 6], strides: [6, 1])),
            ("turned", Build.tensor(key: "0", count: 24, offset: 1, shape: [2, 3], strides: [1, 7])),
            ("again", Build.tensor(key: "0", count: 24, shape: [4, 6], strides: [6, 1])),
            ("wide", Build.tensor(key: "0", count: 24, offset: 3, shape: [2, 3], strides: [0, 0])),
            ("one", Build.tensor(key: "0", count: 24, offset: 5, shape: [], strides: [])),
            ("half", Build.tensor(key: "0", count: 24, shape: [12, 1], strides: [2, 99])),
        ]))

    static let forms: [(String, [UInt8])] = [
        ("PyTorch zip", Build.torchZip(views, storages: [("0", Build.bytes(values))])),
        ("PyTorch zip", Build.torchZip(views, storages: [("0", Build.bytes(values))], isDeflated: true)),
        ("PyTorch legacy", Build.torchLegacy(views, storages: [("0", 4, Build.bytes(values))])),
        // From protocol 4 on the magic number comes after a frame.
        (
            "PyTorch legacy",
            [0x80, 4, 0x95, 13, 0, 0, 0, 0, 0, 0, 0]
                + Build.torchLegacy(views, storages: [("0", 4, Build.bytes(values))]).dropFirst(2)
        ),
    ]

    @Test(arguments: forms.indices) func viewsShowTheirStorage(form: Int) throws {
        let (format, file) = Self.forms[form]
        try Self.write(file, as: "x.pth") { path in
            let reader = try openCheckpoint(path: path)
            #expect(reader.formatName == format)
            #expect(try reader.tensor(named: "plain").floats() == Self.values)
            #expect(try reader.tensor(named: "turned").floats() == [1, 8, 15, 2, 9, 16])
            #expect(try reader.tensor(named: "wide").floats() == [3, 3, 3, 3, 3, 3])
            #expect(try reader.tensor(named: "one").floats() == [5])
            #expect(try reader.tensor(named: "half").floats() == stride(from: 0, to: 24, by: 2).map { Float($0) })
            try reader.withRows(of: "turned", 1..<2) { #expect($0.elementsEqual(Build.bytes([2, 9, 16]))) }
            try reader.withRows(of: "half", 10..<12) { #expect($0.elementsEqual(Build.bytes([20, 22]))) }
            // Back and forth: a deflated entry has to start again.
            for row in [3, 0, 2] {
                try reader.withRows(of: "plain", row..<row + 1) { rows in
                    #expect(rows.elementsEqual(Build.bytes(Array(Self.values[row * 6..<row * 6 + 6]))))
                }
            }
            #expect(reader.tiedGroups == [["plain", "again"]])
        }
    }

    @Test func legacyStorageViewsAreBounded() throws {
        func file(_ offset: Int32, _ size: Int32) -> [UInt8] {
            let view = Build.tuple(Build.text("v"), Build.int(offset), Build.int(size))
            let pickle = Build.pickle(
                Build.tensor(key: "0", count: 24, offset: 1, shape: [2], strides: [2], view: view))
            return Build.torchLegacy(pickle, storages: [("0", 4, Build.bytes(Self.values))])
        }
        let found = try Self.write(file(8, 4), as: "x.pth") { try readEverything(path: $0) }
        #expect(found.tensors.map(\.name) == ["tensor"])
        #expect(found.tensors.first?.tensor.floats() == [9, 11])
        #expect(try Self.error(file(8, 3), as: "x.pth") != nil)
        #expect(try Self.error(file(22, 4), as: "x.pth") != nil)
        #expect(try Self.error(file(-1, 4), as: "x.pth") != nil)
    }

    /// Strides so large that no window holds two elements; the file has holes, so it costs no disk.
    @Test func scatteredElementsAreReadInWindows() throws {
        let strides: [Int32] = [1, 20_000_000, 70_000_000]
        let count = 111_000_000
        let pickle = Build.pickle(
            Build.tensor(storage: "ByteStorage", key: "0", count: Int32(count), shape: [2, 3, 2], strides: strides))
        let head = Build.torchLegacyHead(pickle, keys: ["0"]) + Build.little(UInt64(count))
        try Self.write(head, as: "x.pth") { path in
            let handle = try #require(FileHandle(forUpdatingAtPath: path))
            var expected: [Int] = []
            for row in 0..<2 {
                for middle in 0..<3 {
                    for last in 0..<2 {
                        expected.append(expected.count + 1)
                        try handle.seek(toOffset: UInt64(head.count + row + middle * 20_000_000 + last * 70_000_000))
                        try handle.write(contentsOf: [UInt8(expected.count)])
                    }
                }
            }
            try handle.truncate(atOffset: UInt64(head.count + count))
            let reader = try openCheckpoint(path: path)
            #expect(try reader.tensor(named: "tensor").integers() == expected)
            try reader.withRows(of: "tensor", 1..<2) { #expect($0.elementsEqual([7, 8, 9, 10, 11, 12])) }
        }
    }

    @Test func damagedEntryIsNoticedWhenRead() throws {
        var file = Self.forms[0].1
        let place = try #require(file.indices.first { file[$0...].starts(with: Build.bytes([21, 22])) })
        file[place] ^= 1
        try Self.write(file, as: "x.pth") { path in
            let reader = try openCheckpoint(path: path)
            #expect(throws: CheckpointError.self) { try reader.tensor(named: "plain") }
            #expect(throws: CheckpointError.self) { try reader.withRows(of: "one", 0..<1) { _ in } }
        }
    }

    @Test func missingAndDoubledStoragesAreNamed() throws {
        let missing = try Self.error(Build.torchZip(Self.views, storages: []), as: "x.pth")
        #expect(missing?.description.contains("'data/0' of tensor 'plain' is missing") == true)
        #expect(try Self.error(Build.torchZip(Self.views, storages: [("0", []), ("0", [])]), as: "x.pth") != nil)
    }

    @Test func lyingEntrySizeCostsNothing() throws {
        // 16 bytes of deflate that claim a little under what deflate could ever reach, and far more.
        for claim in [UInt32(16_000), 0xffff_fff0] {
            let pickle = Build.pickle(
                Build.tensor(
                    storage: "ByteStorage", key: "0", count: Int32(clamping: claim), shape: [Int32(clamping: claim)],
                    strides: [1]))
            let file = Build.zip([
                Build.Entry(name: "a/data.pkl", data: pickle),
                Build.Entry(
                    name: "a/data/0", data: [UInt8](repeating: 7, count: 11), isDeflated: true, claimedSize: claim),
            ])
            #expect(try Self.error(file, as: "x.pth") != nil)
        }
    }

    // MARK: NumPy

    @Test func orderAndEndiannessAreUndone() throws {
        let big = (0..<6).flatMap { Build.little(Float($0).bitPattern.byteSwapped) }
        let file = Build.npy(">f4", shape: [2, 3], fortran: true, data: big)
        let found = try Self.write(file, as: "x.npy") { try readEverything(path: $0) }
        #expect(found.tensors.first?.tensor.floats() == [0, 2, 4, 1, 3, 5])
        let pickle = Build.pickle(
            Build.array(">f4", shape: [2, 3], fortran: true, data: Build.bytesLiteral(big)), version: 3)
        let bare = try Self.write(pickle, as: "x.pkl") { try readEverything(path: $0) }
        #expect(bare.tensors.first?.name == "array")
        #expect(bare.tensors.first?.tensor.floats() == [0, 2, 4, 1, 3, 5])
    }

    @Test func archiveKeepsItsArrays() throws {
        let file = Build.zip([
            Build.Entry(
                name: "a.npy", data: Build.npy("<f4", shape: [2, 2], data: Build.bytes([1, 2, 3, 4])), isDeflated: true),
            Build.Entry(name: "b.npy", data: Build.npy("|u1", shape: [], data: [9])),
            Build.Entry(name: "c.npy", data: Build.npy("<U2", shape: [], data: [0x41, 0, 0, 0, 0xb1, 3, 0, 0])),
        ])
        let found = try Self.write(file, as: "x.npz") { try readEverything(path: $0) }
        #expect(found.tensors.map(\.name) == ["a", "b"])
        #expect(found.tensors.map { $0.tensor.floats() } == [[1, 2, 3, 4], [9]])
        #expect(found.scalars.first?.name == "c" && found.scalars.first?.value == .string("Aα"))
    }

    @Test func sparseRowsAreMadeDense() throws {
        let file = Build.csr(
            shape: [4, 3], indptr: [0, 2, 2, 4, 5], indices: [2, 0, 1, 1, 2], data: [1, 2, 3, 4, 5], isDeflated: true)
        try Self.write(file, as: "x.npz") { path in
            let reader = try openCheckpoint(path: path)
            #expect(try reader.tensor(named: "dense").floats() == [2, 0, 1, 0, 0, 0, 0, 7, 0, 0, 0, 5])
            try reader.withRows(of: "dense", 2..<4) { #expect($0.elementsEqual(Build.bytes([0, 7, 0, 0, 0, 5]))) }
        }
    }

    @Test(arguments: [[Int64(1) << 40, 3], [4, 1 << 40], [-4, 3], [4], [.max, .max], [0, .max]])
    func sparseShapeThatLiesCostsNothing(shape: [Int64]) throws {
        let file = Build.csr(shape: shape, indptr: [0, 1, 1, 1, 1], indices: [0], data: [1])
        #expect(try Self.error(file, as: "x.npz") != nil)
    }

    // MARK: Shards and folders

    @Test func shardsAreFoundThroughIndexAndFolder() throws {
        try withTemporaryFolder { folder in
            func put(_ bytes: [UInt8], _ name: String) throws {
                try Data(bytes).write(to: URL(fileURLWithPath: folder + "/" + name))
            }
            try put(
                Build.safetensors([(name: "a", type: "F32", shape: [1], data: Build.bytes([1]))]), "one.safetensors")
            try put(Self.forms[0].1, "two.bin")
            func index(_ map: String) throws {
                try put(Array("{\"metadata\": {}, \"weight_map\": {\(map)}}".utf8), "model.safetensors.index.json")
            }
            try index("\"plain\": \"two.bin\", \"a\": \"one.safetensors\", \"again\": \"two.bin\"")
            let reader = try openCheckpoint(path: folder)
            #expect(reader.tensors.map(\.name) == ["plain", "a", "again"])
            #expect(reader.tiedGroups == [["plain", "again"]])
            #expect(try reader.tensor(named: "a").floats() == [1])
            for broken in [
                "\"b\": \"one.safetensors\"", "\"a\": \"three.safetensors\"", "\"a\": \"../one.safetensors\"",
                "\"a\": 1", "\"a\": \"\"",
                "\"a\": \"model.safetensors.index.json\"", "\"a\": \"one.safetensors\", \"a\": \"one.safetensors\"",
            ] {
                try index(broken)
                #expect(throws: CheckpointError.self, "\(broken)") { try openCheckpoint(path: folder) }
            }
        }
        try withTemporaryFolder { folder in
            let error = #expect(throws: CheckpointError.self) { try openCheckpoint(path: folder) }
            #expect(error?.description.contains("pytorch_model.bin") == true)
            #expect(throws: CheckpointError.self) { try openCheckpoint(path: folder + "/absent") }
        }
        #expect(throws: CheckpointError.self) { try openCheckpoint(path: "/dev/zero") }
    }

    @Test func errorIsOneReadableLine() {
        let error = CheckpointError.malformed(
            file: "x.pth", field: "tensor 'a'", expected: "shape [3]", found: "shape [4]")
        #expect("\(error)" == "x.pth: tensor 'a': expected shape [3], found shape [4]")
    }
}
