import ExecutionPlan
import Foundation
import LEOAction
import LEOModel
import LEOScene
import LEOTensor
import LEOText

/// The working memory of one request at a time. Requests given to a session are answered in order.
///
/// The session remembers the last prompt of each model it uses (the base, its adapters): a request whose prompt begins like it,
/// as a robot's next step does, reads only what is new.
public final class Session: Sendable {
    /// Models (the base, its adapters) whose buffers a session keeps; those of others are made anew when they are asked.
    public static let modelLimit = 4
    private let engine: Engine
    private let queue = DispatchQueue(label: "leo.session")
    private let work: SessionWork

    init(_ engine: Engine) throws {
        self.engine = engine
        work = try SessionWork(engine)
    }

    /// Starts answering.
    public func respond(to request: Request) -> Response { respond(to: request) {} }

    /// Answers before it returns, for callers that are not asynchronous. Not to be called from a Swift task.
    ///
    /// - Throws: what `Response.answer` throws; `CancellationError` once `cancellation` is cancelled
    package func answer(to request: Request, cancellation: Cancellation) throws -> Answer {
        try queue.sync { try work.answer(request, cancellation) { _ in } }
    }

    /// - Parameter finished: called on the session's queue when the request is over.
    func respond(to request: Request, finished: @escaping @Sendable () -> Void) -> Response {
        let outcome = Outcome(), cancellation = Cancellation()
        let (stream, continuation) = AsyncThrowingStream<Piece, any Error>.makeStream()
        continuation.onTermination = { reason in
            if case .cancelled = reason { cancellation.cancel() }
        }
        queue.async { [work] in
            do {
                let answer = try work.answer(request, cancellation) { continuation.yield($0) }
                finished()
                outcome.set(.success(answer))
                continuation.finish()
            } catch {
                finished()
                outcome.set(.failure(error))
                continuation.finish(throwing: error)
            }
        }
        return Response(stream, outcome, cancellation)
    }
}

/// What a session computes with; only ever used on the session's queue.
package final class SessionWork: @unchecked Sendable {
    /// Buffers for one model.
    private struct Runner {
        let model: ModelVariant
        let encoder: SceneEncoder
        let language: LanguageRunner
    }

    let engine: Engine
    /// The one used last comes last.
    private var runners: [Runner] = []

    package init(_ engine: Engine) throws {
        self.engine = engine
        try turn(to: engine.base)
    }

    var encoder: SceneEncoder { runners[runners.count - 1].encoder }
    private var language: LanguageRunner { runners[runners.count - 1].language }
    var model: ModelVariant { runners[runners.count - 1].model }

    /// Computes with this model from now on.
    private func turn(to model: ModelVariant) throws {
        if let index = runners.firstIndex(where: { $0.model === model }) {
            if index != runners.count - 1 { runners.append(runners.remove(at: index)) }
            return
        }
        let runner = Runner(
            model: model, encoder: try SceneEncoder(model.network, gate: engine.gate),
            language: try LanguageRunner(model.network, gate: engine.gate))
        if runners.count == Session.modelLimit { runners.removeFirst() }
        runners.append(runner)
    }

    func answer(_ request: Request, _ cancellation: Cancellation, yield: (Piece) -> Void) throws -> Answer {
        var clock = StageClock()
        if let adapter = request.adapter, adapter.base !== engine.archive {
            throw RequestError.foreignAdapter(path: adapter.archive.path)
        }
        try turn(to: request.adapter?.model ?? engine.base)
        clock.stage(\.adapter)
        let acting = try actingSpace(request)
        let prepared = try PreparedRequest(request, engine.configuration)
        clock.stage(\.preprocessing)
        let perception = try perceive(prepared, reuses(request), cancellation, &clock)
        var sequence = PromptSequence(
            prepared.prompt, hasImage: prepared.image != nil, objects: prepared.objects.count, objectTokens: perception.objectTokens, engine)
        for id in acting?.prefix ?? [] { sequence.append(id) }
        clock.timings.objects = prepared.objects.count
        let answer = if let answers = request.answers {
            try score(answers, request, sequence, perception, prepared, cancellation, &clock)
        } else {
            try generate(request, acting, sequence, perception, prepared, cancellation, &clock, yield)
        }
        engine.count(answer.timings)
        return answer
    }

    private func reuses(_ request: Request) -> Bool { request.reusesResults && engine.options.reusesResults }

    private func prefill(
        _ request: Request, _ rows: [PromptRow], _ perception: Perception, _ cancellation: Cancellation, _ clock: inout StageClock
    ) throws -> UnsafeBufferPointer<Float> {
        let (logits, reuse) = try language.prefill(
            rows, extra: perception.extraRows, keepsCells: reuses(request), prefix: reuses(request) ? model.prefix : nil,
            cancellation: cancellation)
        clock.timings.promptTokens = rows.count
        clock.timings.keptTokens = reuse.kept
        clock.timings.storedTokens = reuse.stored
        clock.timings.rowsRead = rows.count - reuse.kept - reuse.stored
        clock.stage(\.prefill)
        return logits
    }

    private func actingSpace(_ request: Request) throws -> SpaceOnModel? {
        guard let space = request.actionSpace else { return nil }
        if request.answers != nil { throw RequestError.actionSpaceExcludes(field: "answers") }
        if request.constraint != nil { throw RequestError.actionSpaceExcludes(field: "constraint") }
        do throws(ActionError) {
            return try engine.spaces.space(
                space, tokenizer: engine.tokenizer, vocabulary: language.vocabulary, limit: request.decoding.maxNewTokens)
        } catch {
            throw RequestError.action(error)
        }
    }

    private func generate(
        _ request: Request, _ acting: SpaceOnModel?, _ sequence: PromptSequence, _ perception: Perception,
        _ prepared: PreparedRequest, _ cancellation: Cancellation, _ clock: inout StageClock, _ yield: (Piece) -> Void
    ) throws -> Answer {
        var options = acting.map { request.decoding.acting(in: $0, eosID: engine.tokenizer.eosID) } ?? request.decoding
        if request.excludesPadding { options.excludedTokens.append(engine.tokenizer.padID) }
        let rows = sequence.rows(.visible)
        var decoder = try options.makeDecoder(
            vocabulary: language.vocabulary, promptLength: sequence.count, constraint: acting?.constraint ?? request.constraint)
        decoder.start()
        clock.timings.promptTokens = rows.count
        var text = IncrementalDecoder(engine.tokenizer)
        var stripper = EndStripper()
        if !decoder.isFinished {
            let logits = try prefill(request, rows, perception, cancellation, &clock)
            clock.timings.steps = try language.decode(after: logits, with: &decoder, cancellation: cancellation) { id in
                clock.first()
                if acting == nil { yield(Piece(text: stripper.strip(text.append(id)), id: id)) }
            }
            clock.stage(\.decoding)
        }
        let result = decoder.result
        let ids = Array(result.hypotheses.first?.generated ?? [])
        clock.first()
        var decided: (action: AgentAction, text: String)?
        if let acting {
            // What a constraint lets through to its end can always be read.
            guard result.finish == .endOfSequence else { throw RequestError.noAction(space: acting.space.name) }
            do throws(ActionError) { decided = try acting.read(ids) } catch { throw RequestError.action(error) }
        }
        let answer = decided?.text ?? engine.tokenizer.decodeAnswer(ids)
        if acting != nil || (options.strategy == .beam && options.beams > 1) {
            yield(Piece(text: answer, id: nil))
        } else {
            let rest = stripper.strip(text.finish())
            if !rest.isEmpty { yield(Piece(text: rest, id: nil)) }
        }
        return Answer(
            text: answer, action: decided?.action, ids: ids, score: result.score, finish: result.finish, answerScores: nil, notices: prepared.notices,
            timings: clock.finished())
    }

    private func score(
        _ answers: [String], _ request: Request, _ sequence: PromptSequence, _ perception: Perception, _ prepared: PreparedRequest,
        _ cancellation: Cancellation, _ clock: inout StageClock
    ) throws -> Answer {
        guard !answers.isEmpty else { throw RequestError.noAnswers }
        let tokens = answers.map { engine.tokenizer.encode($0, addsBOS: false) }
        for (answer, ids) in zip(answers, tokens) where ids.isEmpty { throw RequestError.emptyAnswer(answer) }
        let logits = try prefill(request, sequence.rows(.all), perception, cancellation, &clock)
        let scores = try language.score(tokens, after: logits, cancellation: cancellation)
        clock.timings.steps = scores.candidates.count
        clock.stage(\.decoding)
        clock.first()
        let best = scores.best
        return Answer(
            text: best.map { answers[$0] } ?? "", action: nil, ids: best.map { tokens[$0] } ?? [], score: best.map { -scores.losses[$0] } ?? -.infinity,
            finish: best == nil ? .deadEnd : .endOfSequence, answerScores: scores, notices: prepared.notices, timings: clock.finished())
    }
}

extension Request {
    package var prompt: Prompt { Prompt(instruction: instruction, history: history, situation: situation) }
}

extension PromptSequence {
    /// The prompt as a model is asked: with the BOS that the official code asks behind.
    ///
    /// - Parameters:
    ///   - objects: objects shown.
    ///   - objectTokens: their tokens, the agent's included.
    package init(_ prompt: Prompt, hasImage: Bool, objects: Int, objectTokens: Int, _ engine: Engine) {
        let configuration = engine.configuration
        self.init(
            PromptTokens(prompt, tokenizer: engine.tokenizer, maxContext: configuration.maximumContext),
            imageTokens: configuration.image.tokenCount, hasImage: hasImage, objectTokens: objectTokens,
            absentObjects: configuration.maximumObjects - objects)
        append(engine.tokenizer.bosID)
    }
}

/// A request checked and preprocessed.
package struct PreparedRequest {
    package let prompt: Prompt
    package let image: Tensor?
    package let objects: ObjectTensors
    package let pose: Request.Pose
    let notices: [String]

    /// - Throws: `RequestError`
    package init(_ request: Request, _ configuration: ModelConfiguration) throws {
        prompt = request.prompt
        var notices = request.scene?.notices ?? []
        var scene = request.scene
        var pose = request.pose ?? Request.Pose()
        if let target = request.object {
            guard let given = scene else { throw RequestError.objectWithoutScene }
            let focused = try given.focused(on: target, seed: request.seed)
            scene = focused.scene
            if request.pose == nil { pose.position = SIMD3<Float>(focused.anchor) }
        }
        guard pose.position.values.allSatisfy(\.isFinite) else { throw RequestError.notFinite(field: "position") }
        guard pose.orientation.values.allSatisfy(\.isFinite) else { throw RequestError.notFinite(field: "orientation") }
        self.pose = pose
        var chosen = scene?.objects ?? []
        if chosen.count > configuration.maximumObjects {
            notices.append("the scene has \(chosen.count) objects, the model takes \(configuration.maximumObjects); the first were kept")
            chosen = Array(chosen.prefix(configuration.maximumObjects))
        }
        self.notices = notices
        if let picks = request.pickedPoints {
            if request.object != nil { throw RequestError.pickedPoints(reason: "expected none together with an object that is asked about") }
            objects = try Self.tensors(chosen, Array(picks.prefix(chosen.count)), configuration.points.pointsPerObject)
        } else {
            objects = ObjectTensors(chosen, pointsPerObject: configuration.points.pointsPerObject, seed: request.seed)
        }
        image = try request.image.map { image in
            guard configuration.image.size == Image.encoderSize else { throw RequestError.imageSize(expected: configuration.image.size) }
            return image.preprocessed(channels: request.imageChannels)
        }
    }
}

extension PreparedRequest {
    private static func tensors(_ objects: [SceneObject], _ picks: [[Int]], _ count: Int) throws -> ObjectTensors {
        guard picks.count == objects.count else {
            throw RequestError.pickedPoints(reason: "expected \(objects.count) lists, one an object, found \(picks.count)")
        }
        for (object, indices) in zip(objects, picks) {
            guard indices.count == count else {
                throw RequestError.pickedPoints(reason: "object \(object.id): expected \(count) points, found \(indices.count)")
            }
            if let index = indices.first(where: { !(0..<object.points.count).contains($0) }) {
                throw RequestError.pickedPoints(reason: "object \(object.id): expected indices in 0..<\(object.points.count), found \(index)")
            }
        }
        return objects.isEmpty ? ObjectTensors(objects, pointsPerObject: count) : ObjectTensors(objects.map(\.points), picks: picks)
    }
}

extension Scene {
    /// The scene with the object of a request in front, and where the agent stands.
    fileprivate func focused(on target: Request.Target, seed: UInt64) throws -> (scene: Scene, anchor: SIMD3<Double>) {
        switch target {
        case .id(let id):
            guard objects.contains(where: { $0.id == id }) else {
                throw RequestError.unknownObject(id, available: objects.map(\.id))
            }
            return try focused(on: id, seed: seed)
        case .point(let point):
            guard point.x.isFinite, point.y.isFinite, point.z.isFinite else { throw RequestError.notFinite(field: "object") }
            let distances = objects.map { object in
                let bounds = object.points.bounds
                let offset = point - point.clamped(lowerBound: bounds.minimum, upperBound: bounds.maximum)
                // Inside several boxes the one whose middle is nearest counts.
                let middle = point - bounds.center
                return ((offset * offset).sum(), (middle * middle).sum())
            }
            guard let nearest = objects.indices.min(by: { distances[$0] < distances[$1] }) else { throw RequestError.objectWithoutScene }
            return (try reordered(first: [objects[nearest].id]), point)
        }
    }
}

/// Takes the time between stages.
struct StageClock {
    var timings = Timings()
    private let started = DispatchTime.now().uptimeNanoseconds
    private var last = DispatchTime.now().uptimeNanoseconds

    mutating func stage(_ path: WritableKeyPath<Timings, Double>) {
        let now = DispatchTime.now().uptimeNanoseconds
        timings[keyPath: path] += Double(now - last) / 1e9
        last = now
    }

    mutating func first() {
        if timings.firstToken == 0 { timings.firstToken = Double(DispatchTime.now().uptimeNanoseconds - started) / 1e9 }
    }

    func finished() -> Timings {
        var timings = timings
        timings.total = Double(DispatchTime.now().uptimeNanoseconds - started) / 1e9
        return timings
    }
}

/// Streams text without the white space at its ends, as the finished answer is stripped.
struct EndStripper {
    private var started = false
    /// White space that belongs to the answer only if something follows.
    private var held = String.UnicodeScalarView()

    mutating func strip(_ text: String) -> String {
        var certain = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if String(scalar).strippedLikePython.isEmpty {
                if started { held.append(scalar) }
            } else {
                started = true
                certain.append(contentsOf: held)
                certain.append(scalar)
                held.removeAll()
            }
        }
        return String(certain)
    }
}

extension SIMD3<Float> {
    package var values: [Float] { [x, y, z] }
}
extension SIMD4<Float> {
    package var values: [Float] { [x, y, z, w] }
}
