/// Windows over a recorded sequence of actions.
public enum ActionHistory {
    /// How many past actions LEO's prompts show.
    public static let length = 4

    /// Entries `start` to `end` of a list, both included; `padding` stands wherever the list has no entry. A window whose
    /// end is before its start is empty.
    ///
    /// The official code slices with a negative end if the window's end lies two or more before its start and would
    /// return nearly the whole list; nothing asks for such a window.
    ///
    /// - Source: official `data/eai.py`, `_extract_between`
    public static func window<Element>(
        of list: some RandomAccessCollection<Element>, from start: Int, through end: Int, padding: Element
    ) -> [Element] {
        guard start <= end else { return [] }
        return (start...end).map { position in
            position >= 0 && position < list.count
                ? list[list.index(list.startIndex, offsetBy: position)] : padding
        }
    }

    /// The `length` actions before step `step`, oldest first.
    public static func before<Element>(
        step: Int, of list: some RandomAccessCollection<Element>, padding: Element, length: Int = ActionHistory.length
    ) -> [Element] {
        window(of: list, from: step - length, through: step - 1, padding: padding)
    }
}
