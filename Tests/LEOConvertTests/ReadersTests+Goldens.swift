import Foundation
import LEOConvert
import LEOTensor
import TestSupport
import Testing

/// Checkpoints and data files as the official programs write them. Sums were taken with NumPy 1.25 and PyTorch.
@Suite("Readers: official files", .enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct ReadersGoldenTests {
    static let agent = (sharedFolder ?? "") + "/golden/agent/tiny/"
    static let data = (sharedFolder ?? "") + "/golden/data/"

    static func sum(_ tensor: Tensor) -> Double {
        tensor.withBytes { bytes in
            switch tensor.elementType {
            case .f64:
                (0..<tensor.count).reduce(0) { $0 + bytes.loadUnaligned(fromByteOffset: 8 * $1, as: Double.self) }
            case .f32, .f16, .bf16: tensor.floats().reduce(0) { $0 + Double($1) }
            default: Double(tensor.integers().reduce(0, +))
            }
        }
    }

    static func absoluteSum(_ tensor: Tensor) -> Double {
        if tensor.elementType.isFloatingPoint { return tensor.floats().reduce(0) { $0 + Double(abs($1)) } }
        return Double(tensor.integers().reduce(0) { $0 + abs($1) })
    }

    /// Sums differ by the order of addition only.
    static func isClose(_ left: Double, _ right: Double) -> Bool { abs(left - right) <= 1e-9 * max(1, abs(right)) }

    // MARK: The agent

    @Test func bothVariantsOfTheLanguageModelAgree() throws {
        let folder = Self.agent + "vicuna-tiny"
        let safetensors = try openCheckpoint(path: folder)
        #expect(safetensors.path.hasSuffix("model.safetensors.index.json"))
        #expect(safetensors.formatName == "2 shards of safetensors")
        let torch = try openCheckpoint(path: folder + "/pytorch_model.bin.index.json")
        #expect(torch.formatName == "2 shards of PyTorch zip")
        #expect(safetensors.tensors.count == 30 && torch.tensors.count == 33)
        let extra = Set(torch.tensors.map(\.name)).subtracting(safetensors.tensors.map(\.name))
        #expect(extra.allSatisfy { $0.hasSuffix("rotary_emb.inv_freq") } && extra.count == 3)
        for entry in safetensors.tensors {
            let other = try #require(torch.entry(named: entry.name))
            #expect(other == entry)
            let left = try safetensors.tensor(named: entry.name)
            let right = try torch.tensor(named: entry.name)
            #expect(left.withBytes { left in right.withBytes { left.elementsEqual($0) } }, "\(entry.name)")
            // In blocks of rows, the last one shorter.
            var blocks = Data()
            for first in stride(from: 0, to: entry.rowCount, by: 37) {
                try torch.withRows(of: entry.name, first..<min(first + 37, entry.rowCount)) { blocks += Data($0) }
            }
            #expect(left.withBytes { $0.elementsEqual(blocks) }, "\(entry.name) in blocks")
        }
    }

    @Test(arguments: [
        ("pointnetpp.pth", "PyTorch legacy", 56, 1_269_001, 68768.7570337829),
        ("leo.pth", "PyTorch zip", 117, 2_025_619, 113593.39406844684),
        ("convnext", "PyTorch zip", 111, 1_941_409, 104807.27803647921),
    ])
    func partHoldsWhatTorchSees(path: String, format: String, tensors: Int, elements: Int, sum: Double) throws {
        let reader = try openCheckpoint(path: Self.agent + path)
        #expect(reader.formatName == format)
        #expect(reader.tensors.count == tensors)
        let all = try reader.tensors.map { try reader.tensor(named: $0.name) }
        #expect(all.reduce(0) { $0 + $1.count } == elements)
        #expect(Self.isClose(all.reduce(0) { $0 + Self.absoluteSum($1) }, sum))
    }

    @Test func scalarsKeepTheirType() throws {
        let reader = try openCheckpoint(path: Self.agent + "pointnetpp.pth")
        let name = "encoder.0.mlps.0.layer0.bn.bn.num_batches_tracked"
        #expect(reader.entry(named: name)?.elementType == .i64)
        #expect(reader.entry(named: name)?.shape == [])
        #expect(try reader.tensor(named: name).integers() == [1000])
    }

    // MARK: Data sets

    struct Expected: Sendable, CustomTestStringConvertible {
        let path: String
        let tensors: [(ElementType, [Int], Double)]
        var testDescription: String { path }
        init(_ path: String, _ tensors: [(ElementType, [Int], Double)]) { (self.path, self.tensors) = (path, tensors) }
    }

    static let scannet = "scannet/scan_data/pcd_with_global_alignment/"
    static let rscan = "rscan/3RScan-ours-align/"
    static let tuples = [
        Expected(
            scannet + "scene0011_00.pth",
            [
                (.f32, [15867, 3], -25036.81615527457), (.u8, [15867, 3], 5_106_003), (.i64, [15867], 253998),
                (.i64, [15867], 80566),
            ]),
        Expected(
            scannet + "scene0015_00.pth",
            [
                (.f64, [26869, 3], -190.37197615794273), (.f64, [26869, 3], 5_959_921), (.i32, [26869], 285813),
            ]),
        Expected(
            scannet + "scene0019_01.pth",
            [
                (.f32, [9013, 3], -23471.84653100874), (.f32, [9013, 3], 2_757_049), (.i16, [9013], 16095),
                (.i64, [9013], 16095),
            ]),
        Expected(
            rscan + "0cac75d0-8d6f-2d13-8c26-d771a31c3f50/pcd-align.pth",
            [
                (.f64, [24036, 3], 38350.42093868212), (.f64, [24036, 3], 6_931_401), (.i64, [24036], 577129),
            ]),
        Expected(
            rscan + "0cac75d0-8d6f-2d13-8c26-d771a31c3f50/pcds.pth",
            [
                (.f32, [24036, 3], 33431.68440302057), (.f32, [24036, 3], 6_931_401), (.i64, [24036], 577129),
            ]),
        Expected(
            rscan + "1776ad80-4db7-2333-8b18-f02ef42f3569/pcd-align.pth",
            [
                (.f32, [12002, 3], 10711.757324203634), (.u8, [12002, 3], 3_082_039), (.i64, [12002], 235884),
            ]),
        Expected(
            rscan + "1776ad80-4db7-2333-8b18-f02ef42f3569/pcds.pth",
            [
                (.f32, [12002, 3], 11501.669038316017), (.u8, [12002, 3], 3_082_039), (.i64, [12002], 235884),
            ]),
    ]

    @Test(arguments: tuples)
    func scanIsATupleOfArrays(_ expected: Expected) throws {
        let root = try loadPickle(path: Self.data + expected.path)
        guard case .tuple(let items) = root.kind else {
            Issue.record("not a tuple")
            return
        }
        #expect(items.count == expected.tensors.count)
        for (item, (type, shape, sum)) in zip(items, expected.tensors) {
            let tensor = try #require(try item.tensor())
            #expect(tensor.elementType == type && tensor.shape == shape)
            #expect(Self.isClose(Self.sum(tensor), sum), "\(Self.sum(tensor)) is not \(sum)")
        }
    }

    @Test func labelsKeepOrderAndIntegerKeys() throws {
        let labels = try #require(
            try loadPickle(path: Self.data + Self.rscan + "0cac75d0-8d6f-2d13-8c26-d771a31c3f50/inst_to_label.pth")
                .entries)
        #expect(labels.count == 18)
        #expect(labels.prefix(6).map(\.key.int) == [1, 2, 4, 9, 14, 15])
        #expect(labels.prefix(6).map(\.value.string) == ["floor", "wall", "pillow", "nightstand", "keyboard", "chair"])
        let other = try #require(
            try loadPickle(path: Self.data + Self.rscan + "1776ad80-4db7-2333-8b18-f02ef42f3569/inst_to_label.pth")
                .entries)
        #expect(other.map(\.key.int).prefix(3) == [46, 40, 31] && other.count == 9)
    }

    @Test(arguments: [
        ("40f501d51d7079e460febb5e4cf838ab", 4023223.7841772586),
        ("47a3c27a01bca272edb72eef0da99d2a", 1092837.2998824867),
        ("911d7d8a2a3d54a76e8f070a9e6ee35b", 9956392.96572461),
    ])
    func objectIsALoneTensor(name: String, sum: Double) throws {
        let path = Self.data + "alignment/obj_caption/Cap3D_pcs_pt/\(name).pt"
        let tensor = try #require(try loadPickle(path: path).tensor())
        #expect(tensor.elementType == .f32 && tensor.shape == [6, 16384])
        #expect(Self.isClose(Self.sum(tensor), sum))
        // The one with swapped strides must give the same rows alone as within the whole.
        let reader = try openCheckpoint(path: path)
        #expect(reader.tensors.map(\.name) == ["tensor"])
        try reader.withRows(of: "tensor", 4..<6) { rows in
            tensor.rows(4..<6).withBytes { #expect($0.elementsEqual(rows)) }
        }
    }

    @Test func demonstrationsAreDictionariesOfArrays() throws {
        let steps = try #require(
            try loadPickle(path: Self.data + "instruction/cliport/demos/put-block-in-bowl/000003-7.pkl").items)
        #expect(steps.count == 7)
        let first = steps[0]
        #expect(first.entries?.map(\.key.string) == ["obs", "act", "reward", "info"])
        let observation = try #require(first[key: "obs"])
        let expected: [(String, ElementType, [Int], Double)] = [
            ("pointcloud", .f32, [2156, 3], 1228.716768291917), ("colorcloud", .u8, [2156, 4], 1_313_666),
            ("segmentcloud", .i32, [2156, 1], 11786), ("colormap", .u8, [320, 160, 3], 19_572_270),
            ("depthmap", .f32, [320, 160], 0),
        ]
        for (name, type, shape, sum) in expected {
            let tensor = try #require(try observation[key: name]?.tensor())
            #expect(
                tensor.elementType == type && tensor.shape == shape && Self.isClose(Self.sum(tensor), sum), "\(name)")
        }
        let pose = try #require(try first[key: "act"]?[key: "pose0"]?[index: 1]?.tensor())
        #expect(pose.elementType == .f64 && pose.shape == [4] && Self.isClose(Self.sum(pose), 1.3775158311840803))
        #expect(first[key: "reward"]?.double == 0)
        #expect(first[key: "info"]?[key: "lang_goal"]?.string == "put the dark blue blocks in a red bowl")
        let last = try #require(
            try loadPickle(path: Self.data + "instruction/cliport/demos/stack-block-pyramid/000012-24.pkl").items?.last)
        #expect(last[key: "act"]?.isNone == true)
        #expect(last[key: "info"]?[key: "lang_goal"]?.string == "done stack-block-pyramid")
    }

    @Test func alignmentIsADictionaryOfMatrices() throws {
        let reader = try openCheckpoint(path: Self.data + "instruction/sqa3d/axisAlignment.pth")
        #expect(reader.tensors.map(\.name) == ["scene0011_00", "scene0015_00", "scene0019_01"])
        for (entry, sum) in zip(reader.tensors, [3, 2.7320508075688776, 1.9071922428511545]) {
            #expect(entry.elementType == .f64 && entry.shape == [3, 3])
            #expect(Self.isClose(Self.sum(try reader.tensor(named: entry.name)), sum))
        }
    }

    @Test(arguments: [
        ("scene0011_00", ElementType.i8, [19, 15867], 15340), ("scene0015_00", .f64, [65, 26869], 40145),
        ("scene0019_01", .bool, [10, 9013], 7241),
    ])
    func maskIsDense(name: String, type: ElementType, shape: [Int], sum: Int) throws {
        let reader = try openCheckpoint(path: Self.data + "scannet/mask/\(name).mask.npz")
        #expect(reader.tensors == [reader.entry(named: "dense")])
        let dense = try reader.tensor(named: "dense")
        #expect(dense.elementType == type && dense.shape == shape)
        #expect(Int(Self.sum(dense)) == sum)
        var rows = Data()
        for row in 0..<shape[0] { try reader.withRows(of: "dense", row..<row + 1) { rows += Data($0) } }
        #expect(dense.withBytes { $0.elementsEqual(rows) })
    }

    @Test(arguments: [
        ("17DRP5sb8fy", ElementType.f32, 12, [1154, 7], 1372746.7071797284),
        ("1LXtFkjw3qL", .f32, 6, [606, 7], 731084.5448079146),
        ("HxpKQynjfin", .f64, 6, [446, 7], 272330.1383150477),
    ])
    func objectsAreAnArrayOfArrays(name: String, type: ElementType, count: Int, shape: [Int], sum: Double) throws {
        let root = try loadPickle(path: Self.data + "instruction/mp3d_objnav/mp3d_obj/\(name)/objects.npy")
        guard case .objectArray(let outer, let items) = root.kind else {
            Issue.record("not an array of objects")
            return
        }
        #expect(outer == [count] && items.count == count)
        let first = try #require(try items[0].tensor())
        #expect(first.elementType == type && first.shape == shape && Self.isClose(Self.sum(first), sum))
    }

    @Test func everyDataFileOpensAsACheckpoint() throws {
        let endings: Set<String> = ["pth", "pt", "pkl", "npz", "npy", "safetensors"]
        var count = 0
        for case let name as String in FileManager.default.enumerator(atPath: Self.data) ?? .init()
        where endings.contains(URL(fileURLWithPath: name).pathExtension) {
            let all = try readEverything(path: Self.data + name)
            #expect(!all.tensors.isEmpty || !all.scalars.isEmpty, "\(name)")
            count += 1
        }
        #expect(count >= 30)
    }
}
