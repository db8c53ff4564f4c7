import Testing

@testable import AdminClient

@Suite struct AdminCallTests {
    @Test func aNameStaysInItsSegment() {
        let call = AdminCall(.get, ["api", "v1", "peers", "../a?b#c d/é%"])
        #expect(call.target == "/api/v1/peers/..%2Fa%3Fb%23c%20d%2F%C3%A9%25")
        #expect(AdminCall(.get, ["..", "."]).target == "/%2E%2E/%2E")
    }

    @Test func theColonOfAnActionAndOfAnAddressStays() {
        #expect(AdminCall(.post, ["tokens", "ci:rotate"]).target == "/tokens/ci:rotate")
        #expect(AdminCall(.get, ["endpoints", "fd00::1"]).target == "/endpoints/fd00::1")
    }

    @Test func parametersKeepTheirOrderAndMeaning() {
        let call = AdminCall(.get, ["kv"], query: [("prefix", "a/b&c=d+e"), ("limit", "5")])
        #expect(call.target == "/kv?prefix=a/b%26c%3Dd%2Be&limit=5")
    }
}
