import LEOConvert
import LEOTensor

extension CaseFolder {
    /// Checks that names, element types and shapes in `case.json` are those of the files it names.
    ///
    /// - Throws: an error that names the tensor; also where a file is missing or damaged
    func checkDeclarations() throws {
        guard let description else { return }
        for (field, file) in [("inputs", "inputs_file"), ("outputs", "outputs_file")] {
            let declared = try declarations(field)
            if declared.isEmpty { continue }
            let entries = try CaseTensors(self, file).entries
            for (name, declaration) in declared.sorted(by: { $0.key < $1.key }) {
                func malformed(_ part: String, _ expected: String) -> CheckError {
                    .malformed(path: description.path, field: "\(field).\(name)\(part)", expected: expected)
                }
                guard let entry = entries.first(where: { $0.name == name }) else {
                    throw malformed("", "a tensor of that name in \(try description.value(file, String.self)), found none")
                }
                guard let declaration = declaration as? [String: Any], let shape = declaration["shape"] as? [Int],
                    let type = declaration["dtype"] as? String
                else { throw malformed("", "dtype and shape") }
                guard ElementType(numpyName: type) == entry.elementType else {
                    throw malformed(".dtype", "\(entry.elementType.rawValue), as the file has it, found \(type)")
                }
                guard shape == entry.shape else { throw malformed(".shape", "\(entry.shape), as the file has it, found \(shape)") }
            }
        }
    }

    /// A failure for every recorded output that no check of `checks` is about; `name[...]` counts for `name`.
    func uncheckedOutputs(_ checks: [OutputCheck]) throws -> [OutputCheck] {
        guard let description else { return [] }
        var names = Set(try declarations("outputs").keys)
        if description.json["outputs_file"] != nil { names.formUnion(try CaseTensors(self, "outputs_file").names) }
        return names.sorted().filter { name in !checks.contains { $0.name == name || $0.name.hasPrefix(name + "[") } }
            .map { OutputCheck(name: $0, passed: false, note: "is recorded, but nothing here checks it") }
    }

    private func declarations(_ field: String) throws -> [String: Any] {
        guard let description, let value = description.json[field] else { return [:] }
        guard let declared = value as? [String: Any] else {
            throw CheckError.malformed(path: description.path, field: field, expected: "an object of tensors by name")
        }
        return declared
    }
}

extension ElementType {
    /// The type that NumPy and PyTorch call by this name.
    init?(numpyName: String) {
        switch numpyName {
        case "float64": self = .f64
        case "float32": self = .f32
        case "float16": self = .f16
        case "bfloat16": self = .bf16
        case "int64": self = .i64
        case "int32": self = .i32
        case "int16": self = .i16
        case "int8": self = .i8
        case "uint8": self = .u8
        case "bool": self = .bool
        default: return nil
        }
    }
}

/// Inputs and outputs of a case with their shapes checked, so that what is computed from them cannot trap.
struct GoldenCase {
    let folder: CaseFolder
    let description: CaseDescription
    let inputs: CaseTensors
    let golden: CaseTensors
    var tolerance: Tolerance { description.tolerance }

    init(_ folder: CaseFolder) throws {
        self.folder = folder
        description = try folder.requiredDescription()
        inputs = try CaseTensors(folder, "inputs_file")
        golden = try CaseTensors(folder, "outputs_file")
    }

    /// - Parameter shape: nil stands for any size from 1
    func input(_ name: String, _ shape: [Int?], _ type: ElementType = .f32) throws -> Tensor {
        try checked(inputs.tensor(name), "inputs.\(name)", type, shape)
    }

    func output(_ name: String, _ shape: [Int?], _ type: ElementType = .f32) throws -> Tensor {
        try checked(golden.tensor(name), "outputs.\(name)", type, shape)
    }

    private func checked(_ tensor: Tensor, _ field: String, _ type: ElementType, _ shape: [Int?]) throws -> Tensor {
        let fits = tensor.shape.count == shape.count && zip(tensor.shape, shape).allSatisfy { $1 == nil ? $0 >= 1 : $0 == $1 }
        guard tensor.elementType == type, fits else {
            let pattern = shape.map { $0.map(String.init) ?? "n" }.joined(separator: ", ")
            throw malformed(field, "\(type.rawValue) [\(pattern)], found \(tensor.elementType.rawValue) \(tensor.shape)")
        }
        return tensor
    }

    /// An integer of `config` within `range`.
    func integer(_ field: String, _ range: ClosedRange<Int>) throws -> Int {
        let value: Int = try description.value("config.\(field)")
        guard range.contains(value) else {
            throw malformed("config.\(field)", "\(range.lowerBound) to \(range.upperBound), found \(value)")
        }
        return value
    }

    /// A finite number of `config`.
    func number(_ field: String) throws -> Double {
        let value: Double = try description.value("config.\(field)")
        guard value.isFinite else { throw malformed("config.\(field)", "a finite number, found \(value)") }
        return value
    }

    func malformed(_ field: String, _ expected: String) -> CheckError {
        .malformed(path: description.path, field: field, expected: expected)
    }
}
