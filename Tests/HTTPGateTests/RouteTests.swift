import ModuleKit
import Testing

@testable import HTTPGate

private func match(_ table: RouteTable, _ method: HTTPMethod, _ path: String) -> RouteTable.Outcome {
    Array(path.utf8).withUnsafeBytes { table.match(method, $0) }
}

@Suite struct RouteTests {
    @Test(arguments: [
        ("GET /", "/", true), ("GET /", "/a", false), ("GET /a", "/a", true), ("GET /a", "/a/", false),
        ("GET /a", "/ab", false), ("GET /a/*", "/a/b", true), ("GET /a/*", "/a/", false),
        ("GET /a/*", "/a", false),
        ("GET /a/*", "/a/b/c", false), ("GET /a/*/c", "/a/b/c", true), ("GET /a/*/c", "/a/b/d", false),
        ("GET /a/*/c", "/a/b/c/", false), ("GET /a/*/c", "/a/b", false), ("GET /*", "/x", true),
        ("GET /*", "/", false), ("GET /*/b", "/x/b", true), ("GET /**", "/", true),
        ("GET /**", "/x/y/", true),
        ("GET /a/**", "/a/", true), ("GET /a/**", "/a/b/c", true), ("GET /a/**", "/a", false),
        ("GET /a/*/**", "/a/b/", true), ("GET /a/*/**", "/a/b", false), ("GET /a/*/**", "/a/b/c/d", true),
        ("GET /p/*.json", "/p/x.json", true), ("GET /p/*.json", "/p/.json", false),
        ("GET /p/*.json", "/p/x.jsn", false),
        ("GET /p/x-*", "/p/x-1", true), ("GET /p/x-*", "/p/y-1", false), ("GET /p/a*a", "/p/aa", false),
        ("GET /p/a*a", "/p/aba", true),
    ])
    func matchesPaths(_ pattern: String, _ path: String, _ isMatch: Bool) throws {
        let table = RouteTable([try RoutePattern(pattern)])
        #expect(match(table, .get, path) == (isMatch ? .route(0) : .none))
    }

    @Test func takesTheFirstThatFits() throws {
        let table = RouteTable(
            try ["GET /a/b", "POST,PUT /a/*", "GET /a/*", "* /c", "GET /**"].map { try RoutePattern($0) })
        #expect(match(table, .get, "/a/b") == .route(0))
        #expect(match(table, .head, "/a/b") == .route(0))
        #expect(match(table, .post, "/a/b") == .route(1))
        #expect(match(table, .get, "/a/c") == .route(2))
        #expect(match(table, .other, "/c") == .route(3))
        #expect(match(table, .get, "/d") == .route(4))
        guard case .otherMethods(let methods) = match(table, .delete, "/a/c") else {
            Issue.record("expected other methods")
            return
        }
        #expect(RouteTable.names(of: methods) == "GET, HEAD, POST, PUT")
    }

    @Test(arguments: [
        "", "GET", "GET a", "GET /a?b", "BREW /", "GET,, /", "GET /a/**/b", "GET /a*b*c", "GET / x",
    ])
    func refusesBadPatterns(_ text: String) {
        #expect(throws: RoutePattern.Mistake.self) { try RoutePattern(text) }
    }

    @Test func findsCookies() {
        let text = Array("a=1; souk_visitor=abc;souk_visitor2=d; x=".utf8)
        text.withUnsafeBytes { raw in
            func value(_ name: String) -> String? {
                EventMaker.cookie(Array(name.utf8), in: raw).map { String(decoding: $0, as: UTF8.self) }
            }
            #expect(value("souk_visitor") == "abc")
            #expect(value("a") == "1" && value("x") == "" && value("souk") == nil && value("b") == nil)
        }
    }
}
