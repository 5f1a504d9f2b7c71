/// Dates as HTTP writes them.
public enum HTTPDate {
    /// Appends the 29 bytes of an IMF-fixdate (RFC 9110, section 5.6.7), such as
    /// `Sun, 06 Nov 1994 08:49:37 GMT`. Years up to 9999.
    public static func append(seconds: UInt64, to text: inout [UInt8]) {
        let parts = civil(seconds)
        func two(_ number: Int) {
            text.append(UInt8(truncatingIfNeeded: 48 + number / 10 % 10))
            text.append(UInt8(truncatingIfNeeded: 48 + number % 10))
        }
        text.append(contentsOf: Array("ThuFriSatSunMonTueWed".utf8)[(parts.weekday * 3)...].prefix(3))
        text.append(contentsOf: ", ".utf8)
        two(parts.day)
        text.append(32)
        text.append(contentsOf: monthName(parts.month).utf8)
        text.append(32)
        two(parts.year / 100)
        two(parts.year % 100)
        text.append(32)
        two(parts.hour)
        text.append(58)
        two(parts.minute)
        text.append(58)
        two(parts.second)
        text.append(contentsOf: " GMT".utf8)
    }

    /// Three letters; months from 1 to 12.
    public static func monthName(_ month: Int) -> Substring {
        "JanFebMarAprMayJunJulAugSepOctNovDec".dropFirst((min(max(month, 1), 12) - 1) * 3).prefix(3)
    }

    /// A moment in UTC by the Gregorian calendar; `weekday` 0 is a Thursday.
    public struct Civil: Sendable, Equatable {
        /// For instance 2026.
        public var year: Int
        /// 1 to 12.
        public var month: Int
        /// 1 to 31.
        public var day: Int
        /// 0 to 23.
        public var hour: Int
        /// 0 to 59.
        public var minute: Int
        /// 0 to 59; UTC without leap seconds.
        public var second: Int
        /// 0 to 6, from Thursday.
        public var weekday: Int
    }

    /// Takes seconds since 1970 apart (Hinnant, "chrono-compatible low-level date algorithms").
    public static func civil(_ seconds: UInt64) -> Civil {
        let total = Int(truncatingIfNeeded: min(seconds, 253_402_300_799))
        let (days, rest) = (total / 86_400, total % 86_400)
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return Civil(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1, hour: rest / 3_600, minute: rest / 60 % 60,
            second: rest % 60, weekday: days % 7)
    }
}
