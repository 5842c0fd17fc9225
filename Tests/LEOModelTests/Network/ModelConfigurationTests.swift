import ExecutionPlan
import Foundation
import LEOModel
import TestSupport
import Testing

@Suite struct ModelConfigurationTests {
    @Test func survivesJSON() throws {
        var changed = TinyModel.configuration {
            $0.spatial.pairwiseRelType = .verticalBottom
            $0.spatial.objLocEncoding = .diffAll
            $0.spatial.activation = .relu
            $0.image.pooling = .null
            $0.image.layerNormEpsilon = 1.25e-6
            $0.points.layers[0].radius = 0.1
            $0.language.ropeTheta = 500_000
            $0.maximumContext = 77
        }
        #expect(try ModelConfiguration(json: changed.json()) == changed)
        changed.lora = nil
        #expect(try ModelConfiguration(json: changed.json()) == changed)
        let standard = ModelConfiguration(name: "leo-7b \"ü\"")
        #expect(try ModelConfiguration(json: standard.json()) == standard)
        let text = String(decoding: try standard.json(), as: UTF8.self)
        for key in ["num_attention_heads", "obj_loc_encoding", "points_per_object", "rms_norm_epsilon", "maximum_objects"] {
            #expect(text.contains("\"\(key)\""))
        }
    }

    struct Fault: Sendable, CustomStringConvertible {
        let description: String
        let change: @Sendable (inout ModelConfiguration) -> Void
        init(_ field: String, _ change: @escaping @Sendable (inout ModelConfiguration) -> Void) {
            description = field
            self.change = change
        }
    }

    static let faults: [Fault] = [
        Fault("maximum_objects") { $0.maximumObjects = 0 }, Fault("maximum_objects") { $0.maximumObjects = .max },
        Fault("maximum_context") { $0.maximumContext = 1 }, Fault("maximum_context") { $0.maximumContext = -5 },
        Fault("image.depths") { $0.image.depths = [1, 1, 1] }, Fault("image.depths") { $0.image.depths = [1, 0, 1, 1] },
        Fault("image.depths") { $0.image.depths[3] = .max }, Fault("image.dims") { $0.image.dims = [] },
        Fault("image.dims") { $0.image.dims[2] = -8 }, Fault("image.size") { $0.image.size = 0 },
        Fault("image.size") { $0.image.size = 100 }, Fault("image.size") { $0.image.size = .max },
        Fault("image.layer_norm_epsilon") { $0.image.layerNormEpsilon = 0 },
        Fault("image.layer_norm_epsilon") { $0.image.layerNormEpsilon = .nan },
        Fault("points.points_per_object") { $0.points.pointsPerObject = 0 },
        Fault("points.points_per_object") { $0.points.pointsPerObject = .max },
        Fault("points.feature_count") { $0.points.featureCount = 0 }, Fault("points.feature_count") { $0.points.featureCount = -3 },
        Fault("points.output_width") { $0.points.outputWidth = 0 }, Fault("points.layers") { $0.points.layers = [] },
        Fault("points.layers") { $0.points.layers = Array(repeating: $0.points.layers[0], count: 17) },
        Fault("points.layers[0]") { $0.points.layers[0].samples = nil }, Fault("points.layers[0]") { $0.points.layers[0].neighbours = nil },
        Fault("points.layers[1]") { $0.points.layers[1].radius = nil }, Fault("points.layers[2]") { $0.points.layers[2].samples = 4 },
        Fault("points.layers[1]") { $0.points.layers.removeLast() },
        Fault("points.layers[0].widths") { $0.points.layers[0].widths = [] },
        Fault("points.layers[0].widths") { $0.points.layers[0].widths = [1, 2, 3, 4, 5] },
        Fault("points.layers[2].widths") { $0.points.layers[2].widths = [0] },
        Fault("points.layers[0].samples") { $0.points.layers[0].samples = 0 },
        Fault("points.layers[0].samples") { $0.points.layers[0].samples = .max },
        Fault("points.layers[0].neighbours") { $0.points.layers[0].neighbours = -1 },
        Fault("points.layers[0].radius") { $0.points.layers[0].radius = 0 },
        Fault("points.layers[0].radius") { $0.points.layers[0].radius = .infinity },
        Fault("points.layers[0].radius") { $0.points.layers[0].radius = 1e300 },
        Fault("points.layers[0].radius") { $0.points.layers[0].radius = 1e-300 },
        Fault("spatial.hidden_dim") { $0.spatial.hiddenDim = 0 }, Fault("spatial.hidden_dim") { $0.spatial.hiddenDim = 33 },
        Fault("spatial.num_attention_heads") { $0.spatial.numAttentionHeads = 0 },
        Fault("spatial.num_attention_heads") { $0.spatial.numAttentionHeads = -8 },
        Fault("spatial.dim_feedforward") { $0.spatial.dimFeedforward = 0 }, Fault("spatial.num_layers") { $0.spatial.numLayers = 0 },
        Fault("spatial.spatial_dim") { $0.spatial.spatialDim = 3 }, Fault("spatial.spatial_dim") { $0.spatial.pairwiseRelType = .mlp },
        Fault("spatial.spatial_attn_fusion") { $0.spatial.spatialAttnFusion = .none },
        Fault("language.hidden_size") { $0.language.hiddenSize = 0 }, Fault("language.hidden_size") { $0.language.hiddenSize = 36 },
        Fault("language.num_hidden_layers") { $0.language.numHiddenLayers = 0 },
        Fault("language.num_attention_heads") { $0.language.numAttentionHeads = 0 },
        Fault("language.num_attention_heads") { $0.language.numAttentionHeads = 3 },
        Fault("language.num_key_value_heads") { $0.language.numKeyValueHeads = 0 },
        Fault("language.num_key_value_heads") { $0.language.numKeyValueHeads = 8 },
        Fault("language.intermediate_size") { $0.language.intermediateSize = 0 },
        Fault("language.vocabulary") { $0.language.vocabulary = 2 }, Fault("language.vocabulary") { $0.language.vocabulary = .max },
        Fault("language.max_positions") { $0.language.maxPositions = 0 },
        // A small file must not ask for a rotary table of gigabytes.
        Fault("language.max_positions") {
            $0.language.maxPositions = 1 << 20
            $0.language.hiddenSize = 4096
            $0.language.numAttentionHeads = 1
            $0.language.numKeyValueHeads = 1
        },
        Fault("language.rms_norm_epsilon") { $0.language.rmsNormEpsilon = -1 },
        Fault("language.rope_theta") { $0.language.ropeTheta = 0 }, Fault("language.rope_theta") { $0.language.ropeTheta = .infinity },
        Fault("lora.rank") { $0.lora?.rank = 0 }, Fault("lora.rank") { $0.lora?.rank = .max },
        Fault("lora.alpha") { $0.lora?.alpha = .nan },
    ]

    @Test(arguments: faults)
    func invalidFieldsAreNamed(_ fault: Fault) throws {
        var configuration = TinyModel.configuration()
        fault.change(&configuration)
        do throws(ConfigurationError) {
            try configuration.validate()
            Issue.record("accepted")
        } catch {
            #expect(error.field == fault.description && !error.expected.isEmpty && !error.found.isEmpty)
            #expect(error.description.hasPrefix("configuration: \(fault.description): expected "))
        }
    }

    @Test func jsonFaultsAreNamed() throws {
        let text = String(decoding: try TinyModel.configuration().json(), as: UTF8.self)
        func field(_ json: String) -> String? {
            do {
                _ = try ModelConfiguration(json: Data(json.utf8))
                return nil
            } catch {
                return (error as? ConfigurationError)?.field ?? "\(error)"
            }
        }
        #expect(field(text.replacing("\"maximum_objects\" : 6", with: "\"maximum_objects\" : \"six\"")) == "maximum_objects")
        #expect(field(text.replacing("\"maximum_objects\" : 6,", with: "")) == "maximum_objects")
        #expect(field(text.replacing("\"pooling\" : \"avg\"", with: "\"pooling\" : \"max\"")) == "image.pooling")
        #expect(field(text.replacing("\"vocabulary\" : 50", with: "\"vocabulary\" : null")) == "language.vocabulary")
        #expect(field("") == "configuration")
        #expect(field("[]") == "configuration")
        #expect(field("{") == "configuration")
    }

    /// Whatever a file says, it is a configuration that graphs can be built of, or a `ConfigurationError`.
    @Test func hostileJSONNeverTraps() throws {
        let original = Array(try TinyModel.configuration().json())
        let numbers = [
            "0", "-1", "1", "2", "7", "32", "64", "1024", "65536", "1048576", "9223372036854775807", "-9223372036854775808", "1e400", "1e-400",
            "3.5", "null", "true", "\"x\"", "[]", "{}", "[1,2,3,4]",
        ]
        var random = SeededGenerator(seed: 2024)
        var accepted = 0
        for _ in 0..<600 {
            var text = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                switch Int.random(in: 0..<5, using: &random) {
                case 0: text[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                case 1: text.removeSubrange(Int.random(in: 0..<text.count, using: &random)...)
                default:
                    // One number becomes something else.
                    let digits = text.indices.filter { (48...57).contains(text[$0]) && (text[$0 - 1] == 32) }
                    guard let first = digits.randomElement(using: &random) else { continue }
                    var last = first
                    while last < text.count, (48...57).contains(text[last]) || text[last] == 46 { last += 1 }
                    text.replaceSubrange(first..<last, with: Array((numbers.randomElement(using: &random) ?? "0").utf8))
                }
                if text.count < 2 { text = original }
            }
            do {
                let configuration = try ModelConfiguration(json: Data(text))
                for graph in try Network.graphs(configuration) {
                    let optimised = graph.optimised()
                    for node in optimised.nodes {
                        let flops = node.operation.floatingPointOperations(
                            node.inputs.map { optimised.type($0) }, node.outputs.map { optimised.type($0) })
                        #expect(flops.upperBound >= 0)
                        for id in node.inputs + node.outputs { #expect(optimised.type(id).upperByteCount >= 0) }
                    }
                }
                accepted += 1
            } catch {
                #expect(error is ConfigurationError || error is GraphError, "\(error)")
            }
        }
        #expect(accepted > 20, "some mutations are harmless")
    }
}
