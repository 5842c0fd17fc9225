extension Image {
    /// The picture at another size by bilinear interpolation, without smoothing when it shrinks and without regard to
    /// its aspect.
    ///
    /// - Numerics: the fixed-point arithmetic of `cv2.resize` with its default INTER_LINEAR on 8-bit images, bit for bit:
    ///   pixel centres at half integers, weights rounded to 11 bits (ties to even), each row product cut to 16 bits
    /// - Source: OpenCV 4.7, modules/imgproc/src/resize.cpp
    public func resized(width newWidth: Int, height newHeight: Int) -> Image {
        precondition(newWidth > 0 && newHeight > 0, "an image has at least one pixel")
        guard newWidth != width || newHeight != height else { return self }
        let columns = (0..<newWidth).map { Tap($0, from: width, to: newWidth) }.map { $0.clamped(to: width) }
        let rows = (0..<newHeight).map { Tap($0, from: height, to: newHeight) }
        let rowValues = 3 * newWidth
        let resized = [UInt8](unsafeUninitializedCapacity: rowValues * newHeight) { target, initialized in
            pixels.withUnsafeBufferPointer { source in
                // Horizontally interpolated source rows; consecutive output rows share them.
                var upper = [Int32](repeating: 0, count: rowValues)
                var lower = upper
                var upperRow = -1
                var lowerRow = -1
                for (y, tap) in rows.enumerated() {
                    // Unlike columns, rows outside keep their weights and repeat the border row.
                    let first = min(max(tap.source, 0), height - 1)
                    let second = min(max(tap.source + 1, 0), height - 1)
                    if first != upperRow {
                        if first == lowerRow {
                            swap(&upper, &lower)
                            swap(&upperRow, &lowerRow)
                        } else {
                            interpolate(source, row: first, columns, into: &upper)
                            upperRow = first
                        }
                    }
                    if second != lowerRow {
                        interpolate(source, row: second, columns, into: &lower)
                        lowerRow = second
                    }
                    let output = UnsafeMutableBufferPointer(rebasing: target[y * rowValues..<(y + 1) * rowValues])
                    for index in 0..<rowValues {
                        let above = (tap.near * (upper[index] >> 4)) >> 16
                        let below = (tap.far * (lower[index] >> 4)) >> 16
                        output[index] = UInt8(truncatingIfNeeded: min((above + below + 2) >> 2, 255))
                    }
                }
            }
            initialized = rowValues * newHeight
        }
        return Image(width: newWidth, height: newHeight, pixels: resized)
    }

    private func interpolate(
        _ source: UnsafeBufferPointer<UInt8>, row: Int, _ columns: [Tap], into target: inout [Int32]
    ) {
        let start = 3 * width * row
        for (x, tap) in columns.enumerated() {
            let left = start + 3 * tap.source
            // A clamped tap has no right neighbour and gives it no weight.
            let right = tap.far == 0 ? left : left + 3
            for channel in 0..<3 {
                target[3 * x + channel] =
                    Int32(source[left + channel]) * tap.near + Int32(source[right + channel]) * tap.far
            }
        }
    }

    /// Where an output pixel falls between two source pixels, with weights that add up to about 2048.
    private struct Tap {
        var source: Int
        var near: Int32
        var far: Int32

        init(_ output: Int, from sourceSize: Int, to outputSize: Int) {
            let scale = 1 / (Double(outputSize) / Double(sourceSize))
            let position = Float((Double(output) + 0.5) * scale - 0.5)
            let floor = position.rounded(.down)
            let fraction = position - floor
            source = Int(floor)
            near = Int32(((1 - fraction) * 2048).rounded(.toNearestOrEven))
            far = Int32((fraction * 2048).rounded(.toNearestOrEven))
        }

        func clamped(to size: Int) -> Tap {
            var tap = self
            if source < 0 || source >= size - 1 {
                (tap.source, tap.near, tap.far) = (source < 0 ? 0 : size - 1, 2048, 0)
            }
            return tap
        }
    }
}
