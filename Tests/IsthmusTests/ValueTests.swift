import NIOCore
import Testing

@testable import isthmus

@Suite struct ListenAddressTests {
    @Test(
        arguments: [
            ("127.0.0.1:2379", "127.0.0.1", 2_379, true, false),
            ("127.9.9.9:1", "127.9.9.9", 1, true, false),
            ("0.0.0.0:0", "0.0.0.0", 0, false, true),
            ("[::1]:65535", "::1", 65_535, true, false),
            ("[0:0::1]:1", "0:0::1", 1, true, false),
            ("[::]:80", "::", 80, false, true),
            ("[fd00::1]:80", "fd00::1", 80, false, false),
            (":2379", "", 2_379, false, true),
            ("localhost:2379", "localhost", 2_379, true, false),
            ("my-host_1.example:2379", "my-host_1.example", 2_379, false, false),
            ("127.0.0.1.example:1", "127.0.0.1.example", 1, false, false),
        ] as [(String, String, Int, Bool, Bool)]
    )
    func addressesAreRead(text: String, host: String, port: Int, isLoopback: Bool, isWildcard: Bool) throws {
        let address = try ListenAddress(text)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.isLoopback == isLoopback)
        #expect(address.isWildcard == isWildcard)
        #expect(address.description == text)
    }

    @Test(arguments: [
        ("", "\"\" has no port: write host:port, [v6]:port or :port"),
        ("localhost", "\"localhost\" has no port: write host:port, [v6]:port or :port"),
        ("localhost:", "\"\" is not a port: write a number from 0 to 65535"),
        ("localhost:http", "\"http\" is not a port: write a number from 0 to 65535"),
        ("localhost:65536", "\"65536\" is not a port: write a number from 0 to 65535"),
        ("localhost:-1", "\"-1\" is not a port: write a number from 0 to 65535"),
        (
            "localhost:99999999999999999999",
            "\"99999999999999999999\" is not a port: write a number from 0 to 65535"
        ),
        ("::1:2379", "\"::1\" has several colons: write an IPv6 address in brackets"),
        ("[::1]", "\"1]\" is not a port: write a number from 0 to 65535"),
        ("[1.2.3.4]:80", "\"1.2.3.4\" is not an IPv6 address"),
        ("[::g]:80", "\"::g\" is not an IPv6 address"),
        ("1.2.3.400:80", "\"1.2.3.400\" is not a host name or an IP address"),
        ("a b:80", "\"a b\" is not a host name or an IP address"),
        ("http://x:80", "\"http://x\" has several colons: write an IPv6 address in brackets"),
    ])
    func wrongAddressesAreExplained(text: String, message: String) {
        #expect(throws: InvalidValue(message: message)) { try ListenAddress(text) }
    }

    @Test func addressesBecomeSocketAddresses() throws {
        #expect(
            try ListenAddress("127.0.0.1:7").socketAddress() == SocketAddress(ipAddress: "127.0.0.1", port: 7)
        )
        #expect(try ListenAddress(":7").socketAddress() == SocketAddress(ipAddress: "::", port: 7))
        #expect(try ListenAddress("localhost:7").socketAddress().port == 7)
    }
}

@Suite struct ClientURLTests {
    @Test func listsAreRead() throws {
        #expect(
            try ClientURL.list("https://a.example:2379, http://[::1]:80,https://10.0.0.1:1")
                == ["https://a.example:2379", "http://[::1]:80", "https://10.0.0.1:1"]
        )
    }

    @Test(arguments: [
        "", "a:1", "https://a", "https://a:1,", "https://a:1/x", "https://:1", "https://0.0.0.0:1",
        "https://a:0",
    ])
    func whatIsNoClientURLIsRefused(text: String) {
        #expect(throws: InvalidValue.self) { try ClientURL.list(text) }
    }
}
