import LEOText

/// What an annotation file says of one sample, before any choice is made.
struct AnnotationRecord: Sendable {
    enum Instruction: Sendable {
        case fixed(String)
        /// From the pool of object captioning.
        case object
        /// From the pool of scene captioning.
        case scene
        /// A prefix from the pool of planning, then this goal.
        case plan(String)
    }

    /// Without the task and the split: unique in the data set after `AnnotationReader` is done with it.
    var id: String
    let source: SceneSource
    let sceneID: String
    var instruction: Instruction
    var history: [Prompt.Turn] = []
    /// SQA3D: what may stand for the situation, the main one first.
    var situations: [String] = []
    /// All right answers.
    var references: [String]
    var relevant: [Int] = []
    var corpusKey: String?
    /// Question of SQA3D as the file has it.
    var question: String?
    /// SQA3D: as the file has it, to be aligned. Navigation: as the network gets it.
    var position: SIMD3<Double>?
    var orientation: SIMD4<Double>?
    /// SQA3D: rows of the scan's alignment.
    var alignment: [SIMD3<Double>] = []
    var step: EpisodeStep?
}

/// The records of a data set, and what goes with them.
struct AnnotationTable: Sendable {
    var records: [AnnotationRecord] = []
    var corpus: [String: [String]]?
    var notices: [String] = []
}
