/// One flag of etcd's command line: its name, what its value must look like, and what it means here.
///
/// The environment variable and the key of the file follow from the name: `--data-dir`, `ETCD_DATA_DIR`,
/// `data-dir`.
struct EtcdFlag: Sendable {
    /// What a value must look like; what does not fit is refused before anything starts.
    enum Kind: Hashable, Sendable {
        case text
        /// May stand without a value.
        case toggle
        case integer
        /// An integer that is not negative.
        case count
        /// As Go writes it, such as `2h` or `1.5s`.
        case duration
        /// A comma-separated list.
        case urls
        /// One of a few words.
        case choice([String])
    }

    /// What it means to this program.
    enum Meaning: Hashable, Sendable {
        /// What it means to etcd.
        case same
        /// Nothing: it is taken, and mentioned once in the log.
        case nothing
        /// Nothing, and any value but these asks for something that is not there.
        case refused(unless: [String], reason: String)
    }

    let name: String
    let kind: Kind
    /// What counts when nobody says anything, as text.
    let standard: String
    let meaning: Meaning
    /// One line for `--help`; empty for flags without a meaning of their own.
    let help: String

    /// A flag that means what it means to etcd.
    static func same(
        _ name: String,
        _ kind: Kind = .text,
        _ standard: String = "",
        _ help: String = ""
    ) -> EtcdFlag {
        EtcdFlag(name: name, kind: kind, standard: standard, meaning: .same, help: help)
    }

    /// A flag that means nothing here.
    static func nothing(_ name: String, _ kind: Kind = .text) -> EtcdFlag {
        EtcdFlag(name: name, kind: kind, standard: "", meaning: .nothing, help: "")
    }

    /// A flag that asks for something that is not there, unless its value is one of these or empty.
    static func refused(
        _ name: String,
        _ kind: Kind = .text,
        unless accepted: [String] = [],
        reason: String
    ) -> EtcdFlag {
        let meaning = Meaning.refused(unless: accepted + [""], reason: reason)
        return EtcdFlag(name: name, kind: kind, standard: "", meaning: meaning, help: "")
    }

    /// The environment variable.
    var environmentName: String {
        EtcdFlagTable.environmentPrefix + String(self.name.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    /// The keys of the file under which it may stand, the first of which is etcd's.
    var fileKeys: [[String]] {
        let client = "client-transport-security"
        let peer = "peer-transport-security"
        let nested = [
            "cert-file", "key-file", "client-cert-file", "client-key-file", "client-cert-auth",
            "trusted-ca-file", "auto-tls",
        ]
        if nested.contains(self.name) { return [[client, self.name]] }
        switch self.name {
        case "client-crl-file": return [[client, "client-crl-file"], [client, "crl-file"]]
        case "client-cert-allowed-hostname":
            return [
                [client, "allowed-hostname"], [client, "client-cert-allowed-hostname"],
                [client, "allowed-hostnames"],
            ]
        default:
            guard self.name.hasPrefix("peer-") else { return [[self.name]] }
            return [[peer, String(self.name.dropFirst("peer-".count))], [self.name]]
        }
    }

    /// Why `text` cannot be a value, in the words of Go's parser; `nil` when it can.
    func problem(with text: String) -> String? {
        switch self.kind {
        case .text: return nil
        case .toggle: return Self.truth(text) == nil ? "parse error" : nil
        case .integer: return Self.number(text) == nil ? "parse error" : nil
        case .count: return (Self.number(text) ?? -1) < 0 ? "parse error" : nil
        case .duration: return Duration(goText: text) == nil ? "parse error" : nil
        case .choice(let words):
            return words.contains(text) ? nil : "invalid value; possible: \(words.joined(separator: ", "))"
        case .urls:
            guard !text.isEmpty else { return nil }
            do throws(InvalidValue) {
                _ = try EtcdURL.list(text)
                return nil
            } catch {
                return error.message
            }
        }
    }

    /// Reads a truth value as Go's `strconv.ParseBool` does.
    static func truth(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "TRUE", "true", "True": true
        case "0", "f", "F", "FALSE", "false", "False": false
        default: nil
        }
    }

    /// Reads a whole number, in base 10 or with Go's prefix for another base.
    static func number(_ text: String) -> Int? {
        let isNegative = text.hasPrefix("-")
        let digits = text.drop { $0 == "-" || $0 == "+" }.lowercased()
        guard text.count - digits.count <= 1 else { return nil }
        let magnitude =
            switch digits.prefix(2) {
            case "0x": Int(digits.dropFirst(2), radix: 16)
            case "0o": Int(digits.dropFirst(2), radix: 8)
            case "0b": Int(digits.dropFirst(2), radix: 2)
            default: Int(digits)
            }
        return magnitude.map { isNegative ? -$0 : $0 }
    }
}

extension Duration {
    /// Reads a duration as Go's `time.ParseDuration` does: `1h30m`, `1.5s`, `100ms`, `0`; `nil` when it is
    /// none.
    init?(goText text: String) {
        var rest = text[...]
        let isNegative = rest.first == "-"
        if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
        if rest == "0" {
            self = .zero
            return
        }
        guard !rest.isEmpty else { return nil }
        var total = Duration.zero
        while !rest.isEmpty {
            let digits = rest.prefix { ($0.isASCII && $0.isNumber) || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !$0.isNumber && $0 != "." }
            rest = rest.dropFirst(unit.count)
            guard digits.count <= 12, let number = Double(digits) else { return nil }
            switch unit {
            case "h": total += .seconds(number * 3_600)
            case "m": total += .seconds(number * 60)
            case "s": total += .seconds(number)
            case "ms": total += .milliseconds(number)
            case "us", "µs", "μs": total += .microseconds(number)
            case "ns": total += .nanoseconds(Int64(number))
            default: return nil
            }
        }
        self = isNegative ? .zero - total : total
    }
}
