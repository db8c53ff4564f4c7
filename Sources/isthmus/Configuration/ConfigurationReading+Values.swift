import MeshResources
import MeshSchema

/// How the text of values is read.
extension ConfigurationReading {
    static func path(_ text: String) throws(InvalidValue) -> String {
        guard !text.isEmpty, !text.utf8.contains(0) else { throw InvalidValue(message: "the path is empty") }
        return text
    }

    static func clusterName(_ text: String) throws(InvalidValue) -> ClusterName {
        try self.mapped { () throws(MeshSchemaError) in try ClusterName(text) }
    }

    /// Turns errors whose descriptions are made for people into a problem of the value.
    static func mapped<Value, Failure: Error & CustomStringConvertible>(
        _ body: () throws(Failure) -> Value
    ) throws(InvalidValue) -> Value {
        do throws(Failure) {
            return try body()
        } catch {
            throw InvalidValue(message: error.description)
        }
    }

    static func integer(_ text: String, in range: ClosedRange<Int>? = nil) throws(InvalidValue) -> Int {
        guard let number = Int(text) else { throw InvalidValue(message: "\"\(text)\" is not a whole number") }
        if let range, !range.contains(number) {
            throw InvalidValue(
                message: "\(number) is out of range: it must be \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    static func duration(
        _ text: String,
        in range: ClosedRange<Duration>,
        _ rangeText: String
    ) throws(InvalidValue) -> Duration {
        let duration = try self.mapped { () throws(ResourceError) in try Duration(text: text) }
        guard range.contains(duration) else {
            throw InvalidValue(message: "\(text) is out of range: it must be \(rangeText)")
        }
        return duration
    }

    static func choice<Choice: RawRepresentable<String>>(
        _ text: String,
        _ choices: [Choice]
    ) throws(InvalidValue) -> Choice {
        if let choice = choices.first(where: { $0.rawValue == text }) { return choice }
        let names = choices.map(\.rawValue)
        let list = names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
        throw InvalidValue(message: "\"\(text)\" is not known: it must be \(list)")
    }
}

/// The URLs at which clients reach the kvstore.
enum ClientURL {
    /// Reads a list that is separated by commas.
    static func list(_ text: String) throws(InvalidValue) -> [String] {
        var urls: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let url = part.drop { $0 == " " }
            let scheme = ["https://", "http://"].first { url.hasPrefix($0) }
            guard let scheme else {
                throw InvalidValue(message: "\"\(url)\" is not a client URL: write https://host:port")
            }
            let address = try ListenAddress(String(url.dropFirst(scheme.count)))
            guard !address.isWildcard, address.port != 0 else {
                throw InvalidValue(message: "\"\(url)\" is not a client URL: clients need a host and a port")
            }
            urls.append(scheme + address.description)
        }
        return urls
    }
}
