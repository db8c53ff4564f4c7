import Persistence
import RPC
import TestSupport

/// What goes wrong.
extension World {
    func fault() {
        switch self.random.below(100) {
        case 0..<18: self.faultOfTheNetwork()
        case 18..<36: self.stall()
        case 36..<52: self.process?.log.crashPoint = self.random.pick(SimulatedLog.CrashPoint.allCases)
        case 52..<62: self.random.chance(50) ? self.killServer() : self.cutPower()
        case 62..<70: self.stopServer()
        case 70..<88: self.faultOfTheDisk()
        default: self.rotateCertificate()
        }
    }

    private func faultOfTheNetwork() {
        guard !self.wires.isEmpty else { return }
        let wire = self.random.pick(self.wires)
        self.note { $0.brokenConnections += 1 }
        switch self.random.below(3) {
        case 0: wire.reset()
        case 1: wire.vanish()
        default: if !wire.isClosedForClient { wire.closeByClient() }
        }
    }

    /// A client reads nothing for a while, or reads again.
    private func stall() {
        guard !self.wires.isEmpty else { return }
        let wire = self.random.pick(self.wires)
        wire.isStalled.toggle()
        self.note { $0.stalls += 1 }
    }

    /// Refuses the next call of the log, or the one after a few.
    private func faultOfTheDisk() {
        guard let log = self.process?.log else { return }
        let error = self.random.chance(60) ? SimulatedLog.broken : SimulatedLog.full
        log.failures = Array(repeating: nil, count: self.random.below(4)) + [error]
        if self.random.chance(30) { log.failures += [error, error] }
        self.note { $0.diskFaults += 1 }
    }

    /// A client gets another certificate: the connections of its old one are cut, as when it is revoked.
    private func rotateCertificate() {
        guard let process = self.process else { return }
        let line = self.random.pick(self.clients).line
        let old = line.certificate
        line.renewCertificate()
        for wire in process.wires where wire.connection.peer.certificateChain == [old] {
            wire.connection.close(graceful: false)
        }
        self.note { $0.rotations += 1 }
    }
}
