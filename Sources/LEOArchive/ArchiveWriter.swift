import LEOTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Writes a `.leo` file, streaming its tensors.
///
/// All tensors are named first, so that offsets and the size of the file are known before any data; the data of each
/// then comes in chunks of any size. Tensors may come in any order and take turns; in the file they stand in the order of
/// the table. Nothing stands under the final name until `finish`. After an error, and when it goes away unfinished, a
/// writer removes its temporary file.
public final class ArchiveWriter {
    public let path: String
    /// The file being written, beside `path`. A program that ends by a signal removes it; all other ends do so by themselves.
    public let temporaryPath: String
    /// The length the file will have.
    public let byteCount: Int

    private let file: TemporaryFile
    private var header: ArchiveHeader
    private var places: [String: Int]
    private var progress: [Progress]
    private enum State { case open, finished, failed }
    private var state = State.open

    private struct Progress {
        var bytesDone = 0
        var hash = XXHash64()
    }

    /// Starts a file at `path` and reserves its space. An existing file stays as it is until `finish`.
    ///
    /// - Parameters:
    ///   - configuration: a JSON object, stored as it is.
    ///   - metadata: free text, such as `producer` and `created-from`.
    ///   - base: in an adapter file, the base it belongs to.
    /// - Errors: `.invalid` for what the format does not allow, `.noSpace`, `.file`
    public convenience init(
        path: String, configuration: String, metadata: [String: String] = [:], base: ArchiveBase? = nil,
        tensors: [TensorSpecification]
    ) throws(ArchiveError) {
        try self.init(
            path: path, configuration: configuration, metadata: metadata, base: base, tensors: tensors, calls: .system)
    }

    package init(
        path: String, configuration: String, metadata: [String: String] = [:], base: ArchiveBase? = nil,
        tensors: [TensorSpecification], calls: FileCalls
    ) throws(ArchiveError) {
        self.path = path
        header = try ArchiveHeader(path: path, configuration: configuration, metadata: metadata, base: base, tensors: tensors)
        let dataStart = ArchiveHeader.dataStart(headerLength: header.json().count)
        guard let byteCount = header.fileLength(dataStart: dataStart) else {
            throw .invalid(path: path, field: "file length", expected: "less than 2^63 bytes", found: "more")
        }
        self.byteCount = byteCount
        places = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
        progress = Array(repeating: Progress(), count: tensors.count)
        do throws(FileError) {
            // Tensors come in any order, which takes a file.
            guard case .file(let place, let mode) = try FileTarget(path, action: "create") else {
                throw FileError(path: path, action: "create", reason: "is not a regular file")
            }
            file = try TemporaryFile(finalPath: place, mode: mode, name: path, calls: calls)
        } catch { throw .file(error) }
        temporaryPath = file.path
        try onDisk { () throws(FileError) in try file.allocate(byteCount) }
    }

    /// The tensors of the table, in its order.
    public var tensors: [TensorSpecification] { header.entries.map(\.specification) }

    /// Adds the next bytes of the stored form of `name`.
    ///
    /// - Errors: `.writer` for an unknown name, more bytes than the tensor has, or a writer that has ended; `.noSpace`, `.file`
    public func append(_ bytes: UnsafeRawBufferPointer, to name: String) throws(ArchiveError) {
        try ending { () throws(ArchiveError) in
            let index = try place(of: name)
            let entry = header.entries[index]
            guard bytes.count <= entry.length - progress[index].bytesDone else {
                throw .writer(
                    path: path, field: name, expected: "\(entry.length) bytes for \(entry.specification.form)",
                    found: "\(progress[index].bytesDone) and then \(bytes.count) more")
            }
            try onDisk { () throws(FileError) in try file.write(bytes, at: entry.offset + progress[index].bytesDone) }
            progress[index].hash.update(bytes)
            progress[index].bytesDone += bytes.count
        }
    }

    /// Adds the next elements of `name`.
    ///
    /// - Errors: as the other `append`
    public func append<Element: BitwiseCopyable>(_ elements: [Element], to name: String) throws(ArchiveError) {
        let result = elements.withUnsafeBytes { bytes in
            Result { () throws(ArchiveError) in try append(bytes, to: name) }
        }
        try result.get()
    }

    /// Writes a whole tensor in the chunks that `body` gives to its argument.
    ///
    /// - Errors: as `append`, `.writer` where `body` gives too few bytes, and what `body` throws
    public func write(_ name: String, _ body: (TensorSink) throws -> Void) throws {
        try body(TensorSink(writer: self, name: name))
        try ending { () throws(ArchiveError) in try checkComplete(place(of: name)) }
    }

    /// Writes a whole tensor that is in memory, already in its stored form (see `TensorLayout.storedShape`).
    ///
    /// - Errors: as `append`, and `.writer` for another type or shape
    public func write(_ name: String, tensor: Tensor) throws(ArchiveError) {
        try ending { () throws(ArchiveError) in
            let specification = header.entries[try place(of: name)].specification
            let stored = specification.layout.storedShape(for: specification.shape) ?? specification.shape
            guard tensor.elementType == specification.elementType, tensor.shape == stored else {
                throw .writer(
                    path: path, field: name, expected: "\(stored) \(specification.elementType.rawValue)",
                    found: "\(tensor.shape) \(tensor.elementType.rawValue)")
            }
        }
        let result = tensor.withBytes { bytes in Result { () throws(ArchiveError) in try append(bytes, to: name) } }
        try result.get()
        try ending { () throws(ArchiveError) in try checkComplete(place(of: name)) }
    }

    /// Writes the header, waits until all is on the disk, and gives the file its name.
    ///
    /// - Returns: the fingerprint of the new file, as `Archive.fingerprint`
    /// - Errors: `.writer` where a tensor is incomplete; `.noSpace`, `.file`
    @discardableResult public func finish() throws(ArchiveError) -> String {
        try ending { () throws(ArchiveError) in
            try checkOpen(field: "finish")
            for index in progress.indices {
                try checkComplete(index)
                header.entries[index].checksum = progress[index].hash.value
            }
            let encoded = header.encoded()
            let result = encoded.withUnsafeBytes { bytes in
                Result { () throws(FileError) in try file.write(bytes, at: 0) }
            }
            try onDisk { () throws(FileError) in
                try result.get()
                try file.commit(isFlushed: true)
            }
        }
        state = .finished
        return header.fingerprint()
    }

    /// Ends the writer and removes the temporary file; does nothing after `finish`.
    public func cancel() {
        guard state == .open else { return }
        state = .failed
        file.remove()
    }

    /// Runs a step of the file; a full disk is told with what the file needs.
    private func onDisk(_ step: () throws(FileError) -> Void) throws(ArchiveError) {
        do { try step() } catch {
            guard let code = error.code, [ENOSPC, EDQUOT, EFBIG].contains(code) else { throw .file(error) }
            throw .noSpace(path: path, reason: error.reason, neededBytes: byteCount, availableBytes: file.availableBytes)
        }
    }

    // MARK: Checks

    /// Runs one step; an error ends the writer, so that no incomplete file can ever get the final name.
    private func ending(_ step: () throws(ArchiveError) -> Void) throws(ArchiveError) {
        do { try step() } catch {
            cancel()
            throw error
        }
    }

    private func checkOpen(field: String) throws(ArchiveError) {
        guard state == .open else {
            throw .writer(
                path: path, field: field, expected: "a writer in use",
                found: state == .finished ? "one that has finished" : "one that was cancelled or has failed")
        }
    }

    private func place(of name: String) throws(ArchiveError) -> Int {
        try checkOpen(field: name)
        guard let index = places[name] else {
            throw .writer(path: path, field: quoted(name), expected: "a name in the table", found: "one that is not")
        }
        return index
    }

    private func checkComplete(_ index: Int) throws(ArchiveError) {
        let entry = header.entries[index]
        guard progress[index].bytesDone == entry.length else {
            throw .writer(
                path: path, field: entry.specification.name,
                expected: "\(entry.length) bytes for \(entry.specification.form)", found: "\(progress[index].bytesDone)")
        }
    }
}

/// Takes the bytes of one tensor, in order.
public struct TensorSink {
    let writer: ArchiveWriter
    public let name: String

    public func append(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) { try writer.append(bytes, to: name) }

    public func append<Element: BitwiseCopyable>(_ elements: [Element]) throws(ArchiveError) {
        try writer.append(elements, to: name)
    }
}
