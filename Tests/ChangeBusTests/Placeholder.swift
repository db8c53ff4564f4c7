import Testing

@Suite struct ChangeBusPlaceholderTests {}
