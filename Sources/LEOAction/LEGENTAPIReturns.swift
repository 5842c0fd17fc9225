/// Results of the game's own functions: `api_returns` of an observation. All calls of one action share it.
public struct LEGENTAPIReturns: Sendable, Equatable {
    /// What an object stands on and lies in, as indices of instances; nil for nothing.
    public struct Relation: Sendable, Equatable {
        public var onWhat: Int?
        public var inWhat: Int?

        public init(onWhat: Int? = nil, inWhat: Int? = nil) {
            self.onWhat = onWhat
            self.inWhat = inWhat
        }
    }

    /// PathToUser, PathToObject: points joined by straight lines that can be walked.
    public var corners: [SIMD3<Double>]?
    /// ObjectInView.
    public var inView: Bool?
    /// GetSpatialRelations, one for each instance.
    public var objectRelations: [Relation]?
    /// AgentTargetObjectID, PlayerTargetObjectID; -1 for none.
    public var objectID: Int?
    /// TakePhotoWithVisiblityInfo.
    public var objectsInView: [Int]?
    /// Why a call failed. LEGENT's own game has no such answer; the embedded world has.
    public var error: String?

    public init() {}

    /// Tolerant: `null` and unknown keys are passed over.
    ///
    /// - Errors: `.malformedJSON`; `.invalidValue` with the path of the value
    public init(json: String) throws(LEGENTMessageError) {
        let field = "api_returns"
        let text = try JSONText(parsing: json, field: field)
        if text == .null { return }
        let top = JSONReader(text, path: field)
        if let list = try top.optional("corners") {
            var points: [SIMD3<Double>] = []
            for item in try list.elements { points.append(try item.vector) }
            corners = points
        }
        inView = try top.optional("in_view")?.bool
        if let list = try top.optional("object_relations") {
            var relations: [Relation] = []
            for item in try list.elements {
                relations.append(
                    Relation(onWhat: try Self.index(item, "on_what"), inWhat: try Self.index(item, "in_what")))
            }
            objectRelations = relations
        }
        if let id = try top.optional("object_id") {
            // The toolkit's own scripts convert it, so it may be text.
            if case .string(let digits) = id.value {
                guard let number = Int(digits) else {
                    throw .invalidValue(field: id.path, expected: "a whole number", found: id.value.kind)
                }
                objectID = number
            } else {
                objectID = try id.integer
            }
        }
        if let list = try top.optional("objects_in_view") {
            var indices: [Int] = []
            for item in try list.elements { indices.append(try item.integer) }
            objectsInView = indices
        }
        if case .string(let reason)? = try top.optional("error")?.value { error = reason }
    }

    private static func index(_ item: JSONReader, _ key: String) throws(LEGENTMessageError) -> Int? {
        guard let value = try item.optional(key) else { return nil }
        let index = try value.integer
        return index < 0 ? nil : index
    }

    public var json: String {
        var members: [JSONText.Member] = []
        if let corners { members.append(JSONText.Member("corners", .array(corners.map(JSONText.xyz)))) }
        if let inView { members.append(JSONText.Member("in_view", .bool(inView))) }
        if let objectRelations {
            members.append(
                JSONText.Member("object_relations", .array(objectRelations.map {
                    .object([
                        JSONText.Member("on_what", .integer($0.onWhat ?? -1)), JSONText.Member("in_what", .integer($0.inWhat ?? -1)),
                    ])
                })))
        }
        if let objectID { members.append(JSONText.Member("object_id", .integer(objectID))) }
        if let objectsInView { members.append(JSONText.Member("objects_in_view", .array(objectsInView.map(JSONText.integer)))) }
        if let error { members.append(JSONText.Member("error", .string(error))) }
        return JSONText.object(members).line
    }

    /// Adds what another call returned.
    public mutating func merge(_ other: LEGENTAPIReturns) {
        corners = other.corners ?? corners
        inView = other.inView ?? inView
        objectRelations = other.objectRelations ?? objectRelations
        objectID = other.objectID ?? objectID
        objectsInView = other.objectsInView ?? objectsInView
        error = other.error ?? error
    }
}
