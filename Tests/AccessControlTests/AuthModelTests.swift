import AccessControl
import TestSupport
import Testing

/// The state against a model that keeps plain lists and follows etcd's rules as they are written down.
@Suite struct AuthModelTests {
    private static let users = ["root", "u", "v"]
    private static let roles = ["root", "r", "s"]
    private static let keys: [[UInt8]] = [[], [0], [1], [2]]

    @Test(
        "agrees with plain lists after each of many random changes, and survives storing",
        arguments: 0..<24
    )
    func agrees(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var state = AuthState()
        var model = ModelAuth()
        for step in 0..<250 {
            let command = Self.command(using: &random)
            var outcome: Result<AuthOutcome, AuthError>
            do throws(AuthError) {
                outcome = .success(try state.apply(command))
            } catch {
                outcome = .failure(error)
            }
            #expect(outcome == model.apply(command), "step \(step): \(command)")
            self.compare(state, model, "step \(step): \(command)")
            if step % 10 == 0 { #expect(try AuthState(encoded: state.encoded) == state) }
        }
    }

    private func compare(_ state: AuthState, _ model: ModelAuth, _ comment: Comment) {
        #expect(state.isEnabled == model.isEnabled, comment)
        #expect(state.revision == model.revision, comment)
        #expect(state.users.map(\.name) == model.users.map(\.name).sorted(), comment)
        #expect(state.roles.map(\.name) == model.roles.map(\.name).sorted(), comment)
        for user in state.users {
            let isRoot = model.users.first { $0.name == user.name }?.roles.contains("root") == true
            let grants = model.grants(of: user.name)
            for key in Self.keys where !key.isEmpty {
                let mayRead = isRoot || grants.contains { $0.kind != .write && $0.holds(key) }
                let mayWrite = isRoot || grants.contains { $0.kind != .read && $0.holds(key) }
                let empty: [UInt8] = []
                #expect(user.permissions.allowsRead(key: key.span, rangeEnd: empty.span) == mayRead, comment)
                #expect(
                    user.permissions.allowsWrite(key: key.span, rangeEnd: empty.span) == mayWrite,
                    comment
                )
            }
        }
    }

    private static func command(using random: inout SeededGenerator) -> AuthCommand {
        let user = (Self.users + [""]).randomElement(using: &random) ?? ""
        let role = (Self.roles + [""]).randomElement(using: &random) ?? ""
        let key = Self.keys.randomElement(using: &random) ?? []
        let end = Self.keys.randomElement(using: &random) ?? []
        let kinds: [Permission.Kind] = [.read, .write, .readWrite]
        switch Int.random(in: 0..<18, using: &random) {
        case 0: return .enable
        case 1: return .disable
        case 2, 3: return .addUser(name: user, passwordHash: Bool.random(using: &random) ? "h" : nil)
        case 4: return .deleteUser(name: user)
        case 5: return .changePassword(name: user, passwordHash: "n")
        case 6, 7, 8: return .grantRole(user: user, role: role)
        case 9: return .revokeRole(user: user, role: role)
        case 10, 11: return .addRole(name: role)
        case 12: return .deleteRole(name: role)
        case 13, 14, 15:
            let kind = kinds.randomElement(using: &random) ?? .read
            return .grantPermission(role: role, Permission(kind, key: key, rangeEnd: end))
        default: return .revokePermission(role: role, key: key, rangeEnd: end)
        }
    }
}

/// Lists and etcd's rules, nothing compiled.
private struct ModelAuth {
    var isEnabled = false
    var revision: UInt64 = 1
    var users: [(name: String, roles: Set<String>)] = []
    var roles: [(name: String, permissions: [Permission])] = []

    func grants(of user: String) -> [Permission] {
        let held = self.users.first { $0.name == user }?.roles ?? []
        return self.roles.filter { held.contains($0.name) }.flatMap(\.permissions)
    }

    mutating func apply(_ command: AuthCommand) -> Result<AuthOutcome, AuthError> {
        if let refusal = self.refusal(command) { return .failure(refusal) }
        if self.isAlready(command) { return .success(.unchanged) }
        self.perform(command)
        if command != .enable { self.revision += 1 }
        return .success(.changed)
    }

    private func has(user: String) -> Bool { self.users.contains { $0.name == user } }
    private func has(role: String) -> Bool { self.roles.contains { $0.name == role } }
    private func has(user: String, role: String) -> Bool {
        self.users.contains { $0.name == user && $0.roles.contains(role) }
    }

    private func refusal(_ command: AuthCommand) -> AuthError? {
        switch command {
        case .enable:
            if self.isEnabled { return nil }
            if !self.has(user: "root") { return .rootUserMissing }
            return self.has(user: "root", role: "root") ? nil : .rootRoleMissing
        case .disable: return nil
        case .addUser(let name, _):
            return name.isEmpty ? .userNameEmpty : (self.has(user: name) ? .userExists : nil)
        case .deleteUser(let name):
            if self.isEnabled, name == "root" { return .invalidManagement }
            return self.has(user: name) ? nil : .userNotFound
        case .changePassword(let name, _): return self.has(user: name) ? nil : .userNotFound
        case .grantRole(let user, let role):
            if !self.has(user: user) { return .userNotFound }
            return role == "root" || self.has(role: role) ? nil : .roleNotFound
        case .revokeRole(let user, let role):
            if self.isEnabled, user == "root", role == "root" { return .invalidManagement }
            if !self.has(user: user) { return .userNotFound }
            return self.has(user: user, role: role) ? nil : .roleNotGranted
        case .addRole(let name):
            return name.isEmpty ? .roleNameEmpty : (self.has(role: name) ? .roleExists : nil)
        case .deleteRole(let name):
            if self.isEnabled, name == "root" { return .invalidManagement }
            return self.has(role: name) ? nil : .roleNotFound
        case .grantPermission(let role, let permission):
            let end = permission.rangeEnd
            let isBackwards = !end.isEmpty && end != [0] && !permission.key.lexicographicallyPrecedes(end)
            if permission.key.isEmpty || isBackwards { return .invalidManagement }
            return self.has(role: role) ? nil : .roleNotFound
        case .revokePermission(let role, let key, let end):
            guard let found = self.roles.first(where: { $0.name == role }) else { return .roleNotFound }
            return found.permissions.contains { $0.key == key && $0.rangeEnd == end }
                ? nil : .permissionNotGranted
        }
    }

    private func isAlready(_ command: AuthCommand) -> Bool {
        switch command {
        case .enable: self.isEnabled
        case .disable: !self.isEnabled
        case .grantRole(let user, let role): self.has(user: user, role: role)
        default: false
        }
    }

    private mutating func perform(_ command: AuthCommand) {
        switch command {
        case .enable: self.isEnabled = true
        case .disable: self.isEnabled = false
        case .addUser(let name, _): self.users.append((name, []))
        case .deleteUser(let name): self.users.removeAll { $0.name == name }
        case .changePassword: break
        case .grantRole(let user, let role): self.change(user) { $0.insert(role) }
        case .revokeRole(let user, let role): self.change(user) { $0.remove(role) }
        case .addRole(let name): self.roles.append((name, []))
        case .deleteRole(let name):
            self.roles.removeAll { $0.name == name }
            for user in self.users.map(\.name) { self.change(user) { $0.remove(name) } }
        case .grantPermission(let role, let permission):
            self.change(role: role) { permissions in
                permissions.removeAll { $0.key == permission.key && $0.rangeEnd == permission.rangeEnd }
                permissions.append(permission)
            }
        case .revokePermission(let role, let key, let end):
            self.change(role: role) { $0.removeAll { $0.key == key && $0.rangeEnd == end } }
        }
    }

    private mutating func change(_ user: String, _ body: (inout Set<String>) -> Void) {
        for index in self.users.indices where self.users[index].name == user {
            body(&self.users[index].roles)
        }
    }

    private mutating func change(role: String, _ body: (inout [Permission]) -> Void) {
        for index in self.roles.indices where self.roles[index].name == role {
            body(&self.roles[index].permissions)
        }
    }
}

extension Permission {
    /// Whether this permission alone holds `key`, by definition.
    fileprivate func holds(_ key: [UInt8]) -> Bool {
        if self.rangeEnd.isEmpty { return key == self.key }
        guard !key.lexicographicallyPrecedes(self.key) else { return false }
        return self.rangeEnd == [0] || key.lexicographicallyPrecedes(self.rangeEnd)
    }
}
