import LEOTensor

/// The Python objects a checkpoint may name. Nothing else is ever looked up, and nothing is ever called: the
/// interpreter knows what each of these would build and builds that.
enum PickleGlobal: Sendable, Equatable {
    case dictionary, orderedDictionary, defaultDictionary
    case list, tuple, set, frozenSet
    case bytes
    /// A Python type that occurs only as the factory of a defaultdict.
    case factory
    case encode

    case storage(ElementType)
    case untypedStorage
    case elementType(ElementType)
    case rebuildTensor, rebuildTensorV2, rebuildTensorV3, rebuildParameter, rebuildFromType
    case tensorType
    case size, device

    case reconstructArray, arrayFromBuffer, arrayScalar, arrayType, numpyType

    /// - Throws: `.unsupported` for storages of types unknown here, `.forbidden` for all else, naming what was asked for.
    static func lookUp(module: String, name: String, file: String) throws -> PickleGlobal {
        if let global = table["\(module) \(name)"] { return global }
        if module == "torch" || module == "torch.cuda" {
            if name.hasSuffix("Storage"), !name.contains(".") {
                guard let type = storages[name] else {
                    throw CheckpointError.unsupported(
                        file: file, field: "pickle", found: "storage type \(quoted(name))")
                }
                return .storage(type)
            }
            if module == "torch", let type = elementTypes[name] { return .elementType(type) }
        }
        throw CheckpointError.forbidden(file: file, global: quoted("\(module).\(name)"))
    }

    private static let storages: [String: ElementType] = [
        "DoubleStorage": .f64, "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16, "LongStorage": .i64,
        "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .u8, "BoolStorage": .bool,
    ]

    private static let elementTypes: [String: ElementType] = [
        "float64": .f64, "float32": .f32, "float16": .f16, "bfloat16": .bf16, "int64": .i64, "int32": .i32,
        "int16": .i16,
        "int8": .i8, "uint8": .u8, "bool": .bool,
    ]

    private static let table: [String: PickleGlobal] = {
        var table: [String: PickleGlobal] = [
            "collections OrderedDict": .orderedDictionary, "collections defaultdict": .defaultDictionary,
            "_codecs encode": .encode,
            "torch UntypedStorage": .untypedStorage, "torch.storage UntypedStorage": .untypedStorage,
            "torch.storage _UntypedStorage": .untypedStorage,
            "torch._utils _rebuild_tensor": .rebuildTensor, "torch._utils _rebuild_tensor_v2": .rebuildTensorV2,
            "torch._utils _rebuild_tensor_v3": .rebuildTensorV3, "torch._utils _rebuild_parameter": .rebuildParameter,
            "torch._utils _rebuild_parameter_with_state": .rebuildParameter,
            "torch._tensor _rebuild_from_type_v2": .rebuildFromType,
            "torch Tensor": .tensorType, "torch.nn.parameter Parameter": .tensorType,
            "torch Size": .size, "torch device": .device,
            "numpy ndarray": .arrayType, "numpy dtype": .numpyType,
        ]
        // Python 2 and 3, NumPy 1 and 2 have different names for the same things.
        for module in ["builtins", "__builtin__"] {
            table["\(module) dict"] = .dictionary
            table["\(module) list"] = .list
            table["\(module) tuple"] = .tuple
            table["\(module) set"] = .set
            table["\(module) frozenset"] = .frozenSet
            table["\(module) bytearray"] = .bytes
            table["\(module) bytes"] = .bytes
            for type in ["int", "long", "float", "str", "bool"] { table["\(module) \(type)"] = .factory }
        }
        for module in ["numpy.core", "numpy._core"] {
            table["\(module).multiarray _reconstruct"] = .reconstructArray
            table["\(module).multiarray scalar"] = .arrayScalar
            table["\(module).numeric _frombuffer"] = .arrayFromBuffer
        }
        return table
    }()
}
