import Foundation
import LEOArchive
import LEOConvert
import LEOModel
import TestSupport
import Testing

@Suite struct AdapterConversionTests {
    /// A base from one set of checkpoints and, for `body`, the folder of another whose LEO part differs.
    private func withBase(_ fake: FakeCheckpoints = FakeCheckpoints(), _ body: (Archive, _ folder: String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try Converter(FakeCheckpoints().write(to: folder)).write(to: folder + "/base.leo")
            try FileManager.default.createDirectory(atPath: folder + "/other", withIntermediateDirectories: true)
            _ = try fake.write(to: folder + "/other")
            try body(Archive(path: folder + "/base.leo"), folder)
        }
    }

    /// Checkpoints whose LEO part was trained otherwise.
    private func trained(_ configuration: ModelConfiguration = FakeCheckpoints.configuration()) -> FakeCheckpoints {
        var fake = FakeCheckpoints(configuration)
        for index in fake.entries.indices where fake.entries[index].role == .leo { fake.entries[index].values.reverse() }
        return fake
    }

    @Test(arguments: [4, 7])
    func itHoldsWhatLEOLearnsAndNothingElse(rank: Int) throws {
        let fake = trained(FakeCheckpoints.configuration { $0.lora?.rank = rank; $0.lora?.alpha = Double(rank) })
        try withBase(fake) { base, folder in
            try Converter(adapter: folder + "/other/leo.safetensors", of: base, name: "other").write(to: folder + "/a.leo")
            let adapter = try Archive(path: folder + "/a.leo")
            try adapter.verify()
            // No tensor of its prompt is part of a base's fingerprint.
            #expect(adapter.base?.name == "leo" && base.tensor(named: "prefix.tokens") != nil)
            let configuration = try ModelConfiguration(json: Data(adapter.configuration.utf8))
            #expect(configuration.name == "other" && configuration.lora?.rank == rank && configuration.lora?.alpha == Double(rank))
            let wrapped = "llm_model.base_model.model.model.layers.1.mlp.down_proj."
            #expect(try adapter.values("language.layers.1.down_proj.lora_b") == fake.values(wrapped + "lora_B.default.weight"))
            #expect(try adapter.values("image_proj.weight") == fake.values("img_proj.weight"))
            #expect(try adapter.values("spatial.anchor_size") == fake.values("pcd_encoder.anchor_size"))
            let whole = try Network.storedRecipes(configuration).map(\.name)
            let own = Set(whole.filter { name in ["spatial.", "image_proj.", "object_proj."].contains { name.hasPrefix($0) } || name.contains(".lora_") })
            #expect(Set(adapter.tensors.map(\.name).filter { !$0.hasPrefix("prefix.") }) == own && own.count > 30)
            #expect(adapter.tensors.filter { $0.name.hasPrefix("prefix.") }.count == 3 + 4)
        }
    }

    /// The base's name is that of its weights, whether or not a prompt is stored with them.
    @Test func storedPromptsDoNotPartAdapterAndBase() throws {
        try withTemporaryFolder { folder in
            var converter = try Converter(FakeCheckpoints().write(to: folder))
            try converter.write(to: folder + "/with.leo")
            converter.storesPrompt = false
            try converter.write(to: folder + "/without.leo")
            let with = try Archive(path: folder + "/with.leo"), without = try Archive(path: folder + "/without.leo")
            #expect(!without.tensors.contains { $0.name.hasPrefix("prefix.") })
            #expect(Set(with.tensors.map(\.name)).subtracting(without.tensors.map(\.name)).count == 7)
            for base in [with, without] {
                try Converter(adapter: folder + "/leo.safetensors", of: base).write(to: folder + "/a.leo")
                #expect(try Archive(path: folder + "/a.leo").base?.fingerprint == without.fingerprint)
            }
        }
    }

    @Test func aCompleteStateDictGivesTheSameAdapter() throws {
        try withBase(trained()) { base, folder in
            try Converter(adapter: folder + "/other/leo.safetensors", of: base).write(to: folder + "/a.leo")
            let complete = try trained().writeComplete(to: folder)
            try Converter(adapter: complete.leo, of: base).write(to: folder + "/b.leo")
            #expect(try Archive(path: folder + "/a.leo").fingerprint == Archive(path: folder + "/b.leo").fingerprint)
        }
    }

    @Test func whatIsMissingIsListed() throws {
        let lora = "llm_model.base_model.model.model.layers.1.self_attn.v_proj.lora_A.default.weight"
        func problems(_ change: (inout FakeCheckpoints) -> Void, ignoresExtra: Bool = false) throws -> [TensorProblem] {
            var fake = trained()
            change(&fake)
            var found: [TensorProblem] = []
            try withBase(fake) { base, folder in
                do { _ = try Converter(adapter: folder + "/other/leo.safetensors", of: base, ignoresExtra: ignoresExtra) } catch ConversionError.tensors(let list) {
                    found = list
                }
            }
            return found
        }
        #expect(try problems { _ in }.isEmpty)
        #expect(try problems { $0.remove(lora) }.map(\.name) == [lora])
        #expect(try problems { $0.reshape(lora, [5, 32]) }.map(\.kind) == [.shape(expected: [4, 32], found: [5, 32])])
        #expect(try problems { $0.insert(.leo, "surprise", [2]) }.map(\.name) == ["surprise"])
        #expect(try problems({ $0.insert(.leo, "surprise", [2]) }, ignoresExtra: true).isEmpty)
        let layer = "llm_model.base_model.model.model.layers.1.mlp.up_proj.lora_"
        let both = try problems {
            $0.remove(layer + "A.default.weight")
            $0.remove(layer + "B.default.weight")
        }
        #expect(both.contains { $0.name == layer + "B.default.weight" })
    }
}
