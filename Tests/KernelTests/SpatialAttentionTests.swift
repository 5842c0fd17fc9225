import CLEOKernels
import Foundation
import Testing
import TestSupport

/// A scene's attention with everything the kernel reads and writes, and its definition in double precision.
struct SpatialAttentionProblem {
    let n: Int, heads: Int, d: Int, dims: Int, locationHeads: Int, fusion: ck_fusion, padded: [Bool]?
    let q: VisionBuffer, k: VisionBuffer, v: VisionBuffer, locations: VisionBuffer, condition: VisionBuffer
    let weight: VisionBuffer, bias: VisionBuffer
    let y: VisionBuffer, probabilities: VisionBuffer

    init(n: Int, heads: Int, d: Int, dims: Int, singleHead: Bool, fusion: ck_fusion, padded: [Bool]? = nil, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let width = heads * d
        (self.n, self.heads, self.d, self.dims, self.fusion, self.padded) = (n, heads, d, dims, fusion, padded)
        locationHeads = singleHead ? 1 : heads
        q = VisionBuffer(random.floats(n * width).map { $0 * 2 }, rows: n, stride: width + 1)
        k = VisionBuffer(random.floats(n * width).map { $0 * 2 }, rows: n, stride: width + 2)
        v = VisionBuffer(random.floats(n * width), rows: n, stride: width)
        locations = VisionBuffer(random.floats(n * n * dims))
        condition = VisionBuffer(random.floats(n * locationHeads * (dims + 1)).map { $0 * 3 }, rows: n,
                                 stride: locationHeads * (dims + 1) + 1)
        let rows = fusion == CK_FUSION_CTX ? width : locationHeads
        weight = VisionBuffer(random.floats(rows * dims).map { $0 * 2 })
        bias = VisionBuffer(random.floats(rows))
        y = VisionBuffer(rows: n, columns: width, stride: width + 3)
        probabilities = VisionBuffer(columns: heads * n * n)
    }

    /// Runs the kernel with exactly the scratch it asks for.
    func run(_ variant: VisionVariant, parts: Int = 1, wantsProbabilities: Bool = true) {
        let mask = padded.map { padded in
            let mask = UnsafeMutablePointer<Int32>.allocate(capacity: max(1, padded.count))
            for (index, isPadded) in padded.enumerated() { mask[index] = isPadded ? 1 : 0 }
            return mask
        }
        defer { mask?.deallocate() }
        var arguments = arguments(mask: mask, wantsProbabilities: wantsProbabilities)
        let bytes = ck_spatial_attention_f32_scratch_bytes([arguments], Int32(parts))
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: bytes + 64, alignment: 64)
        defer { scratch.deallocate() }
        for index in 0..<bytes + 64 { scratch.storeBytes(of: 0xff, toByteOffset: index, as: UInt8.self) } // NaN
        arguments.scratch = scratch
        #expect(ck_spatial_attention_f32_check([arguments]) == CK_OK, "\(label)")
        variant.run(arguments, parts: parts)
        let untouched = (bytes..<bytes + 64).allSatisfy { scratch.load(fromByteOffset: $0, as: UInt8.self) == 0xff }
        #expect(untouched, "scratch of \(label)")
    }

    func arguments(mask: UnsafePointer<Int32>?, wantsProbabilities: Bool = true) -> ck_spatial_attention_args {
        let located = fusion != CK_FUSION_NONE
        return ck_spatial_attention_args(
            q: q.pointer, k: k.pointer, v: v.pointer, locations: located ? UnsafePointer(locations.pointer) : nil,
            condition: fusion == CK_FUSION_COND ? UnsafePointer(condition.pointer) : nil,
            location_weight: located && fusion != CK_FUSION_COND ? UnsafePointer(weight.pointer) : nil,
            location_bias: located && fusion != CK_FUSION_COND ? UnsafePointer(bias.pointer) : nil,
            key_padding: mask, y: y.pointer, probabilities: wantsProbabilities ? probabilities.pointer : nil, scratch: nil,
            n: Int64(n), heads: Int64(heads), d: Int64(d), dims: Int64(dims), location_heads: Int64(locationHeads),
            q_stride: Int64(q.stride), k_stride: Int64(k.stride), v_stride: Int64(v.stride), y_stride: Int64(y.stride),
            condition_stride: Int64(condition.stride), fusion: Int32(fusion.rawValue))
    }

    var label: String {
        "fusion \(fusion.rawValue) n \(n) heads \(heads)x\(d) dims \(dims) location heads \(locationHeads) "
            + "padding \(padded.map { $0.map { $0 ? "1" : "0" }.joined() } ?? "none")"
    }

    /// The table of ck_vision.h, literally: masked_fill, then softmax.
    func oracle() -> (y: [Double], probabilities: [Double]) {
        let width = heads * d
        let q = q.values.map(Double.init), k = k.values.map(Double.init), v = v.values.map(Double.init)
        let g = locations.values.map(Double.init), condition = condition.values.map(Double.init)
        let weight = weight.values.map(Double.init), bias = bias.values.map(Double.init)
        var y = [Double](repeating: 0, count: n * width), all: [Double] = []
        func softmax(_ row: [Double]) -> [Double] {
            let largest = row.contains { $0.isNaN } ? .nan : row.max() ?? 0
            let e = row.map { exp($0 - largest) }, sum = e.reduce(0, +)
            return e.map { $0 / sum }
        }
        let multiplies = fusion == CK_FUSION_COND || fusion == CK_FUSION_MUL
        for head in 0..<heads {
            let row = locationHeads == 1 ? 0 : head
            for i in 0..<n {
                var content: [Double] = [], location: [Double] = []
                for j in 0..<n {
                    let here = g[(i * n + j) * dims..<(i * n + j + 1) * dims]
                    func linear(_ w: ArraySlice<Double>, _ b: Double) -> Double { zip(w, here).reduce(b) { $0 + $1.0 * $1.1 } }
                    func weights(_ row: Int) -> ArraySlice<Double> { weight[row * dims..<(row + 1) * dims] }
                    var c = 0.0, l = 0.0
                    for e in 0..<d { c += q[i * width + head * d + e] * k[j * width + head * d + e] }
                    c /= Double(d).squareRoot()
                    switch fusion {
                    case CK_FUSION_COND:
                        let at = (i * locationHeads + row) * (dims + 1)
                        l = 1 / (1 + exp(-linear(condition[(at + 1)..<(at + 1 + dims)], condition[at])))
                    case CK_FUSION_MUL:
                        let value = linear(weights(row), bias[row])
                        l = value < 0 ? 0 : value
                    case CK_FUSION_BIAS, CK_FUSION_ADD: l = linear(weights(row), bias[row])
                    case CK_FUSION_CTX:
                        for e in 0..<d {
                            l += q[i * width + head * d + e] * linear(weights(head * d + e), bias[head * d + e])
                        }
                        l /= Double(d).squareRoot()
                    default: break
                    }
                    if padded?[j] == true {
                        c = -.infinity
                        l = multiplies ? 0 : -.infinity
                    }
                    content.append(c)
                    location.append(l)
                }
                let p: [Double]
                if padded?.allSatisfy({ $0 }) == true { p = .init(repeating: 0, count: n) } // ours: see the reference
                else if fusion == CK_FUSION_NONE { p = softmax(content) }
                else if fusion == CK_FUSION_ADD { p = zip(softmax(content), softmax(location)).map { ($0 + $1) / 2 } }
                else if multiplies { p = softmax(zip(content, location).map { $0 + log($1 < 1e-6 ? 1e-6 : $1) }) }
                else { p = softmax(zip(content, location).map { $0 + $1 }) }
                all += p
                for e in 0..<d {
                    // The kernel does not read padded values, so that 0 * NaN does not arise.
                    y[i * width + head * d + e] = (0..<n).filter { padded?[$0] != true }
                        .reduce(0) { $0 + p[$1] * v[$1 * width + head * d + e] }
                }
            }
        }
        return (y, all)
    }

    func expectMatches(_ oracle: (y: [Double], probabilities: [Double]), _ name: String) {
        // Scores of a few units carry roundings of 1e-7 relative, exp and log of 1 ulp each; mul divides by small l.
        let tolerance = fusion == CK_FUSION_MUL ? 1e-5 : 2e-6
        VisionSupport.expectClose(
            probabilities.values, oracle.probabilities, absolute: tolerance, "\(name) probabilities, \(label)")
        VisionSupport.expectClose(y.values, oracle.y, absolute: tolerance, "\(name) y, \(label)")
        #expect(y.isIntactAround && probabilities.isIntactAround, "\(name) \(label)")
    }
}

@Suite("spatial_attention")
struct SpatialAttentionTests {
    static let fusions = (0...5).map { UInt32($0) }
    static var variants: [VisionVariant] { VisionSupport.runnable(ck_spatial_attention_f32_variants()) }

    /// No mask, none padded, the end padded, every second one padded, all but the last padded, all padded.
    static func masks(_ n: Int) -> [[Bool]?] {
        [nil, (0..<n).map { _ in false }, (0..<n).map { $0 > n / 2 }, (0..<n).map { $0 % 2 == 0 }, (0..<n).map { $0 != n - 1 },
         (0..<n).map { _ in true }]
    }

    @Test(arguments: fusions, [false, true])
    func matchesDoubleOracle(fusion: UInt32, singleHead: Bool) {
        let shapes = [(1, 1, 1), (7, 3, 7), (8, 2, 8), (9, 2, 9), (17, 3, 33), (13, 1, 40)] // n, heads, d
        for (index, (n, heads, d)) in shapes.enumerated() {
            for (other, padded) in Self.masks(n).enumerated() {
                // Every mask meets every number of location components, at two of the shapes.
                let dims = [1, 4, 5][(index + other) % 3], seed = UInt64(index * 10 + other)
                let problem = SpatialAttentionProblem(n: n, heads: heads, d: d, dims: dims, singleHead: singleHead,
                                                      fusion: ck_fusion(fusion), padded: padded, seed: seed)
                let oracle = problem.oracle()
                for variant in Self.variants {
                    problem.run(variant)
                    problem.expectMatches(oracle, "\(variant.name) seed \(seed)")
                }
            }
        }
    }

    /// LEO's own size: 60 objects and the agent, 8 heads of 32 (fewer for the fusions it does not use);
    /// and the 12 values of the relation "mlp".
    @Test(arguments: fusions)
    func matchesDoubleOracleAtFullSize(fusion: UInt32) {
        for (n, heads, dims) in [(61, fusion == CK_FUSION_COND.rawValue ? 8 : 2, 5), (19, 2, 12)] {
            let problem = SpatialAttentionProblem(
                n: n, heads: heads, d: 32, dims: dims, singleHead: false, fusion: ck_fusion(fusion),
                padded: (0..<n).map { $0 > 37 }, seed: 9)
            let oracle = problem.oracle()
            for variant in Self.variants {
                problem.run(variant)
                problem.expectMatches(oracle, variant.name)
            }
        }
    }

    @Test(arguments: fusions)
    func partsGiveTheSameBits(fusion: UInt32) {
        for variant in Self.variants {
            for n in [0, 1, 5, 11] {
                let make = {
                    SpatialAttentionProblem(n: n, heads: 3, d: 10, dims: 5, singleHead: false, fusion: ck_fusion(fusion),
                                            padded: (0..<n).map { $0 == 2 }, seed: 4)
                }
                let once = make()
                once.run(variant)
                for parts in [2, 3, 7, 40] {
                    let split = make()
                    split.run(variant, parts: parts)
                    #expect(split.y.bits == once.y.bits, "\(variant.name) \(once.label) parts \(parts)")
                    #expect(split.probabilities.bits == once.probabilities.bits, "\(variant.name) \(once.label) parts \(parts)")
                }
                let silent = make()
                silent.run(variant, wantsProbabilities: false)
                #expect(silent.y.bits == once.y.bits, "\(variant.name) \(once.label) without probabilities")
                #expect(silent.probabilities.bits.allSatisfy { $0 == VisionBuffer.pattern })
            }
        }
    }

    /// torch gives NaN here; a scene without a single object must not spoil what is computed from it.
    @Test(arguments: fusions)
    func allKeysPaddedGivesZeros(fusion: UInt32) {
        for variant in Self.variants {
            let problem = SpatialAttentionProblem(n: 9, heads: 2, d: 5, dims: 4, singleHead: false, fusion: ck_fusion(fusion),
                                                  padded: .init(repeating: true, count: 9), seed: 8)
            problem.run(variant)
            #expect(problem.y.values.allSatisfy { $0 == 0 }, "\(variant.name)")
            #expect(problem.probabilities.values.allSatisfy { $0 == 0 }, "\(variant.name)")
        }
    }

    @Test(arguments: fusions)
    func contentsOfPaddedSlotsDoNotMatter(fusion: UInt32) {
        for variant in Self.variants {
            let make = {
                SpatialAttentionProblem(n: 11, heads: 2, d: 34, dims: 5, singleHead: true, fusion: ck_fusion(fusion),
                                        padded: (0..<11).map { $0 == 3 || $0 > 8 }, seed: 6)
            }
            let clean = make(), dirty = make()
            for j in [3, 9, 10] {
                for e in 0..<68 {
                    dirty.k.pointer[j * dirty.k.stride + e] = .nan
                    dirty.v.pointer[j * dirty.v.stride + e] = .infinity
                }
                for i in 0..<11 { for m in 0..<5 { dirty.locations.pointer[(i * 11 + j) * 5 + m] = .nan } }
            }
            clean.run(variant)
            dirty.run(variant)
            #expect(clean.y.bits == dirty.y.bits, "\(variant.name) \(clean.label)")
            #expect(clean.probabilities.bits == dirty.probabilities.bits, "\(variant.name) \(clean.label)")
        }
    }

    @Test(arguments: fusions)
    func nanAndInfinitySpreadAsInTheDefinition(fusion: UInt32) {
        for variant in Self.variants {
            for bad in [Float.nan, .infinity] {
                for place in ["q", "k", "v", "locations"] where place != "locations" || fusion != 0 {
                    let problem = SpatialAttentionProblem(
                        n: 10, heads: 2, d: 9, dims: 5, singleHead: false, fusion: ck_fusion(fusion),
                        padded: (0..<10).map { $0 == 4 }, seed: 12)
                    switch place {
                    case "q": problem.q.pointer[3 * problem.q.stride + 8] = bad
                    case "k": problem.k.pointer[9 * problem.k.stride + 10] = bad
                    case "v": problem.v.pointer[9 * problem.v.stride + 17] = bad
                    default: problem.locations.pointer[(2 * 10 + 9) * 5 + 1] = bad
                    }
                    problem.run(variant)
                    problem.expectMatches(problem.oracle(), "\(variant.name) \(bad) in \(place)")
                }
            }
        }
    }

    /// Far apart scores: nothing overflows, and the result is a plain choice of the largest.
    @Test func largeScoresDoNotOverflow() {
        for variant in Self.variants {
            let problem = SpatialAttentionProblem(
                n: 9, heads: 1, d: 8, dims: 5, singleHead: false, fusion: CK_FUSION_NONE, seed: 2)
            for i in 0..<9 { for e in 0..<8 { problem.q.pointer[i * problem.q.stride + e] *= 1e4 } }
            problem.run(variant)
            problem.expectMatches(problem.oracle(), variant.name)
        }
    }

    @Test func checkRefusesWhatCannotRun() {
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 64)
        defer { scratch.deallocate() }
        func status(_ fusion: ck_fusion, _ change: (inout ck_spatial_attention_args) -> Void) -> ck_status {
            let problem = SpatialAttentionProblem(
                n: 3, heads: 2, d: 4, dims: 5, singleHead: false, fusion: fusion, seed: 1)
            var arguments = problem.arguments(mask: nil)
            arguments.scratch = scratch
            change(&arguments)
            return ck_spatial_attention_f32_check([arguments])
        }
        for fusion in Self.fusions.map({ ck_fusion($0) }) {
            #expect(status(fusion) { _ in } == CK_OK)
            #expect(status(fusion) { $0.n = -1 } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.n = .max } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.heads = 0 } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.heads = .max } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.d = 0 } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.q_stride = 7 } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.y_stride = 7 } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.q = nil } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.scratch = nil } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.scratch += 32 } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.y = UnsafeMutablePointer(mutating: $0.k) } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.fusion = 6 } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.fusion = -1 } == CK_INVALID_ARGUMENT)
            guard fusion != CK_FUSION_NONE else { continue }
            #expect(status(fusion) { $0.dims = 0 } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.dims = .max } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.location_heads = 3 } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.locations = nil } == CK_INVALID_ARGUMENT)
            #expect(status(fusion) { $0.location_weight = nil; $0.condition = nil } == CK_INVALID_ARGUMENT)
            if fusion == CK_FUSION_COND { #expect(status(fusion) { $0.condition_stride = 11 } == CK_INVALID_ARGUMENT) }
        }
        #expect(ck_spatial_attention_f32_check(nil) == CK_INVALID_ARGUMENT)
        #expect(ck_spatial_attention_f32_scratch_bytes(nil, 1) == 0)
    }
}
