/// One thing that is wrong with a field of a document.
package struct FieldProblem: Hashable, Sendable {
    /// The kinds of what can be wrong; the raw value is for programs.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The field must be there.
        case required
        /// Nobody knows the field.
        case unknownField = "unknown-field"
        /// Text where a number belongs, and the like.
        case wrongType = "wrong-type"
        /// A number or a count outside its range.
        case outOfRange = "out-of-range"
        /// Text that is not of the form that belongs here.
        case invalidFormat = "invalid-format"
        /// A value that is none of those allowed.
        case invalidValue = "invalid-value"
        /// Text that is longer than allowed.
        case tooLong = "too-long"
        /// More elements than allowed.
        case tooMany = "too-many"
        /// The same thing twice.
        case duplicate
        /// Does not agree with something else, the path for instance.
        case mismatch
        /// May not change.
        case immutable
    }

    /// Where the field is.
    package let pointer: JSONPointer
    /// What kind of problem it is.
    package let code: Code
    /// A sentence for the person who wrote the document.
    package let message: String

    /// Creates a problem.
    package init(_ pointer: JSONPointer, _ code: Code, _ message: String) {
        self.pointer = pointer
        self.code = code
        self.message = message
    }
}

/// Collects what is wrong with a document, while it is read by one task.
package final class FieldProblems {
    /// The most problems that are kept: a document can be wrong in a million places.
    package static let limit = 100

    /// What is wrong, in the order in which it was found.
    package private(set) var all: [FieldProblem] = []

    /// Creates an empty collection.
    package init() {}

    /// Whether nothing is wrong.
    package var isEmpty: Bool { self.all.isEmpty }

    /// Whether there are so many problems that no more are kept.
    package var isFull: Bool { self.all.count >= Self.limit }

    /// Notes a problem, unless there are already enough.
    package func add(_ pointer: JSONPointer, _ code: FieldProblem.Code, _ message: String) {
        guard !self.isFull else { return }
        self.all.append(FieldProblem(pointer, code, message))
    }
}
