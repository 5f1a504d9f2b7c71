import ModuleKit
import Runtime
import RuntimeTesting
import Testing

@testable import Control

/// One line of Prometheus' text format.
struct Sample {
    let name: String
    let labels: [(name: String, value: String)]
    let value: Double

    /// Nil if the line is not as the format says.
    init?(_ line: Substring) {
        var rest = line
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" }
        guard let first = name.first, !first.isNumber else { return nil }
        rest = rest.dropFirst(name.count)
        var labels: [(String, String)] = []
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let label = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                rest = rest.dropFirst(label.count)
                guard !label.isEmpty, rest.hasPrefix("=\"") else { return nil }
                rest = rest.dropFirst(2)
                var value = ""
                while let next = rest.first, next != "\"" {
                    rest = rest.dropFirst()
                    guard next == "\\" else {
                        value.append(next)
                        continue
                    }
                    guard let escaped = rest.first, "\\\"n".contains(escaped) else { return nil }
                    value.append(escaped == "n" ? "\n" : escaped)
                    rest = rest.dropFirst()
                }
                guard rest.first == "\"" else { return nil }
                rest = rest.dropFirst()
                labels.append((String(label), value))
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        let known = ["NaN": Double.nan, "+Inf": .infinity, "-Inf": -.infinity]
        let text = String(rest.dropFirst())
        guard rest.first == " ",
            let value = known[text] ?? (text.contains { $0.isLetter && $0 != "e" } ? nil : Double(text))
        else { return nil }
        self.name = String(name)
        self.labels = labels
        self.value = value
    }

    /// What tells it from other samples.
    var key: String { "\(name){\(labels.map { "\($0.name)=\($0.value)" }.joined(separator: ","))}" }
}

@Suite struct MetricsTests {
    func samples(_ rig: ControlRig) throws -> (types: [String: String], samples: [Sample]) {
        let response = try rig.ask(.get, "/metrics")
        #expect(response.content.status == 200)
        #expect(response.content.field("content-type") == "text/plain; version=0.0.4; charset=utf-8")
        let text = response.content.body.text
        #expect(text.hasSuffix("\n"))
        var types: [String: String] = [:]
        var samples: [Sample] = []
        for line in text.utf8.split(separator: UInt8(ascii: "\n")).map({ Substring($0) }) {
            if line.hasPrefix("# TYPE ") {
                let words = line.split(separator: " ")
                #expect(words.count == 4)
                #expect(types.updateValue(String(words[3]), forKey: String(words[2])) == nil, "\(line)")
            } else if !line.hasPrefix("# HELP ") {
                samples.append(try #require(Sample(line), "\(line)"))
            }
        }
        return (types, samples)
    }

    @Test func everySeriesHasItsTypeAndIsThereOnce() throws {
        let rig = try ControlRig(["one", "two"])
        try rig.node.start()
        _ = try rig.node.ask("one", HTTPContract.self, HTTPRequest(.get, "/"))
        let (types, samples) = try samples(rig)
        #expect(Set(samples.map(\.key)).count == samples.count)
        for sample in samples {
            var base = sample.name
            for suffix in ["_bucket", "_sum", "_count"] where types[base] == nil && base.hasSuffix(suffix) {
                base = String(base.dropLast(suffix.count))
                #expect(types[base] == "histogram")
            }
            let type = try #require(types[base], "\(sample.name)")
            #expect(["counter", "gauge", "histogram"].contains(type))
            if type == "counter" { #expect(base.hasSuffix("_total"), "\(base)") }
        }
        let odd = try #require(samples.first { $0.name == "test_total" })
        #expect(odd.labels.last?.value.unicodeScalars.elementsEqual("a\"b\\c\nd\r\ne".unicodeScalars) == true)
        #expect(odd.value == 3)
        #expect(samples.first { $0.name == "test_gauge" }?.value.isNaN == true)
        #expect(samples.filter { $0.name == "souk_ready" }.map(\.value) == [1])
    }

    @Test func histogramsAreCumulativeAndAgreeWithTheirCount() throws {
        let rig = try ControlRig()
        try rig.node.start()
        for _ in 0..<200 { _ = try rig.node.ask("one", HTTPContract.self, HTTPRequest(.get, "/")) }
        let (types, samples) = try samples(rig)
        let names = types.filter { $0.value == "histogram" }.map(\.key).sorted()
        #expect(names == ["souk_mailbox_waiting_seconds", "test_seconds"])
        for name in names {
            let buckets = samples.filter { $0.name == "\(name)_bucket" }
            let bounds = buckets.map {
                $0.labels.last.flatMap { $0.value == "+Inf" ? .infinity : Double($0.value) } ?? -1
            }
            #expect(bounds == bounds.sorted() && Set(bounds).count == bounds.count)
            #expect(bounds.last == .infinity)
            #expect(buckets.map(\.value) == buckets.map(\.value).sorted())
            #expect(samples.first { $0.name == "\(name)_count" }?.value == buckets.last?.value)
            #expect((buckets.last?.value ?? 0) > 0)
        }
        #expect(samples.first { $0.name == "test_seconds_count" }?.value == 40)
    }

    @Test func runtimesOwnNumbers() throws {
        let rig = try ControlRig()
        try rig.node.start()
        for _ in 0..<5 { _ = try rig.node.ask("one", HTTPContract.self, HTTPRequest(.get, "/")) }
        let all = try samples(rig).samples
        func value(_ key: String) -> Double? { all.first { $0.key == key }?.value }
        #expect(value("souk_mailbox_processed_total{actor=one,contract=http}") == 5)
        #expect(value("souk_mailbox_depth{actor=one,contract=http}") == 0)
        #expect(value("souk_actor_state{actor=one,state=ready}") == 1)
        #expect(value("souk_actor_state{actor=one,state=failed}") == 0)
        #expect(value("souk_ready{node=test}") == 1)
    }
}
