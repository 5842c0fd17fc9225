import Foundation
import LEOCheck
import LEOData
import TestSupport
import Testing

@Suite("Data sets as recorded", .enabled(if: hasShared, Comment(rawValue: sharedAbsent)))
struct DataGoldenTests {
    @Test func passes() throws {
        let report = CheckReport(try Check.run([(sharedFolder ?? "") + "/golden/data"]))
        #expect(report.passed, "\(report.text)")
        #expect(report.cases.map(\.kind) == ["data sets"])
        // Every task has cases, and every case its tensors.
        for task in TaskKind.allCases {
            #expect(report.cases[0].outputs.contains { $0.name.hasPrefix("\(task.rawValue)/") && $0.name.hasSuffix("/obj_fts") }, "\(task)")
        }
    }
}
