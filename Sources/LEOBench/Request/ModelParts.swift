package import ExecutionPlan
package import LEO
package import LEOModel
import LEOScene

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
    package func prefill(_ request: Request, atMost limit: Int = .max) throws -> UnsafeBufferPointer<Float> {
        let prepared = try PreparedRequest(request, engine.configuration)
        let objects = prepared.objects
        let image = try prepared.image?.floats().withUnsafeBufferPointer { try encoder.encodeImage($0).tokens } ?? []
        let embeddings = try objects.features.floats().withUnsafeBufferPointer { try encoder.encodeObjects($0, count: objects.count) }
        let scene = try encoder.encodeScene(
            embeddings: embeddings, locations: objects.locations.floats(), count: objects.count, anchor: prepared.pose.position.values,
            orientation: prepared.pose.orientation.values)
        let sequence = PromptSequence(
            prepared.prompt, hasImage: prepared.image != nil, objects: objects.count,
            objectTokens: scene.tokens.count / engine.configuration.language.hiddenSize, engine)
        return try language.prefill(Array(sequence.rows(.visible).prefix(limit)), extra: image + scene.tokens)
    }
}
