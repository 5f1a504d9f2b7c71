import ModuleKit
import Runtime
import RuntimeTesting

@testable import HTTPGate

/// A gate in a node of virtual time, with a client that sends bytes as they are.
final class GateRig {
    let node: TestNode
    let network = MemoryNetwork()
    private let loop: Loop
    let address = SocketAddress.host("127.0.0.1", port: 8080)

    /// - Parameter actors: the other ends of the links, which are called as they are.
    init(
        routes: [[(String, SettingValue)]], settings: [(String, SettingValue)] = [],
        links: KeyValuePairs<String, [String]> = ["pages": ["pages"]],
        mailbox: MailboxOptions = MailboxOptions(), _ actors: [ActorPlan]
    ) throws {
        let list = routes.map { SettingValue.object($0.map { SettingEntry($0.0, $0.1) }) }
        let gate = ActorPlan(
            "gate", of: GateDeclaration.module, settings: [("routes", .list(list))] + settings, links: links,
            mailbox: mailbox)
        node = TestNode(actors + [gate], network: network)
        loop = node.environment.home
        try node.start()
    }
    deinit { node.close() }

    func connect() -> GateClient {
        let client = GateClient(node.world, loop)
        loop.withCurrent {
            network.connect(to: address, on: loop) { result in
                if case .success(let stream) = result { client.begin(stream) }
            }
        }
        node.world.runReady()
        return client
    }
    /// Sends one request and answers what came back within a moment.
    func ask(_ line: String, _ fields: String = "") -> String {
        let client = connect()
        client.send("\(line) HTTP/1.1\r\nHost: shop\r\n\(fields)\r\n")
        return client.text
    }
    func value(_ name: String, _ label: MetricLabel? = nil) -> Int {
        var sum = 0
        for series in node.node.metrics.series where series.name == name {
            if let label, !series.labels.contains(label) { continue }
            switch series.metric {
            case .counter(let counter): sum += counter.value
            case .gauge(let gauge): sum += Int(gauge.value)
            case .histogram(let histogram): sum += histogram.counts.reduce(0, +)
            }
        }
        return sum
    }
}

final class GateClient: StreamHandler {
    private let world: VirtualWorld
    private let loop: Loop
    private var stream: (any ByteStream)?
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
    private var received: [UInt8] = []
    private(set) var isEnded = false

    init(_ world: VirtualWorld, _ loop: Loop) {
        self.world = world
        self.loop = loop
    }
    deinit { room.deallocate() }

    func begin(_ stream: any ByteStream) {
        self.stream = stream
        stream.start(self)
    }
    var text: String { String(decoding: received, as: UTF8.self) }

    func send(_ text: String) {
        var bytes = Array(text.utf8)
        loop.withCurrent {
            bytes.withUnsafeMutableBytes { raw in
                var buffer = IOBuffer(base: raw.baseAddress, count: raw.count)
                stream?.write(&buffer, 1)
            }
        }
        world.runReady()
    }
    func reset() {
        loop.withCurrent { stream?.reset() }
        world.runReady()
    }
    func streamBuffer(_ stream: any ByteStream) -> UnsafeMutableRawBufferPointer { room }
    func stream(_ stream: any ByteStream, didRead count: Int) {
        received.append(contentsOf: room.prefix(count))
    }
    func stream(_ stream: any ByteStream, didEnd error: NetworkError?) { isEnded = true }
    func streamDidDrain(_ stream: any ByteStream) {}
    func streamDidClose(_ stream: any ByteStream) { isEnded = true }
}

/// Answers with the target, and keeps what it was asked.
func echo(_ name: String) -> ActorPlan {
    .fake(name, HTTPContract.self) { _, request, _, reply in
        reply(HTTPResponse(type: "text/plain", body: HTTPBody("\(name) \(request.targetText)")))
    }
}
