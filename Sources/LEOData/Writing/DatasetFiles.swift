import Foundation
import LEOAction
import LEOTensor

/// Writers of the file kinds that LEO's datasets consist of. Each writes the whole file atomically and makes missing
/// folders.
package enum DatasetFiles {
    /// A bare pickle (`.pkl`).
    ///
    /// - Precondition: no `.tensor` inside
    package static func writePickle(_ value: PythonValue, to path: String) throws(FileError) {
        let (bytes, storages) = PickleWriter.pickle(value)
        precondition(storages.isEmpty, "a bare pickle holds no PyTorch tensors")
        try writeAtomically(bytes, to: path, makesFolders: true)
    }

    /// A PyTorch zip file (`.pth`, `.pt`): a pickle and a storage per tensor.
    ///
    /// - Source: PyTorch `torch/serialization.py`, `_save`
    package static func writeTorch(_ value: PythonValue, to path: String) throws(FileError) {
        let (bytes, storages) = PickleWriter.pickle(value)
        let stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        var zip = StoredZip()
        zip.add("\(stem)/data.pkl", bytes)
        zip.add("\(stem)/byteorder", Array("little".utf8))
        for (index, tensor) in storages.enumerated() { zip.add("\(stem)/data/\(index)", tensor.rawBytes) }
        zip.add("\(stem)/version", Array("3\n".utf8))
        try writeAtomically(zip.finished(), to: path, makesFolders: true)
    }

    /// A NumPy file (`.npy`) with an array of numbers or of objects.
    ///
    /// - Precondition: `value` is `.array` or `.objectArray`
    /// - Source: NumPy `numpy/lib/format.py`, version 1.0
    package static func writeNumPy(_ value: PythonValue, to path: String) throws(FileError) {
        try writeAtomically(numPyBytes(value), to: path, makesFolders: true)
    }

    /// A SciPy sparse matrix in compressed rows (`.npz`), every stored value 1, as Mask3D's proposals are kept.
    ///
    /// - Parameters:
    ///   - rows: for each row its columns, ascending and below `columnCount`
    /// - Source: SciPy `scipy/sparse/_matrix_io.py`, `save_npz`
    package static func writeSparseMask(rows: [[Int32]], columnCount: Int, to path: String) throws(FileError) {
        var pointers: [Int32] = [0]
        for row in rows { pointers.append(pointers[pointers.count - 1] + Int32(row.count)) }
        let indices = rows.flatMap { $0 }
        var zip = StoredZip()
        zip.add("indices.npy", numPyBytes(.array(Tensor(.i32, indices, shape: [indices.count]))))
        zip.add("indptr.npy", numPyBytes(.array(Tensor(.i32, pointers, shape: [pointers.count]))))
        zip.add("format.npy", numPyBytes(description: "'|S3'", shape: [], contents: Array("csr".utf8)))
        zip.add("shape.npy", numPyBytes(.array(Tensor(.i64, [Int64(rows.count), Int64(columnCount)], shape: [2]))))
        zip.add(
            "data.npy",
            numPyBytes(.array(Tensor(.i8, [Int8](repeating: 1, count: indices.count), shape: [indices.count]))))
        try writeAtomically(zip.finished(), to: path, makesFolders: true)
    }

    /// Rows of text separated by commas; a field with a comma, a quote or a line break is quoted, as pandas does.
    package static func writeCSV(_ rows: [[String]], to path: String) throws(FileError) {
        let text = rows.map { row in row.map(csvField).joined(separator: ",") + "\n" }.joined()
        try writeAtomically(Array(text.utf8), to: path, makesFolders: true)
    }

    package static func writeJSON(_ value: JSONText, to path: String) throws(FileError) {
        try writeAtomically(Array(value.line.utf8), to: path, makesFolders: true)
    }

    // MARK: Parts

    private static func csvField(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else { return text }
        return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }

    private static func numPyBytes(_ value: PythonValue) -> [UInt8] {
        switch value {
        case .array(let tensor):
            let type = tensor.elementType
            return numPyBytes(
                description: "'\(type.numpyByteOrder)\(type.numpyCode)'", shape: tensor.shape, contents: tensor.rawBytes
            )
        case .objectArray(let items):
            return numPyBytes(description: "'|O'", shape: [items.count], contents: PickleWriter.pickle(value).bytes)
        default: preconditionFailure("not an array")
        }
    }

    private static func numPyBytes(description: String, shape: [Int], contents: [UInt8]) -> [UInt8] {
        let sizes = shape.count == 1 ? "(\(shape[0]),)" : "(" + shape.map(String.init).joined(separator: ", ") + ")"
        var header = "{'descr': \(description), 'fortran_order': False, 'shape': \(sizes), }"
        // Blanks so that the contents begin at a multiple of 64; a line break ends the header.
        header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0] + little(UInt16(header.utf8.count)) + Array(header.utf8) + contents
    }
}
