/// Words of the published products, for finding them by whole words and beginnings of words.
///
/// Each word of the query must occur; a product's rank is the sum of the weights of the places where
/// its words were found. The same catalogue and query give the same order.
struct SearchIndex: Sendable {
    /// Where a word stands, and how much that counts.
    private enum Weight {
        static let title = 12
        static let tag = 6
        static let type = 4
        static let body = 1
    }
    private struct Posting: Sendable {
        var product: Int32
        var weight: Int32
    }
    private var terms: [String] = []
    private var postings: [[Posting]] = []

    /// Words of a query that count, and words of the catalogue that one beginning stands for at most.
    static let wordLimit = 8
    static let expansionLimit = 200

    init(_ products: [Product]) {
        var weights: [String: [Int32: Int32]] = [:]
        for (index, product) in products.enumerated() where product.isPublished {
            let place = Int32(truncatingIfNeeded: index)
            func add(_ text: String, _ weight: Int, limit: Int = 200) {
                for word in Slug.words(text, limit: limit) where word.utf8.count <= 64 {
                    let before = weights[word]?[place] ?? 0
                    weights[word, default: [:]][place] = max(before, Int32(truncatingIfNeeded: weight))
                }
            }
            add(product.title, Weight.title)
            for tag in product.tags { add(tag, Weight.tag) }
            add(product.type, Weight.type)
            add(product.vendor, Weight.body)
            for variant in product.variants { add(variant.title, Weight.body) }
            add(BodyText.plain(product.bodyHTML), Weight.body, limit: 500)
        }
        terms = weights.keys.sorted()
        postings = terms.map { term in
            (weights[term] ?? [:]).sorted { $0.key < $1.key }.map {
                Posting(product: $0.key, weight: $0.value)
            }
        }
    }

    /// How many words it knows.
    var termCount: Int { terms.count }

    /// Indices of products, best first, at most `limit`, and how many were found in all.
    func find(_ query: String, limit: Int) -> (products: [Int], total: Int) {
        let words = Slug.words(query, limit: Self.wordLimit)
        guard !words.isEmpty else { return ([], 0) }
        var scores: [Int32: Int32] = [:]
        for (number, word) in words.enumerated() {
            let matches = matches(word)
            if number == 0 {
                scores = matches
            } else {
                var both: [Int32: Int32] = [:]
                for (product, score) in scores {
                    if let more = matches[product] { both[product] = score + more }
                }
                scores = both
            }
            if scores.isEmpty { return ([], 0) }
        }
        let ranked = scores.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
        return (ranked.prefix(limit).map { Int($0.key) }, ranked.count)
    }

    /// The best weight for each product that has the word, or a word that begins with it.
    private func matches(_ word: String) -> [Int32: Int32] {
        var low = 0
        var high = terms.count
        while low < high {
            let middle = (low + high) / 2
            if terms[middle] < word { low = middle + 1 } else { high = middle }
        }
        var best: [Int32: Int32] = [:]
        for index in low..<min(terms.count, low + Self.expansionLimit) {
            guard terms[index].hasPrefix(word) else { break }
            // A whole word counts twice as much as its beginning.
            let factor: Int32 = terms[index] == word ? 2 : 1
            for posting in postings[index] {
                best[posting.product] = max(best[posting.product] ?? 0, posting.weight * factor)
            }
        }
        return best
    }
}
