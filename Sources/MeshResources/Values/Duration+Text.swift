extension Duration {
    /// Reads a duration as Go and Kubernetes write it: numbers with units, such as `30s`, `5m` or `1h30m`.
    ///
    /// - Throws: ``ResourceError/notDuration(_:)``.
    package init(text: String) throws(ResourceError) {
        guard !text.isEmpty else { throw .notDuration(text) }
        var rest = text[...]
        var total = Duration.zero
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !$0.isNumber }
            rest = rest.dropFirst(unit.count)
            // Nine digits are thirty years of seconds, and no sum of such parts overflows.
            guard digits.count <= 9, let number = Int(digits) else { throw .notDuration(text) }
            switch unit {
            case "h": total += .seconds(number * 3_600)
            case "m": total += .seconds(number * 60)
            case "s": total += .seconds(number)
            case "ms": total += .milliseconds(number)
            default: throw .notDuration(text)
            }
        }
        self = total
    }
}
