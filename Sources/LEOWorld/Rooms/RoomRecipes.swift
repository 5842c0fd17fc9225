/// What stands in each kind of room. Big things first; what does not fit is left out.
extension Furnisher {
    mutating func furnish(_ kind: RoomKind) {
        switch kind {
        case .kitchen: furnishKitchen()
        case .livingRoom: furnishLivingRoom()
        case .bedroom: furnishBedroom()
        case .bathroom: furnishBathroom()
        case .study: furnishStudy()
        }
    }

    private var squareMetres: Double { area.size.x * area.size.y }

    private mutating func furnishKitchen() {
        kitchenRow()
        let isLarge = squareMetres > 13
        if let table = freely(isLarge && random.chance(0.8) ? "KitchenTable" : "RoundTable", margin: 0.75, tries: 20)
            ?? freely("SideTable", margin: 0.3)
        {
            let isLong = table.kind == "KitchenTable"
            chairs("Chair", at: table, perSide: isLong ? 2 : 1, ends: !isLong || random.chance(0.4))
        }
        if random.chance(0.5) { againstWall("Cabinet") }
        againstWall("TrashCan", zone: 0.3, atCorner: random.chance(0.6))
        if random.chance(0.3) { againstWall("Stool", zone: 0.3) }
        if random.chance(0.3) { againstWall("Plant", zone: 0.3, atCorner: true) }
        if random.chance(0.7) { onWall("Clock", height: 1.9) }
        if random.chance(0.4) { onWall("WallShelf", height: 1.45) }
        if random.chance(0.3) { onWall("Picture", height: 1.6) }
    }

    /// Refrigerator, counters, sink and stove in a row along the wall where most of them fit.
    private mutating func kitchenRow() {
        var row = ["KitchenCounter", "KitchenSink", "Stove"]
        random.shuffle(&row)
        row.insert("Refrigerator", at: random.chance(0.5) ? 0 : row.count)
        if random.chance(0.5) { row.append("KitchenCounter") }
        var front: String?
        let models = row.compactMap { name -> ObjectModel? in
            // Cupboards of one kitchen have one colour.
            let isCupboard = name == "KitchenCounter" || name == "KitchenSink"
            var model = draw(name)
            for _ in 0..<20 where isCupboard && front != nil && model?.frontName != front { model = draw(name) }
            if isCupboard, front == nil { front = model?.frontName }
            return model
        }
        let width = models.reduce(0) { $0 + $1.size.x + 0.005 }
        var edges = Edge.allCases
        random.shuffle(&edges)
        edges.sort { length($0) > length($1) }
        for edge in edges {
            let slack = length(edge) - width - 0.04
            guard slack >= 0 else { continue }
            for start in [0.0, slack, slack / 2, slack / 4, slack * 3 / 4] {
                var along = area.minimum[edge.along] + 0.02 + start
                let before = self
                var count = 0
                for (name, model) in zip(row, models) {
                    if put(model, kind: name, at: edge, along: along + model.size.x / 2, zone: 0.7) != nil { count += 1 }
                    along += model.size.x + 0.005
                }
                if count == models.count {
                    hangCabinets(over: edge)
                    return
                }
                let random = self.random
                self = before
                self.random = random
            }
        }
        for name in row.prefix(4) { againstWall(name, zone: 0.7) }
    }

    private mutating func hangCabinets(over edge: Edge) {
        for piece in pieces where piece.kind == "KitchenCounter" && piece.edge == edge {
            if random.chance(0.6) { onWall("WallCabinet", height: 1.75, edges: [edge], along: piece.footprint.center[edge.along]) }
        }
    }

    private mutating func furnishLivingRoom() {
        let sofa = againstWall("Sofa", zone: 0, tries: 20)
        if let sofa, let edge = sofa.edge {
            let along = sofa.footprint.center[edge.along]
            let stand =
                againstWall("TVStand", zone: 0.6, edges: [edge.opposite], along: along)
                ?? againstWall("TVStand", zone: 0.6, edges: [edge.opposite]) ?? againstWall("TVStand", zone: 0.6)
            if let stand { placeOnTop(of: stand, "Television") }
            if random.chance(0.7) { before(sofa, "Rug", gap: 0.15) }
            before(sofa, "CoffeeTable", gap: 0.42)
            if random.chance(0.6), let table = beside(sofa, "SideTable", side: random.chance(0.5) ? 1 : -1, zone: 0.3) {
                if random.chance(0.6) { placeOnTop(of: table, "TableLamp") }
            }
        }
        againstWall("Armchair", zone: 0.5)
        if random.chance(0.8) { againstWall("Bookshelf", zone: 0.7) }
        againstWall("FloorLamp", zone: 0.3, gap: 0.05, atCorner: true)
        if random.chance(0.7) { againstWall("Plant", zone: 0.3, gap: 0.03, atCorner: true) }
        if random.chance(0.4) { againstWall("Guitar", zone: 0.4) }
        if random.chance(0.4) { againstWall("Cabinet", zone: 0.6) }
        if squareMetres > 24, let table = freely("RoundTable", margin: 0.8) {
            chairs("Chair", at: table, perSide: 1, ends: true)
        }
        if random.chance(0.25) { againstWall("Umbrella", zone: 0.3) }
        if random.chance(0.8) { onWall("Picture", height: 1.6) }
        if random.chance(0.4) { onWall("Picture", height: 1.55) }
        if random.chance(0.4) { onWall("Clock", height: 1.9) }
        if random.chance(0.3) { onWall("WallShelf", height: 1.5) }
        let toys = ["Ball", "ToyCar", "TeddyBear", "Box"]
        if random.chance(0.4) { freely(random.pick(toys), margin: 0.1) }
    }

    private mutating func furnishBedroom() {
        if let bed = againstWall("Bed", zone: 0.4, tries: 24) ?? againstWall("Bed", zone: 0.3, tries: 24) {
            for side in [-1.0, 1] {
                if let stand = beside(bed, "Nightstand", side: side), random.chance(0.7) { placeOnTop(of: stand, "TableLamp") }
            }
            if let edge = bed.edge, random.chance(0.5) {
                onWall("Picture", height: 1.65, edges: [edge], along: bed.footprint.center[edge.along])
            }
        }
        againstWall("Wardrobe", zone: 0.7)
        if random.chance(0.7), let dresser = againstWall("Dresser", zone: 0.6), let edge = dresser.edge, random.chance(0.7) {
            onWall("Mirror", height: 1.55, edges: [edge], along: dresser.footprint.center[edge.along])
        }
        if squareMetres > 14, random.chance(0.6), let desk = againstWall("Desk", zone: 0.9) { seat(at: desk) }
        if random.chance(0.5) { freely("Rug", margin: 0.15) }
        if random.chance(0.3) { againstWall("Armchair", zone: 0.5) }
        if random.chance(0.3) { againstWall("Bench", zone: 0.4) }
        if random.chance(0.4) { againstWall("Plant", zone: 0.3, gap: 0.03, atCorner: true) }
        if random.chance(0.3) { againstWall("Guitar", zone: 0.4) }
        if random.chance(0.3) { againstWall("LaundryBasket", zone: 0.3) }
        if random.chance(0.5) { onWall("Picture", height: 1.6) }
        if random.chance(0.3) { onWall("WallShelf", height: 1.5) }
        let toys = ["Shoe", "Shoe", "Ball", "TeddyBear", "Box", "ToyCar"]
        for _ in 0..<random.pick(0...2) { freely(random.pick(toys), margin: 0.05) }
    }

    private mutating func furnishBathroom() {
        againstWall("Bathtub", zone: 0.5, atCorner: true, tries: 20)
        againstWall("Toilet", zone: 0.5, tries: 24)
        if let basin = againstWall("Washbasin", zone: 0.6, tries: 24), let edge = basin.edge {
            onWall("Mirror", height: 1.6, edges: [edge], along: basin.footprint.center[edge.along])
        }
        if random.chance(0.7) { againstWall("WashingMachine", zone: 0.6) }
        againstWall("LaundryBasket", zone: 0.3, gap: 0.02, atCorner: random.chance(0.5))
        if random.chance(0.5) { againstWall("TrashCan", zone: 0.3) }
        if random.chance(0.4) { againstWall("Stool", zone: 0.3) }
        if squareMetres > 9, random.chance(0.4) { againstWall("Cabinet", zone: 0.5) }
        if random.chance(0.8) { onWall("TowelRack", height: 1.35) }
        if random.chance(0.4) { onWall("WallShelf", height: 1.5) }
    }

    private mutating func furnishStudy() {
        if let desk = againstWall("Desk", zone: 0.95, tries: 20) {
            seat(at: desk)
        }
        for _ in 0..<random.pick(1...3) { againstWall("Bookshelf", zone: 0.7) }
        if random.chance(0.6) { againstWall("Armchair", zone: 0.5) }
        if random.chance(0.5) { againstWall("Cabinet", zone: 0.6) }
        if random.chance(0.6) { againstWall("FloorLamp", zone: 0.3, gap: 0.05, atCorner: true) }
        if random.chance(0.6) { againstWall("Plant", zone: 0.3, gap: 0.03, atCorner: true) }
        if random.chance(0.4) { againstWall("SideTable", zone: 0.4) }
        againstWall("TrashCan", zone: 0.3)
        if random.chance(0.5) { freely("Rug", margin: 0.15) }
        if random.chance(0.3) { againstWall("Guitar", zone: 0.4) }
        if random.chance(0.3) { againstWall("Box", zone: 0.4) }
        if random.chance(0.6) { onWall("Picture", height: 1.6) }
        if random.chance(0.5) { onWall("Clock", height: 1.9) }
        if random.chance(0.4) { onWall("WallShelf", height: 1.5) }
    }

    /// A chair in front of a desk, facing it.
    private mutating func seat(at desk: Piece) {
        let kind = random.chance(0.7) ? "OfficeChair" : "Chair"
        // Pushed below the top where the drawers leave room.
        if before(desk, kind, gap: -0.08, yaw: 180) == nil { before(desk, kind, gap: 0.04, yaw: 180) }
    }

    /// In the middle of the top of a piece, facing the same way.
    private mutating func placeOnTop(of piece: Piece, _ kind: String) {
        guard let model = draw(kind) else { return }
        let parent = instances[piece.instance]
        guard let surface = parent.model.surfaces.lastIndex(where: { $0.clearance == .infinity && !$0.isInside }) else { return }
        let back = parent.model.surfaces[surface].halfExtents.y - model.size.z / 2
        let shift = SIMD2(0, kind == "TableLamp" ? 0 : -max(0, back) / 2)
        guard
            let child = Self.child(of: parent, index: piece.instance, surface: surface, model: model, at: shift, turn: 0),
            isFree(child.worldColliders)
        else { return }
        addChild(child)
    }
}

extension ObjectModel {
    /// Colour and material in one word.
    fileprivate var frontName: String { colorName + materialName }
}
