package import NIOCore

/// What a bucket holds, ascending by key; keys are not empty, and none is there twice.
///
/// Asked for by position, sizes before bytes, so that a file can be laid out without making its contents.
package protocol BoltElements: Sendable {
    /// The number of elements.
    var count: Int { get }

    /// Returns the sizes of an element's key and value in bytes.
    func byteCounts(at index: Int) -> (key: Int, value: Int)

    /// Appends an element's key.
    func appendKey(at index: Int, to buffer: inout ByteBuffer)

    /// Appends an element's value.
    func appendValue(at index: Int, to buffer: inout ByteBuffer)
}

/// The few elements of a small bucket.
package struct BoltList: BoltElements {
    /// A key and its value.
    package struct Element: Hashable, Sendable {
        /// The key.
        package var key: [UInt8]
        /// The value.
        package var value: [UInt8]

        /// Creates an element.
        package init(key: [UInt8], value: [UInt8]) {
            self.key = key
            self.value = value
        }
    }

    private let elements: [Element]

    /// Creates a bucket's contents from elements in any order.
    package init(_ elements: [Element]) {
        self.elements = elements.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    /// The number of elements.
    package var count: Int { self.elements.count }

    /// Returns the sizes of an element's key and value in bytes.
    package func byteCounts(at index: Int) -> (key: Int, value: Int) {
        (self.elements[index].key.count, self.elements[index].value.count)
    }

    /// Appends an element's key.
    package func appendKey(at index: Int, to buffer: inout ByteBuffer) {
        buffer.writeBytes(self.elements[index].key)
    }

    /// Appends an element's value.
    package func appendValue(at index: Int, to buffer: inout ByteBuffer) {
        buffer.writeBytes(self.elements[index].value)
    }
}
