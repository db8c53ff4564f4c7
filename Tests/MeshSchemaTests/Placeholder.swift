import Testing

@Suite struct MeshSchemaPlaceholderTests {}
