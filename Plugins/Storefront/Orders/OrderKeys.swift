import ModuleKit

/// What the `Idempotency-Key` of an order says: its identity and its home shard.
struct IdempotencyKey: Sendable, Equatable {
    var key: OrderKey
    /// Decides the home shard.
    var home: UInt64
    /// Whether the shop issued it.
    var isIssued: Bool

    /// Any 1 to 255 visible ASCII characters are a key; nil for anything else.
    ///
    /// Keys that the shop issued are
    /// `sk1-<milliseconds since 1970>-<variant>-<random>-<signature>`, all in hexadecimal digits (12,
    /// 14, 20 and 16 of them). They are ordered by time, and their orders live on the shard that owns
    /// the variant, so that an order of one line needs no other shard. Every other key becomes the
    /// first 128 bits of its SHA-256.
    init?(_ text: String, _ signer: Signer) {
        let bytes = text.utf8
        guard (1...255).contains(bytes.count), bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        if let issued = Self.issued(text, signer) {
            self = issued
            return
        }
        let digest = Digest.sha256(text)
        key = OrderKey(high: Digest.number(digest), low: Digest.number(digest.dropFirst(8)))
        home = key.low
        isIssued = false
    }

    private init(key: OrderKey, home: UInt64, isIssued: Bool) {
        self.key = key
        self.home = home
        self.isIssued = isIssued
    }

    private static func issued(_ text: String, _ signer: Signer) -> IdempotencyKey? {
        guard text.utf8.count == 69, text.hasPrefix("sk1-") else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[1].utf8.count == 12, parts[2].utf8.count == 14,
            parts[3].utf8.count == 20, let time = UInt64(parts[1], radix: 16),
            let variant = Int64(parts[2], radix: 16), variant > 0,
            let top = UInt64(parts[3].prefix(4), radix: 16),
            let low = UInt64(parts[3].dropFirst(4), radix: 16)
        else { return nil }
        let body = parts[0..<4].joined(separator: "-")
        guard Digest.areSame(String(parts[4]), signature(of: body, signer)) else { return nil }
        return IdempotencyKey(
            key: OrderKey(high: time << 16 | top, low: low), home: OrdersContract.key(ofVariant: variant),
            isIssued: true)
    }

    private static func signature(of body: String, _ signer: Signer) -> String {
        String(signer.signature("key", body).prefix(16))
    }

    /// A fresh key.
    /// - Parameters:
    ///   - time: milliseconds since 1970.
    ///   - random: 10 bytes that nobody can guess.
    static func issue(time: UInt64, variant: Int64, random: [UInt8], _ signer: Signer) -> String {
        let number = UInt64(bitPattern: variant)
        let body =
            "sk1-" + padded(time & 0xFFFF_FFFF_FFFF, 12) + "-" + padded(number, 14) + "-"
            + Digest.hexadecimal(random.prefix(10))
        return body + "-" + signature(of: body, signer)
    }

    private static func padded(_ number: UInt64, _ count: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }
}
