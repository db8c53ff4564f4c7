import Documents

/// Reads documents, and reads again what is written of them.
enum DocumentFuzz {
    static func json(_ input: [UInt8]) {
        guard let value = try? JSONReader.read(input) else { return }
        self.check(value)
        // JSON is YAML, but for what YAML cannot say.
        guard let other = try? YAMLReader.read(input) else { return }
        require(other == value, "JSON means the same as YAML")
    }

    static func yaml(_ input: [UInt8]) {
        guard let values = try? YAMLReader.readAll(input) else { return }
        for value in values { self.check(value) }
    }

    private static func check(_ value: DocumentValue) {
        let compact = JSONWriter.write(value)
        require((try? JSONReader.read(compact)) == value, "compact JSON is read as it was")
        require((try? JSONReader.read(JSONWriter.writePretty(value))) == value, "so is pretty JSON")
        require(value.canonical.canonical == value.canonical, "canonical is canonical")
        require(MergePatch.apply(value, to: .null) == MergePatch.apply(value, to: "x"), "a patch of nothing")
        guard value != .null else { return }
        require((try? YAMLReader.read(YAMLWriter.write(value))) == value, "YAML is read as it was")
    }
}
