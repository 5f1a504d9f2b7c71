import ModuleKit
import Testing

@testable import Storefront

@Suite struct CSVTests {
    private func records(_ text: String, fieldLimit: Int = 1_000, columnLimit: Int = 16) -> [CSVRecord] {
        var reader = CSVReader(Array(text.utf8), fieldLimit: fieldLimit, columnLimit: columnLimit)
        var result: [CSVRecord] = []
        while let record = reader.next() { result.append(record) }
        return result
    }
    private func texts(_ text: String) -> [[String]] { records(text).map { $0.fields.map(\.text) } }

    @Test(arguments: [
        ("a,b\nc,d", [["a", "b"], ["c", "d"]]), ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
        ("a,b\rc,d\r", [["a", "b"], ["c", "d"]]), ("\u{FEFF}a,b", [["a", "b"]]),
        ("\"a\nb\",c", [["a\nb", "c"]]), ("\"a\r\nb\"", [["a\nb"]]), ("\"a\"\"b\"", [["a\"b"]]),
        ("\"\",\"\"", [["", ""]]), ("a,", [["a", ""]]), (",", [["", ""]]), ("", []), ("\n\n\na\n\n", [["a"]]),
        ("\"a,b\",c", [["a,b", "c"]]), ("ä,€\n", [["ä", "€"]]),
    ])
    func reads(text: String, expected: [[String]]) {
        #expect(texts(text) == expected)
        #expect(records(text).allSatisfy { $0.problem == nil })
    }

    @Test(arguments: [
        ("a,b\"c\nd,e", 1, 4), ("a,b\n\"x\"y,z", 2, 4), ("ä,ö,\"q\"w", 1, 8), ("a\n\"one\ntwo\"x", 3, 5),
    ])
    func namesThePlace(text: String, line: Int, column: Int) {
        let problem = records(text).compactMap(\.problem).first
        #expect(problem?.line == line)
        #expect(problem?.column == column)
    }

    @Test func goesOnAfterABadRow() {
        let all = records("a,b\nc\"d,e\nf,g")
        #expect(all.map { $0.problem == nil } == [true, false, true])
        #expect(all[2].fields.map(\.text) == ["f", "g"])
    }

    @Test func aFileThatIsCutOff() {
        var reader = CSVReader(Array("a,\"b\nc".utf8))
        _ = reader.next()
        #expect(reader.truncation?.line == 1)
        #expect(reader.truncation?.column == 3)
    }

    @Test func bounds() {
        #expect(records("12345,\"12345\"", fieldLimit: 5).first?.problem == nil)
        #expect(records("123456", fieldLimit: 5).first?.problem?.reason.contains("5 bytes") == true)
        #expect(records("1,2,3", columnLimit: 3).first?.problem == nil)
        #expect(records("1,2,3,4", columnLimit: 3).first?.problem?.column == 7)
    }

    /// Whatever is written is read again, with any line ending and any quoting.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func roundTrip(seed: UInt64) {
        var random = Random(seed: seed)
        let alphabet = ["a", "ö", ",", "\"", "\n", " ", "1", "€", ";", "\t"]
        for _ in 0..<300 {
            let ending = ["\n", "\r\n", "\r"][random.below(3)]
            let rows = (0..<(1 + random.below(5))).map { _ in
                (0..<3).map { _ in (0..<random.below(6)).map { _ in alphabet[random.below(10)] }.joined() }
            }
            let text = rows.map { row in
                row.map { field in
                    let needsQuotes = field.contains { ",\"\n\r".contains($0) } || random.chance(0.3)
                    let escaped = field.split(separator: "\"", omittingEmptySubsequences: false)
                        .joined(separator: "\"\"")
                    return needsQuotes ? "\"\(escaped)\"" : field
                }.joined(separator: ",")
            }.joined(separator: ending)
            // A row of three empty fields is no empty line, so nothing is lost.
            #expect(texts(text) == rows, "seed \(seed)")
        }
    }

    /// No input makes the reader trap or go on for ever.
    @Test(arguments: [4, 5, 6] as [UInt64])
    func noise(seed: UInt64) {
        var random = Random(seed: seed)
        for _ in 0..<500 {
            let bytes = (0..<random.below(200)).map { _ -> UInt8 in
                [44, 34, 10, 13, 97, 0xC3, 0xBC, 0xFF, 0, 0xEF, 0xBB, 0xBF][random.below(12)]
            }
            var reader = CSVReader(bytes)
            var count = 0
            while let record = reader.next() {
                count += 1
                #expect(!record.fields.isEmpty)
            }
            #expect(count <= bytes.count, "seed \(seed)")
            _ = try? CatalogueReader.read(bytes)
        }
    }
}

@Suite struct MoneyTests {
    @Test(arguments: [
        ("0", 0), ("50", 5_000), ("50.5", 5_050), ("50.05", 5_005), ("12.00", 1_200), ("12.500", 1_250),
        ("99999999.99", 9_999_999_999),
    ])
    func reads(text: String, cents: Int) { #expect(Money.cents(text) == cents) }

    @Test(arguments: [
        "", ".", "5.", ".5", "-1", "1,5", "1.234", "1.2.3", "abc", "1e3", " 1", "100000001",
        "9999999999999999999999",
    ])
    func refuses(text: String) { #expect(Money.cents(text) == nil) }

    @Test func writesWhatItReads() {
        var random = Random(seed: 3)
        for _ in 0..<1_000 {
            let cents = random.below(10_000_000_000)
            #expect(Money.cents(Money.plain(cents)) == cents)
        }
        #expect(Money.plain(-5) == "-0.05")
        #expect(Money.display(1_200, "EUR") == "€12.00")
        #expect(Money.display(1_200, "CHF") == "12.00 CHF")
    }
}
