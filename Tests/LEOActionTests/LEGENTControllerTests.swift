import LEOAction
import Testing

@Suite struct LEGENTControllerTests {
    private typealias Controller = LEGENTController
    private static let north = SIMD3(0.0, 0, 1)

    @Test func rightIsPositive() {
        #expect(Controller.signedAngle(from: SIMD2(0, 1), to: SIMD2(1, 0)) == 90)
        #expect(Controller.signedAngle(from: SIMD2(0, 1), to: SIMD2(-1, 0)) == -90)
        #expect(abs(Controller.signedAngle(from: SIMD2(0, 1), to: SIMD2(0, -1))) == 180)
        #expect(Controller.signedAngle(from: SIMD2(0, 1), to: .zero) == 0)
    }

    @Test func followerStopsHalfAMetreShort() throws {
        var follower = Controller.PathFollower(corners: [SIMD3(0, 0, 0), SIMD3(0, 0, 3)])
        var here = SIMD3(0.0, 0, 0)
        var moves: [Double] = []
        while let action = follower.next(position: here, forward: Self.north) {
            moves.append(action.teleportForward)
            here.z += action.teleportForward
            try #require(moves.count < 10)
        }
        #expect(moves.count == 2 && moves[0] == 2 && abs(moves[1] - 0.52) < 1e-12)
        #expect(follower.corners.count == 1)
    }

    @Test func followerTurnsFirstAndAtMostAQuarter() {
        var follower = Controller.PathFollower(corners: [SIMD3(0, 0, -3)])
        let action = follower.next(position: .zero, forward: Self.north)
        #expect(action.map { abs($0.rotateRight) } == 90 && action?.teleportForward == 0)
    }

    @Test func followerTurnsAtTheCornerItReaches() {
        var follower = Controller.PathFollower(corners: [SIMD3(0, 0, 1), SIMD3(3, 0, 1)])
        let action = follower.next(position: .zero, forward: Self.north)
        #expect(action?.teleportForward == 1 && action?.rotateRight == 90)
        #expect(follower.corners == [SIMD3(3, 0, 1)])
    }

    @Test func followerOfNothingIsDone() {
        var follower = Controller.PathFollower(corners: [])
        #expect(follower.next(position: .zero, forward: Self.north) == nil)
        follower = Controller.PathFollower(corners: [SIMD3(.nan, 0, 0)])
        // What is no place leads nowhere, but not to a trap.
        _ = follower.next(position: .zero, forward: Self.north)
    }

    @Test func everyGotoGoesToTheFirstObject() throws {
        let steps = try Controller.steps(of: ["goto(3)", "grab()", "goto(9)", "release()"])
        #expect(steps.filter { $0 == .lookAt(object: 3) }.count == 2)
        #expect(!steps.contains(.lookAt(object: 9)))
        #expect(Controller.pathCall(to: 0).name == "PathToUser" && Controller.pathCall(to: 2).arguments == "2")
        for bad in [["fly()"], ["goto(x)"], ["grab()", "goto(5)"], ["goto_user"], [""], ["speak(\"a\""]] {
            #expect(throws: ActionError.self) { try Controller.steps(of: bad) }
        }
    }

    @Test func judgesComeAndWhereAlone() throws {
        func isDone(_ task: String, _ distance: Double = 0, _ speech: String = "", _ answer: String = "x") throws -> Bool {
            try Controller.isDone(task: task, agent: .zero, player: SIMD3(distance, 9, 0), speech: speech, answer: answer)
        }
        #expect(try isDone("come", 1.999) && !isDone("come", 2))
        #expect(try isDone("where", 0, "On the Table.", "table") && !isDone("where", 0, "On the Table.", "Table"))
        for task in ["goto", "take", "bring", "put", "exist", "Come", ""] { #expect(throws: ActionError.self) { try isDone(task) } }
    }
}
