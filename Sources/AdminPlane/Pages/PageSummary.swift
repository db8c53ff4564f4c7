import Documents

/// From the API's answers to what fills the page's templates; `summary.js` computes the same.
///
/// Pure. The page is whole with it; scripts only keep it fresh.
struct PageSummary: Sendable {
    /// How many rows a section shows.
    private enum Rows {
        static let peers = 30
        static let services = 30
        static let clients = 30
        static let certificates = 15
        static let events = 60
    }

    let answers: PageAnswers

    var now: Double { self.answers.seconds }

    /// The fragment `signed-in`, filled.
    var piece: PagePiece {
        let info = self.answers.info
        let time = Moment.text(self.answers.now)
        var piece = PagePiece(
            "signed-in",
            [
                "clusterName": info["clusterName"]?.string ?? "",
                "clusterID": PageWords.number(info["clusterID"]),
                "version": info["version"]?.string ?? "",
                "now": time, "nowText": PageWords.exact(time),
            ],
            slots: ["verdict": [self.verdict], "numbers": [self.numbers]]
        )
        func add(_ name: String, _ all: [PagePiece], _ limit: Int, total: Int? = nil, empty: String) {
            let hidden = (total ?? all.count) - min(limit, all.count)
            piece.slots[name] = Array(all.prefix(limit))
            if all.isEmpty {
                piece.slots[name + "Note"] = [PagePiece("note", ["text": empty])]
            } else if hidden > 0 {
                let text = "and \(PageWords.number(hidden)) more"
                piece.slots[name + "Note"] = [PagePiece("note", ["text": text, "more": name])]
            }
        }
        let answers = self.answers
        let peers = self.peers(answers.peers.items)
        add("peers", peers, Rows.peers, total: answers.peers.total, empty: "No other cluster is declared.")
        let services = self.services(answers.services.items)
        add("services", services, Rows.services, total: answers.services.total, empty: "No service is known.")
        let clients = self.clients(answers.clients.items)
        add("clients", clients, Rows.clients, total: answers.clients.total, empty: "Nobody is connected.")
        add("certificates", self.certificates, Rows.certificates, empty: "No certificate is known.")
        add("events", self.events(answers.events), Rows.events, empty: "Nothing has happened yet.")
        return piece
    }

    // MARK: - The own cluster

    private var numbers: PagePiece {
        let info = self.answers.info
        let store = info["store"]
        let dataPlane = info["dataPlane"]
        let objects = (info["objects"]?.object?.members ?? []).sorted { $0.name.precedes($1.name) }
        return PagePiece(
            "numbers",
            [
                "revision": PageWords.number(store?["revision"]),
                "compactedRevision": PageWords.number(store?["compactedRevision"]),
                "keys": PageWords.number(store?["keys"]),
                "bytes": PageWords.bytes(store?["bytes"]?.integer),
                "durability": store?["durability"]?.string ?? "",
                "connections": PageWords.number(dataPlane?["connections"]),
                "watches": PageWords.number(dataPlane?["watches"]),
                "address": dataPlane?["address"]?.string ?? "",
                "startTime": info["startTime"]?.string ?? "",
                "uptime": PageWords.since(info["startTime"]?.string, self.now),
            ],
            slots: [
                "objects": objects.map { member in
                    let noun = Self.words(member.name)
                    let what = member.value.integer == 1 ? Self.singular(noun) : noun
                    return PagePiece(
                        "object-count",
                        ["what": what, "count": PageWords.number(member.value)]
                    )
                }
            ]
        )
    }

    /// "export-rules" → "export rules".
    static func words(_ name: String) -> String { String(name.map { $0 == "-" ? " " : $0 }) }

    /// "identities" → "identity", "peers" → "peer".
    private static func singular(_ noun: String) -> String {
        if noun.hasSuffix("ies") { return noun.dropLast(3) + "y" }
        return noun.hasSuffix("s") ? String(noun.dropLast()) : noun
    }

    // MARK: - Certificates, events

    private var certificates: [PagePiece] {
        self.answers.sortedCertificates.map { certificate in
            PagePiece(
                "certificate",
                [
                    "name": certificate.name,
                    "state": PageState(certificate: certificate, now: self.now).rawValue,
                    "notAfter": certificate.notAfter ?? "",
                    "notAfterText": PageWords.relative(certificate.notAfter, self.now),
                    "percent": String(PageState.percent(certificate, now: self.now)),
                ]
            )
        }
    }

    private func events(_ events: [DocumentValue]) -> [PagePiece] {
        let id = { (event: DocumentValue) in event["id"]?.string.flatMap { Int64($0) } ?? 0 }
        return events.sorted { id($0) > id($1) }.map { event in
            let type = event["type"]?.string ?? ""
            return PagePiece(
                "event",
                [
                    "time": event["time"]?.string ?? "",
                    "timeText": PageWords.relative(event["time"]?.string, self.now),
                    "type": type, "name": event["name"]?.string ?? "",
                    "message": event["message"]?.string ?? "", "state": PageState(event: type).rawValue,
                ]
            )
        }
    }
}
