import Testing

@Suite struct DataPlanePlaceholderTests {}
