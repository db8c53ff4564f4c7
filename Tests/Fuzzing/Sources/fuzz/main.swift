// The function that libFuzzer calls; it brings its own `main`, so this is compiled as a library.

import Foundation
import FuzzTargets

/// What is fuzzed.
private enum Choice {
    static let target: FuzzTarget = {
        let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
            fatalError("FUZZ_TARGET is one of: \(names)")
        }
        return target
    }()
}

/// Runs one input on the target that the environment names.
@_cdecl("LLVMFuzzerTestOneInput")
package func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Choice.target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
