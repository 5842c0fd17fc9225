import LEOEval
import TestSupport
import Testing

/// Against the recorded output of the official evaluators' parts, line by line.
@Suite(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct GoldenMetricTests {
    private struct NGramRow: Decodable {
        struct Scores: Decodable {
            let bleu: [Double]
            let bleu_per_item: [[Double]]
            let cider: Double
            let cider_per_item: [Double]
            let rouge_l: Double
            let rouge_l_per_item: [Double]
        }
        let `case`: String
        let predictions: [String]
        let references: [[String]]
        let scores: Scores?
        let error: String?
    }

    @Test func nGramMetrics() throws {
        let rows = try goldenLines("eval/ngram.jsonl", of: NGramRow.self)
        #expect(rows.count == 113)
        #expect(rows.count { $0.error != nil } == 2)
        for (line, row) in rows.enumerated() {
            let place: Testing.Comment = "line \(line + 1), \(row.case)"
            guard let scores = row.scores else {
                #expect(throws: EvaluationError.self, place) {
                    try TextScores(predictions: row.predictions, references: row.references)
                }
                continue
            }
            let bleu = try BLEU.scores(predictions: row.predictions, references: row.references)
            #expect(near(bleu.map(\.corpus), scores.bleu), place)
            for order in 0..<4 { #expect(near(bleu[order].perSample, scores.bleu_per_item[order]), place) }
            let cider = try CIDEr.score(predictions: row.predictions, references: row.references)
            #expect(near(cider.corpus, scores.cider), place)
            #expect(near(cider.perSample, scores.cider_per_item), place)
            let rouge = try ROUGE.score(predictions: row.predictions, references: row.references)
            #expect(near(rouge.corpus, scores.rouge_l), place)
            #expect(near(rouge.perSample, scores.rouge_l_per_item), place)
            let all = try TextScores(predictions: row.predictions, references: row.references)
            #expect(all.cider == cider.corpus && all.bleu4 == bleu[3].corpus && all.rougeL == rouge.corpus, place)
        }
    }

    private struct CleanRow: Decodable {
        let input, output: String
    }

    @Test func answerCleaning() throws {
        let rows = try goldenLines("eval/clean_answer.jsonl", of: CleanRow.self)
        #expect(rows.count == 157)
        for row in rows { #expect(bytes(AnswerCleaning.clean(row.input)) == bytes(row.output), "\(row.input)") }
    }

    private struct MatchRow: Decodable {
        let prediction: String
        let references: [String]
        let cleaned_prediction: String
        let cleaned_references: [String]
        let em, em_refined: Int
    }

    @Test func answerMatch() throws {
        let rows = try goldenLines("eval/answer_match.jsonl", of: MatchRow.self)
        #expect(rows.count == 59)
        for row in rows {
            #expect(bytes(AnswerCleaning.clean(row.prediction)) == bytes(row.cleaned_prediction))
            #expect(row.references.map { bytes(AnswerCleaning.clean($0)) } == row.cleaned_references.map(bytes))
            let match = AnswerMatch(cleaning: row.prediction, references: row.references)
            #expect(match.isExact == (row.em == 1) && match.isRefined == (row.em_refined == 1), "\(row)")
        }
    }

    private struct TypeRow: Decodable {
        let question: String
        let type: Int
    }

    @Test func questionTypes() throws {
        let rows = try goldenLines("eval/sqa_question_type.jsonl", of: TypeRow.self)
        #expect(rows.count == 42)
        for row in rows { #expect(SQAQuestionType(question: row.question).rawValue == row.type, "\(row.question)") }
    }

    private struct IoURow: Decodable {
        let `case`: String
        let center1, size1, center2, size2: [Double]
        let corners1, corners2: [[Double]]
        let iou: Double
    }

    @Test func boxIoU() throws {
        let rows = try goldenLines("eval/box_iou.jsonl", of: IoURow.self)
        #expect(rows.count == 92)
        for row in rows {
            let a = Box(center: SIMD3(row.center1), size: SIMD3(row.size1))
            let b = Box(center: SIMD3(row.center2), size: SIMD3(row.size2))
            for (box, corners) in [(a, row.corners1), (b, row.corners2)] {
                #expect(box.corners.count == 8)
                for (corner, expected) in zip(box.corners, corners) {
                    #expect(near([corner.x, corner.y, corner.z], expected, 1e-12), "\(row.case)")
                }
            }
            #expect(near(a.intersectionOverUnion(with: b), row.iou, 1e-12), "\(row.case)")
        }
    }

    private struct CloudRow: Decodable {
        let dtype: String
        let points: [[Double]]
        let center, size: [Double]
    }

    @Test func boxAroundPoints() throws {
        let rows = try goldenLines("eval/pc_to_box.jsonl", of: CloudRow.self)
        #expect(rows.count == 10)
        for row in rows {
            if row.dtype == "float32" {
                let box = try Box(around: row.points.map { SIMD3<Float>($0.map { Float($0) }) })
                #expect(near([box.center.x, box.center.y, box.center.z].map { Double($0) }, row.center, 1e-12))
                #expect(near([box.size.x, box.size.y, box.size.z].map { Double($0) }, row.size, 1e-12))
            } else {
                let box = try Box(around: row.points.map { SIMD3<Double>($0) })
                #expect(near([box.center.x, box.center.y, box.center.z], row.center, 1e-12))
                #expect(near([box.size.x, box.size.y, box.size.z], row.size, 1e-12))
            }
        }
    }
}
