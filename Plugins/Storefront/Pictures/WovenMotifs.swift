import ModuleKit

/// Things that were woven, knotted or laid in patterns.
enum WovenMotifs {
    /// A rug, hung to be looked at, with its fringe.
    static func rug(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        sketch.group(x: -52, y: -45, scale: 1.13) { rugItself(&$0, palette, &random) }
    }
    private static func rugItself(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let (x, y, width, height) = (205.0, 110.0, 390.0, 570.0)
        sketch.rect(x + 12, y + 16, width, height, fill: palette.dark, opacity: 0.18)
        for index in 0..<40 {
            let at = x + 5 + Double(index) * (width - 10) / 39
            sketch.line([Point(at, y), Point(at, y - 24)], stroke: palette.pale, width: 3.5)
            sketch.line(
                [Point(at, y + height), Point(at, y + height + 24)], stroke: palette.pale, width: 3.5)
        }
        sketch.rect(x, y, width, height, fill: palette.main)
        sketch.rect(x + 16, y + 16, width - 32, height - 32, fill: palette.pale)
        sketch.rect(x + 24, y + 24, width - 48, height - 48, fill: palette.dark)
        // Small triangles along the border.
        for index in 0..<13 {
            let at = y + 42 + Double(index) * (height - 84) / 12
            for side in [x + 41, x + width - 41] {
                sketch.path(
                    Sketch.diamond(side, at, 11, 15), fill: index % 2 == 0 ? palette.accent : palette.light)
            }
        }
        let inner = (x: x + 60, y: y + 44, width: width - 120, height: height - 88)
        sketch.rect(inner.x, inner.y, inner.width, inner.height, fill: palette.main)
        let frame =
            "M\(Int(inner.x)) \(Int(inner.y))h\(Int(inner.width))v\(Int(inner.height))h-\(Int(inner.width))z"
        let kind = random.below(4)
        sketch.clipped(to: frame) { sketch in
            switch kind {
            case 0: medallions(&sketch, palette)
            case 1: zigzags(&sketch, palette)
            case 2: stars(&sketch, palette)
            default: lattice(&sketch, palette)
            }
        }
    }

    private static func medallions(_ sketch: inout Sketch, _ palette: Palette) {
        for (index, y) in [212.0, 395, 578].enumerated() {
            let colours = [
                palette.dark, palette.pale, index == 1 ? palette.accent : palette.light, palette.dark,
                palette.pale,
            ]
            for (ring, colour) in colours.enumerated() {
                let size = 118 - Double(ring) * 24
                sketch.path(Sketch.diamond(400, y, size, size * 0.86), fill: colour)
            }
            for x in [288.0, 512] { sketch.path(Sketch.diamond(x, y - 92, 20, 26), fill: palette.light) }
        }
    }
    private static func zigzags(_ sketch: inout Sketch, _ palette: Palette) {
        let colours = [palette.pale, palette.dark, palette.accent, palette.light]
        for row in 0..<15 {
            let y = 150 + Double(row) * 36
            let points = (0...10).map { Point(260 + Double($0) * 28, y + ($0 % 2 == 0 ? 26 : -2)) }
            sketch.line(points, stroke: colours[row % 4], width: row % 4 == 0 ? 12 : 8)
        }
    }
    private static func stars(_ sketch: inout Sketch, _ palette: Palette) {
        for row in 0..<6 {
            for column in 0..<3 {
                let (x, y) = (310 + Double(column) * 90, 198 + Double(row) * 79)
                let isOdd = (row + column) % 2 == 1
                sketch.path(Sketch.star(x, y, 40, 22, points: 8), fill: isOdd ? palette.pale : palette.dark)
                sketch.path(
                    Sketch.star(x, y, 18, 10, points: 8), fill: isOdd ? palette.accent : palette.light)
            }
        }
    }
    private static func lattice(_ sketch: inout Sketch, _ palette: Palette) {
        sketch.rect(260, 150, 280, 500, fill: palette.pale)
        for index in -8..<14 {
            let at = 150 + Double(index) * 62
            sketch.line([Point(255, at), Point(545, at + 290)], stroke: palette.dark, width: 7)
            sketch.line([Point(545, at), Point(255, at + 290)], stroke: palette.dark, width: 7)
        }
        for row in 0..<9 {
            for column in 0..<5 where (row + column) % 2 == 0 {
                sketch.circle(276 + Double(column) * 62, 149 + Double(row) * 62, 8, fill: palette.accent)
            }
        }
    }

    /// A square cushion with tassels.
    static func cushion(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let shape = "M200 250Q400 224 600 250Q628 450 600 652Q400 676 200 652Q172 450 200 250z"
        let cloth = sketch.gradient(
            [(0, palette.main), (0.35, palette.main), (1, palette.dark)], downwards: true)
        sketch.path(shape, fill: cloth)
        let kind = random.below(3)
        sketch.clipped(to: shape) { sketch in
            switch kind {
            case 0:
                for index in 0..<9 {
                    let at = 262 + Double(index) * 48
                    sketch.curve(
                        "M160 \(Int(at))Q400 \(Int(at - 18)) 640 \(Int(at))",
                        stroke: index % 3 == 1 ? palette.accent : palette.pale,
                        width: index % 3 == 1 ? 16 : 6, opacity: 0.9)
                }
            case 1:
                for ring in 0..<5 {
                    let size = 190 - Double(ring) * 38
                    sketch.path(
                        Sketch.diamond(400, 450, size, size),
                        fill: [palette.pale, palette.dark, palette.light, palette.accent, palette.pale][ring])
                }
            default:
                for row in 0..<6 {
                    for column in 0..<6 {
                        sketch.path(
                            Sketch.star(230 + Double(column) * 68, 284 + Double(row) * 68, 24, 10, points: 4),
                            fill: (row + column) % 2 == 0 ? palette.pale : palette.light)
                    }
                }
            }
            sketch.path("M172 600Q400 640 628 600V690H172z", fill: "#000", opacity: 0.1)
        }
        for corner in [Point(200, 250), Point(600, 250), Point(600, 652), Point(200, 652)] {
            sketch.circle(corner.x, corner.y, 13, fill: palette.accent)
            let out = corner.x < 400 ? -1.0 : 1.0
            for strand in 0..<5 {
                sketch.line(
                    [
                        corner,
                        Point(corner.x + out * (14 + Double(strand) * 7), corner.y + 48 - Double(strand) * 5),
                    ], stroke: palette.accent, width: 4)
            }
        }
    }

    /// Folded blankets in a pile.
    static func blanket(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let colours = [palette.pale, palette.main, palette.light, palette.dark]
        let start = random.below(4)
        for layer in 0..<4 {
            let y = 574 - Double(layer) * 96
            let wide = 386 - Double(layer % 2) * 26
            let x = 400 - wide / 2
            let colour = colours[(start + layer) % 4]
            let stripe = colours[(start + layer + 2) % 4]
            let shape =
                "M\(Int(x)) \(Int(y))h\(Int(wide) - 40)q44 0 44 46t-44 46h-\(Int(wide) - 40)q14 -46 0 -92z"
            sketch.path(shape, fill: colour)
            sketch.clipped(to: shape) { sketch in
                for band in 0..<3 {
                    sketch.rect(x + 34 + Double(band) * 22, y, band == 1 ? 12 : 5, 92, fill: stripe)
                }
                sketch.rect(x, y + 70, wide + 10, 24, fill: "#000", opacity: 0.08)
                sketch.rect(x, y + 44, wide + 10, 3, fill: "#000", opacity: 0.12)
            }
            for strand in 0..<9 {
                let at = y + 8 + Double(strand) * 9.5
                sketch.line([Point(x + 2, at), Point(x - 28, at + 6)], stroke: colour, width: 4)
            }
        }
    }

    /// A length of cloth over a rail.
    static func towel(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        sketch.rect(120, 158, 560, 16, radius: 8, fill: palette.dark)
        sketch.circle(122, 166, 17, fill: palette.dark)
        sketch.circle(678, 166, 17, fill: palette.dark)
        let shape = "M246 150Q400 134 554 150L566 640Q400 656 234 640z"
        sketch.path(shape, fill: palette.pale)
        let bands = 3 + random.below(3)
        sketch.clipped(to: shape) { sketch in
            for band in 0..<bands {
                let height = 20 + Double((bands - band) % 3) * 18
                let y = 600 - Double(band) * 78
                sketch.curve(
                    "M200 \(Int(y))Q400 \(Int(y + 12)) 600 \(Int(y))",
                    stroke: band % 2 == 0 ? palette.main : palette.accent, width: height)
            }
            sketch.curve("M200 236Q400 246 600 236", stroke: palette.main, width: 26)
            sketch.curve("M200 274Q400 284 600 274", stroke: palette.light, width: 8)
            for fold in [302.0, 398, 492] {
                sketch.path(
                    "M\(Int(fold)) 140L\(Int(fold + 16)) 140L\(Int(fold + 26)) 660L\(Int(fold - 8)) 660z",
                    fill: "#000", opacity: 0.05)
            }
        }
        for strand in 0..<28 {
            let x = 240 + Double(strand) * 11.9
            sketch.line(
                [Point(x, 644), Point(x + (strand % 2 == 0 ? 3 : -3), 694)],
                stroke: strand % 4 == 0 ? palette.main : palette.pale, width: 5)
        }
    }

    /// A wall of tiles, for whatever has no drawing of its own.
    static func tiles(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let shift = random.below(2)
        for row in 0..<4 {
            for column in 0..<4 {
                let (x, y) = (130 + Double(column) * 180, 130 + Double(row) * 180)
                sketch.rect(
                    x - 86, y - 86, 172, 172, radius: 6,
                    fill: (row + column + shift) % 2 == 0 ? palette.main : palette.pale)
                sketch.path(
                    Sketch.star(x, y, 74, 44, points: 8),
                    fill: (row + column + shift) % 2 == 0 ? palette.pale : palette.main)
                sketch.path(Sketch.star(x, y, 38, 24, points: 8), fill: palette.accent)
                sketch.circle(x, y, 11, fill: palette.dark)
            }
        }
    }
}
