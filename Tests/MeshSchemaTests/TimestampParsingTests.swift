import MeshSchema
import Testing

@Suite struct TimestampParsingTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0, 0), ("2026-11-23T16:49:11Z", 1_795_452_551, 0),
            ("2026-11-23t16:49:11z", 1_795_452_551, 0), ("2026-11-23T17:49:11+01:00", 1_795_452_551, 0),
            ("2026-11-23T11:19:11-05:30", 1_795_452_551, 0),
            ("1970-01-01T00:00:00.5Z", 0, 500_000_000), ("1970-01-01T00:00:00.1234567899Z", 0, 123_456_789),
            ("1969-12-31T23:59:59Z", -1, 0), ("0000-03-01T00:00:00Z", -62_162_035_200, 0),
            ("9999-12-31T23:59:59Z", 253_402_300_799, 0), ("2024-02-29T00:00:00Z", 1_709_164_800, 0),
        ] as [(String, Int64, Int32)]
    )
    func timesAreRead(text: String, seconds: Int64, nanoseconds: Int32) {
        #expect(
            Timestamp(rfc3339: text) == Timestamp(secondsSince1970: seconds, nanoseconds: nanoseconds)
        )
    }

    @Test func whatIsWrittenIsReadAgain() {
        var seconds: Int64 = -62_167_219_200
        while seconds < 253_402_300_800 {
            let time = Timestamp(secondsSince1970: seconds)
            #expect(Timestamp(rfc3339: time.rfc3339) == time)
            // A prime number of seconds, so that all hours, days and months come.
            seconds += 86_400 * 37 + 7_919
        }
    }

    @Test(arguments: [
        "", "2026-11-23", "2026-11-23T16:49:11", "2026-13-23T16:49:11Z", "2026-00-23T16:49:11Z",
        "2026-02-29T16:49:11Z", "2100-02-29T16:49:11Z", "2026-11-31T16:49:11Z", "2026-11-00T16:49:11Z",
        "2026-11-23T24:00:00Z", "2026-11-23T16:60:00Z", "2026-11-23T16:49:60Z", "2026-11-23 16:49:11Z",
        "2026-11-23T16:49:11.Z", "2026-11-23T16:49:11+1:00", "2026-11-23T16:49:11+24:00",
        "2026-11-23T16:49:11Zx", "26-11-23T16:49:11Z", "+2026-11-23T16:49:11Z",
    ])
    func whatIsNoTimeIsRefused(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }
}
