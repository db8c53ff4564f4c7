/// Why a certificate is not accepted any more.
package enum Denial: Hashable, Sendable {
    /// Its number was denied.
    case serialNumber(SerialNumber, issuer: DistinguishedName)
    /// Its key was denied; the SHA-256 digest of the key.
    case key([UInt8])
    /// Its holder was denied: the peer of this name.
    case peer(String)
    /// Its issuer's revocation list names it.
    case revocationList(issuer: DistinguishedName)
}

extension Denial: CustomStringConvertible {
    /// The reason, for people.
    package var description: String {
        switch self {
        case .serialNumber(let number, let issuer): "number \(number) of \"\(issuer)\" was revoked"
        case .key(let digest): "the key with SHA-256 digest \(hexadecimal(digest)) was revoked"
        case .peer(let name): "the peer \(name) was revoked"
        case .revocationList(let issuer): "it is on the revocation list of \"\(issuer)\""
        }
    }
}

/// What was revoked here, and the revocation lists of others: a value that handshakes and open connections
/// are held against.
///
/// Nobody has to cooperate: a denial counts whoever issued the certificate.
package struct DenyList: Hashable, Sendable {
    private struct IssuedNumber: Hashable {
        let serialNumber: SerialNumber
        let issuer: DistinguishedName
    }

    /// One authority of possibly several with the same name.
    private struct Issuer: Hashable {
        let name: DistinguishedName
        let keyDigest: [UInt8]
    }

    private var numbers: Set<IssuedNumber> = []
    private var keys: Set<[UInt8]> = []
    private var peers: Set<String> = []
    private var lists: [Issuer: RevocationList] = [:]

    /// Creates a list that denies nothing.
    package init() {}

    /// Whether nothing is denied.
    package var isEmpty: Bool {
        self.numbers.isEmpty && self.keys.isEmpty && self.peers.isEmpty && self.lists.isEmpty
    }

    /// Denies one certificate by its number and issuer, one key, or one peer.
    ///
    /// A denial by revocation list comes with the list: ``insert(_:of:)``.
    package mutating func insert(_ denial: Denial) {
        switch denial {
        case .serialNumber(let number, let issuer):
            self.numbers.insert(IssuedNumber(serialNumber: number, issuer: issuer))
        case .key(let digest): self.keys.insert(digest)
        case .peer(let name): self.peers.insert(name)
        case .revocationList: break
        }
    }

    /// Takes a denial back.
    package mutating func remove(_ denial: Denial) {
        switch denial {
        case .serialNumber(let number, let issuer):
            self.numbers.remove(IssuedNumber(serialNumber: number, issuer: issuer))
        case .key(let digest): self.keys.remove(digest)
        case .peer(let name): self.peers.remove(name)
        case .revocationList(let issuer): self.lists = self.lists.filter { $0.key.name != issuer }
        }
    }

    /// Puts an authority's list in the place of its older one.
    ///
    /// ``RevocationList/check(from:replacing:now:)`` is the caller's business.
    package mutating func insert(_ list: RevocationList, of issuer: Certificate) {
        self.lists[Issuer(name: issuer.subject, keyDigest: issuer.keyDigest)] = list
    }

    /// The list that is there of an authority.
    package func list(of issuer: Certificate) -> RevocationList? {
        self.lists[Issuer(name: issuer.subject, keyDigest: issuer.keyDigest)]
    }

    /// Returns why a chain is denied, or `nil` when it is not.
    ///
    /// - Parameters:
    ///   - chain: The leaf, then the certificate that issued it, and so on to the root.
    ///   - peer: The peer that holds the leaf, where it is one.
    /// - Returns: The reason, and which certificate of the chain it is about.
    package func denial(of chain: [Certificate], peer: String?) -> (denial: Denial, depth: Int)? {
        if let peer, self.peers.contains(peer) { return (.peer(peer), 0) }
        guard !self.isEmpty else { return nil }
        for (depth, certificate) in chain.enumerated() {
            let number = certificate.serialNumber
            let issued = IssuedNumber(serialNumber: number, issuer: certificate.issuer)
            if self.numbers.contains(issued) {
                return (.serialNumber(number, issuer: certificate.issuer), depth)
            }
            if self.keys.contains(certificate.keyDigest) { return (.key(certificate.keyDigest), depth) }
            guard depth + 1 < chain.count else { continue }
            let list = self.list(of: chain[depth + 1])
            if list?.revokes(certificate) == true {
                return (.revocationList(issuer: certificate.issuer), depth)
            }
        }
        return nil
    }
}
