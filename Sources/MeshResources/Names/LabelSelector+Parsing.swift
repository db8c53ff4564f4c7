extension LabelSelector {
    /// Parses the text that `kubectl -l` takes: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
    ///
    /// As in Kubernetes, `==` is `=`, a missing value is the empty one, and a label that is not there meets
    /// `!=` and `notin`. Its `>` and `<` are not known.
    package init(_ text: String) throws(ResourceError) {
        guard text.utf8.count <= Self.textLimit else { throw .tooLong(limit: Self.textLimit) }
        var parser = SelectorParser(text)
        self.init(try parser.requirements())
    }
}

/// Reads the text of a selector.
private struct SelectorParser {
    private enum Token: Equatable {
        case word(String)
        case symbol(String)
        case end

        var text: String {
            switch self {
            case .word(let text), .symbol(let text): "'\(text)'"
            case .end: "the end"
            }
        }
    }

    private var tokens: [Token] = []
    private var index = 0

    init(_ text: String) {
        let separators: Set<Character> = ["=", "!", "(", ")", ","]
        var rest = text[...]
        while let first = rest.first {
            if [" ", "\t", "\r", "\n"].contains(first) {
                rest.removeFirst()
            } else if separators.contains(first) {
                let symbol = ["==", "!="].first { rest.hasPrefix($0) } ?? String(first)
                rest = rest.dropFirst(symbol.count)
                self.tokens.append(.symbol(symbol))
            } else {
                let word = rest.prefix { !separators.contains($0) && ![" ", "\t", "\r", "\n"].contains($0) }
                rest = rest.dropFirst(word.count)
                self.tokens.append(.word(String(word)))
            }
        }
    }

    mutating func requirements() throws(ResourceError) -> [LabelSelector.Requirement] {
        var requirements: [LabelSelector.Requirement] = []
        guard self.next != .end else { return [] }
        while true {
            guard requirements.count < LabelSelector.countLimit else {
                throw .notSelector(reason: "more than \(LabelSelector.countLimit) requirements")
            }
            requirements.append(try self.requirement())
            switch self.take() {
            case .end: return requirements
            case .symbol(","): continue
            case let token: throw self.unexpected(token, instead: "',' or the end")
            }
        }
    }

    private mutating func requirement() throws(ResourceError) -> LabelSelector.Requirement {
        if self.next == .symbol("!") {
            _ = self.take()
            return .init(key: try self.key(), condition: .doesNotExist)
        }
        let key = try self.key()
        switch self.next {
        case .symbol("="), .symbol("=="):
            _ = self.take()
            return .init(key: key, condition: .isIn([try self.value()]))
        case .symbol("!="):
            _ = self.take()
            return .init(key: key, condition: .isNotIn([try self.value()]))
        case .word("in"):
            _ = self.take()
            return .init(key: key, condition: .isIn(try self.values()))
        case .word("notin"):
            _ = self.take()
            return .init(key: key, condition: .isNotIn(try self.values()))
        default:
            return .init(key: key, condition: .exists)
        }
    }

    private mutating func key() throws(ResourceError) -> String {
        let token = self.take()
        guard case .word(let key) = token else { throw self.unexpected(token, instead: "a label key") }
        guard ObjectLabels.isKey(key) else { throw .notLabelKey(key) }
        return key
    }

    /// A value; nothing is the empty value.
    private mutating func value() throws(ResourceError) -> String {
        guard case .word(let value) = self.next else { return "" }
        _ = self.take()
        guard ObjectLabels.isValue(value) else { throw .notLabelValue(value) }
        return value
    }

    private mutating func values() throws(ResourceError) -> Set<String> {
        let opening = self.take()
        guard opening == .symbol("(") else { throw self.unexpected(opening, instead: "'('") }
        guard self.next != .symbol(")") else {
            throw .notSelector(reason: "there is no value between ( and )")
        }
        var values: Set<String> = []
        while true {
            values.insert(try self.value())
            guard values.count <= LabelSelector.countLimit else {
                throw .notSelector(reason: "more than \(LabelSelector.countLimit) values")
            }
            switch self.take() {
            case .symbol(")"): return values
            case .symbol(","): continue
            case let token: throw self.unexpected(token, instead: "',' or ')'")
            }
        }
    }

    private var next: Token { self.index < self.tokens.count ? self.tokens[self.index] : .end }

    private mutating func take() -> Token {
        defer { self.index += 1 }
        return self.next
    }

    private func unexpected(_ token: Token, instead expected: String) -> ResourceError {
        .notSelector(reason: "found \(token.text) where \(expected) belongs")
    }
}
