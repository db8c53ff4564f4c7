import Documents

/// A certificate, as far as the page shows it.
struct PageCertificate: Hashable, Sendable {
    let name: String
    let notAfter: String?
    let notBefore: String?
}

/// What the API answers at one moment, from which the page is made.
struct PageAnswers: Sendable {
    /// A list's first items, and how many there are in all.
    struct List: Sendable {
        var items: [DocumentValue] = []
        var total = 0

        init() {}

        /// Reads a list's document.
        init(_ document: DocumentValue?) {
            self.items = document?["items"]?.array ?? []
            self.total = self.items.count + (document?["metadata"]?["remainingItemCount"]).count
        }
    }

    /// `GET /system/info`.
    var info: DocumentValue = [:]
    var peers = List()
    var services = List()
    var clients = List()
    /// `nil` when there is no such list; then `info` names the most important ones.
    var certificates: List?
    /// The newest events, in any order.
    var events: [DocumentValue] = []
    /// The moment, in nanoseconds since 1970.
    var now: Int64 = 0

    /// The moment in seconds.
    var seconds: Double { Double(self.now) / 1e9 }

    /// The certificates, soonest to end first.
    var sortedCertificates: [PageCertificate] {
        let items = self.certificates?.items ?? self.info["certificates"]?.array ?? []
        return items.map { item in
            PageCertificate(
                name: (item["metadata"]?["name"] ?? item["name"])?.string ?? "",
                notAfter: (item["status"]?["notAfter"] ?? item["notAfter"])?.string,
                notBefore: (item["status"]?["notBefore"] ?? item["notBefore"])?.string
            )
        }.sorted { left, right in
            let ends = (PageWords.seconds(left.notAfter) ?? 0, PageWords.seconds(right.notAfter) ?? 0)
            return ends.0 == ends.1 ? left.name.precedes(right.name) : ends.0 < ends.1
        }
    }
}

extension String {
    /// Whether this comes first as bytes are ordered.
    func precedes(_ other: String) -> Bool { self.utf8.lexicographicallyPrecedes(other.utf8) }
}
