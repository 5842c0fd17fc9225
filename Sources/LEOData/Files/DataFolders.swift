import Foundation
import LEOTensor

/// Where LEO's data lie. The official layout has four folders side by side in one root:
/// `scannet/`, `rscan/`, `alignment/`, `instruction/`.
///
/// - Source: official `configs/data/default.yaml` (`scan_family_base`, `rscan_base`, `alignment_base`, `instruction_base`)
public struct DataFolders: Sendable, Equatable {
    /// ScanNet scans and proposals: has `scan_data/` and `mask/`.
    public var scannet: String
    /// 3RScan: has `3RScan-ours-align/`.
    public var rscan: String
    /// Annotations of alignment: has `obj_caption/`, `obj_scene_caption/`, `scene_caption/`.
    public var alignment: String
    /// Annotations and demonstrations of instruction tuning: has `scanqa/`, `mp3d_objnav/`, ...
    public var instruction: String
    /// What paths of episodes are relative to: the parent of `instruction`.
    public var root: String { (instruction as NSString).deletingLastPathComponent }

    static let names = ["scannet", "rscan", "alignment", "instruction"]

    /// The folders of a root. Also takes a folder inside of one, such as `.../instruction` or `.../instruction/scanqa`, and
    /// a folder that has the root as its `data`.
    ///
    /// Each of the four may be changed afterwards; a task needs only those that it reads, and says so when they are missing.
    public init(_ path: String) {
        let root = Self.root(of: path)
        func folder(_ name: String) -> String { (root as NSString).appendingPathComponent(name) }
        scannet = folder("scannet")
        rscan = folder("rscan")
        alignment = folder("alignment")
        instruction = folder("instruction")
    }

    private static func root(of path: String) -> String {
        let path = (path as NSString).standardizingPath
        func isRoot(_ folder: String) -> Bool {
            names.contains { isFolder((folder as NSString).appendingPathComponent($0)) }
        }
        let inner = (path as NSString).appendingPathComponent("data")
        if isRoot(path) { return path }
        if isRoot(inner) { return inner }
        // Upwards, past the deepest folders of the layout (`instruction/mp3d_objnav/demos`).
        var parent = path
        for _ in 0..<3 {
            let name = (parent as NSString).lastPathComponent
            parent = (parent as NSString).deletingLastPathComponent
            if names.contains(name) { return parent.isEmpty ? "." : parent }
        }
        return path
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}

func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

extension String {
    func appendingPath(_ name: String) -> String { (self as NSString).appendingPathComponent(name) }
}

/// Names in a folder, hidden ones left out, in the order of their code points. The official loaders take them as the
/// file system lists them; this order is the same everywhere.
func names(in folder: String, needed: String) throws(DataError) -> [String] {
    guard DataFolders.isFolder(folder) else { throw .missing(path: folder, needed: needed) }
    do {
        return try folderNames(folder).filter { !$0.hasPrefix(".") }
    } catch {
        throw .unreadable(path: folder, reason: error.reason)
    }
}
