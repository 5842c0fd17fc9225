import Foundation
import LEOConvert

/// Any format, as `openCheckpoint` finds it.
func fuzzCheckpoint(_ bytes: UnsafeRawBufferPointer) { readCheckpoint(Array(bytes), ending: "bin") }

func fuzzSafetensors(_ bytes: UnsafeRawBufferPointer) { readCheckpoint(Array(bytes), ending: "safetensors") }

/// Bare pickles of every protocol and PyTorch's legacy files.
func fuzzPickle(_ bytes: UnsafeRawBufferPointer) { readCheckpoint(Array(bytes), ending: "pkl") }

/// A PyTorch archive around the input: the first two bytes say where the pickle ends and its storage begins.
func fuzzTorch(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 2 else { return }
    let split = min(2 + Int(bytes[0]) + Int(bytes[1]) << 8, bytes.count)
    let pickle = Array(bytes[2..<split])
    let storage = Array(bytes[split...])
    readCheckpoint(
        zipArchive([
            ("archive/data.pkl", pickle), ("archive/byteorder", Array("little".utf8)), ("archive/data/0", storage),
            ("archive/data/1", storage), ("archive/version", Array("3\n".utf8)),
        ]), ending: "pt")
}

/// An array, or with an odd first byte an archive of arrays: two sizes of two bytes, then the members.
func fuzzNumpy(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 5, bytes[0] & 1 == 1, bytes[0] != 0x93 else { return readCheckpoint(Array(bytes), ending: "npy") }
    let first = min(5 + Int(bytes[1]) + Int(bytes[2]) << 8, bytes.count)
    let second = min(first + Int(bytes[3]) + Int(bytes[4]) << 8, bytes.count)
    let names =
        bytes[0] & 2 == 0
        ? ["a.npy", "b.npy", "c.npy"] : bytes[0] & 4 == 0 ? ["data.npy", "indices.npy", "indptr.npy"] : ["data.npy", "row.npy", "col.npy"]
    let format: [UInt8] = Array(bytes[0] & 8 == 0 ? "csr".utf8 : bytes[0] & 4 == 0 ? "csc".utf8 : "coo".utf8)
    var members = [
        (names[0], Array(bytes[5..<first])), (names[1], Array(bytes[first..<second])), (names[2], Array(bytes[second...])),
    ]
    if bytes[0] & 2 != 0 {
        members.append(("format.npy", numpyArray("'|S3'", shape: "()", format)))
        members.append(("shape.npy", numpyArray("'<i8'", shape: "(2,)", little(Int64(bytes[0] >> 4)) + little(Int64(3)))))
    }
    readCheckpoint(zipArchive(members), ending: "npz")
}

private func numpyArray(_ type: String, shape: String, _ bytes: [UInt8]) -> [UInt8] {
    var header = "{'descr': \(type), 'fortran_order': False, 'shape': \(shape), }"
    header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0] + little(UInt16(header.utf8.count)) + Array(header.utf8) + bytes
}

/// Opens the bytes as a checkpoint and reads all of it that is not absurdly large.
private func readCheckpoint(_ bytes: [UInt8], ending: String) {
    withInputFile(bytes, ending: ending) { path in
        do {
            let reader = try openCheckpoint(path: path)
            _ = reader.scalars.map { "\($0.value)" }
            for group in reader.tiedGroups {
                check(group.allSatisfy { reader.entry(named: $0) != nil }, "tied names are tensors")
            }
            for entry in reader.tensors.prefix(64) {
                // A view may repeat one element a million times; its ends tell as much as all of it.
                let rows = entry.rowByteCount > 1 << 20 ? 0 : min(entry.rowCount, (1 << 20) / max(entry.rowByteCount, 1))
                let ranges = [0..<rows, entry.rowCount - rows..<entry.rowCount]
                for range in ranges {
                    do {
                        try reader.withRows(of: entry.name, range) { rows in
                            check(rows.count == range.count * entry.rowByteCount, "as many bytes as the shape says")
                            touch(rows)
                        }
                    } catch { describe(error) }
                }
                guard entry.byteCount <= 1 << 20 else { continue }
                do { _ = try reader.tensor(named: entry.name) } catch { describe(error) }
            }
        } catch { describe(error) }
    }
}

/// Messages are made of what the file says, so they are under test too.
func describe(_ error: any Error) {
    check(!"\(error)".isEmpty, "an error without words")
}
