import NIOCore
import NIOHTTP1
import Testing

@testable import Telemetry

@Suite struct HealthRoutesTests {
    private func routes(loops: HealthVerdict = .healthy, replica: HealthVerdict = .healthy) -> HealthRoutes {
        HealthRoutes(
            checks: [
                HealthCheck("event-loops", scope: .liveness) { loops },
                HealthCheck("replica", scope: .readiness) { replica },
            ],
            metrics: { ByteBuffer(string: "m 1\n") }
        )
    }

    @Test(
        "answers while all is well",
        arguments: [
            ("/livez", "ok\n"),
            ("/readyz?", "ok\n"),
            ("/healthz", "ok\n"),
            ("/livez?verbose", "[+]event-loops ok\nlivez check passed\n"),
            ("/readyz?verbose=1", "[+]event-loops ok\n[+]replica ok\nreadyz check passed\n"),
            ("/healthz?a&verbose&b", "[+]event-loops ok\n[+]replica ok\nhealthz check passed\n"),
            ("/readyz/replica?verbose", "[+]replica ok\nreadyz check passed\n"),
            ("/livez/event-loops", "ok\n"),
            ("/metrics", "m 1\n"),
            ("/metrics?x", "m 1\n"),
        ]
    )
    func healthy(uri: String, body: String) {
        let response = self.routes().response(to: .GET, uri)
        #expect(response.status == .ok)
        #expect(String(buffer: response.body) == body)
    }

    @Test func aFailedCheckOfReadinessLeavesTheProcessAlive() {
        let routes = self.routes(replica: .unhealthy(reason: "loading\nrevision 7"))
        #expect(routes.response(to: .GET, "/livez").status == .ok)
        let response = routes.response(to: .GET, "/readyz")
        #expect(response.status == .serviceUnavailable)
        #expect(
            String(buffer: response.body)
                == "[+]event-loops ok\n[-]replica failed: loading revision 7\nreadyz check failed\n"
        )
        #expect(routes.response(to: .GET, "/readyz/event-loops").status == .ok)
        #expect(routes.response(to: .GET, "/readyz/replica").status == .serviceUnavailable)
    }

    @Test func aFailedCheckOfLivenessMeansNotReadyToo() {
        let routes = self.routes(loops: .unhealthy(reason: "loop 1 is stuck"))
        #expect(routes.response(to: .GET, "/livez").status == .serviceUnavailable)
        #expect(routes.response(to: .GET, "/readyz").status == .serviceUnavailable)
    }

    @Test func checksCanBeExcluded() {
        let routes = self.routes(loops: .unhealthy(reason: "x"), replica: .unhealthy(reason: "y"))
        let response = routes.response(
            to: .GET,
            "/readyz?exclude=replica&exclude=event-loops&verbose&exclude=none"
        )
        #expect(response.status == .ok)
        #expect(
            String(buffer: response.body) == """
                [+]event-loops excluded: ok
                [+]replica excluded: ok
                warn: some health checks cannot be excluded: no matches for none
                readyz check passed

                """
        )
        #expect(routes.response(to: .GET, "/readyz?exclude=replica").status == .serviceUnavailable)
    }

    @Test(arguments: [
        "/", "", "*", "livez", "/livez/", "/livez/replica", "/livez/none", "/livez/event-loops/x",
        "/metrics/", "//livez",
        "/LIVEZ", "/debug/pprof", "/livez%20", "?verbose", "http://host/livez",
    ])
    func everythingElseIsNotFound(uri: String) {
        let response = self.routes().response(to: .GET, uri)
        #expect(response.status == .notFound)
        #expect(String(buffer: response.body) == "404 page not found\n")
    }

    @Test(arguments: [HTTPMethod.POST, .PUT, .DELETE, .OPTIONS, .TRACE, .CONNECT])
    func onlyReadingIsAllowed(method: HTTPMethod) {
        #expect(self.routes().response(to: method, "/livez").status == .methodNotAllowed)
        #expect(self.routes().response(to: method, "/nowhere").status == .methodNotAllowed)
    }
}
