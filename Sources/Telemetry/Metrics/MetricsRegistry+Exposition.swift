package import NIOCore

extension MetricsRegistry {
    /// The media type of what ``render()`` returns.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Returns all metrics in Prometheus' text format, names and series in ascending order.
    ///
    /// Asks the callbacks on the calling thread, without a lock held. O(*n* log *n*) for *n* series.
    package func render() -> ByteBuffer {
        var text = ""
        for family in self.snapshot() where !family.series.isEmpty {
            if let help = family.help {
                text += "# HELP \(family.name) \(MetricText.escaped(help, quotes: false))\n"
            }
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                Self.append(series, named: family.name, labels: labels, to: &text)
            }
        }
        return ByteBuffer(string: text)
    }

    private static func append(
        _ series: MetricSeries,
        named name: String,
        labels: MetricLabels,
        to text: inout String
    ) {
        switch series {
        case .counter(let cell):
            text += self.line(name, labels.text, String(cell.current))
        case .value(let cell):
            text += self.line(name, labels.text, MetricText.number(cell.current))
        case .callback(let read):
            text += self.line(name, labels.text, MetricText.number(read()))
        case .histogram(let cell):
            self.append(cell, named: name, labels: labels, to: &text)
        }
    }

    private static func append(
        _ histogram: HistogramCell,
        named name: String,
        labels: MetricLabels,
        to text: inout String
    ) {
        let (counts, sum) = histogram.current
        let bounds = histogram.buckets.upperBounds.map(MetricText.number) + ["+Inf"]
        let prefix = labels.text.isEmpty ? "" : labels.text + ","
        var total: Int64 = 0
        for (bound, count) in zip(bounds, counts) {
            // A bucket counts everything up to its bound, not only what is above the bound before.
            total += count
            text += self.line(name + "_bucket", "\(prefix)le=\"\(bound)\"", String(total))
        }
        text += self.line(name + "_sum", labels.text, MetricText.number(sum))
        text += self.line(name + "_count", labels.text, String(total))
    }

    private static func line(_ name: String, _ labels: String, _ value: String) -> String {
        labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }
}
