/// Who makes and who reads each value; computed once per pass.
package struct Uses {
    /// Node that computes a value.
    private var producers: ValueTable<Int>
    /// Nodes that read a value or a part of it, in order: those of value `i` are `readerList[starts[i]..<starts[i + 1]]`.
    private var readerList: [Int]
    private var starts: [Int]
    private var outputs: ValueTable<Void>

    package init(_ graph: Graph) {
        producers = ValueTable(graph)
        outputs = ValueTable(graph)
        for (_, id) in graph.outputs { outputs[graph.root(of: id)] = () }
        let count = graph.values.count
        // Each value's readers are counted first; then each start moves on as the readers are put in their places.
        starts = Array(repeating: 0, count: count + 2)
        for index in graph.nodes.indices {
            for output in graph.nodes[index].outputs { producers[output] = index }
            for input in graph.nodes[index].inputs { starts[graph.root(of: input).index + 2] += 1 }
        }
        for value in 0..<count { starts[value + 2] += starts[value + 1] }
        readerList = Array(repeating: 0, count: starts[count + 1])
        for index in graph.nodes.indices {
            for input in graph.nodes[index].inputs {
                let value = graph.root(of: input).index
                readerList[starts[value + 1]] = index
                starts[value + 1] += 1
            }
        }
    }

    package func producer(of id: ValueID) -> Int? { producers[id] }

    package func readers(of id: ValueID) -> ArraySlice<Int> {
        id.index + 2 < starts.count ? readerList[starts[id.index]..<starts[id.index + 1]] : []
    }
    package func lastReader(of id: ValueID) -> Int? { readers(of: id).last }
    package func isOutput(_ id: ValueID) -> Bool { outputs[id] != nil }

    /// The one node that reads `id`, or nil when several do or the caller of the plan does.
    package func onlyReader(of id: ValueID) -> Int? {
        let list = readers(of: id)
        return list.count == 1 && !isOutput(id) ? list.first : nil
    }
}
