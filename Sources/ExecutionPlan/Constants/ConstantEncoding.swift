internal import CLEOKernels
package import LEOTensor

/// Storage of a constant in a file or in memory, and how it is filled.
package struct ConstantEncoding: Sendable {
    package let precision: Precision
    package let layout: ConstantLayout
    package let shape: [Int]

    package init(recipe: Recipe, precision: Precision) {
        self.precision = precision
        layout = recipe.isPacked ? precision.packedLayout : .rows
        shape = recipe.shape
    }

    package var elementType: ElementType { precision.elementType }

    private var rows: Int { shape.first ?? 1 }
    private var columns: Int { shape.dropFirst().reduce(1, *) }

    /// Rows that are stored together.
    private var panel: Int {
        switch layout {
        case .rows: 1
        case .nk16: Int(CK_PANEL)
        case .n64k4, .n64k8: Int(CK_Q8_PANEL)
        }
    }

    /// Stored bytes of this many rows, padding included.
    private func byteCount(rows: Int) -> Int {
        switch layout {
        case .rows, .nk16: (rows + panel - 1) / panel * panel * columns * elementType.byteCount
        case .n64k4: Int(ck_n64_i8g128_bytes(Int64(rows), Int64(columns)))
        case .n64k8: Int(ck_n64_i4g32_bytes(Int64(rows), Int64(columns)))
        }
    }

    private func scaleByteCount(rows: Int) -> Int {
        layout == .n64k4 || layout == .n64k8 ? Int(ck_n64_scale_bytes(Int64(rows), Int64(columns))) : 0
    }

    package var byteCount: Int { byteCount(rows: rows) }

    /// Shape [n, groups] of the factors that go with integers, in panels of 64 rows. Nil for real numbers.
    package var scaleShape: [Int]? { precision.isInteger ? [rows, Int(ck_q8_groups(Int64(columns)))] : nil }

    /// What a factor is: a number, or a number and smaller factors in the bits of one word.
    package var scaleType: ElementType { precision == .int4 ? .i32 : .f32 }

    /// Bytes of those factors, those of the padded rows included.
    package var scaleByteCount: Int? { precision.isInteger ? scaleByteCount(rows: rows) : nil }

    /// Every element is a number that the precision holds; `values` are those from a place in C order on.
    private func check(_ recipe: Recipe, _ values: [Float], from start: Int) throws {
        guard let place = values.withUnsafeBufferPointer({ firstPlace(in: $0, notBelow: precision.overflow) }) else { return }
        throw GraphError.constant(
            name: recipe.name, expected: "finite numbers that \(precision.rawValue) holds",
            found: "\(values[place]) at \(elementIndices(of: start + place, in: shape))")
    }

    /// Encodes the whole constant piece by piece, in order.
    ///
    /// - Throws: an error that names the constant and the first of its elements that is not a number, or too large for the precision.
    /// - Parameters:
    ///   - write: receives the next bytes of the constant.
    ///   - writeScale: receives the next bytes of its factors, for integers.
    package func encode(
        _ recipe: Recipe, with evaluator: RecipeEvaluator, write: (UnsafeRawBufferPointer) throws -> Void,
        writeScale: (UnsafeRawBufferPointer) throws -> Void = { _ in }
    ) throws {
        // 4 MiB pieces of float32, in whole panels of every layout.
        let unit = Int(CK_Q8_PANEL)
        let step = max(unit, (1 << 20) / max(columns, 1) / unit * unit)
        var first = 0
        while first < rows {
            let last = min(first + step, rows)
            let values = try evaluator.rows(recipe, first..<last)
            try check(recipe, values, from: first * columns)
            try encode(recipe, values, rows: last - first, write: write, writeScale: writeScale)
            first = last
        }
    }

    private func encode(
        _ recipe: Recipe, _ values: [Float], rows: Int, write: (UnsafeRawBufferPointer) throws -> Void,
        writeScale: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var bytes = [UInt8](repeating: 0, count: byteCount(rows: rows))
        var scales = [UInt32](repeating: 0, count: scaleByteCount(rows: rows) / 4)
        var status = CK_OK
        bytes.withUnsafeMutableBytes { target in
            guard let base = target.baseAddress else { return }
            let rows = Int64(rows), columns = Int64(columns), count = Int64(values.count)
            switch (layout, precision) {
            case (.rows, .f32): values.withUnsafeBytes { target.copyMemory(from: $0) }
            case (.rows, .f16): ck_f16_from_f32(values, base.assumingMemoryBound(to: UInt16.self), count)
            case (.rows, .bf16): ck_bf16_from_f32(values, base.assumingMemoryBound(to: UInt16.self), count)
            case (.nk16, .f32): status = ck_pack_nk16_f32(values, rows, columns, base.assumingMemoryBound(to: Float.self))
            case (.nk16, .f16): status = ck_pack_nk16_f16(values, rows, columns, base.assumingMemoryBound(to: UInt16.self))
            case (.nk16, .bf16): status = ck_pack_nk16_bf16(values, rows, columns, base.assumingMemoryBound(to: UInt16.self))
            case (.n64k4, _):
                scales.withUnsafeMutableBytes { scales in
                    status = ck_pack_n64_i8g128(
                        values, rows, columns, base.assumingMemoryBound(to: UInt8.self), scales.baseAddress?.assumingMemoryBound(to: Float.self))
                }
            case (.n64k8, _): status = ck_pack_n64_i4g32(values, rows, columns, base.assumingMemoryBound(to: UInt8.self), &scales)
            default: status = CK_UNSUPPORTED
            }
        }
        switch status {
        case CK_OK: break
        case CK_UNSUPPORTED:
            throw GraphError.constant(
                name: recipe.name, expected: "a precision that layout \(layout.rawValue) holds", found: precision.rawValue)
        default:
            throw GraphError.constant(
                name: recipe.name, expected: "a matrix that the layout \(layout.rawValue) holds", found: "shape \(shape)")
        }
        try bytes.withUnsafeBytes(write)
        if !scales.isEmpty { try scales.withUnsafeBytes(writeScale) }
    }
}
