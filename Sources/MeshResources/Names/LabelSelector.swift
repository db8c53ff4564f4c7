package import Documents

/// Which objects are meant, by their labels.
///
/// Two notations: text as `kubectl -l` takes it, and the object with `matchLabels` and `matchExpressions`.
/// All requirements must hold; a selector without any selects everything.
package struct LabelSelector: Sendable, Hashable {
    /// One condition on the label of a key.
    package struct Requirement: Sendable, Hashable {
        /// What must be true of the label.
        package enum Condition: Sendable, Hashable {
            /// It is there, and its value is one of these.
            case isIn(Set<String>)
            /// It is not there, or its value is none of these.
            case isNotIn(Set<String>)
            /// It is there.
            case exists
            /// It is not there.
            case doesNotExist
        }

        /// The label's key.
        package let key: String
        /// What must be true of it.
        package let condition: Condition

        /// Creates a requirement.
        package init(key: String, condition: Condition) {
            self.key = key
            self.condition = condition
        }

        func matches(_ labels: [String: String]) -> Bool {
            let value = labels[self.key]
            return switch self.condition {
            case .isIn(let values): value.map { values.contains($0) } ?? false
            case .isNotIn(let values): value.map { !values.contains($0) } ?? true
            case .exists: value != nil
            case .doesNotExist: value == nil
            }
        }
    }

    /// The most requirements, and the most values of one.
    package static let countLimit = 256
    /// The longest text of a selector, in bytes.
    package static let textLimit = 8_192

    /// The conditions, in the order in which they were written.
    package let requirements: [Requirement]

    /// Creates a selector.
    package init(_ requirements: [Requirement] = []) {
        self.requirements = requirements
    }

    /// Whether an object with these labels is meant.
    package func matches(_ labels: [String: String]) -> Bool {
        self.requirements.allSatisfy { $0.matches(labels) }
    }
}

// MARK: - The object

extension LabelSelector {
    private enum Operator: String, CaseIterable {
        case isIn = "In"
        case isNotIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
    }

    /// Reads `{matchLabels: {…}, matchExpressions: [{key, operator, values}]}`.
    package init?(_ field: FieldReader) {
        let requirements: [Requirement]? = field.object { object in
            let labels = object.optional("matchLabels").flatMap(ObjectLabels.labels) ?? [:]
            let expressions = object.optional("matchExpressions")?
                .list(limit: Self.countLimit, Self.expression)
            let equalities = labels.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                .map { Requirement(key: $0.key, condition: .isIn([$0.value])) }
            return equalities + (expressions ?? [])
        }
        guard let requirements else { return nil }
        self.init(requirements)
    }

    private static func expression(_ field: FieldReader) -> Requirement? {
        field.object { object in
            let key = object.required("key")?.parsed { (text) throws(ResourceError) in
                guard ObjectLabels.isKey(text) else { throw .notLabelKey(text) }
                return text
            }
            let kind = object.required("operator")?.choice(of: Operator.self)
            let values = object.optional("values")
            let texts = values?.list(limit: self.countLimit) { field in
                field.parsed { (text) throws(ResourceError) in
                    guard ObjectLabels.isValue(text) else { throw .notLabelValue(text) }
                    return text
                }
            }
            guard let key, let kind else { return nil }
            switch kind {
            case .isIn, .isNotIn:
                guard let texts, !texts.isEmpty else {
                    if values == nil || texts?.isEmpty == true {
                        object.reject(.required, "\"values\" must not be empty with \(kind.rawValue)")
                    }
                    return nil
                }
                let set = Set(texts)
                return Requirement(key: key, condition: kind == .isIn ? .isIn(set) : .isNotIn(set))
            case .exists, .doesNotExist:
                guard texts ?? [] == [] else {
                    values?.reject(.invalidValue, "must be empty with \(kind.rawValue)") as Void?
                    return nil
                }
                return Requirement(key: key, condition: kind == .exists ? .exists : .doesNotExist)
            }
        }
    }
}
