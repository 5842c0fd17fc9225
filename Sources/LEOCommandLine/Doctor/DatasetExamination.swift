import Foundation
import LEOConvert

/// One of LEO's datasets as it lies on the disk.
private struct DatasetLayout {
    let name: String
    /// Folder below the data root.
    let folder: String
    /// Endings of names that are its samples.
    let endings: [String]
    /// Whether samples are folders.
    var samplesAreFolders = false
    /// Files each sample folder must have, or, without sample folders, this folder.
    var required: [String] = []

    static let all = [
        DatasetLayout(name: "ScanNet scans", folder: "scannet/scan_data/pcd_with_global_alignment", endings: [".pth"]),
        DatasetLayout(name: "ScanNet proposals (Mask3D)", folder: "scannet/mask", endings: [".mask.npz"]),
        DatasetLayout(
            name: "3RScan scans", folder: "rscan/3RScan-ours-align", endings: [""], samplesAreFolders: true,
            required: ["pcd-align.pth", "inst_to_label.pth"]),
        DatasetLayout(name: "Cap3D captions", folder: "alignment/obj_caption", endings: [".csv"]),
        DatasetLayout(name: "Cap3D clouds", folder: "alignment/obj_caption/Cap3D_pcs_pt", endings: [".pt"]),
        DatasetLayout(name: "object captions in scenes", folder: "alignment/obj_scene_caption", endings: [".json"]),
        DatasetLayout(name: "scene captions", folder: "alignment/scene_caption", endings: [".json"]),
        DatasetLayout(name: "Scan2Cap", folder: "instruction/scan2cap", endings: [".json"]),
        DatasetLayout(name: "ScanQA", folder: "instruction/scanqa", endings: [".json"]),
        DatasetLayout(name: "SQA3D", folder: "instruction/sqa3d", endings: [".json"], required: ["axisAlignment.pth"]),
        DatasetLayout(name: "3RScan QA", folder: "instruction/3rscanqa", endings: [".json"]),
        DatasetLayout(name: "3RScan dialogue", folder: "instruction/dialogue", endings: [".json"]),
        DatasetLayout(name: "3RScan planning", folder: "instruction/planning", endings: [".json"]),
        DatasetLayout(name: "MP3D navigation", folder: "instruction/mp3d_objnav/demos", endings: [""], samplesAreFolders: true),
        DatasetLayout(name: "MP3D objects", folder: "instruction/mp3d_objnav/mp3d_obj", endings: [""], samplesAreFolders: true),
        DatasetLayout(name: "CLIPort", folder: "instruction/cliport/demos", endings: [""], samplesAreFolders: true),
    ]
}

/// Looks for LEO's datasets in a folder: the root of all, or of some.
struct DatasetExamination {
    private let path: String

    init(_ path: String) { self.path = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path }

    /// Nil where the folder holds none of the datasets.
    func diagnosis() -> Diagnosis? {
        let found = DatasetLayout.all.compactMap { layout in place(of: layout).map { (layout, $0) } }
        guard !found.isEmpty else { return nil }
        var diagnosis = Diagnosis(path, .dataset, "data of LEO's tasks: \(found.count) of \(DatasetLayout.all.count) sets")
        for (layout, folder) in found { examine(layout, folder, &diagnosis) }
        let missing = DatasetLayout.all.filter { layout in !found.contains { $0.0.folder == layout.folder } }.map(\.name)
        if !missing.isEmpty { diagnosis.add(.note, "not here: \(missing.joined(separator: ", "))") }
        return diagnosis
    }

    /// The folder of a dataset, whether `path` is the data root or a folder on the way from there.
    private func place(of layout: DatasetLayout) -> String? {
        let components = layout.folder.split(separator: "/").map(String.init)
        let own = ((path as NSString).standardizingPath).split(separator: "/").map(String.init)
        for count in 0...components.count where count <= own.count && Array(own.suffix(count)) == Array(components.prefix(count)) {
            let folder = components.dropFirst(count).reduce(path) { $0.appendingPath($1) }
            if Files.kind(folder).isFolder { return folder }
        }
        return nil
    }

    private func examine(_ layout: DatasetLayout, _ folder: String, _ diagnosis: inout Diagnosis) {
        let names = Files.names(in: folder)
        let samples = names.filter { name in
            layout.endings.contains { name.hasSuffix($0) } && Files.kind(folder.appendingPath(name)).isFolder == layout.samplesAreFolders
        }
        let unit = layout.samplesAreFolders ? "folders" : "files"
        diagnosis.detail(layout.name, "\(samples.count) \(unit) in \(folder)")
        if samples.isEmpty { diagnosis.add(.error, "holds no \(layout.name)", path: folder) }
        var files = layout.samplesAreFolders ? [] : samples.map { folder.appendingPath($0) }
        for parent in layout.samplesAreFolders ? samples.map({ folder.appendingPath($0) }) : [folder] {
            for name in layout.required {
                let file = parent.appendingPath(name)
                if Files.kind(file).exists { files.append(file) } else { diagnosis.add(.error, "is missing", path: file) }
            }
        }
        for file in files {
            do {
                if let reason = Examination.placeholder(try Examination.head(file)) { diagnosis.add(.error, reason, path: file) }
            } catch {
                diagnosis.add(.error, "\(error)", path: file)
            }
        }
        if layout.folder == "instruction/sqa3d" { examineSQA3D(folder, names, &diagnosis) }
        // One file of each set is opened, to see that its format is what is expected; all would take hours.
        guard diagnosis.isUsable, let sample = files.first(where: { ["pth", "pt", "npz"].contains($0.pathExtension) }) else { return }
        do { _ = try openCheckpoint(path: sample) } catch { diagnosis.add(.error, "\(error)", path: sample) }
    }

    /// Questions and annotations are joined by their ids, so each split needs both.
    private func examineSQA3D(_ folder: String, _ names: [String], _ diagnosis: inout Diagnosis) {
        for split in ["train", "val", "test"] {
            let pair = ["v1_balanced_questions_\(split)_scannetv2.json", "v1_balanced_sqa_annotations_\(split)_scannetv2.json"]
            for name in pair where pair.contains(where: names.contains) && !names.contains(name) {
                diagnosis.add(.error, "is missing; the other file of the split is here", path: folder.appendingPath(name))
            }
        }
    }
}
