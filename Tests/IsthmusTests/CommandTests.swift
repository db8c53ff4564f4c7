import ArgumentParser
import Testing

@testable import isthmus

@Suite struct CommandTests {
    @Test func everyFlagReachesItsSetting() throws {
        let settings = Setting.allCases
        let arguments = ["serve"] + settings.flatMap { [$0.flag, "value-of-" + $0.rawValue] }
        let command = try #require(try Isthmus.parseAsRoot(arguments) as? ServeCommand)
        #expect(
            command.options.flags
                == Dictionary(uniqueKeysWithValues: settings.map { ($0, "value-of-" + $0.rawValue) })
        )
        let check = try Isthmus.parseAsRoot(["config", "check", "--cluster-id=3"]) as? ConfigCommand.Check
        #expect(check?.options.flags == [.clusterID: "3"])
    }

    @Test func theHelpScreenNamesEveryFlagAndDefault() {
        let help = ServeCommand.helpMessage(columns: 200)
        for setting in Setting.allCases {
            #expect(help.contains("\(setting.flag) <\(setting.valueName)>"))
            if let standard = setting.defaultText { #expect(help.contains("(default: \(standard))")) }
        }
    }

    @Test func theVersionIsPrintedInThreeForms() throws {
        #expect(VersionCommand.text(.table) == "isthmus \(Version.current)")
        #expect(VersionCommand.text(.json) == "{\"name\":\"isthmus\",\"version\":\"\(Version.current)\"}")
        #expect(VersionCommand.text(.yaml) == "name: isthmus\nversion: \(Version.current)")
        #expect(try (Isthmus.parseAsRoot(["version", "-o", "json"]) as? VersionCommand)?.output == .json)
    }

    @Test func theReportSaysWhereEachValueCameFrom() async throws {
        let configuration = try await ConfigurationReading.read(
            ConfigurationInputs(flags: [.clusterName: "east"], environment: ["ISTHMUS_CLUSTER_ID": "7"])
        )
        let lines = ConfigurationReport.table(configuration).split(separator: "\n").map { line in
            line.split(separator: " ").joined(separator: " ")
        }
        #expect(lines.first == "SETTING VALUE FROM")
        #expect(lines.count == Setting.allCases.count)
        #expect(lines.contains("cluster-name east flag"))
        #expect(lines.contains("cluster-id 7 environment"))
        #expect(lines.contains("data-listen 0.0.0.0:2379 default"))
        #expect(lines.contains("data-cert - not set"))
    }

    @Test func aWrongCommandLineExitsWithTwo() async throws {
        let result = await #expect(processExitsWith: .exitCode(2), observing: [\.standardErrorContent]) {
            await Isthmus.main(["serve", "--no-such-flag"])
        }
        let text = String(decoding: try #require(result?.standardErrorContent), as: UTF8.self)
        #expect(text.contains("Unknown option '--no-such-flag'"))
    }

    @Test func aWrongConfigurationExitsWithSeventyEightAndListsAllProblems() async throws {
        let result = await #expect(processExitsWith: .exitCode(78), observing: [\.standardErrorContent]) {
            await Isthmus.main(["config", "check", "--cluster-id", "x", "--log-level", "y"])
        }
        let text = String(decoding: try #require(result?.standardErrorContent), as: UTF8.self)
        #expect(text.contains("isthmus: the configuration has 3 problems:\n"))
        #expect(text.contains("  --cluster-name: is required\n"))
        #expect(text.contains("  --cluster-id: \"x\" is not a whole number\n"))
        #expect(text.contains("  --log-level: \"y\" is not known"))
    }

    @Test func aRightConfigurationExitsWithZero() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            await Isthmus.main(["config", "check", "--cluster-id", "1", "--cluster-name", "east"])
        }
        let text = String(decoding: try #require(result?.standardOutputContent), as: UTF8.self)
        #expect(text.contains("SETTING"))
    }
}
