import Foundation
import LEOAction
import LEOEval

/// Metrics and whole evaluators, a file each.
enum MetricFilesKind: CaseKind {
    private static let cliPort = "cliport.jsonl"
    private static let others: [(name: String, check: @Sendable (CaseFolder, String) -> OutputCheck)] = [
        ("answer_match.jsonl", answerMatch), ("box_iou.jsonl", boxIoU), ("caption.jsonl", captions), ("clean_answer.jsonl", answerCleaning),
        ("ngram.jsonl", nGrams), ("objnav.jsonl", objectNavigation), ("pc_to_box.jsonl", boxes), ("scan2cap.jsonl", scan2Cap),
        ("scanqa.jsonl", scanQA), ("sqa3d.jsonl", sqa3D), ("sqa_question_type.jsonl", questionTypes),
    ]

    /// Action spaces record a `cliport.jsonl` too; theirs holds poses.
    private static func hasBatches(_ folder: CaseFolder) -> Bool { folder.firstLine(of: cliPort, has: "batches") }

    static func recognises(_ folder: CaseFolder) -> Bool { others.contains { folder.has($0.name) } || hasBatches(folder) }
    static func name(_ folder: CaseFolder) -> String { "metrics" }

    static func run(_ folder: CaseFolder) throws -> [OutputCheck] {
        let checks = others.filter { folder.has($0.name) }.map { $0.check(folder, $0.name) }
        return hasBatches(folder) ? checks + [cliPort(folder, cliPort)] : checks
    }

    /// Of scores, in double arithmetic.
    private static let scoreTolerance = 1e-9
    private static let boxTolerance = 1e-12

    // MARK: Text

    private struct CleanRow: Decodable {
        let input, output: String
    }

    private static func answerCleaning(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, CleanRow.self) { row in
            Comparison.difference(row.input.debugDescription, AnswerCleaning.clean(row.input), row.output)
        }
    }

    private struct MatchRow: Decodable {
        let prediction, cleaned_prediction: String
        let references, cleaned_references: [String]
        let em, em_refined: Int
    }

    private static func answerMatch(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, MatchRow.self) { row in
            let match = AnswerMatch(cleaning: row.prediction, references: row.references)
            return Comparison.difference("cleaned_prediction", AnswerCleaning.clean(row.prediction), row.cleaned_prediction)
                ?? Comparison.difference(
                    "cleaned_references", row.references.map { Array(AnswerCleaning.clean($0).utf8) },
                    row.cleaned_references.map { Array($0.utf8) })
                ?? Comparison.difference("em, em_refined", [match.isExact ? 1 : 0, match.isRefined ? 1 : 0], [row.em, row.em_refined])
        }
    }

    private struct TypeRow: Decodable {
        let question: String
        let type: Int
    }

    private static func questionTypes(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, TypeRow.self) { row in
            let found = SQAQuestionType(question: row.question).rawValue
            return found == row.type ? nil : "\(row.question.debugDescription): expected \(row.type), found \(found)"
        }
    }

    private struct NGramRow: Decodable {
        struct Scores: Decodable {
            let bleu, cider_per_item, rouge_l_per_item: [Double]
            let bleu_per_item: [[Double]]
            let cider, rouge_l: Double
        }
        let predictions: [String]
        let references: [[String]]
        let scores: Scores?
        let error: String?
    }

    private static func nGrams(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, NGramRow.self, within: scoreTolerance) { row, tally in
            let (predictions, references) = (row.predictions, row.references)
            guard let scores = row.scores else {
                guard let error = row.error else { return "holds neither scores nor an error" }
                let found = try? TextScores(predictions: predictions, references: references)
                return found.map { "expected an error (\(error)), found \($0)" }
            }
            let bleu = try BLEU.scores(predictions: predictions, references: references)
            let cider = try CIDEr.score(predictions: predictions, references: references)
            let rouge = try ROUGE.score(predictions: predictions, references: references)
            guard bleu.count == scores.bleu_per_item.count else { return "bleu_per_item: expected \(scores.bleu_per_item.count) orders" }
            var numbers = [
                ("bleu", bleu.map(\.corpus), scores.bleu), ("cider", [cider.corpus], [scores.cider]),
                ("cider_per_item", cider.perSample, scores.cider_per_item), ("rouge_l", [rouge.corpus], [scores.rouge_l]),
                ("rouge_l_per_item", rouge.perSample, scores.rouge_l_per_item),
            ]
            numbers += bleu.indices.map { ("bleu_per_item[\($0)]", bleu[$0].perSample, scores.bleu_per_item[$0]) }
            for (field, found, golden) in numbers {
                if let wrong = tally.difference(field, found, golden) { return wrong }
            }
            return nil
        }
    }

    // MARK: Boxes

    private struct IoURow: Decodable {
        let center1, size1, center2, size2: [Double]
        let corners1, corners2: [[Double]]
        let iou: Double
    }

    private static func boxIoU(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, IoURow.self, within: boxTolerance) { row, tally in
            let a = Box(center: try row.center1.vector3("center1"), size: try row.size1.vector3("size1"))
            let b = Box(center: try row.center2.vector3("center2"), size: try row.size2.vector3("size2"))
            for (field, box, corners) in [("corners1", a, row.corners1), ("corners2", b, row.corners2)] {
                let found = box.corners.flatMap { [$0.x, $0.y, $0.z] }
                if let wrong = tally.difference(field, found, corners.flatMap { $0 }) { return wrong }
            }
            return tally.difference("iou", a.intersectionOverUnion(with: b), row.iou)
        }
    }

    private struct CloudRow: Decodable {
        let dtype: String
        let points: [[Double]]
        let center, size: [Double]
    }

    private static func boxes(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, CloudRow.self, within: boxTolerance) { row, tally in
            let points = try row.points.map { try $0.vector3("points") }
            let found: Box<Double>
            switch row.dtype {
            case "float32":
                let box = try Box(around: points.map { SIMD3<Float>($0) })
                found = Box(center: SIMD3<Double>(box.center), size: SIMD3<Double>(box.size))
            case "float64": found = try Box(around: points)
            default: return "dtype: expected float32 or float64, found \(row.dtype)"
            }
            let wrong = tally.difference("center", [found.center.x, found.center.y, found.center.z], row.center)
            return wrong ?? tally.difference("size", [found.size.x, found.size.y, found.size.z], row.size)
        }
    }

    // MARK: Evaluators

    /// Compares every score that is recorded; one that this program does not compute is a difference.
    private static func difference(_ found: [String: Double], _ result: [String: Double], _ tally: inout NumberTally) -> String? {
        if result.isEmpty { return "result: expected scores, found none" }
        for (key, golden) in result.sorted(by: { $0.key < $1.key }) {
            guard let score = found[key] else { return "result.\(key): is recorded, but nothing here computes it" }
            if let wrong = tally.difference("result.\(key)", score, golden) { return wrong }
        }
        return nil
    }

    private static func named(_ text: TextScores, _ suffix: String = "") -> [String: Double] {
        ["cider" + suffix: text.cider, "bleu" + suffix: text.bleu4, "rouge" + suffix: text.rougeL]
    }

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

    private static func scanQA(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, AnswerRow.self, within: scoreTolerance) { row, tally in
            var evaluator = AnswerEvaluator()
            for batch in row.batches { try evaluator.add(predictions: batch.output_txt, references: batch.output_gt) }
            let scores = try evaluator.scores()
            var found = named(scores.text)
            found["em"] = scores.exactMatch
            found["em_refined"] = scores.refinedMatch
            found["target_metric"] = scores.refinedMatch
            return difference(found, row.result, &tally)
        }
    }

    private static func sqa3D(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, AnswerRow.self, within: scoreTolerance) { row, tally in
            var evaluator = SQA3DEvaluator()
            for batch in row.batches {
                let asked = batch.questions?.map { SQAQuestionType(question: $0).rawValue }
                if let asked, let recorded = batch.sqa_type, let wrong = Comparison.difference("sqa_type", asked, recorded) { return wrong }
                guard let types = batch.sqa_type ?? asked else { return "batches: hold neither questions nor sqa_type" }
                let kinds = try types.map { type in
                    guard let kind = SQAQuestionType(rawValue: type) else {
                        throw CheckError.malformed(path: "row", field: "sqa_type", expected: "0 to 5, found \(type)")
                    }
                    return kind
                }
                try evaluator.add(predictions: batch.output_txt, references: batch.output_gt, types: kinds)
            }
            let scores = try evaluator.scores()
            var found = named(scores.overall.text, "_overall")
            found["em_overall"] = scores.overall.exactMatch
            found["em_refined_overall"] = scores.overall.refinedMatch
            found["target_metric"] = scores.overall.refinedMatch
            for type in SQAQuestionType.allCases {
                found["em_type\(type.rawValue)"] = scores.exactMatch[type]
                found["em_refined_type\(type.rawValue)"] = scores.refinedMatch[type]
            }
            return difference(found, row.result, &tally)
        }
    }

    private struct TextRow: Decodable {
        struct Batch: Decodable {
            let output_txt, output_gt: [String]
        }
        let batches: [Batch]
        let result: [String: Double]
    }

    private static func captions(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, TextRow.self, within: scoreTolerance) { row, tally in
            var evaluator = CaptionEvaluator()
            for batch in row.batches { try evaluator.add(predictions: batch.output_txt, references: batch.output_gt) }
            return difference(named(try evaluator.scores()), row.result, &tally)
        }
    }

    private static func objectNavigation(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, TextRow.self, within: scoreTolerance) { row, tally in
            var evaluator = ActionAccuracyEvaluator()
            for batch in row.batches { try evaluator.add(predictions: batch.output_txt, references: batch.output_gt) }
            let accuracy = try evaluator.accuracy()
            return difference(["accuracy": accuracy, "target_metric": accuracy], row.result, &tally)
        }
    }

    private static func cliPort(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        let space = CLIPortActionSpace()
        return folder.check(name, TextRow.self, within: scoreTolerance) { row, tally in
            var evaluator = CLIPortEvaluator { text in
                let (pick, place) = space.poses(in: text)
                return .init(pick: SIMD2(pick.position.x, pick.position.y), place: SIMD2(place.position.x, place.position.y))
            }
            for batch in row.batches { try evaluator.add(predictions: batch.output_txt, references: batch.output_gt) }
            let scores = try evaluator.scores()
            let found = [
                "accuracy": scores.accuracy, "target_metric": scores.accuracy, "action_error_pose0": scores.pickError,
                "action_error_pose1": scores.placeError,
            ]
            return difference(found, row.result, &tally)
        }
    }

    private struct Scan2CapRow: Decodable {
        struct Batch: Decodable {
            let output_txt, corpus_key: [String]
            let iou_flag: [Bool]
        }
        struct AllScores: Decodable {
            let bleu, cider_per_item, rouge_l_per_item: [Double]
            let bleu_per_item: [[Double]]?
            let cider, rouge_l: Double?
        }
        let corpus: [String: [String]]
        let batches: [Batch]
        let prepared_predictions: [String: [String]]
        let result: [String: Double]
        let all_scores: AllScores
    }

    private static func scan2Cap(_ folder: CaseFolder, _ name: String) -> OutputCheck {
        folder.check(name, Scan2CapRow.self, within: scoreTolerance) { row, tally in
            var evaluator = Scan2CapEvaluator(corpus: row.corpus)
            for batch in row.batches {
                try evaluator.add(predictions: batch.output_txt, keys: batch.corpus_key, iouFlags: batch.iou_flag)
            }
            let prepared = evaluator.preparedPredictions
            if prepared.count != row.prepared_predictions.count {
                return "prepared_predictions: expected \(row.prepared_predictions.count) keys, found \(prepared.count)"
            }
            for (key, text) in prepared {
                guard let golden = row.prepared_predictions[key], golden.count == 1 else { return "prepared_predictions: no text for \(key)" }
                if let wrong = Comparison.difference("prepared_predictions, \(key)", text, golden[0]) { return wrong }
            }
            if let wrong = difference(named(try evaluator.scores()), row.result, &tally) { return wrong }
            let texts = prepared.map(\.text), references = evaluator.references
            let bleu = try BLEU.scores(predictions: texts, references: references)
            let cider = try CIDEr.score(predictions: texts, references: references)
            let rouge = try ROUGE.score(predictions: texts, references: references)
            let all = row.all_scores
            var numbers = [
                ("bleu", bleu.map(\.corpus), all.bleu), ("cider_per_item", cider.perSample, all.cider_per_item),
                ("rouge_l_per_item", rouge.perSample, all.rouge_l_per_item),
            ]
            if let golden = all.cider { numbers.append(("cider", [cider.corpus], [golden])) }
            if let golden = all.rouge_l { numbers.append(("rouge_l", [rouge.corpus], [golden])) }
            if let items = all.bleu_per_item {
                guard items.count == bleu.count else { return "all_scores.bleu_per_item: expected \(items.count) orders" }
                numbers += items.indices.map { ("bleu_per_item[\($0)]", bleu[$0].perSample, items[$0]) }
            }
            for (field, found, golden) in numbers {
                if let wrong = tally.difference("all_scores.\(field)", found, golden) { return wrong }
            }
            return nil
        }
    }
}
