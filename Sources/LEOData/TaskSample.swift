import LEOAction
import LEOEval
import LEOScene
import LEOText

/// What a data set says of one sample, without the scene: cheap to get, and enough to list, resume and score.
public struct TaskAnnotation: Sendable {
    public let task: TaskKind
    /// The same whenever the same files are opened, and unlike every other of its data set: what a run that is resumed
    /// compares. Does not depend on seed, proposals, or the greatest number of objects.
    public let id: String
    /// Place in the data set.
    public let index: Int
    public let source: SceneSource
    /// The official `scene_id`: scan, Objaverse id, or, for CLIPort, `task/file.pkl`.
    public let sceneID: String

    public var situation = Prompt.Situation.none
    /// Earlier turns of a dialogue.
    public var history: [Prompt.Turn] = []
    public var instruction: String
    /// The texts around image and object tokens.
    public var prompt: Prompt { Prompt(instruction: instruction, history: history, situation: situation) }

    /// What the answer is compared with. Question answering: all, or, in training, the one that was drawn. Else one.
    public let references: [String]
    /// Ids of the objects that the annotation names, in its order; the target of a caption alone.
    public var relevantObjects: [Int] = []
    /// Scan2Cap: the key of the corpus file, `scan|object|type`.
    public var corpusKey: String?
    /// SQA3D: what kind of question it is.
    public var questionType: SQAQuestionType?
    /// SQA3D: the situation as the file has it, before it is turned to the second person.
    public var originalSituation: String?
    /// The recorded episode that an acting task's sample is a step of.
    public var step: EpisodeStep?

    init(
        task: TaskKind, id: String, index: Int, source: SceneSource, sceneID: String, instruction: String,
        references: [String]
    ) {
        self.task = task
        self.id = id
        self.index = index
        self.source = source
        self.sceneID = sceneID
        self.instruction = instruction
        self.references = references
    }
}

/// A step of a recorded episode.
public struct EpisodeStep: Sendable, Equatable {
    /// What was done.
    public enum Action: Sendable, Equatable {
        /// The action of this step and the four before it, oldest first, padded with stop.
        case navigation(HabitatAction, history: [HabitatAction])
        /// The same of CLIPort, padded with the dummy action. The step after the last action has the dummy as its target.
        case manipulation(CLIPortAction, history: [CLIPortAction])
    }

    /// The object to find, or what to do.
    public let goal: String
    /// File of the episode, relative to the data root.
    public let file: String
    /// From 0.
    public let index: Int
    /// Steps of the episode that are samples.
    public let count: Int
    /// Whether everything is done already and only the fill-in follows.
    public let isDone: Bool
    /// Path of the picture, relative to the data root; nil where the episode's file holds it.
    public let imageFile: String?
    public let action: Action
}

/// One sample: its annotation, and the objects, the picture and the place that go with it.
public struct TaskSample: Sendable {
    public let annotation: TaskAnnotation
    /// In the order the network gets them, at most the greatest number: relevant ones first. One object may stand twice
    /// (Scan2Cap with proposals of which none fits).
    public let objects: [SceneObject]
    /// Points of each object that the network gets, in their order.
    public let picks: [[Int]]
    /// Where the agent stands: metres in the scene's frame, quaternion x, y, z, w. Fill-ins are the origin and no rotation.
    public let anchor: SamplePose
    /// The ego view in the file's own channel order; nil stands for the official zeros with their mask false.
    public let image: Image?
    /// In which order the channels meet the encoder's statistics: blue first for navigation.
    public let imageChannels: Image.ChannelOrder
    /// Whether the target was found among the proposals; true where there is nothing to find.
    public let iouFlag: Bool

    public var id: String { annotation.id }
    public var task: TaskKind { annotation.task }
    public var prompt: Prompt { annotation.prompt }
    public var references: [String] { annotation.references }

    /// Objects as the point encoder takes them. Computed on every call.
    public func objectTensors() -> ObjectTensors { ObjectTensors(objects.map(\.points), picks: picks) }

    /// The objects as a scene, for requests that choose points themselves.
    public func scene() -> Scene {
        var bounds = objects.first?.points.bounds ?? Bounds(minimum: .zero, maximum: .zero)
        for object in objects.dropFirst() {
            let other = object.points.bounds
            bounds = Bounds(
                minimum: pointwiseMin(bounds.minimum, other.minimum), maximum: pointwiseMax(bounds.maximum, other.maximum))
        }
        return Scene(source: annotation.sceneID, objects: objects, bounds: bounds)
    }
}

/// Position and orientation of the agent, as the network gets them.
public struct SamplePose: Sendable, Equatable {
    /// Metres, in the scene's frame.
    public var position: SIMD3<Float>
    /// Quaternion x, y, z, w.
    public var orientation: SIMD4<Float>

    public init(position: SIMD3<Float> = .zero, orientation: SIMD4<Float> = SIMD4(0, 0, 0, 1)) {
        self.position = position
        self.orientation = orientation
    }
}
