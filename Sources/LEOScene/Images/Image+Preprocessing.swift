import LEOTensor

extension Image {
    /// In which order an image file's channels meet the statistics of the image encoder.
    public enum ChannelOrder: Sendable {
        /// Red first: colour maps of manipulation scenes, and pictures of any other origin.
        case rgb
        /// Blue first: LEO was trained on navigation pictures read by `cv2.imread`, which gives B, G, R, and they stayed so.
        case bgr
    }

    /// Side of the pictures that the image encoder takes.
    public static let encoderSize = 224

    /// The picture as the image encoder takes it: resized to 224 x 224, then `(value / 255 - mean) / deviation`.
    ///
    /// - Shapes: [3, 224, 224], f32, channel planes
    /// - Numerics: resizing as `cv2.resize`, normalisation in double precision; ImageNet means (0.485, 0.456, 0.406) and
    ///   deviations (0.229, 0.224, 0.225) go with the first, second and third channel, whichever colours those are
    /// - Source: LEO (arXiv 2311.12871), official data loaders, `preprocess_2d`
    public func preprocessed(channels: ChannelOrder = .rgb) -> Tensor {
        resized(width: Self.encoderSize, height: Self.encoderSize).normalized(channels: channels)
    }

    /// The normalisation of `preprocessed` at the present size: [3, height, width], f32.
    public func normalized(channels: ChannelOrder = .rgb) -> Tensor {
        let means = [0.485, 0.456, 0.406]
        let deviations = [0.229, 0.224, 0.225]
        let plane = width * height
        return Tensor(elementType: .f32, shape: [3, height, width]) { bytes in
            let target = bytes.bindMemory(to: Float.self)
            for channel in 0..<3 {
                let table = (0..<256).map { Float((Double($0) / 255 - means[channel]) / deviations[channel]) }
                let source = channels == .rgb ? channel : 2 - channel
                for index in 0..<plane { target[channel * plane + index] = table[Int(pixels[3 * index + source])] }
            }
        }
    }
}
