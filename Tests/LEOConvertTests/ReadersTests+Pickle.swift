import Foundation
import LEOConvert
import LEOTensor
import TestSupport
import Testing

/// The pickle interpreter: what it builds, what it refuses, what hostile pickles cost.
@Suite("Readers: pickle")
struct ReadersPickleTests {
    static func load(_ bytes: [UInt8]) throws -> PickleValue {
        try ReadersTests.write(bytes, as: "x.pkl") { try loadPickle(path: $0) }
    }

    static func error(_ bytes: [UInt8]) throws -> CheckpointError? { try ReadersTests.error(bytes, as: "x.pkl") }

    @Test func protocolZeroIsRead() throws {
        // pickle.dumps({'a': [1, 2.5, True, None, 2**70, -3], u'\u20acx\\': ('s\n\x07',)}, 0), in Python 2 style
        let text =
            "(dp0\nS'a'\np1\n(lp2\nI1\naF2.5\naI01\naNaL1180591620717411303424L\naL-3L\nasV\\u20acx\\u005c\np3\n(S's\\n\\x07'\np4\ntp5\ns."
        let value = try Self.load(Array(text.utf8))
        let list = try #require(value[key: "a"]?.items)
        #expect(list.count == 6)
        #expect(
            list[0].int == 1 && list[1].double == 2.5 && list[2].bool == true && list[3].isNone && list[5].int == -3)
        guard case .bigInteger("1180591620717411303424") = list[4].kind else {
            Issue.record("not a big integer")
            return
        }
        #expect(value[key: "€x\\"]?[index: 0]?.string == "s\n\u{7}")
    }

    @Test(arguments: [
        ([UInt8](), 0), ([0x80], -128), ([0xff, 0x00], 255), ([0, 0, 0, 0, 0, 0, 0, 0x80], Int.min),
        ([255, 255, 255, 255, 255, 255, 255, 127, 0], Int.max),
    ])
    func longIntegersAreTwosComplement(bytes: [UInt8], value: Int) throws {
        #expect(try Self.load(Build.pickle([0x8a, UInt8(bytes.count)] + bytes)).int == value)
    }

    @Test func containersKeepOrderAndSharing() throws {
        // {'b': L, 'a': L, 'b': (1,)} with L = [1, {2}]: the second 'b' keeps the first place.
        let list: [UInt8] = [0x5d, 0x94] + [0x28, 0x4b, 1, 0x8f, 0x28, 0x4b, 2, 0x90, 0x65]
        let value = try Self.load(
            Build.pickle(
                [0x7d, 0x28] + Build.text("b") + list + Build.text("a") + [0x68, 0] + Build.text("b") + [
                    0x4b, 1, 0x85, 0x75,
                ], version: 4))
        let entries = try #require(value.entries)
        #expect(entries.map(\.key.string) == ["b", "a"])
        guard case .tuple(let replaced) = entries[0].value.kind, case .list(let items) = entries[1].value.kind,
            case .set(let members) = items[1].kind
        else {
            Issue.record("wrong kinds")
            return
        }
        #expect(replaced.map(\.int) == [1] && items[0].int == 1 && members.map(\.int) == [2])
    }

    @Test func equalKeysAreOneKey() throws {
        // {1: 'a', True: 'b', 1.0: 'c', (1, 'x'): 'd', (1, 'x'): 'e'}
        let key = Build.tuple([0x4b, 1], Build.text("x"))
        let value = try Self.load(
            Build.pickle(
                [0x7d, 0x28, 0x4b, 1] + Build.text("a") + [0x88] + Build.text("b") + [
                    0x47, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0,
                ] + Build.text("c")
                    + key + Build.text("d") + key + Build.text("e") + [0x75]))
        #expect(value.entries?.map(\.value.string) == ["c", "e"])
        #expect(value.entries?.first?.key.int == 1)
        #expect(try Self.error(Build.pickle([0x7d, 0x5d, 0x4e, 0x73])) != nil, "a list is no key")
    }

    @Test func namesThatMeanTwoValuesAreRefused() throws {
        let inner = Build.dictionary([("b", Build.int(1))])
        #expect(try Self.error(Build.pickle(Build.dictionary([("a.b", Build.int(1)), ("a", inner)]))) != nil)
    }

    @Test func emptyBytesOfProtocolTwo() throws {
        let empty = Build.global("__builtin__", "bytes") + [0x29, 0x52]
        let value = try Self.load(Build.pickle(Build.tuple(empty, Build.array("<f4", shape: [0, 3], data: empty))))
        guard case .bytes(let bytes)? = value[index: 0]?.kind else {
            Issue.record("not bytes")
            return
        }
        #expect(bytes.isEmpty)
        #expect(try value[index: 1]?.tensor()?.shape == [0, 3])
    }

    @Test func textArraysAndScalarsAreValues() throws {
        let texts = Build.array("|S2", shape: [2], data: Build.bytesLiteral([0x61, 0, 0x62, 0x63]))
        let scalar =
            Build.global("numpy._core.multiarray", "scalar")
            + Build.tuple(
                Build.global("numpy", "dtype") + Build.tuple(Build.text("u2"), [0x89], [0x88]) + [0x52],
                Build.bytesLiteral([1, 2])) + [0x52]
        let value = try Self.load(Build.pickle(Build.tuple(texts, scalar), version: 3))
        #expect(value[index: 0]?.items?.map(\.string) == ["a", "bc"])
        #expect(value[index: 1]?.int == 0x201)
    }

    @Test(arguments: [
        Build.global("os", "system"), Build.global("builtins", "getattr"), Build.global("torch", "load"),
        Build.global("torch.hub", "load"),
        Build.global("numpy", "load"), Build.global("torch", "Storage.x"),
        Build.global("collections", "OrderedDict.fromkeys"),
        Array("ios\nsystem\n".utf8), [0x82, 1], Build.global("numpy.core.multiarray", "fromfile"),
        Build.global("torch", "FloatTensor"),
    ])
    func otherNamesAreRefused(code: [UInt8]) throws {
        guard case .forbidden? = try Self.error(Build.pickle([0x28] + code + [0x29, 0x52])) else {
            Issue.record("not refused as forbidden")
            return
        }
    }

    @Test func wrongArgumentsOfAllowedNamesAreErrors() throws {
        let names = [
            ("collections", "OrderedDict"), ("collections", "defaultdict"), ("builtins", "set"),
            ("builtins", "bytearray"), ("_codecs", "encode"),
            ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor_v3"),
            ("torch._utils", "_rebuild_parameter"),
            ("torch._tensor", "_rebuild_from_type_v2"), ("torch", "Size"), ("torch", "device"),
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy.core.multiarray", "scalar"), ("numpy.core.numeric", "_frombuffer"), ("numpy", "dtype"),
            ("numpy", "ndarray"), ("torch", "FloatStorage"),
        ]
        let arguments: [[UInt8]] = [
            [0x4e], [0x4b, 1], Build.text("x"), [0x7d], [0x5d], [0x8f], [0x29], [0x88], Build.bytesLiteral([1]),
        ]
        for (module, name) in names {
            for argument in arguments {
                for count in 0...8 {
                    let code =
                        Build.global(module, name) + [0x28]
                        + [[UInt8]](repeating: argument, count: count).flatMap { $0 } + [0x74, 0x52]
                    try ReadersTests.write(Build.pickle(code + [0x29, 0x62], version: 4), as: "x.pkl") { path in
                        do { _ = try readEverything(path: path) } catch is CheckpointError {}
                    }
                }
            }
        }
    }

    // MARK: Bombs: each is a few kilobytes that Python would turn into gigabytes, hours or a crash

    @Test func chainBuiltFromTheTopIsTooDeep() throws {
        // Each list is put into the one before while empty, so depth shows only at the end.
        var code: [UInt8] = [0x5d, 0x94]
        for index in 0..<20_000 { code += [0x6a] + Build.little(UInt32(index)) + [0x5d, 0x94, 0x61, 0x30] }
        guard case .tooLarge? = try Self.error(Build.pickle(code + [0x68, 0], version: 4)) else {
            Issue.record("accepted")
            return
        }
    }

    @Test func cyclesAreRefused() throws {
        // A list in a tuple in itself; a dictionary in itself; an array of objects in itself.
        #expect(try Self.error(Build.pickle([0x5d, 0x94, 0x68, 0, 0x85, 0x61], version: 4)) != nil)
        #expect(try Self.error(Build.pickle([0x7d, 0x94] + Build.text("a") + [0x68, 0, 0x73], version: 4)) != nil)
        let objects = Build.array("|O", shape: [1], data: [0x5d, 0x94, 0x68, 0, 0x61])
        #expect(try Self.error(Build.pickle(objects, version: 4)) != nil)
    }

    @Test func repeatedCopiesAreBounded() throws {
        // One list of a thousand pairs, made into dictionaries again and again; one text encoded again and again.
        let pairs: [UInt8] = [0x5d, 0x28] + (0..<1000).flatMap { Build.int($0) + [0x4e, 0x86] } + [0x65, 0x94, 0x30]
        let again = Build.global("collections", "OrderedDict") + [0x68, 0, 0x85, 0x52, 0x30]
        let many = [[UInt8]](repeating: again, count: 20_000).flatMap { $0 }
        guard case .tooLarge? = try Self.error(Build.pickle(pairs + many + [0x4e], version: 4)) else {
            Issue.record("accepted")
            return
        }

        let text =
            Build.text(String(repeating: "é", count: 1 << 16)) + [0x94, 0x30] + Build.text("latin1") + [0x94, 0x30]
        let encode = Build.global("_codecs", "encode") + [0x68, 0, 0x68, 1, 0x86, 0x52, 0x30]
        let value = try Self.load(
            Build.pickle(text + [[UInt8]](repeating: encode, count: 20_000).flatMap { $0 } + [0x4b, 5], version: 4))
        #expect(value.int == 5)
    }

    @Test func sharedTreeKeepsSharingButHasNoNames() throws {
        // 40 levels of [x, x]: 2^40 leaves.
        var code: [UInt8] = [0x4e, 0x85, 0x94]
        for level in 0..<40 { code += [0x68, UInt8(level), 0x86, 0x94] }
        let file = Build.pickle(code, version: 4)
        #expect(try Self.load(file).items?.count == 2)
        guard case .tooLarge? = try Self.error(file) else {
            Issue.record("named")
            return
        }
    }

    @Test func arrayOfCountlessEmptyTextsIsRefused() throws {
        let huge: [UInt8] = [0x8a, 8, 255, 255, 255, 255, 255, 255, 255, 127, 0x85]
        var array = Build.array("|S0", shape: [1], data: Build.bytesLiteral([]))
        let place = try #require(array.indices.last { array[$0...].starts(with: Build.ints([1])) })
        array.replaceSubrange(place..<place + Build.ints([1]).count, with: huge)
        guard case .tooLarge? = try Self.error(Build.pickle(array, version: 4)) else {
            Issue.record("accepted")
            return
        }
    }

    @Test func longKeysOverManyLeavesAreBounded() throws {
        let inner = [0x5d, 0x28] + [UInt8](repeating: 0x4e, count: 100_000) + [0x65]
        let file = Build.pickle(Build.dictionary([(String(repeating: "k", count: 100_000), inner)]))
        guard case .tooLarge? = try Self.error(file) else {
            Issue.record("accepted")
            return
        }
    }
}
