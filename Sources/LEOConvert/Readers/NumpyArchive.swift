import LEOTensor

/// `.npz`: a zip file of `.npy` entries. One that SciPy's `save_npz` wrote is a sparse matrix, shown as a tensor `dense`.
struct NumpyArchive {
    static func recognizes(_ archive: ZipArchive) -> Bool {
        !archive.entries.isEmpty && archive.entries.allSatisfy { $0.name.hasSuffix(".npy") }
    }

    static func open(_ archive: ZipArchive) throws -> TableReader {
        let path = archive.file.path
        var arrays: [(name: String, array: NumpyFile)] = []
        for entry in archive.entries {
            // Verified first: the header of a deflated entry is part of what the checksum covers.
            try entry.prepare()
            let name = String(entry.name.dropLast(4))
            arrays.append((name, try NumpyFile(entry, file: path, field: "array \(quoted(name))")))
        }
        var table = CheckpointTable(path: path)
        let byName = Dictionary(arrays.map { ($0.name, $0.array) }, uniquingKeysWith: { first, _ in first })
        if let format = byName["format"], byName["shape"] != nil, case .string(let name)? = try format.scalar() {
            try table.add("dense", SparseMatrix(format: name, arrays: byName, path: path))
            try table.add("format", .string(name))
            return TableReader(formatName: "SciPy sparse \(name)", table: table)
        }
        for (name, array) in arrays {
            if case .element = array.type {
                try table.add(name, array.tensor())
            } else if let scalar = try array.scalar() {
                try table.add(name, CheckpointScalar(scalar))
            } else {
                _ = try array.tensor()
            }
        }
        return TableReader(formatName: "npz", table: table)
    }
}
