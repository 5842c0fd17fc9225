import LEOScene

/// Where the choices that the official loaders leave to chance come from.
public protocol ChoiceRule: Sendable {
    /// The choices of one sample. Equal ids give equal choices, whatever was asked for before.
    func choices(forSample id: String) -> any SampleChoices
}

/// The choices of one sample, in the order in which they are made.
public protocol SampleChoices {
    /// An entry of a list: of an instruction pool, of several answers or situations. `count` is at least 1.
    mutating func entry(of count: Int) -> Int
    /// `count` indices below `total` (both at least 1): the points of an object.
    mutating func points(of total: Int, count: Int, object: Int) -> [Int]
    /// How far along each side of its box the agent stands, each 0...1.
    mutating func fractions() -> SIMD3<Double>
    /// A permutation of `0..<count`: the order of objects while training.
    mutating func order(of count: Int) -> [Int]
    /// Quarter turns of the scene about z while training, 0...3.
    mutating func quarterTurns() -> Int
}

/// Seeded random choices: the default. The same seed gives the same samples on every machine.
public struct SeededChoices: ChoiceRule {
    public let seed: UInt64

    /// - Parameter seed: another one for each epoch of training
    public init(seed: UInt64) { self.seed = seed }

    public func choices(forSample id: String) -> any SampleChoices {
        // FNV-1a, then two rounds of mixing in the generator, so that ids that hardly differ have nothing in common.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        var mixer = SplitMix64(seed: seed)
        var random = SplitMix64(seed: mixer.next() ^ hash)
        return Choices(pointSeed: random.next(), random: SplitMix64(seed: random.next()))
    }

    private struct Choices: SampleChoices {
        /// Points have a generator of their own for each object, so that they do not depend on the others.
        let pointSeed: UInt64
        var random: SplitMix64

        mutating func entry(of count: Int) -> Int { random.nextIndex(below: count) }

        func points(of total: Int, count: Int, object: Int) -> [Int] {
            ObjectTensors.pickedIndices(from: total, count: count, seed: pointSeed, stream: object)
        }

        mutating func fractions() -> SIMD3<Double> { SIMD3(random.nextUnit(), random.nextUnit(), random.nextUnit()) }

        mutating func order(of count: Int) -> [Int] {
            var order = Array(0..<count)
            for index in 0..<max(count - 1, 0) { order.swapAt(index, index + random.nextIndex(below: count - index)) }
            return order
        }

        mutating func quarterTurns() -> Int { random.nextIndex(below: 4) }
    }
}

/// No chance at all: first entries, points in turn, one place in the box, no shuffling and no rotation. The choices with
/// which samples of the official loaders were recorded for comparison.
public struct FixedChoices: ChoiceRule, SampleChoices {
    private let place: SIMD3<Double>

    /// - Parameter fractions: how far along each side of its box the agent stands
    public init(fractions: SIMD3<Double> = SIMD3(0.25, 0.5, 0.75)) { place = fractions }

    public func choices(forSample id: String) -> any SampleChoices { self }

    public func entry(of count: Int) -> Int { 0 }
    public func points(of total: Int, count: Int, object: Int) -> [Int] { (0..<count).map { $0 % total } }
    public func fractions() -> SIMD3<Double> { place }
    public func order(of count: Int) -> [Int] { Array(0..<count) }
    public func quarterTurns() -> Int { 0 }
}
