/// Reads one field of a document as a type.
///
/// Every method returns `nil` when the value is not what it must be, and notes the problem; the reader goes
/// on, so that all problems are found in one pass. Belongs to the task that reads.
package struct FieldReader {
    /// What the field holds.
    package let value: DocumentValue
    /// Where it is.
    package let pointer: JSONPointer
    private let problems: FieldProblems
    /// The longest name in a map: the pointers of all problems below it repeat it.
    private static let maxNameBytes = 1_024

    /// Creates a reader of a whole document or of a part of it.
    package init(_ value: DocumentValue, at pointer: JSONPointer = .root, problems: FieldProblems) {
        self.value = value
        self.pointer = pointer
        self.problems = problems
    }

    /// Notes a problem with this field and returns `nil`, so that `return field.reject(…)` reads well.
    @discardableResult
    package func reject<Result>(_ code: FieldProblem.Code, _ message: String) -> Result? {
        self.problems.add(self.pointer, code, message)
        return nil
    }

    /// The member of that name, if this is an object that has it; the object's own reader does not learn
    /// of it.
    package func below(_ name: String) -> FieldReader? {
        guard case .object(let object) = self.value, let value = object[name] else { return nil }
        return FieldReader(value, at: self.pointer.member(name), problems: self.problems)
    }

    // MARK: - Scalars

    /// Returns the text, when it has no more than `maxBytes` bytes of UTF-8.
    package func string(maxBytes: Int = 1_024) -> String? {
        guard case .string(let text) = self.value else { return self.wrongType("a string") }
        guard text.utf8.count <= maxBytes else {
            return self.reject(.tooLong, "longer than \(maxBytes) bytes")
        }
        return text
    }

    /// Returns the text that `parse` makes something of; what it throws becomes the message.
    package func parsed<Result, Failure: Error>(
        maxBytes: Int = 1_024,
        _ parse: (String) throws(Failure) -> Result
    ) -> Result? {
        guard let text = self.string(maxBytes: maxBytes) else { return nil }
        do {
            return try parse(text)
        } catch {
            return self.reject(.invalidFormat, "\(error)")
        }
    }

    /// Returns the whole number, when it is in `range`.
    package func integer(in range: ClosedRange<Int64>) -> Int64? {
        guard case .integer(let number) = self.value else {
            // A whole number, but larger than any that can be asked for.
            if case .number(let number) = self.value, number.magnitude >= 0x1p63 {
                return self.outOfRange(range)
            }
            return self.wrongType("a whole number")
        }
        return range.contains(number) ? number : self.outOfRange(range)
    }

    private func outOfRange(_ range: ClosedRange<Int64>) -> Int64? {
        self.reject(.outOfRange, "must be from \(range.lowerBound) to \(range.upperBound)")
    }

    /// Returns whether it is true.
    package func boolean() -> Bool? {
        guard case .bool(let bool) = self.value else { return self.wrongType("true or false") }
        return bool
    }

    /// Returns the case with this raw value.
    package func choice<Choice: RawRepresentable<String> & CaseIterable>(of type: Choice.Type) -> Choice? {
        guard case .string(let text) = self.value else { return self.wrongType("a string") }
        if let choice = Choice(rawValue: text) { return choice }
        let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return self.reject(.invalidValue, "must be one of \(all)")
    }

    // MARK: - Collections

    /// Returns what `read` makes of each element; elements that are wrong are left out and noted.
    package func list<Element>(limit: Int, _ read: (FieldReader) -> Element?) -> [Element]? {
        guard case .array(let elements) = self.value else { return self.wrongType("an array") }
        guard elements.count <= limit else {
            return self.reject(.tooMany, "more than \(limit) elements")
        }
        return elements.enumerated().compactMap { index, element in
            read(FieldReader(element, at: self.pointer.element(index), problems: self.problems))
        }
    }

    /// Returns what `read` makes of each member, by name.
    ///
    /// Of names that Unicode calls equivalent, a map can hold one only: the second is a problem.
    package func map<Element>(
        limit: Int,
        _ read: (_ name: String, FieldReader) -> Element?
    ) -> [String: Element]? {
        guard case .object(let object) = self.value else { return self.wrongType("an object") }
        guard object.members.count <= limit else {
            return self.reject(.tooMany, "more than \(limit) members")
        }
        var map: [String: Element] = [:]
        for member in object.members {
            guard member.name.utf8.count <= Self.maxNameBytes else {
                self.problems.add(self.pointer, .tooLong, "a name is longer than \(Self.maxNameBytes) bytes")
                continue
            }
            let field = FieldReader(
                member.value,
                at: self.pointer.member(member.name),
                problems: self.problems
            )
            guard let element = read(member.name, field) else { continue }
            guard map.updateValue(element, forKey: member.name) == nil else {
                return field.reject(.duplicate, "the same name as another, but for its bytes")
            }
        }
        return map
    }

    /// Returns what `read` makes of the object; a member that it does not ask for is a problem.
    package func object<Result>(_ read: (ObjectReader) -> Result?) -> Result? {
        guard case .object(let object) = self.value else { return self.wrongType("an object") }
        let reader = ObjectReader(object, at: self.pointer, problems: self.problems)
        let result = read(reader)
        reader.rejectUnknown()
        return result
    }

    private func wrongType<Result>(_ expected: String) -> Result? {
        self.reject(.wrongType, "must be \(expected), not \(self.value.typeName)")
    }
}

/// Gives out the members of an object, and notes those that nobody asks for.
///
/// Belongs to the task that reads.
package final class ObjectReader {
    private let object: DocumentObject
    private let index: MemberIndex
    /// Where the object is.
    package let pointer: JSONPointer
    private let problems: FieldProblems
    /// The names that were asked for, in this order.
    private var known: [String] = []

    init(_ object: DocumentObject, at pointer: JSONPointer, problems: FieldProblems) {
        self.object = object
        self.index = MemberIndex(object)
        self.pointer = pointer
        self.problems = problems
    }

    /// Returns the member, or `nil` when it is missing or `null`.
    package func optional(_ name: String) -> FieldReader? {
        self.known.append(name)
        guard let position = self.index.position(of: name) else { return nil }
        let value = self.object.members[position].value
        if case .null = value { return nil }
        return FieldReader(value, at: self.pointer.member(name), problems: self.problems)
    }

    /// Returns the member; that it is missing or `null` is a problem.
    package func required(_ name: String) -> FieldReader? {
        if let field = self.optional(name) { return field }
        self.problems.add(self.pointer.member(name), .required, "is required")
        return nil
    }

    /// Notes a problem with the object as a whole.
    package func reject(_ code: FieldProblem.Code, _ message: String) {
        self.problems.add(self.pointer, code, message)
    }

    func rejectUnknown() {
        let known = Set(self.known.map(ExactText.init))
        let message = "unknown field; known here: \(self.known.joined(separator: ", "))"
        for member in self.object.members where !known.contains(ExactText(member.name)) {
            guard !self.problems.isFull else { return }
            self.problems.add(self.pointer.member(member.name), .unknownField, message)
        }
    }
}
