import Foundation
import LEOTasks
import LEOWorld

/// Works out from meshes, transforms and names alone whether claims hold, without anything that the generator of texts
/// computed.
struct TruthChecker {
    struct Item {
        let name: String, color: String, material: String, kind: String?
        let corners: [SIMD3<Double>]
        var low: SIMD3<Double> {
            corners.dropFirst().reduce(corners[0]) { SIMD3(min($0.x, $1.x), min($0.y, $1.y), min($0.z, $1.z)) }
        }
        var high: SIMD3<Double> {
            corners.dropFirst().reduce(corners[0]) { SIMD3(max($0.x, $1.x), max($0.y, $1.y), max($0.z, $1.z)) }
        }
        var middle: SIMD3<Double> { (low + high) / 2 }
    }

    /// By id of the truth's things.
    var items: [Item] = []
    private var parents: [Int?] = []
    private var isInside: [Bool] = []
    private var movable: [Bool] = []

    init(_ truth: SceneTruth) {
        let scene = truth.scene
        let ids = Dictionary(uniqueKeysWithValues: truth.things.map { ($0.instance, $0.id) })
        for thing in truth.things {
            let instance = scene.instances[thing.instance]
            let points = instance.model.mesh.positions.map { instance.transform.apply(to: SIMD3<Double>($0)) }
            let xs = points.map(\.x), zs = points.map(\.z)
            let (x, z) = ((xs.min()! + xs.max()!) / 2, (zs.min()! + zs.max()!) / 2)
            // What hangs on a wall may reach into it.
            let room = scene.rooms.first {
                x > $0.minimum.x - 0.06 && x < $0.maximum.x + 0.06 && z > $0.minimum.y - 0.06 && z < $0.maximum.y + 0.06
            }
            items.append(
                Item(
                    name: instance.model.name, color: instance.model.colorName, material: instance.model.materialName,
                    kind: room?.kind, corners: points))
            parents.append(instance.parent.flatMap { ids[$0] })
            isInside.append(
                instance.parent.flatMap { parent in
                    instance.parentSurface.map { scene.instances[parent].model.surfaces[$0].isInside }
                }
                    ?? false)
            movable.append(instance.isInteractable)
        }
    }

    /// Whether a thing's foot is on another: within its outline and above its lower half or in it.
    private func isOn(_ a: Int, _ b: Int) -> Bool {
        let (item, parent) = (items[a], items[b])
        return parents[a] == b && item.middle.x > parent.low.x && item.middle.x < parent.high.x
            && item.middle.z > parent.low.z
            && item.middle.z < parent.high.z && item.low.y > parent.low.y - 0.02 && item.low.y < parent.high.y + 0.05
    }

    private func matches(_ descriptor: Descriptor, _ id: Int) -> Bool {
        let item = items[id]
        func called(_ name: String, _ id: Int) -> Bool {
            let words = items[id].name.split(separator: " ")
            return words.suffix(name.split(separator: " ").count).elementsEqual(name.split(separator: " "))
        }
        if !called(descriptor.name, id) { return false }
        if let color = descriptor.color, color != item.color { return false }
        if let material = descriptor.material, material != item.material { return false }
        if let room = descriptor.room, room != item.kind { return false }
        if let support = descriptor.support {
            guard let parent = parents[id], isOn(id, parent), called(support.name, parent),
                isInside[id] == support.isInside
            else { return false }
        }
        return true
    }

    private func gap(_ a: Int, _ b: Int) -> Double {
        // By the outlines' corners' boxes, from above.
        let (p, q) = (items[a], items[b])
        return hypot(max(0, p.low.x - q.high.x, q.low.x - p.high.x), max(0, p.low.z - q.high.z, q.low.z - p.high.z))
    }

    private func bearings(_ pose: Situation.Pose, _ id: Int) -> [Double] {
        items[id].corners.map { corner in
            let angle = pose.yaw * .pi / 180
            let forward = SIMD2(sin(angle), cos(angle))
            let right = SIMD2(cos(angle), -sin(angle))
            let to = SIMD2(corner.x - pose.position.x, corner.z - pose.position.z)
            return atan2((to * right).sum(), (to * forward).sum()) * 180 / .pi
        }
    }

    /// Why a claim is false, or nil if it holds.
    func fault(in claim: Claim) -> String? {
        func expect(_ holds: Bool, _ what: String) -> String? { holds ? nil : "\(what): \(claim)" }
        switch claim {
        case .refers(let descriptor, let id):
            let all = items.indices.filter { matches(descriptor, $0) }
            return expect(all == [id], "\(descriptor.definite) means \(all)")
        case .color(let id, let color): return expect(items[id].color == color, "colour")
        case .material(let id, let material): return expect(items[id].material == material, "material")
        case .room(let id, let kind): return expect(items[id].kind == kind, "room")
        case .count(let descriptor, let count):
            return expect(items.indices.filter { matches(descriptor, $0) }.count == count, "count")
        case .stands(let id, let parent, let inside):
            return expect(isOn(id, parent) && isInside[id] == inside, "stands")
        case .contents(let parent, let things):
            return expect(items.indices.filter { isOn($0, parent) } == things.sorted(), "contents")
        case .nearest(let id, let anchor, let amongFurniture):
            let others = items.indices.filter { other in
                other != anchor && items[other].kind == items[anchor].kind && parents[other] == nil
                    && items[other].low.y < 0.1
                    && items[other].high.y - items[other].low.y > 0.06
                    && (amongFurniture || items[other].name == items[id].name
                        || items[other].name.hasSuffix(" " + items[id].name))
            }
            return expect(others.allSatisfy { $0 == id || gap($0, anchor) > gap(id, anchor) }, "nearest")
        case .taller(let a, let b):
            return expect(items[a].high.y - items[a].low.y > items[b].high.y - items[b].low.y, "taller")
        case .direction(let pose, let id, let direction):
            let angles = bearings(pose, id)
            switch direction {
            case .front: return expect(angles.allSatisfy { abs($0) < 45 }, "front")
            case .behind: return expect(angles.allSatisfy { abs($0) > 135 }, "behind")
            case .right: return expect(angles.allSatisfy { $0 > 45 && $0 < 135 }, "right")
            case .left: return expect(angles.allSatisfy { $0 < -45 && $0 > -135 }, "left")
            }
        case .countOnSide(let pose, let descriptor, let side, let things):
            let found = items.indices.filter { id in
                let angles = bearings(pose, id)
                return matches(descriptor, id)
                    && (side == .right ? angles.allSatisfy { $0 > 0 } : angles.allSatisfy { $0 < 0 })
            }
            return expect(found == things.sorted(), "on the \(side) are \(found)")
        case .reach(let pose, let id, let canReach):
            let nearest = hypot(
                max(0, items[id].low.x - pose.position.x, pose.position.x - items[id].high.x),
                max(0, items[id].low.z - pose.position.z, pose.position.z - items[id].high.z))
            return expect(canReach ? nearest < 0.6 : nearest > 1, "reach")
        case .moves(let moves):
            return expect(
                moves.allSatisfy { movable[$0.thing] && $0.thing != $0.target && !movable[$0.target] }, "moves")
        }
    }

    /// What is wrong with a text and its claims: a false claim, or a thing referred to that the text does not name.
    func faults(_ text: String, _ claims: [Claim]) -> [String] {
        claims.compactMap { claim in
            if let fault = fault(in: claim) { return "\(text) - \(fault)" }
            if case .refers(let descriptor, _) = claim {
                let lower = text.lowercased()
                guard lower.contains(descriptor.noun) else { return "\(text) - does not name \(descriptor.definite)" }
                if let support = descriptor.support, !lower.contains(support.name) {
                    return "\(text) - lacks \(support.name)"
                }
                if let room = descriptor.room, !lower.contains(room) { return "\(text) - lacks \(room)" }
            }
            return nil
        }
    }
}

extension TruthChecker {
    /// Whether the first answer says what the claims say; nil if so.
    func answerFault(_ question: Question) -> String? {
        let answer = question.answers[0]
        let text = question.text.lowercased()
        let fault = "\(question.text) \(answer)"
        let last = question.claims.last { if case .refers = $0 { false } else { true } }
        if answer == "yes" || answer == "no" {
            let isYes = answer == "yes"
            switch last {
            case .count(_, let count): return isYes == (count > 0) ? nil : fault
            case .reach(_, _, let canReach): return isYes == canReach ? nil : fault
            case .taller(let a, _):
                guard case .refers(_, let first) = question.claims[0] else { return fault }
                return isYes == (a == first) ? nil : fault
            case .direction(_, _, let side):
                return isYes == (text.contains("in front of") ? side == .front : side == .behind) ? nil : fault
            default: return fault
            }
        }
        switch last {
        case .count(_, let count): return question.answers.contains(String(count)) ? nil : fault
        case .contents(_, let things) where text.hasPrefix("how many"):
            return question.answers.contains(String(things.count)) ? nil : fault
        case .countOnSide(_, _, let side, let things):
            if text.hasPrefix("how many") { return question.answers.contains(String(things.count)) ? nil : fault }
            return answer == side.rawValue ? nil : fault
        case .direction(_, _, let side): return answer == (side == .behind ? "around" : side.rawValue) ? nil : fault
        case .color(let id, let color):
            return [color, items[id].name, "on the \(items[id].name)", "in the \(items[id].name)"].contains(answer)
                ? nil : fault
        case .material(_, let material): return answer == material ? nil : fault
        case .room(_, let kind): return answer == kind ? nil : fault
        case .stands(_, let parent, _): return answer.hasSuffix(items[parent].name) ? nil : fault
        case .nearest(let id, _, _): return answer == items[id].name ? nil : fault
        case .taller(let a, _): return answer == items[a].name ? nil : fault
        default: return fault
        }
    }
}
