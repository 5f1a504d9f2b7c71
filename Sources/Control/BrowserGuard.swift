import ModuleKit

/// Keeps pages of other sites that an operator's browser shows from using the control port. Such a page
/// can send requests to any address that the browser reaches, without being asked; what it cannot do is
/// to keep the browser from saying where they come from.
///
/// Programs say nothing of all this and are not hindered.
struct BrowserGuard {
    /// Whether only this machine reaches the port: then nobody has a reason to call it by a domain's name,
    /// except a page whose domain was pointed at this machine after it was loaded (DNS rebinding).
    let isLoopback: Bool

    /// - Parameter address: where the control port listens.
    init(_ address: SocketAddress) {
        // No browser opens a Unix socket, and its clients call it as they like.
        if case .host = address { isLoopback = address.isLoopback } else { isLoopback = false }
    }

    /// The answer to a request that is not to be served; nil for all others.
    func refusal(_ request: HTTPRequest) -> HTTPResponse? {
        let host = request.hostText.lowercased()
        if isLoopback, !host.isEmpty, !Self.isHere(host) {
            return Self.forbidden("the control port listens on loopback: call it by its address or localhost")
        }
        if request.method == .get || request.method == .head { return nil }
        let sites = request.fieldTexts("sec-fetch-site").map { $0.lowercased() }
        let origins = request.fieldTexts("origin").map { $0.lowercased() }
        guard sites.allSatisfy({ $0 == "same-origin" || $0 == "none" }),
            origins.allSatisfy({ $0 == "http://" + host || $0 == "https://" + host })
        else { return Self.forbidden("pages of other sites may not use the control port") }
        return nil
    }

    private static func forbidden(_ detail: String) -> HTTPResponse {
        HTTPResponse(
            problem: 403, HTTPStatus.reason(403), detail: detail,
            fields: [(name: "Cache-Control", value: "no-store")])
    }

    /// Whether the `Host` is `localhost` or an address, with a port or without.
    private static func isHere(_ host: String) -> Bool {
        if host.hasPrefix("[") { return true }
        let name = host.prefix { $0 != ":" }
        if name == "localhost" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}
