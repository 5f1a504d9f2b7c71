/// Text made fit for paths and for comparing.
enum Slug {
    /// Lower-case letters and digits, everything else as single hyphens; empty if nothing is left.
    static func slug(_ text: String) -> String {
        var result = ""
        for character in folded(text) {
            if character.isLetter || character.isNumber {
                result.append(character)
            } else if !result.isEmpty, result.last != "-" {
                result.append("-")
            }
        }
        while result.last == "-" { result.removeLast() }
        return result
    }

    /// Lower case, Latin letters without their accents.
    static func folded(_ text: String) -> String {
        let lower = text.lowercased()
        if lower.utf8.allSatisfy({ $0 < 128 }) { return lower }
        var result = ""
        for character in lower {
            if let plain = plainLetters[character] { result += plain } else { result.append(character) }
        }
        return result
    }

    private static let plainLetters: [Character: String] = {
        let groups: [(String, String)] = [
            ("àáâãåāă", "a"), ("ä", "a"), ("æ", "ae"), ("çćč", "c"), ("ďđ", "d"), ("èéêëēęě", "e"),
            ("ğ", "g"), ("ìíîïī", "i"), ("ł", "l"), ("ñńň", "n"), ("òóôõøō", "o"), ("ö", "o"),
            ("œ", "oe"), ("řŕ", "r"), ("śšş", "s"), ("ß", "ss"), ("ťţ", "t"), ("ùúûūů", "u"),
            ("ü", "u"), ("ýÿ", "y"), ("źżž", "z"),
        ]
        var result: [Character: String] = [:]
        for (letters, plain) in groups {
            for letter in letters { result[letter] = plain }
        }
        return result
    }()

    /// Words to search by: folded runs of letters and digits.
    static func words(_ text: String, limit: Int = 10_000) -> [String] {
        var words: [String] = []
        var word = ""
        for character in folded(text) {
            if character.isLetter || character.isNumber {
                word.append(character)
            } else if !word.isEmpty {
                words.append(word)
                word = ""
                if words.count == limit { return words }
            }
        }
        if !word.isEmpty { words.append(word) }
        return words
    }
}
