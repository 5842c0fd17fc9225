package import ExecutionPlan
package import LEOTensor

/// One cache of the language plan: what a layer keeps of every row it has read.
package struct CacheForm: Sendable, Equatable {
    /// As in the graph: `layers.3.keys`.
    package let name: String
    package let elementType: ElementType
    /// Of one cell: heads of keys and values, and their width.
    package let cellShape: [Int]

    package var cellByteCount: Int { cellShape.reduce(elementType.byteCount, *) }
}

/// What the language plan keeps of the beginning of a prompt, computed earlier: a runner that starts with it reads only the
/// rest. It belongs to the weights, adapter and kernels it was computed with.
package struct PromptPrefix: Sendable {
    /// BOS first; token i stands at position i.
    package let tokens: [Int32]
    /// One for each cache, in the order of `CacheForm`: [tokens, cell].
    package let states: [Tensor]

    /// - Precondition: every state holds a cell for each token
    package init(tokens: [Int32], states: [Tensor]) {
        precondition(states.allSatisfy { $0.shape.first == tokens.count }, "a cell for each token")
        self.tokens = tokens
        self.states = states
    }

    // MARK: In a file

    /// Everything of a stored prefix has a name that begins so; it follows from the other tensors.
    package static let namePrefix = "prefix."
    /// i32 [tokens].
    package static let tokensName = namePrefix + "tokens"
    /// u8 [16]: hexadecimal digits that stand for the weights.
    package static let weightsName = namePrefix + "weights"
    /// u8 [16]: hexadecimal digits that stand for the kernels.
    package static let kernelsName = namePrefix + "kernels"
    package static func stateName(_ form: CacheForm) -> String { namePrefix + form.name }

    /// What the digits of `weightsName` are the XXH64 of: what shapes do not say of the language model, base, and a line for each
    /// tensor by name. The name of the model is none of it.
    ///
    /// - Parameter tensors: name, and `type layout axes checksum` as in the fingerprint of a file.
    package static func weightsText(
        configuration: ModelConfiguration, base: String?, tensors: some Sequence<(name: String, line: String)>
    ) -> String {
        let lines = tensors.filter { !$0.name.hasPrefix(namePrefix) }.sorted { $0.name < $1.name }
        let language = configuration.language
        let settings = "\(language.numAttentionHeads) \(language.numKeyValueHeads) \(language.rmsNormEpsilon) \(language.ropeTheta) "
            + "\(configuration.lora?.alpha ?? 0)"
        return settings + "\n" + (base.map { "base \($0)\n" } ?? "") + lines.map { "\($0.name) \($0.line)\n" }.joined()
    }

    /// What the digits of `kernelsName` are the XXH64 of. Other kernels round otherwise.
    package static func kernelsText(_ plan: Plan) -> String {
        "\(roundingRevision)\n" + plan.steps.map { $0.kernelName + "\n" }.joined()
    }

    /// Counts the changes of what kernels of a name compute, to the bit.
    private static let roundingRevision = 2
}

extension Graph {
    /// Makes the states readable and writable by name between runs.
    mutating func exposeStates() {
        var seen = Set<ValueID>()
        for id in nodes.flatMap(\.inputs) {
            if case .state = self[id].kind, seen.insert(id).inserted { output(self[id].name, id) }
        }
    }

    /// The exposed states, in order.
    var exposedStates: [CacheForm] {
        outputs.compactMap { name, id in
            guard case .state = self[id].kind else { return nil }
            let type = type(id)
            return CacheForm(name: name, elementType: type.elementType, cellShape: type.shape.dropFirst().map(\.upperBound))
        }
    }
}

extension Network {
    /// The caches of a model, in the order of its layers.
    package static func cacheForms(_ configuration: ModelConfiguration, cacheType: ElementType) throws(GraphError) -> [CacheForm] {
        try languageGraph(configuration, cacheType: cacheType, exposesCaches: true).exposedStates
    }

    /// The same of this network; empty if it does not expose them.
    package var cacheForms: [CacheForm] { language.graph.exposedStates }
}
