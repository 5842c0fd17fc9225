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
                let words = bytes.withUnsafeBytes { raw in (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) } }
                tensors[key] = (shape, words.map { type == "I32" ? Float(Int32(bitPattern: $0)) : Float(bitPattern: $0) })
            }
        }
    }

    func shape(_ name: String) throws -> [Int] { try #require(tensors[name], "\(name)").shape }
    func values(_ name: String) throws -> [Float] { try #require(tensors[name], "\(name)").values }
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
                    let wanted = (0..<n).flatMap { i in (0..<n * dims).map { Double(expected[(scene * slots + i) * slots * dims + $0]) } }
                    VisionSupport.expectClose(y.values, wanted, absolute: 1e-5, relative: 1e-5, "\(variant.name) scene \(scene) n \(n)")
                }
            }
        }
    }

    static let attentionCases = ["cond", "mul", "bias", "ctx", "add"].flatMap { [$0, $0 + "-singlehead"] } + ["cond-d4", "cond-d1"]

    @Test(arguments: attentionCases)
    func spatialAttention(name: String) throws {
        let golden = try SpatialGolden("spatial-attention-" + name)
        let shape = try golden.shape("x"), n = shape[1], width = shape[2]
        let heads = try golden.integer("heads"), dims = try golden.integer("spatial_dim")
        let fusion = try #require(["cond": CK_FUSION_COND, "mul": CK_FUSION_MUL, "bias": CK_FUSION_BIAS, "ctx": CK_FUSION_CTX,
                                   "add": CK_FUSION_ADD][golden.config["fusion"] as? String ?? ""])
        let recorded = try golden.values("probabilities"), attention = try golden.values("attention")
        for scene in 0..<shape[0] {
            let x = Array(try golden.values("x")[(scene * n * width)..<((scene + 1) * n * width)])
            func linear(_ input: [Float], _ layer: String) throws -> [Float] {
                let w = try golden.values("self_attn.\(layer).weight"), b = try golden.values("self_attn.\(layer).bias")
                return (0..<n).flatMap { i in b.indices.map { o in
                    Float((0..<width).reduce(Double(b[o])) { $0 + Double(w[o * width + $1]) * Double(input[i * width + $1]) })
                } }
            }
            let padded = try golden.values("pad_mask")[(scene * n)..<((scene + 1) * n)].map { $0 != 0 }
            let problem = SpatialAttentionProblem(n: n, heads: heads, d: width / heads, dims: dims,
                                                  singleHead: !(try golden.flag("spatial_multihead")), fusion: fusion,
                                                  padded: padded, seed: 0)
            func fill(_ buffer: VisionBuffer, _ values: [Float]) {
                #expect(buffer.rows * buffer.columns == values.count)
                for (index, value) in values.enumerated() {
                    buffer.pointer[index / buffer.columns * buffer.stride + index % buffer.columns] = value
                }
            }
            fill(problem.q, try linear(x, "w_qs"))
            fill(problem.k, try linear(x, "w_ks"))
            fill(problem.v, try linear(x, "w_vs"))
            let perScene = n * n * dims
            fill(problem.locations, Array(try golden.values("pairwise_locs")[(scene * perScene)..<((scene + 1) * perScene)]))
            if fusion == CK_FUSION_COND {
                fill(problem.condition, try linear(x, "lang_cond_fc"))
            } else {
                fill(problem.weight, try golden.values("self_attn.pairwise_loc_fc.weight"))
                fill(problem.bias, try golden.values("self_attn.pairwise_loc_fc.bias"))
            }
            for variant in VisionSupport.runnable(ck_spatial_attention_f32_variants()) {
                problem.run(variant)
                let wanted = (0..<heads).flatMap { head in (0..<n * n).map { Double(recorded[(head * shape[0] + scene) * n * n + $0]) } }
                VisionSupport.expectClose(problem.probabilities.values, wanted, absolute: 2e-5, relative: 1e-5, variant.name)
                let projected = try linear(problem.y.values, "fc")
                for norm in VisionSupport.runnable(ck_layer_norm_f32_variants()) {
                    let input = VisionBuffer(projected), residual = VisionBuffer(x), y = VisionBuffer(columns: n * width)
                    let weight = VisionBuffer(try golden.values("self_attn.layer_norm.weight"))
                    let bias = VisionBuffer(try golden.values("self_attn.layer_norm.bias"))
                    norm.run(ck_norm_args(x: input.pointer, residual: residual.pointer, weight: weight.pointer, bias: bias.pointer,
                                          y: y.pointer, rows: Int64(n), columns: Int64(width), x_stride: Int64(width),
                                          residual_stride: Int64(width), y_stride: Int64(width), eps: 1e-5))
                    let wanted = attention[(scene * n * width)..<((scene + 1) * n * width)].map(Double.init)
                    VisionSupport.expectClose(y.values, wanted, absolute: 2e-5, relative: 1e-5, "\(variant.name) \(norm.name)")
                }
            }
        }
    }
}
