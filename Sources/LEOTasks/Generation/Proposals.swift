import LEOScene

/// What a segmenter would make of a scan: a mask for nearly every thing, not quite right.
///
/// Masks lose points, spill over onto what is near, now and then halve a thing or join two; some show nothing but wall.
struct Proposals {
    /// For each proposal its points, ascending.
    let rows: [[Int32]]

    init(_ scan: TaskScan, seed: UInt64) {
        var random = SplitMix64(seed: seed, "proposals")
        var points = [[Int32]](repeating: [], count: scan.thingCount)
        var background: [Int32] = []
        for (point, label) in scan.labels.enumerated() {
            if label >= 0 { points[Int(label)].append(Int32(point)) } else { background.append(Int32(point)) }
        }
        func position(_ point: Int32) -> SIMD3<Float> {
            SIMD3(scan.positions[3 * Int(point)], scan.positions[3 * Int(point) + 1], scan.positions[3 * Int(point) + 2])
        }
        var rows: [[Int32]] = []
        for (id, own) in points.enumerated() where !own.isEmpty {
            let chance = random.nextUnit()
            // Three of a hundred are overlooked.
            if chance < 0.03 { continue }
            let kept = 0.75 + 0.25 * random.nextUnit()
            var mask = own.filter { _ in random.nextUnit() < kept }
            if chance < 0.1 {
                // One half in a mask of its own, as with an L-shaped sofa.
                let middle = own.reduce(Float.zero) { $0 + position($1).x } / Float(own.count)
                rows.append(mask.filter { position($0).x < middle })
                mask = mask.filter { position($0).x >= middle }
            } else if chance < 0.15, let other = random.pick(points.indices.filter { $0 != id }) {
                mask += points[other]
            } else if let edge = random.pick(own) {
                // Wall or floor next to the thing, as far as a hand's breadth from one of its points.
                let middle = position(edge)
                for point in background {
                    let offset = position(point) - middle
                    if (offset * offset).sum() < 0.01 { mask.append(point) }
                }
            }
            rows.append(mask)
        }
        for _ in 0..<(2 + points.count / 12) {
            guard let wall = random.pick(background) else { break }
            let middle = position(wall)
            rows.append(background.filter { point in
                let offset = position(point) - middle
                return (offset * offset).sum() < 0.09
            })
        }
        // In no order of the scene; loaders read the first fifty.
        self.rows = random.shuffled(rows.filter { !$0.isEmpty }.map { Array(Set($0)).sorted() })
    }
}
