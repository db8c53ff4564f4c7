import AsyncHTTPClient

/// A place.
package struct Placeholder: Sendable {
    let client: HTTPClient
}
