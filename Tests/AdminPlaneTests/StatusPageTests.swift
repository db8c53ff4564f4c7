import AccessControl
import AdminPlane
import CoreMetrics
import Foundation
import MicroHTTP
import NIOCore
import Testing

/// The page as it is served, made of the real files.
@Suite struct StatusPageTests {
    private func withPage(_ body: (AdminHarness, AdminService) async throws -> Void) async throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../web-static")
        var files: [String: StaticFiles.File] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            guard let type = StaticFiles.mediaType(of: name) else { continue }
            let data = try Data(contentsOf: folder.appending(path: name))
            files[name] = StaticFiles.File(bytes: [UInt8](data), type: type)
        }
        try await withAdminPlane { plane in
            let service = AdminAPI.makeService(
                plane.environment,
                feed: EventFeed(
                    store: plane.store,
                    now: { plane.clock.now },
                    sleep: { try? await Task.sleep(for: $0) }
                ),
                jobs: plane.jobs,
                pages: StaticFiles(contract: [], page: files),
                metrics: NOOPMetricsHandler.instance
            )
            try await body(plane, service)
        }
    }

    private func ask(
        _ service: AdminService,
        _ method: String,
        _ target: String,
        _ fields: [(String, String)] = [],
        body: String = ""
    ) async throws -> Answer {
        var all = HeaderFields()
        for (name, value) in fields { all.add(name, value) }
        let request = Request(
            method: method,
            target: try RequestTarget(Array(target.utf8), maximumPairs: 10),
            fields: all,
            body: ByteBuffer(string: body),
            peer: Peer(origin: .tcp(address: "192.0.2.1", port: 40_000))
        )
        return Answer(await service.respond(to: request))
    }

    @Test func whoHasNoTokenIsAskedForOneAndToldNothing() async throws {
        try await self.withPage { _, service in
            let answer = try await self.ask(service, "GET", "/")
            #expect(answer.status == 200)
            #expect(answer.text.contains("name=\"token\""))
            #expect(!answer.text.contains("east"))
            #expect(answer.text.contains("<p class=\"sign-in-problem\" role=\"alert\"></p>"))
            #expect(answer.fields["Content-Security-Policy"]?.hasPrefix("default-src 'none'; ") == true)
        }
    }

    @Test func signingInSetsACookieThatShowsTheMesh() async throws {
        try await self.withPage { plane, service in
            let form = [("Content-Type", "application/x-www-form-urlencoded")]
            let signedIn = try await self.ask(service, "POST", "/login", form, body: "token=\(plane.token)")
            #expect(signedIn.status == 303)
            let cookie = try #require(signedIn.fields["Set-Cookie"]?.split(separator: ";").first)
            let page = try await self.ask(service, "GET", "/", [("Cookie", String(cookie))])
            #expect(page.text.contains("east stands alone: no other cluster is declared."))
            #expect(!page.text.contains("{{"))
            #expect(!page.text.contains("<!--isthmus:"))
        }
    }

    @Test func aWrongTokenIsRefusedOnThePage() async throws {
        try await self.withPage { _, service in
            let form = [("Content-Type", "application/x-www-form-urlencoded")]
            let answer = try await self.ask(service, "POST", "/login", form, body: "token=ist_no_no")
            #expect(answer.status == 401)
            #expect(answer.text.contains("The token is not valid."))
            #expect(answer.fields["WWW-Authenticate"] != nil)
            #expect(answer.fields["Set-Cookie"] == nil)
        }
    }

    @Test func namesAreNeverMarkup() async throws {
        try await self.withPage { plane, service in
            plane.data.connect(ConnectedClient(id: 1, identity: .user(name: "<script>alert(1)</script>")))
            let fields = [("Authorization", "Bearer \(plane.token)")]
            let page = try await self.ask(service, "GET", "/", fields)
            #expect(page.text.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
            #expect(!page.text.contains("<script>alert"))
        }
    }

    @Test func filesHaveTagsAndOnlyOursAreServed() async throws {
        try await self.withPage { _, service in
            let file = try await self.ask(service, "GET", "/static/page.js")
            #expect(file.fields["Content-Type"] == "text/javascript; charset=utf-8")
            let tag = try #require(file.tag)
            let again = try await self.ask(service, "GET", "/static/page.js", [("If-None-Match", tag)])
            #expect(again.status == 304)
            #expect(again.body.isEmpty)
            let strange = try await self.ask(service, "GET", "/static/page.js", [("Accept", "image/png")])
            #expect(strange.status == 406)
            for name in ["README.md", "nothing.js", "..%2fopenapi", ""] {
                #expect(try await self.ask(service, "GET", "/static/\(name)").status == 404)
            }
        }
    }
}
