extension Duration {
    /// Reads a duration as Go and Kubernetes write it: numbers with units, such as `30s`, `5m` or `1h30m`.
    init(text: String) throws(InvalidValue) {
        let error = InvalidValue(
            message:
                """
                "\(text)" is not a duration: write whole numbers with h, m, s or ms, for example 30s \
                or 1h30m
                """
        )
        guard !text.isEmpty else { throw error }
        var rest = text[...]
        var total = Duration.zero
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !$0.isNumber }
            rest = rest.dropFirst(unit.count)
            // Nine digits are thirty years of seconds, and no sum of such parts overflows.
            guard digits.count <= 9, let number = Int(digits) else { throw error }
            switch unit {
            case "h": total += .seconds(number * 3_600)
            case "m": total += .seconds(number * 60)
            case "s": total += .seconds(number)
            case "ms": total += .milliseconds(number)
            default: throw error
            }
        }
        self = total
    }
}
