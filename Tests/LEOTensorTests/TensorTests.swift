import Foundation
import LEOTensor
import TestSupport
import Testing

@Suite struct TensorTests {
    @Test func sharesRowsAndShapes() {
        let tensor = Tensor((0..<24).map { Float($0) }, shape: [4, 3, 2])
        #expect(tensor.count == 24 && tensor.byteCount == 96)
        #expect(tensor.rows(1..<3).floats() == (6..<18).map { Float($0) } && tensor.rows(1..<3).shape == [2, 3, 2])
        #expect(tensor.rows(1..<3).rows(1..<2).reshaped([6]).floats() == (12..<18).map { Float($0) })
        #expect(tensor.rows(4..<4).floats().isEmpty)
        #expect(Int(bitPattern: tensor.baseAddress) % 64 == 0)
        #expect(tensor.rows(2..<3).baseAddress - tensor.baseAddress == 48)
    }

    @Test func emptyAndScalarTensors() {
        #expect(Tensor([Float](), shape: [0, 5]).floats().isEmpty)
        #expect(Tensor([Float(7)], shape: []).floats() == [7])
        #expect(Tensor([Int32(-7)], shape: [1]).integers() == [-7])
    }

    /// Every bit pattern of half precision, against the formula of IEEE 754.
    @Test func halfPrecisionIsExact() {
        for bits in UInt16.min...UInt16.max {
            let value = float(half: bits)
            let sign: Double = bits & 0x8000 == 0 ? 1 : -1
            let exponent = Int(bits >> 10 & 0x1f), mantissa = Double(bits & 0x3ff)
            switch exponent {
            case 31 where mantissa == 0: #expect(value == Float(sign) * .infinity)
            case 31: #expect(value.isNaN)
            case 0: #expect(Double(value) == sign * mantissa * 0x1p-24 && value.sign == (sign < 0 ? .minus : .plus))
            default:
                let expected = sign * (1 + mantissa / 1024) * pow(2, Double(exponent - 15))
                if Double(value) != expected { Issue.record("\(bits): \(value), not \(expected)") }
            }
        }
    }

    @Test func everyTypeConverts() {
        func tensor<Value: BitwiseCopyable>(_ type: ElementType, _ values: [Value]) -> Tensor {
            Tensor(elementType: type, shape: [values.count]) { target in values.withUnsafeBytes { target.copyMemory(from: $0) } }
        }
        #expect(tensor(.f64, [1.5, -2]).floats() == [1.5, -2])
        #expect(tensor(.bf16, [UInt16(0x3fc0), 0xc000]).floats() == [1.5, -2])
        #expect(tensor(.f16, [UInt16(0x3e00), 0xc000]).floats() == [1.5, -2])
        #expect(tensor(.i64, [Int64(1) << 40, -3]).integers() == [1 << 40, -3])
        #expect(tensor(.i16, [Int16.min, 3]).integers() == [-32768, 3])
        #expect(tensor(.i8, [Int8.min, 3]).floats() == [-128, 3])
        #expect(tensor(.u8, [UInt8.max, 3]).integers() == [255, 3])
        #expect(tensor(.bool, [UInt8(1), 0]).floats() == [1, 0])
        #expect(tensor(.f32, [Float.nan, .infinity, 2.6, -1e30]).integers().prefix(3) == [0, 0, 3])
    }

    @Test func elementCountsAreChecked() {
        #expect(elementCount(of: []) == 1 && elementCount(of: [3, 0, 5]) == 0 && elementCount(of: [3, 4]) == 12)
        #expect(elementCount(of: [-1]) == nil && elementCount(of: [.max, 2]) == nil && elementCount(of: [1 << 32, 1 << 32]) == nil)
    }

    @Test func filesAreMapped() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/f"
            try Data((0..<100).map { UInt8($0) }).write(to: URL(fileURLWithPath: path))
            let file = try MappedFile(path: path)
            #expect(file.byteCount == 100 && Array(file.bytes) == (0..<100).map { UInt8($0) })
            let tensor = try #require(file.tensor(elementType: .u8, shape: [5, 2], byteOffset: 90))
            #expect(tensor.integers() == Array(90..<100))
            for (shape, offset) in [([5, 2], 91), ([11], 90), ([1], -1), ([.max], 1), ([-1], 0), ([1 << 62, 4], 0), ([1], .max)] {
                #expect(file.tensor(elementType: .f32, shape: shape, byteOffset: offset) == nil, "\(shape) at \(offset)")
            }
            file.release(0..<100)
            file.release(0..<Int.max / 2)
            #expect(file.bytes[99] == 99)
            try Data().write(to: URL(fileURLWithPath: path))
            let empty = try MappedFile(path: path)
            #expect(empty.byteCount == 0 && empty.bytes.isEmpty)
            #expect(empty.tensor(elementType: .f32, shape: [0], byteOffset: 0)?.floats() == [])
            #expect(throws: FileError(path: folder, action: "open", reason: "is a directory")) { try MappedFile(path: folder) }
            #expect { try MappedFile(path: folder + "/none") } throws: { "\($0)".contains("none: cannot open: ") }
        }
    }
}
