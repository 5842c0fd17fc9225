extension WorldTaskWriter {
    mutating func writeNavigation() throws {}
    mutating func writeManipulation() throws {}
    mutating func writeLEGENT(_ task: LEGENTTaskKind) throws {}
}
