import LEOText
import Testing

@Suite struct PromptTests {
    @Test func rolePromptEndsWithOneSpace() {
        #expect(Prompt.role.hasSuffix("visual information. "))
        #expect(!Prompt.role.contains("  "))
        #expect(!Prompt.role.contains("\n"))
    }

    @Test func situations() {
        #expect(Prompt(instruction: "x").beforeObjects == Prompt.role)
        #expect(Prompt(instruction: "x", situation: .unspecified).beforeObjects
            == Prompt.role + "You are at a selected location in the 3D scene.")
        #expect(Prompt(instruction: "x", situation: .described("You sit .")).beforeObjects
            == Prompt.role + "You are at a selected location in the 3D scene. You sit .")
        #expect(Prompt(instruction: "x", situation: .custom("Here.")).beforeObjects == Prompt.role + "Here.")
    }

    @Test func dialogueStripsOnlyTheAssistant() {
        let history = [Prompt.Turn(user: " a ", assistant: "\n b \u{3000}"), Prompt.Turn(user: "c", assistant: "d")]
        #expect(Prompt(instruction: " e", history: history).afterObjects
            == "USER:  a  ASSISTANT: b</s>USER: c ASSISTANT: d</s>USER:  e ASSISTANT:")
    }

    @Test func partsAreEncodedAloneAndOnlyTheContextIsCut() throws {
        let tokenizer = try ModelBuilder.tiny.tokenizer()
        let prompt = Prompt(instruction: "the a the", situation: .custom("the"))
        let all = PromptTokens(prompt, tokenizer: tokenizer)
        #expect(all.beforeObjects == tokenizer.encode(prompt.beforeObjects))
        #expect(all.imagePrompt == Array(tokenizer.encode("Ego-view image:").dropFirst()))
        #expect(all.objectsPrompt == Array(tokenizer.encode("Objects (including you) in the scene:").dropFirst()))
        #expect(all.afterObjects == Array(tokenizer.encode(prompt.afterObjects).dropFirst()))
        #expect(all.count == [all.beforeObjects, all.imagePrompt, all.objectsPrompt, all.afterObjects].joined().count)

        let cut = PromptTokens(prompt, tokenizer: tokenizer, maxContext: 5)
        #expect(cut.afterObjects == all.afterObjects.suffix(4))
        #expect(cut.beforeObjects == all.beforeObjects)

        let long = Prompt(instruction: String(repeating: "the ", count: 1000))
        #expect(PromptTokens(long, tokenizer: tokenizer).afterObjects.count == 255)
    }

    @Test(arguments: [
        ("I am sitting on MY chair.", "You are sitting on your chair ."), ("", ""),
        (" \t", ""), ("Is the TV behind me?!", "Is the tv behind you ?!"), ("x_1 2½ e\u{301}", "X_1 2½ e \u{301}"),
        ("a ΟΔΟΣ ΑΣΑ Σ", "A οδος ασα σ"), ("ǆ", "ǅ"), ("ß b", "Ss b"), ("a\u{1c}b", "A b"), ("İ I", "İ you"),
    ])
    func personView(text: String, expected: String) {
        #expect(bytes(text.convertedPersonView) == bytes(expected))
    }
}
