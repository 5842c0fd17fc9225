import Foundation
import TestSupport

/// Rows of a `.jsonl` golden.
func goldenLines<Row: Decodable>(_ path: String, of type: Row.Type) throws -> [Row] {
    let data = try Data(contentsOf: URL(fileURLWithPath: (sharedFolder ?? "") + "/golden/" + path))
    return try data.split(separator: UInt8(ascii: "\n")).map { try JSONDecoder().decode(type, from: Data($0)) }
}

/// Bytes for exact comparison: Swift's `==` on strings is canonical equivalence.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool { abs(a - b) <= tolerance }

func near(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-9) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { near($0, $1, tolerance) }
}
