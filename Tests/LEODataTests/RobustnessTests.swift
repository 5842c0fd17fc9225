import Foundation
import LEOData
import TestSupport
import Testing

@Suite("Data sets of broken bytes")
struct DataRobustnessTests {
    /// Files with bytes changed, cut or repeated: read or refused with an error of the data sets' own, nothing else.
    @Test(arguments: 0..<4)
    func areReadOrRefused(_ part: Int) throws {
        var random = SeededGenerator(seed: UInt64(part))
        try withTemporaryFolder { path in
            let root = DataRoot(path: path)
            try root.writeScan("s", labels: [0, 1])
            try root.writeProposals("s", cubes: 2, [[0], [1]])
            try root.writeScanQA(ids: [1])
            try root.writeRScan("r", ids: [3, 4], order: [4, 3])
            try root.write(
                "alignment/scene_caption/3rscan_scenecap_val.json",
                #"{"r": [{"query": "{'a-3': {'x': [1, (2,)], \"y\": None}, 'b-4': 'it\\'s'}", "response": "A. B."}]}"#)
            try root.write("alignment/obj_caption/Cap3D_automated_Objaverse_no3Dword.csv", "a,\"b \"\"c\"\"\"\nd,e\n")
            let files: [(name: String, task: TaskKind)] = [
                (DataRoot.scan("s"), .scanqa), ("scannet/mask/s.mask.npz", .scanqa),
                ("instruction/scanqa/ScanQA_v1.0_val.json", .scanqa),
                ("rscan/3RScan-ours-align/r/inst_to_label.pth", .sceneCap),
                ("rscan/3RScan-ours-align/r/pcd-align.pth", .sceneCap),
                ("alignment/scene_caption/3rscan_scenecap_val.json", .sceneCap),
                ("alignment/obj_caption/Cap3D_automated_Objaverse_no3Dword.csv", .cap3d),
            ]
            let options = DatasetOptions(objectSource: .predicted, choices: FixedChoices())
            var refused = 0
            for (name, task) in files {
                let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
                for _ in 0..<40 {
                    var bytes = whole
                    for _ in 0..<Int.random(in: 1...3, using: &random) {
                        let place = Int.random(in: 0..<bytes.count, using: &random)
                        switch Int.random(in: 0..<4, using: &random) {
                        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                        case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                        case 2: bytes.removeSubrange(place..<min(place + 4, bytes.count - 1))
                        default: bytes.insert(contentsOf: bytes[place...].prefix(3), at: place)
                        }
                    }
                    try root.write(name, bytes)
                    do {
                        let dataset = try openDataset(task, in: root.folders, split: .val, options: options)
                        for index in 0..<dataset.count {
                            let sample = try dataset.sample(at: index)
                            #expect(sample.objectTensors().count == sample.objects.count)
                        }
                    } catch {
                        #expect(error is DataError, "\(name): \(error)")
                        refused += 1
                    }
                }
                try root.write(name, whole)
            }
            // Most of these bytes matter.
            #expect(refused > 40)
        }
    }
}
