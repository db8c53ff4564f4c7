import CoreMetrics

/// The handles of the metrics of logging in, made once at start.
struct AuthMetrics: Sendable {
    let logins: Counter
    let failedLogins: Counter
    let refusedPasswords: Counter
    let replacedTokens: Counter

    init(factory: any MetricsFactory) {
        let logins = "isthmus_data_logins_total"
        self.logins = Counter(label: logins, dimensions: [("result", "success")], factory: factory)
        self.failedLogins = Counter(label: logins, dimensions: [("result", "failure")], factory: factory)
        self.refusedPasswords = Counter(label: "isthmus_data_refused_passwords_total", factory: factory)
        self.replacedTokens = Counter(label: "isthmus_data_replaced_tokens_total", factory: factory)
    }
}
