import ModuleKit
import RuntimeTesting
import Testing

@testable import DynamicFragment

@Suite struct ChanceTests {
    /// Fragments that fail, are late, personal or for all, and visitors by chance: every page is whole and
    /// in order, and what is personal is the visitor's own.
    @Test(arguments: 1...12)
    func everyPageIsWhole(_ seed: UInt64) throws {
        var random = Random(seed: seed)
        let rig = try PageRig([("deadline", .duration(100_000_000)), ("cookies", .list([.string("/own/")]))])
        let count = 6
        let includes = (0..<count).map { index in
            "<esi:include src=\"\(index < 3 ? "/own" : "/all")/\(index)\">f\(index)</esi:include>"
        }
        for isCached in [false, true] {
            rig.shop.set("/\(isCached)", shell(includes.joined(separator: ";"), cached: isCached))
        }
        for _ in 0..<150 {
            let visitor = "v\(random.below(5))"
            for index in 0..<count {
                let isOwn = index < 3
                let text = isOwn ? "o\(index)-\(visitor)" : "a\(index)"
                let control = isOwn ? "private" : "max-age=\(random.below(3))"
                let answers = [
                    fragment(text, control, cached: random.chance(0.5)), fragment("bad", status: 500), nil,
                ]
                let path = (isOwn ? "/own" : "/all") + "/\(index)"
                rig.shop.set(path, answers[max(0, random.below(5) - 2)], delay: UInt64(random.below(3)) * 70)
            }
            let page = try rig.get("/\(random.chance(0.5))", [(name: "cookie", value: visitor)])
            let parts = page.text.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
            #expect(parts.count == count, "seed \(seed): \(page.text)")
            for (index, part) in parts.enumerated() {
                let own = index < 3 ? "o\(index)-\(visitor)" : "a\(index)"
                #expect(part == own || part == "f\(index)", "seed \(seed): \(page.text) for \(visitor)")
            }
            if random.chance(0.3) { rig.pass(seconds: random.unit() * 3) }
        }
        rig.pass(seconds: 10)
        #expect(rig.underWay() == 0)
    }
}
