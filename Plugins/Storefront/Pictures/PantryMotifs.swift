import Glibc
import ModuleKit

/// Things of the pantry and the house.
enum PantryMotifs {
    static func tin(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let lacquer = sketch.gradient([
            (0, palette.dark), (0.22, palette.main), (0.8, palette.main), (1, palette.dark),
        ])
        sketch.rect(256, 262, 288, 400, radius: 14, fill: lacquer)
        sketch.rect(246, 218, 308, 76, radius: 12, fill: palette.dark)
        sketch.rect(246, 280, 308, 8, fill: palette.light, opacity: 0.6)
        let shape = random.below(3)
        switch shape {
        case 0: sketch.path(Sketch.arch(400, 600, 190, 268), fill: palette.pale)
        case 1: sketch.ellipse(400, 470, 104, 134, fill: palette.pale)
        default: sketch.path(Sketch.star(400, 470, 136, 112, points: 8), fill: palette.pale)
        }
        TurnedMotifs.leaf(&sketch, palette, 400, 480)
        for index in 0..<9 {
            sketch.path(Sketch.diamond(276 + Double(index) * 31, 636, 9, 12), fill: palette.accent)
            sketch.path(Sketch.diamond(276 + Double(index) * 31, 316, 9, 12), fill: palette.accent)
        }
        sketch.rect(276, 300, 14, 350, radius: 7, fill: "#fff", opacity: 0.16)
        // A few leaves beside it.
        for index in 0..<7 {
            sketch.group(
                x: 582 + Double(random.below(90)), y: 656 + Double(index % 3) * 9,
                turn: Double(random.below(180))
            ) { sketch in
                sketch.path(
                    "M0 0Q8 -13 0 -28Q-8 -13 0 0z", fill: index % 3 == 0 ? palette.accent : palette.dark)
            }
        }
    }

    static func jar(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let level = 372 + Double(random.below(40))
        let outline = Sketch.turned([(122, 296), (150, 340), (160, 420), (160, 580), (144, 662)], x: 400)
        sketch.path(outline, fill: "#ffffff", opacity: 0.55)
        sketch.clipped(to: outline) { sketch in
            let content = sketch.gradient([(0, palette.dark), (0.35, palette.main), (1, palette.dark)])
            sketch.rect(220, level, 360, 320, fill: content)
            sketch.ellipse(400, level, 168, 20, fill: palette.light)
            for index in 0..<44 {
                sketch.circle(
                    250 + Double(random.below(300)), level + 20 + Double(index) * 6, 4,
                    fill: index % 2 == 0 ? palette.light : palette.dark, opacity: 0.6)
            }
        }
        sketch.path(outline, stroke: palette.dark, width: 4, opacity: 0.4)
        sketch.path("M262 226Q400 196 538 226L556 304Q400 326 244 304z", fill: palette.accent)
        sketch.curve("M250 284Q400 306 550 284", stroke: palette.pale, width: 9)
        sketch.rect(292, 470, 216, 128, radius: 8, fill: palette.pale)
        sketch.rect(304, 482, 192, 104, radius: 4, stroke: palette.main, line: 3)
        TurnedMotifs.leaf(&sketch, palette, 400, 538)
        sketch.rect(262, 360, 14, 260, radius: 7, fill: "#fff", opacity: 0.4)
    }

    static func soap(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let colours = [palette.main, palette.light, palette.pale]
        let start = random.below(3)
        for layer in 0..<3 {
            let (x, y) = (226 + Double(layer) * 22 - Double(layer % 2) * 34, 556 - Double(layer) * 104)
            sketch.rect(x, y, 334, 104, radius: 16, fill: colours[(start + layer) % 3])
            sketch.rect(x, y + 78, 334, 26, radius: 12, fill: palette.dark, opacity: 0.14)
            sketch.rect(x + 92, y + 22, 150, 58, radius: 29, stroke: palette.dark, line: 4, opacity: 0.5)
            sketch.path(Sketch.star(x + 167, y + 51, 20, 9, points: 8), fill: palette.dark, opacity: 0.5)
        }
        sketch.line([Point(388, 346), Point(388, 660)], stroke: palette.accent, width: 6)
        sketch.curve("M388 346q-46 -46 -66 -14t66 14q46 -46 66 -14t-66 14", stroke: palette.accent, width: 6)
    }

    static func incense(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let brass = sketch.gradient([
            (0, palette.dark), (0.4, palette.light), (0.6, palette.main), (1, palette.dark),
        ])
        let lean = Double(random.below(30)) - 15
        sketch.curve(
            "M400 352q-60 -70 \(Int(lean)) -130t10 -130q-34 -40 6 -82", stroke: "#fff", width: 12,
            opacity: 0.5)
        sketch.curve("M416 352q50 -60 0 -110t6 -100", stroke: "#fff", width: 7, opacity: 0.4)
        sketch.path(
            Sketch.turned([(10, 350), (24, 364), (14, 382), (80, 424), (124, 482)], x: 400), fill: brass)
        for index in 0..<5 {
            sketch.path(Sketch.diamond(322 + Double(index) * 39, 452, 9, 15), fill: palette.dark)
        }
        sketch.rect(264, 480, 272, 14, radius: 7, fill: palette.dark)
        sketch.path(
            Sketch.turned([(134, 494), (138, 540), (96, 592), (34, 612), (40, 636), (104, 666)], x: 400),
            fill: brass)
        for index in 0..<7 {
            sketch.path(Sketch.star(306 + Double(index) * 31, 530, 12, 5, points: 4), fill: palette.pale)
        }
    }

    static func board(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let wood = sketch.gradient([(0, "#b98a56"), (0.4, "#d5ab76"), (1, "#a5763f")])
        let dark = sketch.gradient([(0, "#7c5331"), (0.5, "#9c6c42"), (1, "#6b4527")])
        sketch.group(x: 480, y: 400, turn: 7) { sketch in
            sketch.path(
                "M-110 -236Q0 -262 110 -236Q132 40 108 262Q0 274 -108 262Q-132 40 -110 -236z", fill: dark)
        }
        sketch.path(
            "M378 116Q372 96 400 94T424 116L430 196Q534 204 540 300V610Q536 660 480 664H322Q266 660 262 610V300Q268 204 372 196z",
            fill: wood)
        sketch.circle(401, 132, 13, fill: palette.wall)
        for index in 0..<7 {
            let x = 286 + Double(index) * 37
            let bend = Double(random.below(40)) - 20
            sketch.curve("M\(Int(x)) 250q\(Int(bend)) 180 4 380", stroke: "#7a5129", width: 3, opacity: 0.4)
        }
        sketch.ellipse(
            344 + Double(random.below(100)), 440, 17, 30, stroke: "#7a5129", width: 3, opacity: 0.45)
        for (x, y) in [(586.0, 636.0), (622, 652)] {
            sketch.circle(x, y, 27, fill: palette.main)
            sketch.circle(x - 8, y - 9, 7, fill: palette.light)
        }
    }

    static func basket(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        sketch.curve("M250 420Q262 196 400 192T550 420", stroke: "#8a6236", width: 22)
        let outline = "M212 410H588L540 640Q400 680 260 640z"
        sketch.path(outline, fill: "#c79a62")
        let shift = random.below(2)
        sketch.clipped(to: outline) { sketch in
            for row in 0..<9 {
                for column in 0..<14 {
                    let x = 206 + Double(column) * 29 + (row % 2 == 0 ? 0 : 14)
                    let y = 408 + Double(row) * 29
                    let isMarked = (row == 3 || row == 4) && (column + shift) % 2 == 0
                    sketch.rect(
                        x, y, 26, 18, radius: 8,
                        fill: isMarked ? palette.main : (row + column) % 2 == 0 ? "#dcb680" : "#b98a52")
                }
            }
        }
        sketch.rect(200, 396, 400, 28, radius: 14, fill: "#a5763f")
    }

    static func tray(_ sketch: inout Sketch, _ palette: Palette, _ random: inout Random) {
        let brass = sketch.gradient([
            (0, palette.dark), (0.3, palette.light), (0.55, palette.main), (0.8, palette.light),
            (1, palette.dark),
        ])
        sketch.circle(414, 424, 282, fill: palette.dark, opacity: 0.22)
        sketch.circle(400, 404, 282, fill: brass)
        sketch.circle(400, 404, 252, stroke: palette.dark, width: 4, opacity: 0.6)
        sketch.circle(400, 404, 240, stroke: palette.pale, width: 3, opacity: 0.7)
        let points = 8 + random.below(3) * 2
        sketch.path(
            Sketch.star(400, 404, 226, 140, points: points), stroke: palette.dark, width: 4, opacity: 0.65)
        sketch.path(
            Sketch.star(400, 404, 178, 110, points: points, turn: .pi / Double(points)), stroke: palette.dark,
            width: 4, opacity: 0.65)
        for index in 0..<points {
            let angle = Double(index) * 2 * .pi / Double(points)
            sketch.circle(
                400 + 206 * sin(angle), 404 - 206 * cos(angle), 7, fill: palette.dark, opacity: 0.55)
            sketch.circle(
                400 + 130 * sin(angle + 0.3), 404 - 130 * cos(angle + 0.3), 5, fill: palette.pale,
                opacity: 0.8)
        }
        sketch.path(Sketch.star(400, 404, 92, 54, points: points), fill: palette.dark, opacity: 0.55)
        sketch.circle(400, 404, 26, fill: palette.light)
    }
}
