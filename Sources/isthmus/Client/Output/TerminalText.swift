/// Text from elsewhere, made harmless for a terminal.
enum TerminalText {
    /// Returns `text` on one line, with a question mark for each character that a terminal would obey.
    static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: Self.isControl) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n", "\t": result += " "
            case _ where Self.isControl(scalar): result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        // Format characters can turn the direction of what is written.
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
