/// The files that the admin plane serves as they are: the contract and the parts of the status page.
///
/// They are read once, at the start: what is served does not change under a running server.
package struct StaticFiles: Sendable {
    /// A file's bytes and media type.
    package struct File: Sendable {
        /// The bytes.
        package let bytes: [UInt8]
        /// The media type.
        package let type: String

        /// Creates a file.
        package init(bytes: [UInt8], type: String) {
            self.bytes = bytes
            self.type = type
        }
    }

    /// The OpenAPI document, as YAML.
    package let contract: [UInt8]
    /// The parts of the status page by name.
    package let page: [String: File]

    /// Creates the set.
    package init(contract: [UInt8], page: [String: File]) {
        self.contract = contract
        self.page = page
    }

    /// The media type of a file with this name; `nil` for one that is not served.
    package static func mediaType(of name: String) -> String? {
        let types = [
            ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
            ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
            ".ico": "image/x-icon", ".webmanifest": "application/manifest+json",
        ]
        return types.first { name.hasSuffix($0.key) }?.value
    }
}
