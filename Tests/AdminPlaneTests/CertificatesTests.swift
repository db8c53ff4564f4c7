import AdminPlane
import Documents
import MicroHTTP
import PKI
import Persistence
import Testing

/// Authorities and certificates as objects: what the clock does to them, and where their keys are.
@Suite struct CertificatesTests {
    private func events(_ harness: AdminHarness, _ type: String) async throws -> [DocumentObject] {
        let answer = try await harness.ask(
            "GET",
            "/api/v1/events?follow=false&since=0&types=\(type)",
            fields: [("Accept", "application/x-ndjson")]
        )
        return try answer.text.split(separator: "\n").map { line in
            try #require(try JSONReader.read(Array(line.utf8)).object)
        }
    }

    private func issue(_ harness: AdminHarness, _ name: String, _ spec: String) async throws -> Answer {
        let body = "{\"metadata\":{\"name\":\"\(name)\"},\"spec\":{\(spec)}}"
        return try await harness.ask("POST", "/api/v1/certificates", body)
    }

    @Test func anEndThatComesNearIsAnnouncedAtThirtySevenAndOneDays() async throws {
        try await withAdminPlane { harness in
            let spec = "\"profile\":\"local\",\"lifetime\":\"960h\""
            #expect(try await self.issue(harness, "brief", spec).status == 201)
            try await harness.pki.warnOfExpiries()
            #expect(try await self.events(harness, "certificate.expiring").isEmpty)
            var days: [Int64] = []
            // Forty days, looked at twice a day; a look more or less makes no difference.
            for _ in 0..<82 {
                harness.clock.advance(seconds: 43_200)
                try await harness.pki.warnOfExpiries()
                try await harness.pki.warnOfExpiries()
            }
            for event in try await self.events(harness, "certificate.expiring") {
                #expect(event["name"]?.string == "brief")
                days.append(try #require(event["days"]?.integer))
            }
            #expect(days == [30, 7, 1])
        }
    }

    @Test func aServerThatWasDownAnnouncesOnlyWhatIsNearest() async throws {
        try await withAdminPlane { harness in
            let spec = "\"profile\":\"local\",\"lifetime\":\"960h\""
            #expect(try await self.issue(harness, "brief", spec).status == 201)
            try await harness.pki.warnOfExpiries()
            harness.clock.advance(seconds: 39 * 86_400 + 60)
            try await harness.pki.warnOfExpiries()
            let days = try await self.events(harness, "certificate.expiring").map { $0["days"]?.integer }
            #expect(days == [1])
        }
    }

    @Test func nothingIsIssuedByAnAuthorityThatHasEnded() async throws {
        try await withAdminPlane { harness in
            harness.clock.advance(seconds: 3_651 * 86_400)
            let answer = try await self.issue(harness, "late", "\"profile\":\"local\"")
            #expect(answer.status == 409)
            #expect(answer.json["detail"]?.string?.contains("had expired") == true)
        }
    }

    @Test func aCertificateEndsWithItsIssuerAtTheLatest() async throws {
        try await withAdminPlane { harness in
            harness.clock.advance(seconds: 3_640 * 86_400)
            let answer = try await self.issue(harness, "short", "\"profile\":\"local\"")
            #expect(answer.status == 201)
            let authority = try #require(harness.pki.authority("mesh")?.active)
            let record = try #require(
                harness.store.object("certificates", "short").flatMap { CertificateRecord($0) }
            )
            #expect(record.leaf.validity.notAfter == authority.issuing.validity.notAfter)
            let wanted = "\"profile\":\"local\",\"lifetime\":\"2160h\""
            let refused = try await self.issue(harness, "long", wanted)
            #expect(refused.status == 422)
            #expect(refused.pointers == ["/spec/lifetime"])
        }
    }

    @Test func everythingOpensAfterARotationOfTheSealingKey() async throws {
        try await withAdminPlane { harness in
            let spec = "\"profile\":\"local\",\"keepKey\":true"
            #expect(try await self.issue(harness, "kept", spec).status == 201)
            let before = try #require(harness.store.object("certificates", "kept")).secret
            #expect(try await harness.pki.rotateEncryptionKey() == 2)
            #expect(try #require(harness.store.object("certificates", "kept")).secret != before)
            let accept = [("Accept", "application/x-pem-file")]
            let export = try await harness.ask(
                "POST",
                "/api/v1/certificates/kept:export",
                "{}",
                fields: accept
            )
            #expect(export.text.contains("BEGIN PRIVATE KEY"))
            #expect(try await self.issue(harness, "another", spec).status == 201)
            // What is sealed already is not sealed again.
            #expect(try await harness.pki.rotateEncryptionKey() == 3)
        }
    }

    @Test func aSecretThatIsMovedToAnotherObjectDoesNotOpen() async throws {
        try await withAdminPlane { harness in
            let spec = "\"profile\":\"local\",\"keepKey\":true"
            #expect(try await self.issue(harness, "one", spec).status == 201)
            #expect(try await self.issue(harness, "two", spec).status == 201)
            let secret = try #require(harness.store.object("certificates", "one")).secret
            try await harness.store.write { (transaction) throws(PersistenceError) in
                guard var draft = transaction.object("certificates", "two")?.draft else {
                    return .rollBack(())
                }
                draft.secret = secret
                _ = try transaction.put(draft, event: "certificate.updated")
                return .commit(())
            }
            let answer = try await harness.ask("POST", "/api/v1/certificates/two:export", "{}")
            #expect(answer.status == 503)
            #expect(answer.json["detail"]?.string?.contains("is not that of certificates/two/key") == true)
        }
    }

    @Test func noAnswerEventOrAuditLineHasAKeyButTheFirst() async throws {
        try await withAdminPlane { harness in
            let spec = "\"profile\":\"local\",\"keepKey\":true"
            #expect(try await self.issue(harness, "kept", spec).text.contains("BEGIN PRIVATE KEY"))
            for path in ["certificates", "certificates/kept", "authorities", "authorities/mesh", "audit"] {
                let answer = try await harness.ask("GET", "/api/v1/\(path)")
                #expect(answer.status == 200)
                #expect(!answer.text.contains("PRIVATE"), "\(path)")
            }
            for event in try await self.events(harness, "certificate.issued") {
                #expect(!"\(event)".contains("PRIVATE"))
            }
        }
    }

    @Test func aPeersRootsMustBeRoots() async throws {
        try await withAdminPlane { harness in
            let issued = try await self.issue(harness, "leaf", "\"profile\":\"local\"")
            let chain = try #require(issued.json["status"]?.object?["chain"])
            let spec: DocumentValue = [
                "spec": [
                    "clusterID": 8, "endpoints": [["url": "https://west.example:2379"]],
                    "trust": ["pem": chain],
                ]
            ]
            let answer = try await harness.ask("PUT", "/api/v1/peers/west", JSONWriter.write(spec))
            #expect(answer.status == 422)
            #expect(answer.pointers == ["/spec/trust/pem"])
        }
    }
}
