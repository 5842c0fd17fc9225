import Foundation
import LEOAction
import LEOModel
import TestSupport
import Testing

@Suite struct FixedActionTests {
    // MARK: Habitat

    @Test(arguments: HabitatAction.allCases)
    func habitatRoundTrip(action: HabitatAction) throws {
        let space = HabitatActionSpace()
        #expect(try space.action(in: space.text(for: action)) == action)
        #expect(try space.action(in: " \n\(action.token)\u{3000}") == action)
        #expect(try space.action(from: space.ids(for: action)) == action)
        #expect(try space.action(from: [29871, action.id]) == action)
        #expect(HabitatAction(name: action.name) == action)
        #expect(HabitatAction(id: action.id) == action)
    }

    @Test func habitatRefusesTheRest() {
        let space = HabitatActionSpace()
        #expect(throws: ActionError.tokenCount(space: "Habitat", expected: 1, found: 0)) { try space.action(in: " ") }
        #expect(throws: ActionError.tokenCount(space: "Habitat", expected: 1, found: 2)) { try space.action(in: "给弘") }
        #expect(throws: ActionError.self) { try space.action(in: "a") }
        // A combining mark makes one character of two scalars.
        #expect(throws: ActionError.tokenCount(space: "Habitat", expected: 1, found: 2)) {
            try space.action(in: "给\u{301}")
        }
        #expect(throws: ActionError.tokenCount(space: "Habitat", expected: 1, found: 0)) { try space.action(from: [29871]) }
        #expect(throws: ActionError.unexpectedToken(
            space: "Habitat", position: 0, expected: "one of the eight actions", found: "id 31991")
        ) { try space.action(from: [31991]) }
        #expect(throws: ActionError.tokenCount(space: "Habitat", expected: 1, found: 2)) {
            try HabitatActionSpace(layout: .init(leadingSpace: .forbidden)).action(from: [29871, 31999])
        }
        #expect(HabitatAction(name: "jump") == nil)
        for id in [Int32.min, -1, 0, 31991, 32000, .max] { #expect(HabitatAction(id: id) == nil) }
    }

    @Test func pastActionsAreJoinedWithoutBlanks() throws {
        let space = HabitatActionSpace()
        let past = ActionHistory.before(step: 1, of: [.turnLeft, .stop], padding: space.padding)
        #expect(past == [.stop, .stop, .stop, .turnLeft])
        #expect(try space.text(for: past) == "给给给왕")
    }

    // MARK: CLIPort

    @Test func cliPortRoundTrip() throws {
        let space = CLIPortActionSpace()
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<300 {
            func cell() throws -> CLIPortCell {
                try CLIPortCell(
                    u: Int.random(in: 0..<320, using: &generator), v: Int.random(in: 0..<160, using: &generator),
                    rotation: Int.random(in: 0..<36, using: &generator))
            }
            let action = CLIPortAction(pick: try cell(), place: try cell())
            #expect(try space.action(in: space.text(for: action)) == action)
            #expect(try space.action(from: space.ids(for: action)) == action)
            // The middle of a cell lies in the cell.
            #expect(try CLIPortCell(action.pick.pose()) == action.pick)
        }
    }

    @Test func everyCellSymbolSurvives() throws {
        let space = CLIPortActionSpace()
        for u in 0..<320 {
            let cell = try CLIPortCell(u: u, v: u % 160, rotation: u % 36)
            let action = CLIPortAction(pick: cell, place: cell)
            #expect(try space.action(in: space.text(for: action)) == action)
        }
    }

    @Test func cliPortErrors() throws {
        #expect(throws: ActionError.invalidValue(field: "CLIPort u", expected: "0..<320", found: "320")) {
            try CLIPortCell(u: 320, v: 0, rotation: 0)
        }
        #expect(throws: ActionError.self) { try CLIPortCell(u: 0, v: -1, rotation: 0) }
        #expect(throws: ActionError.self) { try CLIPortCell(u: 0, v: 0, rotation: .max) }
        for value in [Double.nan, -.nan] {
            #expect(throws: ActionError.self) {
                try CLIPortCell(CLIPortPose(position: SIMD3(value, 0, 0), orientation: SIMD4(0, 0, 0, 1)))
            }
        }
        for value in [Double.nan, .infinity] {
            #expect(throws: ActionError.self) {
                try CLIPortCell(CLIPortPose(position: .zero, orientation: SIMD4(0, 0, value, 1)))
            }
        }
        // z is dropped whatever it is, infinities are clamped.
        let corner = CLIPortPose(position: SIMD3(.infinity, -.infinity, .nan), orientation: SIMD4(0, 0, 0, 1))
        let cell = try CLIPortCell(corner)
        #expect(cell.u == 0 && cell.v == 159)
        #expect(throws: ActionError.self) { try CLIPortHeightMap([1, 2]) }
        let space = CLIPortActionSpace()
        #expect(throws: ActionError.tokenCount(space: "CLIPort", expected: 6, found: 0)) { try space.action(from: []) }
        #expect(throws: ActionError.unexpectedToken(
            space: "CLIPort", position: 1, expected: "a v symbol", found: "another id")
        ) { try space.action(from: [31991, 5, 31511, 31991, 31671, 31511]) }
        #expect(space.poses(in: "nothing").pick == .dummy)
        #expect(CLIPortPose.dummy != CLIPortCell.dummy.pose())
    }

    // MARK: Constraints

    private func isEnd(_ set: TokenSet?) -> Bool { set == TokenSet([2]) }

    @Test func habitatConstraintIsOneTokenThenEnd() {
        let constraint = HabitatActionSpace(layout: .init(leadingSpace: .forbidden)).makeConstraint()
        #expect(constraint.allowedTokens(after: []) == TokenSet(ranges: [31992...31999]))
        for id in Int32(31992)...31999 { #expect(isEnd(constraint.allowedTokens(after: [id]))) }
        #expect(constraint.allowedTokens(after: [29871]) == .empty)
        #expect(constraint.allowedTokens(after: [31999, 31999]) == .empty)
    }

    @Test func leadingSpaceIsAsAsked() {
        let optional = HabitatActionSpace().makeConstraint()
        #expect(optional.allowedTokens(after: []) == TokenSet(ranges: [29871...29871, 31992...31999]))
        #expect(optional.allowedTokens(after: [29871]) == TokenSet(ranges: [31992...31999]))
        #expect(isEnd(optional.allowedTokens(after: [29871, 31999])))
        #expect(optional.allowedTokens(after: [29871, 29871]) == .empty)
        let required = HabitatActionSpace(layout: .init(leadingSpace: .required)).makeConstraint()
        #expect(required.allowedTokens(after: []) == TokenSet([29871]))
        #expect(required.allowedTokens(after: [31999]) == .empty)
    }

    @Test func cliPortConstraintHasSixRanges() {
        let space = CLIPortActionSpace()
        let constraint = space.makeConstraint()
        let (u, v, z): (ClosedRange<Int32>, ClosedRange<Int32>, ClosedRange<Int32>) = (
            31672...31991, 31512...31671, 31476...31511
        )
        let body: [Int32] = [31672, 31671, 31500, 31991, 31512, 31476]
        for (count, range) in [u, v, z, u, v, z].enumerated() where count > 0 {
            #expect(constraint.allowedTokens(after: body[..<count]) == TokenSet(ranges: [range]))
        }
        #expect(isEnd(constraint.allowedTokens(after: body[...])))
        let regular = CLIPortActionSpace(excludesIrregularTokens: true).makeConstraint()
        for (count, id) in [(0, 31881), (0, 31687), (1, 31555), (1, 31512)] {
            #expect(constraint.allowedTokens(after: body[..<count])?.contains(Int32(id)) == true)
            #expect(regular.allowedTokens(after: body[..<count])?.contains(Int32(id)) == false)
        }
    }

    // MARK: History

    @Test func windowsOfAbsurdPlaces() {
        #expect(ActionHistory.window(of: [1, 2, 3], from: 2, through: 0, padding: 0) == [])
        #expect(ActionHistory.window(of: [1, 2, 3], from: 0, through: -2, padding: 0) == [])
        #expect(ActionHistory.window(of: [Int](), from: -2, through: 0, padding: 7) == [7, 7, 7])
        #expect(ActionHistory.window(of: [9, 1, 2].dropFirst(), from: -1, through: 2, padding: 0) == [0, 1, 2, 0])
    }
}
