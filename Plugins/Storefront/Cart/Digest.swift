import COpenSSL
import ModuleKit

/// SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104), from OpenSSL: nothing of cryptography is made by
/// hand.
enum Digest {
    /// 32 bytes.
    static func sha256(_ text: String) -> [UInt8] {
        var text = text
        var result = [UInt8](repeating: 0, count: 32)
        text.withUTF8 { bytes in
            _ = result.withUnsafeMutableBufferPointer { out in
                EVP_Digest(bytes.baseAddress, bytes.count, out.baseAddress, nil, EVP_sha256(), nil)
            }
        }
        return result
    }

    /// 32 bytes.
    static func hmac(_ key: [UInt8], _ text: String) -> [UInt8] {
        var text = text
        var result = [UInt8](repeating: 0, count: 32)
        text.withUTF8 { bytes in
            _ = result.withUnsafeMutableBufferPointer { out in
                HMAC(
                    EVP_sha256(), key, Int32(truncatingIfNeeded: key.count), bytes.baseAddress, bytes.count,
                    out.baseAddress, nil)
            }
        }
        return result
    }

    /// Whether two texts are the same, in a time that does not tell where they differ.
    static func areSame(_ left: String, _ right: String) -> Bool {
        let (a, b) = (Array(left.utf8), Array(right.utf8))
        guard a.count == b.count, !a.isEmpty else { return false }
        return CRYPTO_memcmp(a, b, a.count) == 0
    }

    /// Lower-case hexadecimal digits.
    static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var result: [UInt8] = []
        for byte in bytes {
            result.append(digits[Int(byte >> 4)])
            result.append(digits[Int(byte & 15)])
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The first eight bytes as a number, the first byte in the highest place.
    static func number(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// What the shop signs with its secret. Each use has a prefix of its own, so that a signature of one
/// kind is none of another.
struct Signer: Sendable {
    private let secret: [UInt8]

    init(secret: [UInt8]) {
        self.secret = secret
    }
    /// 32 hexadecimal digits: 128 bits.
    func signature(_ use: String, _ text: String) -> String {
        Digest.hexadecimal(Digest.hmac(secret, use + ":" + text).prefix(16))
    }
    func isValid(_ signature: String, _ use: String, _ text: String) -> Bool {
        Digest.areSame(signature, self.signature(use, text))
    }
    /// What opens an order to whoever placed it.
    func orderToken(_ id: Int64) -> String { signature("order", String(id)) }
    func isOrderToken(_ token: String, of id: Int64) -> Bool { isValid(token, "order", String(id)) }
}
