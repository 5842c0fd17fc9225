import Foundation
import LEOArchive
import LEOConvert
import LEOImageIO
import LEOModel
import LEOScene
import LEOTensor
import LEOText

/// Finds out what is at a path.
enum Examination {
    static func examine(_ path: String) -> Diagnosis {
        let (exists, isFolder) = Files.kind(path)
        guard exists else { return .unusable(path, "no such file or folder") }
        return isFolder ? FolderExamination(path).diagnosis() : file(path)
    }

    // MARK: Files

    static func file(_ path: String) -> Diagnosis {
        let start: [UInt8]
        do { start = try head(path) } catch { return .unusable(path, "\(error)") }
        if let reason = placeholder(start) { return .unusable(path, reason) }
        func starts(_ text: String) -> Bool { start.starts(with: text.utf8) }
        if path.hasSuffix(".partial") {
            var diagnosis = Diagnosis(path, .other, "what an interrupted conversion left behind")
            diagnosis.add(.warning, "can be deleted")
            return diagnosis
        }
        if start.starts(with: ArchiveFormat.magic) || path.pathExtension == "leo" { return leoFile(path) }
        if start.starts(with: [0x89, 0x50, 0x4e, 0x47]) || start.starts(with: [0xff, 0xd8]) { return image(path) }
        if starts("ply\n") || starts("ply\r") || starts("# .PCD") || starts("VERSION") || ["ply", "pcd"].contains(path.pathExtension) {
            return pointCloud(path)
        }
        if start.first == 0x93, starts("\u{93}NUMPY") || start.dropFirst().starts(with: "NUMPY".utf8) {
            // An array of points; other arrays are data of some other kind.
            if (try? PointCloud(contentsOf: path)) != nil { return pointCloud(path) }
        }
        if path.pathExtension == "model" { return tokenizer(path) }
        if path.pathExtension == "json", !path.hasSuffix(".index.json") { return json(path) }
        let isCheckpoint = ["bin", "pth", "pt", "ckpt", "safetensors", "npz", "npy", "pkl"].contains(path.pathExtension)
        if isCheckpoint || starts("PK\u{3}\u{4}") || path.hasSuffix(".index.json") { return CheckpointExamination(path).diagnosis() }
        return Diagnosis(path, .other, "\(Units.bytes(Files.size(path) ?? 0)) that LEO has no use for")
    }

    /// The first bytes of a file.
    static func head(_ path: String) throws -> [UInt8] {
        // Without O_NONBLOCK a pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(path: path, action: "open", code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(path: path, action: "read", reason: "is not a regular file")
        }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw FileError(path: path, action: "read", code: errno) }
        return Array(bytes.prefix(count))
    }

    /// Why these bytes are something in place of the file that was meant.
    static func placeholder(_ start: [UInt8]) -> String? {
        if start.isEmpty { return "is empty: the download never started or the disk was full" }
        let text = String(decoding: start, as: UTF8.self)
        if text.hasPrefix("version https://git-lfs") {
            let size = text.split(separator: "\n").first { $0.hasPrefix("size ") }.flatMap { Int($0.dropFirst(5)) }
            return "is a git-lfs pointer" + (size.map { " to a file of \(Units.bytes($0))" } ?? "") + ": run `git lfs pull` in its repository"
        }
        let trimmed = text.drop { $0.isWhitespace || $0 == "\u{feff}" }.prefix(64).lowercased()
        if trimmed.hasPrefix("<!doctype html") || trimmed.hasPrefix("<html") || trimmed.hasPrefix("<?xml") {
            return "is a web page in place of the file: the download needs a login or another address"
        }
        return nil
    }

    private static func leoFile(_ path: String) -> Diagnosis {
        let archive: Archive
        do { archive = try Archive(path: path) } catch { return .unusable(path, "\(error)") }
        var diagnosis = Diagnosis(path, .leoFile, "a .leo file, format \(archive.summary.version), \(Units.bytes(archive.byteCount))")
        let types = archive.summary.groups.filter { $0.elementType != .u8 }.map { "\($0.elementType.rawValue) \($0.layout.rawValue) \(Units.bytes($0.byteCount))" }
        diagnosis.detail("tensors", "\(archive.tensors.count), \(Units.count(archive.parameterCount)) parameters")
        diagnosis.detail("types", types.joined(separator: ", "))
        if let base = archive.base {
            diagnosis.title = "an adapter for the .leo file \(base.name)"
            return diagnosis
        }
        do {
            let configuration = try ModelConfiguration(json: Data(archive.configuration.utf8))
            diagnosis.detail("model", configuration.name)
            diagnosis.set(RunMemory(try Network(archive), weightBytes: archive.byteCount))
        } catch {
            diagnosis.add(.error, "holds no model that can run: \(error)")
        }
        diagnosis.add(.note, "`leo verify` compares it with its checksums")
        return diagnosis
    }

    private static func image(_ path: String) -> Diagnosis {
        do {
            let file = try MappedFile(path: path)
            defer { withExtendedLifetime(file) {} }
            let decoded = try decodeImage(file.bytes, name: path)
            var diagnosis = Diagnosis(path, .image, "a picture of \(decoded.image.width) x \(decoded.image.height) pixels")
            if let warning = decoded.warning { diagnosis.add(.warning, warning) }
            if decoded.image.width != decoded.image.height {
                diagnosis.add(.note, "LEO sees it squeezed into a square of \(Image.encoderSize) pixels")
            }
            return diagnosis
        } catch {
            return .unusable(path, "\(error)")
        }
    }

    private static func pointCloud(_ path: String) -> Diagnosis {
        do {
            let cloud = try PointCloud(contentsOf: path)
            var diagnosis = Diagnosis(path, .pointCloud, "a point cloud of \(cloud.count) points")
            if let grid = cloud.gridSize { diagnosis.detail("grid", "\(grid.width) x \(grid.height)") }
            diagnosis.detail("colors", cloud.colors == nil ? "none" : "yes")
            let names = cloud.properties.map(\.name)
            diagnosis.detail("properties", names.isEmpty ? "none" : names.joined(separator: ", "))
            if cloud.invalidCount > 0 { diagnosis.add(.note, "\(cloud.invalidCount) points without a finite position are left out") }
            let scene = try Scene(cloud)
            let size = scene.bounds.size
            diagnosis.detail("extent", String(format: "%.2f x %.2f x %.2f m", size.x, size.y, size.z))
            diagnosis.detail("objects", "\(scene.objects.count)")
            if max(size.x, size.y, size.z) > 200 {
                diagnosis.add(.warning, "is larger than 200 m: are its units millimetres? LEO knows metres")
            }
            for notice in scene.notices { diagnosis.add(.note, notice) }
            return diagnosis
        } catch {
            return .unusable(path, "\(error)")
        }
    }

    static func tokenizer(_ path: String) -> Diagnosis {
        do {
            let file = try MappedFile(path: path)
            defer { withExtendedLifetime(file) {} }
            let tokenizer = try Tokenizer(sentencePieceModel: file.bytes)
            return Diagnosis(path, .tokenizer, "a SentencePiece tokenizer of \(tokenizer.vocabularyCount) pieces")
        } catch {
            return .unusable(path, "is no SentencePiece model: \(error)")
        }
    }

    private static func json(_ path: String) -> Diagnosis {
        guard let data = try? Files.contents(path, limit: 256 << 20), let value = try? JSONDecoder().decode(JSONValue.self, from: data) else {
            return .unusable(path, "is not JSON")
        }
        guard case .object(let fields) = value, fields["language"] != nil, fields["points"] != nil else {
            return Diagnosis(path, .other, "JSON")
        }
        do {
            let configuration = try ModelConfiguration(json: data)
            var diagnosis = Diagnosis(path, .configuration, "the configuration of a model, \(configuration.name)")
            for type in [WeightType.int8, .bf16] {
                diagnosis.detail("memory, \(type.rawValue)", try RunMemory(configuration, weightType: type).text)
            }
            return diagnosis
        } catch {
            return .unusable(path, "\(error)")
        }
    }
}
