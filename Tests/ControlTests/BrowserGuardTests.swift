import ModuleKit
import Testing

@testable import Control

@Suite struct BrowserGuardTests {
    private func status(
        _ address: String, _ method: HTTPMethod, host: String, _ fields: [(name: String, value: String)] = []
    ) throws -> Int? {
        let address = try #require(SocketAddress(address))
        let request = HTTPRequest(method, "/v1/log", host: host, fields: fields)
        return BrowserGuard(address).refusal(request)?.content.status
    }

    @Test(arguments: [
        ("127.0.0.1:8474", "127.0.0.1:8474"), ("127.0.0.1:8474", "LocalHost:8474"),
        ("127.0.0.1:8474", "localhost"), ("[::1]:8474", "[::1]:8474"), ("127.0.0.1:8474", ""),
        ("0.0.0.0:8474", "souk.internal"), ("unix:/run/souk", "souk"),
    ])
    func programsAreServed(address: String, host: String) throws {
        for method in [HTTPMethod.get, .post, .put] {
            #expect(try status(address, method, host: host) == nil)
        }
    }

    @Test(arguments: [
        "evil.example:8474", "127.0.0.1.evil.example", "localhost.evil.example", "1.2.3.4.5", "x",
    ])
    func otherNamesAreRefusedOnLoopback(host: String) throws {
        for method in [HTTPMethod.get, .head, .post] {
            #expect(try status("127.0.0.1:8474", method, host: host) == 403)
        }
    }

    @Test(arguments: [
        ("sec-fetch-site", "cross-site", true), ("sec-fetch-site", "same-site", true),
        ("sec-fetch-site", "same-origin", false), ("sec-fetch-site", "none", false),
        ("origin", "http://evil.example", true), ("origin", "null", true),
        ("origin", "http://127.0.0.1:8080", true), ("origin", "http://127.0.0.1:8474", false),
    ])
    func pagesOfOtherSitesChangeNothing(name: String, value: String, isRefused: Bool) throws {
        for method in [HTTPMethod.post, .put, .delete] {
            let status = try status(
                "127.0.0.1:8474", method, host: "127.0.0.1:8474", [(name: name, value: value)])
            #expect(status == (isRefused ? 403 : nil))
        }
        #expect(
            try status("127.0.0.1:8474", .get, host: "127.0.0.1:8474", [(name: name, value: value)]) == nil)
    }
}
