import LEOAction
import LEOWorld

/// The instruction that asks LEO for its next step.
public enum AgentPrompt {
    /// LEO's navigation prompt: the goal, and the four actions before, padded with stop.
    ///
    /// - Source: official `data/datasets.py`, `LeoMP3DObjNav`
    public static func navigation(_ task: String, past: [HabitatAction]) -> String {
        let history = ActionHistory.before(step: past.count, of: past, padding: .stop)
        let actions = history.map(\.token).joined()
        return "The task is navigation. Your goal is to \(goal(of: task)) by moving around in the scene. Past actions: \(actions)."
    }

    /// The same frame with LEGENT's task and actions, which LEO was not trained on: the four actions before in code form.
    public static func legent(_ task: String, past: [String]) -> String {
        let actions = past.suffix(ActionHistory.length).joined(separator: "; ")
        return "The task is navigation. Your goal is to \(goal(of: task)) by moving around in the scene. Past actions: \(actions)."
    }

    /// "Go to the lamp." and "Find the lamp." as LEO's prompts have it, "find lamp"; other tasks in their own words.
    static func goal(of task: String) -> String {
        var words = task.strippingEnd
        for start in ["go to the ", "find the ", "go to a ", "find a ", "go to ", "find "] where words.lowercased().hasPrefix(start) {
            return "find " + words.dropFirst(start.count)
        }
        if let first = words.first { words = first.lowercased() + words.dropFirst() }
        return words
    }
}

extension String {
    /// Without white space at both ends and full stops at the end.
    fileprivate var strippingEnd: String {
        var text = Substring(self)
        while let last = text.last, last.isWhitespace || last == "." { text = text.dropLast() }
        return String(text.drop(while: \.isWhitespace))
    }
}
