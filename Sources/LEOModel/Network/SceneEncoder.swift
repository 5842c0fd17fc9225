package import ExecutionPlan
import Foundation

/// Runs image, point and spatial plans: what a request sees, as tokens of the language model.
package final class SceneEncoder {
    private let network: Network
    private let gate: NSLock?
    private let image: PlanInstance
    private let points: PlanInstance
    private let spatial: PlanInstance

    /// - Parameter gate: held while a plan runs, so that several users of one machine take turns.
    package init(_ network: Network, gate: NSLock? = nil) throws {
        self.network = network
        self.gate = gate
        image = try PlanInstance(network.image)
        points = try PlanInstance(network.points)
        spatial = try PlanInstance(network.spatial)
    }

    package var instances: [PlanInstance] { [image, points, spatial] }

    /// Image tokens and what they are projected from.
    ///
    /// - Shapes: image [3, size, size], normalised -> features [tokens, width], tokens [tokens, hidden]
    package func encodeImage(
        _ pixels: UnsafeBufferPointer<Float>, cancellation: Cancellation? = nil
    ) throws(CancellationError) -> (features: [Float], tokens: [Float]) {
        _ = image.floats("image").update(fromContentsOf: pixels)
        guard image.run(cancellation: cancellation, gate: gate) else { throw CancellationError() }
        return (Array(image.floats("features")), Array(image.floats("tokens")))
    }

    /// Embeddings [count, width] of object clouds [count, points, 6].
    package func encodeObjects(
        _ clouds: UnsafeBufferPointer<Float>, count: Int, cancellation: Cancellation? = nil
    ) throws -> [Float] {
        guard count <= network.configuration.maximumObjects else {
            throw CapacityError.tooManyObjects(count: count, limit: network.configuration.maximumObjects)
        }
        if count == 0 { return [] }
        points.set(network.points.symbols[0], to: count)
        _ = points.floats("clouds").update(fromContentsOf: clouds)
        guard points.run(cancellation: cancellation, gate: gate) else { throw CancellationError() }
        return Array(points.floats("embeddings"))
    }

    /// Object tokens: row 0 the agent (if the model has it), then the objects.
    ///
    /// - Shapes: embeddings [count, width], locations [count, 6] -> objects [slots, spatial hidden], tokens [slots, hidden]
    /// - Parameter orientation: quaternion x y z w, used as it is
    package func encodeScene(
        embeddings: [Float], locations: [Float], count: Int, anchor: [Float], orientation: [Float],
        cancellation: Cancellation? = nil
    ) throws(CancellationError) -> (objects: [Float], tokens: [Float]) {
        let plan = network.spatial
        if count == 0, !network.configuration.spatial.useEmbodiedToken { return ([], []) }
        spatial.set(plan.symbols[0], to: count)
        spatial.set(plan.symbols[1], to: network.configuration.maximumObjects - count)
        _ = spatial.floats("embeddings").update(fromContentsOf: embeddings)
        if network.configuration.spatial.useEmbodiedToken {
            _ = spatial.floats("locations").update(fromContentsOf: anchor + network.anchorSize + locations)
            _ = spatial.floats("orientation").update(fromContentsOf: orientation)
        } else {
            _ = spatial.floats("locations").update(fromContentsOf: locations)
        }
        guard spatial.run(cancellation: cancellation, gate: gate) else { throw CancellationError() }
        return (Array(spatial.floats("objects")), Array(spatial.floats("tokens")))
    }
}
