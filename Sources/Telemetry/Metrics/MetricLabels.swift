/// The labels of one series, kept as the text that Prometheus reads: `method="Range",code="OK"`.
///
/// Names are sorted, so that the same labels in another order are the same series.
struct MetricLabels: Sendable, Hashable, Comparable {
    /// The labels of the series that stands for all series beyond the limit.
    static let overflow = MetricLabels([("overflow", "true")])

    /// The text between the braces; empty when there are no labels.
    let text: String

    init(_ labels: [(String, String)]) {
        var last: [String: String] = [:]
        // Prometheus refuses a whole scrape that has a label twice, so the last one wins.
        for (name, value) in labels { last[MetricName.sanitisedLabel(name)] = value }
        self.text = last.sorted { $0.key < $1.key }
            .map { "\($0.key)=\"\(Self.escaped($0.value))\"" }
            .joined(separator: ",")
    }

    static func < (left: MetricLabels, right: MetricLabels) -> Bool { left.text < right.text }

    private static func escaped(_ value: String) -> String {
        MetricText.escaped(value, quotes: true)
    }
}
