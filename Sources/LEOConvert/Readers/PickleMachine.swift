/// Reads one pickle, protocols 0 to 5, into nodes. An allow-list interpreter: `PickleGlobal` lists all that a pickle
/// may name, and `PickleMachine+Calls.swift` says what is built from it. No code of the pickle runs.
///
/// Work and memory are bounded by the bytes of the pickle and by `valueLimit`, whatever the pickle says.
///
/// - Source: CPython Lib/pickletools.py (opcodes), Lib/pickle.py (their meaning)
final class PickleMachine {
    /// Values pushed, copied or made. A checkpoint of 5000 tensors needs about 200 000.
    static let valueLimit = 16_000_000
    static let nodeLimit = 4_000_000

    var input: PickleInput
    var file: String { input.file }
    private(set) var nodes: [PickleNode] = []
    /// Nodes that are bound to bytes once the pickle is read.
    private(set) var tensors: [Int] = []
    private(set) var arrays: [PickleArray] = []
    /// The next two serve `identity(of:)` and `_codecs.encode`: the same text is hashed or encoded once.
    var textNumbers: [Int: Int] = [:]
    var numberOfText: [[UInt8]: Int] = [:]
    var encoded: [Int: Int] = [:]
    /// Whether persistent ids are storages of this file. A bare pickle has none.
    let hasStorages: Bool

    private var stack: [PickleRaw] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleRaw] = [:]
    private var values = 0

    init(_ input: PickleInput, hasStorages: Bool) {
        self.input = input
        self.hasStorages = hasStorages
    }

    /// Runs to STOP.
    static func read(
        _ input: PickleInput, hasStorages: Bool
    ) throws -> (machine: PickleMachine, document: PickleDocument) {
        let machine = PickleMachine(input, hasStorages: hasStorages)
        let root = try machine.run()
        for array in machine.arrays { try machine.bind(array) }
        let bytes = MemoryBytes(machine.input.bytes)
        let document = PickleDocument(
            file: input.file, root: root, bytes: bytes, nodes: machine.nodes, end: machine.input.position)
        return (machine, document)
    }

    // MARK: Values

    func malformed(_ expected: String, _ found: String) -> CheckpointError { input.malformed(expected, found) }

    /// Pays for `count` values.
    func charge(_ count: Int) throws {
        // Subtracting cannot overflow; an array of empty texts may claim any number of them.
        guard count <= Self.valueLimit - values else {
            throw CheckpointError.tooLarge(file: file, field: "pickle", limit: Self.valueLimit, found: "more values")
        }
        values += count
    }

    func make(_ node: PickleNode) throws -> PickleRaw {
        guard nodes.count < Self.nodeLimit else {
            throw CheckpointError.tooLarge(file: file, field: "pickle", limit: Self.nodeLimit, found: "more objects")
        }
        if case .tensor = node { tensors.append(nodes.count) }
        if case .array(let array) = node { arrays.append(array) }
        nodes.append(node)
        return .node(nodes.count - 1)
    }

    func replace(_ index: Int, with node: PickleNode) { nodes[index] = node }

    func node(_ raw: PickleRaw) -> PickleNode? { if case .node(let index) = raw { nodes[index] } else { nil } }

    func contents(_ text: PickleText) -> ArraySlice<UInt8> {
        switch text {
        case .place(let range): input.bytes[range]
        case .own(let own): own.bytes[own.range]
        }
    }

    /// A value in words, for error lines.
    func describe(_ raw: PickleRaw) -> String {
        switch raw {
        case .none: return "None"
        case .bool(let value): return value ? "True" : "False"
        case .int(let value): return "the integer \(value)"
        case .double(let value): return "the float \(value)"
        case .node(let index):
            switch nodes[index] {
            case .string(let text):
                return "the text \(quoted(String(decoding: contents(text).prefix(200), as: UTF8.self)))"
            case .bytes: return "bytes"
            case .bigInteger: return "a big integer"
            case .sequence(let sequence): return "a \(sequence.kind) of \(sequence.items.count)"
            case .dictionary: return "a dictionary"
            case .global(let global): return "\(global)"
            case .storage: return "a storage"
            case .tensor: return "a tensor"
            case .numpyType: return "a dtype"
            case .array: return "an array"
            case .device: return "a device"
            }
        }
    }

    // MARK: Stack

    func push(_ value: PickleRaw) throws {
        try charge(1)
        stack.append(value)
    }

    func push(_ node: PickleNode) throws { try push(make(node)) }

    /// Values below the last mark are out of reach, as in Python.
    private var floor: Int { marks.last ?? 0 }

    func pop() throws -> PickleRaw {
        guard stack.count > floor, let value = stack.popLast() else { throw malformed("a value on the stack", "none") }
        return value
    }

    private func top() throws -> PickleRaw {
        guard stack.count > floor, let value = stack.last else { throw malformed("a value on the stack", "none") }
        return value
    }

    private func popToMark() throws -> [PickleRaw] {
        guard let mark = marks.popLast() else { throw malformed("a mark on the stack", "none") }
        defer { stack.removeSubrange(mark...) }
        try charge(stack.count - mark)
        return Array(stack[mark...])
    }

    // MARK: The loop

    private func run() throws -> PickleRaw {
        while true {
            let code = try input.byte()
            guard let opcode = PickleOpcode(rawValue: code) else {
                throw malformed("an opcode", "0x" + String(code, radix: 16))
            }
            if opcode == .stop { return try pop() }
            try perform(opcode)
        }
    }

    private func perform(_ opcode: PickleOpcode) throws {
        switch opcode {
        case .stop: break
        case .proto:
            let version = try input.byte()
            guard version <= 5 else {
                throw CheckpointError.unsupported(file: file, field: "pickle", found: "protocol \(version)")
            }
        case .frame: _ = try input.number(8)
        case .mark:
            marks.append(stack.count)
            try charge(1)
        case .pop:
            if stack.count > floor { stack.removeLast() } else { _ = try popToMark() }
        case .popMark: _ = try popToMark()
        case .dup: try push(top())

        case .none: try push(.none)
        case .newTrue: try push(.bool(true))
        case .newFalse: try push(.bool(false))
        case .int, .long, .long1, .long4, .binInt, .binInt1, .binInt2, .float, .binFloat: try pushNumber(opcode)
        case .string, .binString, .shortBinString, .unicode, .binUnicode, .shortBinUnicode, .binUnicode8, .binBytes,
            .shortBinBytes, .binBytes8, .byteArray8:
            try pushText(opcode)

        case .emptyList: try push(.sequence(PickleSequence(.list)))
        case .emptyTuple: try push(.sequence(PickleSequence(.tuple)))
        case .emptySet: try push(.sequence(PickleSequence(.set)))
        case .emptyDict: try push(.dictionary(PickleDictionary()))
        case .list: try push(.sequence(PickleSequence(.list, popToMark())))
        case .tuple: try push(.sequence(PickleSequence(.tuple, popToMark())))
        case .frozenSet: try push(.sequence(PickleSequence(.set, popToMark())))
        case .tuple1, .tuple2, .tuple3:
            var items: [PickleRaw] = []
            for _ in 0..<(opcode == .tuple1 ? 1 : opcode == .tuple2 ? 2 : 3) { items.append(try pop()) }
            try push(.sequence(PickleSequence(.tuple, items.reversed())))
        case .dict:
            let dictionary = PickleDictionary()
            try set(popToMark(), in: dictionary)
            try push(.dictionary(dictionary))
        case .append: try append([pop()], to: top(), kind: .list)
        case .appends: try append(popToMark(), to: top(), kind: .list)
        case .addItems: try append(popToMark(), to: top(), kind: .set)
        case .setItem:
            let value = try pop()
            let key = try pop()
            try set([key, value], in: dictionary(top()))
        case .setItems: try set(popToMark(), in: dictionary(top()))

        case .get: try recall(memoKey(input.lineText()))
        case .binGet: try recall(Int(input.byte()))
        case .longBinGet: try recall(Int(input.number(4)))
        case .put: try remember(memoKey(input.lineText()))
        case .binPut: try remember(Int(input.byte()))
        case .longBinPut: try remember(Int(input.number(4)))
        case .memoize: try remember(memo.count)

        case .global:
            let module = try input.lineText()
            let name = try input.lineText()
            try push(.global(PickleGlobal.lookUp(module: module, name: name, file: file)))
        case .stackGlobal:
            let name = try text(pop())
            let module = try text(pop())
            try push(.global(PickleGlobal.lookUp(module: module, name: name, file: file)))
        case .inst:
            let module = try input.lineText()
            let name = try input.lineText()
            let global = try PickleGlobal.lookUp(module: module, name: name, file: file)
            try push(call(global, popToMark()))
        case .obj:
            let items = try popToMark()
            guard let first = items.first, case .global(let global)? = node(first) else {
                throw malformed("a class after the mark", "something else")
            }
            try push(call(global, Array(items.dropFirst())))
        case .reduce, .newObj:
            let arguments = try sequence(pop(), "arguments")
            let callee = try pop()
            guard case .global(let global)? = node(callee) else {
                throw malformed("a class or function", describe(callee))
            }
            try charge(arguments.count)
            try push(call(global, arguments))
        case .newObjEx:
            throw CheckpointError.unsupported(
                file: file, field: "pickle", found: "an object made with keyword arguments")
        case .build:
            let state = try pop()
            try build(top(), state)
        case .ext1, .ext2, .ext4:
            throw CheckpointError.forbidden(file: file, global: "an object of the extension registry")
        case .persID:
            throw CheckpointError.unsupported(file: file, field: "pickle", found: "a persistent id in text form")
        case .binPersID: try push(.storage(storage(pop())))
        case .nextBuffer, .readOnlyBuffer:
            throw CheckpointError.unsupported(file: file, field: "pickle", found: "a buffer outside the pickle")
        }
    }

    // MARK: Memo

    private func memoKey(_ text: String) throws -> Int {
        guard let key = Int(text), key >= 0 else { throw malformed("a memo number", quoted(text)) }
        return key
    }

    private func recall(_ key: Int) throws {
        guard let value = memo[key] else { throw malformed("a memo that was set", "number \(key), which was not") }
        try push(value)
    }

    private func remember(_ key: Int) throws {
        try charge(1)
        memo[key] = try top()
    }

    // MARK: Containers

    private func append(_ items: [PickleRaw], to target: PickleRaw, kind: PickleSequence.Kind) throws {
        guard case .sequence(let sequence)? = node(target), sequence.kind == kind else {
            throw malformed("a \(kind) to add to", describe(target))
        }
        sequence.items += items
    }

    private func dictionary(_ raw: PickleRaw) throws -> PickleDictionary {
        guard case .dictionary(let dictionary)? = node(raw) else { throw malformed("a dictionary", describe(raw)) }
        return dictionary
    }

    private func set(_ items: [PickleRaw], in dictionary: PickleDictionary) throws {
        guard items.count.isMultiple(of: 2) else { throw malformed("keys with values", "\(items.count) items") }
        for index in stride(from: 0, to: items.count, by: 2) {
            dictionary.set(items[index], items[index + 1], identity: try identity(of: items[index]))
        }
    }
}
