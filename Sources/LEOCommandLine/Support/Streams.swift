import Foundation
import LEOTensor
import Synchronization

/// Standard output. Its reader may go away at any time; a command still finishes its work and keeps its exit code.
enum StandardOutput {
    /// `errno` of the first write that failed; later ones are not tried.
    private static let failure = Mutex<Int32>(0)

    static func write(_ text: String) {
        failure.withLock { failure in
            if failure == 0 { failure = writeAll(Array(text.utf8), to: STDOUT_FILENO) }
        }
    }

    static func line(_ text: String = "") { write(text + "\n") }

    /// Writes a value as JSON: keys in snake case and sorted, one document, a line break at the end.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        line(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// - Throws: what kept output from being written, unless the reader just had enough (`leo inspect … | head`).
    static func finish() throws(FileError) {
        let code = failure.withLock { $0 }
        if code != 0, code != EPIPE { throw FileError(path: "standard output", action: "write", code: code) }
    }
}

/// Standard error: notices and progress. Nothing depends on them, so failed writes are passed over.
enum StandardError {
    static func write(_ text: String) { _ = writeAll(Array(text.utf8), to: STDERR_FILENO) }
    static func line(_ text: String) { write(text + "\n") }
    static func notice(_ text: String) { line("note: \(text)") }

    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Columns of the terminal, or 80.
    static var width: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }
}

/// Makes sure that descriptors 0 to 2 are taken: a file opened in place of a closed standard output would receive what is
/// printed. What fills the gap cannot be written to, so that a lost result is still an error.
func occupyStandardDescriptors() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
        // The lowest free number is this very descriptor.
        _ = open("/dev/null", O_RDONLY)
    }
}
