import Testing

@Suite struct PKIPlaceholderTests {}
