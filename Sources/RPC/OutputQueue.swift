import NIOCore

/// The bytes that one stream still has to send, in order.
///
/// Small pieces (prefixes, heads, small messages) are copied into one private run of memory; large or shared
/// pieces are kept by reference and copied once, into the connection's output, when flow control lets them
/// go. An idle queue owns no more than a few hundred bytes, and none before its first use.
@safe struct OutputQueue: ~Copyable {
    /// A piece kept by reference, and how many private bytes go before it.
    private struct Segment {
        var precedingByteCount: Int
        var shared: ByteBuffer
    }

    /// Up to this size, copying is cheaper than counting a reference.
    static let copyThreshold = 512
    private static let keptCapacity = 1_024

    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private var head = 0
    private var tail = 0
    private var segments: [Segment] = []
    private var firstSegment = 0
    /// Private bytes behind the last segment.
    private var trailingByteCount = 0

    /// The number of bytes in the queue.
    private(set) var byteCount = 0

    init() { unsafe self.base = nil }
    deinit { unsafe self.base?.deallocate() }

    var isEmpty: Bool { self.byteCount == 0 }

    /// Appends the five bytes that go before a gRPC message of `messageByteCount` bytes.
    mutating func appendPrefix(messageByteCount: Int) {
        unsafe self.append(byteCount: 5) { bytes in
            unsafe bytes[0] = 0
            unsafe bytes.storeBytes(
                of: UInt32(truncatingIfNeeded: messageByteCount).bigEndian,
                toByteOffset: 1,
                as: UInt32.self
            )
        }
    }

    /// Appends `byteCount` bytes that `body` writes in place.
    mutating func append(byteCount: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        guard byteCount > 0 else { return }
        self.reserve(byteCount)
        let start = unsafe self.base?.advanced(by: self.tail)
        unsafe body(UnsafeMutableRawBufferPointer(start: start, count: byteCount))
        self.tail += byteCount
        self.trailingByteCount += byteCount
        self.byteCount += byteCount
    }

    /// Appends a whole gRPC message: its prefix and `byteCount` bytes that `body` writes in place.
    mutating func appendMessage(byteCount: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        // One reservation, so that a stream that answers once allocates once.
        self.reserve(byteCount + 5)
        self.appendPrefix(messageByteCount: byteCount)
        unsafe self.append(byteCount: byteCount, body)
    }

    /// Appends `buffer`, by copy when it is small and by reference otherwise.
    mutating func append(_ buffer: ByteBuffer) {
        guard buffer.readableBytes > Self.copyThreshold else { return self.append(copying: buffer) }
        self.segments.append(Segment(precedingByteCount: self.trailingByteCount, shared: buffer))
        self.trailingByteCount = 0
        self.byteCount += buffer.readableBytes
    }

    /// Appends a copy of `buffer`, which its owner may then reuse.
    mutating func append(copying buffer: ByteBuffer) {
        unsafe self.append(byteCount: buffer.readableBytes) { bytes in
            unsafe buffer.withUnsafeReadableBytes { source in unsafe bytes.copyMemory(from: source) }
        }
    }

    /// Moves the first `count` bytes to the end of `output`; there must be that many.
    mutating func take(_ count: Int, into output: inout ByteBuffer) {
        precondition(count <= self.byteCount, "more bytes are taken than were queued")
        var remaining = count
        self.byteCount -= count
        while remaining > 0 {
            guard self.firstSegment < self.segments.count else {
                self.trailingByteCount -= remaining
                self.takePrivate(remaining, into: &output)
                break
            }
            let before = min(remaining, self.segments[self.firstSegment].precedingByteCount)
            self.segments[self.firstSegment].precedingByteCount -= before
            self.takePrivate(before, into: &output)
            remaining -= before
            if remaining > 0 { remaining -= self.takeShared(remaining, into: &output) }
        }
        self.trim()
    }

    /// Drops everything and frees the memory.
    mutating func removeAll() {
        unsafe self.base?.deallocate()
        unsafe self.base = nil
        self.capacity = 0
        self.head = 0
        self.tail = 0
        self.segments = []
        self.firstSegment = 0
        self.trailingByteCount = 0
        self.byteCount = 0
    }

    private mutating func takePrivate(_ count: Int, into output: inout ByteBuffer) {
        guard count > 0 else { return }
        unsafe output.writeBytes(
            UnsafeRawBufferPointer(start: self.base?.advanced(by: self.head), count: count)
        )
        self.head += count
    }

    private mutating func takeShared(_ limit: Int, into output: inout ByteBuffer) -> Int {
        let index = self.firstSegment
        let count = min(limit, self.segments[index].shared.readableBytes)
        unsafe self.segments[index].shared.withUnsafeReadableBytes { source in
            _ = unsafe output.writeBytes(UnsafeRawBufferPointer(rebasing: source.prefix(count)))
        }
        if count == self.segments[index].shared.readableBytes {
            // The reference is dropped now: the segment may be the last one to a large buffer.
            self.segments[index].shared = ByteBuffer()
            self.firstSegment += 1
        } else {
            self.segments[index].shared.moveReaderIndex(forwardBy: count)
        }
        return count
    }

    private mutating func trim() {
        if self.firstSegment > 0 {
            if self.firstSegment == self.segments.count {
                self.segments.removeAll(keepingCapacity: self.segments.count <= 32)
                self.firstSegment = 0
            } else if self.firstSegment >= 64, self.firstSegment * 2 >= self.segments.count {
                self.segments.removeFirst(self.firstSegment)
                self.firstSegment = 0
            }
        }
        guard self.head == self.tail else { return }
        self.head = 0
        self.tail = 0
        if self.capacity > Self.keptCapacity {
            unsafe self.base?.deallocate()
            unsafe self.base = nil
            self.capacity = 0
        }
    }

    private mutating func reserve(_ count: Int) {
        if self.capacity - self.tail >= count { return }
        let live = self.tail - self.head
        if self.head >= live, live + count <= self.capacity, let base = unsafe self.base {
            unsafe base.copyMemory(from: base.advanced(by: self.head), byteCount: live)
        } else {
            // A first allocation is exact: most streams answer once.
            var newCapacity = live + count
            if self.capacity > 0 { newCapacity = max(newCapacity, self.capacity * 2) }
            let new = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 16)
            if let old = unsafe self.base {
                unsafe new.copyMemory(from: old.advanced(by: self.head), byteCount: live)
                unsafe old.deallocate()
            }
            unsafe self.base = new
            self.capacity = newCapacity
        }
        self.head = 0
        self.tail = live
    }
}
