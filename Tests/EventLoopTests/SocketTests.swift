import Glibc
import ModuleKit
import Synchronization
import Testing

@testable import EventLoop

/// Sends back what comes, and ends when the other end does.
final class EchoHandler: StreamHandler {
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
    deinit { memory.deallocate() }
    func streamBuffer(_ stream: any ByteStream) -> UnsafeMutableRawBufferPointer { memory }
    func stream(_ stream: any ByteStream, didRead count: Int) {
        var buffer = IOBuffer(base: memory.baseAddress, count: count)
        stream.write(&buffer, 1)
    }
    func stream(_ stream: any ByteStream, didEnd error: NetworkError?) {
        if stream.queuedBytes == 0 { stream.close() } else { stream.shutdownWriting() }
    }
    func streamDidDrain(_ stream: any ByteStream) {}
    func streamDidClose(_ stream: any ByteStream) {}
}

/// Sends bytes, collects what comes back, and closes when it has all of it.
final class ClientHandler: StreamHandler, @unchecked Sendable {
    let expected: Int
    let received = Mutex<[UInt8]>([])
    let isClosed = Mutex(false)
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
    init(expected: Int) { self.expected = expected }
    deinit { memory.deallocate() }
    func streamBuffer(_ stream: any ByteStream) -> UnsafeMutableRawBufferPointer { memory }
    func stream(_ stream: any ByteStream, didRead count: Int) {
        let total = received.withLock {
            $0.append(contentsOf: memory.prefix(count))
            return $0.count
        }
        if total >= expected { stream.close() }
    }
    func stream(_ stream: any ByteStream, didEnd error: NetworkError?) { stream.close() }
    func streamDidDrain(_ stream: any ByteStream) {}
    func streamDidClose(_ stream: any ByteStream) { isClosed.withLock { $0 = true } }
}

@Suite(.serialized) struct SocketTests {
    @Test(
        arguments: ["127.0.0.1:0", "[::1]:0", "unix:/tmp/souk-test-\(getpid()).sock"],
        [1, 100_000, 5_000_000])
    func whatIsSentComesBack(address: String, count: Int) throws {
        let thread = try LoopThread(index: 0)
        try thread.start()
        let network = LibUVNetwork()
        let loop: Loop = thread.loop
        let wanted = try #require(SocketAddress(address))
        let client = ClientHandler(expected: count)
        let problem = Mutex<String?>(nil)
        loop.execute {
            do {
                let listener = try network.listen(wanted, on: loop, options: ListenOptions()) {
                    $0.start(EchoHandler())
                }
                network.connect(to: listener.address, on: loop) { result in
                    switch result {
                    case .success(let stream):
                        stream.start(client)
                        var bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                        bytes.withUnsafeMutableBytes {
                            var buffer = IOBuffer(base: $0.baseAddress, count: $0.count)
                            stream.write(&buffer, 1)
                        }
                    case .failure(let error): problem.withLock { $0 = error.description }
                    }
                }
            } catch { problem.withLock { $0 = "\(error)" } }
        }
        #expect(eventually { client.isClosed.withLock { $0 } || problem.withLock { $0 != nil } })
        #expect(problem.withLock { $0 } == nil)
        let received = client.received.withLock { $0 }
        #expect(received.count == count)
        #expect(received.enumerated().allSatisfy { $1 == UInt8(truncatingIfNeeded: $0 &* 31) })
        thread.stop()
    }

    @Test func aPortInUseIsSaidClearly() throws {
        let thread = try LoopThread(index: 0)
        try thread.start()
        let network = LibUVNetwork()
        let loop: Loop = thread.loop
        let message = Mutex<String?>(nil)
        let address = try #require(SocketAddress("127.0.0.1:0"))
        loop.execute {
            do {
                let first = try network.listen(address, on: loop, options: ListenOptions()) { $0.close() }
                _ = try network.listen(first.address, on: loop, options: ListenOptions()) { $0.close() }
                message.withLock { $0 = "no error" }
            } catch { message.withLock { $0 = "\(error)" } }
        }
        #expect(eventually { message.withLock { $0 != nil } })
        #expect(message.withLock { $0 }?.contains("in use") == true)
        thread.stop()
    }

    @Test func aRefusedConnectionIsAnError() throws {
        let thread = try LoopThread(index: 0)
        try thread.start()
        let loop: Loop = thread.loop
        let code = Mutex<Int32?>(nil)
        let network = LibUVNetwork()
        let address = try #require(SocketAddress("127.0.0.1:1"))
        loop.execute {
            network.connect(to: address, on: loop) { result in
                if case .failure(let error) = result { code.withLock { $0 = error.code } }
            }
        }
        #expect(eventually { code.withLock { $0 != nil } })
        #expect(code.withLock { $0 } == ECONNREFUSED)
        thread.stop()
    }

    @Test func stoppingALoopClosesItsConnections() throws {
        let before = openDescriptors()
        let thread = try LoopThread(index: 0)
        try thread.start()
        let network = LibUVNetwork()
        let loop: Loop = thread.loop
        let client = ClientHandler(expected: .max)
        let address = try #require(SocketAddress("127.0.0.1:0"))
        let isConnected = Mutex(false)
        loop.execute {
            let listener = try? network.listen(address, on: loop, options: ListenOptions()) {
                $0.start(EchoHandler())
            }
            guard let listener else { return }
            network.connect(to: listener.address, on: loop) { result in
                if case .success(let stream) = result { stream.start(client) }
                isConnected.withLock { $0 = true }
            }
        }
        #expect(eventually { isConnected.withLock { $0 } })
        thread.stop()
        #expect(client.isClosed.withLock { $0 })
        #expect(openDescriptors() <= before + 1)
    }
}

@Suite struct FileSystemDiskTests {
    let disk = FileSystemDisk()
    let folder = "/tmp/souk-disk-\(getpid())-\(UInt64.random(in: 0 ... .max))"

    @Test func filesAreReplacedWhole() throws {
        try disk.makeFolder("\(folder)/a/b")
        let path = "\(folder)/a/b/file"
        try disk.replace(path, with: Array("one".utf8))
        try disk.replace(path, with: Array("two".utf8))
        #expect(try disk.read(path, limit: 100) == Array("two".utf8))
        #expect(try disk.list("\(folder)/a/b") == ["file"])
        #expect(throws: DiskError.self) { try disk.read(path, limit: 2) }
        #expect(throws: DiskError.self) { try disk.read("\(folder)/none", limit: 2) }
        #expect(throws: DiskError.self) { try disk.read(folder, limit: 2) }
        #expect(throws: DiskError.self) { try disk.makeFolder("\(path)/c") }
        try disk.remove(path)
        #expect(!disk.exists(path))
    }
}
