import MicroHTTP
package import NIOCore
import Persistence

/// A body may go to a file; whether all of it did, the file says when it is finished.
extension ScratchFile: BodySink {
    package func take(_ bytes: ByteBuffer) { self.append(Array(bytes.readableBytesView)) }
}
