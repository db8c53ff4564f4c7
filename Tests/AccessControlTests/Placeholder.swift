import Testing

@Suite struct AccessControlPlaceholderTests {}
