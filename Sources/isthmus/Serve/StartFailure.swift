/// Why a server could not start: a sentence for the operator, which `main` prints; the exit code is 1.
struct StartFailure: Error, CustomStringConvertible {
    let description: String

    /// Runs `body` and turns what it throws into a start failure.
    static func wrap<R>(_ body: () throws -> R) throws(StartFailure) -> R {
        do {
            return try body()
        } catch {
            throw StartFailure(description: "\(error)")
        }
    }

    /// Runs `body`, which listens on `address`, and turns what it throws into a start failure that names the
    /// address.
    static func wrap<R>(
        listeningOn address: ListenAddress,
        _ body: () async throws -> R
    ) async throws(StartFailure) -> R {
        do {
            return try await body()
        } catch {
            throw StartFailure(description: "cannot listen on \(address): \(error)")
        }
    }
}
