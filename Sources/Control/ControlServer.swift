import HTTPServer
import ModuleKit

/// The control port's sockets: hands requests to the `ControlPort`, and its answers back.
public final class ControlServer: @unchecked Sendable {
    private let port: ControlPort
    private let server: HTTPServer
    private let network: any Network
    private let handler: ControlHandler

    /// - Parameter loop: the control port's own. Use the server only there.
    public init(of node: any ControlledNode, on loop: Loop, network: any Network, log: Logger) {
        self.network = network
        port = ControlPort(of: node, on: loop, log: log)
        var limits = HTTPServerLimits()
        limits.connections = 256
        limits.connectionsPerAddress = 256
        handler = ControlHandler(port)
        server = HTTPServer(on: loop, limits: limits)
        handler.server = server
        server.handler = handler
    }

    /// Begins to listen; answers the address that was really taken. On the loop.
    public func start(_ address: SocketAddress) throws(NetworkError) -> SocketAddress {
        port.assumeIsolated { $0.begin() }
        handler.browserGuard = BrowserGuard(address)
        return try server.listen(address, via: network)
    }

    /// Stops listening and closes connections. On the loop.
    public func close() { server.close() }
}

private final class ControlHandler: HTTPRequestHandler {
    private let port: ControlPort
    weak var server: HTTPServer?
    var browserGuard: BrowserGuard?

    init(_ port: ControlPort) {
        self.port = port
    }

    func handle(_ request: consuming HTTPRequest, _ exchange: HTTPExchange) {
        let request = request
        let respond: @Sendable (HTTPResponse) -> Void = { [weak server] in server?.respond(to: exchange, $0) }
        if let refusal = browserGuard?.refusal(request) { return respond(refusal) }
        port.assumeIsolated { $0.handle(request, respond) }
    }
}
