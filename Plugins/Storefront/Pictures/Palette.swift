/// The colours of one drawing.
struct Palette: Sendable {
    var wall: String
    var niche: String
    var table: String
    var main: String
    var dark: String
    var light: String
    var accent: String
    /// Cream, for glaze and thread.
    var pale = "#fbf4e6"
    /// What a cloth is covered with, if the words say: 1 stripes, 2 checks, 3 flowers; 0 nothing.
    var pattern = 0

    /// Words that name the palette in titles, tags and options.
    private static let named: [(words: [String], palette: Palette)] = [
        (
            ["indigo", "blue", "navy", "midnight", "denim"],
            Palette("#e5e8f0", "#d0d7e8", "#b9c1d8", "#3c5196", "#232f63", "#93a2d6", "#e2a54a")
        ),
        (
            ["saffron", "yellow", "honey", "amber", "mustard", "chamomile", "lemon", "turmeric"],
            Palette("#f8eed8", "#f2dfb5", "#e3c58e", "#d9992f", "#945d13", "#f5d38a", "#8f3514")
        ),
        (
            ["terracotta", "rust", "clay", "brick", "red", "paprika", "cinnamon", "harissa", "rooibos"],
            Palette("#f7e9de", "#eed5c2", "#dcb79e", "#b9592f", "#7a3417", "#e5a883", "#2f5d56")
        ),
        (
            ["sage", "green", "olive", "mint", "moss", "matcha", "za'atar", "verbena", "thyme"],
            Palette("#ebefe4", "#d8e1cc", "#bfccb0", "#73905f", "#435a37", "#b8cba4", "#c8763a")
        ),
        (
            ["black", "charcoal", "ink", "iron", "smoke", "smoked", "slate", "grey"],
            Palette("#eeece8", "#dedad3", "#c5bfb5", "#454343", "#232122", "#918c85", "#c98a3c")
        ),
        (
            ["rose", "pink", "blush", "hibiscus", "pomegranate", "peony"],
            Palette("#f8e8e5", "#f0d3ce", "#dfb7b1", "#b95f67", "#783440", "#e8acab", "#47645d")
        ),
        (
            ["sea", "teal", "turquoise", "aqua", "petrol", "lagoon", "rain"],
            Palette("#e2eeec", "#c9e0dd", "#accbc7", "#2f7d7a", "#194b4c", "#8ac2bc", "#e0a04c")
        ),
        (
            [
                "natural", "sand", "oat", "undyed", "ivory", "cream", "white", "bone",
            ], Palette("#f4eee2", "#e9decb", "#d6c7aa", "#c4a97f", "#80654a", "#ecdfc4", "#6b4a33")
        ),
        (
            ["plum", "aubergine", "violet", "fig", "lavender", "sumac", "mulberry"],
            Palette("#efe7ee", "#e0d1df", "#c8b3c7", "#774873", "#472746", "#ba95b7", "#d99a3d")
        ),
        (
            ["brass", "gold", "copper", "bronze", "hammered"],
            Palette("#f1eada", "#e5d8bb", "#cdba90", "#bb9039", "#745416", "#ecd18c", "#35525c")
        ),
    ]

    private static let naturalIndex = 7

    private init(
        _ wall: String, _ niche: String, _ table: String, _ main: String, _ dark: String, _ light: String,
        _ accent: String
    ) {
        self.wall = wall
        self.niche = niche
        self.table = table
        self.main = main
        self.dark = dark
        self.light = light
        self.accent = accent
    }

    /// By the first colour that the words name, else by the first material, else by the seed.
    static func choose(_ words: [String], seed: UInt64) -> Palette {
        let colours = words.map { $0 == "purple" ? "violet" : $0 }
        for word in colours {
            if let found = named.first(where: { $0.words.contains(word) }) { return found.palette }
        }
        if words.contains("olivewood") || words.contains("linen") { return named[naturalIndex].palette }
        return named[Int(seed % UInt64(named.count))].palette
    }

    /// The pattern that the words name.
    static func pattern(_ words: [String]) -> Int {
        for word in words {
            switch word {
            case "striped", "stripe", "stripes", "breton": return 1
            case "chequered", "checked", "plaid", "tartan", "flannel", "gingham": return 2
            case "floral", "flower", "printed", "kaleidoscope", "patterned": return 3
            default: continue
            }
        }
        return 0
    }

    /// The same things in the evening, for what gives light.
    var evening: Palette {
        var copy = self
        copy.wall = "#37313f"
        copy.niche = "#463d4c"
        copy.table = "#2a2430"
        return copy
    }
}
