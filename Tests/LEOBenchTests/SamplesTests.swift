import Foundation
import LEOBench
import Testing

@Suite struct SamplesTests {
    @Test func quantilesAreInterpolated() {
        let samples = Samples([4, 1, 3, 2])
        #expect(samples.values == [1, 2, 3, 4])
        #expect(samples.median == 2.5)
        #expect(samples.quantile(0) == 1 && samples.quantile(1) == 4)
        #expect(samples.quantile(0.25) == 1.75)
        #expect(samples.quantile(-3) == 1 && samples.quantile(7) == 4)
        #expect(abs(samples.spread - 1.5 / 2.5) < 1e-12)
    }

    @Test func oneSampleIsEveryQuantile() {
        let samples = Samples([7])
        #expect(samples.median == 7 && samples.least == 7 && samples.largest == 7 && samples.spread == 0)
    }

    @Test func nothingHasNoMedian() {
        #expect(Samples([Double]()).median.isNaN)
        #expect(Samples([.nan, 2, .nan]).values == [2])
    }

    /// One slow sample, as a neighbour makes it, moves neither the median nor the spread much.
    @Test func anOutlierDoesNotCount() {
        let quiet = Samples((0..<20).map { 1 + Double($0) * 0.001 })
        let disturbed = Samples((0..<19).map { 1 + Double($0) * 0.001 } + [50])
        #expect(abs(quiet.median - disturbed.median) < 1e-3)
        #expect(disturbed.spread < 0.02)
    }

    @Test func measuredSurvivesJSON() throws {
        let measured = Measured(Samples([1, 2, 3, 4, 5]))
        #expect(try JSONDecoder().decode(Measured.self, from: JSONEncoder().encode(measured)) == measured)
        #expect(measured.median == 3 && measured.lowerQuartile == 2 && measured.upperQuartile == 4 && measured.samples == 5)
    }
}
