import Foundation
import LEOTensor

/// A checkpoint in several files, held together by `model.safetensors.index.json` or `pytorch_model.bin.index.json`.
struct ShardedCheckpoint: CheckpointReader {
    let path: String
    let formatName: String
    let tensors: [CheckpointTensor]
    let scalars: [(name: String, value: CheckpointScalar)] = []
    let tiedGroups: [[String]]
    private let shards: [String: any CheckpointReader]

    private static let indexLimit = 100_000_000

    /// Opens the index and all shards it names, which lie beside it. Tensors that a shard holds but the index does not
    /// name are no part of the checkpoint.
    static func open(_ file: CheckpointFile) throws -> ShardedCheckpoint {
        let path = file.path
        func malformed(_ field: String, _ expected: String, _ found: String) -> CheckpointError {
            .malformed(file: path, field: field, expected: expected, found: found)
        }
        guard file.byteCount <= indexLimit else {
            throw CheckpointError.tooLarge(
                file: path, field: "index", limit: indexLimit, found: "\(file.byteCount) bytes")
        }
        let json = try StrictJSON.parse(file.bytes(count: file.byteCount), file: path, field: "index")
        guard case .object(let members) = json else { throw malformed("index", "an object", json.kind) }
        guard let map = members.first(where: { $0.key == "weight_map" })?.value else {
            throw CheckpointError.unrecognized(file: path, found: "JSON without a weight_map")
        }
        guard case .object(let entries) = map else { throw malformed("weight_map", "an object", map.kind) }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        var byName: [String: any CheckpointReader] = [:]
        var entriesOfShard: [String: [String: CheckpointTensor]] = [:]
        var shards: [String: any CheckpointReader] = [:]
        var tensors: [CheckpointTensor] = []
        for (name, value) in entries {
            guard case .string(let shard) = value else {
                throw malformed("weight_map \(quoted(name))", "a file name", value.kind)
            }
            guard !shard.isEmpty, shard != ".", shard != "..",
                !shard.utf8.contains(where: { $0 == 0 || $0 == 0x2f || $0 == 0x5c })
            else { throw malformed("weight_map \(quoted(name))", "the name of a file beside the index", quoted(shard)) }
            if byName[shard] == nil {
                let shardFile = try CheckpointFile(path: folder.appendingPathComponent(shard).path)
                let reader = try openShard(shardFile)
                byName[shard] = reader
                entriesOfShard[shard] = Dictionary(uniqueKeysWithValues: reader.tensors.map { ($0.name, $0) })
            }
            guard let entry = entriesOfShard[shard]?[name] else {
                throw CheckpointError.missing(file: path, field: "tensor \(quoted(name)) in \(quoted(shard))")
            }
            tensors.append(entry)
            shards[name] = byName[shard]
        }
        let ties = byName.sorted { $0.key < $1.key }.flatMap { file, reader in
            reader.tiedGroups.map { $0.filter { shards[$0]?.path == reader.path } }.filter { $0.count > 1 }
        }
        let formats = Set(byName.values.map(\.formatName)).sorted().joined(separator: " and ")
        return ShardedCheckpoint(
            path: path, formatName: "\(byName.count) shards of \(formats)", tensors: tensors, tiedGroups: ties,
            shards: shards)
    }

    /// A shard may be any single-file format, but not another index: indices that name each other would never end.
    private static func openShard(_ file: CheckpointFile) throws -> any CheckpointReader {
        let format = try CheckpointFormat.of(file)
        guard format != .index else {
            throw CheckpointError.unsupported(file: file.path, field: "shard", found: "an index within an index")
        }
        return try format.open(file)
    }

    private func shard(of name: String) throws -> any CheckpointReader {
        guard let shard = shards[name] else {
            throw CheckpointError.missing(file: path, field: "tensor \(quoted(name))")
        }
        return shard
    }

    func withRows(of name: String, _ rows: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try shard(of: name).withRows(of: name, rows, body)
    }

    func tensor(named name: String) throws -> Tensor { try shard(of: name).tensor(named: name) }
}
