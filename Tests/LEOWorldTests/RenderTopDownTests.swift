import Foundation
import LEOScene
import LEOWorld
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

/// Views from above and floor plans.
@Suite struct RenderTopDownTests {
    private var open: RenderScene { RenderScene(smallRoom(), options: .init(showsCeilings: false, showsPlayer: false)) }

    @Test func thingsStandWhereTheyAre() throws {
        let view = TopDownView(center: SIMD2(2, 2), pixelsPerMetre: 20, width: 120, height: 100)
        let frame = try view.render(open, supersampling: 1)
        for y in 0..<100 {
            for x in 0..<120 {
                // The middle of a pixel on the ground.
                let point = SIMD2(2 + (Double(x) + 0.5 - 60) / 20, 2 - (Double(y) + 0.5 - 50) / 20)
                let pixel = view.pixel(of: point)
                #expect(abs(pixel.x - Double(x) - 0.5) < 1e-9 && abs(pixel.y - Double(y) - 0.5) < 1e-9)
                let meaning = SurfaceCode.meaning(of: frame.ids[y * 120 + x])
                let depth = Double(frame.depth[y * 120 + x])
                let fromBox = max(abs(point.x - 2), abs(point.y - 2)) - 0.25
                if fromBox < -0.01 {
                    #expect(meaning == .instance(0))
                    // Depth is measured from 100 m above the ground; the box is half a metre high.
                    #expect(abs(depth - 99.5) < 1e-3)
                } else if fromBox > 0.01, max(abs(point.x - 2), abs(point.y - 2)) < 1.99 {
                    #expect(meaning == .floor(0))
                    #expect(abs(depth - 100) < 1e-3)
                } else if max(abs(point.x - 2), abs(point.y - 2)) > 2.11 {
                    #expect(meaning == .nothing)
                    #expect(depth == .infinity)
                }
            }
        }
    }

    @Test func viewOfASceneHoldsIt() throws {
        let view = TopDownView(of: smallRoom(), side: 300)
        #expect(max(view.width, view.height) == 300)
        for corner in [SIMD2(0.0, 0), SIMD2(4, 0), SIMD2(0, 4), SIMD2(4, 4)] {
            let pixel = view.pixel(of: corner)
            #expect(pixel.x > 0 && pixel.y > 0 && pixel.x < Double(view.width) && pixel.y < Double(view.height))
        }
        #expect(view.pixel(of: SIMD2(0, 4)).y < view.pixel(of: SIMD2(0, 0)).y, "z is up")
        let empty = TopDownView(of: WorldScene(), side: 50)
        #expect(empty.width == 50 && empty.height == 50)
        #expect(throws: RenderError.self) { try TopDownView(center: .zero, pixelsPerMetre: .nan, width: 5, height: 5).render(open) }
        #expect(throws: RenderError.self) { try TopDownView(center: .zero, pixelsPerMetre: 5, width: 0, height: 5).render(open) }
        #expect(throws: RenderError.self) {
            try TopDownView(center: SIMD2(.infinity, 0), pixelsPerMetre: 5, width: 5, height: 5).render(open)
        }
    }

    @Test func pathIsDrawnWithStartAndEnd() {
        let view = TopDownView(center: SIMD2(2, 2), pixelsPerMetre: 25, width: 100, height: 100)
        let blank = Image(width: 100, height: 100, pixels: [UInt8](repeating: 200, count: 30_000))
        let drawn = view.drawing(path: [SIMD2(0.5, 2), SIMD2(2, 2), SIMD2(2, 3.5)], on: blank)
        func color(_ point: SIMD2<Double>) -> [UInt8] {
            let pixel = view.pixel(of: point)
            let (red, green, blue) = drawn[Int(pixel.x), Int(pixel.y)]
            return [red, green, blue]
        }
        #expect(color(SIMD2(0.5, 2)) == [40, 160, 70])
        #expect(color(SIMD2(2, 3.5)) == [215, 45, 40])
        #expect(color(SIMD2(1.25, 2)) == [245, 170, 30])
        #expect(color(SIMD2(2, 2.7)) == [245, 170, 30])
        #expect(color(SIMD2(1, 3)) == [200, 200, 200])
        let wild = view.drawing(path: [SIMD2(.nan, 0), SIMD2(1e300, 2), SIMD2(-.infinity, 2), SIMD2(2, 2)], on: blank)
        #expect(wild.width == 100)
        #expect(view.drawing(path: [], on: blank) == blank)
    }

    @Test func floorPlanIsWellFormedAndComplete() throws {
        var scene = smallRoom()
        scene.rooms[0].kind = "<kitchen> & \"bar\""
        scene.instances.append(
            Instance(
                model: boxModel(size: SIMD3(1, 0.5, 0.5), name: "long"), transform: Transform(position: SIMD3(1, 0.25, 1), rotation: SIMD3(0, 90, 0))))
        scene.instances.append(Instance(model: boxModel(), transform: Transform(position: SIMD3(.nan, 0, 0))))
        let svg = FloorPlan(path: [SIMD2(1, 1), SIMD2(3, 3)], pixelsPerMetre: 100).svg(of: scene)
        final class Counter: NSObject, XMLParserDelegate {
            var elements: [String: Int] = [:]
            var text = ""
            var points: [String] = []
            func parser(
                _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
                attributes: [String: String]
            ) {
                elements[name, default: 0] += 1
                if let list = attributes["points"] { points.append(list) }
            }
            func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
        }
        let counter = Counter()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = counter
        #expect(parser.parse())
        // One floor, four walls, one doorway, two boxes that have a place; the ceiling is left out.
        #expect(counter.elements["polygon"] == 8)
        #expect(counter.elements["polyline"] == 1)
        #expect(counter.text.contains("<kitchen> & \"bar\""))
        #expect(counter.text.contains("long"))
        #expect(!svg.contains("nan") && !svg.contains("inf"))
        // The drawing begins 0.4 m beside the walls, whose outer faces are at -0.1 and 4.1: x = 0 is at 50 pixels, z = 0 at
        // 450. The long box, turned, spans x 0.75...1.25 and z 0.5...1.5.
        let corners = try #require(counter.points.first { $0.contains("125.00,400.00") })
        for corner in ["125.00,400.00", "175.00,400.00", "125.00,300.00", "175.00,300.00"] { #expect(corners.contains(corner)) }
    }
}
