import Testing

@testable import isthmus

@Suite struct EtcdCommandLineTests {
    @Test(
        "flags are read as Go reads them",
        arguments: [
            (["--name", "a"], ["name": "a"]),
            (["-name=a"], ["name": "a"]),
            (["--name=a=b"], ["name": "a=b"]),
            (["--name="], ["name": ""]),
            (["--name", "--version"], ["name": "--version"]),
            (["--name=a", "--name=b"], ["name": "b"]),
            (["--client-cert-auth"], ["client-cert-auth": "true"]),
            (["--client-cert-auth=F", "-auto-tls=1"], ["client-cert-auth": "F", "auto-tls": "1"]),
            (["--max-txn-ops=0x10"], ["max-txn-ops": "0x10"]),
            (["--quota-backend-bytes", "-1"], ["quota-backend-bytes": "-1"]),
            (["--grpc-keepalive-interval=1h0.5s"], ["grpc-keepalive-interval": "1h0.5s"]),
            ([], [:]),
        ] as [([String], [String: String])]
    )
    func values(arguments: [String], expected: [String: String]) throws {
        #expect(try EtcdCommandLine(arguments).values == expected)
    }

    @Test(
        "what Go refuses is refused in its words",
        arguments: [
            (["--nosuch"], "flag provided but not defined: -nosuch"),
            (["--nosuch=1"], "flag provided but not defined: -nosuch"),
            (["---name"], "bad flag syntax: ---name"),
            (["--=a"], "bad flag syntax: --=a"),
            (["--name"], "flag needs an argument: -name"),
            (["--max-txn-ops=x"], #"invalid value "x" for flag -max-txn-ops: parse error"#),
            (["--max-txn-ops=-1"], #"invalid value "-1" for flag -max-txn-ops: parse error"#),
            (["--auto-tls=yes"], #"invalid boolean value "yes" for -auto-tls: parse error"#),
            (
                ["--grpc-keepalive-interval=5"],
                #"invalid value "5" for flag -grpc-keepalive-interval: parse error"#
            ),
        ] as [([String], String)]
    )
    func refusals(arguments: [String], reason: String) {
        #expect(throws: EtcdCommandLine.Failure(description: reason)) { try EtcdCommandLine(arguments) }
    }

    @Test func whatFollowsTheFlagsIsKept() throws {
        #expect(try EtcdCommandLine(["--name", "a", "gateway", "--x"]).words == ["gateway", "--x"])
        #expect(try EtcdCommandLine(["--", "--name"]).words == ["--name"])
        #expect(try EtcdCommandLine(["-h"]).asksForHelp)
        #expect(try EtcdCommandLine(["--name", "a", "--help", "--nosuch"]).asksForHelp)
    }

    @Test func theNameOfTheProgramDecidesWhatItIs() {
        #expect(EtcdProgram.arguments(of: ["/usr/local/bin/etcd", "--name=a"]) == ["--name=a"])
        #expect(EtcdProgram.arguments(of: ["isthmus", "etcd", "-x"]) == ["-x"])
        #expect(EtcdProgram.arguments(of: ["isthmus", "serve"]) == nil)
        #expect(EtcdProgram.arguments(of: ["isthmus"]) == nil)
    }

    @Test func everyFlagIsThereOnceAndItsStandardFits() {
        let names = EtcdFlagTable.flags.map(\.name)
        #expect(Set(names).count == names.count)
        for flag in EtcdFlagTable.flags where !flag.standard.isEmpty {
            #expect(flag.problem(with: flag.standard) == nil, "\(flag.name)")
        }
        #expect(EtcdFlagTable.flag("data-dir")?.environmentName == "ETCD_DATA_DIR")
    }

    @Test(
        arguments: [
            ("0", .zero), ("2h", .seconds(7_200)), ("1h30m", .seconds(5_400)), ("1.5s", .milliseconds(1_500)),
            ("100ms", .milliseconds(100)), ("-1s", .seconds(-1)), ("7us", .microseconds(7)), ("", nil),
            ("5", nil),
            ("s", nil), ("1x", nil), ("1.2.3s", nil),
        ] as [(String, Duration?)]
    )
    func durationsAreReadAsGoReadsThem(text: String, expected: Duration?) {
        #expect(Duration(goText: text) == expected)
    }
}
