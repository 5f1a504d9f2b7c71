import ModuleKit

/// Things that were turned on a wheel.
enum TurnedMotifs {
    typealias Profile = [(radius: Double, y: Double)]

    private static func shade(_ sketch: inout Sketch, _ palette: Palette) -> String {
        sketch.gradient([
            (0, palette.dark), (0.3, palette.main), (0.5, palette.light), (0.68, palette.main),
            (1, palette.dark),
        ])
    }

    /// A body with a glaze that has run down, and a painted band.
    private static func body(
        _ sketch: inout Sketch, _ palette: Palette, _ profile: Profile, x: Double = 400, glazeTo: Double,
        band: Double?, pattern: Int
    ) {
        let outline = Sketch.turned(profile, x: x)
        sketch.path(outline, fill: shade(&sketch, palette))
        let top = profile[0].y
        sketch.clipped(to: outline) { sketch in
            var edge = "M\(Int(x - 320)) \(Int(top - 20))L\(Int(x - 320)) \(Int(glazeTo))"
            for drop in 0..<8 {
                let from = x - 320 + Double(drop) * 80
                let depth = glazeTo + [26.0, 8, 34, 14][(drop + pattern) % 4]
                edge += "Q\(Int(from + 40)) \(Int(depth + 16)) \(Int(from + 80)) \(Int(glazeTo))"
            }
            sketch.path(edge + "L\(Int(x + 320)) \(Int(top - 20))z", fill: palette.pale, opacity: 0.86)
            if let band { bandOf(pattern, &sketch, palette, x: x, y: band) }
            sketch.path("M\(Int(x - 320)) \(Int(top - 20))h150v700h-150z", fill: "#000", opacity: 0.07)
            sketch.rect(x + 60, top - 20, 18, 700, fill: "#fff", opacity: 0.18)
        }
    }

    private static func bandOf(
        _ pattern: Int, _ sketch: inout Sketch, _ palette: Palette, x: Double, y: Double
    ) {
        sketch.rect(x - 300, y - 34, 600, 6, fill: palette.dark, opacity: 0.8)
        sketch.rect(x - 300, y + 28, 600, 6, fill: palette.dark, opacity: 0.8)
        for index in -8...8 {
            let at = x + Double(index) * 38
            switch pattern % 4 {
            case 0: sketch.path(Sketch.diamond(at, y, 16, 24), fill: palette.accent)
            case 1: sketch.path(Sketch.star(at, y, 20, 8, points: 4), fill: palette.dark)
            case 2:
                sketch.circle(at, y, 13, stroke: palette.accent, width: 5)
            default:
                sketch.line(
                    [Point(at - 19, y + 18), Point(at, y - 18), Point(at + 19, y + 18)], stroke: palette.dark,
                    width: 6)
            }
        }
    }

    static func vase(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let shapes: [Profile] = [
            [(58, 236), (46, 262), (52, 310), (118, 390), (148, 480), (126, 580), (84, 664)],
            [(86, 250), (62, 280), (94, 340), (164, 430), (152, 540), (96, 620), (100, 664)],
            [(44, 220), (40, 330), (66, 400), (130, 480), (138, 570), (98, 664)],
        ]
        let profile = shapes[random.below(3)]
        let pattern = random.below(4)
        // Branches first: they stand in it.
        for (index, lean) in [-1.0, 0.15, 1.1].enumerated() {
            let tip = Point(400 + lean * 120, 76 + Double(index % 2) * 44)
            let n = Sketch.number
            sketch.curve(
                "M400 260Q\(n(400 + lean * 30)) 170 \(n(tip.x)) \(n(tip.y))", stroke: "#6c5b3e", width: 5)
            for leaf in 0..<6 {
                let share = 0.25 + Double(leaf) * 0.14
                let at = Point(
                    400 + lean * 120 * share * share + lean * 30 * share * (1 - share),
                    260 + (tip.y - 260) * share)
                let side = leaf % 2 == 0 ? 1.0 : -1.0
                sketch.group(x: at.x, y: at.y, turn: side * 52 + lean * 20) { sketch in
                    sketch.path("M0 0Q13 -24 0 -50Q-13 -24 0 0z", fill: leaf % 3 == 0 ? "#93a27a" : "#6f8560")
                }
            }
        }
        body(&sketch, palette, profile, glazeTo: 372, band: 500, pattern: pattern)
        sketch.ellipse(400, profile[0].y + 2, profile[0].radius, 10, fill: palette.dark)
    }

    static func bowl(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let pattern = random.below(4)
        let deep = Double(random.below(50))
        body(
            &sketch, palette, [(240, 450 - deep), (232, 510 - deep), (176, 600), (92, 644), (96, 666)],
            glazeTo: 496 - deep, band: 552 - deep / 2, pattern: pattern)
        sketch.ellipse(400, 452 - deep, 240, 40, fill: palette.pale)
        sketch.ellipse(400, 460 - deep, 216, 30, fill: palette.main)
        sketch.ellipse(400, 468 - deep, 180, 20, fill: palette.dark, opacity: 0.45)
    }

    static func plate(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        sketch.circle(412, 422, 276, fill: palette.dark, opacity: 0.18)
        sketch.circle(400, 405, 276, fill: palette.pale)
        sketch.circle(400, 405, 262, stroke: palette.main, width: 8)
        let petals = 12 + random.below(3) * 4
        for index in 0..<petals {
            sketch.group(x: 400, y: 405, turn: Double(index) * 360 / Double(petals)) { sketch in
                sketch.path(
                    "M0 -250Q26 -220 0 -186Q-26 -220 0 -250z",
                    fill: index % 2 == 0 ? palette.main : palette.accent)
            }
        }
        sketch.circle(400, 405, 176, stroke: palette.dark, width: 5)
        sketch.path(Sketch.star(400, 405, 158, 92, points: 8), fill: palette.main)
        sketch.path(Sketch.star(400, 405, 104, 60, points: 8, turn: 0.39), fill: palette.pale)
        sketch.path(Sketch.star(400, 405, 64, 36, points: 8), fill: palette.accent)
        sketch.circle(400, 405, 15, fill: palette.dark)
    }

    static func cup(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let hasHandle = random.below(2) == 0
        let pattern = random.below(4)
        for (x, y) in [(288.0, 0.0), (520, 0)] {
            if hasHandle {
                sketch.curve(
                    "M\(Int(x + 86)) \(Int(500 + y))q70 -6 66 54t-84 48", stroke: palette.main, width: 20)
            }
            body(
                &sketch, palette,
                [(102, 440 + y), (104, 500 + y), (94, 580 + y), (66, 644 + y), (70, 664 + y)], x: x,
                glazeTo: 490 + y, band: 560 + y, pattern: pattern)
            sketch.ellipse(x, 442 + y, 102, 17, fill: palette.pale)
            sketch.ellipse(x, 446 + y, 88, 12, fill: palette.dark, opacity: 0.75)
        }
        for (index, x) in [288.0, 520].enumerated() {
            sketch.curve(
                "M\(Int(x)) 412q\(index == 0 ? -26 : 26) -38 0 -72t0 -78", stroke: "#fff", width: 7,
                opacity: 0.55)
        }
    }

    static func jug(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let pattern = random.below(4)
        sketch.curve("M470 296Q620 270 606 410T508 560", stroke: palette.main, width: 28)
        body(
            &sketch, palette,
            [(78, 230), (64, 290), (92, 380), (146, 490), (140, 580), (98, 648), (104, 666)], glazeTo: 350,
            band: 500, pattern: pattern)
        sketch.path("M324 232Q296 214 284 240Q312 262 330 292z", fill: palette.pale)
        sketch.ellipse(400, 232, 78, 13, fill: palette.dark)
    }

    static func teapot(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let pattern = random.below(4)
        sketch.curve("M536 420Q664 392 656 510T538 602", stroke: palette.dark, width: 24)
        sketch.path(
            "M270 540Q188 520 178 430Q172 396 136 384L120 402Q146 430 150 476Q162 590 282 614z",
            fill: palette.main)
        body(
            &sketch, palette, [(96, 372), (152, 430), (176, 510), (150, 600), (100, 650), (106, 668)],
            glazeTo: 440, band: 530, pattern: pattern)
        sketch.path(
            Sketch.turned([(10, 296), (22, 310), (14, 326), (60, 344), (100, 376)], x: 400),
            fill: shade(&sketch, palette))
        sketch.rect(296, 370, 208, 9, radius: 4, fill: palette.dark)
        sketch.curve("M124 366q-22 -34 2 -66t2 -64", stroke: "#fff", width: 7, opacity: 0.6)
    }

    static func bottle(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let wide = 92 + Double(random.below(20))
        let glass = sketch.gradient([
            (0, palette.dark), (0.35, palette.main), (0.55, palette.light), (1, palette.dark),
        ])
        let outline = Sketch.turned(
            [(30, 190), (30, 292), (wide * 0.8, 364), (wide, 420), (wide, 600), (wide * 0.94, 660)], x: 400)
        sketch.path(outline, fill: glass, opacity: 0.94)
        sketch.rect(372, 138, 56, 62, radius: 9, fill: "#a97f55")
        sketch.rect(400 - wide, 440, wide * 2, 150, fill: palette.pale)
        sketch.rect(400 - wide, 452, wide * 2, 4, fill: palette.accent)
        sketch.rect(400 - wide, 574, wide * 2, 4, fill: palette.accent)
        leaf(&sketch, palette, 400, 515)
        sketch.rect(400 - wide + 20, 380, 12, 270, radius: 6, fill: "#fff", opacity: 0.22)
    }

    /// A sprig, as on labels.
    static func leaf(_ sketch: inout Sketch, _ palette: Palette, _ x: Double, _ y: Double) {
        sketch.line([Point(x, y + 46), Point(x, y - 34)], stroke: palette.dark, width: 4)
        for index in 0..<4 {
            for side in [-1.0, 1] {
                sketch.group(x: x, y: y + 32 - Double(index) * 20, turn: side * 58) { sketch in
                    sketch.path(
                        "M0 0Q9 -17 0 -36Q-9 -17 0 0z", fill: index == 3 ? palette.accent : palette.main)
                }
            }
        }
        sketch.path("M\(Int(x)) \(Int(y - 28))q10 -18 0 -38q-10 20 0 38z", fill: palette.accent)
    }

    static func mortar(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        sketch.group(x: 470, y: 420, turn: 24 + Double(random.below(8))) { sketch in
            sketch.path(
                Sketch.turned([(26, -230), (34, -200), (20, -150), (22, 20), (40, 60)], x: 0),
                fill: palette.main)
        }
        body(
            &sketch, palette, [(176, 430), (170, 500), (120, 574), (70, 606), (84, 640), (138, 666)],
            glazeTo: 440, band: 500, pattern: random.below(4))
        sketch.ellipse(400, 432, 176, 26, fill: palette.dark)
        for index in 0..<26 {
            sketch.circle(
                290 + Double(random.below(210)), 424 + Double(index % 5) * 4, 5,
                fill: index % 2 == 0 ? palette.accent : palette.light)
        }
    }
}
