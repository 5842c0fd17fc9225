import LEOScene
import LEOTasks
import LEOWorld
import TestSupport
import Testing

@Suite struct TruthTests {
    static let seeds: [UInt64] = Array(0..<60)

    @Test(arguments: seeds) func captionsAndUtterancesAreTrue(seed: UInt64) {
        let truth = SceneTruth(MadeScenes.scene(seed: seed))
        let checker = TruthChecker(truth)
        var random = SplitMix64(seed: seed)
        for thing in truth.things {
            let caption = truth.caption(of: thing, using: &random)
            #expect(checker.faults(caption.text, caption.claims) == [])
            #expect(caption.text.contains(thing.name) && caption.subjects.first == thing.id)
            if let utterance = truth.utterance(for: thing, using: &random) {
                #expect(checker.faults(utterance.text, utterance.claims) == [])
            }
        }
        for room in truth.roomList {
            guard let caption = truth.sceneCaption(of: room, using: &random) else { continue }
            #expect(checker.faults(caption.text, caption.claims) == [])
        }
    }

    @Test(arguments: seeds) func questionsAreTrue(seed: UInt64) throws {
        let truth = SceneTruth(MadeScenes.scene(seed: seed))
        let checker = TruthChecker(truth)
        var random = SplitMix64(seed: seed)
        let questions = truth.questions(40, using: &random)
        #expect(questions.count > 10)
        #expect(Set(questions.map(\.text)).count == questions.count)
        for question in questions {
            #expect(checker.faults(question.text, question.claims) == [])
            #expect(!question.answers.isEmpty && question.text.hasSuffix("?"))
            #expect(checker.answerFault(question) == nil)
        }
    }

    @Test(arguments: seeds) func situatedQuestionsAreTrue(seed: UInt64) {
        let truth = SceneTruth(MadeScenes.scene(seed: seed))
        let checker = TruthChecker(truth)
        var random = SplitMix64(seed: seed)
        for _ in 0..<5 {
            guard let situation = truth.situation(using: &random) else { continue }
            #expect(checker.faults(situation.texts[0], situation.claims) == [])
            for question in truth.questions(8, in: situation, using: &random) {
                // "on my left" stands for the rest of a description there.
                let stated = question.claims.filter { if case .countOnSide = $0 { false } else { true } }
                #expect(checker.faults(question.text, stated) == [])
                #expect(question.claims.compactMap(checker.fault) == [])
                #expect(checker.answerFault(question) == nil)
            }
        }
    }

    @Test(arguments: seeds) func dialoguesAndPlansAreTrue(seed: UInt64) throws {
        let truth = SceneTruth(MadeScenes.scene(seed: seed))
        let checker = TruthChecker(truth)
        var random = SplitMix64(seed: seed)
        for _ in 0..<4 {
            if let dialogue = truth.dialogue(using: &random) {
                #expect(checker.faults(dialogue.turns.map(\.text).joined(separator: " "), dialogue.claims) == [])
                #expect(dialogue.turns.first?.isRobot == false && dialogue.turns.last?.isRobot == true)
                #expect(zip(dialogue.turns, dialogue.turns.dropFirst()).allSatisfy { $0.isRobot != $1.isRobot })
            }
            if let plan = truth.plan(using: &random) {
                #expect(checker.faults(plan.instruction + " " + plan.text, plan.claims) == [])
                #expect(plan.text.hasPrefix("1. "))
            }
        }
    }

    @Test func sameSeedSameTexts() {
        let truth = SceneTruth(MadeScenes.scene(seed: 4))
        func texts() -> [Question] {
            var random = SplitMix64(seed: 9)
            return truth.questions(20, using: &random)
        }
        #expect(texts() == texts())
    }

    /// The checker must be able to fail.
    @Test func checkerFindsFalseClaims() {
        let truth = SceneTruth(MadeScenes.scene(seed: 1))
        let checker = TruthChecker(truth)
        let thing = truth.things[0]
        #expect(checker.fault(in: .color(thing: 0, thing.color)) == nil)
        #expect(checker.fault(in: .color(thing: 0, "no colour")) != nil)
        #expect(checker.fault(in: .count(Descriptor(thing.name), 0)) != nil)
        #expect(checker.fault(in: .stands(thing: 0, parent: 1, isInside: false)) != nil)
        let away = Situation.Pose(position: thing.box.center - SIMD3(0, 0, 3), yaw: 180)
        #expect(checker.fault(in: .direction(away, thing: 0, .front)) != nil)
        #expect(checker.fault(in: .refers(Descriptor("thing that is not there"), thing: 0)) != nil)
    }

    @Test func selectedRoomsHideTheRest() {
        let scene = MadeScenes.scene(seed: 2)
        let truth = SceneTruth(scene, rooms: [7])
        #expect(!truth.things.isEmpty && truth.things.allSatisfy { scene.instances[$0.instance].room == 7 })
        #expect(truth.things.map(\.id) == Array(truth.things.indices))
        #expect(truth.things.allSatisfy { thing in thing.support.map { truth.things.indices.contains($0.thing) } ?? true })
    }
}
