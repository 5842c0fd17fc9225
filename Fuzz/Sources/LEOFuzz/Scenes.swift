import LEOImageIO
import LEOScene

func fuzzPLY(_ bytes: UnsafeRawBufferPointer) { readCloud(bytes, name: "input.ply") }
func fuzzPCD(_ bytes: UnsafeRawBufferPointer) { readCloud(bytes, name: "input.pcd") }

/// A cloud and, if it is small, the scene made of it.
private func readCloud(_ bytes: UnsafeRawBufferPointer, name: String) {
    do {
        let cloud = try PointCloud(bytes: bytes, name: name)
        for index in stride(from: 0, to: cloud.count, by: max(1, cloud.count / 64)) {
            _ = cloud.position(index)
            _ = cloud.isValid(index)
        }
        guard cloud.count <= 1024 else { return }
        let scene = try Scene(cloud)
        _ = scene.objectTensors(pointsPerObject: 16)
    } catch { describe(error) }
}

/// A PNG or JPEG file, decoded and resized as a request does. Larger pictures only cost time.
func fuzzImage(_ bytes: UnsafeRawBufferPointer) {
    do {
        let decoded = try decodeImage(bytes, name: "input", options: ImageDecodingOptions(maximumPixels: 1 << 16))
        let image = decoded.image
        check(image.width * image.height <= 1 << 16, "within the limit")
        _ = image.resized(width: 32, height: 32)
    } catch { describe(error) }
}
