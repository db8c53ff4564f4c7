import Documents
import Foundation
import Testing

@testable import AdminPlane

/// The cases that the page's scripts are tested with.
@Suite struct PageWordsTests {
    private func cases(_ name: String) throws -> [(given: DocumentValue, said: String)] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Page/fixtures/words.json")
        let document = try JSONReader.read([UInt8](Data(contentsOf: file)))
        let pairs = try #require(document[name]?.array)
        return try pairs.map { pair in
            let parts = try #require(pair.array)
            return (parts[0], try #require(parts[1].string))
        }
    }

    private func seconds(_ value: DocumentValue) -> Double {
        switch value {
        case .integer(let whole): Double(whole)
        case .number(let fraction): fraction
        default: .nan
        }
    }

    @Test func numbersReadAsInTheScripts() throws {
        for (given, said) in try self.cases("number") { #expect(PageWords.number(given) == said) }
        #expect(PageWords.counted(1, "client") == "1 client")
        #expect(PageWords.counted(4_970, "client") == "4,970 clients")
    }

    @Test func sizesReadAsInTheScripts() throws {
        for (given, said) in try self.cases("bytes") { #expect(PageWords.bytes(given.integer) == said) }
        #expect(PageWords.bytes(nil).isEmpty)
        #expect(PageWords.bytes(-1).isEmpty)
    }

    @Test func lengthsOfTimeReadAsInTheScripts() throws {
        for (given, said) in try self.cases("span") { #expect(PageWords.span(self.seconds(given)) == said) }
    }

    @Test func timesReadAsInTheScripts() throws {
        for (given, said) in try self.cases("exact") { #expect(PageWords.exact(given.string) == said) }
        for (given, said) in try self.cases("relative") {
            let pair = try #require(given.array)
            #expect(PageWords.relative(pair[0].string, self.seconds(pair[1])) == said)
        }
    }
}
