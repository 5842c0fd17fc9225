internal import ExecutionPlan
package import LEO
internal import LEOModel
import LEOScene
import LEOText

/// Asks a model one question after the other, each about another scene, and measures the machine between them.
public enum RequestBenchmark {
    /// - Parameter progress: requests that were answered, of those that will be, adapters' turns left out
    /// - Throws: what opening and answering throw; `BenchError.option`
    public static func run(
        _ path: String, _ options: RequestBenchmarkOptions, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> RequestReport {
        let before = ProcessUsage()
        let clock = ContinuousClock()
        let start = clock.now
        var engineOptions = EngineOptions()
        engineOptions.threads = options.threads
        let engine = try Engine(path: path, options: engineOptions)
        let session = try engine.makeSession()
        let opening = (clock.now - start) / .seconds(1)
        let maximum = engine.configuration.maximumObjects
        let objects = options.objects ?? maximum
        guard (0...maximum).contains(objects) else { throw BenchError.option(name: "objects", reason: "expected 0 to \(maximum), found \(objects)") }

        let repeats = max(options.repeats, 1)
        let beamTurns = options.beams > 1 && options.newTokens > 1 ? 3 * repeats : 0
        let requestCount = 1 + repeats + (options.reusesResults ? 2 * repeats : 0) + (beamTurns > 0 ? 1 + 2 * beamTurns : 0)
        var done = 0
        /// Its timings.
        func answer(_ request: Request) throws -> Timings {
            progress(done, requestCount)
            defer { done += 1 }
            return try session.answer(to: request, cancellation: Cancellation()).timings
        }

        let adapters = try options.adapters.map { try engine.loadAdapter(path: $0) }
        let first = try answer(request(0, engine, objects, options))
        let afterFirst = ProcessUsage()
        let network = engine.network
        let threads = network.language.workers
        let probes = try Probes(weights: network.language.weightRanges, threads: threads)
        var timings: [Timings] = []
        for index in 1...repeats {
            probes.measure()
            timings.append(try answer(request(index, engine, objects, options)))
        }
        probes.measure()
        let usage = ProcessUsage()
        let last = timings[timings.count - 1]
        let sameScene = options.reusesResults ? try self.sameScene(engine, objects, options, answer) : nil
        let beamCost = beamTurns > 0 ? try self.beamCost(request(2 * repeats + 1, engine, objects, options), beamTurns, answer) : nil
        let adapterSwap = try self.adapterSwap(adapters, session, request(0, engine, objects, options))
        let stages = self.stages(timings, network, probes, options)
        return RequestReport(
            model: engine.configuration.name, fileBytes: engine.archive.byteCount, machine: .current, threads: threads, openingSeconds: opening,
            promptTokens: last.promptTokens, rowsRead: last.rowsRead, objects: objects, beams: options.beams, steps: last.steps,
            firstSeconds: first.total, stages: stages, total: Measured(Samples(timings.map(\.total))), sameScene: sameScene,
            beamCost: beamCost, adapterSwap: adapterSwap, peaks: probes.peaks,
            weightBytesPerToken: stages.first { $0.name == "per token" }?.weightBytes ?? 0,
            // What the probe of memory reads, a gigabyte beside a large cache, is not the request's.
            peakResidentBytes: max(afterFirst.peakResidentBytes, usage.peakResidentBytes - probes.byteCount),
            storageBytesReadFirst: afterFirst.storageBytesRead.flatMap { after in before.storageBytesRead.map { after - $0 } },
            storageBytesRead: usage.storageBytesRead.flatMap { after in before.storageBytesRead.map { after - $0 } },
            slowestSteps: options.slowestSteps > 0 ? try slowest(options.slowestSteps, engine, request(options.repeats + 1, engine, objects, options)) : [])
    }

    // MARK: Requests

    /// A question about a scene and a picture that no other index has, and with other first words: of the previous prompt only
    /// what stands before them can be used again.
    package static func request(_ index: Int, _ engine: Engine, _ objects: Int, _ options: RequestBenchmarkOptions) -> Request {
        var random = SplitMix64(seed: UInt64(bitPattern: Int64(index)))
        // As many digits for each, the last one first: the next request differs in the first.
        let number = String("\(100_000 + index)".suffix(5).reversed())
        var request = Request("\(number): What is in the room?", scene: scene(objects, using: &random))
        if options.hasImage { request.image = picture(using: &random) }
        request.reusesResults = options.reusesResults
        if let wanted = options.promptTokens {
            let slots = objects + (engine.configuration.spatial.useEmbodiedToken ? 1 : 0)
            var last = -1
            while true {
                let count = PromptSequence(request.prompt, hasImage: options.hasImage, objects: objects, objectTokens: slots, engine)
                    .rows(.visible).count
                // Beyond the model's limit more text changes nothing.
                if count >= wanted || count == last { break }
                last = count
                request.instruction += " word"
            }
        }
        request.seed = random.next()
        // Exactly as many steps as asked for: the answer can neither end early nor go on.
        request.decoding = DecodingOptions(
            strategy: options.beams > 1 ? .beam : .greedy, beams: options.beams, minLength: options.newTokens + 1, maxNewTokens: options.newTokens)
        return request
    }

    private static func picture(using random: inout SplitMix64) -> Image {
        let size = Image.encoderSize
        return Image(width: size, height: size, pixels: (0..<3 * size * size).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    }

    private static func scene(_ count: Int, using random: inout SplitMix64) -> Scene {
        let objects = (0..<count).map { id in
            let middle = SIMD3(random.nextUnit() * 8, random.nextUnit() * 8, random.nextUnit() * 2)
            let points = (0..<1024).flatMap { _ in
                [middle.x + random.nextUnit() - 0.5, middle.y + random.nextUnit() - 0.5, middle.z + random.nextUnit() - 0.5]
            }
            let colors = (0..<points.count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            return SceneObject(id: id, points: ObjectPoints(coordinates: points, rgb: colors))
        }
        return Scene(source: "benchmark", objects: objects, bounds: Bounds(minimum: .zero, maximum: SIMD3(9, 9, 3)))
    }

    // MARK: Stages

    private static func stages(_ timings: [Timings], _ network: Network, _ probes: Probes, _ options: RequestBenchmarkOptions) -> [RequestReport.Stage] {
        func floor(_ plan: Plan, _ symbols: [String: Int]) -> PlanFloor {
            PlanFloor(plan, symbols: symbols, operationsPerSecond: probes.operationsPerSecond, bytesPerSecond: probes.weightBytes.peak)
        }
        func stage(_ name: String, _ seconds: (Timings) -> Double, _ floor: PlanFloor?, count: Int, unit: String) -> RequestReport.Stage? {
            let measured = Measured(Samples(timings.map(seconds)))
            guard measured.median > 0 else { return nil }
            return RequestReport.Stage(
                name: name, seconds: measured, operations: floor?.operations ?? 0, weightBytes: floor?.weightBytes ?? 0,
                share: floor.map { $0.seconds / measured.median }, count: Double(count), unit: unit)
        }
        let last = timings[timings.count - 1]
        func symbols(_ plan: Plan, _ values: [Int]) -> [String: Int] {
            Dictionary(uniqueKeysWithValues: zip(plan.symbols.map(\.name), values))
        }
        let objects = last.objects
        let extra = objects + network.configuration.image.tokenCount + 1
        let points = floor(network.points, symbols(network.points, [objects]))
        let spatial = floor(network.spatial, symbols(network.spatial, [objects, network.configuration.maximumObjects - objects]))
        // A long prompt is read in pieces, each of which reads the weights.
        var prefill: PlanFloor?
        for start in stride(from: 0, to: last.rowsRead, by: network.limits.rows) {
            let piece = floor(network.language, symbols(network.language, [min(network.limits.rows, last.rowsRead - start), 1, extra]))
            prefill = prefill.map { $0 + piece } ?? piece
        }
        let step = floor(network.language, symbols(network.language, [options.beams, options.beams, 0]))
        return [
            stage("preprocess", \.preprocessing, nil, count: objects, unit: "objects"),
            stage("image", \.image, options.hasImage ? floor(network.image, [:]) : nil, count: options.hasImage ? 1 : 0, unit: "images"),
            stage("points", \.points, points, count: objects, unit: "objects"),
            stage("spatial", \.spatial, spatial, count: objects, unit: "objects"),
            stage("prefill", \.prefill, prefill, count: last.rowsRead, unit: "tokens"),
            last.steps > 0 ? stage("per token", { $0.decoding / Double(max($0.steps, 1)) }, step, count: 1, unit: "tokens") : nil,
        ].compactMap { $0 }
    }

    // MARK: Requests that follow others

    /// Asks about scenes that the session was asked about just before, with another text and another picture.
    private static func sameScene(
        _ engine: Engine, _ objects: Int, _ options: RequestBenchmarkOptions, _ answer: (Request) throws -> Timings
    ) throws -> RequestReport.SameScene {
        var random = SplitMix64(seed: .max)
        var timings: [Timings] = []
        for index in 0..<max(options.repeats, 1) {
            // Up to the object tokens: what comes behind them is another matter.
            var request = encodedOnly(request(options.repeats + 1 + index, engine, objects, options))
            _ = try answer(request)
            request.instruction = "And what else?"
            if options.hasImage { request.image = picture(using: &random) }
            timings.append(try answer(request))
        }
        let last = timings[timings.count - 1]
        return RequestReport.SameScene(
            seconds: Measured(Samples(timings.map { $0.preprocessing + $0.image + $0.points + $0.spatial })), objects: last.objects,
            reusedObjects: last.reusedObjects, reusesScene: last.reusesScene)
    }

    /// Lets answers of all beams and of one take turns: a machine's memory is slower in one minute than in the next.
    ///
    /// - Parameter request: of at least two beams and two new tokens
    private static func beamCost(_ request: Request, _ turns: Int, _ answer: (Request) throws -> Timings) throws -> RequestReport.BeamCost {
        func stepSeconds(beams: Int) throws -> Double {
            var request = request
            // Of its prompt only the last row is read again.
            request.reusesResults = true
            let tokens = min(request.decoding.maxNewTokens ?? 5, 5)
            request.decoding = DecodingOptions(strategy: beams > 1 ? .beam : .greedy, beams: beams, minLength: tokens + 1, maxNewTokens: tokens)
            let timings = try answer(request)
            return timings.decoding / Double(max(timings.steps, 1))
        }
        let beams = request.decoding.beams
        _ = try stepSeconds(beams: beams)
        var one: [Double] = [], ratios: [Double] = []
        for turn in 0..<turns {
            // Each comes first in every other turn.
            let before = turn % 2 == 0 ? try stepSeconds(beams: beams) : nil
            one.append(try stepSeconds(beams: 1))
            ratios.append(try (before ?? stepSeconds(beams: beams)) / one[turn])
        }
        return RequestReport.BeamCost(oneBeamSeconds: Measured(Samples(one)), ratio: Measured(Samples(ratios)))
    }

    /// Lets two adapters, or one and the model itself, take turns.
    private static func adapterSwap(_ adapters: [Adapter], _ session: Session, _ request: Request) throws -> Measured? {
        guard let first = adapters.first else { return nil }
        let models = [first, adapters.count > 1 ? adapters[1] : nil]
        var request = request
        // Buffers are made, and weights read, when a model is asked for the first time.
        request.decoding = DecodingOptions(strategy: .greedy, beams: 1, maxNewTokens: 1)
        for model in models {
            request.adapter = model
            _ = try session.answer(to: request, cancellation: Cancellation())
        }
        request = encodedOnly(request)
        var seconds: [Double] = []
        for turn in 0..<20 {
            request.adapter = models[turn % 2]
            seconds.append(try session.answer(to: request, cancellation: Cancellation()).timings.adapter)
        }
        return Measured(Samples(seconds))
    }

    /// The request without an answer: the language model has nothing to do.
    private static func encodedOnly(_ request: Request) -> Request {
        var request = request
        request.decoding = DecodingOptions(strategy: .greedy, beams: 1, maxNewTokens: 0)
        return request
    }

    // MARK: Probes

    /// What the machine does at most, sampled between requests.
    private final class Probes {
        private let arithmetic: [(element: Roofline.Element, probe: ArithmeticProbe)]
        private let reading: ReadingProbe?
        private let weights: ReadingProbe?
        private let level: Roofline.Level
        private var rates: [Roofline.Element: [Double]] = [:]
        private var byteRates: [Double] = []
        private var weightRates: [Double] = []

        init(weights ranges: [UnsafeRawBufferPointer], threads: Int) throws {
            arithmetic = Roofline.Element.allCases.compactMap { element in
                element.variants.selected.map { (element, ArithmeticProbe(element, $0, threads: threads)) }
            }
            let machine = Machine.current
            let weightBytes = ranges.reduce(0) { $0 + $1.count }
            let share = weightBytes / threads
            level = share <= machine.l2Bytes ? .l2 : weightBytes <= machine.l3Bytes ? .l3 : .memory
            reading = try ReadingProbe(level, machine, threads: threads)
            weights = ReadingProbe(ranges, threads: threads)
        }

        func measure() {
            for _ in 0..<15 {
                for (element, probe) in arithmetic { rates[element, default: []].append(probe.rate()) }
                if let reading { byteRates.append(reading.rate()) }
            }
            // All of them take a quarter of a second for a model of 7 GB.
            if let weights { for _ in 0..<3 { weightRates.append(weights.rate()) } }
        }

        /// Memory that is there as long as the probes are.
        var byteCount: Int { reading?.byteCount ?? 0 }

        private func samples(_ element: Roofline.Element) -> Samples { Samples(rates[element] ?? []) }
        var weightBytes: Samples { Samples(weights == nil ? byteRates : weightRates) }
        func operationsPerSecond(_ element: Roofline.Element) -> Double { samples(element).peak }

        var peaks: RequestReport.Peaks {
            RequestReport.Peaks(
                f32OperationsPerSecond: Measured(samples(.f32)),
                bf16OperationsPerSecond: rates[.bf16].map { Measured(Samples($0)) }, i8OperationsPerSecond: Measured(samples(.i8)),
                i4OperationsPerSecond: Measured(samples(.i4)), weightsLevel: level.rawValue,
                bytesPerSecond: Measured(Samples(byteRates)), weightBytesPerSecond: Measured(weightBytes))
        }
    }

    // MARK: Steps

    private static func slowest(_ count: Int, _ engine: Engine, _ request: Request) throws -> [RequestReport.StepTime] {
        let parts = try ModelParts(engine)
        for instance in parts.instances { instance.recordsTimes = true }
        // One run of each plan: of more than one only the last one's times are kept.
        _ = try parts.prefill(request, atMost: engine.network.limits.rows)
        var times = parts.instances.flatMap { instance in zip(instance.plan.steps, instance.stepTimes).map { (instance.plan.name, $0, $1) } }
        _ = try parts.language.step(tokens: [engine.tokenizer.bosID], sources: [0])
        let language = parts.language.planInstance
        times += zip(language.plan.steps, language.stepTimes).map { (language.plan.name + ", one token", $0, $1) }
        let all = times.reduce(0.0) { $0 + Double($1.2) }
        return times.sorted { $0.2 > $1.2 }.prefix(count).map { part, step, nanoseconds in
            RequestReport.StepTime(
                part: part, step: step.name, kernel: step.kernelName, seconds: Double(nanoseconds) / 1e9, portion: Double(nanoseconds) / max(all, 1))
        }
    }
}
