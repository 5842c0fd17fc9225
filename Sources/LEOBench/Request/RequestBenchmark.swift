internal import ExecutionPlan
package import LEO
internal import LEOModel
import LEOScene
import LEOText

/// What `leo bench request` asks.
public struct RequestBenchmarkOptions: Sendable {
    /// Rows of the prompt at least, as far as the model's limit of text goes; nil for LEO's usual question.
    public var promptTokens: Int?
    /// Objects of the scene; nil for as many as the model takes.
    public var objects: Int?
    public var hasImage = true
    public var beams = 5
    public var newTokens = 16
    /// Requests after the first, which also reads the file.
    public var repeats = 3
    public var threads = 0
    /// Slowest steps of the plans that are reported.
    public var slowestSteps = 0
    public init() {}
}

/// What one request takes.
public struct RequestReport: Sendable, Codable {
    public struct Stage: Sendable, Codable {
        public let name: String
        public let seconds: Measured
        /// Arithmetic of the plan at these sizes; zero where there is no plan.
        public let operations: Double
        /// Weights that have to be read.
        public let weightBytes: Double
        /// The least time that the measured roofline allows, over the time it took; nil where there is no plan.
        public let share: Double?
        /// How many of `unit` it did, and of what.
        public let count: Double
        public let unit: String
        public var perSecond: Double { count / seconds.median }
    }

    /// A step of a plan, in one more request, one beam.
    public struct StepTime: Sendable, Codable {
        public let part: String
        public let step: String
        public let kernel: String
        public let seconds: Double
        /// Of the time of all steps of all parts.
        public let portion: Double
    }

    public struct Peaks: Sendable, Codable {
        public let f32OperationsPerSecond: Measured
        public let i8OperationsPerSecond: Measured
        /// Where the weights of the language model fit.
        public let weightsLevel: String
        public let bytesPerSecond: Measured
    }

    public let model: String
    public let fileBytes: Int
    public let machine: Machine
    public let threads: Int
    public let openingSeconds: Double
    public let promptTokens: Int
    public let objects: Int
    public let beams: Int
    /// Decoding steps of a request, each one token of every beam.
    public let steps: Int
    /// The first request's seconds: its weights may still be on the disk.
    public let firstSeconds: Double
    public let stages: [Stage]
    public let total: Measured
    public let peaks: Peaks
    public let weightBytesPerToken: Double
    public let peakResidentBytes: Int
    /// Read from storage until the first answer, and in all; nil where the system does not say.
    public let storageBytesReadFirst: Int?
    public let storageBytesRead: Int?
    public let slowestSteps: [StepTime]

    public func stage(_ name: String) -> Stage? { stages.first { $0.name == name } }
}

/// Asks a model one question after the other, each about another scene, and measures the machine between them.
public enum RequestBenchmark {
    /// - Throws: what opening and answering throw; `BenchError.option`
    public static func run(_ path: String, _ options: RequestBenchmarkOptions) throws -> RequestReport {
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

        let first = try session.answer(to: request(0, engine, objects, options), cancellation: Cancellation())
        let afterFirst = ProcessUsage()
        let network = engine.network
        let threads = network.language.workers
        let probes = try Probes(weightBytes: network.language.constantByteCount, threads: threads)
        var timings: [Timings] = []
        for index in 1...max(options.repeats, 1) {
            probes.measure()
            timings.append(try session.answer(to: request(index, engine, objects, options), cancellation: Cancellation()).timings)
        }
        probes.measure()
        let usage = ProcessUsage()
        let stages = self.stages(timings, network, probes, options)
        return RequestReport(
            model: engine.configuration.name, fileBytes: engine.archive.byteCount, machine: .current, threads: threads, openingSeconds: opening,
            promptTokens: timings.last?.promptTokens ?? 0, objects: objects, beams: options.beams, steps: timings.last?.steps ?? 0,
            firstSeconds: first.timings.total, stages: stages, total: Measured(Samples(timings.map(\.total))), peaks: probes.peaks,
            weightBytesPerToken: stages.first { $0.name == "per token" }?.weightBytes ?? 0, peakResidentBytes: usage.peakResidentBytes,
            storageBytesReadFirst: afterFirst.storageBytesRead.flatMap { after in before.storageBytesRead.map { after - $0 } },
            storageBytesRead: usage.storageBytesRead.flatMap { after in before.storageBytesRead.map { after - $0 } },
            slowestSteps: options.slowestSteps > 0 ? try slowest(options.slowestSteps, engine, request(-1, engine, objects, options)) : [])
    }

    // MARK: Requests

    /// A question about a scene that no other index has, so that nothing of an earlier answer can be used again.
    package static func request(_ index: Int, _ engine: Engine, _ objects: Int, _ options: RequestBenchmarkOptions) -> Request {
        var random = SplitMix64(seed: UInt64(bitPattern: Int64(index)))
        var request = Request("What is in the room? Is it number \(index)?", scene: scene(objects, using: &random))
        if options.hasImage {
            let size = Image.encoderSize
            request.image = Image(width: size, height: size, pixels: (0..<3 * size * size).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        }
        if let wanted = options.promptTokens {
            let slots = objects + (engine.configuration.spatial.useEmbodiedToken ? 1 : 0)
            var last = -1
            while true {
                let count = ModelParts.sequence(request, engine, objectTokens: slots).rows(.visible).count
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
            PlanFloor(plan, symbols: symbols, operationsPerSecond: probes.operationsPerSecond, bytesPerSecond: probes.bytes.peak)
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
        for start in stride(from: 0, to: last.promptTokens, by: network.limits.rows) {
            let piece = floor(network.language, symbols(network.language, [min(network.limits.rows, last.promptTokens - start), 1, extra]))
            prefill = prefill.map { $0 + piece } ?? piece
        }
        let step = floor(network.language, symbols(network.language, [options.beams, options.beams, 0]))
        return [
            stage("preprocess", \.preprocessing, nil, count: objects, unit: "objects"),
            stage("image", \.image, options.hasImage ? floor(network.image, [:]) : nil, count: options.hasImage ? 1 : 0, unit: "images"),
            stage("points", \.points, points, count: objects, unit: "objects"),
            stage("spatial", \.spatial, spatial, count: objects, unit: "objects"),
            stage("prefill", \.prefill, prefill, count: last.promptTokens, unit: "tokens"),
            last.steps > 0 ? stage("per token", { $0.decoding / Double(max($0.steps, 1)) }, step, count: 1, unit: "tokens") : nil,
        ].compactMap { $0 }
    }

    /// What the machine does at most, sampled between requests.
    private final class Probes {
        private let f32, i8, i16: ArithmeticProbe?
        private let reading: ReadingProbe?
        private let level: Roofline.Level
        private var rates: [Roofline.Element: [Double]] = [:]
        private var byteRates: [Double] = []

        init(weightBytes: Int, threads: Int) throws {
            func probe(_ element: Roofline.Element) -> ArithmeticProbe? {
                element.variants.selected.map { ArithmeticProbe(element, $0, threads: threads) }
            }
            (f32, i8, i16) = (probe(.f32), probe(.i8), probe(.i16))
            let machine = Machine.current
            let share = weightBytes / threads
            level = share <= machine.l2Bytes ? .l2 : weightBytes <= machine.l3Bytes ? .l3 : .memory
            reading = try ReadingProbe(level, machine, threads: threads)
        }

        func measure() {
            for _ in 0..<15 {
                for (element, probe) in [(Roofline.Element.f32, f32), (.i8, i8), (.i16, i16)] {
                    if let probe { rates[element, default: []].append(probe.rate()) }
                }
                if let reading { byteRates.append(reading.rate()) }
            }
        }

        private func samples(_ element: Roofline.Element) -> Samples { Samples(rates[element] ?? []) }
        /// Bytes may be multiplied as such or widened.
        private var bestOfBytes: Samples { samples(.i16).count > 0 && samples(.i16).peak > samples(.i8).peak ? samples(.i16) : samples(.i8) }

        var bytes: Samples { Samples(byteRates) }
        func operationsPerSecond(_ element: Roofline.Element) -> Double { element == .f32 ? samples(.f32).peak : bestOfBytes.peak }

        var peaks: RequestReport.Peaks {
            RequestReport.Peaks(
                f32OperationsPerSecond: Measured(samples(.f32)), i8OperationsPerSecond: Measured(bestOfBytes), weightsLevel: level.rawValue,
                bytesPerSecond: Measured(bytes))
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
