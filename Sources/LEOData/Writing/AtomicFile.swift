import Foundation
import LEOTensor

/// Writes a whole file under a temporary name beside `path` and renames it, so that a killed run leaves nothing
/// incomplete under the final name. Missing folders are made.
///
/// - Errors: `FileError`
package func writeAtomically(_ bytes: [UInt8], to path: String) throws(FileError) {
    let url = URL(fileURLWithPath: path)
    do {
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url, options: .atomic)
    } catch {
        throw FileError(path: path, action: "write", reason: reason(of: error))
    }
}

/// The system's text where Foundation only wraps it.
private func reason(of error: any Error) -> String {
    let error = error as NSError
    guard let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError, cause.domain == NSPOSIXErrorDomain else {
        return error.localizedDescription
    }
    return String(cString: strerror(Int32(truncatingIfNeeded: cause.code)))
}
