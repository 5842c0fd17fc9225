/// A quantity that is known only when a plan runs, but bounded when it is compiled: the number of objects, of tokens.
public struct Symbol: Sendable, Hashable {
    public let name: String
    /// Position in the table of symbol values that a run is given.
    package let index: Int
    /// The largest value a run may bind.
    public let upperBound: Int

    package init(name: String, index: Int, upperBound: Int) {
        self.name = name
        self.index = index
        self.upperBound = upperBound
    }
}

/// One dimension of a value: fixed, or an expression of symbols that never decreases when a symbol grows.
public indirect enum Extent: Sendable, Hashable, CustomStringConvertible {
    case fixed(Int)
    case symbol(Symbol)
    case sum(Extent, Extent)
    case product(Extent, Extent)

    /// The value for the given symbol table.
    package func value(_ symbols: UnsafePointer<Int>) -> Int {
        switch self {
        case .fixed(let value): value
        case .symbol(let symbol): symbols[symbol.index]
        case .sum(let a, let b): saturatingSum(a.value(symbols), b.value(symbols))
        case .product(let a, let b): saturatingProduct(a.value(symbols), b.value(symbols))
        }
    }

    /// The largest value it can take.
    package var upperBound: Int {
        switch self {
        case .fixed(let value): value
        case .symbol(let symbol): symbol.upperBound
        case .sum(let a, let b): saturatingSum(a.upperBound, b.upperBound)
        case .product(let a, let b): saturatingProduct(a.upperBound, b.upperBound)
        }
    }

    package var fixedValue: Int? {
        if case .fixed(let value) = self { value } else { nil }
    }

    package static func + (a: Extent, b: Extent) -> Extent {
        switch (a, b) {
        case (.fixed(let x), .fixed(let y)): .fixed(saturatingSum(x, y))
        case (.fixed(0), let other), (let other, .fixed(0)): other
        default: .sum(a, b)
        }
    }

    package static func * (a: Extent, b: Extent) -> Extent {
        switch (a, b) {
        case (.fixed(let x), .fixed(let y)): .fixed(saturatingProduct(x, y))
        case (.fixed(1), let other), (let other, .fixed(1)): other
        default: .product(a, b)
        }
    }

    public var description: String {
        switch self {
        case .fixed(let value): "\(value)"
        case .symbol(let symbol): "\(symbol.name)≤\(symbol.upperBound)"
        case .sum(let a, let b): "(\(a)+\(b))"
        case .product(let a, let b): "\(a)·\(b)"
        }
    }
}

/// Sizes come from configurations, which anyone can write: those beyond an `Int` stay at its maximum, and no plan holds them.
func saturatingSum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
}

func saturatingProduct(_ a: Int, _ b: Int) -> Int {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? .max : product
}

extension Extent: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self = .fixed(value) }
}

extension Sequence<Extent> {
    package var product: Extent { reduce(.fixed(1), *) }
}
