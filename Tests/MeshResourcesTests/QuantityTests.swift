import MeshResources
import Testing

@Suite struct ByteCountTests {
    @Test(
        arguments: [
            ("0", 0, "0"), ("1048576", 1_048_576, "1Mi"), ("4Gi", 4 << 30, "4Gi"), ("4GiB", 4 << 30, "4Gi"),
            ("512Mi", 512 << 20, "512Mi"), ("3Ti", 3 << 40, "3Ti"), ("1k", 1_000, "1000"),
            ("2G", 2_000_000_000, "1953125Ki"),
            ("1025", 1_025, "1025"), ("10B", 10, "10"),
        ] as [(String, Int, String)]
    )
    func countsAreRead(text: String, bytes: Int, description: String) throws {
        let count = try ByteCount(text)
        #expect(count.bytes == bytes)
        #expect(count.description == description)
    }

    @Test(arguments: [
        "", "Gi", "B", "-1", "1.5Gi", "4gb", "1 Gi", "9223372036854775807Ki", "0x10", "\u{0663}Gi",
    ])
    func whatIsNoCountIsRefused(text: String) {
        #expect(throws: ResourceError.self) { try ByteCount(text) }
    }
}

@Suite struct DurationTextTests {
    @Test(
        arguments: [
            ("30s", .seconds(30)), ("5m", .seconds(300)), ("1h30m", .seconds(5_400)),
            ("500ms", .milliseconds(500)),
            ("0s", .zero), ("1m1s1ms", .milliseconds(61_001)), ("999999999h", .seconds(3_599_999_996_400)),
        ] as [(String, Duration)]
    )
    func durationsAreRead(text: String, duration: Duration) throws {
        #expect(try Duration(text: text) == duration)
    }

    @Test(arguments: ["", "30", "s", "30 s", "-1s", "1.5h", "1d", "1s1", "1sm", "1234567890s", "\u{0663}s"])
    func whatIsNoDurationIsRefused(text: String) {
        #expect(throws: ResourceError.self) { try Duration(text: text) }
    }
}
