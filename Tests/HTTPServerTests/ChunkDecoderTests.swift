import ModuleKit
import Testing

@testable import HTTPServer

@Suite struct ChunkDecoderTests {
    private func decode(
        _ bytes: [UInt8], cuts: [Int] = [], limit: Int = 1_000
    ) -> (body: [UInt8], used: Int, outcome: ChunkDecoder.Outcome) {
        var decoder = ChunkDecoder()
        var body: [UInt8] = []
        var used = 0
        var start = 0
        for cut in cuts + [bytes.count] {
            let result = bytes[start..<cut].withUnsafeBytes { raw in
                decoder.decode(raw, limit: limit) { body.append(contentsOf: $0) }
            }
            used += result.used
            if result.outcome != .incomplete { return (body, used, result.outcome) }
            start = cut
        }
        return (body, used, .incomplete)
    }
    private func decode(_ text: String) -> (body: String, used: Int, outcome: ChunkDecoder.Outcome) {
        let result = decode(Array(text.utf8))
        return (String(decoding: result.body, as: UTF8.self), result.used, result.outcome)
    }

    @Test(arguments: [
        ("0\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("1\r\na\r\n00a\r\n0123456789\r\n000\r\n\r\n", "a0123456789"),
        ("3;name=value;x=\"y z\"\r\nabc\r\n0;last\r\nTrailer: x\r\nOther:\r\n\r\n", "abc"),
        ("A\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n\r\n\r\n\r\n"),
    ])
    func decodes(_ text: String, _ body: String) {
        let result = decode(text + "GET /")
        #expect(result.outcome == .complete && result.body == body && result.used == text.utf8.count)
    }

    @Test(arguments: [
        ("\r\n", 400), ("g\r\n", 400), (" 5\r\nhello\r\n", 400), ("5 \r\nhello\r\n", 400), ("0x5\r\n", 400),
        ("-5\r\n", 400), ("+5\r\n", 400), ("5\nhello\r\n", 400), ("5\r\nhello\n", 400),
        ("5\r\nhelloX\r\n", 400),
        ("5\r\rhello", 400), ("5;a\nb", 400), ("5;a\0b", 400), ("00000000000000005\r\n", 400),
        ("FFFFFFFFFFFFFFFF\r\n", 413), ("7fffffffffffffff\r\n", 413), ("3e9\r\n", 413),
        ("0\r\nBad Name: x\r\n\r\n", 400), ("0\r\nA: b\n\r\n", 400), ("0\r\n A: b\r\n\r\n", 400),
        ("0\r\n:b\r\n\r\n", 400), ("0\r\nA\r\n\r\n", 400), ("0\r\n\rX", 400), ("0\r\nA: \0\r\n\r\n", 400),
    ])
    func refuses(_ text: String, _ status: Int) {
        #expect(decode(text).outcome == .refused(status))
    }

    @Test func boundsExtensionsAndTrailers() {
        let long = String(repeating: "a", count: ChunkDecoder.extraLimit)
        #expect(decode("1;\(long)a\r\na\r\n").outcome == .refused(431))
        #expect(decode("0\r\nA: \(long)\r\n\r\n").outcome == .refused(431))
        let many = String(repeating: "1;aaaaaaaa\r\na\r\n", count: 900)
        #expect(decode(many).outcome == .refused(431))
    }

    @Test func limitsTheSumOfChunks() {
        let chunk = "64\r\n" + String(repeating: "a", count: 100) + "\r\n"
        #expect(decode(String(repeating: chunk, count: 10) + "0\r\n\r\n").outcome == .complete)
        #expect(decode(String(repeating: chunk, count: 10) + "1\r\na\r\n").outcome == .refused(413))
    }

    /// Bodies encoded at random, some damaged: the same however they are cut, and whole ones come back.
    @Test(arguments: [UInt64.random(in: 0..<1_000_000), 7])
    func outcomeDoesNotDependOnCuts(_ seed: UInt64) {
        var random = Random(seed: seed)
        for round in 0..<1_000 {
            var body: [UInt8] = []
            var bytes: [UInt8] = []
            for _ in 0..<random.below(6) {
                let piece = (0..<(1 + random.below(40))).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                body += piece
                bytes += Array(
                    "\(String(piece.count, radix: 16))\(random.chance(0.2) ? ";a=b" : "")\r\n".utf8)
                bytes += piece + [13, 10]
            }
            bytes += Array("0\r\n\(random.chance(0.3) ? "A: b\r\n" : "")\r\n".utf8)
            let isDamaged = random.chance(0.5)
            if isDamaged { HeadMaker.damage(&bytes, &random) }
            let whole = decode(bytes)
            let each = decode(bytes, cuts: Array(0..<bytes.count))
            let cuts = (0..<random.below(4)).map { _ in random.below(bytes.count + 1) }.sorted()
            let some = decode(bytes, cuts: cuts)
            #expect(whole == each && whole == some, "seed \(seed), round \(round)")
            if !isDamaged { #expect(whole.body == body && whole.outcome == .complete, "seed \(seed)") }
        }
    }
}
