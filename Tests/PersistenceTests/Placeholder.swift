import Testing

@Suite struct PersistencePlaceholderTests {}
