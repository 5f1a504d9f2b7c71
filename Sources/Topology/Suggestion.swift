/// Finds the name that was probably meant.
enum Suggestion {
    /// Longer names are not compared, and only the first candidates are: both bound the work that one
    /// mistake can cause.
    private static let longest = 48
    private static let candidates = 256

    /// The nearest candidate by Damerau–Levenshtein distance (optimal string alignment), if it is near
    /// enough: one edit in three characters. The first of several that are equally near.
    static func closest(to name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.unicodeScalars.prefix(longest + 1))
        guard !wanted.isEmpty, wanted.count <= longest else { return nil }
        var best: String?
        var bound = max(1, wanted.count / 3) + 1
        for candidate in candidates.prefix(Self.candidates) {
            let other = Array(candidate.unicodeScalars.prefix(longest + 1))
            guard other.count <= longest, abs(other.count - wanted.count) < bound, candidate != name else {
                continue
            }
            let distance = distance(wanted, other)
            if distance < bound {
                best = candidate
                bound = distance
            }
        }
        return best
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one into the other. Letters
    /// that differ only by case cost nothing, and `_` is as good as `-`.
    static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        let left = left.map(fold)
        let right = right.map(fold)
        var beforePrevious = [Int](repeating: 0, count: right.count + 1)
        var previous = Array(0...right.count)
        for row in 1...max(left.count, 1) where row <= left.count {
            var current = [Int](repeating: row, count: right.count + 1)
            for column in 1...max(right.count, 1) where column <= right.count {
                let cost = left[row - 1] == right[column - 1] ? 0 : 1
                var least = min(
                    previous[column] + 1, current[column - 1] + 1, previous[column - 1] + cost)
                if row > 1 && column > 1 && left[row - 1] == right[column - 2]
                    && left[row - 2] == right[column - 1]
                {
                    least = min(least, beforePrevious[column - 2] + 1)
                }
                current[column] = least
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
    private static func fold(_ scalar: Unicode.Scalar) -> UInt32 {
        switch scalar {
        case "A"..."Z": scalar.value + 32
        case "_": 45
        default: scalar.value
        }
    }
}
