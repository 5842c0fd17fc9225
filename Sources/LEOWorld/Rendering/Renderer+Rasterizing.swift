extension Renderer {
    /// Draws the visible items into the depth buffer: occluders, then what they do not hide.
    func rasterize(_ scene: RenderScene, _ projection: Projection) {
        scene.worldPositions.withUnsafeBufferPointer { positions in
            scene.lights.withUnsafeBufferPointer { lights in
                scene.localPositions.withUnsafeBufferPointer { locals in
                    scene.faces.withUnsafeBufferPointer { faces in
                        scene.materials.withUnsafeBufferPointer { materials in
                            guard let positions = positions.baseAddress, let lights = lights.baseAddress,
                                let locals = locals.baseAddress, let faces = faces.baseAddress,
                                let materials = materials.baseAddress
                            else { return }
                            let source = Source(
                                positions: positions, lights: lights, locals: locals, faces: faces, materials: materials)
                            var hasOccluders = false
                            for item in scene.items where item.isOccluder && item.isVisible {
                                hasOccluders = true
                                draw(item, source, projection, testsOcclusion: false)
                            }
                            if hasOccluders { reduceTiles() }
                            for item in scene.items where !item.isOccluder && item.isVisible {
                                draw(item, source, projection, testsOcclusion: hasOccluders)
                            }
                        }
                    }
                }
            }
        }
    }

    /// The lists of a scene.
    private struct Source {
        let positions: UnsafePointer<SIMD4<Float>>
        let lights: UnsafePointer<SIMD4<Float>>
        let locals: UnsafePointer<SIMD4<Float>>
        let faces: UnsafePointer<RenderScene.Face>
        let materials: UnsafePointer<ShadingMaterial>
    }

    /// A face's corners in some lists.
    private struct Corners {
        var image: UnsafePointer<SIMD4<Float>>
        var lights: UnsafePointer<SIMD4<Float>>
        var locals: UnsafePointer<SIMD4<Float>>
        var a: Int
        var b: Int
        var c: Int
    }

    private func draw(_ item: RenderScene.Item, _ source: Source, _ projection: Projection, testsOcclusion: Bool) {
        guard item.minimum.x <= item.maximum.x else { return }
        let middle = (item.minimum + item.maximum) / 2
        let extent = item.maximum - middle
        let radius = (extent * extent).sum().squareRoot()
        let center = projection.view(SIMD4(middle, 0))
        guard center.z + radius >= projection.near else { return }
        let outside = SIMD2(abs(center.x), abs(center.y)) - projection.half * (projection.isOrthographic ? 1 : center.z)
        // Distances from the side planes; the length undoes the scale of x and y.
        guard outside.x <= radius * projection.sideLengths.x, outside.y <= radius * projection.sideLengths.y else { return }
        let crossesNear = center.z - radius < projection.near * 1.0001
        if testsOcclusion, !crossesNear, isHidden(item, projection) { return }

        let first = item.vertices.lowerBound, count = item.vertices.count
        let target = projected + first, positions = source.positions + first
        for index in 0..<count { target[index] = projection.image(projection.view(positions[index])) }

        let image = UnsafePointer(projected)
        for index in item.triangles {
            let face = source.faces[index]
            let corners = Corners(
                image: image, lights: source.lights, locals: source.locals, a: Int(face.a),
                b: Int(item.isMirrored ? face.c : face.b), c: Int(item.isMirrored ? face.b : face.c))
            if crossesNear {
                clip(corners, face, item.id, source, projection)
            } else {
                fill(corners, face, item.id, source.materials, projection.isOrthographic)
            }
        }
    }

    // MARK: Hidden items

    /// Least 1 / depth of every tile.
    private func reduceTiles() {
        let size = Self.tileSize
        for row in 0..<tileRows {
            for column in 0..<tileColumns {
                var least = SIMD4<Float>(repeating: .infinity)
                let endX = min((column + 1) * size, columns)
                for y in row * size..<min((row + 1) * size, rows) {
                    let line = inverseDepths + y * columns
                    var x = column * size
                    while x + 4 <= endX {
                        least = lesser(least, UnsafeRawPointer(line + x).loadUnaligned(as: SIMD4<Float>.self))
                        x += 4
                    }
                    while x < endX {
                        least[0] = min(least[0], line[x])
                        x += 1
                    }
                }
                tiles[row * tileColumns + column] = least.min()
            }
        }
    }

    /// Whether the box of an item lies behind what is drawn already, wherever it could show. The item must lie beyond the
    /// near plane.
    private func isHidden(_ item: RenderScene.Item, _ projection: Projection) -> Bool {
        var least = SIMD4<Float>(repeating: .infinity), greatest = -least
        for corner in 0..<8 {
            let point = SIMD4(
                corner & 1 == 0 ? item.minimum.x : item.maximum.x, corner & 2 == 0 ? item.minimum.y : item.maximum.y,
                corner & 4 == 0 ? item.minimum.z : item.maximum.z, 0)
            let image = projection.image(projection.view(point))
            least = lesser(least, image)
            greatest = greater(greatest, image)
        }
        let limit = SIMD2(Float(columns - 1), Float(rows - 1))
        let from = SIMD2(least.x, least.y).clamped(lowerBound: .zero, upperBound: limit)
        let to = SIMD2(greatest.x, greatest.y).clamped(lowerBound: .zero, upperBound: limit)
        // A little nearer, so that rounding hides nothing that touches an occluder.
        let nearest = greatest.z * 1.0001
        for row in Int(from.y) / Self.tileSize...Int(to.y) / Self.tileSize {
            for column in Int(from.x) / Self.tileSize...Int(to.x) / Self.tileSize
            where tiles[row * tileColumns + column] <= nearest { return false }
        }
        return true
    }

    // MARK: Clipping

    /// Cuts a face at the near plane and fills what is left.
    private func clip(
        _ corners: Corners, _ face: RenderScene.Face, _ id: Int32, _ source: Source, _ projection: Projection
    ) {
        let near = projection.near
        let depths = SIMD3(corners.image[corners.a].w, corners.image[corners.b].w, corners.image[corners.c].w)
        if depths.min() >= near { return fill(corners, face, id, source.materials, projection.isOrthographic) }
        if !(depths.max() >= near) { return }
        // Cut corners lie far outside the image, where their rounding would tilt the plane; the whole face has it exact.
        let plane = DepthPlane(
            projection.view(source.positions[corners.a]), projection.view(source.positions[corners.b]),
            projection.view(source.positions[corners.c]), center: projection.center)
        let indices = (corners.a, corners.b, corners.c, corners.a)
        var count = 0
        withUnsafeBytes(of: indices) { bytes in
            let indices = bytes.bindMemory(to: Int.self)
            for edge in 0..<3 {
                let from = indices[edge], to = indices[edge + 1]
                let fromIn = depths[edge] >= near, toIn = depths[(edge + 1) % 3] >= near
                if fromIn {
                    clipped[count] = corners.image[from]
                    clippedLights[count] = corners.lights[from]
                    clippedLocals[count] = corners.locals[from]
                    count += 1
                }
                if fromIn != toIn {
                    // Always from the inside out, so that neighbours get the same point.
                    let (inside, outside) = fromIn ? (from, to) : (to, from)
                    let a = projection.view(source.positions[inside]), b = projection.view(source.positions[outside])
                    let fraction = min(max((a.z - near) / (a.z - b.z), 0), 1)
                    var view = a + (b - a) * fraction
                    view.z = near
                    clipped[count] = projection.image(view)
                    clippedLights[count] = corners.lights[inside] + (corners.lights[outside] - corners.lights[inside]) * fraction
                    clippedLocals[count] = corners.locals[inside] + (corners.locals[outside] - corners.locals[inside]) * fraction
                    count += 1
                }
            }
        }
        for last in 2..<max(count, 2) {
            let part = Corners(
                image: clipped, lights: clippedLights, locals: clippedLocals, a: 0, b: last - 1, c: last)
            fill(part, face, id, source.materials, projection.isOrthographic, plane: plane)
        }
    }

    // MARK: Filling

    /// Least whole number not below `value - 0.5`, within 0...`limit`: the first sample at or after an edge.
    @inline(__always)
    private static func firstSample(_ value: Float, _ limit: Float) -> Int32 {
        let shifted = min(max(value - 0.5, 0), limit)
        let whole = Int32(shifted)
        return Float(whole) < shifted ? whole &+ 1 : whole
    }

    /// Fills the samples whose middle lies in a face; on an edge, those to the right of it and below.
    @inline(__always)
    private func fill(
        _ corners: Corners, _ face: RenderScene.Face, _ id: Int32, _ materials: UnsafePointer<ShadingMaterial>,
        _ isOrthographic: Bool, plane: DepthPlane? = nil
    ) {
        let a = corners.image[corners.a], b = corners.image[corners.b], c = corners.image[corners.c]
        let area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
        // Back sides, edges-on, and what is no number.
        guard area > 1e-8, area < .infinity else { return }
        let limitX = Float(columns), limitY = Float(rows)
        let startY = Self.firstSample(min(a.y, b.y, c.y), limitY), endY = Self.firstSample(max(a.y, b.y, c.y), limitY)
        guard startY < endY else { return }
        guard Self.firstSample(min(a.x, b.x, c.x), limitX) < Self.firstSample(max(a.x, b.x, c.x), limitX) else { return }

        // 1 / depth is a plane over the image.
        let inverseArea = 1 / area
        let ab = b - a, ac = c - a
        let plane = plane ?? DepthPlane(
            x: a.x, y: a.y, inverse: a.z, slopeX: (ab.z * ac.y - ac.z * ab.y) * inverseArea,
            slopeY: (ac.z * ab.x - ab.z * ac.x) * inverseArea)
        let slopeX = plane.slopeX
        let nearest = max(a.z, b.z, c.z), farthest = min(a.z, b.z, c.z)
        let record = Int32(recordCount)

        // Edges run from the upper to the lower end, so that neighbours find the same crossings.
        var top = a, middle = b, bottom = c
        if middle.y < top.y { swap(&top, &middle) }
        if bottom.y < middle.y { swap(&middle, &bottom) }
        if middle.y < top.y { swap(&top, &middle) }
        let long = (bottom.x - top.x) / (bottom.y - top.y)
        let upper = (middle.x - top.x) / (middle.y - top.y)
        let lower = (bottom.x - middle.x) / (bottom.y - middle.y)
        let turn = (middle.x - top.x) * (bottom.y - top.y) - (middle.y - top.y) * (bottom.x - top.x)
        let isLongLeft = turn > 0
        let middleY = Self.firstSample(middle.y, limitY)
        let lanes = SIMD4<Float>(0, 1, 2, 3)
        let steps = lanes * slopeX
        var isTouched = false

        var y = startY
        while y < endY {
            let sampleY = Float(y) + 0.5
            let longX = top.x + (sampleY - top.y) * long
            let shortX = y < middleY ? top.x + (sampleY - top.y) * upper : middle.x + (sampleY - middle.y) * lower
            let startX = Self.firstSample(isLongLeft ? longX : shortX, limitX)
            let endX = Self.firstSample(isLongLeft ? shortX : longX, limitX)
            if startX < endX {
                let base = Int(y) &* columns &+ Int(startX)
                let count = Float(endX &- startX)
                var inverse = steps + plane.inverse(x: Float(startX) + 0.5, y: sampleY)
                var depth = UnsafeMutableRawPointer(inverseDepths + base)
                var owner = UnsafeMutableRawPointer(owners + base)
                var remaining = count
                let owned = SIMD4<Int32>(repeating: record)
                while remaining > 0 {
                    let old = depth.loadUnaligned(as: SIMD4<Float>.self)
                    let oldOwner = owner.loadUnaligned(as: SIMD4<Int32>.self)
                    // Rounding must not carry thin faces beyond their corners.
                    let new = lesser(greater(inverse, SIMD4(repeating: farthest)), SIMD4(repeating: nearest))
                    let isNearer = (new .> old) .& (lanes .< SIMD4(repeating: remaining))
                    depth.storeBytes(of: old.replacing(with: new, where: isNearer), as: SIMD4<Float>.self)
                    owner.storeBytes(of: oldOwner.replacing(with: owned, where: isNearer), as: SIMD4<Int32>.self)
                    depth += 16
                    owner += 16
                    inverse += 4 * slopeX
                    remaining -= 4
                }
                isTouched = true
            }
            y &+= 1
        }
        guard isTouched else { return }

        recordCount += 1
        let target = records + Int(record)
        // Over depth, light and position are planes over the image too.
        let weights = isOrthographic ? SIMD3(repeating: 1) : SIMD3(a.z, b.z, c.z)
        let isBright = materials[Int(face.material)].isLight
        let lightA = (isBright ? .one : corners.lights[corners.a]) * weights.x
        let lightAB = (isBright ? .one : corners.lights[corners.b]) * weights.y - lightA
        let lightAC = (isBright ? .one : corners.lights[corners.c]) * weights.z - lightA
        let lightX = (lightAB * ac.y - lightAC * ab.y) * inverseArea
        let lightY = (lightAC * ab.x - lightAB * ac.x) * inverseArea
        target.pointee.light = lightA - lightX * (a.x - 0.5) - lightY * (a.y - 0.5)
        target.pointee.lightX = lightX
        target.pointee.lightY = lightY
        target.pointee.material = face.material
        target.pointee.axis = face.axis
        target.pointee.id = id
        if materials[Int(face.material)].kind != .plain {
            let localA = corners.locals[corners.a] * weights.x
            let localAB = corners.locals[corners.b] * weights.y - localA
            let localAC = corners.locals[corners.c] * weights.z - localA
            let localX = (localAB * ac.y - localAC * ab.y) * inverseArea
            let localY = (localAC * ab.x - localAB * ac.x) * inverseArea
            target.pointee.local = localA - localX * (a.x - 0.5) - localY * (a.y - 0.5)
            target.pointee.localX = localX
            target.pointee.localY = localY
        }
    }

    // MARK: Shading

    /// Colours of all samples.
    func shadeSamples(
        _ scene: RenderScene, isOrthographic: Bool, footprintPerDepth: Float, into target: UnsafeMutablePointer<UInt8>
    ) {
        let background = SIMD4(scene.background.clamped(lowerBound: .zero, upperBound: .one) * 255, 0)
        let backgroundBytes = Self.bytes(background)
        scene.materials.withUnsafeBufferPointer { materials in
            for y in 0..<rows {
                let owners = owners + y * columns, depths = inverseDepths + y * columns
                let line = target + 3 * y * columns
                var x = 0
                while x < columns {
                    let owner = owners[x]
                    var end = x + 1
                    while end < columns, owners[end] == owner { end += 1 }
                    if owner < 0 {
                        while x < end {
                            Self.store(backgroundBytes, line + 3 * x)
                            x += 1
                        }
                        continue
                    }
                    let record = records + Int(owner)
                    let material = materials[Int(record.pointee.material)]
                    var light = record.pointee.light + record.pointee.lightY * Float(y) + record.pointee.lightX * Float(x)
                    let lightX = record.pointee.lightX
                    if material.kind == .plain {
                        while x < end {
                            Self.store(Self.bytes(light * material.color / (isOrthographic ? 1 : depths[x])), line + 3 * x)
                            light += lightX
                            x += 1
                        }
                    } else {
                        let axis = record.pointee.axis
                        var local = record.pointee.local + record.pointee.localY * Float(y) + record.pointee.localX * Float(x)
                        let localX = record.pointee.localX
                        while x < end {
                            let depth = isOrthographic ? 1 : 1 / depths[x]
                            let color = material.color(at: local * depth, axis: axis, footprint: depth * footprintPerDepth)
                            Self.store(Self.bytes(light * color * depth), line + 3 * x)
                            light += lightX
                            local += localX
                            x += 1
                        }
                    }
                }
            }
        }
    }

    /// The nearest whole numbers in 0...255, as the low bytes of the result.
    @inline(__always)
    private static func bytes(_ color: SIMD4<Float>) -> SIMD4<UInt32> {
        // In a Float of this size the last bit is 1, so adding it rounds.
        let shift: Float = 0x1p23
        let limited = lesser(greater(color, .zero), SIMD4(repeating: 255))
        return unsafeBitCast(limited + shift, to: SIMD4<UInt32>.self)
    }

    @inline(__always)
    private static func store(_ bytes: SIMD4<UInt32>, _ target: UnsafeMutablePointer<UInt8>) {
        target[0] = UInt8(truncatingIfNeeded: bytes.x)
        target[1] = UInt8(truncatingIfNeeded: bytes.y)
        target[2] = UInt8(truncatingIfNeeded: bytes.z)
    }
}

/// 1 / depth over the image.
private struct DepthPlane {
    /// A place and the value there.
    var x: Float
    var y: Float
    var inverse: Float
    var slopeX: Float
    var slopeY: Float

    init(x: Float, y: Float, inverse: Float, slopeX: Float, slopeY: Float) {
        (self.x, self.y, self.inverse, self.slopeX, self.slopeY) = (x, y, inverse, slopeX, slopeY)
    }

    /// The plane through three points before their division by depth; nil where it runs through the eye.
    init?(_ a: SIMD4<Float>, _ b: SIMD4<Float>, _ c: SIMD4<Float>, center: SIMD2<Float>) {
        func precise(_ point: SIMD4<Float>) -> SIMD3<Double> { SIMD3(Double(point.x), Double(point.y), Double(point.z)) }
        let first = precise(a)
        let normal = crossProduct(precise(b) - first, precise(c) - first)
        let inverse = normal / (normal * first).sum()
        guard inverse.hasFiniteValues else { return nil }
        self.init(
            x: center.x, y: center.y, inverse: Float(inverse.z), slopeX: Float(inverse.x), slopeY: Float(inverse.y))
    }

    @inline(__always)
    func inverse(x: Float, y: Float) -> Float { inverse + (x - self.x) * slopeX + (y - self.y) * slopeY }
}

// The standard library's `pointwiseMin` and `pointwiseMax` go lane by lane.

@inline(__always)
private func lesser(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> { a.replacing(with: b, where: b .< a) }

@inline(__always)
private func greater(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> { a.replacing(with: b, where: b .> a) }
