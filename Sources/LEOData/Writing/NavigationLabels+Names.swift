/// Labels for things that Matterport's vocabulary does not know.
package enum NavigationVocabulary {
    /// A label, counted from 1 as in the files, that loaders keep: always the same for a name. It stands for no category of
    /// Matterport; the official loader only asks whether a label is one of those it keeps.
    package static func label(for name: String) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return kept[Int(hash % UInt64(kept.count))]
    }

    /// A label that loaders leave out, for walls and floors.
    package static let structure: Int = (1...).first { !NavigationLabels.keeps($0) } ?? 1

    private static let kept = (1...2000).filter { NavigationLabels.keeps($0) }
}
