import LEOAction
import LEOConvert
import LEOEval
import LEOImageIO
import LEOScene
import LEOText

/// The one kind of data set there is: records of any task, and the reader of its scenes.
struct TaskDataset: Dataset {
    let task: TaskKind
    let split: DataSplit
    let options: DatasetOptions
    let corpus: [String: [String]]?
    let notices: [String]
    private let records: [AnnotationRecord]
    private let folders: DataFolders
    private let scenes: SceneCache<LoadedScene>
    /// CLIPort: the steps of an episode, all in one file.
    private let episodes: SceneCache<PickleNode>
    /// What the objects were turned by so far; nil where every sample starts anew.
    private let turnsSoFar: TurnTable?

    init(_ table: AnnotationTable, task: TaskKind, folders: DataFolders, split: DataSplit, options: DatasetOptions) {
        self.task = task
        self.split = split
        self.options = options
        self.folders = folders
        records = table.records
        corpus = table.corpus
        notices = table.notices
        scenes = SceneCache(limit: options.cachedScenes)
        episodes = SceneCache(limit: 1)
        turnsSoFar = options.accumulatesRotations ? TurnTable() : nil
    }

    var count: Int { records.count }

    func annotation(at index: Int) -> TaskAnnotation {
        var choices = options.choices.choices(forSample: records[index].id)
        return annotation(records[index], index, &choices)
    }

    private func annotation(
        _ record: AnnotationRecord, _ index: Int, _ choices: inout any SampleChoices
    ) -> TaskAnnotation {
        func drawn(_ texts: [String]) -> String { texts[min(max(choices.entry(of: texts.count), 0), texts.count - 1)] }
        let instruction =
            switch record.instruction {
            case .fixed(let text): text
            case .object: drawn(options.pools.object)
            case .scene: drawn(options.pools.scene)
            case .plan(let goal): drawn(options.pools.planPrefix) + ": " + goal
            }
        // Evaluation knows all answers, training is shown one.
        let draws = split == .train && record.references.count > 1
        var annotation = TaskAnnotation(
            task: task, id: record.id, index: index, source: record.source, sceneID: record.sceneID,
            instruction: instruction,
            references: draws ? [drawn(record.references)] : record.references)
        annotation.history = record.history
        annotation.relevantObjects = record.relevant
        annotation.corpusKey = record.corpusKey
        annotation.questionType = record.question.map { SQAQuestionType(question: $0) }
        annotation.step = record.step
        switch task {
        case .sqa3d:
            let text = split == .train ? drawn(record.situations) : record.situations[0]
            annotation.originalSituation = text
            annotation.situation = .described(text.convertedPersonView)
        case .cap3d, .objSceneCap, .scan2cap, .mp3dObjNav, .cliport: annotation.situation = .unspecified
        case .sceneCap, .scanqa, .rscanQA, .rscanPlan, .rscanDialog: annotation.situation = .none
        }
        return annotation
    }

    // MARK: Samples

    func sample(at index: Int) throws(DataError) -> TaskSample {
        let record = records[index]
        var choices = options.choices.choices(forSample: record.id)
        let annotation = annotation(record, index, &choices)
        let scene = try scene(of: record, proposals: usesProposals(record))
        var selection = try selection(record, scene)
        if selection.rest.count + selection.first.count > options.maximumObjects, split == .train {
            selection.shuffle(&choices)
        }
        var objects = selection.objects
        if task == .mp3dObjNav, objects.count > options.maximumObjects {
            // The official choice is fixed for a scene, not for a sample, though by a hash that changes with the process.
            var sceneChoices = options.choices.choices(forSample: "\(task.rawValue)/\(record.sceneID)")
            objects = permuted(objects, &sceneChoices)
        }
        objects = Array(objects.prefix(options.maximumObjects))
        let turns = split == .train && options.rotatesInTraining && task != .cliport ? choices.quarterTurns() : 0
        let rotation = turns % 4 == 0 ? nil : Matrix3(quarterTurns: turns)
        if let turnsSoFar, task != .cliport {
            objects = objects.map { object in
                let total = turnsSoFar.add(turns, scene: record.sceneID, object: object.id)
                return total == 0 ? object : object.turned(by: Matrix3(quarterTurns: total))
            }
        } else if let rotation {
            objects = objects.map { $0.turned(by: rotation) }
        }
        let anchor = try anchor(record, scene, objects, rotation, &choices)
        var picks: [[Int]] = []
        for object in objects {
            picks.append(choices.points(of: object.points.count, count: ObjectTensors.pointsPerObject, object: object.id))
        }
        return TaskSample(
            annotation: annotation, objects: objects, picks: picks, anchor: anchor, image: try image(record),
            imageChannels: task == .mp3dObjNav ? .bgr : .rgb, iouFlag: selection.iouFlag)
    }

    private func usesProposals(_ record: AnnotationRecord) -> Bool {
        record.source == .scannet && options.objectSource == .predicted && split != .train
    }

    private func selection(_ record: AnnotationRecord, _ scene: LoadedScene) throws(DataError) -> ObjectSelection {
        if record.relevant.isEmpty { return ObjectSelection(scene.objects) }
        let source = usesProposals(record) ? try self.scene(of: record, proposals: false) : scene
        var relevant: [SceneObject] = []
        for id in record.relevant {
            if let object = source.objects.first(where: { $0.id == id }) {
                relevant.append(object)
            } else if task.isObjectCaptioning {
                // The answer to a question does not hang on one object; a caption does.
                throw .malformed(
                    file: sceneFile(record), field: "instances",
                    reason: "expected object \(id), of which \(record.id) speaks, found none")
            }
        }
        guard usesProposals(record) else { return ObjectSelection(scene.objects, relevant: relevant) }
        return task == .scan2cap
            ? ObjectSelection(proposals: scene.objects, target: relevant[0])
            : ObjectSelection(proposals: scene.objects, near: relevant)
    }

    private func permuted(_ objects: [SceneObject], _ choices: inout any SampleChoices) -> [SceneObject] {
        choices.order(of: objects.count).map { objects[$0] }
    }

    private func sceneFile(_ record: AnnotationRecord) -> String {
        switch record.source {
        case .scannet: ScanNetReader(folder: folders.scannet).scanFile(record.sceneID)
        case .rscan: RScanReader(folder: folders.rscan).scanFile(record.sceneID)
        case .objaverse, .mp3d, .cliport: record.sceneID
        }
    }

    private func scene(of record: AnnotationRecord, proposals isProposed: Bool) throws(DataError) -> LoadedScene {
        if let step = record.step, case .manipulation = step.action {
            return try ManipulationReader.scene(try observation(record.sceneID, step.index))
        }
        let scene = record.sceneID
        return try scenes.value("\(record.source.rawValue)/\(isProposed)/\(scene)") { () throws(DataError) in
            switch record.source {
            case .scannet:
                let reader = ScanNetReader(folder: folders.scannet)
                return try isProposed ? reader.proposals(scene) : reader.instances(scene)
            case .rscan: return try RScanReader(folder: folders.rscan).scene(scene)
            case .objaverse: return try ObjaverseReader(folder: folders.alignment.appendingPath("obj_caption")).object(scene)
            case .mp3d:
                return try NavigationSceneReader(folder: folders.instruction.appendingPath("mp3d_objnav")).scene(scene)
            case .cliport: throw .malformed(file: scene, field: "step", reason: "is missing")
            }
        }
    }

    private func observation(_ scene: String, _ step: Int) throws(DataError) -> PickleNode {
        let path = folders.instruction.appendingPath("cliport/demos").appendingPath(scene)
        let root = try episodes.value(path) { () throws(DataError) in
            try PickleNode(contentsOf: path, needed: "it holds the episode")
        }
        let steps = try root.items()
        guard steps.indices.contains(step) else { throw root.malformed("at least \(step + 1) steps") }
        return try steps[step].member("obs")
    }

    private func image(_ record: AnnotationRecord) throws(DataError) -> Image? {
        guard let step = record.step else { return nil }
        guard let name = step.imageFile else {
            return try ManipulationReader.image(try observation(record.sceneID, step.index))
        }
        let path = folders.instruction.appendingPath(String(name.dropFirst("instruction/".count)))
        guard exists(path) else { throw .missing(path: path, needed: "it is the view of step \(step.index)") }
        do { return try Image(contentsOf: path) } catch { throw .image(error) }
    }

    /// - Parameter objects: chosen and turned already
    private func anchor(
        _ record: AnnotationRecord, _ scene: LoadedScene, _ objects: [SceneObject], _ rotation: Matrix3?,
        _ choices: inout any SampleChoices
    ) throws(DataError) -> SamplePose {
        if task.isObjectCaptioning, let target = objects.first {
            return SamplePose(position: SIMD3<Float>(target.points.bounds.point(at: choices.fractions())))
        }
        guard let position = record.position, let orientation = record.orientation else { return SamplePose() }
        // Navigation's pose is not turned with the scene, in training either.
        guard task == .sqa3d else {
            return SamplePose(position: SIMD3<Float>(position), orientation: SIMD4<Float>(orientation))
        }
        var pose = SituationAlignment.aligned(
            position: position, orientation: orientation, alignment: record.alignment, center: scene.center)
        if let rotation { pose = SituationAlignment.turned(pose, by: rotation) }
        return SamplePose(position: SIMD3<Float>(pose.position), orientation: SIMD4<Float>(pose.orientation))
    }
}
