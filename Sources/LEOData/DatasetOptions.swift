/// How a data set is opened.
public struct DatasetOptions: Sendable {
    /// What the objects of a ScanNet scene are.
    public enum ObjectSource: String, Sendable, CaseIterable, Codable {
        /// The annotated instances.
        case groundTruth = "gt"
        /// Mask3D's proposals. Training takes the instances all the same, as do data sets without proposals.
        case predicted = "pred"
    }

    /// Objects of a sample; what comes later is cut off.
    public var maximumObjects = 60
    public var objectSource = ObjectSource.groundTruth
    /// Makes every random choice: points, pool entries, places in a box, order and rotation while training.
    public var choices: any ChoiceRule = SeededChoices(seed: 0)
    /// Sentences for tasks whose instruction is drawn.
    public var pools = InstructionPools.standard
    /// Turns scenes by quarters about z while training, as the official loaders do. Never CLIPort's.
    public var rotatesInTraining = true
    /// Lets an object keep its turns from sample to sample, as the official loaders do by writing into their cache. A sample
    /// then depends on those before it, and SQA3D's agent, who turns by the last quarter alone, no longer stands where the
    /// annotation says.
    public var accumulatesRotations = false
    /// Share of the data set that is used: the first `Int(count * ratio)` samples, not a random part.
    public var ratio = 1.0
    /// Scenes that are kept in memory between samples.
    public var cachedScenes = 4

    public init() {}

    public init(
        maximumObjects: Int = 60, objectSource: ObjectSource = .groundTruth, choices: any ChoiceRule = SeededChoices(seed: 0)
    ) {
        self.maximumObjects = maximumObjects
        self.objectSource = objectSource
        self.choices = choices
    }
}
