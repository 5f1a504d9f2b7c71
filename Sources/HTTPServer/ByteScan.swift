/// Looks for the end of a piece of a head, 8 bytes at a time in a word. Each mask is exact up to its
/// first hit, which is all that is asked. A zero byte behind the input stops every search; up to 8 bytes
/// behind it are read.
enum ByteScan {
    @inline(__always) static var ones: UInt64 { 0x0101_0101_0101_0101 }
    @inline(__always) static var highs: UInt64 { 0x8080_8080_8080_8080 }

    /// Marks bytes that are below the limit (at most 128).
    @inline(__always) static func below(_ word: UInt64, _ limit: UInt64) -> UInt64 {
        (word &- ones &* limit) & ~word & highs
    }
    /// Marks bytes that equal the value.
    @inline(__always) static func equal(_ word: UInt64, _ value: UInt64) -> UInt64 {
        let difference = word ^ (ones &* value)
        return (difference &- ones) & ~difference & highs
    }

    /// Bytes before the first that a target cannot have: controls, blanks, `"`, `#`, `<`, `>` and
    /// everything that is not ASCII (RFC 3986; other characters that must be encoded are let pass, as
    /// browsers send them).
    @inline(__always) static func target(_ start: UnsafeRawPointer) -> Int {
        var index = 0
        while true {
            let word = start.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            // " and # differ in their lowest bit only, < and > in the one above.
            let stop =
                below(word, 33) | equal(word, 127) | word & highs | equal(word & ~ones, 0x22)
                | equal(word & ~(2 &* ones), 0x3C)
            if stop != 0 { return index &+ stop.trailingZeroBitCount / 8 }
            index &+= 8
        }
    }

    /// Bytes before the first that a field's name cannot have.
    @inline(__always) static func name(_ start: UnsafeRawPointer) -> Int {
        var index = 0
        while isToken(start.load(fromByteOffset: index, as: UInt8.self)) { index &+= 1 }
        return index
    }

    /// Bytes before the first control character other than a tab.
    @inline(__always) static func value(_ start: UnsafeRawPointer) -> Int {
        var index = 0
        while true {
            let word = start.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let stop = below(word, 32) | equal(word, 127)
            if stop == 0 {
                index &+= 8
                continue
            }
            let hit = index &+ stop.trailingZeroBitCount / 8
            if start.load(fromByteOffset: hit, as: UInt8.self) != 9 { return hit }
            index = hit &+ 1
        }
    }

    /// `! # $ % & ' * + - . ^ _ | ~`, backtick, digits and letters (RFC 9110, section 5.6.2).
    @inline(__always) static func isToken(_ byte: UInt8) -> Bool {
        isMember(byte, low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    }
    /// What the authority of a URI can have, without user information (RFC 3986, section 3.2).
    @inline(__always) static func isHost(_ byte: UInt8) -> Bool {
        isMember(byte, low: 0x2FFF_7FF2_0000_0000, high: 0x47FF_FFFE_AFFF_FFFE)
    }
    @inline(__always) private static func isMember(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
        ((byte & 64 == 0 ? low : high) &>> UInt64(byte & 63)) & 1 != 0 && byte < 128
    }

    /// The eight bytes of a word that text begins with.
    @inline(__always) static func word(_ text: StaticString) -> UInt64 {
        UnsafeRawPointer(text.utf8Start).loadUnaligned(as: UInt64.self)
    }
}
