import Foundation
import LEOConvert
import LEOTensor

/// A folder that may hold a golden case.
struct CaseFolder: Sendable {
    let path: String
    /// `case.json`, where there is one that can be read.
    let description: CaseDescription?
    /// What is wrong with `case.json`: a damaged case fails by itself and does not keep others from running.
    let damage: String?

    init(_ path: String) {
        self.path = path
        let file = (path as NSString).appendingPathComponent("case.json")
        var description: CaseDescription?
        var damage: String?
        if FileManager.default.fileExists(atPath: file) {
            do { description = try CaseDescription(file) } catch { damage = "\(error)" }
        }
        self.description = description
        self.damage = damage
    }

    func file(_ name: String) -> String { ((path as NSString).appendingPathComponent(name) as NSString).standardizingPath }
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

    /// The folder itself and all below it, sorted by path; links below it are not followed.
    static func all(below folder: String) throws -> [CaseFolder] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isDirectory) else {
            throw CheckError.unreadable(path: folder, reason: "no such folder")
        }
        guard isDirectory.boolValue else { throw CheckError.unreadable(path: folder, reason: "is not a folder") }
        // Read where a link leads, but named as the caller does.
        let root = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
        guard let entries = FileManager.default.enumerator(atPath: root) else {
            throw CheckError.unreadable(path: folder, reason: "cannot be listed")
        }
        var folders = [folder]
        for case let entry as String in entries {
            let attributes = try? FileManager.default.attributesOfItem(atPath: (root as NSString).appendingPathComponent(entry))
            if attributes?[.type] as? FileAttributeType == .typeDirectory {
                folders.append((folder as NSString).appendingPathComponent(entry))
            }
        }
        return folders.sorted().map { CaseFolder($0) }
    }
}

/// `case.json`: kind, configuration, names of files and tolerance.
struct CaseDescription: @unchecked Sendable {
    let path: String
    let kind: String
    /// What `abs(x - golden) <= abs + rel * abs(golden)` allows.
    let tolerance: Tolerance
    /// Plain JSON values, never changed after reading.
    let json: [String: Any]

    init(_ path: String) throws {
        self.path = path
        guard let data = FileManager.default.contents(atPath: path) else { throw CheckError.unreadable(path: path, reason: "cannot be read") }
        guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw CheckError.malformed(path: path, field: "file", expected: "a JSON object")
        }
        json = object
        guard let kind = object["kind"] as? String else { throw CheckError.malformed(path: path, field: "kind", expected: "a string") }
        self.kind = kind
        // Without outputs there is nothing to compare by number; agent.json describes files alone.
        let isWithoutNumbers = object["tolerance"] == nil && object["outputs"] == nil
        tolerance = isWithoutNumbers ? .exact : try Tolerance(object["tolerance"], path: path)
    }

    /// A value at a dotted path below the top, converted.
    func value<Value>(_ field: String, _: Value.Type = Value.self) throws -> Value {
        guard let value: Value = optional(field) else { throw CheckError.malformed(path: path, field: field, expected: "\(Value.self)") }
        return value
    }

    func optional<Value>(_ field: String) -> Value? {
        var current: Any? = json
        for key in field.split(separator: ".") { current = (current as? [String: Any])?[String(key)] }
        if Value.self == Float.self, let number = current as? Double { return Float(number) as? Value }
        return current as? Value
    }
}

/// |x - golden| <= absolute + relative · |golden|.
struct Tolerance: Sendable, CustomStringConvertible {
    var absolute = 0.0
    var relative = 0.0
    static let exact = Tolerance()

    init(absolute: Double = 0, relative: Double = 0) {
        self.absolute = absolute
        self.relative = relative
    }

    /// The `tolerance` of a case. One that is missing or no number must not pass for any tolerance.
    init(_ json: Any?, path: String) throws {
        guard let fields = json as? [String: Any], let rule = fields["rule"] as? String else {
            throw CheckError.malformed(path: path, field: "tolerance", expected: "an object with a rule")
        }
        func number(_ name: String) throws -> Double? {
            guard let value = fields[name] else { return nil }
            guard let number = value as? Double, number.isFinite, number >= 0 else {
                throw CheckError.malformed(path: path, field: "tolerance.\(name)", expected: "a finite number from 0, found \(value)")
            }
            return number
        }
        let absolute = try number("abs"), relative = try number("rel")
        guard absolute != nil || relative != nil || rule == "exact" else {
            throw CheckError.malformed(path: path, field: "tolerance.abs", expected: "a number, as the rule is not exact")
        }
        self.init(absolute: absolute ?? 0, relative: relative ?? 0)
    }

    var description: String { absolute == 0 && relative == 0 ? "exact" : relative == 0 ? "\(absolute)" : "\(absolute) + \(relative)·|x|" }
}

/// Tensors of a case by name.
struct CaseTensors: Sendable {
    private let reader: any CheckpointReader

    /// - Parameter file: a safetensors file named by the case.
    init(_ folder: CaseFolder, _ field: String) throws {
        guard let description = folder.description else { throw CheckError.unreadable(path: folder.path, reason: "has no case.json") }
        reader = try openCheckpoint(path: folder.file(try description.value(field)))
    }

    init(path: String) throws { reader = try openCheckpoint(path: path) }

    func has(_ name: String) -> Bool { reader.entry(named: name) != nil }
    func tensor(_ name: String) throws -> Tensor { try reader.tensor(named: name) }
    func floats(_ name: String) throws -> [Float] { try tensor(name).floats() }
    func integers(_ name: String) throws -> [Int] { try tensor(name).integers() }
    var names: [String] { reader.tensors.map(\.name) }
    var entries: [CheckpointTensor] { reader.tensors }
    func all() throws -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        for name in names { tensors[name] = try tensor(name) }
        return tensors
    }
}
