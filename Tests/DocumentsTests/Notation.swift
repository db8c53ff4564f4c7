import Documents

/// Shorthand of these tests.
func json(_ text: String) throws(DocumentError) -> DocumentValue { try JSONReader.read(Array(text.utf8)) }

/// The value of a YAML document.
func yaml(_ text: String) throws(DocumentError) -> DocumentValue { try YAMLReader.read(Array(text.utf8)) }

/// Compact JSON.
func text(_ value: DocumentValue) -> String { String(decoding: JSONWriter.write(value), as: UTF8.self) }

/// The error of reading, if there is one.
func failure(_ read: () throws(DocumentError) -> DocumentValue) -> DocumentError? {
    do {
        _ = try read()
        return nil
    } catch {
        return error
    }
}
