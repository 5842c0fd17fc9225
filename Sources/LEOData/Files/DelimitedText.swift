/// Rows of comma-separated text, as `pandas.read_csv(header=None)` splits them: fields may stand between double quotes
/// (doubled inside), quotes inside a plain field are text, empty lines are skipped.
enum DelimitedText {
    struct Row: Equatable {
        /// Line on which the row starts, from 1.
        let line: Int
        let fields: [String]
    }

    static func rows(of bytes: [UInt8], file: String) throws(DataError) -> [Row] {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw .malformed(file: file, field: "file", reason: "expected UTF-8, found bytes that are not")
        }
        enum State { case start, plain, quoted, quoteInQuoted }
        let (comma, quote, newline, carriage) = (
            UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r")
        )
        var rows: [Row] = []
        var fields: [String] = []
        var field: [UInt8] = []
        var state = State.start
        var line = 1
        var startLine = 1
        func endRow() {
            if !fields.isEmpty || !field.isEmpty || state != .start {
                rows.append(Row(line: startLine, fields: fields + [String(decoding: field, as: UTF8.self)]))
            }
            fields.removeAll(keepingCapacity: true)
            field.removeAll(keepingCapacity: true)
            state = .start
        }
        var position = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if state == .quoted {
                if byte == quote { state = .quoteInQuoted } else { field.append(byte) }
                if byte == newline { line += 1 }
                continue
            }
            switch byte {
            case quote where state == .start: state = .quoted
            case quote where state == .quoteInQuoted:
                field.append(byte)
                state = .quoted
            case comma:
                fields.append(String(decoding: field, as: UTF8.self))
                field.removeAll(keepingCapacity: true)
                state = .start
            case newline, carriage:
                endRow()
                if byte == carriage, position < bytes.count, bytes[position] == newline { position += 1 }
                line += 1
                startLine = line
            default:
                field.append(byte)
                state = .plain
            }
        }
        if state == .quoted {
            throw .malformed(file: file, field: "line \(startLine)", reason: "expected a closing quote, found the end")
        }
        endRow()
        return rows
    }
}
