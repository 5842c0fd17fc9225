import LEOAction
import LEOEval
import TestSupport
import Testing

/// Whole evaluators fed in batches, against the official ones.
@Suite(.enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct GoldenEvaluatorTests {
    private struct AnswerRow: Decodable {
        struct Batch: Decodable {
            let output_txt: [String]
            let output_gt: [[String]]
            let questions: [String]?
            let sqa_type: [Int]?
        }
        let batches: [Batch]
        let result: [String: Double]
    }

    private func check(_ text: TextScores, _ result: [String: Double], suffix: String = "", _ line: Int) {
        #expect(near(text.cider, result["cider" + suffix] ?? .nan), "line \(line + 1)")
        #expect(near(text.bleu4, result["bleu" + suffix] ?? .nan), "line \(line + 1)")
        #expect(near(text.rougeL, result["rouge" + suffix] ?? .nan), "line \(line + 1)")
    }

    @Test func scanQA() throws {
        let rows = try goldenLines("eval/scanqa.jsonl", of: AnswerRow.self)
        #expect(rows.count == 40)
        for (line, row) in rows.enumerated() {
            var evaluator = AnswerEvaluator()
            for batch in row.batches { try evaluator.add(predictions: batch.output_txt, references: batch.output_gt) }
            let scores = try evaluator.scores()
            #expect(near(scores.exactMatch, row.result["em"] ?? .nan), "line \(line + 1)")
            #expect(near(scores.refinedMatch, row.result["em_refined"] ?? .nan), "line \(line + 1)")
            #expect(near(scores.refinedMatch, row.result["target_metric"] ?? .nan), "line \(line + 1)")
            check(scores.text, row.result, line)
        }
    }

    @Test func sqa3D() throws {
        let rows = try goldenLines("eval/sqa3d.jsonl", of: AnswerRow.self)
        #expect(rows.count == 25)
        for (line, row) in rows.enumerated() {
            var evaluator = SQA3DEvaluator()
            for batch in row.batches {
                let types = try #require(batch.questions).map { SQAQuestionType(question: $0) }
                #expect(types.map(\.rawValue) == batch.sqa_type)
                try evaluator.add(predictions: batch.output_txt, references: batch.output_gt, types: types)
            }
            let scores = try evaluator.scores()
            #expect(near(scores.overall.exactMatch, row.result["em_overall"] ?? .nan), "line \(line + 1)")
            #expect(near(scores.overall.refinedMatch, row.result["em_refined_overall"] ?? .nan), "line \(line + 1)")
            for type in SQAQuestionType.allCases {
                let (exact, refined) = (scores.exactMatch[type], scores.refinedMatch[type])
                // The reference's counters start at 1e-10, which shows beyond the ninth decimal only.
                #expect(near(exact ?? .nan, row.result["em_type\(type.rawValue)"] ?? .nan, 1e-12), "line \(line + 1)")
                #expect(
                    near(refined ?? .nan, row.result["em_refined_type\(type.rawValue)"] ?? .nan, 1e-12), "line \(line + 1)")
            }
            check(scores.overall.text, row.result, suffix: "_overall", line)
        }
    }

    private struct ActionRow: Decodable {
        struct Batch: Decodable {
            let output_txt, output_gt: [String]
        }
        let batches: [Batch]
        let result: [String: Double]
    }

    @Test func objectNavigation() throws {
        let rows = try goldenLines("eval/objnav.jsonl", of: ActionRow.self)
        #expect(rows.count == 20)
        for (line, row) in rows.enumerated() {
            var evaluator = ActionAccuracyEvaluator()
            for batch in row.batches { try evaluator.add(predictions: batch.output_txt, references: batch.output_gt) }
            #expect(near(try evaluator.accuracy(), row.result["accuracy"] ?? .nan), "line \(line + 1)")
        }
    }

    @Test func cliPort() throws {
        let rows = try goldenLines("eval/cliport.jsonl", of: ActionRow.self)
        #expect(rows.count == 26)
        let space = CLIPortActionSpace()
        for (line, row) in rows.enumerated() {
            var evaluator = CLIPortEvaluator { text in
                let poses = space.poses(in: text)
                return .init(
                    pick: SIMD2(poses.pick.position.x, poses.pick.position.y),
                    place: SIMD2(poses.place.position.x, poses.place.position.y))
            }
            for batch in row.batches { try evaluator.add(predictions: batch.output_txt, references: batch.output_gt) }
            let scores = try evaluator.scores()
            #expect(near(scores.accuracy, row.result["accuracy"] ?? .nan), "line \(line + 1)")
            #expect(near(scores.pickError, row.result["action_error_pose0"] ?? .nan), "line \(line + 1)")
            #expect(near(scores.placeError, row.result["action_error_pose1"] ?? .nan), "line \(line + 1)")
        }
    }

    @Test func captions() throws {
        let rows = try goldenLines("eval/caption.jsonl", of: ActionRow.self)
        #expect(rows.count == 15)
        for (line, row) in rows.enumerated() {
            var evaluator = CaptionEvaluator()
            for batch in row.batches { try evaluator.add(predictions: batch.output_txt, references: batch.output_gt) }
            check(try evaluator.scores(), row.result, line)
        }
    }

    private struct Scan2CapRow: Decodable {
        struct Batch: Decodable {
            let output_txt, corpus_key: [String]
            let iou_flag: [Bool]
        }
        struct AllScores: Decodable {
            let bleu: [Double]
            let cider_per_item, rouge_l_per_item: [Double]
        }
        let corpus: [String: [String]]
        let batches: [Batch]
        let prepared_predictions: [String: [String]]
        let result: [String: Double]
        let all_scores: AllScores
    }

    @Test func scan2Cap() throws {
        let rows = try goldenLines("eval/scan2cap.jsonl", of: Scan2CapRow.self)
        #expect(rows.count == 25)
        for (line, row) in rows.enumerated() {
            var evaluator = Scan2CapEvaluator(corpus: row.corpus)
            for batch in row.batches {
                try evaluator.add(predictions: batch.output_txt, keys: batch.corpus_key, iouFlags: batch.iou_flag)
            }
            let prepared = evaluator.preparedPredictions
            #expect(prepared.count == row.prepared_predictions.count)
            for (key, text) in prepared {
                #expect(row.prepared_predictions[key]?.map(bytes) == [bytes(text)], "line \(line + 1), \(key)")
            }
            check(try evaluator.scores(), row.result, line)
            let texts = prepared.map(\.text)
            let bleu = try BLEU.scores(predictions: texts, references: evaluator.references)
            #expect(near(bleu.map(\.corpus), row.all_scores.bleu), "line \(line + 1)")
            let cider = try CIDEr.score(predictions: texts, references: evaluator.references)
            #expect(near(cider.perSample, row.all_scores.cider_per_item), "line \(line + 1)")
            let rouge = try ROUGE.score(predictions: texts, references: evaluator.references)
            #expect(near(rouge.perSample, row.all_scores.rouge_l_per_item), "line \(line + 1)")
        }
    }
}
