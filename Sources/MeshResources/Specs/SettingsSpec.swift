package import Documents

/// What holds where nothing else was said.
package struct SettingsSpec: Sendable, Hashable {
    /// What happens to objects that no export rule names.
    package var exportDefault: RuleSpec.Action = .allow
    /// What happens to objects that no import rule names.
    package var importDefault: RuleSpec.Action = .allow
    /// How long new certificates live.
    package var certificateLifetime: Duration = .seconds(90 * 86_400)
    /// How long before their end certificates are renewed.
    package var renewBefore: Duration = .seconds(30 * 86_400)
    /// What a peer may bring whose spec says nothing of it.
    package var peerQuota = PeerSpec.Quota()

    /// Creates the defaults.
    package init() {}

    /// Reads the spec; a value is right only if no problem was noted.
    ///
    /// What is left out is as in the defaults.
    package init?(_ field: FieldReader) {
        var spec = SettingsSpec()
        let isRead: Bool? = field.object { object in
            spec.exportDefault = Self.action(object.optional("exports")) ?? spec.exportDefault
            spec.importDefault = Self.action(object.optional("imports")) ?? spec.importDefault
            _ = object.optional("certificates")?.object { object in
                let range = .seconds(60)...Duration.seconds(3_650 * 86_400)
                let lifetime = object.optional("lifetime")?.duration(in: range)
                let before = object.optional("renewBefore")
                spec.certificateLifetime = lifetime ?? spec.certificateLifetime
                spec.renewBefore = before?.duration(in: .seconds(1)...range.upperBound) ?? spec.renewBefore
                if spec.renewBefore >= spec.certificateLifetime {
                    if let before {
                        before.reject(.mismatch, "must be less than the lifetime") as Void?
                    } else {
                        object.reject(.mismatch, "the lifetime must be more than renewBefore, 720h")
                    }
                }
                return true
            }
            _ = object.optional("limits")?.object { object in
                spec.peerQuota = object.optional("peerQuota").flatMap(PeerSpec.Quota.init) ?? spec.peerQuota
                return true
            }
            return true
        }
        guard isRead != nil else { return nil }
        self = spec
    }

    /// The spec as a document that says everything.
    package var document: DocumentValue {
        var quota = DocumentObject()
        quota["keys"] = self.peerQuota.keys.map { .integer(Int64($0)) }
        quota["bytes"] = self.peerQuota.bytes.map { .string($0.description) }
        quota["eventsPerSecond"] = self.peerQuota.eventsPerSecond.map { .integer(Int64($0)) }
        return [
            "exports": ["default": .string(self.exportDefault.rawValue)],
            "imports": ["default": .string(self.importDefault.rawValue)],
            "certificates": [
                "lifetime": .string(Self.text(self.certificateLifetime)),
                "renewBefore": .string(Self.text(self.renewBefore)),
            ],
            "limits": ["peerQuota": .object(quota)],
        ]
    }

    private static func action(_ field: FieldReader?) -> RuleSpec.Action? {
        field?.object { object in object.optional("default")?.choice(of: RuleSpec.Action.self) }
    }

    /// The duration in the largest unit that leaves a whole number.
    private static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if attoseconds != 0 { return "\(seconds * 1_000 + attoseconds / 1_000_000_000_000_000)ms" }
        if seconds % 3_600 == 0 { return "\(seconds / 3_600)h" }
        return seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
    }
}
