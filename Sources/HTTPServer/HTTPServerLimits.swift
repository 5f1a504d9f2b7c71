/// The bounds of one server. What happens at each is said with it; all of them are counted in
/// `HTTPServerCounters`. Values outside their range are brought into it.
public struct HTTPServerLimits: Sendable, Equatable {
    /// Bytes of a request's head, its empty line included; 512 to 32,768. Beyond: 431 and close.
    public var headSize = 8 << 10
    /// Bytes of a request's target; 64 to `headSize`. Beyond: 414 and close.
    public var targetSize = 4 << 10
    /// Field lines of a head; 8 to 1,000. Beyond: 431 and close.
    public var fields = 100
    /// Bytes of a request's body, decoded; 0 to 268,435,456. Beyond: 413 and close.
    public var bodySize = 1 << 20
    /// Bytes of all bodies that are being received; 65,536 to 17,179,869,184. Beyond: 503 and close.
    public var bodyBytes = 64 << 20
    /// Nanoseconds from a head's first byte to its last; 10 ms to 1 h. Beyond: 408 and close.
    public var headTime: UInt64 = 10_000_000_000
    /// Nanoseconds that a whole body may take; 10 ms to 24 h. Beyond: 408 and close.
    public var bodyTime: UInt64 = 30_000_000_000
    /// Nanoseconds that a connection may be idle between requests; 10 ms to 24 h. Beyond: closed.
    public var idleTime: UInt64 = 75_000_000_000
    /// Nanoseconds within which a client must take `writeProgress` bytes, or all that wait for it;
    /// 10 ms to 24 h. Beyond: reset.
    public var writeTime: UInt64 = 30_000_000_000
    /// Bytes; 1 to 67,108,864.
    public var writeProgress = 16 << 10
    /// Nanoseconds for which bytes of the client are still read, and thrown away, after the last
    /// answer, so that the answer is not lost by a reset; 1 ms to 60 s. Beyond: closed.
    public var lingerTime: UInt64 = 1_000_000_000
    /// Requests on one connection; 1 to 1,000,000,000. The last is answered with `Connection: close`.
    public var requestsPerConnection = 1_000_000
    /// Requests of one connection that may be under way at once; 1 to 1,024. Beyond: not read until
    /// some are answered.
    public var pipelineDepth = 64
    /// Requests of all connections that may be under way at once; 1 to 500,000. Beyond: 503 and close.
    public var exchanges = 65_536
    /// Connections in all; 1 to 500,000. Beyond: 503 and close.
    public var connections = 10_000
    /// Connections of one address; 1 to 500,000. Beyond: 503 and close.
    public var connectionsPerAddress = 4_096
    /// Bytes of answers that wait for one client; 4,096 to 67,108,864. Beyond: no further request of it
    /// is read and no further answer is written until they are gone.
    public var queuedBytes = 1 << 20
    /// Blocks of input kept for the next request; 1 to 65,536. Beyond: freed.
    public var pooledBlocks = 512

    public init() {}

    /// With each value brought into its range.
    public var inRange: HTTPServerLimits {
        var copy = self
        let millisecond: UInt64 = 1_000_000
        let hour = 3_600_000 * millisecond
        copy.headSize = min(max(headSize, 512), 32 << 10)
        copy.targetSize = min(max(targetSize, 64), copy.headSize)
        copy.fields = min(max(fields, 8), 1_000)
        copy.bodySize = min(max(bodySize, 0), 256 << 20)
        copy.bodyBytes = min(max(bodyBytes, 64 << 10), 16 << 30)
        copy.headTime = min(max(headTime, 10 * millisecond), hour)
        copy.bodyTime = min(max(bodyTime, 10 * millisecond), 24 * hour)
        copy.idleTime = min(max(idleTime, 10 * millisecond), 24 * hour)
        copy.writeTime = min(max(writeTime, 10 * millisecond), 24 * hour)
        copy.writeProgress = min(max(writeProgress, 1), 64 << 20)
        copy.lingerTime = min(max(lingerTime, millisecond), 60_000 * millisecond)
        copy.requestsPerConnection = min(max(requestsPerConnection, 1), 1_000_000_000)
        copy.pipelineDepth = min(max(pipelineDepth, 1), 1_024)
        copy.exchanges = min(max(exchanges, 1), 500_000)
        copy.connections = min(max(connections, 1), 500_000)
        copy.connectionsPerAddress = min(max(connectionsPerAddress, 1), 500_000)
        copy.queuedBytes = min(max(queuedBytes, 4 << 10), 64 << 20)
        copy.pooledBlocks = min(max(pooledBlocks, 1), 65_536)
        return copy
    }

    /// Bytes of a block of input: room for one head at least twice.
    var blockSize: Int { max(16 << 10, 2 * headSize) }
    /// Field lines that a block has room for: those of one head at least twice.
    var blockFields: Int { max(512, 2 * fields) }
}
