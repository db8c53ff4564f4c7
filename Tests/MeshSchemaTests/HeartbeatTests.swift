import MeshSchema
import NIOCore
import Testing

@Suite struct HeartbeatTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_795_452_551, "2026-11-23T16:49:11Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] as [(Int64, String)]
    )
    func theTimeIsRFC3339InSeconds(seconds: Int64, expected: String) {
        #expect(Timestamp(secondsSince1970: seconds).rfc3339 == expected)
    }

    @Test func theFractionIsCutOff() {
        let heartbeat = Heartbeat(at: Timestamp(secondsSince1970: 59, nanoseconds: 999_999_999))
        #expect(String(buffer: heartbeat.encoded()) == "1970-01-01T00:00:59Z")
    }

    @Test func everyDayFollowsTheOneBefore() {
        // Four centuries are one period of the calendar.
        var days = 0
        for year in 2000..<2400 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for (month, length) in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].enumerated()
            {
                for day in [1, length] {
                    let seconds = Int64(946_684_800 + (days + day - 1) * 86_400 + 3_661)
                    let text =
                        "\(year)-\(month < 9 ? "0" : "")\(month + 1)-\(day < 10 ? "0" : "")\(day)T01:01:01Z"
                    guard Timestamp(secondsSince1970: seconds).rfc3339 == text else {
                        Issue.record(
                            "\(seconds) is \(Timestamp(secondsSince1970: seconds).rfc3339), not \(text)"
                        )
                        return
                    }
                }
                days += length
            }
        }
    }

    @Test func aClocksDurationIsAMoment() {
        let moment = Timestamp(since1970: .seconds(5) + .nanoseconds(7))
        #expect(moment == Timestamp(secondsSince1970: 5, nanoseconds: 7))
        let before = Timestamp(since1970: .nanoseconds(-1))
        #expect(before == Timestamp(secondsSince1970: -1, nanoseconds: 999_999_999))
    }

    @Test func momentsAreOrdered() {
        let first = Timestamp(secondsSince1970: 1, nanoseconds: 5)
        #expect(first < Timestamp(secondsSince1970: 1, nanoseconds: 6))
        #expect(first < Timestamp(secondsSince1970: 2))
    }
}
