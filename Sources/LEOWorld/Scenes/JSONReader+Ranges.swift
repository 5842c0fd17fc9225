import LEOAction

/// Values within bounds, for scenes from anywhere.
extension JSONReader {
    /// At most `limit` elements.
    func elements(limit: Int) throws(LEGENTMessageError) -> [JSONReader] {
        if case .array(let values) = value, values.count > limit {
            throw wrong("at most \(limit) entries", found: "\(values.count)")
        }
        return try elements
    }

    /// A finite number within `range`.
    func number(in range: ClosedRange<Double>) throws(LEGENTMessageError) -> Double {
        let number = try double
        guard range.contains(number) else { throw wrong("a number within \(range.lowerBound)...\(range.upperBound)") }
        return number
    }

    func integer(in range: ClosedRange<Int>) throws(LEGENTMessageError) -> Int {
        let number = try integer
        guard range.contains(number) else { throw wrong("\(range.lowerBound)...\(range.upperBound)") }
        return number
    }

    /// An array of three numbers, or an object of x, y and z.
    func vector(in range: ClosedRange<Double>) throws(LEGENTMessageError) -> SIMD3<Double> {
        if case .object = value {
            return SIMD3(
                try required("x").number(in: range), try required("y").number(in: range),
                try required("z").number(in: range))
        }
        let parts = try elements(count: 3)
        return SIMD3(try parts[0].number(in: range), try parts[1].number(in: range), try parts[2].number(in: range))
    }

    /// An array of two numbers.
    func pair(in range: ClosedRange<Double>) throws(LEGENTMessageError) -> SIMD2<Double> {
        let parts = try elements(count: 2)
        return SIMD2(try parts[0].number(in: range), try parts[1].number(in: range))
    }

    private func elements(count: Int) throws(LEGENTMessageError) -> [JSONReader] {
        if case .array(let values) = value, values.count != count { throw wrong("\(count) numbers", found: "\(values.count)") }
        return try elements
    }
}
