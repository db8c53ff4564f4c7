import Testing

@Suite struct RPCPlaceholderTests {}
