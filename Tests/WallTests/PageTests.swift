import ModuleKit
import Testing

@testable import Wall

@Suite("The page")
struct PageTests {
    let page = WallPage(title: "A & B <Sale>")

    @Test("is one file of at most 60 KB that loads nothing from elsewhere")
    func selfContained() {
        #expect(page.html.utf8.count <= 60_000)
        #expect(!page.html.contains("http://") && !page.html.contains("https://"))
        #expect(!page.html.contains("<link rel=\"stylesheet\"") && !page.html.contains("<script src"))
        #expect(!page.html.contains("innerHTML") && !page.html.contains("eval("))
    }

    @Test("a title with markup stays text")
    func title() {
        #expect(page.html.contains("<title>A &amp; B &lt;Sale&gt;"))
        #expect(!page.html.contains("<Sale>"))
    }

    @Test("every canvas has a role and a name, and there are tables and a live region")
    func accessible() {
        let canvases = page.html.components(between: "<canvas", and: ">")
        #expect(canvases.count == 7)
        for canvas in canvases {
            #expect(canvas.contains("role=\"img\"") && canvas.contains("aria-labelledby="))
        }
        #expect(page.html.contains("aria-live=\"polite\"") && page.html.contains("lang=\"en\""))
        #expect(page.html.contains("prefers-reduced-motion"))
    }

    @Test("colours of text have a contrast of at least 4.5 on every background")
    func contrast() {
        let colors = Dictionary(
            uniqueKeysWithValues: page.html.components(between: "--", and: ";").compactMap {
                text -> (String, Double)? in
                let parts = text.split(separator: ":#")
                guard parts.count == 2, parts[1].count >= 6, let value = UInt32(parts[1].prefix(6), radix: 16)
                else { return nil }
                return (String(parts[0]), Self.luminance(value))
            })
        // The lightest background of a panel is the beginning of its gradient.
        for background in [Self.luminance(0x0A0E1C), Self.luminance(0x182039), Self.luminance(0x2A2350)] {
            for name in ["text", "mute", "gold", "teal", "blue", "violet", "rose"] {
                let ratio = ((colors[name] ?? 0) + 0.05) / (background + 0.05)
                #expect(ratio >= 4.5, "\(name): \(ratio)")
            }
        }
        #expect((Self.luminance(0xFF9A76) + 0.05) / (Self.luminance(0x241500) + 0.05) >= 4.5)
    }

    /// As WCAG 2.2 defines it.
    static func luminance(_ color: UInt32) -> Double {
        let parts = [16, 8, 0].map { shift -> Double in
            let part = Double((color >> UInt32(shift)) & 0xFF) / 255
            return part <= 0.03928 ? part / 12.92 : Self.power((part + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }
    private static func power(_ base: Double, _ exponent: Double) -> Double {
        // 2.4 = 12 / 5: the fifth root by Newton's method, then the twelfth power.
        var root = base
        for _ in 0..<60 {
            root -= (root * root * root * root * root - base) / (5 * root * root * root * root)
        }
        return (0..<12).reduce(1) { result, _ in result * root }
    }

    @Test("a browser that has it is told so")
    func conditional() {
        let first = page.answer(HTTPRequest(.get, "/wall"))
        let tag = first.content.field("etag") ?? ""
        #expect(first.content.status == 200 && tag.hasPrefix("\""))
        #expect(first.content.field("content-security-policy")?.contains("default-src 'none'") == true)
        for known in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
            let again = page.answer(
                HTTPRequest(.get, "/wall", fields: [(name: "if-none-match", value: known)]))
            #expect(again.content.status == 304 && again.content.body.count == 0)
        }
        let other = page.answer(HTTPRequest(.get, "/wall", fields: [(name: "if-none-match", value: "\"x\"")]))
        #expect(other.content.status == 200)
    }
}

extension String {
    /// The texts between each beginning and the next end.
    fileprivate func components(between beginning: String, and end: String) -> [String] {
        var result: [String] = []
        var rest = self[...]
        while let from = rest.firstRange(of: beginning) {
            rest = rest[from.upperBound...]
            guard let to = rest.firstRange(of: end) else { break }
            result.append(String(rest[..<to.lowerBound]))
        }
        return result
    }
}
