import ChangeBus
import Foundation
import Logging
import PKI
import ServiceLifecycle

/// Reads the file of revoked certificates again when it changes.
///
/// Connections that are open go on, as in etcd.
struct RevocationKeeper: Service {
    /// How long between two looks.
    private static let interval = Duration.seconds(2)

    let path: String
    let lists: Published<RevocationList?>
    let logger: Logger

    /// Reads the file.
    static func read(_ path: String) throws -> RevocationList {
        try RevocationList([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isFailing = false
            // Cancellation ends the sleep and the loop.
            while (try? await Task.sleep(for: Self.interval)) != nil {
                do {
                    self.lists.publish(try Self.read(self.path))
                    isFailing = false
                } catch {
                    // What was read last stays in force.
                    if !isFailing {
                        self.logger.error(
                            "the list of revoked certificates cannot be read",
                            metadata: ["file": "\(self.path)", "error": "\(error)"]
                        )
                    }
                    isFailing = true
                }
            }
        }
    }
}
