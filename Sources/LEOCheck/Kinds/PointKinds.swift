import ExecutionPlan
import LEOModel
import LEOTensor

extension Graph {
    /// Compiles a graph without parameters.
    func instance() throws -> PlanInstance { try instance(InMemoryParameters([:])) }
}

/// Farthest-point sampling as a compiled plan runs it.
enum FarthestPointsKind: DescribedKind {
    static let kind = "fps"

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let golden = try GoldenCase(folder)
        let points = try golden.input("points", [nil, nil, 3])
        // The recorded shape bounds what is computed, whatever `config` claims.
        let indices = try golden.output("indices", [points.shape[0], nil], .i32)
        let samples = try golden.integer("m", 1...Int(Int32.max))
        guard samples == indices.shape[1] else { throw golden.malformed("config.m", "\(indices.shape[1]), as recorded, found \(samples)") }
        var graph = Graph(name: "fps")
        let cloud = graph.input("points", ValueType(.f32, points.shape.map { .fixed($0) }))
        graph.output("indices", try graph.add(FarthestPointSampling(samples: samples), [cloud], name: "indices"))
        let instance = try graph.instance()
        instance.write(points, to: "points")
        instance.runAll()
        return [Comparison.exact("indices", instance.integerOutput("indices"), indices.integers())]
    }
}

/// Ball query as a compiled plan runs it.
enum BallQueryKind: DescribedKind {
    static let kind = "ball_query"

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let golden = try GoldenCase(folder)
        let points = try golden.input("points", [nil, nil, 3])
        let centres = try golden.input("centres", [points.shape[0], nil, 3])
        let indices = try golden.output("indices", [points.shape[0], centres.shape[1], nil], .i32)
        let limit = try golden.integer("nsample", 1...Int(Int32.max))
        guard limit == indices.shape[2] else { throw golden.malformed("config.nsample", "\(indices.shape[2]), as recorded, found \(limit)") }
        let radius = Float(try golden.number("radius"))
        var graph = Graph(name: "ball query")
        let cloud = graph.input("points", ValueType(.f32, points.shape.map { .fixed($0) }))
        let middles = graph.input("centres", ValueType(.f32, centres.shape.map { .fixed($0) }))
        graph.output("indices", try graph.add(BallQuery(radius: radius, limit: limit), [cloud, middles], name: "indices"))
        let instance = try graph.instance()
        instance.write(points, to: "points")
        instance.write(centres, to: "centres")
        instance.runAll()
        return [Comparison.exact("indices", instance.integerOutput("indices"), indices.integers())]
    }
}
