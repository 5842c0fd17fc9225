import Foundation
import LEOAction
import LEOConvert
import LEOData
import LEOTensor
import TestSupport
import Testing

/// Files written here, read back by the readers that official files pass through.
@Suite struct WritingTests {
    private static let values: PythonValue = .record([
        "none": .none, "yes": .bool(true), "no": .bool(false), "small": .int(7), "negative": .int(-1),
        "middle": .int(100_000),
        "large": .int(220_602_000_000), "least": .int(.min), "pi": .double(.pi), "text": .string("Größe \u{1F600}\n"),
        "empty": .list([]), "tuple": .tuple([.int(1), .string("a")]), "many": .list((0..<2500).map { .int($0) }),
        "points": .array(Tensor(.f32, [Float](repeating: 0.5, count: 6), shape: [2, 3])),
        "labels": .array(Tensor(.i64, [Int64(-1), 0, 5], shape: [3])),
        "colors": .array(Tensor(.u8, [UInt8(0), 128, 255], shape: [1, 3])),
        "nothing": .array(Tensor(.f64, [Double](), shape: [0, 3])),
        "objects": .objectArray([.string("x"), .array(Tensor(.f64, [1.5], shape: [1]))]),
    ])

    private func check(_ value: PickleValue) throws {
        #expect(value[key: "none"]?.isNone == true)
        #expect(value[key: "yes"]?.bool == true && value[key: "no"]?.bool == false)
        #expect(
            value[key: "small"]?.int == 7 && value[key: "negative"]?.int == -1 && value[key: "middle"]?.int == 100_000)
        #expect(value[key: "large"]?.int == 220_602_000_000 && value[key: "least"]?.int == .min)
        #expect(value[key: "pi"]?.double == .pi)
        #expect(value[key: "text"]?.string == "Größe \u{1F600}\n")
        #expect(value[key: "empty"]?.items?.isEmpty == true)
        #expect(value[key: "tuple"]?.items?.first?.int == 1)
        #expect(value[key: "many"]?.items?.map(\.int) == (0..<2500).map { $0 })
        let points = try #require(try value[key: "points"]?.tensor())
        #expect(
            points.shape == [2, 3] && points.elementType == .f32 && points.floats() == [Float](repeating: 0.5, count: 6)
        )
        #expect(try value[key: "labels"]?.tensor()?.integers() == [-1, 0, 5])
        #expect(try value[key: "colors"]?.tensor()?.integers() == [0, 128, 255])
        #expect(try value[key: "nothing"]?.tensor()?.shape == [0, 3])
        let objects = try #require(value[key: "objects"]?.items)
        #expect(objects[0].string == "x")
        #expect(try objects[1].tensor()?.floats() == [1.5])
        #expect(
            value.entries?.map { $0.key.string ?? "" } == [
                "none", "yes", "no", "small", "negative", "middle", "large", "least", "pi", "text", "empty", "tuple",
                "many", "points",
                "labels", "colors", "nothing", "objects",
            ])
    }

    @Test func picklesReadBack() throws {
        try withTemporaryFolder { folder in
            try DatasetFiles.writePickle(Self.values, to: folder + "/values.pkl")
            try check(loadPickle(path: folder + "/values.pkl"))
            try DatasetFiles.writeTorch(Self.values, to: folder + "/deep/er/values.pth")
            try check(loadPickle(path: folder + "/deep/er/values.pth"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["deep", "values.pkl"])
        }
    }

    @Test(arguments: ElementType.allCases) func tensorsReadBack(type: ElementType) throws {
        let tensor = Tensor(elementType: type, shape: [2, 3, 2]) { target in
            for index in target.indices { target[index] = type == .bool ? UInt8(index % 2) : UInt8(index % 60) }
        }
        try withTemporaryFolder { folder in
            let path = folder + "/tensor.pt"
            try DatasetFiles.writeTorch(
                .list([.tensor(tensor), .tensor(Tensor([1, 2] as [Float], shape: [2]))]), to: path)
            let value = try loadPickle(path: path)
            let found = try #require(try value[index: 0]?.tensor())
            #expect(found.shape == [2, 3, 2] && found.elementType == type)
            #expect(found.withBytes { Array($0) } == tensor.withBytes { Array($0) })
            #expect(try value[index: 1]?.tensor()?.floats() == [1, 2])
        }
    }

    @Test func sparseMasksReadBack() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/scene.mask.npz"
            try DatasetFiles.writeSparseMask(rows: [[0, 3], [], [1, 2, 4]], columnCount: 5, to: path)
            let reader = try openCheckpoint(path: path)
            let matrix = try reader.tensor(named: reader.tensors[0].name)
            #expect(matrix.shape == [3, 5])
            #expect(matrix.integers() == [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1])
        }
    }

    @Test func numPyFilesReadBack() throws {
        try withTemporaryFolder { folder in
            try DatasetFiles.writeNumPy(
                .array(Tensor(.f32, (0..<6).map { Float($0) }, shape: [3, 2])), to: folder + "/a.npy")
            let reader = try openCheckpoint(path: folder + "/a.npy")
            #expect(try reader.tensor(named: reader.tensors[0].name).floats() == [0, 1, 2, 3, 4, 5])
            let objects = (1...3).map {
                PythonValue.array(Tensor(.f32, [Float](repeating: Float($0), count: 7 * $0), shape: [$0, 7]))
            }
            try DatasetFiles.writeNumPy(.objectArray(objects), to: folder + "/objects.npy")
            let items = try #require(try loadPickle(path: folder + "/objects.npy").items)
            #expect(try items.map { try $0.tensor()?.shape } == [[1, 7], [2, 7], [3, 7]])
        }
    }

    @Test func textFilesAreExact() throws {
        try withTemporaryFolder { folder in
            try DatasetFiles.writeCSV(
                [["a", "plain"], ["b", "with, comma"], ["c", "a \"quoted\" word"]], to: folder + "/a.csv")
            #expect(
                try String(contentsOfFile: folder + "/a.csv", encoding: .utf8)
                    == "a,plain\nb,\"with, comma\"\nc,\"a \"\"quoted\"\" word\"\n")
            let json = JSONText.record([
                "z": .integer(1), "a": .float(0.1), "text": .string("ä\"\\\n\u{1F600}"), "list": .integers([1, 2]),
                "no": .null,
            ])
            try DatasetFiles.writeJSON(json, to: folder + "/a.json")
            let text = try String(contentsOfFile: folder + "/a.json", encoding: .utf8)
            #expect(text.hasPrefix("{\"z\": 1, \"a\": 0.1, \"text\": \"\\u00e4"))
            let back = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            #expect(back?["text"] as? String == "ä\"\\\n\u{1F600}")
        }
    }

    @Test func unwritablePlaceIsAnError() throws {
        try withTemporaryFolder { folder in
            try DatasetFiles.writeCSV([["a"]], to: folder + "/file")
            #expect(throws: FileError.self) { try DatasetFiles.writeCSV([["a"]], to: folder + "/file/below.csv") }
        }
    }

    /// The check values of the catalogue of CRC algorithms, by way of a zip's readers, which verify them; and the file's
    /// own: no left-overs beside the final name.
    @Test func replacingLeavesOneFile() throws {
        try withTemporaryFolder { folder in
            for count in [1000, 1] {
                try DatasetFiles.writeTorch(.list((0..<count).map { .int($0) }), to: folder + "/x.pth")
            }
            #expect(try loadPickle(path: folder + "/x.pth").items?.count == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["x.pth"])
        }
    }
}
