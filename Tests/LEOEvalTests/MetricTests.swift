import LEOEval
import TestSupport
import Testing

@Suite struct MetricTests {
    private let captions = [
        "a brown chair next to the table", "there is a lamp in the corner", "the sofa faces the window of the room",
    ]

    @Test func perfectPredictionsScoreHighest() throws {
        let references = captions.map { [$0, "something else"] }
        #expect(try near(BLEU.scores(predictions: captions, references: references)[3].corpus, 1, 1e-8))
        #expect(try near(ROUGE.score(predictions: captions, references: references).corpus, 1))
        #expect(try near(METEOR().score(predictions: captions, references: references).corpus, 1))
        let alone = captions.map { [$0] }
        #expect(try near(CIDEr.score(predictions: captions, references: alone).corpus, 10))
    }

    @Test func orderOfSamplesAndReferencesDoesNotMatter() throws {
        let predictions = ["a chair", "the lamp in a corner", "sofa"]
        let references = [["a brown chair", "chair"], ["the lamp", "a lamp in the corner"], ["a sofa", "the red sofa"]]
        let turned = references.reversed().map { Array($0.reversed()) }
        let back = Array(predictions.reversed())
        for order in 0..<4 {
            let a = try BLEU.scores(predictions: predictions, references: references)[order]
            let b = try BLEU.scores(predictions: back, references: turned)[order]
            #expect(near(a.corpus, b.corpus, 1e-12) && near(a.perSample, b.perSample.reversed(), 1e-12))
        }
        let cider = try CIDEr.score(predictions: predictions, references: references)
        #expect(try near(cider.perSample, CIDEr.score(predictions: back, references: turned).perSample.reversed(), 1e-12))
        let rouge = try ROUGE.score(predictions: predictions, references: references)
        #expect(try near(rouge.perSample, ROUGE.score(predictions: back, references: turned).perSample.reversed(), 1e-12))
        let meteor = try METEOR().score(predictions: predictions, references: references)
        #expect(
            try near(meteor.perSample, METEOR().score(predictions: back, references: turned).perSample.reversed(), 1e-12))
    }

    @Test func wordsThatLookAlikeStayApart() throws {
        // One is composed, the other not: equal to Swift, different to the reference.
        let score = try BLEU.scores(predictions: ["caf\u{e9}"], references: [["cafe\u{301}"]])
        #expect(score[0].corpus < 1e-5)
        #expect(try ROUGE.score(predictions: ["caf\u{e9}"], references: [["cafe\u{301}"]]).corpus == 0)
        #expect(!AnswerMatch(prediction: "caf\u{e9}", references: ["cafe\u{301}"]).isRefined)
        var accuracy = ActionAccuracyEvaluator()
        try accuracy.add(predictions: ["caf\u{e9}", "给"], references: ["cafe\u{301}", "给"])
        #expect(try accuracy.accuracy() == 0.5)
    }

    @Test func errorsAreTyped() throws {
        #expect(throws: EvaluationError.nothingToEvaluate(metric: "BLEU")) {
            try BLEU.scores(predictions: [], references: [])
        }
        #expect(throws: EvaluationError.countMismatch(field: "references", expected: 1, found: 0)) {
            try CIDEr.score(predictions: ["a"], references: [])
        }
        #expect(throws: EvaluationError.noReferences(sample: 1)) {
            try ROUGE.score(predictions: ["a", "b"], references: [["a"], []])
        }
        #expect(throws: EvaluationError.noReferenceWords) {
            try CIDEr.score(predictions: ["a", "b"], references: [[" "], [""]])
        }
        var answers = AnswerEvaluator()
        #expect(throws: EvaluationError.emptyBatch) { try answers.add(predictions: [], references: []) }
        #expect(throws: EvaluationError.nothingToEvaluate(metric: "text scores")) { try answers.scores() }
        var captions = CaptionEvaluator()
        #expect(throws: EvaluationError.countMismatch(field: "iouFlags", expected: 1, found: 2)) {
            try captions.add(predictions: ["a"], references: ["b"], iouFlags: [true, false])
        }
        var scan = Scan2CapEvaluator(corpus: ["k": ["sos a eos"]])
        #expect(throws: EvaluationError.unknownCorpusKey("x")) {
            try scan.add(predictions: ["a", "b"], keys: ["k", "x"], iouFlags: [true, true])
        }
        #expect(scan.preparedPredictions.isEmpty)
        #expect(throws: EvaluationError.nothingToEvaluate(metric: "accuracy")) { try ActionAccuracyEvaluator().accuracy() }
        #expect(throws: EvaluationError.nothingToEvaluate(metric: "box of a point cloud")) {
            try Box<Float>(around: [])
        }
        for error in [EvaluationError.emptyBatch, .noReferenceWords, .unknownCorpusKey("a|1|b")] {
            #expect(!error.description.isEmpty)
        }
    }

    @Test func hostileTextIsScoredWithoutHarm() throws {
        let texts = ["", " ", "\u{0}", "\u{feff}\u{200b}", "🙂🙂 🙂", String(repeating: "a ", count: 3000), "\r\n", "é́́"]
        let references = texts.map { [$0, "a chair", ""] }
        let scores = try TextScores(predictions: texts.reversed(), references: references)
        for value in [scores.cider, scores.bleu4, scores.rougeL, scores.meteor] { #expect(value.isFinite && value >= 0) }
        for text in texts {
            _ = AnswerCleaning.clean(text)
            _ = SQAQuestionType(question: text)
        }
    }

    @Test func scan2CapTakesTheLastPredictionOfAKey() throws {
        var scan = Scan2CapEvaluator(corpus: ["a": ["sos one eos"], "b": ["sos two eos"]])
        try scan.add(predictions: ["first", "two"], keys: ["a", "b"], iouFlags: [true, false])
        try scan.add(predictions: ["one. and. "], keys: ["a"], iouFlags: [true])
        #expect(scan.preparedPredictions.map(\.key) == ["a", "b"])
        #expect(scan.preparedPredictions.map(\.text) == ["sos one . and .  eos", "sos eos"])
    }

    @Test func proposalsAreMatchedByOverlap() {
        func box(_ x: Double) -> Box<Double> { Box(center: SIMD3(x, 0, 0), size: SIMD3(1, 1, 1)) }
        let object = box(0)
        // IoU of unit boxes d apart is (1 - d) / (1 + d): 0.25 at 0.6, 0.5 at a third.
        let match = ProposalMatch(proposals: [box(0.5), box(0.1), box(2), box(0.1), box(0.59)], object: object)
        #expect(match.target == 3 && match.iouFlag)
        #expect(match.nearby == [0, 1, 4])
        let none = ProposalMatch(proposals: [box(0.4), box(3)], object: object)
        #expect(none.target == nil && !none.iouFlag && none.nearby == [0])
        #expect(ProposalMatch(proposals: [], object: object).target == nil)
    }

    @Test func boxesPassOnWhatIsNoNumber() throws {
        let box = try Box(around: [SIMD3<Float>(0, 0, 0), SIMD3(1, .nan, 3), SIMD3(-1, 2, 1)])
        #expect(box.size.x == 2 && box.size.y.isNaN && box.size.z == 3)
    }

    @Test func splWeighsSuccessByPath() throws {
        var evaluator = NavigationEvaluator()
        try evaluator.add(.init(isSuccess: true, shortestPath: 4, path: 8))
        try evaluator.add(.init(isSuccess: true, shortestPath: 4, path: 3))
        try evaluator.add(.init(isSuccess: true, shortestPath: 0, path: 0))
        try evaluator.add(.init(isSuccess: false, shortestPath: 4, path: 4))
        let scores = try evaluator.scores()
        #expect(scores.success == 0.75 && scores.spl == 0.625)
        #expect(throws: EvaluationError.self) { try evaluator.add(.init(isSuccess: true, shortestPath: -1, path: 1)) }
        #expect(throws: EvaluationError.self) { try evaluator.add(.init(isSuccess: true, shortestPath: 1, path: .nan)) }
        #expect(throws: EvaluationError.nothingToEvaluate(metric: "success")) { try NavigationEvaluator().scores() }
    }
}
