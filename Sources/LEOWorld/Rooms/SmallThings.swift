import LEOScene

/// Small things on and in furniture.
extension Furnisher {
    /// A thing at a place on a surface, in the parent's frame; nil if it does not fit there.
    ///
    /// - Parameter turn: yaw relative to the parent, in degrees
    static func child(
        of parent: Instance, index: Int, surface number: Int, model: ObjectModel, at place: SIMD2<Double>, turn: Double
    ) -> Instance? {
        let surface = parent.model.surfaces[number]
        guard model.size.y <= surface.clearance - 0.01 else { return nil }
        let outline = Rectangle(
            Box(center: .zero, size: model.size).upright(in: Transform(rotation: SIMD3(0, turn, 0))))
        let room = Rectangle(center: .zero, size: surface.halfExtents * 2)
        guard room.contains(Rectangle(center: place, size: outline.size)) else { return nil }
        let local = surface.center + SIMD3(place.x, 0, place.y)
        let foot = parent.transform.apply(to: local)
        let position = SIMD3(
            (foot.x * 1e5).rounded() / 1e5, foot.y + model.size.y / 2, (foot.z * 1e5).rounded() / 1e5)
        let yaw = (parent.transform.rotation.y + turn).truncatingRemainder(dividingBy: 360)
        return Instance(
            model: model, transform: Transform(position: position, rotation: SIMD3(0, yaw, 0)), parent: index,
            parentSurface: number, room: parent.room)
    }

    /// Covers surfaces with what belongs on them; `density` 1 is a lived-in home.
    mutating func clutter(density: Double) {
        for index in instances.indices {
            let kind = pieces.first { $0.instance == index }?.kind
            guard let kind, let offer = Self.offers[kind] else { continue }
            for surface in instances[index].model.surfaces.indices {
                let half = instances[index].model.surfaces[surface].halfExtents
                // About one thing on a fifth of a square metre, at least one on most surfaces.
                let wish = density * min(0.7 + 4 * half.x * half.y * 4, 6) * (0.5 + random.nextUnit())
                for _ in 0..<Int(wish.rounded()) {
                    let name = random.pick(surface < offer.count ? offer[surface] : offer[offer.count - 1])
                    placeThing(name, on: index, surface: surface)
                }
            }
        }
        // Then things in things: fruit in bowls, a spoon on a plate.
        for index in instances.indices where instances[index].parent != nil {
            guard let offer = Self.fillings[instances[index].model.name], random.chance(min(0.5 * density, 1)) else {
                continue
            }
            for _ in 0..<random.pick(1...2) { placeThing(random.pick(offer), on: index, surface: 0) }
        }
        for piece in pieces where piece.kind == "Box" && random.chance(min(0.7 * density, 1)) {
            for _ in 0..<2 {
                placeThing(
                    random.pick(["Ball", "ToyCar", "TeddyBear", "Book", "Shoe", "Hat"]), on: piece.instance, surface: 0)
            }
        }
    }

    /// Tries a few places within reach of someone standing in the room.
    private mutating func placeThing(_ name: String, on index: Int, surface: Int) {
        guard let model = draw(name) else { return }
        let parent = instances[index]
        let half = parent.model.surfaces[surface].halfExtents
        let quarter = Self.faces.contains(name)
        for _ in 0..<6 {
            let turn = quarter ? Double(random.pick(-2...2)) * 5 : Double(random.nextIndex(below: 24)) * 15
            let outline = Rectangle(
                Box(center: .zero, size: model.size).upright(in: Transform(rotation: SIMD3(0, turn, 0))))
            let slack = half - outline.size / 2
            guard slack.x >= 0, slack.y >= 0 else { continue }
            let share = SIMD2(random.nextUnit(), random.nextUnit()) * 2 - 1
            let place = (slack * share * 1000).rounded(.towardZero) / 1000
            guard
                let child = Self.child(of: parent, index: index, surface: surface, model: model, at: place, turn: turn),
                isFree(child.worldColliders.map { $0.spread(0.008) })
            else { continue }
            let spot = SIMD2(child.transform.position.x, child.transform.position.z)
            guard space.reaches(spot, within: WorldGenerator.reach, from: mainPart) else { continue }
            addChild(child)
            return
        }
    }

    /// Things with a front, which then looks the way their furniture does.
    private static let faces: Set<String> = [
        "Laptop", "Keyboard", "Television", "Microwave", "Toaster", "AlarmClock", "TeddyBear", "Phone", "ComputerMouse",
    ]

    /// What stands on each surface of a kind; the last list serves for further surfaces.
    private static let offers: [String: [[String]]] = [
        "KitchenTable": [
            [
                "Plate", "Plate", "Cup", "Mug", "Bowl", "Bottle", "Apple", "Orange", "Banana", "Bread", "WineGlass",
                "Vase", "Fork", "Spoon", "Knife", "Basket", "Cake", "Teapot", "Candle",
            ]
        ],
        "RoundTable": [
            [
                "Plate", "Cup", "Mug", "Bowl", "Bottle", "Apple", "Lemon", "Pear", "Vase", "Teapot", "Book", "Candle",
                "WineGlass", "Basket",
            ]
        ],
        "CoffeeTable": [
            ["Book", "Remote", "Mug", "Bowl", "Vase", "Candle", "Phone", "Cup", "Laptop", "Teapot", "SmallPlant"],
            ["Book", "Book", "Remote", "ToyCar", "ToyBlock"],
        ],
        "SideTable": [["Book", "Mug", "Phone", "Vase", "Candle", "SmallPlant", "Cup", "Remote", "AlarmClock"]],
        "Desk": [
            [
                "Laptop", "Book", "Book", "PenHolder", "Mug", "Phone", "Keyboard", "ComputerMouse", "TableLamp",
                "SmallPlant", "Cup", "AlarmClock",
            ]
        ],
        "Nightstand": [["Book", "AlarmClock", "Phone", "Mug", "Candle", "Bottle", "Cup", "TableLamp"]],
        "KitchenCounter": [
            [
                "Microwave", "Toaster", "Bread", "Bottle", "Bowl", "Plate", "Knife", "Teapot", "Mug", "Cup", "Can",
                "Lemon", "Apple", "Basket", "Pot",
            ]
        ],
        "KitchenSink": [["Plate", "Bowl", "Cup", "Spoon", "Fork", "Mug"], ["Soap", "Bottle", "Cup", "SmallPlant"]],
        "Stove": [["Pan", "Pot", "Pot", "Teapot"]],
        "Refrigerator": [["Basket", "Bowl", "Can", "Bottle"]],
        "Cabinet": [
            ["Vase", "Book", "SmallPlant", "Candle", "TableLamp", "Bowl", "Basket", "Hat", "AlarmClock", "TeddyBear"]
        ],
        "Dresser": [
            ["Vase", "Book", "SmallPlant", "Candle", "AlarmClock", "Hat", "Towel", "TeddyBear", "Basket", "Phone"]
        ],
        "TVStand": [["Remote", "Book", "ToyBlock", "ToyCar"], ["Remote", "SmallPlant", "Candle", "Vase", "Book"]],
        "Bookshelf": [
            [
                "Vase", "Ball", "Candle", "Mug", "TeddyBear", "AlarmClock", "Hat", "ToyCar", "ToyBlock", "SmallPlant",
                "Cup",
            ]
        ],
        "WallShelf": [["Book", "Vase", "SmallPlant", "Candle", "Cup", "AlarmClock", "Mug", "ToiletPaper", "Bottle"]],
        "Sofa": [["Pillow", "Pillow", "Pillow", "TeddyBear", "Book", "Remote", "Phone"]],
        "Armchair": [["Pillow", "Pillow", "Book", "TeddyBear", "Hat"]],
        "Bed": [["Book", "TeddyBear", "Pillow", "Laptop", "Phone", "Hat", "Towel"]],
        "Bench": [["Pillow", "Hat", "Shoe", "Book", "Towel"]],
        "Chair": [["Book", "Hat", "Pillow", "TeddyBear", "Towel", "Ball"]],
        "Stool": [["Towel", "Book", "Hat", "Cup"]],
        "Washbasin": [["Soap"]],
        "Toilet": [["ToiletPaper"]],
        "WashingMachine": [["Towel", "Basket", "Soap", "Bottle"]],
        "Bathtub": [["Soap", "Ball", "ToyCar", "Towel"]],
    ]

    /// By the name of the vessel.
    private static let fillings: [String: [String]] = [
        "bowl": ["Apple", "Orange", "Lemon", "Pear", "Banana"],
        "basket": ["Apple", "Orange", "Lemon", "Bread", "Banana", "Pear", "ToyBlock", "Ball"],
        "plate": ["Apple", "Fork", "Spoon", "Lemon", "Pear", "Orange"],
        "frying pan": ["Lemon", "Spoon"],
    ]
}

extension Box {
    /// Wider by `margin` on all four sides.
    func spread(_ margin: Double) -> Box {
        Box(minimum: minimum - SIMD3(margin, 0, margin), maximum: maximum + SIMD3(margin, 0, margin))
    }
}
