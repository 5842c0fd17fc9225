package import ExecutionPlan
package import LEO
package import LEOModel
import LEOScene
import LEOText

/// The parts of a model run one by one, where a `Session` runs them all: for looking between them.
///
/// Used by one thread at a time.
package final class ModelParts {
    package let engine: Engine
    private let encoder: SceneEncoder
    package let language: LanguageRunner

    package init(_ engine: Engine) throws {
        self.engine = engine
        encoder = try SceneEncoder(engine.network)
        language = try LanguageRunner(engine.network)
    }

    /// Image, points, spatial, language.
    package var instances: [PlanInstance] { encoder.instances + [language.planInstance] }

    /// Reads the prompt of a request as `Session` does, BOS behind it; returns the logits of its last row, valid until the
    /// next call of `language`.
    ///
    /// - Parameter limit: rows that are read; a longer prompt is cut
    /// - Precondition: the request names no object
    package func prefill(_ request: Request, atMost limit: Int = .max) throws -> UnsafeBufferPointer<Float> {
        precondition(request.object == nil, "an object in front is the session's business")
        let configuration = engine.configuration
        let objects = request.scene.map { Array($0.objects.prefix(configuration.maximumObjects)) } ?? []
        let perPoint = configuration.points.pointsPerObject
        let tensors: ObjectTensors
        if let picks = request.pickedPoints, !objects.isEmpty {
            tensors = ObjectTensors(objects.map(\.points), picks: Array(picks.prefix(objects.count)))
        } else {
            tensors = ObjectTensors(objects, pointsPerObject: perPoint, seed: request.seed)
        }
        var rows: [Float] = []
        if let image = request.image {
            rows = try image.preprocessed(channels: request.imageChannels).floats()
                .withUnsafeBufferPointer { try encoder.encodeImage($0).tokens }
        }
        let embeddings = try tensors.features.floats().withUnsafeBufferPointer { try encoder.encodeObjects($0, count: tensors.count) }
        let pose = request.pose ?? Request.Pose()
        let scene = try encoder.encodeScene(
            embeddings: embeddings, locations: tensors.locations.floats(), count: tensors.count,
            anchor: [pose.position.x, pose.position.y, pose.position.z],
            orientation: [pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w])
        let sequence = Self.sequence(request, engine, objectTokens: scene.tokens.count / configuration.language.hiddenSize)
        return try language.prefill(Array(sequence.rows(.visible).prefix(limit)), extra: rows + scene.tokens)
    }

    /// The prompt of a request with the BOS that is asked behind.
    package static func sequence(_ request: Request, _ engine: Engine, objectTokens: Int) -> PromptSequence {
        let configuration = engine.configuration
        let prompt = PromptTokens(
            Prompt(instruction: request.instruction, history: request.history, situation: request.situation), tokenizer: engine.tokenizer,
            maxContext: configuration.maximumContext)
        let count = min(request.scene?.objects.count ?? 0, configuration.maximumObjects)
        var sequence = PromptSequence(
            prompt, imageTokens: configuration.image.tokenCount, hasImage: request.image != nil, objectTokens: objectTokens,
            absentObjects: configuration.maximumObjects - count)
        sequence.append(engine.tokenizer.bosID)
        return sequence
    }
}
