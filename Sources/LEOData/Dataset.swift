/// One of LEO's data sets, opened: annotations in memory, scenes read when a sample asks for them.
public protocol Dataset: Sendable {
    var task: TaskKind { get }
    var split: DataSplit { get }
    var options: DatasetOptions { get }
    var count: Int { get }
    /// Scan2Cap: references by `TaskAnnotation.corpusKey`; nil for the other tasks.
    var corpus: [String: [String]]? { get }
    /// What a person should know: annotations left out and why.
    var notices: [String] { get }

    /// What the files say of a sample; nothing is read.
    ///
    /// - Precondition: `index` is in `0..<count`
    func annotation(at index: Int) -> TaskAnnotation

    /// A sample with its objects and its picture. The same index gives the same sample whenever and in whichever order it
    /// is asked for, unless `DatasetOptions.accumulatesRotations`; safe to call from several threads.
    ///
    /// - Precondition: `index` is in `0..<count`
    /// - Throws: `DataError`
    func sample(at index: Int) throws(DataError) -> TaskSample
}

/// Opens a data set in the official layout.
///
/// - Parameters:
///   - folders: `DataFolders(path)` finds them from one path
///   - split: for `test`, `val` stands in where a task has no files of that name (a notice says so), and always for Cap3D,
///     MP3D and CLIPort, which have two parts; captions of objects in scenes exist for `train` alone
/// - Throws: `DataError` for files that are missing or malformed, and for options out of range. Scenes are read later.
public func openDataset(
    _ task: TaskKind, in folders: DataFolders, split: DataSplit, options: DatasetOptions = DatasetOptions()
) throws(DataError) -> any Dataset {
    guard options.maximumObjects > 0 else {
        throw .invalidOption(name: "maximumObjects", reason: "expected at least 1, found \(options.maximumObjects)")
    }
    guard options.ratio >= 0, options.ratio <= 1 else {
        throw .invalidOption(name: "ratio", reason: "expected 0 to 1, found \(options.ratio)")
    }
    let reader = AnnotationReader(task: task, folders: folders, split: split)
    var table = try reader.read()
    table.records = Array(table.records.prefix(Int(Double(table.records.count) * options.ratio)))
    return TaskDataset(table, task: task, folders: folders, split: split, options: options)
}
