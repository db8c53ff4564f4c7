extension RPCStream {
    /// Makes a unary call one that may wait for long.
    ///
    /// On the loop, from inside `callUnary`.
    ///
    /// `handler` hears when the call is over, by ``RPCStreamHandler/streamClosed()``, and receives nothing
    /// else that it has to act on. A connection that drains ends the call as it ends streaming ones.
    package func startWaiting(_ handler: any RPCStreamHandler) {
        self.handler = handler
    }
}
