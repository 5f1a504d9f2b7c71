import Glibc
import ModuleKit

/// Things that give light.
enum LightMotifs {
    private static let flame = "#ffd98a"
    private static let ember = "#f2a24a"
    private static let metal = [(0.0, "#6d4c17"), (0.3, "#d9b25f"), (0.55, "#b88a35"), (1.0, "#5b3d12")]

    private static func light(_ sketch: inout Sketch, _ x: Double, _ y: Double, _ radius: Double) {
        let glow = sketch.glow("#ffc66b", strength: 0.75)
        sketch.circle(x, y, radius, fill: glow)
    }

    /// A standing lantern of pierced panels.
    static func lantern(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        light(&sketch, 400, 430, 400)
        let brass = sketch.gradient(metal)
        let glass = sketch.gradient([(0, ember), (0.5, flame), (1, ember)])
        sketch.circle(400, 128, 34, stroke: "#c79b45", width: 9)
        sketch.path(
            Sketch.turned([(16, 160), (28, 176), (54, 200), (120, 258), (150, 286)], x: 400), fill: brass)
        sketch.rect(236, 284, 328, 24, radius: 6, fill: brass)
        sketch.path("M262 308L538 308L566 590L234 590z", fill: glass)
        let panels = 3
        let rows = 4 + random.below(2)
        let kind = random.below(3)
        for panel in 0..<panels {
            for row in 0..<rows {
                let y = 338 + Double(row) * (232 / Double(rows))
                let spread = 1 + (y - 308) / 282 * 0.16
                let x = 400 + (Double(panel) - 1) * 94 * spread
                switch kind {
                case 0: sketch.path(Sketch.star(x, y, 27, 12, points: 8), fill: palette.dark, opacity: 0.82)
                case 1: sketch.path(Sketch.diamond(x, y, 26, 26), fill: palette.main, opacity: 0.85)
                default: sketch.circle(x, y, 21, stroke: palette.dark, width: 8, opacity: 0.85)
                }
                sketch.circle(x, y, 7, fill: "#fff4cf")
            }
        }
        for x in [-0.5, 0.5] {
            sketch.line([Point(400 + x * 92, 308), Point(400 + x * 112, 590)], stroke: "#8a6423", width: 9)
        }
        sketch.curve("M262 308L234 590M538 308L566 590", stroke: "#a67c31", width: 12)
        sketch.path("M222 590H578L598 646H202z", fill: brass)
        sketch.rect(190, 644, 420, 20, radius: 8, fill: brass)
    }

    /// A hanging globe with holes in rings.
    static func pendant(_ sketch: inout Sketch, _ palette: Palette, isStar: Bool) {
        light(&sketch, 400, 440, 430)
        let brass = sketch.gradient(metal)
        sketch.line([Point(400, 0), Point(400, 196)], stroke: "#a67c31", width: 6)
        for y in stride(from: 20.0, to: 190, by: 22) {
            sketch.ellipse(400, y, 5, 10, stroke: "#d9b25f", width: 3)
        }
        sketch.path(Sketch.turned([(14, 190), (34, 214), (56, 236), (86, 252)], x: 400), fill: brass)
        let body =
            isStar
            ? Sketch.star(400, 440, 232, 150, points: 9)
            : Sketch.turned(
                [(84, 250), (162, 300), (206, 380), (212, 450), (180, 540), (112, 604), (40, 632)], x: 400)
        sketch.path(
            body, fill: sketch.gradient([(0, palette.dark), (0.42, palette.main), (1, palette.dark)]))
        sketch.clipped(to: body) { sketch in
            let rings = 8
            for ring in 0..<rings {
                let y = 285 + Double(ring) * 44
                let half = 215 * sqrt(max(0.02, 1 - pow((y - 440) / 210, 2)))
                let count = max(3, Int(half / 17))
                for index in 0..<count {
                    let angle = (Double(index) + (ring % 2 == 0 ? 0.5 : 0)) / Double(count) * .pi
                    let x = 400 - half * cos(angle)
                    let width = max(1.5, sin(angle) * 10)
                    if ring % 3 == 1 {
                        sketch.path(Sketch.diamond(x, y, width, 15), fill: flame)
                    } else {
                        sketch.ellipse(x, y, width * 0.75, 8.5, fill: ring % 3 == 0 ? "#fff0c2" : ember)
                    }
                }
            }
        }
        sketch.circle(400, 640, 15, fill: brass)
        sketch.path("M394 652L400 700L406 652z", fill: brass)
    }

    /// A lamp with a ceramic foot and a shade of cloth.
    static func tableLamp(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        light(&sketch, 400, 310, 400)
        let foot = sketch.gradient([
            (0, palette.dark), (0.4, palette.main), (0.62, palette.light), (1, palette.dark),
        ])
        let wide = 86.0 + Double(random.below(30))
        let profile: [(radius: Double, y: Double)] = [
            (16, 388), (18, 420), (wide * 0.6, 470), (wide, 540), (wide * 0.82, 600), (wide * 0.5, 642),
            (wide * 0.62, 664),
        ]
        let body = Sketch.turned(profile, x: 400)
        sketch.path(body, fill: foot)
        sketch.clipped(to: body) { sketch in
            for y in [496.0, 584] { sketch.rect(250, y, 300, 7, fill: palette.pale, opacity: 0.55) }
            for index in 0..<9 {
                sketch.path(
                    Sketch.diamond(280 + Double(index) * 30, 544, 13, 26), fill: palette.pale, opacity: 0.5)
            }
        }
        let cloth = sketch.gradient([(0, "#e9a554"), (0.5, "#ffe2a3"), (1, "#e2984a")])
        let top = 96.0 + Double(random.below(60))
        sketch.path(
            "M\(Int(400 - top)) 150L\(Int(400 + top)) 150L600 392Q400 414 200 392z", fill: cloth)
        for index in 1..<8 {
            let share = Double(index) / 8
            sketch.line(
                [Point(400 - top + 2 * top * share, 151), Point(200 + 400 * share, 398)], stroke: "#b8752e",
                width: 2, opacity: 0.35)
        }
        sketch.curve("M200 392Q400 414 600 392", stroke: palette.dark, width: 7, opacity: 0.7)
        sketch.line(
            [Point(400 - top, 150), Point(400 + top, 150)], stroke: palette.dark, width: 6, opacity: 0.7)
    }

    /// Candles of three heights.
    static func candle(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let places: [(x: Double, top: Double, width: Double)] = [
            (270, 400, 66), (404, 292, 74), (536, 450, 62),
        ]
        light(&sketch, 400, 280, 420)
        for place in places {
            let shift = Double(random.below(24))
            let top = place.top + shift
            let wax = sketch.gradient([(0, palette.light), (0.45, palette.pale), (1, palette.light)])
            let holder = sketch.gradient([(0, palette.dark), (0.4, palette.main), (1, palette.dark)])
            sketch.rect(place.x - place.width / 2, top, place.width, 640 - top, radius: 9, fill: wax)
            sketch.ellipse(place.x, top + 6, place.width / 2, 11, fill: "#fff6dd")
            sketch.line([Point(place.x, top + 6), Point(place.x, top - 18)], stroke: "#4a3524", width: 4)
            sketch.path(flameShape(place.x, top - 12, 1), fill: ember)
            sketch.path(flameShape(place.x, top - 14, 0.55), fill: "#fff3c4")
            sketch.path(
                Sketch.turned(
                    [
                        (place.width * 0.62, 566), (place.width * 0.74, 590), (place.width * 0.5, 620),
                        (place.width * 0.98, 660),
                    ], x: place.x),
                fill: holder)
        }
    }
    private static func flameShape(_ x: Double, _ y: Double, _ scale: Double) -> String {
        let n = Sketch.number
        return
            "M\(n(x)) \(n(y - 84 * scale))C\(n(x + 34 * scale)) \(n(y - 36 * scale)) \(n(x + 22 * scale)) \(n(y)) \(n(x)) \(n(y))C\(n(x - 22 * scale)) \(n(y)) \(n(x - 34 * scale)) \(n(y - 36 * scale)) \(n(x)) \(n(y - 84 * scale))z"
    }
}
