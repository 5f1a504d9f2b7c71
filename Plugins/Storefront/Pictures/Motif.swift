import ModuleKit

/// What a drawing shows.
enum Motif: Sendable, CaseIterable {
    case lantern, pendant, starPendant, tableLamp, candle
    case rug, cushion, blanket, towel
    case vase, bowl, plate, cup, jug, teapot, bottle, mortar
    case tin, jar, soap, incense, board, basket, tray
    case shirt, jacket, bag, shoe, tiles

    /// Words of titles (first) and types (then) and what they stand for.
    private static let words: [(word: String, motif: Motif)] = [
        ("star", .starPendant), ("pendant", .pendant), ("chandelier", .pendant), ("table lamp", .tableLamp),
        ("desk lamp", .tableLamp), ("floor lamp", .tableLamp), ("sconce", .lantern), ("lantern", .lantern),
        ("candlestick", .candle), ("candle", .candle), ("tealight", .candle), ("lamp", .tableLamp),
        ("rug", .rug), ("kilim", .rug), ("runner", .rug), ("cushion", .cushion), ("pillow", .cushion),
        ("pouf", .cushion), ("throw", .blanket), ("blanket", .blanket), ("bedspread", .blanket),
        ("tablecloth", .blanket), ("towel", .towel), ("napkin", .towel), ("scarf", .towel), ("shawl", .towel),
        ("curtain", .towel), ("teapot", .teapot), ("kettle", .teapot), ("coffee pot", .teapot),
        ("vase", .vase), ("planter", .vase), ("bowl", .bowl), ("tagine", .bowl), ("plate", .plate),
        ("platter", .plate), ("cup", .cup), ("mug", .cup), ("beaker", .cup), ("glass", .cup),
        ("tumbler", .cup), ("jug", .jug), ("pitcher", .jug), ("carafe", .jug), ("ewer", .jug),
        ("bottle", .bottle), ("oil", .bottle), ("water", .bottle), ("syrup", .bottle), ("perfume", .bottle),
        ("mortar", .mortar), ("grinder", .mortar), ("soap", .soap), ("incense", .incense),
        ("burner", .incense), ("board", .board), ("spoon", .board), ("basket", .basket), ("tote", .bag),
        ("tray", .tray), ("mirror", .tray), ("tin", .tin), ("box", .tin), ("jar", .jar), ("honey", .jar),
        ("harissa", .jar), ("salt", .jar), ("spice", .jar), ("tea", .tin), ("infusion", .tin),
        ("coffee", .tin), ("shirt", .shirt), ("blouse", .shirt), ("tee", .shirt), ("jacket", .jacket),
        ("jumper", .jacket), ("coat", .jacket), ("tuxedo", .jacket), ("sweater", .jacket), ("bag", .bag),
        ("shoe", .shoe), ("high tops", .shoe), ("sneaker", .shoe), ("boot", .shoe), ("top", .shirt),
        ("skirt", .shirt), ("dress", .shirt),
        ("lamps", .lantern), ("rugs", .rug), ("ceramics", .vase), ("textiles", .blanket),
        ("kitchen", .board), ("scent", .incense),
    ]

    init(_ product: Product) {
        let title = " " + Slug.words(product.title).joined(separator: " ") + " "
        let type = " " + Slug.words(product.type).joined(separator: " ") + " "
        for text in [title, type] {
            for entry in Self.words
            where text.contains(" " + entry.word + " ") || text.contains(" " + entry.word + "s ") {
                self = entry.motif
                return
            }
        }
        self = .tiles
    }

    /// Whether it gives light, and is drawn in the evening.
    var glows: Bool {
        self == .lantern || self == .pendant || self == .starPendant || self == .tableLamp || self == .candle
    }
    /// Whether it stands on the table.
    var stands: Bool {
        switch self {
        case .pendant, .starPendant, .rug, .towel, .plate, .tray, .shirt, .jacket, .tiles: false
        default: true
        }
    }

    func draw(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        switch self {
        case .lantern: LightMotifs.lantern(&sketch, palette, &random)
        case .pendant: LightMotifs.pendant(&sketch, palette, isStar: false)
        case .starPendant: LightMotifs.pendant(&sketch, palette, isStar: true)
        case .tableLamp: LightMotifs.tableLamp(&sketch, palette, &random)
        case .candle: LightMotifs.candle(&sketch, palette, &random)
        case .rug: WovenMotifs.rug(&sketch, palette, &random)
        case .cushion: WovenMotifs.cushion(&sketch, palette, &random)
        case .blanket: WovenMotifs.blanket(&sketch, palette, &random)
        case .towel: WovenMotifs.towel(&sketch, palette, &random)
        case .vase: TurnedMotifs.vase(&sketch, palette, &random)
        case .bowl: TurnedMotifs.bowl(&sketch, palette, &random)
        case .plate: TurnedMotifs.plate(&sketch, palette, &random)
        case .cup: TurnedMotifs.cup(&sketch, palette, &random)
        case .jug: TurnedMotifs.jug(&sketch, palette, &random)
        case .teapot: TurnedMotifs.teapot(&sketch, palette, &random)
        case .bottle: TurnedMotifs.bottle(&sketch, palette, &random)
        case .mortar: TurnedMotifs.mortar(&sketch, palette, &random)
        case .tin: PantryMotifs.tin(&sketch, palette, &random)
        case .jar: PantryMotifs.jar(&sketch, palette, &random)
        case .soap: PantryMotifs.soap(&sketch, palette, &random)
        case .incense: PantryMotifs.incense(&sketch, palette, &random)
        case .board: PantryMotifs.board(&sketch, palette, &random)
        case .basket: PantryMotifs.basket(&sketch, palette, &random)
        case .tray: PantryMotifs.tray(&sketch, palette, &random)
        case .shirt: WornMotifs.shirt(&sketch, palette, &random)
        case .jacket: WornMotifs.jacket(&sketch, palette, &random)
        case .bag: WornMotifs.bag(&sketch, palette, &random)
        case .shoe: WornMotifs.shoe(&sketch, palette, &random)
        case .tiles: WovenMotifs.tiles(&sketch, palette, &random)
        }
    }
}
