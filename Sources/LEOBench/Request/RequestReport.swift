/// What `leo bench request` asks.
public struct RequestBenchmarkOptions: Sendable {
    /// Rows of the prompt at least, as far as the model's limit of text goes; nil for LEO's usual question.
    public var promptTokens: Int?
    /// Objects of the scene; nil for as many as the model takes.
    public var objects: Int?
    public var hasImage = true
    public var beams = 5
    public var newTokens = 16
    /// Requests after the first, which also reads the file.
    public var repeats = 3
    public var threads = 0
    /// Slowest steps of the plans that are reported.
    public var slowestSteps = 0
    /// Whether requests may use what the file stores of the prompt and what earlier ones computed.
    public var reusesResults = true
    /// Files of adapters, two at most, that take turns; one takes turns with the model itself.
    public var adapters: [String] = []
    public init() {}
}

/// What one request takes.
public struct RequestReport: Sendable, Codable {
    public struct Stage: Sendable, Codable {
        public let name: String
        public let seconds: Measured
        /// Arithmetic of the plan at these sizes; zero where there is no plan.
        public let operations: Double
        /// Weights that have to be read.
        public let weightBytes: Double
        /// The least time that the measured roofline allows, over the time it took; nil where there is no plan.
        public let share: Double?
        /// How many of `unit` it did, and of what. Of a prompt only rows that were read count.
        public let count: Double
        public let unit: String
        public var perSecond: Double { count / seconds.median }
    }

    /// A step of a plan, in one more request, one beam.
    public struct StepTime: Sendable, Codable {
        public let part: String
        public let step: String
        public let kernel: String
        public let seconds: Double
        /// Of the time of all steps of all parts.
        public let portion: Double
    }

    /// The second request about a scene, with another text and another picture: from its start to its object tokens.
    public struct SameScene: Sendable, Codable {
        public let seconds: Measured
        public let objects: Int
        /// Objects whose embedding was there.
        public let reusedObjects: Int
        /// Whether the object tokens were there.
        public let reusesScene: Bool
    }

    /// A step of all beams beside one of a single beam, by turns.
    public struct BeamCost: Sendable, Codable {
        public let oneBeamSeconds: Measured
        /// The step of all beams over that of the turn's single beam.
        public let ratio: Measured
    }

    public struct Peaks: Sendable, Codable {
        public let f32OperationsPerSecond: Measured
        /// Pairs of bfloat16; nil where the CPU has no instruction for them.
        public let bf16OperationsPerSecond: Measured?
        /// Products of quantised rows with weights of 8 and of 4 bits; see docs/cli.md.
        public let i8OperationsPerSecond, i4OperationsPerSecond: Measured
        /// Where the weights of the language model fit.
        public let weightsLevel: String
        /// Reading a buffer of its own there.
        public let bytesPerSecond: Measured
        /// Reading the weights of the language model themselves: they may lie in faster or slower memory than a buffer.
        public let weightBytesPerSecond: Measured
    }

    public let model: String
    public let fileBytes: Int
    public let machine: Machine
    public let threads: Int
    public let openingSeconds: Double
    public let promptTokens: Int
    /// Rows of the prompt that a request reads; the others are stored in the file, or kept from the request before.
    public let rowsRead: Int
    public let objects: Int
    public let beams: Int
    /// Decoding steps of a request, each one token of every beam.
    public let steps: Int
    /// The first request's seconds: its weights may still be on the disk.
    public let firstSeconds: Double
    public let stages: [Stage]
    public let total: Measured
    /// Nil where requests may use nothing of earlier ones.
    public let sameScene: SameScene?
    /// Nil for one beam, or one new token.
    public let beamCost: BeamCost?
    /// Turning to the other adapter between two requests; nil without adapters.
    public let adapterSwap: Measured?
    public let peaks: Peaks
    public let weightBytesPerToken: Double
    public let peakResidentBytes: Int
    /// Read from storage until the first answer, and in all; nil where the system does not say.
    public let storageBytesReadFirst: Int?
    public let storageBytesRead: Int?
    public let slowestSteps: [StepTime]

    public func stage(_ name: String) -> Stage? { stages.first { $0.name == name } }
}
