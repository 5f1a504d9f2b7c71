import ModuleKit

/// Things to wear and to carry.
enum WornMotifs {
    private static func hanger(_ sketch: inout Sketch) {
        sketch.curve("M400 168q34 -16 22 -46t-44 -12", stroke: "#8a6a45", width: 8)
        sketch.line([Point(262, 240), Point(400, 168), Point(538, 240)], stroke: "#a98155", width: 13)
    }

    /// The cloth: plain, striped, checked or strewn with small stars.
    private static func cloth(_ sketch: inout Sketch, _ palette: Palette, _ kind: Int) {
        switch kind {
        case 1:
            for index in 0..<14 {
                sketch.rect(150, 190 + Double(index) * 38, 520, 12, fill: palette.pale, opacity: 0.8)
            }
        case 2:
            for index in 0..<14 {
                sketch.rect(150, 190 + Double(index) * 44, 520, 16, fill: palette.dark, opacity: 0.4)
                sketch.rect(150 + Double(index) * 44, 180, 16, 520, fill: palette.dark, opacity: 0.4)
            }
        case 3:
            for row in 0..<10 {
                for column in 0..<9 {
                    sketch.path(
                        Sketch.star(
                            180 + Double(column) * 56 + Double(row % 2) * 28, 220 + Double(row) * 50, 12, 5,
                            points: 6), fill: (row + column) % 2 == 0 ? palette.pale : palette.accent)
                }
            }
        default: break
        }
    }

    static func shirt(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        hanger(&sketch)
        let shape =
            "M330 206Q400 250 470 206L560 240Q610 300 640 420L556 446L538 380L546 660Q400 682 254 660L262 380L244 446L160 420Q190 300 240 240z"
        sketch.path(shape, fill: palette.main)
        let kind = palette.pattern
        sketch.clipped(to: shape) { sketch in
            cloth(&sketch, palette, kind)
            sketch.path("M160 600Q400 700 640 600V700H160z", fill: "#000", opacity: 0.08)
        }
        sketch.curve("M330 206Q400 250 470 206", stroke: palette.dark, width: 9)
        sketch.line([Point(400, 234), Point(400, 664)], stroke: palette.dark, width: 4, opacity: 0.6)
        for index in 0..<6 {
            sketch.circle(
                400, 278 + Double(index) * 66, 8, fill: palette.pale, stroke: palette.dark, width: 2)
        }
    }

    static func jacket(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        hanger(&sketch)
        let shape =
            "M322 204L478 204L572 244Q630 320 662 560L578 580L548 400L556 640H244L252 400L222 580L138 560Q170 320 228 244z"
        sketch.path(shape, fill: palette.main)
        let kind = palette.pattern
        sketch.clipped(to: shape) { cloth(&$0, palette, kind) }
        sketch.path("M322 204L400 372L478 204L506 224L420 420V640H380V420L294 224z", fill: palette.dark)
        sketch.line([Point(400, 380), Point(400, 640)], stroke: palette.light, width: 5)
        for x in [284.0, 456] { sketch.rect(x, 520, 62, 9, radius: 4, fill: palette.dark) }
        sketch.rect(244, 622, 312, 18, fill: palette.dark)
        for index in 0..<4 { sketch.circle(422, 440 + Double(index) * 52, 7, fill: palette.light) }
    }

    static func bag(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        sketch.curve("M290 400Q292 196 400 194T510 400", stroke: palette.dark, width: 20)
        let shape = "M226 366H574L604 640Q604 664 580 664H220Q196 664 196 640z"
        sketch.path(shape, fill: palette.main)
        let kind = palette.pattern
        sketch.clipped(to: shape) { sketch in
            sketch.group(x: 0, y: 120) { cloth(&$0, palette, kind) }
        }
        sketch.path("M226 366H574L582 452Q400 516 218 452z", fill: palette.dark)
        sketch.rect(376, 446, 48, 56, radius: 9, fill: palette.accent)
        sketch.circle(400, 470, 8, fill: palette.dark)
    }

    static func shoe(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let lift = Double(random.below(12))
        sketch.path(
            "M204 330L342 \(Int(310 - lift))L372 440Q470 486 580 520Q632 540 632 612H190Q176 470 204 330z",
            fill: palette.main)
        sketch.path("M190 596H640V636Q640 664 612 664H206Q186 664 186 636z", fill: palette.pale)
        sketch.rect(186, 622, 454, 9, fill: palette.accent)
        sketch.path("M500 490Q600 512 632 596H540Q540 530 500 490z", fill: palette.dark)
        for index in 0..<5 {
            let at = 352 + Double(index) * 28
            sketch.line(
                [Point(300 + Double(index) * 22, at), Point(366 + Double(index) * 20, at + 8)],
                stroke: palette.pale, width: 9)
        }
        sketch.circle(262, 420, 34, stroke: palette.pale, width: 8)
        sketch.path(Sketch.star(262, 420, 20, 9, points: 5), fill: palette.pale)
    }
}
