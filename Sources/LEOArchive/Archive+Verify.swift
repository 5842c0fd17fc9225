import LEOTensor

extension Archive {
    /// How far `verify` is.
    public struct VerifyProgress: Sendable {
        /// Bytes read so far, and in all.
        public let bytesDone: Int
        public let bytesTotal: Int
        /// The tensor being read.
        public let name: String
    }

    /// Reads all data and compares it with its checksums.
    ///
    /// Goes through the file once, in file order, and gives pages back behind itself, so that memory stays small.
    /// - Parameter progress: called after every few megabytes; what it throws ends the check and is passed on.
    /// - Errors: `.damaged`, which names every bad tensor
    public func verify(progress: (VerifyProgress) throws -> Void = { _ in }) throws {
        let damages = try damages(progress: progress)
        if !damages.isEmpty { throw ArchiveError.damaged(path: path, damages) }
    }

    /// As `verify`, but returns what it finds.
    public func damages(progress: (VerifyProgress) throws -> Void) rethrows -> [ArchiveDamage] {
        var damages = [ArchiveDamage]()
        let total = tensors.reduce(0) { $0 + $1.byteCount }
        var done = 0
        var end = headerByteCount
        for tensor in tensors.sorted(by: { $0.offset < $1.offset }) where tensor.byteCount > 0 {
            checkPadding(end..<tensor.offset, &damages)
            end = tensor.offset + tensor.byteCount
            var hash = XXHash64()
            var place = tensor.offset
            while place < end {
                let next = min(place + Self.verifyChunk, end)
                hash.update(UnsafeRawBufferPointer(rebasing: file.bytes[place..<next]))
                file.release(place..<next)
                done += next - place
                place = next
                try progress(VerifyProgress(bytesDone: done, bytesTotal: total, name: tensor.name))
            }
            if hash.value != tensor.checksum {
                damages.append(
                    ArchiveDamage(
                        name: tensor.name, expected: checksumText(tensor.checksum), found: checksumText(hash.value)))
            }
        }
        checkPadding(end..<byteCount, &damages)
        return damages
    }

    /// A multiple of the page size, so that whole chunks can be given back.
    private static var verifyChunk: Int { 4 << 20 }

    /// What no tensor covers is zero in every file the writer makes.
    private func checkPadding(_ range: Range<Int>, _ damages: inout [ArchiveDamage]) {
        var place = range.lowerBound
        while place < range.upperBound {
            let next = min(place + Self.verifyChunk, range.upperBound)
            if let bad = file.bytes[place..<next].firstIndex(where: { $0 != 0 }) {
                damages.append(ArchiveDamage(name: "padding at byte \(bad)", expected: "0", found: "\(file.bytes[bad])"))
                return
            }
            file.release(place..<next)
            place = next
        }
    }
}
