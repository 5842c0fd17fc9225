import CLEOKernels
import Foundation
import Testing
import TestSupport

/// A golden case: its configuration and its tensors, integers turned to floats.
private struct SpatialGolden {
    struct Malformed: Error { let file: String }
    let config: [String: Any]
    private var tensors: [String: (shape: [Int], values: [Float])] = [:]

    init(_ name: String) throws {
        let folder = try #require(sharedFolder) + "/golden/kernels/" + name + "/"
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: folder + "case.json")))
        config = (json as? [String: Any])?["config"] as? [String: Any] ?? [:]
        for file in ["inputs", "outputs", "weights"] {
            let path = folder + file + ".safetensors"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            guard data.count >= 8 else { throw Malformed(file: path) }
            let length = Int(data.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
            guard length <= data.count - 8 else { throw Malformed(file: path) }
            let header = try JSONSerialization.jsonObject(with: Data(data[8..<8 + length])) as? [String: [String: Any]] ?? [:]
            for (key, entry) in header where key != "__metadata__" {
                guard let shape = entry["shape"] as? [Int], let span = entry["data_offsets"] as? [Int], span.count == 2,
                      let type = entry["dtype"] as? String, span[0] >= 0, span[0] <= span[1], span[1] <= data.count - 8 - length
                else { throw Malformed(file: path) }
                let bytes = data[(8 + length + span[0])..<(8 + length + span[1])]
                let words = bytes.withUnsafeBytes { raw in
                    (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) }
                }
                tensors[key] = (shape, words.map { type == "I32" ? Float(Int32(bitPattern: $0)) : Float(bitPattern: $0) })
            }
        }
    }

    func shape(_ name: String) throws -> [Int] { try #require(tensors[name], "\(name)").shape }
    func values(_ name: String) throws -> [Float] { try #require(tensors[name], "\(name)").values }
    /// Scene `index` of a tensor whose first axis is the batch.
    func slice(_ name: String, _ index: Int) throws -> [Float] {
        let values = try values(name), count = values.count / (try shape(name)[0])
        return Array(values[index * count..<(index + 1) * count])
    }

    /// input [rows, columns] times a torch Linear; `columns` is the width of x unless given.
    func linear(_ input: [Float], _ layer: String, columns: Int? = nil) throws -> [Float] {
        try linear(input, weight: layer + ".weight", bias: layer + ".bias", columns: try columns ?? shape("x")[2])
    }

    func linear(_ input: [Float], weight: String, bias: String, columns: Int) throws -> [Float] {
        let w = try values(weight), b = try values(bias)
        return (0..<input.count / columns).flatMap { row in
            b.indices.map { out in
                var sum = Double(b[out])
                for c in 0..<columns { sum += Double(w[out * columns + c]) * Double(input[row * columns + c]) }
                return Float(sum)
            }
        }
    }

    /// LayerNorm(input + residual) by the given variant, eps 1e-5, rows as wide as x.
    func normalised(_ input: [Float], plus residual: [Float], _ layer: String, _ norm: VisionVariant) throws -> [Float] {
        let columns = try shape("x")[2], rows = input.count / columns
        let x = VisionBuffer(input), residual = VisionBuffer(residual), y = VisionBuffer(columns: input.count)
        let weight = VisionBuffer(try values(layer + ".weight")), bias = VisionBuffer(try values(layer + ".bias"))
        let arguments = ck_norm_args(
            x: x.pointer, residual: residual.pointer, weight: weight.pointer, bias: bias.pointer, y: y.pointer,
            rows: Int64(rows), columns: Int64(columns), x_stride: Int64(columns), residual_stride: Int64(columns),
            y_stride: Int64(columns), eps: 1e-5)
        #expect(ck_norm_check([arguments]) == CK_OK)
        norm.run(arguments)
        return y.values
    }

    func integer(_ key: String) throws -> Int { try #require(config[key] as? Int, "\(key)") }
    func flag(_ key: String) throws -> Bool { try #require(config[key] as? Bool, "\(key)") }
}

/// Compares the spatial kernels with recorded outputs of the official model, at the tolerance the cases state.
@Suite("spatial goldens", .enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct SpatialGoldenTests {
    @Test func fourierFeatures() throws {
        let golden = try SpatialGolden("fourier-features")
        let x = VisionBuffer(try golden.values("x")), rows = x.columns / 4
        let bands = try golden.integer("num_bands")
        for variant in VisionSupport.runnable(ck_fourier_f32_variants()) {
            let y = VisionBuffer(columns: rows * 4 * (1 + 2 * bands))
            variant.run(ck_fourier_args(x: x.pointer, y: y.pointer, rows: Int64(rows), components: 4, bands: Int64(bands),
                                        max_frequency: Float(try golden.integer("max_freq"))))
            VisionSupport.expectClose(y.values, try golden.values("features").map(Double.init), absolute: 2e-5, variant.name)
        }
    }

    /// With the padded slots as slots, and with the trailing ones left out and counted in `n_padding`.
    @Test(arguments: ["center", "vertical_bottom"], ["d5", "d4", "d1", "d5-raw"])
    func pairwiseLocations(relation: String, kind: String) throws {
        let golden = try SpatialGolden("pairwise-locs-\(relation)-\(kind)")
        let slots = try golden.shape("centres")[1], dims = try golden.integer("spatial_dim")
        let centres = try golden.values("centres"), sizes = try golden.values("sizes"), expected = try golden.values("locs")
        for scene in 0..<2 {
            let boxes = (0..<slots).flatMap { slot -> [Float] in
                let at = (scene * slots + slot) * 3
                return Array(centres[at..<at + 3] + sizes[at..<at + 3])
            }
            let occupied = (0..<slots).last { boxes[$0 * 6..<$0 * 6 + 6].contains { $0 != 0 } }.map { $0 + 1 } ?? 0
            #expect(occupied == (scene == 0 ? 14 : 9), "the case should have padding in its second scene")
            for n in Set([slots, occupied]) {
                for variant in VisionSupport.runnable(ck_pairwise_f32_variants()) {
                    let locations = VisionBuffer(Array(boxes[..<(n * 6)])), y = VisionBuffer(columns: n * n * dims)
                    let arguments = ck_pairwise_args(
                        locations: locations.pointer, y: y.pointer, n: Int64(n), stride: 6, dims: Int64(dims),
                        n_padding: Int64(slots - n), relation: relation == "center" ? 0 : 1,
                        normalise: try golden.flag("spatial_dist_norm") ? 1 : 0, eps: 1e-10)
                    #expect(ck_pairwise_check([arguments]) == CK_OK)
                    variant.run(arguments)
                    let wanted = (0..<n).flatMap { i in
                        (0..<n * dims).map { Double(expected[(scene * slots + i) * slots * dims + $0]) }
                    }
                    VisionSupport.expectClose(
                        y.values, wanted, absolute: 1e-5, relative: 1e-5, "\(variant.name) scene \(scene) n \(n)")
                }
            }
        }
    }

    static let attentionCases =
        ["cond", "mul", "bias", "ctx", "add"].flatMap { [$0, $0 + "-singlehead"] } + ["cond-d4", "cond-d1"]

    @Test(arguments: attentionCases)
    func spatialAttention(name: String) throws {
        let golden = try SpatialGolden("spatial-attention-" + name)
        let shape = try golden.shape("x"), n = shape[1], width = shape[2]
        let heads = try golden.integer("heads"), dims = try golden.integer("spatial_dim")
        let fusion = try #require(["cond": CK_FUSION_COND, "mul": CK_FUSION_MUL, "bias": CK_FUSION_BIAS, "ctx": CK_FUSION_CTX,
                                   "add": CK_FUSION_ADD][golden.config["fusion"] as? String ?? ""])
        let recorded = try golden.values("probabilities")
        for scene in 0..<shape[0] {
            let x = try golden.slice("x", scene)
            let problem = SpatialAttentionProblem(
                n: n, heads: heads, d: width / heads, dims: dims, singleHead: !(try golden.flag("spatial_multihead")),
                fusion: fusion, padded: try golden.slice("pad_mask", scene).map { $0 != 0 }, seed: 0)
            problem.q.fill(try golden.linear(x, "self_attn.w_qs"))
            problem.k.fill(try golden.linear(x, "self_attn.w_ks"))
            problem.v.fill(try golden.linear(x, "self_attn.w_vs"))
            problem.locations.fill(try golden.slice("pairwise_locs", scene))
            if fusion == CK_FUSION_COND {
                problem.condition.fill(try golden.linear(x, "self_attn.lang_cond_fc"))
            } else {
                problem.weight.fill(try golden.values("self_attn.pairwise_loc_fc.weight"))
                problem.bias.fill(try golden.values("self_attn.pairwise_loc_fc.bias"))
            }
            let recordedHere = (0..<heads).flatMap { head in
                (0..<n * n).map { Double(recorded[(head * shape[0] + scene) * n * n + $0]) }
            }
            let wanted = try golden.slice("attention", scene).map(Double.init)
            for variant in VisionSupport.runnable(ck_spatial_attention_f32_variants()) {
                problem.run(variant)
                VisionSupport.expectClose(
                    problem.probabilities.values, recordedHere, absolute: 2e-5, relative: 1e-5, variant.name)
                let projected = try golden.linear(problem.y.values, "self_attn.fc")
                for norm in VisionSupport.runnable(ck_layer_norm_f32_variants()) {
                    let found = try golden.normalised(projected, plus: x, "self_attn.layer_norm", norm)
                    VisionSupport.expectClose(
                        found, wanted, absolute: 2e-5, relative: 1e-5, "\(variant.name) \(norm.name)")
                }
            }
        }
    }

    /// torch's MultiheadAttention is the fusion none.
    @Test func plainEncoderLayer() throws {
        let golden = try SpatialGolden("plain-encoder-layer")
        let shape = try golden.shape("x"), n = shape[1], width = shape[2], heads = try golden.integer("heads")
        for scene in 0..<shape[0] {
            let x = try golden.slice("x", scene)
            let problem = SpatialAttentionProblem(
                n: n, heads: heads, d: width / heads, dims: 1, singleHead: false, fusion: CK_FUSION_NONE,
                padded: try golden.slice("pad_mask", scene).map { $0 != 0 }, seed: 0)
            let qkv = try golden.linear(x, weight: "self_attn.in_proj_weight", bias: "self_attn.in_proj_bias", columns: width)
            for (part, buffer) in [problem.q, problem.k, problem.v].enumerated() {
                var values: [Float] = []
                for row in 0..<n {
                    let start = (row * 3 + part) * width
                    values += qkv[start..<start + width]
                }
                buffer.fill(values)
            }
            let wanted = try golden.slice("layer_out", scene).map(Double.init)
            for variant in VisionSupport.runnable(ck_spatial_attention_f32_variants()) {
                problem.run(variant)
                let attention = try golden.linear(problem.y.values, "self_attn.out_proj")
                for norm in VisionSupport.runnable(ck_layer_norm_f32_variants()) {
                    let middle = try golden.normalised(attention, plus: x, "norm1", norm)
                    let hidden = try golden.linear(middle, "linear1").map { value -> Float in
                        Float(Double(value) * 0.5 * (1 + erf(Double(value) / 2.0.squareRoot())))
                    }
                    let out = try golden.linear(hidden, "linear2", columns: hidden.count / n)
                    VisionSupport.expectClose(
                        try golden.normalised(out, plus: middle, "norm2", norm), wanted, absolute: 2e-5, relative: 1e-5,
                        "\(variant.name) \(norm.name)")
                }
            }
        }
    }
}
