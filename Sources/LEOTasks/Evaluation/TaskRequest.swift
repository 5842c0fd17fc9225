import LEO
import LEOData
import LEOModel
import LEOScene
import LEOText

/// How a model is evaluated on a data set.
public struct EvaluationOptions: Sendable, Equatable {
    /// LEO's own settings for all tasks: 5 beams, repetition penalty 3, at most 255 new tokens.
    ///
    /// - Source: official `model/leo_agent.py`, `generate`
    public var decoding = DecodingOptions()
    /// Chooses points, instructions from the pools, and places in boxes; scores of captions and plans change with it.
    public var seed: UInt64 = 0
    public var objectSource = DatasetOptions.ObjectSource.groundTruth
    /// Samples at most, from the first; nil for all.
    public var limit: Int?

    public init() {}

    /// How the data set of a model is opened.
    public func datasetOptions(_ configuration: ModelConfiguration) -> DatasetOptions {
        DatasetOptions(
            maximumObjects: configuration.maximumObjects, objectSource: objectSource, choices: SeededChoices(seed: seed))
    }
}

extension Request {
    /// Asks what a sample asks, in LEO's exact prompt, with the sample's objects, points, picture and place.
    public init(_ sample: TaskSample, decoding: DecodingOptions, configuration: ModelConfiguration) {
        let annotation = sample.annotation
        self.init(annotation.instruction, scene: sample.objects.isEmpty ? nil : sample.scene(), image: sample.image)
        history = annotation.history
        situation = annotation.situation
        imageChannels = sample.imageChannels
        pose = Pose(position: sample.anchor.position, orientation: sample.anchor.orientation)
        // A model that takes fewer points than LEO draws its own.
        if configuration.points.pointsPerObject == ObjectTensors.pointsPerObject { pickedPoints = sample.picks }
        self.decoding = decoding
    }
}
