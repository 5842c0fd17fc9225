/// How a constant of a graph is made from the parameters of a model.
///
/// Passes turn parameters into what the kernels read: a batch normalisation folded into a weight, rows put behind each
/// other, a packed layout. The converter evaluates recipes once and stores the results under `name`; a plan that is
/// compiled later asks for the same recipes and finds them in the file. So nothing is folded or repacked at load.
package indirect enum Recipe: Sendable, Hashable {
    /// A parameter as the checkpoint has it.
    case parameter(name: String, shape: [Int])
    /// weight · gamma / sqrt(variance + epsilon), row by row.
    case normalisedWeight(Recipe, gamma: Recipe, variance: Recipe, epsilon: Double)
    /// beta - mean · gamma / sqrt(variance + epsilon).
    case normalisedBias(of: Recipe, gamma: Recipe, beta: Recipe, mean: Recipe, variance: Recipe, epsilon: Double)
    /// Rows of several matrices behind each other.
    case concatenated([Recipe])
    /// Element by element; all have the same number of elements.
    case sum([Recipe])
    /// One row of a matrix as a vector.
    case row(Recipe, Int)
    case reshaped(Recipe, [Int])
    /// A convolution weight [out, in, p, p] as [out, p · p · in], columns ordered (dy, dx, in).
    case patchOrdered(Recipe)
    /// A depthwise weight [channels, 1, k, k] as [k, k, channels].
    case channelsLast(Recipe)
    /// A matrix in panels of 16 rows, in the element type that the source stores.
    case packed(Recipe)
    /// cos (or sin) of position · theta^(-2i/d), [positions, d/2]. Computed, never stored.
    case rotary(sine: Bool, positions: Int, dimension: Int, theta: Double)

    package var shape: [Int] {
        switch self {
        case .parameter(_, let shape), .reshaped(_, let shape): return shape
        case .normalisedWeight(let inner, _, _, _), .packed(let inner): return inner.shape
        case .normalisedBias(_, let gamma, _, _, _, _): return gamma.shape
        case .concatenated(let parts):
            return [parts.reduce(0) { $0 + $1.shape[0] }] + Array(parts.first?.shape.dropFirst() ?? [])
        case .sum(let parts): return parts.first?.shape ?? []
        case .row(let inner, _): return Array(inner.shape.dropFirst())
        case .patchOrdered(let inner):
            let shape = inner.shape
            return [shape[0], shape.dropFirst().reduce(1, *)]
        case .channelsLast(let inner):
            let shape = inner.shape
            return [shape[2], shape[3], shape[0]]
        case .rotary(_, let positions, let dimension, _): return [positions, dimension / 2]
        }
    }

    /// The name of the result in a `.leo` file; unique within a model.
    package var name: String {
        switch self {
        case .parameter(let name, _): name
        case .normalisedWeight(let weight, _, _, _): weight.name + ".normalised"
        case .normalisedBias(let weight, _, _, _, _, _): weight.name + ".normalised_bias"
        case .concatenated(let parts): parts.map(\.name).joined(separator: "+")
        case .sum(let parts): parts.map(\.name).joined(separator: "+") + ".sum"
        case .row(let inner, let index): "\(inner.name)[\(index)]"
        case .reshaped(let inner, _), .patchOrdered(let inner), .channelsLast(let inner), .packed(let inner): inner.name
        case .rotary(let sine, let positions, let dimension, let theta):
            "rotary.\(sine ? "sin" : "cos").\(positions)x\(dimension).\(theta)"
        }
    }

    package var isPacked: Bool { if case .packed = self { true } else { false } }

    /// True where the value follows from its own attributes and is not worth storing.
    package var isComputed: Bool { if case .rotary = self { true } else { false } }

    /// Every parameter it is made of.
    package var parameters: [(name: String, shape: [Int])] {
        switch self {
        case .parameter(let name, let shape): [(name, shape)]
        case .normalisedWeight(let weight, let gamma, let variance, _):
            weight.parameters + gamma.parameters + variance.parameters
        case .normalisedBias(_, let gamma, let beta, let mean, let variance, _):
            gamma.parameters + beta.parameters + mean.parameters + variance.parameters
        case .concatenated(let parts), .sum(let parts): parts.flatMap(\.parameters)
        case .row(let inner, _), .reshaped(let inner, _), .patchOrdered(let inner), .channelsLast(let inner), .packed(let inner):
            inner.parameters
        case .rotary: []
        }
    }
}

