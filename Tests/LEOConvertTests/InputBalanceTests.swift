import Foundation
import LEOArchive
@testable import LEOConvert
import LEOModel
import TestSupport
import Testing

/// Channels that stand out are balanced against the columns that read them.
@Suite struct InputBalanceTests {
    private func factors(_ channels: [Int: Float] = [:], _ columns: [Int: Float] = [:], count: Int = 300, strength: Float = 1) -> [Int: Float] {
        func sizes(_ special: [Int: Float]) -> [Float] { (0..<count).map { special[$0] ?? 1 + Float($0 % 7) / 10 } }
        let factors = InputBalance.factors(channels: sizes(channels), columns: sizes(columns), strength: strength) ?? []
        return Dictionary(uniqueKeysWithValues: factors.enumerated().filter { $0.element != 1 }.map { ($0.offset, $0.element) })
    }

    @Test func outliersShareTheirRangeWithTheirColumns() {
        // The median of a group is 1.3. Columns of the usual size: the root of the ratio, to a power of two.
        #expect(factors([5: 1.3 * 64, 299: 1.3 * 256]) == [5: 8, 299: 16])
        // Columns that are as small as the channel is large: all of it. Large columns: nothing.
        #expect(factors([130: 1.3 * 64], [130: 1.3 / 64]) == [130: 64])
        #expect(factors([130: 1.3 * 64], [130: 1.3 * 64]).isEmpty)
        // 4 bits round weights far more than activations are rounded.
        #expect(factors([5: 1.3 * 64, 9: 1.3 * 1024], strength: 1 / 16) == [5: 2, 9: 8])
    }

    @Test func whatDoesNotStandOutStays() {
        #expect(factors().isEmpty && factors([5: 5]).isEmpty && factors(count: 0).isEmpty && factors([0: 1000], count: 1).isEmpty)
        #expect(InputBalance.factors(channels: [0, 0, 0, 7], columns: [1, 1, 1, 1], strength: 1) == nil)
        #expect(InputBalance.factors(channels: [1, 1, 1, 7], columns: [0, 0, 0, 1], strength: 1) == nil)
        // Columns of zeros, and ratios beyond any range.
        #expect(factors([5: 1e30], [5: 0]) == [5: 4096])
        #expect(factors([5: .infinity, 6: .nan]) == [5: 4096])
    }

    /// Checkpoints with outliers before every product of a layer that change nothing else.
    private func outlying() -> FakeCheckpoints {
        var fake = FakeCheckpoints()
        func scale(_ name: String, rows: Int? = nil, column: Int? = nil, by factor: Float) {
            for index in fake.entries.indices where fake.entries[index].name.hasSuffix(name) {
                let width = fake.entries[index].shape.last ?? 1
                for at in fake.entries[index].values.indices {
                    if let rows, at / (fake.entries[index].shape.count == 1 ? 1 : width) != rows { continue }
                    if let column, at % width != column { continue }
                    fake.entries[index].values[at] *= factor
                }
            }
        }
        for norm in ["model.layers.0.input_layernorm.weight", "model.layers.1.post_attention_layernorm.weight"] {
            for index in fake.entries.indices where fake.entries[index].name == norm {
                fake.entries[index].values = fake.entries[index].values.map { $0 < 0 ? $0 - 1 : $0 + 1 }
            }
            scale(norm, rows: 3, by: 64)
        }
        for projection in ["q", "k", "v"] {
            scale("layers.0.self_attn.\(projection)_proj.weight", column: 3, by: 1 / 64)
            scale("layers.0.self_attn.\(projection)_proj.lora_A.default.weight", column: 3, by: 1 / 64)
        }
        return fake
    }

    @Test(arguments: [WeightType.int8, .int4, .f16])
    func filesHoldTheFactors(_ type: WeightType) throws {
        try withTemporaryFolder { folder in
            let fake = outlying()
            var converter = try Converter(fake.write(to: folder), weightType: type)
            try converter.write(to: folder + "/balanced.leo")
            converter.balancesInputs = false
            try converter.write(to: folder + "/plain.leo")
            let balanced = try Archive(path: folder + "/balanced.leo"), plain = try Archive(path: folder + "/plain.leo")
            try balanced.verify()
            #expect(!plain.tensors.contains { $0.name.hasSuffix(".input_scale") })
            let scales = balanced.tensors.map(\.name).filter { $0.hasSuffix(".input_scale") }
            guard type != .f16 else { return #expect(scales.isEmpty) }
            #expect(scales.contains("language.layers.0.q_proj.input_scale") && !scales.contains { $0.contains("k_proj") })
            let scale = try balanced.values("language.layers.0.q_proj.input_scale")
            #expect(scale.count == FakeCheckpoints.hidden && scale[3] <= 1 / 8 && scale[4] == 1)
            // What the factors take from the input the weights have got; with 8 bits they are then as fine as the rest.
            let exact = fake.values("model.layers.0.self_attn.k_proj.weight")
            let stored = try balanced.values("language.layers.0.k_proj.weight")
            for (index, value) in exact.enumerated() where type == .int8 {
                #expect(abs(stored[index] * scale[index % 32] - value) <= 4.0 / 254 * scale[index % 32], "\(index)")
            }
            // Adapters are not touched.
            let name = "language.layers.0.q_proj.lora_a+language.layers.0.k_proj.lora_a+language.layers.0.v_proj.lora_a"
            #expect(try balanced.values(name) == plain.values(name))
        }
    }

    /// Whatever 8 bits with a scale hold can be converted, though 16 bits of another kind would not hold it.
    @Test func largeWeightsAreNoObstacle() throws {
        try withTemporaryFolder { folder in
            var fake = FakeCheckpoints()
            for index in fake.entries.indices where fake.entries[index].name == "model.layers.0.self_attn.v_proj.weight" {
                fake.entries[index].values[7] = 1e6
            }
            try Converter(fake.write(to: folder), weightType: .int8).write(to: folder + "/s.leo")
            #expect(try abs(Archive(path: folder + "/s.leo").values("language.layers.0.v_proj.weight")[7] - 1e6) < 1)
        }
    }

    @Test func progressNamesThePieces() throws {
        try withTemporaryFolder { folder in
            var names: [String] = []
            try Converter(outlying().write(to: folder), weightType: .int8).write(to: folder + "/s.leo") { names.append($0.name) }
            #expect(names.prefix(3) == ["reading the prompt: layer 0", "reading the prompt: layer 1", "reading the prompt: head"])
            #expect(names.contains("language.layers.0.q_proj.input_scale"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".partial") }.isEmpty)
        }
    }
}
