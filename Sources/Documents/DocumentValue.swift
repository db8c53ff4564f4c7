// Documents: what people and programs send and get, as values: JSON and YAML in and out, merge patches, and
// typed reading that finds everything that is wrong at once.
//
// What it is: pure functions over bytes. What it is not: it knows no object of the mesh, and nothing of HTTP.
//
// The idea: one tree of values, whatever the notation. It is stricter than most readers: a name that comes
// twice, bytes that are not UTF-8, a field that nobody knows are errors, because each is a mistake that a
// lenient reader would turn into a wrong configuration.
//
// Begin here, then `FieldReader`.

/// A JSON value (RFC 8259).
///
/// Texts are equal when their bytes are, not when Unicode calls them equivalent.
package indirect enum DocumentValue: Hashable, Sendable {
    /// Nothing.
    case null
    /// True or false.
    case bool(Bool)
    /// A number without fraction or exponent that fits 64 bits.
    case integer(Int64)
    /// Any other number.
    case number(Double)
    /// Text.
    case string(String)
    /// Values in order.
    case array([DocumentValue])
    /// Values by name.
    case object(DocumentObject)

    package static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.isExactly(right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let bool): hasher.combine(bool)
        case .integer(let number): hasher.combine(number)
        case .number(let number): hasher.combine(number)
        case .string(let text): hasher.combine(ExactText(text))
        case .array(let elements): hasher.combine(elements)
        case .object(let object): hasher.combine(object)
        }
    }

    /// The members, when this is an object.
    package var object: DocumentObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// The elements, when this is an array.
    package var array: [DocumentValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The text, when this is a string.
    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The number, when this is an integer.
    package var integer: Int64? {
        if case .integer(let number) = self { number } else { nil }
    }

    /// The same value with the members of every object in the order of their names.
    ///
    /// Two documents that say the same are then equal, and their text is the same.
    package var canonical: DocumentValue {
        switch self {
        case .null, .bool, .integer, .number, .string: self
        case .array(let elements): .array(elements.map(\.canonical))
        case .object(let object):
            .object(
                DocumentObject(
                    unchecked: object.members.map { .init(name: $0.name, value: $0.value.canonical) }
                        .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
                )
            )
        }
    }

    /// What this is, in the words of RFC 8259, for messages to people.
    package var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension DocumentValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }

    package init(integerLiteral value: Int64) { self = .integer(value) }

    package init(booleanLiteral value: Bool) { self = .bool(value) }

    package init(arrayLiteral elements: DocumentValue...) { self = .array(elements) }

    /// Creates an object; a name that comes twice is a programmer error.
    package init(dictionaryLiteral elements: (String, DocumentValue)...) {
        var object = DocumentObject()
        for (name, value) in elements {
            precondition(object[name] == nil, "a literal names a member twice")
            object[name] = value
        }
        self = .object(object)
    }
}
