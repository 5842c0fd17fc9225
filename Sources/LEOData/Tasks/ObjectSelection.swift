import LEOEval
import LEOScene

/// The order in which a sample shows the objects of a scene, before it is cut.
struct ObjectSelection {
    /// The target, or what is relevant, in its order.
    private(set) var first: [SceneObject] = []
    /// The others in the order of the scene.
    private(set) var rest: [SceneObject]
    private(set) var iouFlag = true

    var objects: [SceneObject] { first + rest }

    /// The objects as they are.
    init(_ objects: [SceneObject]) { rest = objects }

    /// Relevant objects first, in their order.
    init(_ objects: [SceneObject], relevant: [SceneObject]) {
        var taken: Set<Int> = []
        first = relevant.filter { taken.insert($0.id).inserted }
        rest = objects.filter { !taken.contains($0.id) }
    }

    /// The proposal for `target` first, then those near it.
    ///
    /// Without one the official code goes on with index -1: the last proposal stands first, and once more in its own place.
    ///
    /// - Precondition: at least one proposal
    init(proposals: [SceneObject], target: SceneObject) {
        let match = ProposalMatch(proposals: proposals.map(\.points.box), object: target.points.box)
        let front = match.target ?? proposals.count - 1
        first = ([front] + match.nearby).map { proposals[$0] }
        let taken = Set(match.nearby + (match.target.map { [$0] } ?? []))
        rest = proposals.indices.filter { !taken.contains($0) }.map { proposals[$0] }
        iouFlag = match.iouFlag
    }

    /// Proposals that overlap one of `relevant` first.
    init(proposals: [SceneObject], near relevant: [SceneObject]) {
        let boxes = relevant.map(\.points.box)
        let isNear = proposals.map { proposal in
            let box = proposal.points.box
            return boxes.contains { box.intersectionOverUnion(with: $0) >= 0.25 }
        }
        first = proposals.indices.filter { isNear[$0] }.map { proposals[$0] }
        rest = proposals.indices.filter { !isNear[$0] }.map { proposals[$0] }
    }

    mutating func shuffle(_ choices: inout any SampleChoices) {
        let rest = rest
        self.rest = choices.order(of: rest.count).map { rest[$0] }
    }
}

extension ObjectPoints {
    /// The box around the points, as the evaluation of proposals takes it.
    var box: Box<Double> { Box(center: bounds.center, size: bounds.size) }
}

extension SceneObject {
    /// The object with all its points turned.
    func turned(by matrix: Matrix3) -> SceneObject {
        var coordinates = points.coordinates
        for first in stride(from: 0, to: coordinates.count, by: 3) {
            let point = matrix * SIMD3(coordinates[first], coordinates[first + 1], coordinates[first + 2])
            for axis in 0..<3 { coordinates[first + axis] = point[axis] }
        }
        return SceneObject(
            id: id, points: ObjectPoints(coordinates: coordinates, colors: points.colors, arithmetic: points.arithmetic))
    }
}
