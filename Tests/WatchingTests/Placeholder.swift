import Testing

@Suite struct WatchingPlaceholderTests {}
