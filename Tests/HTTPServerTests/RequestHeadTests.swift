import Glibc
import ModuleKit
import Testing

@testable import HTTPServer

/// What a head was read as; comparable.
struct ReadHead: Equatable, CustomStringConvertible {
    var outcome: HeadOutcome
    var count = 0
    var method = HTTPMethod.other
    var isOld = false
    var keepsAlive = true
    var hasChunks = false
    var expectsContinue = false
    var contentLength = -1
    var target = ""
    var host = ""
    var fields: [String] = []

    var description: String { "\(outcome) \(method) \(target) \(host) \(fields)" }
}

/// Bytes at the end of a page behind which nothing can be read: reading too far ends the test.
final class GuardedBytes {
    private static let page = 65_536
    private let memory: UnsafeMutableRawPointer
    /// Behind the bytes: one for the zero, 15 that may be read.
    private static let slack = 16

    init() {
        memory = mmap(nil, 2 * Self.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        mprotect(memory + Self.page, Self.page, PROT_NONE)
    }
    deinit { munmap(memory, 2 * Self.page) }

    /// Where so many bytes begin, so that they and the slack end at the guard.
    func start(_ count: Int) -> UnsafeMutableRawPointer { memory + (Self.page - Self.slack - count) }
}

/// Reads a head that comes in pieces which end at the given places.
func readHead(
    _ bytes: [UInt8], cuts: [Int], limits: HTTPServerLimits = HTTPServerLimits(), in guarded: GuardedBytes
) -> ReadHead {
    let base = guarded.start(bytes.count)
    let fields = UnsafeMutablePointer<HTTPFieldSpan>.allocate(capacity: limits.fields)
    defer { fields.deallocate() }
    var head = RequestHead()
    var outcome = HeadOutcome.incomplete
    var filled = 0
    for cut in cuts + [bytes.count] {
        bytes[filled..<cut].withUnsafeBytes { raw in
            if let from = raw.baseAddress { (base + filled).copyMemory(from: from, byteCount: raw.count) }
        }
        filled = cut
        // What lies behind the bytes is left over from others.
        memset(base + filled, 0x41, bytes.count - filled + 16)
        base.storeBytes(of: 0, toByteOffset: filled, as: UInt8.self)
        outcome = head.read(base, filled, fields: fields, HeadLimits(limits))
        if outcome != .incomplete { break }
    }
    guard outcome == .complete else { return ReadHead(outcome: outcome) }
    func text(_ span: HTTPSpan) -> String {
        String(
            decoding: UnsafeRawBufferPointer(start: base + Int(span.start), count: Int(span.count)),
            as: UTF8.self)
    }
    return ReadHead(
        outcome: outcome, count: head.count, method: head.method, isOld: head.isOld,
        keepsAlive: head.keepsAlive, hasChunks: head.hasChunks, expectsContinue: head.expectsContinue,
        contentLength: head.contentLength, target: text(head.target), host: text(head.host),
        fields: (0..<head.fieldCount).map { "\(text(fields[$0].name))=\(text(fields[$0].value))" })
}

struct HeadCase: Sendable, CustomTestStringConvertible {
    let text: String
    let status: Int
    init(_ status: Int, _ text: String) {
        (self.status, self.text) = (status, text)
    }
    var testDescription: String { "\(status) \(text.prefix(60).debugDescription)" }
}

@Suite struct RequestHeadTests {
    private let guarded = GuardedBytes()

    private func read(_ text: String, limits: HTTPServerLimits = HTTPServerLimits()) -> ReadHead {
        readHead(Array(text.utf8), cuts: [], limits: limits, in: guarded)
    }

    @Test func readsMethodTargetAndFields() {
        let head = read(
            "POST /a/b?c=d HTTP/1.1\r\nHost: shop.example:8080\r\ncontent-LENGTH:  12 \r\n"
                + "Accept:\ttext/html\t\r\nX-Empty:\r\nExpect: 100-Continue\r\n\r\nbody")
        #expect(head.outcome == .complete)
        #expect(head.method == .post && head.target == "/a/b?c=d" && head.host == "shop.example:8080")
        #expect(head.contentLength == 12 && head.expectsContinue && head.keepsAlive && !head.isOld)
        #expect(
            head.fields == [
                "Host=shop.example:8080", "content-LENGTH=12", "Accept=text/html", "X-Empty=",
                "Expect=100-Continue",
            ])
    }

    @Test(arguments: HTTPMethod.allCases.filter { $0 != .other })
    func knowsMethods(_ method: HTTPMethod) {
        #expect(read("\(method.name) / HTTP/1.1\r\nHost: x\r\n\r\n").method == method)
        #expect(read("\(method.name)X / HTTP/1.1\r\nHost: x\r\n\r\n").method == .other)
        #expect(read("\(method.name.lowercased()) / HTTP/1.1\r\nHost: x\r\n\r\n").method == .other)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true, false),
        ("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false, false),
        ("GET / HTTP/1.1\r\nHost: x\r\nConnection: foo , CLOSE\r\n\r\n", false, false),
        ("GET / HTTP/1.1\r\nHost: x\r\nConnection: closed\r\n\r\n", true, false),
        ("GET / HTTP/1.0\r\n\r\n", false, true),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true, true),
        ("GET / HTTP/1.2\r\nHost: x\r\n\r\n", true, false),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", true, false),
    ])
    func knowsWhetherTheConnectionGoesOn(_ text: String, _ keepsAlive: Bool, _ isOld: Bool) {
        let head = read(text)
        #expect(head.outcome == .complete)
        #expect(head.keepsAlive == keepsAlive && head.isOld == isOld)
        #expect(head.count == text.utf8.count)
    }

    @Test(arguments: [
        ("http://a.example/b?c", "a.example", "/b?c"), ("HTTPS://a.example:1/", "a.example:1", "/"),
        ("http://a.example", "a.example", "/"), ("/b", "x", "/b"),
    ])
    func takesAbsoluteTargets(_ target: String, _ host: String, _ path: String) {
        let head = read("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(head.outcome == .complete && head.host == host && head.target == path)
    }

    static let bad: [HeadCase] = [
        // Two readings of where the request ends.
        HeadCase(
            400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
        HeadCase(
            400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1 1\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"),
        HeadCase(
            400,
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: ,chunked\r\n\r\n"),
        HeadCase(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        HeadCase(501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"),
        HeadCase(501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n"),
        // Lines.
        HeadCase(400, "GET / HTTP/1.1\nHost: x\n\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost: x\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost: x\r\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\rHost: x\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost : x\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost\t: x\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\n Host: x\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost: x\r\nA\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost: x\r\nA(b): c\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost: x\r\nA\0: c\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost: x\r\nA: b\u{7F}c\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost: x\r\nÄ: c\r\n\r\n"),
        // Hosts.
        HeadCase(400, "GET / HTTP/1.1\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost: x y\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        HeadCase(400, "GET http://a@b/ HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n"),
        // Request lines.
        HeadCase(400, "GET /\r\n\r\n"),
        HeadCase(400, " GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET /  HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.1 \r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET /\u{7F} HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET /ä HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET /#a HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET /<a HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET /> HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET /\" HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET a HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET * HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "G@T / HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET / http/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET / HTTP/11\r\nHost: x\r\n\r\n"),
        HeadCase(400, "GET / HTTP/1.10\r\nHost: x\r\n\r\n"),
        HeadCase(400, "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(400, "\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(505, "GET / HTTP/2.0\r\nHost: x\r\n\r\n"),
        HeadCase(505, "GET / HTTP/0.9\r\nHost: x\r\n\r\n"),
        HeadCase(501, "CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(501, String(repeating: "A", count: 33) + " / HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(417, "GET / HTTP/1.1\r\nHost: x\r\nExpect: something\r\n\r\n"),
        // Limits.
        HeadCase(414, "GET /" + String(repeating: "a", count: 4_096) + " HTTP/1.1\r\nHost: x\r\n\r\n"),
        HeadCase(431, "GET / HTTP/1.1\r\nHost: x\r\nA: " + String(repeating: "a", count: 8_192) + "\r\n\r\n"),
        HeadCase(431, "GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "A: b\r\n", count: 100) + "\r\n"),
    ]

    @Test(arguments: bad) func refuses(_ one: HeadCase) {
        let bytes = Array(one.text.utf8)
        let whole = readHead(bytes, cuts: [], in: guarded)
        #expect(whole.outcome == .refused(one.status))
        let single = readHead(bytes, cuts: Array(0..<bytes.count), in: guarded)
        #expect(single.outcome == .refused(one.status), "byte by byte")
    }

    @Test func limitsAreExact() {
        var limits = HTTPServerLimits()
        limits.headSize = 600
        limits.targetSize = 100
        func head(_ size: Int, target: Int = 1) -> String {
            let start = "GET /" + String(repeating: "a", count: target - 1) + " HTTP/1.1\r\nHost: x\r\nA: "
            return start + String(repeating: "b", count: size - start.utf8.count - 4) + "\r\n\r\n"
        }
        #expect(read(head(600), limits: limits).outcome == .complete)
        #expect(read(head(601), limits: limits).outcome == .refused(431))
        #expect(read(head(300, target: 100), limits: limits).outcome == .complete)
        #expect(read(head(300, target: 101), limits: limits).outcome == .refused(414))
        let lines = "GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "A: b\r\n", count: 99) + "\r\n"
        #expect(read(lines).outcome == .complete)
    }

    /// Heads made at random, some broken at random: the outcome does not depend on how they are cut.
    @Test(arguments: [UInt64.random(in: 0..<1_000_000), 1, 2])
    func outcomeDoesNotDependOnCuts(_ seed: UInt64) {
        var random = Random(seed: seed)
        var limits = HTTPServerLimits()
        limits.headSize = 512
        limits.targetSize = 64
        limits.fields = 8
        var complete = 0
        for round in 0..<1_500 {
            var bytes = HeadMaker.make(&random)
            if random.chance(0.6) { HeadMaker.damage(&bytes, &random) }
            let whole = readHead(bytes, cuts: [], limits: limits, in: guarded)
            if whole.outcome == .complete { complete += 1 }
            let each = readHead(bytes, cuts: Array(0..<bytes.count), limits: limits, in: guarded)
            let cuts = (0..<random.below(4)).map { _ in random.below(bytes.count + 1) }.sorted()
            let some = readHead(bytes, cuts: cuts, limits: limits, in: guarded)
            guard whole == each, whole == some else {
                Issue.record("seed \(seed), round \(round): \(whole) / \(each) / \(some) at \(cuts)")
                return
            }
        }
        #expect(complete > 150, "seed \(seed)")
    }
}

/// Heads for randomised tests.
enum HeadMaker {
    static func make(_ random: inout Random) -> [UInt8] {
        func pick(_ all: [String]) -> String { all[random.below(all.count)] }
        var text = pick(["", "", "", "\r\n"])
        text += pick(["GET", "HEAD", "POST", "PUT", "OPTIONS", "BREW"]) + " "
        text += pick([
            "/", "/a?b=c", "/products/a-b.json", "http://h/a", "*", "/" + repeated("x", &random, 80),
        ])
        text += " " + pick(["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0"]) + "\r\n"
        if !random.chance(0.1) {
            text += "Host: " + pick(["x", "shop.example:80", "[::1]:8080", ""]) + "\r\n"
        }
        for _ in 0..<random.below(9) {
            text +=
                pick([
                    "Accept: */*", "Content-Length: 5", "Transfer-Encoding: chunked", "Connection: close",
                    "Connection: keep-alive, x", "Expect: 100-continue", "X: \t y ", "Cookie: a=b",
                    "X-Long: " + repeated("v", &random, 120), "Accept-Language: de,en;q=0.5", "Hosts: a",
                    "Cookie: a=b; c=d", "Referer: http://x/", "Empty:",
                ]) + "\r\n"
        }
        return Array((text + "\r\n").utf8)
    }
    private static func repeated(_ text: String, _ random: inout Random, _ count: Int) -> String {
        String(repeating: text, count: random.below(count))
    }

    static func damage(_ bytes: inout [UInt8], _ random: inout Random) {
        for _ in 0...random.below(3) {
            let place = random.below(bytes.count)
            let odd: [UInt8] = [0, 9, 10, 13, 32, 34, 35, 58, 127, 128, 255, 47, 48]
            switch random.below(4) {
            case 0: bytes[place] = odd[random.below(odd.count)]
            case 1: bytes.insert(odd[random.below(odd.count)], at: place)
            case 2: if bytes.count > 2 { bytes.remove(at: place) }
            default: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            }
        }
    }
}
