import Glibc
import ModuleKit

/// The large picture of the first page: lanterns under the arches of a covered market.
enum HeroDrawing {
    static let svg: String = {
        var sketch = Sketch()
        let sky = sketch.gradient([(0, "#1d2140"), (0.55, "#4a3557"), (1, "#a5583f")], downwards: true)
        sketch.rect(0, 0, 960, 720, fill: sky)
        var random = Random(seed: 7)
        for _ in 0..<46 {
            sketch.circle(
                Double(random.below(960)), Double(random.below(330)), 1 + random.unit() * 1.6,
                fill: "#fff3d6", opacity: 0.35 + random.unit() * 0.5)
        }
        sketch.circle(700, 150, 52, fill: "#f7e3b4")
        sketch.circle(722, 138, 46, fill: "#30294a")
        roofs(&sketch)
        arches(&sketch)
        stalls(&sketch, &random)
        for (x, y, size, colour) in [
            (170.0, 200.0, 0.9, "#d9722f"), (322, 292, 0.62, "#2f8f88"), (480, 216, 1.1, "#e39a35"),
            (640, 300, 0.66, "#b3475a"), (792, 206, 0.92, "#3f6fb0"),
        ] {
            lantern(&sketch, x, y, size, colour)
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 720" role="img"><title>A market at night</title><defs>\(sketch.definitions)</defs>\(sketch.text)</svg>

            """
    }()

    private static func roofs(_ sketch: inout Sketch) {
        sketch.path(
            "M0 470V372h70v-34h54v34h60v-92l36 -40 36 40v92h90v-26h70v26h120v-120q46 -70 92 0v120h104v-40h66v40h80v-70l30 -34 30 34v70h162V720H0z",
            fill: "#3a2b4d")
        sketch.line([Point(582, 206), Point(582, 176)], stroke: "#f0c272", width: 4)
        // Lit windows, further down more of them.
        for row in 0..<7 {
            for column in 0..<24 where (row * 7 + column * 11) % 5 < 1 + row / 3 {
                let (x, y) = (14 + Double(column) * 40, 404 + Double(row) * 38)
                sketch.rect(
                    x, y, 10, 16, radius: 5, fill: row % 2 == 0 ? "#ffcf7d" : "#f2a65a", opacity: 0.75)
            }
        }
    }

    /// The front of the market: a wall with three openings.
    private static func arches(_ sketch: inout Sketch) {
        let openings = [160.0, 480, 800].map { Sketch.arch($0, 720, 262, 560) }.joined()
        sketch.raw("<path fill-rule=\"evenodd\" fill=\"#5b2f28\" d=\"M0 0H960V720H0z\(openings)\"/>")
        for x in [160.0, 480, 800] {
            sketch.path(Sketch.arch(x, 730, 262, 570), stroke: "#e0a35c", width: 7, opacity: 0.75)
            sketch.path(Sketch.arch(x, 740, 296, 604), stroke: "#8c4a35", width: 5)
        }
        for index in 0..<21 {
            let x = 24 + Double(index) * 45.6
            sketch.path(Sketch.star(x, 46, 19, 9, points: 8), fill: index % 2 == 0 ? "#d9954a" : "#2f7d7a")
        }
        sketch.rect(0, 74, 960, 5, fill: "#e0a35c", opacity: 0.7)
        sketch.rect(0, 14, 960, 5, fill: "#e0a35c", opacity: 0.7)
        for x in [320.0, 640] {
            for row in 0..<5 {
                sketch.path(
                    Sketch.diamond(x, 330 + Double(row) * 74, 13, 22),
                    fill: row % 2 == 0 ? "#d9954a" : "#2f7d7a", opacity: 0.85)
            }
        }
    }

    /// What is laid out below: rugs, jars and sacks of spice.
    private static func stalls(_ sketch: inout Sketch, _ random: inout Random) {
        sketch.rect(0, 664, 960, 56, fill: "#331a1c")
        let spices = ["#d9992f", "#b9592f", "#73905f", "#a33b46", "#e6c27a"]
        for (index, x) in [72.0, 128, 184, 240].enumerated() {
            sketch.path("M\(Int(x - 27)) 668L\(Int(x - 22)) 624h44l5 44z", fill: "#8d6b4c")
            sketch.path("M\(Int(x - 22)) 626Q\(Int(x)) 580 \(Int(x + 22)) 626z", fill: spices[index])
        }
        for (index, x) in [410.0, 466, 522, 560].enumerated() {
            let height = 70 + Double(random.below(46))
            sketch.path(
                Sketch.turned(
                    [(9, 668 - height), (7, 680 - height), (24, 700 - height), (25, 650), (17, 668)], x: x),
                fill: ["#2f7d7a", "#e6d3ae", "#b9592f", "#3c5196"][index])
        }
        for (index, colour) in ["#a33b46", "#e0a35c", "#2f7d7a", "#d9722f"].enumerated() {
            let y = 632 - Double(index) * 27
            sketch.rect(712, y, 178 - Double(index % 2) * 20, 26, radius: 12, fill: colour)
            sketch.rect(740, y, 7, 26, fill: "#fbf1dd", opacity: 0.8)
            sketch.rect(754, y, 4, 26, fill: "#fbf1dd", opacity: 0.8)
        }
    }

    private static func lantern(
        _ sketch: inout Sketch, _ x: Double, _ y: Double, _ size: Double, _ colour: String
    ) {
        let glow = sketch.glow("#ffc66b", strength: 0.7)
        sketch.line([Point(x, 80), Point(x, y)], stroke: "#c79b45", width: 3)
        sketch.circle(x, y + 80 * size, 190 * size, fill: glow)
        sketch.group(x: x, y: y, scale: size) { sketch in
            sketch.path(Sketch.turned([(6, 0), (16, 12), (40, 30)], x: 0), fill: "#b88a35")
            let body = Sketch.turned([(38, 30), (66, 66), (66, 100), (34, 146), (12, 160)], x: 0)
            sketch.path(body, fill: colour)
            sketch.clipped(to: body) { sketch in
                for row in 0..<5 {
                    for column in -3...3 {
                        let shift = row % 2 == 0 ? 0.0 : 10
                        sketch.path(
                            Sketch.diamond(Double(column) * 20 + shift, 50 + Double(row) * 24, 6, 9),
                            fill: "#fff0c2")
                    }
                }
            }
            sketch.circle(0, 168, 8, fill: "#b88a35")
        }
    }
}
