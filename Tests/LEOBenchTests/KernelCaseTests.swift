import LEOBench
import Testing

@Suite struct KernelCaseTests {
    @Test func namesAreUniqueAndCostsAreReal() {
        let cases = KernelCase.all
        #expect(Set(cases.map(\.name)).count == cases.count)
        #expect(cases.count >= 30)
        for entry in cases {
            #expect(entry.work.bytes > 0, "\(entry.name)")
            #expect(entry.work.operations >= 0 && entry.work.operations.isFinite, "\(entry.name)")
        }
        for family in ["fps", "ball_query", "set_abstraction", "linear", "attention", "spatial_attention", "rms_norm", "silu_mul", "depthwise_conv"] {
            #expect(cases.contains { $0.family.hasPrefix(family + "/") }, "\(family)")
        }
        #expect(KernelBenchmarks.names == cases.map(\.name))
    }

    /// The small cases are run in every way; their results are compared with the reference's.
    @Test(arguments: [1, 2]) func smallCasesRunAndMatchTheReference(threads: Int) throws {
        var options = KernelOptions()
        (options.threads, options.seconds) = (threads, 0)
        options.filters = ["gather_points", "pairwise", "log_softmax", "spatial_attention", "attention/f32_cells/decode,1x256", "layer_norm", "60x1024->32"]
        let benchmark = try KernelBenchmark(options)
        #expect(options.cases.count == 8)
        for entry in options.cases {
            let result = try #require(try benchmark.run(entry))
            #expect(result.name == entry.name && result.threads == threads)
            #expect(result.seconds.median > 0 && result.seconds.samples >= 5)
            #expect(result.bytesPerSecond > 0 && result.boundRate > 0 && result.share > 0)
            #expect(result.kernel.hasPrefix("ck_"))
            if result.instructionSet != "ref", let reference = result.reference {
                #expect(reference.kernel.hasSuffix("_ref") && reference.ratio > 0)
            }
        }
    }

    @Test func theReferenceIsTimedWhenAskedFor() throws {
        var options = KernelOptions()
        (options.threads, options.seconds, options.instructionSet) = (1, 0, "ref")
        options.filters = ["pairwise"]
        let result = try #require(try KernelBenchmark(options).run(options.cases[0]))
        #expect(result.instructionSet == "ref")
        #expect(result.reference == nil)
    }

    @Test func unknownInstructionSetsAreNamed() throws {
        var options = KernelOptions()
        options.instructionSet = "sse9"
        #expect(throws: BenchError.self) { try options.row(of: KernelCase.all[0]) }
        do { _ = try options.row(of: KernelCase.all[0]) } catch { #expect("\(error)".contains("sse9") && "\(error)".contains("avx2")) }
    }

    @Test func aHarnessCanRunOne() throws {
        let benchmark = try KernelBenchmarks.prepare("gather_points/f32/60x1024->32", threads: 1)
        benchmark.run()
        #expect(benchmark.bytes > 0 && benchmark.kernel.hasPrefix("ck_gather_points"))
        #expect(throws: BenchError.self) { try KernelBenchmarks.prepare("no/such/kernel") }
    }
}

@Suite struct RooflineTests {
    @Test func everyNumberIsThere() throws {
        let roofline = try Roofline(threads: 2, seconds: 0, allInstructionSets: true)
        #expect(roofline.arithmetic.contains { $0.element == .f32 && $0.threads == 1 })
        #expect(roofline.arithmetic.contains { $0.element == .i8 && $0.threads == 2 })
        #expect(roofline.arithmetic.allSatisfy { $0.operationsPerSecond.median > 1e6 })
        #expect(roofline.reading.contains { $0.level == .memory && $0.threads == 1 })
        #expect(roofline.reading.allSatisfy { $0.bytesPerSecond.median > 1e6 && $0.byteCount >= 1024 })
        #expect(roofline.operationsPerSecond(.f32, threads: 1) ?? 0 > 0)
        #expect(roofline.operationsPerSecond(.f32, threads: 77) == nil)
        #expect(roofline.bytesPerSecond(.memory, threads: 2) ?? 0 > 0)
    }
}
