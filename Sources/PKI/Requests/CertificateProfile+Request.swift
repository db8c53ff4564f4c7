extension CertificateProfile {
    /// Returns what a certificate for a request says: the profile's own words, after the request was found to
    /// ask for nothing else.
    ///
    /// A client's common name is its identity and must be exactly the profile's; it has no alternative names,
    /// though the request may repeat the common name as one. A server's common name must be one of its own
    /// DNS names, and is kept; it may ask for any of the profile's names, and gets all of them.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - cluster: The name of the cluster that issues the certificate.
    ///   - peer: For `remote`, the peer that sent the request, or `nil` for the name that all peers share.
    ///   - namespace: For `server`, the namespace of Cilium's service.
    ///   - additionalNames: For `server`, more names and addresses that it may have.
    /// - Returns: The template to issue.
    /// - Throws: ``PKIError/request(_:)`` that names what was asked for.
    package func template(
        for request: CertificateRequest,
        cluster: String,
        peer: String? = nil,
        namespace: String = Self.defaultNamespace,
        additionalNames: [AlternativeName] = []
    ) throws(PKIError) -> CertificateTemplate {
        var template = self.template(
            cluster: cluster,
            peer: peer,
            namespace: namespace,
            additionalNames: additionalNames
        )
        let asked = AlternativeName.dns(request.commonName.lowercased())
        if self == .server, template.alternativeNames.contains(asked), !request.commonName.contains("*") {
            template.commonName = request.commonName
        }
        guard request.commonName == template.commonName else {
            throw .request(.wrongCommonName(expected: template.commonName, found: request.commonName))
        }
        for name in request.alternativeNames {
            guard template.alternativeNames.contains(name) || (self != .server && name == asked) else {
                throw .request(.nameNotAllowed(name.description))
            }
        }
        return template
    }
}
