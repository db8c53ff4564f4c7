/// Text that equals only text of the same bytes.
///
/// A `String` also equals text that Unicode calls equivalent, as an accented letter and the letter with an
/// accent; for JSON these are different names.
struct ExactText: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: Self, right: Self) -> Bool { left.text.isExactly(right.text) }

    func hash(into hasher: inout Hasher) {
        var text = self.text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether both have the same bytes of UTF-8.
    func isExactly(_ other: String) -> Bool {
        self == other && self.utf8.count == other.utf8.count && self.utf8.elementsEqual(other.utf8)
    }
}
