/// Sentences of which one is drawn for each sample of a captioning or planning task, in evaluation too: scores of these
/// tasks change with the seed.
///
/// The official pools have 151 sentences about an object, 183 about a scene and 202 prefixes of plans. Only the first of
/// each is official here; the others of `standard` are paraphrases of this project's own.
///
/// - Source: official `data/text_pool.py`
public struct InstructionPools: Sendable, Equatable {
    /// Cap3D, captions of objects in scenes, Scan2Cap.
    public var object: [String]
    public var scene: [String]
    /// What stands before `: goal`.
    public var planPrefix: [String]

    /// - Precondition: no pool is empty
    public init(object: [String], scene: [String], planPrefix: [String]) {
        precondition(!object.isEmpty && !scene.isEmpty && !planPrefix.isEmpty, "every pool has at least one sentence")
        self.object = object
        self.scene = scene
        self.planPrefix = planPrefix
    }

    /// The first official sentence of each pool, alone.
    public static let official = InstructionPools(
        object: ["Produce a description for the object at the chosen spot in the 3D scene."],
        scene: ["Describe this scene."],
        planPrefix: ["Plan for the task"])

    /// The first official sentence of each pool, and paraphrases of our own.
    public static let standard = InstructionPools(
        object: official.object + [
            "Describe the object at your location in the 3D scene.",
            "What is the object that you are at? Describe it.",
            "Give a short description of the object at the selected place.",
            "Write a caption for the object at this spot of the scene.",
            "Say what the object at the given position is and what it looks like.",
            "Provide a description of the item located where you are.",
            "Put into words what you notice about the object at this location.",
            "How would you describe the object at the chosen position?",
            "Tell me about the object at the indicated spot in the scene.",
            "Describe the thing at this place, and where it stands if you can tell.",
        ],
        scene: official.scene + [
            "Give a description of this scene.",
            "What does this room look like?",
            "Describe the room and the things in it.",
            "Summarize what you perceive in the 3D scene.",
            "Tell me what is in this scene and how it is arranged.",
            "Write a paragraph about this room.",
            "Describe your surroundings.",
            "How would you describe the scene around you?",
            "Explain what can be seen in this 3D scene.",
        ],
        planPrefix: official.planPrefix + [
            "Make a plan for the task",
            "List the steps for this task",
            "Break this goal down into steps",
            "Describe step by step how to do this",
            "What steps are needed for the following goal",
            "Write down a sequence of actions for the task",
            "Split this high-level task into simple actions",
            "Give instructions to reach the goal",
            "Plan how to carry out this task",
        ])
}
