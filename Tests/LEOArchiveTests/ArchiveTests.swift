import Foundation
import LEOArchive
import LEOTensor
import TestSupport
import Testing

@Suite struct ArchiveTests {
    @Test func roundTripKeepsEverything() throws {
        try withTemporaryFolder { folder throws in
            let path = folder + "/model.leo"
            let metadata = ["producer": "test 1.0", "created-from": "a \"b\"\\c\n\u{1}é🦁", "": ""]
            let configuration = #"{ "text" : "\u00e9\n", "n":[1, -2.5e3, true, null, {}] }"#
            let base = ArchiveBase(name: "vicuna \"7b\"", fingerprint: "0123456789abcdef")
            let fingerprint = try writeSample(to: path, configuration: " \(configuration)\n", metadata: metadata, base: base)

            let archive = try Archive(path: path)
            #expect(archive.configuration == configuration)
            #expect(archive.metadata == metadata)
            #expect(archive.base == base)
            #expect(archive.fingerprint == fingerprint)
            #expect(archive.version == "1.0")
            #expect(archive.tensors.map(\.specification) == sampleTensors)
            #expect(archive.tensors.allSatisfy { $0.offset % 4096 == 0 })
            #expect(archive.byteCount % 4096 == 0)

            let matrix = try #require(archive.tensor(named: "layers.0.q_proj"))
            #expect(matrix.shape == [35, 7])
            #expect(matrix.tensor.shape == [3, 7, 16])
            #expect(matrix.tensor.integers() == sampleMatrix.map(Int.init))
            #expect(matrix.byteCount == 3 * 7 * 16)
            #expect(matrix.withBytes { Array($0) } == sampleMatrix.map { UInt8(bitPattern: $0) })
            #expect(UInt(bitPattern: matrix.baseAddress) % 4096 == 0)
            #expect(try #require(archive.tensor(named: "norm")).tensor.floats() == [1, 2, 3])
            #expect(try #require(archive.tensor(named: "empty")).byteCount == 0)
            #expect(try #require(archive.tensor(named: "tokenizer.model")).withBytes { Array($0) } == sampleTokenizer)
            #expect(archive.tensor(named: "absent") == nil)
            try archive.verify()
        }
    }

    @Test func layoutsStoreWhatTheFormatSays() {
        func stored(_ layout: TensorLayout, _ shape: [Int]) -> [Int]? { layout.storedShape(for: shape) }
        func bytes(_ layout: TensorLayout, _ type: ElementType, _ shape: [Int]) -> Int? {
            TensorSpecification(name: "w", elementType: type, shape: shape, layout: layout).byteCount
        }
        #expect(stored(.nk64, [65, 3]) == [2, 3, 64] && bytes(.nk64, .f32, [65, 3]) == 2 * 3 * 64 * 4)
        #expect(stored(.n64k4, [64, 8]) == [1, 2, 64, 4] && bytes(.n64k4, .u8, [64, 8]) == 512)
        #expect(stored(.n64k4, [65, 9]) == [2, 3, 64, 4] && bytes(.n64k4, .u8, [65, 9]) == 2 * 3 * 256)
        #expect(stored(.n64k8, [64, 8]) == [1, 1, 64, 4] && bytes(.n64k8, .u8, [64, 8]) == 256)
        #expect(stored(.n64k8, [65, 9]) == [2, 2, 64, 4] && bytes(.n64k8, .u8, [65, 9]) == 2 * 2 * 256)
        for layout in TensorLayout.allCases where layout != .rows {
            #expect(stored(layout, [0, 5])?.reduce(1, *) == 0 && stored(layout, [5, 0])?.reduce(1, *) == 0)
            for shape in [[], [4], [1, 2, 3], [-1, 4], [4, -1], [.max, .max], [.max, 1], [1, .max]] { #expect(stored(layout, shape) == nil) }
        }
        #expect(bytes(.n64k4, .i8, [64, 8]) == nil && bytes(.n64k8, .f32, [64, 8]) == nil)
    }

    @Test func archiveWithoutTensorsOpens() throws {
        try withTemporaryFolder { folder throws in
            let path = folder + "/model.leo"
            try ArchiveWriter(path: path, configuration: "{}", tensors: []).finish()
            let archive = try Archive(path: path)
            #expect(archive.tensors.isEmpty)
            #expect(archive.metadata.isEmpty)
            #expect(archive.base == nil)
            #expect(archive.byteCount == 4096)
            try archive.verify()
        }
    }

    @Test func sameInputGivesSameBytes() throws {
        try withTemporaryFolder { folder throws in
            let metadata = Dictionary(uniqueKeysWithValues: (0..<20).map { ("key\($0)", "value") })
            _ = try writeSample(to: folder + "/1.leo", metadata: metadata)
            _ = try writeSample(to: folder + "/2.leo", metadata: metadata)
            #expect(try contents(of: folder + "/1.leo") == contents(of: folder + "/2.leo"))
        }
    }

    /// The header grows over page borders with the number of tensors, and offsets must keep clear of it.
    @Test(arguments: [1, 20, 25, 26, 27, 28, 29, 30, 31, 32, 33, 60, 1000])
    func headersOfAllSizesKeepClearOfData(count: Int) throws {
        try withTemporaryFolder { folder throws in
            let path = folder + "/model.leo"
            let tensors = (0..<count).map { TensorSpecification(name: "t\($0)", elementType: .i32, shape: [1]) }
            let writer = try ArchiveWriter(path: path, configuration: "{}", tensors: tensors)
            for index in 0..<count { try writer.append([Int32(index)], to: "t\(index)") }
            try writer.finish()
            let archive = try Archive(path: path)
            try archive.verify()
            for (index, tensor) in archive.tensors.enumerated() { #expect(tensor.tensor.integers() == [index]) }
        }
    }

    @Test func tensorsOutliveTheirArchive() throws {
        try withTemporaryFolder { folder throws in
            _ = try writeSample(to: folder + "/model.leo")
            let norm = try #require(Archive(path: folder + "/model.leo").tensor(named: "norm"))
            #expect(norm.tensor.floats() == [1, 2, 3])
        }
    }

    @Test func askedFormIsChecked() throws {
        try withTemporaryFolder { folder throws in
            _ = try writeSample(to: folder + "/vicuna.leo")
            let archive = try Archive(path: folder + "/vicuna.leo")
            #expect(try archive.tensor(sampleTensors[0]).shape == [35, 7])
            let wanted = TensorSpecification(name: "layers.0.q_proj", elementType: .i8, shape: [35, 8], layout: .nk16)
            let error = #expect(throws: ArchiveError.self) { try archive.tensor(wanted) }
            #expect(
                error?.description == "\(folder)/vicuna.leo: layers.0.q_proj: expected [35, 8] i8 nk16, found [35, 7] i8 nk16")
            let absent = TensorSpecification(name: "layers.9.q_proj", elementType: .i8, shape: [1])
            #expect(throws: ArchiveError.missingTensor(path: archive.path, name: "layers.9.q_proj")) { try archive.tensor(absent) }
        }
    }

    @Test func fingerprintIsOfTheTensorsAlone() throws {
        try withTemporaryFolder { folder throws in
            let one = try writeSample(to: folder + "/1.leo")
            let two = try writeSample(to: folder + "/2.leo", configuration: #"{"other":1}"#, metadata: [:])
            #expect(one == two)
            let writer = try ArchiveWriter(path: folder + "/3.leo", configuration: "{}", tensors: sampleTensors.reversed())
            try writer.append(sampleMatrix, to: "layers.0.q_proj")
            try writer.append([1, 2, 3] as [Float], to: "norm")
            try writer.append(sampleTokenizer, to: "tokenizer.model")
            #expect(try writer.finish() == one)
            let other = try ArchiveWriter(path: folder + "/4.leo", configuration: "{}", tensors: sampleTensors)
            try other.append(sampleMatrix, to: "layers.0.q_proj")
            try other.append([1, 2, 4] as [Float], to: "norm")
            try other.append(sampleTokenizer, to: "tokenizer.model")
            #expect(try other.finish() != one)

            // Without what is left out it is the fingerprint of a file that never had it.
            let less = try ArchiveWriter(path: folder + "/5.leo", configuration: "{}", tensors: sampleTensors.filter { $0.name != "norm" })
            try less.append(sampleMatrix, to: "layers.0.q_proj")
            try less.append(sampleTokenizer, to: "tokenizer.model")
            let rest = try less.finish()
            #expect(rest != one)
            for name in ["3.leo", "4.leo", "5.leo"] {
                #expect(try Archive(path: folder + "/" + name).fingerprint(leavingOut: "no") == rest)
            }
            #expect(try Archive(path: folder + "/3.leo").fingerprint(leavingOut: "prefix.") == one)
        }
    }

    @Test func summaryCountsTypesAndLayouts() throws {
        try withTemporaryFolder { folder throws in
            _ = try writeSample(to: folder + "/model.leo")
            let summary = try Archive(path: folder + "/model.leo").summary
            #expect(summary.tensorCount == 4)
            #expect(summary.dataByteCount == 336 + 12 + 5000)
            #expect(summary.groups.map(\.elementType) == [.u8, .i8, .f32, .f16])
            #expect(summary.groups.map(\.elementCount) == [5000, 245, 3, 0])
            #expect(summary.groups.map(\.byteCount) == [5000, 336, 12, 0])
            #expect(summary.description.contains("producer: test"))
            #expect(summary.description.contains(summary.fingerprint))
        }
    }

    @Test func verifyNamesEveryBadTensor() throws {
        try withTemporaryFolder { folder throws in
            let path = folder + "/model.leo"
            _ = try writeSample(to: path)
            let good = try Archive(path: path)
            var bytes = try contents(of: path)
            for name in ["norm", "tokenizer.model"] {
                let tensor = try #require(good.tensor(named: name))
                bytes[tensor.offset + tensor.byteCount - 1] ^= 0x10
            }
            let bad = folder + "/bad.leo"
            try Data(bytes).write(to: URL(fileURLWithPath: bad))
            let archive = try Archive(path: bad)
            #expect(archive.damages(progress: { _ in }).map(\.name) == ["norm", "tokenizer.model"])
            let error = #expect(throws: ArchiveError.self) { try archive.verify() }
            #expect(error?.description.hasPrefix("\(bad): 2 damaged: norm: expected ") == true)
        }
    }

    @Test func verifyFindsEveryFlippedBitOutsideTheHeader() throws {
        try withTemporaryFolder { folder throws in
            let path = folder + "/model.leo"
            _ = try writeSample(to: path)
            let bytes = try contents(of: path)
            let json = Int(bytes[16]) + Int(bytes[17]) << 8
            var generator = SeededGenerator(seed: 2)
            for round in 0..<200 {
                var changed = bytes
                let place = Int.random(in: 32 + json..<bytes.count, using: &generator)
                changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                try Data(changed).write(to: URL(fileURLWithPath: path))
                #expect(try Archive(path: path).damages(progress: { _ in }).count == 1, "round \(round), byte \(place)")
            }
        }
    }

    @Test func verifyReportsProgressAndCanBeEnded() throws {
        struct Stop: Error {}
        try withTemporaryFolder { folder throws in
            let path = folder + "/model.leo"
            let tensors = [TensorSpecification(name: "big", elementType: .u8, shape: [9 << 20])]
            let writer = try ArchiveWriter(path: path, configuration: "{}", tensors: tensors)
            try writer.append([UInt8](repeating: 3, count: 9 << 20), to: "big")
            try writer.finish()
            let archive = try Archive(path: path)
            var seen = [Int]()
            try archive.verify { seen.append($0.bytesDone) }
            #expect(seen == [4 << 20, 8 << 20, 9 << 20])
            seen = []
            #expect(throws: Stop.self) {
                try archive.verify {
                    seen.append($0.bytesDone)
                    throw Stop()
                }
            }
            #expect(seen.count == 1)
        }
    }

    /// The time is printed, not asserted: it depends on the machine and on whether the build is optimised.
    @Test func openingALargeModelReadsNoData() throws {
        try withTemporaryFolder { folder throws in
            let path = folder + "/large.leo"
            // 7 GB and 2500 tensors; the hole where the data would be takes no space.
            let rows = (0..<2500).map { index in
                "{" + HandmadeFile.row(
                    "llm.layers.\(index / 10).weight\(index % 10)", "i8", "[2736,1024]", "nk16", "\((1 << 20) + index * 2_801_664)",
                    "2801664") + "}"
            }
            let start = HandmadeFile(
                json: "{\"configuration\":{},\"metadata\":{},\"tensors\":[\(rows.joined(separator: ",\n"))]}"
            ).bytes
            #expect(FileManager.default.createFile(atPath: path, contents: Data(start)))
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.truncate(atOffset: UInt64((1 << 20) + 2500 * 2_801_664))
            try handle.close()

            let clock = ContinuousClock()
            var best = Duration.seconds(100)
            for _ in 0..<3 {
                best = min(best, try clock.measure { () throws in #expect(try Archive(path: path).tensors.count == 2500) })
            }
            print("opened 2500 tensors, \(start.count) bytes of header, in \(best)")
        }
    }
}
