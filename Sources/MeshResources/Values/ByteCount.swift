/// A number of bytes.
package struct ByteCount: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The number.
    package let bytes: Int

    private static let units: [(suffix: String, bytes: Int)] = [
        ("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10),
        ("T", 1_000_000_000_000), ("G", 1_000_000_000), ("M", 1_000_000), ("k", 1_000),
    ]

    /// Creates a count.
    package init(bytes: Int) {
        self.bytes = bytes
    }

    /// Reads a count as Kubernetes writes it (`4Gi`, `500M`, `1048576`), with or without a `B` at the end.
    ///
    /// - Throws: ``ResourceError/notByteCount(_:)``.
    package init(_ text: String) throws(ResourceError) {
        let quantity = text.hasSuffix("B") ? text.dropLast() : text[...]
        let unit = Self.units.first { quantity.hasSuffix($0.suffix) } ?? ("", 1)
        let digits = quantity.dropLast(unit.suffix.count)
        guard
            !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int(digits)
        else { throw .notByteCount(text) }
        let (bytes, isTooLarge) = number.multipliedReportingOverflow(by: unit.bytes)
        guard !isTooLarge else { throw .notByteCount(text) }
        self.bytes = bytes
    }

    /// Orders counts as numbers.
    package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }

    /// The count with the largest unit that leaves a whole number.
    package var description: String {
        let unit = Self.units.first {
            $0.suffix.hasSuffix("i") && self.bytes > 0 && self.bytes % $0.bytes == 0
        }
        return unit.map { "\(self.bytes / $0.bytes)\($0.suffix)" } ?? "\(self.bytes)"
    }
}
