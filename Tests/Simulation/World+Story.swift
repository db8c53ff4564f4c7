import AccessControl

extension World {
    /// All that was recorded, for whoever looks for the reason of a failure.
    var story: [String] {
        var lines: [String] = []
        for (number, commit) in self.history.commits.enumerated() {
            var line = "commit \(number) of life \(commit.life) at \(commit.time): head \(commit.revision) "
            line += commit.events.map { "\($0)=\($0.value)" }.joined(separator: " ")
            if !commit.leaseChanges.isEmpty { line += " \(commit.leaseChanges)" }
            if let auth = commit.auth {
                line += " users: enabled \(auth.isEnabled), alice \(auth.mayRead("alice"))"
            }
            if let lost = commit.lostBy { line += " lost by \(lost)" }
            lines.append(line)
        }
        lines += self.recorder.operations.map { operation in
            let times = "\(operation.called)-\(operation.returned.map(String.init) ?? "")"
            let commits = "\(operation.commitsBefore)-\(operation.commitsAfter.map(String.init) ?? "")"
            return "call \(times) of life \(operation.life), commits \(commits): \(operation.client) "
                + "\(operation.request) -> \(operation.outcome)"
        }
        for (number, watch) in self.recorder.watches.enumerated() {
            let created = watch.createdRevision.map(String.init) ?? "never"
            lines.append(
                "watch \(number) of \(watch.name) in life \(watch.life): \(watch.span) "
                    + "from \(watch.startRevision), created at \(created): \(watch.items) "
                    + "with \(self.recorder.commitsAtItems[number] ?? []) commits"
            )
        }
        return lines
    }
}
