import ExecutionPlan
import LEOModel
import LEOTensor

/// Fourier features of orientations.
enum FourierKind: DescribedKind {
    static let kind = "fourier"

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let golden = try GoldenCase(folder)
        let x = try golden.input("x", [nil, 1, nil])
        let bands = try golden.integer("num_bands", 1...1024)
        let (rows, components) = (x.shape[0], x.shape[2])
        let features = try golden.output("features", [rows, 1, components * (1 + 2 * bands)])
        var graph = Graph(name: "fourier")
        let orientation = graph.input("x", ValueType(.f32, [.fixed(rows), .fixed(components)]))
        let operation = FourierFeatures(bands: bands, maximumFrequency: Float(try golden.number("max_freq")))
        graph.output("features", try graph.add(operation, [orientation], name: "features"))
        let instance = try graph.instance()
        instance.write(x, to: "x")
        instance.runAll()
        return [Comparison.floats("features", instance.output("features"), features.floats(), golden.tolerance)]
    }
}

/// Pairwise geometry, with padded slots computed as the official code does, and left out as products do.
enum PairwiseKind: DescribedKind {
    static let kind = "pairwise_locs"

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let golden = try GoldenCase(folder)
        let centres = try golden.input("centres", [nil, nil, 3])
        let (batch, slots) = (centres.shape[0], centres.shape[1])
        let sizes = try golden.input("sizes", [batch, slots, 3]).floats(), positions = centres.floats()
        let dims = try golden.integer("spatial_dim", 1...64)
        let locs = try golden.output("locs", [batch, slots, slots, dims]).floats()
        let name: String = try golden.description.value("config.pairwise_rel_type")
        guard let relation = PairwiseRelation(rawValue: name) else {
            throw golden.malformed("config.pairwise_rel_type", "center, vertical_bottom or mlp, found \(name)")
        }
        let epsilon = try golden.number("eps")
        guard epsilon == 1e-10 else { throw golden.malformed("config.eps", "1e-10, the only one built in, found \(epsilon)") }
        let normalises: Bool = try golden.description.value("config.spatial_dist_norm")

        func pairs(_ item: Int, present: Int) throws -> [Float] {
            let operation = PairwiseGeometry(relation: relation, dims: dims, normalises: normalises, padding: .fixed(slots - present))
            var graph = Graph(name: "pairwise")
            let boxes = graph.input("boxes", ValueType(.f32, [.fixed(present), 6]))
            graph.output("locs", try graph.add(operation, [boxes], name: "locs"))
            let instance = try graph.instance()
            let rows = (item * slots..<item * slots + present).map { 3 * $0 }
            instance.write(rows.flatMap { positions[$0..<$0 + 3] + sizes[$0..<$0 + 3] }, to: "boxes")
            instance.runAll()
            return instance.output("locs")
        }

        var all: [Float] = [], packed: [Float] = [], packedGolden: [Float] = []
        for item in 0..<batch {
            all += try pairs(item, present: slots)
            let first = item * slots * 3
            let present = (0..<slots).last { slot in
                let place = first + 3 * slot
                return (positions[place..<place + 3] + sizes[place..<place + 3]).contains { $0 != 0 }
            }.map { $0 + 1 } ?? 0
            guard present > 0, present < slots else { continue }
            packed += try pairs(item, present: present)
            for row in 0..<present {
                let start = (item * slots + row) * slots * dims
                packedGolden += locs[start..<start + present * dims]
            }
        }
        var checks = [Comparison.floats("locs", all, locs, golden.tolerance)]
        if !packed.isEmpty { checks.append(Comparison.floats("locs[padding left out]", packed, packedGolden, golden.tolerance)) }
        return checks
    }
}
