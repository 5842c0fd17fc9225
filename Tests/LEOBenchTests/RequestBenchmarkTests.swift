import ExecutionPlan
import Foundation
import LEO
import LEOArchive
import LEOBench
import LEOConvert
import LEOModel
import LEOText
import TestSupport
import Testing

@Suite struct RequestBenchmarkTests {
    @Test func aTinyModelIsMeasured() throws {
        try withTemporaryFolder { folder in
            try Converter(synthetic: QualityTests.configuration(), weightType: .f32, seed: 5).write(to: folder + "/a.leo")
            var options = RequestBenchmarkOptions()
            (options.beams, options.newTokens, options.repeats, options.objects) = (2, 3, 2, 4)
            (options.slowestSteps, options.threads) = (5, 1)
            let engine = try Engine(path: folder + "/a.leo")
            func rows() -> Int {
                let request = RequestBenchmark.request(1, engine, 4, options)
                return PromptSequence(request.prompt, hasImage: true, objects: 4, objectTokens: 5, engine).rows(.visible).count
            }
            let short = rows()
            options.promptTokens = short + 30
            #expect((short + 30..<short + 40).contains(rows()))
            var told: [Int] = [], totals: Set<Int> = []
            let report = try RequestBenchmark.run(folder + "/a.leo", options) { done, total in
                told.append(done)
                totals.insert(total)
            }
            // Every request is told before it is asked.
            #expect(totals == [told.count] && told == Array(0..<told.count))
            let cost = try #require(report.beamCost)
            #expect(cost.ratio.samples == 6 && cost.ratio.median > 0 && cost.oneBeamSeconds.samples == 6 && cost.oneBeamSeconds.median > 0)
            #expect(report.stages.map(\.name) == ["preprocess", "image", "points", "spatial", "prefill", "per token"])
            #expect((1...rows()).contains(report.promptTokens))
            #expect(report.objects == 4 && report.beams == 2)
            // The first token comes from the prompt.
            #expect(report.steps == 2)
            for name in ["image", "points", "spatial", "prefill", "per token"] {
                let stage = try #require(report.stage(name))
                #expect(stage.operations > 0 && stage.weightBytes > 0, "\(name)")
                #expect((stage.share ?? 0) > 0, "\(name)")
                #expect(stage.seconds.samples == 2)
            }
            #expect(report.weightBytesPerToken > 32001 * 32)
            #expect(report.weightBytesPerToken < Double(report.fileBytes))
            // What is read to measure how fast weights come is what a step reads.
            let ranges = engine.network.language.weightRanges
            #expect(ranges.reduce(0) { $0 + $1.count } == Int(report.weightBytesPerToken))
            #expect(report.peaks.weightBytesPerSecond.median > 0 && report.peaks.weightBytesPerSecond.samples == 9)
            #expect(report.peakResidentBytes > 1 << 20)
            #expect(report.slowestSteps.count == 5)
            #expect(report.slowestSteps.map(\.seconds) == report.slowestSteps.map(\.seconds).sorted(by: >))
            options.objects = 61
            #expect(throws: BenchError.self) { try RequestBenchmark.run(folder + "/a.leo", options) }
            // One new token comes from the prompt: no step of any number of beams.
            (options.objects, options.newTokens, options.repeats, options.slowestSteps) = (1, 1, 1, 0)
            #expect(try RequestBenchmark.run(folder + "/a.leo", options).beamCost == nil)
        }
    }

    /// A file that stores the prompt's beginning, and requests whose beginnings are kept, are no faster at reading than others.
    @Test func onlyRowsThatAreReadCount() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.leo"
            try Converter(synthetic: QualityTests.configuration(), weightType: .f32, seed: 5).write(to: path)
            var options = RequestBenchmarkOptions()
            (options.beams, options.newTokens, options.repeats, options.objects, options.threads) = (1, 1, 2, 4, 1)
            let reused = try RequestBenchmark.run(path, options)
            options.reusesResults = false
            let whole = try RequestBenchmark.run(path, options)
            #expect(whole.rowsRead == whole.promptTokens && whole.sameScene == nil)
            #expect(reused.promptTokens == whole.promptTokens)
            // LEO's role prompt, and neither the picture nor anything behind it.
            let engine = try Engine(path: path)
            let prompt = PromptTokens(RequestBenchmark.request(1, engine, 4, options).prompt, tokenizer: engine.tokenizer)
            #expect(reused.promptTokens - reused.rowsRead == prompt.beforeObjects.count + prompt.imagePrompt.count)
            let some = try #require(reused.stage("prefill")), all = try #require(whole.stage("prefill"))
            #expect(some.count == Double(reused.rowsRead) && all.count == Double(whole.promptTokens))
            #expect(some.perSecond == Double(reused.rowsRead) / some.seconds.median)
            // And operations are those of so many rows: one of logits, image and object tokens beside them.
            let plan = engine.network.language, extra = engine.configuration.image.tokenCount + 4 + 1
            for (stage, rows) in [(some, reused.rowsRead), (all, whole.promptTokens)] {
                let symbols = Dictionary(uniqueKeysWithValues: zip(plan.symbols.map(\.name), [rows, 1, extra]))
                let floor = PlanFloor(plan, symbols: symbols, operationsPerSecond: { _ in 1 }, bytesPerSecond: 1)
                #expect(stage.operations == floor.operations, "\(rows)")
            }
            #expect(some.operations < all.operations)
        }
    }

    /// Without a picture and objects requests differ in the first token of their text, each from the one before.
    @Test func requestsDifferFromTheirFirstWord() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.leo"
            try Converter(synthetic: QualityTests.configuration(), weightType: .f32, seed: 5).write(to: path)
            let engine = try Engine(path: path), session = try engine.makeSession()
            var options = RequestBenchmarkOptions()
            (options.hasImage, options.newTokens, options.beams) = (false, 1, 1)
            var counts: Set<Int> = []
            for index in [0, 1, 2, 9, 10, 11, 12] {
                let request = RequestBenchmark.request(index, engine, 0, options)
                let timings = try session.answer(to: request, cancellation: Cancellation()).timings
                counts.insert(timings.promptTokens)
                let asked = PromptTokens(request.prompt, tokenizer: engine.tokenizer).afterObjects.count
                // "USER:" and its space are the same; the BOS comes behind the prompt.
                if index > 0 { #expect(timings.rowsRead >= asked + 1 - 10 && timings.rowsRead <= asked + 1, "\(index)") }
            }
            #expect(counts.count == 1)
        }
    }

    @Test func aSceneIsSeenOnceAndAdaptersTakeTurns() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.leo"
            try Converter(synthetic: QualityTests.configuration(), weightType: .f32, seed: 5).write(to: path)
            let base = try Archive(path: path)
            for (index, name) in ["x", "y"].enumerated() {
                try Converter(syntheticAdapterOf: base, seed: UInt64(index + 9), name: name).write(to: folder + "/\(name).leo")
            }
            var options = RequestBenchmarkOptions()
            (options.beams, options.newTokens, options.repeats, options.objects, options.threads) = (1, 1, 2, 4, 1)
            let plain = try RequestBenchmark.run(path, options)
            #expect(plain.adapterSwap == nil && plain.beamCost == nil)
            let second = try #require(plain.sameScene)
            #expect(second.objects == 4 && second.reusedObjects == 4 && second.reusesScene && second.seconds.samples == 2)
            for adapters in [["x"], ["x", "y"]] {
                options.adapters = adapters.map { folder + "/\($0).leo" }
                let swap = try #require(try RequestBenchmark.run(path, options).adapterSwap)
                // Median of many: other programs may be running.
                #expect(swap.samples == 20 && swap.median > 0 && swap.median < 1e-3, "\(swap.median)")
            }
            options.adapters = [path]
            #expect(throws: EngineError.model(file: path)) { try RequestBenchmark.run(path, options) }
        }
    }
}
