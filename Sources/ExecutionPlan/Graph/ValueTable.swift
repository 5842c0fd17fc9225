/// Something known of some values of a graph, found by their number: values are counted from zero, so no hash is needed.
package struct ValueTable<Element> {
    private var elements: [Element?] = []

    package init() {}

    /// With room for the values of a graph.
    package init(_ graph: Graph) { elements = Array(repeating: nil, count: graph.values.count) }

    package subscript(_ id: ValueID) -> Element? {
        get { id.index < elements.count ? elements[id.index] : nil }
        set {
            if id.index >= elements.count {
                elements.append(contentsOf: repeatElement(nil, count: id.index + 1 - elements.count))
            }
            elements[id.index] = newValue
        }
    }

    package subscript(_ id: ValueID, default fallback: @autoclosure () -> Element) -> Element {
        get { self[id] ?? fallback() }
        set { self[id] = newValue }
    }

    /// The values of which something is known, in their order.
    package var keys: [ValueID] { elements.indices.filter { elements[$0] != nil }.map { ValueID(index: $0) } }

    /// What is known, in the order of the values.
    package var known: [Element] { elements.compactMap { $0 } }

    package func mapElements<Other>(_ transform: (Element) -> Other) -> ValueTable<Other> {
        var other = ValueTable<Other>()
        other.elements = elements.map { $0.map(transform) }
        return other
    }
}

extension ValueTable: Sendable where Element: Sendable {}
