import Foundation

/// The two places where a command writes.
///
/// Data goes to standard output; everything that is said about it to standard error.
struct Console: Sendable {
    /// Whether standard output is a terminal that shows colours.
    let hasColours: Bool

    /// The console of this process.
    ///
    /// - Parameter environment: `NO_COLOR`, when it is not empty, turns colours off.
    init(environment: [String: String]) {
        let isUnwanted = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
        self.hasColours = !isUnwanted && isatty(STDOUT_FILENO) == 1
    }

    /// Writes data.
    ///
    /// - Throws: ``OutputClosed`` when nobody reads any more.
    func write(_ bytes: [UInt8]) throws(OutputClosed) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(bytes))
        } catch {
            throw OutputClosed()
        }
    }

    /// Writes lines of data.
    func write(_ text: String) throws(OutputClosed) {
        try self.write(Array(text.utf8))
    }

    /// Says something that is not data.
    func say(_ text: String) {
        StandardError.write("isthmus: \(text)\n")
    }

    /// Returns `text` in a colour, where there are colours.
    func coloured(_ text: String, _ colour: Colour) -> String {
        self.hasColours ? "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m" : text
    }
}

/// Colours, by their numbers in ECMA-48.
enum Colour: Int, Sendable {
    case bold = 1
    case red = 31
    case green = 32
    case yellow = 33
    case cyan = 36
}

/// Nobody reads standard output any more; not worth a word, as with any program before `head`.
struct OutputClosed: Error {
    /// The exit code of a process that a closed pipe has ended.
    static let exitCode: Int32 = 141
}
