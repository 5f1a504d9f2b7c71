import ModuleKit
import RuntimeTesting
import Testing

@testable import StaticCache

@Suite struct ChanceTests {
    /// Anything may come from outside: nothing of it may trap.
    @Test(arguments: 1...50)
    func parsersTakeAnything(_ seed: UInt64) {
        var random = Random(seed: seed)
        let words = [
            "max-age", "=", "\"", "\\", ",", ";", "q", "0", "9999999999999999999999", "-", "bytes=", "W/",
            "*",
            "Sun, 06 Nov 1994 08:49:37 GMT", ":", " ", "GMT", "gzip", "é", "\t", "s-maxage=", "private", "1",
            "Nov",
        ]
        for _ in 0..<300 {
            let text = (0..<random.below(12)).map { _ in words[random.below(words.count)] }.joined()
            _ = CacheControl(text)
            _ = HTTPDate.seconds(text)
            _ = AcceptEncoding(text)
            _ = VaryFields([text])
            _ = TagIndex.names(text)
            let validators = Validators(tag: text, lastModified: text)
            let bytes = Array(text.utf8)
            bytes.withUnsafeBytes {
                _ = ByteRange(parsing: $0, count: random.below(20))
                _ = validators.isNamed(in: $0)
                _ = validators.allowsRange($0)
            }
            _ = AssetPath(bytes)
            let fields = ["Cache-Control", "Expires", "Date", "Age", "Vary", "ETag", "Last-Modified"]
                .map { (name: $0, value: text) }
            _ = StoragePolicy(heuristic: 0.5).terms(
                for: HTTPResponse(HTTPContent(fields: fields)), wall: random.next() >> 1, isPersonal: false)
            #expect(HTTPText.formPairs(bytes).count <= 1_000, "seed \(seed)")
        }
    }

    /// What the origin answers in the test below: by the target, with some chance.
    private static func answer(_ request: HTTPRequest, _ random: inout Random) -> HTTPResponse? {
        let visitor = request.fieldText("cookie") ?? "-"
        let kind = request.fieldText("x-kind") ?? "-"
        if random.chance(0.1) { return nil }
        if random.chance(0.1) { return page("error", nil, status: 503) }
        let life = "max-age=\(random.below(4))"
        switch request.targetText.utf8.last.map({ Int($0) % 6 }) {
        case 0: return page("private \(visitor)", "private, \(life)")
        case 1: return page("none \(visitor)", nil)
        case 2: return page("vary \(kind)", life, ("Vary", "X-Kind"), ("ETag", "\"\(kind)\""))
        case 3:
            if request.fieldText("if-none-match") != nil, random.chance(0.5) {
                return HTTPResponse(HTTPContent(status: 304, fields: [(name: "Cache-Control", value: life)]))
            }
            return page(
                "tagged", "\(life), stale-while-revalidate=3", ("ETag", "\"t\""), ("Surrogate-Key", "t u"))
        case 4: return page("cookie \(visitor)", life, ("Set-Cookie", "a=b"))
        default: return page(String(repeating: "x", count: random.below(9_000)), "\(life), stale-if-error=5")
        }
    }

    /// Requests, purges, failures and time by chance: every request is answered, nobody gets what is
    /// another's, and no bound is exceeded.
    @Test(arguments: 1...12)
    func nothingIsLostOrMixedUp(_ seed: UInt64) throws {
        var random = Random(seed: seed)
        let rig = try CacheRig(
            [
                ("capacity", .size(100_000)), ("largest", .size(8_000)), ("objects", .integer(20)),
                ("variants", .integer(3)), ("jitter", .percentage(0.3)), ("early", .number(2)),
                ("wait", .duration(CacheRig.second)), ("waiters", .integer(5)), ("refreshes", .integer(3)),
                ("pass", .duration(CacheRig.second)),
                ("beyond", .string(seed % 2 == 0 ? "ask" : "refuse")),
            ], seed: seed)
        var originRandom = Random(seed: seed &* 31)
        rig.origin.answer = { Self.answer($0, &originRandom) }
        var asked: [(visitor: String?, kind: String, target: String, answer: PendingAnswer<HTTPResponse>)] =
            []
        for _ in 0..<600 {
            switch random.below(20) {
            case 0: rig.pass(seconds: random.unit() * 2)
            case 1: rig.origin.delay = UInt64(random.below(3_000)) * 1_000_000
            case 2:
                let scopes: [(name: String, value: String)] = [
                    ("tag", "t"), ("prefix", "/"), ("url", "/3"), ("tag", "u"),
                ]
                _ = try rig.purge(scopes[random.below(4)], ("soft", random.chance(0.5) ? "true" : "false"))
            case 3:
                let factor = random.chance(0.5) ? 1.0 : 3.0
                rig.node.control(
                    "cache", .degrade(DegradeState(level: 0, featuresOff: [], staleFactor: factor)))
            default:
                let visitor = random.chance(0.5) ? "v\(random.below(4))" : nil
                let (kind, target) = ("k\(random.below(5))", "/\(random.below(40))")
                var fields: [(name: String, value: String)] = [("x-kind", kind)]
                if let visitor { fields.append(("cookie", visitor)) }
                if random.chance(0.1) { fields.append(("cache-control", "no-cache")) }
                if random.chance(0.1) { fields.append(("range", "bytes=0-3")) }
                if random.chance(0.1) { fields.append(("if-none-match", "\"t\"")) }
                let deadline =
                    random.chance(0.1) ? rig.node.world.time + UInt64(random.below(1_000)) * 1_000_000 + 1 : 0
                asked.append(
                    (visitor, kind, target, rig.send(target, fields, Delivery(deadline: deadline))))
            }
            #expect(rig.metric("souk_cache_bytes") <= 100_000, "seed \(seed)")
            #expect(rig.metric("souk_cache_objects") <= 60, "seed \(seed)")
        }
        rig.pass(seconds: 10)
        #expect(rig.metric("souk_cache_waiting") == 0, "seed \(seed)")
        for request in asked {
            let result = try #require(request.answer.result, "seed \(seed): no answer for \(request.target)")
            guard case .success(let response) = result, response.content.status == 200 else { continue }
            let words = response.text.split(separator: " ")
            guard words.count == 2 else { continue }
            let expected = words[0] == "vary" ? request.kind : request.visitor ?? "-"
            #expect(words[1] == expected, "seed \(seed): \(request.target) got \(response.text)")
        }
    }
}
