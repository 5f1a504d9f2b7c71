import ModuleKit

/// Blocks of input for connections that are busy; idle ones hold none.
final class InputPool {
    private var free: [HTTPInput] = []
    private let limit: Int
    private let blockSize: Int
    private let blockFields: Int

    init(_ limits: HTTPServerLimits) {
        limit = limits.pooledBlocks
        blockSize = limits.blockSize
        blockFields = limits.blockFields
    }

    func take(for peerAddress: String) -> HTTPInput {
        guard let block = free.popLast() else {
            return HTTPInput(capacity: blockSize, fieldCapacity: blockFields, peerAddress: peerAddress)
        }
        block.peerAddress = peerAddress
        return block
    }

    /// Takes a block back that nobody else holds.
    func give(_ block: consuming HTTPInput) {
        if free.count < limit { free.append(block) }
    }
    var count: Int { free.count }
}

/// A body on its way in: it grows with what comes, not with what was announced.
final class BodyBuffer {
    private var memory: UnsafeMutableRawPointer
    private(set) var capacity: Int
    private(set) var count = 0

    init(expecting size: Int) {
        capacity = min(max(size, 512), 16 << 10)
        memory = .allocate(byteCount: capacity, alignment: 16)
    }
    deinit { memory.deallocate() }

    /// Room for the next bytes, at most `limit`.
    func room(_ limit: Int) -> UnsafeMutableRawBufferPointer {
        if count == capacity { grow(to: capacity &* 2) }
        return UnsafeMutableRawBufferPointer(start: memory + count, count: min(limit, capacity - count))
    }
    /// Counts bytes that were put into the room.
    func added(_ amount: Int) { count = min(capacity, count + amount) }

    func append(_ bytes: UnsafeRawBufferPointer) {
        guard let from = bytes.baseAddress, bytes.count > 0 else { return }
        if count + bytes.count > capacity { grow(to: max(capacity * 2, count + bytes.count)) }
        (memory + count).copyMemory(from: from, byteCount: bytes.count)
        count += bytes.count
    }
    private func grow(to size: Int) {
        let wide = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        wide.copyMemory(from: memory, byteCount: count)
        memory.deallocate()
        (memory, capacity) = (wide, size)
    }
    /// The whole body; nothing may be added afterwards.
    var body: HTTPBody { HTTPBody(sharing: UnsafeRawBufferPointer(start: memory, count: count), of: self) }
}
