import ModuleKit

/// Who answers the requests of a server. Called on the server's loop.
public protocol HTTPRequestHandler: AnyObject {
    /// A request has come, with its whole body. Answer it exactly once with `HTTPServer.respond`, at
    /// once or later.
    func handle(_ request: consuming HTTPRequest, _ exchange: HTTPExchange)
    /// The time set with `HTTPServer.limit` is over: this is what the client gets instead. The answer is
    /// still to be given, and goes nowhere.
    func timedOut(_ exchange: HTTPExchange) -> HTTPResponse
    /// The server itself turned a request away.
    func refused(_ status: Int, peerAddress: String)
}

extension HTTPRequestHandler {
    public func timedOut(_ exchange: HTTPExchange) -> HTTPResponse {
        HTTPResponse(problem: 504, HTTPStatus.reason(504))
    }
    public func refused(_ status: Int, peerAddress: String) {}
}
