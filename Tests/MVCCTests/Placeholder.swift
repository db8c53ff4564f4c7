import Testing

@Suite struct MVCCPlaceholderTests {}
