import LEOEval
import Testing

@Suite struct METEORTests {
    /// Examples from the steps of Porter's paper and words through several steps.
    @Test(arguments: [
        ("caresses", "caress"), ("ponies", "poni"), ("ties", "ti"), ("cats", "cat"), ("feed", "feed"), ("agreed", "agre"),
        ("plastered", "plaster"), ("bled", "bled"), ("motoring", "motor"), ("sing", "sing"), ("conflated", "conflat"),
        ("troubled", "troubl"), ("sized", "size"), ("hopping", "hop"), ("tanned", "tan"), ("falling", "fall"),
        ("hissing", "hiss"), ("fizzed", "fizz"), ("failing", "fail"), ("filing", "file"), ("happy", "happi"), ("sky", "sky"),
        ("relational", "relat"), ("conditional", "condit"), ("rational", "ration"), ("valenci", "valenc"),
        ("digitizer", "digit"), ("conformabli", "conform"), ("radicalli", "radic"), ("differentli", "differ"),
        ("vileli", "vile"), ("analogousli", "analog"), ("vietnamization", "vietnam"), ("predication", "predic"),
        ("operator", "oper"), ("feudalism", "feudal"), ("decisiveness", "decis"), ("hopefulness", "hope"),
        ("callousness", "callous"), ("formaliti", "formal"), ("sensitiviti", "sensit"), ("sensibiliti", "sensibl"),
        ("triplicate", "triplic"), ("formative", "form"), ("formalize", "formal"), ("electriciti", "electr"),
        ("electrical", "electr"), ("hopeful", "hope"), ("goodness", "good"), ("revival", "reviv"), ("allowance", "allow"),
        ("inference", "infer"), ("airliner", "airlin"), ("gyroscopic", "gyroscop"), ("adjustable", "adjust"),
        ("defensible", "defens"), ("irritant", "irrit"), ("replacement", "replac"), ("adjustment", "adjust"),
        ("dependent", "depend"), ("adoption", "adopt"), ("homologou", "homolog"), ("communism", "commun"),
        ("activate", "activ"), ("angulariti", "angular"), ("homologous", "homolog"), ("effective", "effect"),
        ("bowdlerize", "bowdler"), ("probate", "probat"), ("rate", "rate"), ("cease", "ceas"), ("controll", "control"),
        ("roll", "roll"), ("generalizations", "gener"), ("oscillators", "oscil"), ("by", "by"), ("s", "s"), ("", ""),
        ("sss", "sss"), ("yyy", "yyi"), ("Chairs", "Chairs"), ("naïve", "naïve"), ("geologi", "geologi"),
        ("archaeology", "archaeolog"),
    ])
    func stems(word: String, stem: String) {
        #expect(PorterStemmer.stem(word) == stem)
    }

    private func score(_ prediction: String, _ reference: String, _ parameters: METEOR.Parameters) throws -> Double {
        try METEOR(parameters).score(predictions: [prediction], references: [[reference]]).corpus
    }

    @Test func followsTheFormulaOf2005() throws {
        // Six of six words in one chunk: F 1, penalty 0.5 / 216.
        let equal = try score("the cat sat on the mat", "the cat sat on the mat", .banerjeeLavie2005)
        let expected: Double = 1 - 0.5 / 216
        #expect(near(equal, expected))
        // Three chunks: "on the mat", "sat", "the cat".
        let swapped = try score("on the mat sat the cat", "the cat sat on the mat", .banerjeeLavie2005)
        #expect(near(swapped, 0.9375))
        // P 1, R 1/3: F = 10 / 3 / (1/3 + 9).
        let short = try score("the cat", "the cat sat on the mat", .banerjeeLavie2005)
        let mean: Double = (10.0 / 3) / (1.0 / 3 + 9)
        #expect(near(short, mean * 0.9375))
    }

    @Test func stemsCountLess() throws {
        let parameters = METEOR.Parameters.denkowskiLavie2014
        let exact = try score("two brown chairs", "two brown chairs", parameters)
        let stemmed = try score("two brown chair", "two brown chairs", parameters)
        #expect(near(exact, 1))
        // Equal word by word, so no penalty; P = R = 2.6 / 3.
        #expect(near(stemmed, 2.6 / 3))
        #expect(try score("lamp", "sofa", parameters) == 0)
        #expect(try score("", "sofa", parameters) == 0)
        #expect(try score("sofa", "", parameters) == 0)
    }

    @Test func caseAndPunctuationAreSetApart() throws {
        #expect(try near(score("The sofa, it's red.", "the sofa , it's red .", .denkowskiLavie2014), 1))
    }

    @Test func prefersFewChunksAndTheBestReference() throws {
        // The first "the" must go to the second place, or there are three chunks.
        let split = try score("the lamp", "the old the lamp", .banerjeeLavie2005)
        let mean: Double = 5 / 9.5
        #expect(near(split, mean * 0.9375))
        let best = try METEOR().score(predictions: ["a red sofa"], references: [["lamp", "a red sofa", "red"]])
        #expect(near(best.corpus, 1))
    }

    @Test func manyEqualWordsAreAlignedQuickly() throws {
        let text = String(repeating: "the the chair ", count: 20)
        #expect(try near(score(text, text, .denkowskiLavie2014), 1))
    }
}
