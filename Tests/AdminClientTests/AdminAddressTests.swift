import Testing

@testable import AdminClient

@Suite struct AdminAddressTests {
    @Test(arguments: [
        ("https://mesh.example:8443", "https://mesh.example:8443"),
        ("https://mesh.example/", "https://mesh.example:443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("unix:/run/isthmus/admin.sock", "unix:/run/isthmus/admin.sock"),
    ])
    func anAddressIsReadAndWritten(text: String, expected: String) throws {
        #expect(try AdminAddress(text).description == expected)
    }

    @Test(arguments: [
        "", "mesh.example:8443", "ftp://mesh.example", "https://", "https://a b", "https://user@host",
        "https://host/path", "https://host?x", "https://host:0", "https://host:65536", "https://host:",
        "https://[::1", "https://[1.2.3.4]", "https://a:b:1", "unix:relative", "unix:",
        "http://host:80\r\nX: y", "unix:/" + String(repeating: "a", count: 108),
    ])
    func whatIsNoAddressIsRefused(text: String) {
        do throws(AdminClientError) {
            let address = try AdminAddress(text)
            Issue.record("\(text) became \(address)")
        } catch {
            guard case .invalidAddress = error else { return Issue.record("\(error)") }
        }
    }

    @Test(arguments: [
        ("http://127.0.0.1:1", true), ("http://127.9.9.9:1", true), ("http://localhost:1", true),
        ("http://a.localhost:1", true), ("http://[::1]:1", true), ("http://[0:0:0:0:0:0:0:1]:1", true),
        ("unix:/a", true), ("http://10.0.0.1:1", false), ("http://127.example:1", false),
        ("http://[::2]:1", false), ("http://localhost.example:1", false),
    ])
    func onlyThisMachineIsLoopback(text: String, expected: Bool) throws {
        #expect(try AdminAddress(text).isLoopback == expected)
    }
}
