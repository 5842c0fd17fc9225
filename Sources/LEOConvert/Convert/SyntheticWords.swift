internal import LEOText

/// Words that a synthetic tokenizer knows, so that a prompt has about as many tokens as with a trained one.
enum SyntheticWords {
    /// Every beginning of every word, a word boundary first, short ones before the longer ones they grow into.
    ///
    /// A byte-pair encoding joins neighbours: with all beginnings at hand a word grows letter by letter into one token, and what
    /// is no word into its longest known beginning and single characters.
    static var beginnings: [String] {
        var seen = Set<String>(), list: [String] = []
        let texts = [Prompt.role, Prompt.defaultSituation, Prompt.image, Prompt.objects, "USER ASSISTANT", common]
        for word in texts.flatMap({ $0.split(whereSeparator: { !$0.isLetter }) }) {
            for length in 1...word.count {
                let piece = "\u{2581}" + word.prefix(length)
                if seen.insert(piece).inserted { list.append(piece) }
            }
        }
        return list
    }

    private static let common = """
        a about above across after again agent all along also am an and another answer any are area around as at away back
        bag bath bathroom be bed bedroom been before behind below bench beside between bin black blanket blue board book books
        bookshelf bottle bowl box brown brush but by cabinet cabinets can cart ceiling center chair chairs choose clean clock close
        clothes coat coffee color come computer contains copy corner couch counter cover cup curtain curtains cushion dark
        decoration describe desk did different direction dish do does door doors down drawer dresser each edge end facing fan far
        few file find fire first floor following for forward four from front furniture get give glass go going good grab gray
        green guitar had hand has have he heater her here high his holder how i if in inside into is it item its jacket keyboard
        kind kitchen lamp laptop large last left let light like line location locate long look looking lower make many material
        me metal microwave middle mirror monitor more most mouse move my narrow near nearest next nightstand no not now number
        object objects of office on one only open opposite or orange other ottoman out oven over paper person picture piece pillow
        pillows pink place placed plan plant plants plate please position printer purple put rack radiator rectangular red
        refrigerator relative remote right room round rug same scene screen second see shape shelf shelves shoes should shower side
        sink sit sitting size small so sofa some square stand standing step steps stool stop stove suitcase table tables take tall
        telephone television than that the their them then there these they thing things this three through to toilet top towel
        toward towards trash turn two type under up upper use used vase very visible wall walls want wardrobe was washing water
        we were what when where whether which while white who whole wide will window windows with wood wooden would yellow yes
        you your
        """
}
