import Glibc
import ModuleKit
import Testing

@testable import Topology

/// The public YAML test suite: does our reader see what a YAML parser must see?
struct SuiteTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let id: String
        let name: String
        let isValid: Bool
        let yaml: String
        let events: [String]
        var testDescription: String { "\(id): \(name)" }
    }

    /// Texts that libyaml 0.2.5 refuses though they are valid: empty keys, keys of several lines, a colon
    /// on the line after its key or right before its value in flow style, colons and letters beyond ASCII
    /// in anchors, tabs where a token begins, unknown directives and versions, `...` followed by a bare
    /// document, block texts without indentation.
    static let wronglyRefused: Set<String> = [
        "2JQS", "2LFX", "2SXE", "4ABK", "4MUZ/00", "4MUZ/01", "4MUZ/02", "58MP", "5MUD", "5T43",
        "6BCT", "6CA3", "6LVF", "6M2F", "7Z25", "8XYN", "96NN/00", "96NN/01", "9SA2", "A2M4",
        "BEC7", "CFD4", "DBG4", "DK3J", "DK95/00", "DK95/03", "DK95/04", "FP8R", "FRK4", "HM87/00",
        "HWV9", "K3WX", "M2N8/00", "M7A3", "MUS6/05", "MUS6/06", "NHX8", "NJ66", "NKF9", "Q5MG",
        "QT73", "R4YG", "S3PD", "SM9W/01", "UKK6/00", "UT92", "VJP3/01", "W4TN", "W5VH", "Y79Y/001",
        "Y79Y/010",
    ]
    /// Texts that libyaml 0.2.5 takes though they are not valid: comments without a space before them,
    /// flow lists and quoted texts indented too little, lone dashes in flow lists, directives without the
    /// end of the document before them or with wrong words, tabs in indentation.
    static let wronglyTaken: Set<String> = [
        "9C9N", "9HCY", "9JBA", "CVW2", "DK95/01", "EB22", "G5U8", "MUS6/00", "MUS6/01", "QB6E",
        "RHX7", "S98Z", "SU5Z", "X4QW", "Y79Y/003", "YJV2",
    ]
    /// Texts in which libyaml 0.2.5 sees something else.
    static let differing: Set<String> = [
        "652Z", "HM87/01", "JEF9/02", "L24T/01", "Y2GN",
    ]

    static let cases: [Case] = {
        let path = String(describing: #filePath).split(separator: "/").dropLast().joined(separator: "/")
        guard let bytes = file("/\(path)/Fixtures/yaml-test-suite/cases.json"),
            let items = (try? JSON(parsing: bytes))?.arrayValue
        else { return [] }
        return items.compactMap { item in
            guard let id = item["id"]?.stringValue, let name = item["name"]?.stringValue,
                let isValid = item["isValid"]?.booleanValue, let yaml = item["yaml"]?.stringValue,
                let events = item["events"]?.stringValue
            else { return nil }
            let lines = events.split(separator: "\n").map { String($0) }
            return Case(id: id, name: name, isValid: isValid, yaml: yaml, events: lines)
        }
    }()
    private static func file(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&block, 1, block.count, file)
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: block.prefix(count))
        }
    }

    @Test func wholeSuiteIsThere() {
        #expect(Self.cases.count == 402)
        #expect(Self.cases.count { !$0.isValid } == 94)
        let listed = Self.wronglyRefused.union(Self.wronglyTaken).union(Self.differing)
        #expect(listed.isSubset(of: Self.cases.map(\.id)))
    }

    @Test(arguments: cases)
    func seesWhatMustBeSeen(_ example: Case) {
        var seen: [String] = []
        guard var reader = YAMLEventReader(Array(example.yaml.utf8)) else {
            Issue.record("no memory")
            return
        }
        var isTaken = true
        do {
            while let event = try reader.next() { seen.append(Self.notation(event.event)) }
        } catch {
            isTaken = false
        }
        let isFailureKnown =
            Self.wronglyRefused.contains(example.id) || Self.wronglyTaken.contains(example.id)
        #expect((isTaken == example.isValid) == !isFailureKnown, "taken: \(isTaken)")
        guard isTaken && example.isValid else { return }
        #expect((seen == example.events) == !Self.differing.contains(example.id), "\(seen)")
    }

    /// An event in the notation of the suite.
    private static func notation(_ event: YAMLEvent) -> String {
        switch event {
        case .streamStart: "+STR"
        case .streamEnd: "-STR"
        case .documentStart(let isExplicit): isExplicit ? "+DOC ---" : "+DOC"
        case .documentEnd(let isExplicit): isExplicit ? "-DOC ..." : "-DOC"
        case .alias(let name): "=ALI *\(name)"
        case .sequenceStart(let properties, let isFlow): "+SEQ\(isFlow ? " []" : "")\(notation(properties))"
        case .sequenceEnd: "-SEQ"
        case .mappingStart(let properties, let isFlow): "+MAP\(isFlow ? " {}" : "")\(notation(properties))"
        case .mappingEnd: "-MAP"
        case .scalar(let text, let style, let properties):
            "=VAL\(notation(properties)) \(notation(style))\(escaped(text))"
        }
    }
    private static func notation(_ properties: YAMLProperties) -> String {
        (properties.anchor.map { " &\($0)" } ?? "") + (properties.tag.map { " <\($0)>" } ?? "")
    }
    private static func notation(_ style: YAMLScalarStyle) -> String {
        switch style {
        case .plain: ":"
        case .singleQuoted: "'"
        case .doubleQuoted: "\""
        case .literal: "|"
        case .folded: ">"
        }
    }
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case "\u{8}": result += "\\b"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
