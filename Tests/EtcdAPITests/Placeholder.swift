import Testing

@Suite struct EtcdAPIPlaceholderTests {}
