import LEOAction
import LEOData
import LEOEval

/// Scores of a task, by name, in the order in which they are shown.
public struct TaskMetrics: Sendable, Equatable {
    public struct Score: Sendable, Equatable, Codable {
        public let name: String
        public let value: Double
        public init(name: String, value: Double) {
            self.name = name
            self.value = value
        }
    }

    public let scores: [Score]
    /// The score that the official code chooses checkpoints by; nil where it is one that is not computed here.
    public let target: String?
    /// What the scores are not, and what could not be computed.
    public let notes: [String]

    public subscript(name: String) -> Double? { scores.first { $0.name == name }?.value }

    /// What the official table has and this program has not.
    package static let similarityNote =
        "sentence similarity, the official target metric, is not computed: it needs a sentence encoder (all-MiniLM-L6-v2)"
    package static let meteorNote = "METEOR matches words and stems; the official one has a table of paraphrases besides"

    /// One evaluated sample.
    public struct Outcome: Sendable {
        public let annotation: TaskAnnotation
        public let prediction: String
        /// Scan2Cap with proposals: whether one of them fits the object.
        public let iouFlag: Bool

        public init(annotation: TaskAnnotation, prediction: String, iouFlag: Bool = true) {
            self.annotation = annotation
            self.prediction = prediction
            self.iouFlag = iouFlag
        }
    }

    /// Scores the outcomes of a task as its official evaluator does.
    ///
    /// - Parameter corpus: references of Scan2Cap
    /// - Errors: `EvaluationError` for samples that do not go together with the task; scores that have no value for
    ///   these samples become notes.
    public init(_ task: TaskKind, _ outcomes: [Outcome], corpus: [String: [String]]? = nil) throws(EvaluationError) {
        guard !outcomes.isEmpty else { throw .nothingToEvaluate(metric: task.rawValue) }
        switch task {
        case .cap3d, .objSceneCap, .sceneCap, .rscanPlan, .rscanDialog: try self.init(captions: outcomes)
        case .scan2cap: try self.init(scan2Cap: outcomes, corpus: corpus ?? [:])
        case .scanqa, .rscanQA: try self.init(answers: outcomes)
        case .sqa3d: try self.init(situatedAnswers: outcomes)
        case .mp3dObjNav: try self.init(navigation: outcomes)
        case .cliport: try self.init(manipulation: outcomes)
        }
    }

    private init(_ scores: [(String, Double)], target: String?, notes: [String] = []) {
        self.scores = scores.map { Score(name: $0.0, value: $0.1) }
        self.target = target
        self.notes = notes
    }

    private static func named(_ text: TextScores) -> [(String, Double)] {
        [("cider", text.cider), ("bleu4", text.bleu4), ("meteor", text.meteor), ("rouge_l", text.rougeL)]
    }

    /// The official code raises where there is nothing to compare with; here everything else is still reported.
    private static func text(_ scores: () throws(EvaluationError) -> TextScores) throws(EvaluationError) -> ([(String, Double)], [String]) {
        do throws(EvaluationError) { return (named(try scores()), [meteorNote]) } catch {
            guard case .noReferenceWords = error else { throw error }
            return ([], ["no text scores: \(error)"])
        }
    }

    private init(captions outcomes: [Outcome]) throws(EvaluationError) {
        var evaluator = CaptionEvaluator()
        try evaluator.add(
            predictions: outcomes.map(\.prediction), references: outcomes.map { $0.annotation.references.first ?? "" },
            iouFlags: outcomes.map(\.iouFlag))
        let (scores, notes) = try Self.text { () throws(EvaluationError) in try evaluator.scores() }
        self.init(scores, target: nil, notes: notes + [Self.similarityNote])
    }

    private init(scan2Cap outcomes: [Outcome], corpus: [String: [String]]) throws(EvaluationError) {
        var evaluator = Scan2CapEvaluator(corpus: corpus)
        try evaluator.add(
            predictions: outcomes.map(\.prediction), keys: outcomes.map { $0.annotation.corpusKey ?? "" },
            iouFlags: outcomes.map(\.iouFlag))
        let (scores, notes) = try Self.text { () throws(EvaluationError) in try evaluator.scores() }
        let found = Double(outcomes.count(where: \.iouFlag)) / Double(outcomes.count)
        self.init(scores + [("target_found", found)], target: nil, notes: notes + [Self.similarityNote])
    }

    private init(answers outcomes: [Outcome]) throws(EvaluationError) {
        var evaluator = AnswerEvaluator()
        try evaluator.add(predictions: outcomes.map(\.prediction), references: outcomes.map(\.annotation.references))
        let matches = outcomes.map { AnswerMatch(cleaning: $0.prediction, references: $0.annotation.references) }
        let exact = Double(matches.count(where: \.isExact)) / Double(matches.count)
        let refined = Double(matches.count(where: \.isRefined)) / Double(matches.count)
        let (scores, notes) = try Self.text { () throws(EvaluationError) in try evaluator.scores().text }
        self.init([("em", exact), ("em_refined", refined)] + scores, target: "em_refined", notes: notes)
    }

    private init(situatedAnswers outcomes: [Outcome]) throws(EvaluationError) {
        var evaluator = SQA3DEvaluator()
        let types = outcomes.map { $0.annotation.questionType ?? SQAQuestionType(question: $0.annotation.instruction) }
        try evaluator.add(
            predictions: outcomes.map(\.prediction), references: outcomes.map(\.annotation.references), types: types)
        // Without the text scores where those have no value.
        let all = try? evaluator.scores()
        var overall = try TaskMetrics(answers: outcomes)
        var byType: [(String, Double)] = []
        for type in SQAQuestionType.allCases {
            let matches = zip(outcomes, types).filter { $1 == type }.map {
                AnswerMatch(cleaning: $0.0.prediction, references: $0.0.annotation.references)
            }
            func share(_ count: Int) -> Double { matches.isEmpty ? 0 : Double(count) / Double(matches.count) }
            byType.append(("em_\(type)", all?.exactMatch[type] ?? share(matches.count(where: \.isExact))))
            byType.append(("em_refined_\(type)", all?.refinedMatch[type] ?? share(matches.count(where: \.isRefined))))
        }
        overall = TaskMetrics(
            overall.scores.map { ($0.name, $0.value) } + byType, target: overall.target, notes: overall.notes)
        self = overall
    }

    private init(navigation outcomes: [Outcome]) throws(EvaluationError) {
        var evaluator = ActionAccuracyEvaluator()
        try evaluator.add(
            predictions: outcomes.map(\.prediction), references: outcomes.map { $0.annotation.references.first ?? "" })
        self.init([("accuracy", try evaluator.accuracy())], target: "accuracy")
    }

    private init(manipulation outcomes: [Outcome]) throws(EvaluationError) {
        let space = CLIPortActionSpace()
        var evaluator = CLIPortEvaluator { text in
            let (pick, place) = space.poses(in: text)
            return .init(pick: SIMD2(pick.position.x, pick.position.y), place: SIMD2(place.position.x, place.position.y))
        }
        try evaluator.add(
            predictions: outcomes.map(\.prediction), references: outcomes.map { $0.annotation.references.first ?? "" })
        let scores = try evaluator.scores()
        self.init(
            [("accuracy", scores.accuracy), ("pick_error_m", scores.pickError), ("place_error_m", scores.placeError)],
            target: "accuracy")
    }
}
