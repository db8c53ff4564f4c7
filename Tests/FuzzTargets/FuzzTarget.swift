// FuzzTargets: what the fuzzer runs, and what the tests replay.
//
// A target takes any bytes, gives them to one part of the server, and traps when the part breaks a promise.
// Begin here; `Tests/Fuzzing` is the program that makes up the bytes, `FuzzReplayTests` runs the files of
// `Tests/Fixtures/Fuzzing`.

/// A part of the server that is fed with bytes that nobody would send.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// The messages of a gRPC stream, however it is cut.
    case deframer
    /// The hot messages of the etcd API, against swift-protobuf.
    case protobuf
    /// A connection that speaks HTTP/2.
    case http2
    /// A connection without TLS, before it is known what it speaks, and HTTP/1.1.
    case frontDoor
    /// A JSON document.
    case json
    /// A stream of YAML documents.
    case yaml

    /// Runs one input; returns normally or traps.
    package func run(_ input: [UInt8]) {
        switch self {
        case .deframer: DeframerFuzz.run(input)
        case .protobuf: ProtobufFuzz.run(input)
        case .http2: ConnectionFuzz.run(input, isKnownToBeHTTP2: true)
        case .frontDoor: ConnectionFuzz.run(input, isKnownToBeHTTP2: false)
        case .json: DocumentFuzz.json(input)
        case .yaml: DocumentFuzz.yaml(input)
        }
    }
}

/// Traps when a promise is broken, in every build.
func require(_ holds: Bool, _ promise: StaticString, line: UInt = #line) {
    guard holds else { fatalError("broken promise: \(promise) (line \(line))") }
}
