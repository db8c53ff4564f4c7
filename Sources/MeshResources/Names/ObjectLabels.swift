package import Documents

/// Labels and annotations by the rules of Kubernetes.
package enum ObjectLabels {
    /// The most labels, and the most annotations, of an object.
    package static let countLimit = 256
    /// The most bytes of all annotations of an object together (Kubernetes' limit).
    package static let annotationBytes = 262_144

    /// Reads labels; every key or value that is none is noted where it is.
    package static func labels(_ field: FieldReader) -> [String: String]? {
        field.map(limit: self.countLimit) { key, field in
            guard let value = self.text(of: key, field) else { return nil }
            guard self.isValue(value) else {
                return field.reject(.invalidFormat, "\(ResourceError.notLabelValue(value))")
            }
            return value
        }
    }

    /// Reads annotations: keys like those of labels, and any text.
    package static func annotations(_ field: FieldReader) -> [String: String]? {
        let annotations = field.map(limit: self.countLimit) { key, field in
            self.text(of: key, field, maxBytes: self.annotationBytes)
        }
        guard let annotations else { return nil }
        let size = annotations.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        guard size <= self.annotationBytes else {
            return field.reject(.tooLong, "longer than \(self.annotationBytes) bytes in all")
        }
        return annotations
    }

    private static func text(of key: String, _ field: FieldReader, maxBytes: Int = 1_024) -> String? {
        guard self.isKey(key) else {
            return field.reject(.invalidFormat, "\(ResourceError.notLabelKey(key))")
        }
        return field.string(maxBytes: maxBytes)
    }

    /// Whether `text` may be the key of a label: a name, after an optional DNS name and a slash.
    package static func isKey(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return self.isQualifiedName(parts[0])
        case 2: return DNSText.isName(parts[0]) && self.isQualifiedName(parts[1])
        default: return false
        }
    }

    /// Whether `text` may be the value of a label.
    package static func isValue(_ text: String) -> Bool {
        text.isEmpty || self.isQualifiedName(text[...])
    }

    private static func isQualifiedName(_ text: Substring) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last, bytes.count <= DNSText.labelLimit else {
            return false
        }
        let inner: Set = [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")]
        return DNSText.isAlphanumeric(first) && DNSText.isAlphanumeric(last)
            && bytes.allSatisfy { DNSText.isAlphanumeric($0) || inner.contains($0) }
    }
}
