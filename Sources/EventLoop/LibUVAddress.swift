import CLibUV
import Glibc
import ModuleKit

/// Addresses of sockets in C's shape.
enum LibUVAddress {
    /// The address of a numeric host (or `localhost`), without asking a name server; nil for names.
    static func numeric(_ host: String, port: UInt16) -> sockaddr_storage? {
        var storage = sockaddr_storage()
        let name = host == "localhost" ? "127.0.0.1" : host
        let isFound = withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                uv_ip4_addr(name, Int32(port), $0) == 0
            }
                || storage.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    uv_ip6_addr(name, Int32(port), $0) == 0
                }
        }
        return isFound ? storage : nil
    }

    /// The host part as text; empty if it has none.
    static func text(_ address: UnsafePointer<sockaddr>) -> String {
        var buffer = [CChar](repeating: 0, count: 64)
        let family = Int32(address.pointee.sa_family)
        let status: Int32 = UnsafeRawPointer(address).withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
            v6 in
            if family == AF_INET6 { return uv_ip6_name(v6, &buffer, buffer.count) }
            return UnsafeRawPointer(v6).withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                family == AF_INET ? uv_ip4_name($0, &buffer, buffer.count) : -1
            }
        }
        guard status == 0 else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func port(_ storage: sockaddr_storage) -> UInt16 {
        var storage = storage
        return withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
        }
    }

    static func withPointer<Result>(
        _ storage: sockaddr_storage, _ body: (UnsafePointer<sockaddr>) -> Result
    ) -> Result {
        var storage = storage
        return withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
        }
    }
}
