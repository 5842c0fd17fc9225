import LEOCheck
import Foundation
for r in try Check.run(Array(CommandLine.arguments.dropFirst())) {
    print(r.passed ? "ok  " : "FAIL", r.kind, r.path, r.failure ?? "")
    for o in r.outputs { print("   ", o.passed ? "ok" : "FAIL", o.name, o.largestAbsolute ?? "", o.largestRelative ?? "", o.note) }
}
