/// A place in a document (RFC 6901).
package indirect enum JSONPointer: Hashable, Sendable, CustomStringConvertible {
    /// The whole document.
    case root
    /// A member of the object at a place.
    case member(of: JSONPointer, name: String)
    /// An element of the array at a place.
    case element(of: JSONPointer, index: Int)

    /// Returns the place of a member of the object here.
    package func member(_ name: String) -> JSONPointer { .member(of: self, name: name) }

    /// Returns the place of an element of the array here.
    package func element(_ index: Int) -> JSONPointer { .element(of: self, index: index) }

    /// The pointer's text; empty for the whole document.
    package var description: String {
        switch self {
        case .root: ""
        case .member(let parent, let name): parent.description + "/" + Self.escaped(name)
        case .element(let parent, let index): "\(parent.description)/\(index)"
        }
    }

    private static func escaped(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
            return name
        }
        // By scalar: a character may be a slash with an accent.
        var text = String.UnicodeScalarView()
        for scalar in name.unicodeScalars {
            switch scalar {
            case "~": text.append(contentsOf: "~0".unicodeScalars)
            case "/": text.append(contentsOf: "~1".unicodeScalars)
            default: text.append(scalar)
            }
        }
        return String(text)
    }
}
