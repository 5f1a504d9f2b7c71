/// Two letters of a country as a small number, so that counts by country fit into a fixed array.
enum CountryCode {
    /// All pairs of letters, and 0 for unknown.
    static let count = 26 * 26 + 1

    /// - Parameter code: two upper-case letters, the first in the high byte.
    @inline(__always)
    static func index(_ code: UInt16) -> Int {
        let (first, second) = (code >> 8 &- 65, code & 0xFF &- 65)
        return first < 26 && second < 26 ? Int(first &* 26 &+ second &+ 1) : 0
    }

    /// The letters; nil for unknown.
    static func text(_ index: Int) -> String? {
        guard index > 0, index < count else { return nil }
        let letters = [UInt8(65 + (index - 1) / 26), UInt8(65 + (index - 1) % 26)]
        return String(decoding: letters, as: UTF8.self)
    }

    /// As an event carries it: from `DE` or `de`; 0 if it is not two letters.
    static func code(_ text: some Collection<UInt8>) -> UInt16 {
        guard text.count == 2 else { return 0 }
        var code: UInt16 = 0
        for byte in text {
            let upper = byte & 0xDF
            guard upper &- 65 < 26 else { return 0 }
            code = code << 8 | UInt16(upper)
        }
        // `XX` and `T1` are what proxies say for "unknown" and "Tor".
        return code == 0x5858 ? 0 : code
    }
}
