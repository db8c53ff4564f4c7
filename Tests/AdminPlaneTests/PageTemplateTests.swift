import Testing

@testable import AdminPlane

@Suite struct PageTemplateTests {
    private func fill(_ text: String, _ piece: PagePiece, _ others: [String: PageTemplate] = [:]) -> String {
        var result = ""
        PageTemplate(text).fill(piece, from: others, into: &result)
        return result
    }

    @Test func fieldsAreEscapedAndWhatIsMissingIsEmpty() {
        let piece = PagePiece("any", ["name": #"<a href='x'>&"#, "quote": "\""])
        let text = self.fill("<b title=\"{{quote}}\">{{name}}</b>{{other}}", piece)
        #expect(text == "<b title=\"&quot;\">&lt;a href=&#39;x&#39;&gt;&amp;</b>")
    }

    @Test func aValueIsNeverFilledAgain() {
        let piece = PagePiece("any", ["name": "{{secret}}<!--isthmus:slot-->", "secret": "no"])
        #expect(self.fill("{{name}}", piece) == "{{secret}}&lt;!--isthmus:slot--&gt;")
    }

    @Test func aSlotHoldsItsPiecesInOrder() {
        let piece = PagePiece(
            "list",
            slots: [
                "items": [PagePiece("item", ["n": "1"]), PagePiece("none"), PagePiece("item", ["n": "2"])]
            ]
        )
        let text = self.fill("<ul><!--isthmus:items--></ul>", piece, ["item": PageTemplate("<li>{{n}}</li>")])
        #expect(text == "<ul><li>1</li><li>2</li></ul>")
    }

    @Test func whatIsNoMarkStaysAsItIs() {
        for text in ["", "plain", "{{open", "a }} b", "<!--isthmus:open", "<!-- a comment -->"] {
            #expect(self.fill(text, PagePiece("any")) == text)
        }
    }

    @Test func templatesAreFoundByName() {
        let file =
            "<!doctype html>\n<template id=\"one\">\n<p>1</p>\n</template>\n"
            + "<template id=\"two\">\n2</template>"
        let templates = PageTemplate.templates(in: file)
        #expect(templates == ["one": PageTemplate("<p>1</p>\n"), "two": PageTemplate("2")])
    }
}
