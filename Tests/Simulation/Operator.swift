import AccessControl
import Storage
import TestSupport

/// Whoever runs the server: compacts, disarms alarms, defragments, and changes users while traffic flows.
final class Operator: SimulatedClient {
    let line: Line
    private unowned let world: World
    private var random: SeededGenerator
    private var waiting = 0
    private let managesUsers: Bool

    init(_ line: Line, in world: World, seed: UInt64, managesUsers: Bool) {
        self.line = line
        self.world = world
        self.random = SeededGenerator(seed: seed)
        self.managesUsers = managesUsers
    }

    var isQuiet: Bool { self.waiting == 0 }

    /// Clears the alarm, and gives everybody the rights that they need to come to rest.
    func settle() {
        guard self.waiting == 0 else { return }
        if self.world.isOutOfSpace { return self.run { self.world.disarm(by: self.line, then: $0) } }
        guard self.managesUsers else { return }
        guard !self.world.mayRead("alice") else { return }
        self.changeUsers(grants: true)
    }

    func act() {
        guard self.waiting < 2 else { return }
        if self.managesUsers, self.random.chance(60) {
            return self.changeUsers(grants: self.random.chance(60))
        }
        switch self.random.below(100) {
        case 0..<60: self.compact()
        case 60..<90:
            if self.world.isOutOfSpace { self.run { self.world.disarm(by: self.line, then: $0) } }
        default: self.run { self.world.defragment(by: self.line, then: $0) }
        }
    }

    private func run(_ call: (@escaping World.Completion) -> Void) {
        self.waiting += 1
        call { [unowned self] _ in self.waiting -= 1 }
    }

    private func compact() {
        let back = Int64(self.random.chance(70) ? self.random.below(6) : self.random.below(60))
        let revision = self.world.recorder.knownRevision - back
        guard revision > 0 else { return }
        let isPhysical = self.random.chance(40)
        self.run { self.world.compact(revision, isPhysical: isPhysical, by: self.line, then: $0) }
    }

    /// Does the first thing that is missing until users count, then grants and revokes.
    private func changeUsers(grants: Bool) {
        let world = self.world
        let line = self.line
        let auth = world.auth
        if auth?.user("root") == nil { return self.run { world.addUser("root", by: line, then: $0) } }
        if auth?.user("root")?.isRoot != true {
            return self.run { world.grantRole("root", to: "root", by: line, then: $0) }
        }
        for user in ["alice", "bob"] {
            if auth?.role(user) == nil { return self.run { world.addRole(user, by: line, then: $0) } }
            if auth?.role(user)?.permissions.isEmpty != false {
                return self.run { world.allowReading(KeySpan(prefix: "k/"), role: user, by: line, then: $0) }
            }
            if auth?.user(user) == nil { return self.run { world.addUser(user, by: line, then: $0) } }
        }
        if auth?.user("bob")?.roles.isEmpty != false {
            return self.run { world.grantRole("bob", to: "bob", by: line, then: $0) }
        }
        if auth?.isEnabled != true { return self.run { world.enableAuth(by: line, then: $0) } }
        self.run {
            if grants {
                world.grantRole("alice", to: "alice", by: line, then: $0)
            } else {
                world.revokeRole("alice", from: "alice", by: line, then: $0)
            }
        }
    }
}
