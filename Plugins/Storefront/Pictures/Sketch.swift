import Glibc

/// A point of a drawing, 800 units wide and high, from the upper left corner.
struct Point {
    var x: Double
    var y: Double
    init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }
}

/// Writes SVG. Numbers have one decimal, so that drawings stay small.
struct Sketch {
    private(set) var text = ""
    private var gradients = 0
    private(set) var definitions = ""

    static func number(_ value: Double) -> String {
        let tenths = Int((min(max(value, -100_000), 100_000) * 10).rounded())
        let (whole, rest) = (tenths.magnitude / 10, tenths.magnitude % 10)
        return (tenths < 0 ? "-" : "") + "\(whole)" + (rest == 0 ? "" : ".\(rest)")
    }
    private func n(_ value: Double) -> String { Self.number(value) }

    mutating func raw(_ part: String) { text += part }

    private func paint(_ fill: String?, _ stroke: String?, _ width: Double, _ opacity: Double) -> String {
        var result = " fill=\"\(fill ?? "none")\""
        if let stroke { result += " stroke=\"\(stroke)\" stroke-width=\"\(n(width))\"" }
        if opacity < 1 { result += " opacity=\"\(decimal(opacity))\"" }
        return result
    }
    /// Two decimals, for opacities.
    private func decimal(_ value: Double) -> String {
        let hundredths = Int((min(max(value, 0), 1) * 100).rounded())
        return hundredths == 100 ? "1" : hundredths < 10 ? ".0\(hundredths)" : ".\(hundredths)"
    }

    mutating func path(
        _ data: String, fill: String? = nil, stroke: String? = nil, width: Double = 0, opacity: Double = 1
    ) {
        text += "<path d=\"\(data)\"\(paint(fill, stroke, width, opacity))/>"
    }
    mutating func circle(
        _ x: Double, _ y: Double, _ radius: Double, fill: String? = nil, stroke: String? = nil,
        width: Double = 0, opacity: Double = 1
    ) {
        text +=
            "<circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(radius))\"\(paint(fill, stroke, width, opacity))/>"
    }
    mutating func ellipse(
        _ x: Double, _ y: Double, _ rx: Double, _ ry: Double, fill: String? = nil, stroke: String? = nil,
        width: Double = 0, opacity: Double = 1
    ) {
        text +=
            "<ellipse cx=\"\(n(x))\" cy=\"\(n(y))\" rx=\"\(n(rx))\" ry=\"\(n(ry))\"\(paint(fill, stroke, width, opacity))/>"
    }
    mutating func rect(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, radius: Double = 0,
        fill: String? = nil, stroke: String? = nil, line: Double = 0, opacity: Double = 1
    ) {
        let round = radius > 0 ? " rx=\"\(n(radius))\"" : ""
        text +=
            "<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(width))\" height=\"\(n(height))\"\(round)\(paint(fill, stroke, line, opacity))/>"
    }
    mutating func line(_ points: [Point], stroke: String, width: Double, opacity: Double = 1) {
        text +=
            "<path d=\"\(Self.open(points))\" fill=\"none\" stroke=\"\(stroke)\" stroke-width=\"\(n(width))\" stroke-linecap=\"round\" stroke-linejoin=\"round\"\(opacity < 1 ? " opacity=\"\(decimal(opacity))\"" : "")/>"
    }
    mutating func curve(_ data: String, stroke: String, width: Double, opacity: Double = 1) {
        text +=
            "<path d=\"\(data)\" fill=\"none\" stroke=\"\(stroke)\" stroke-width=\"\(n(width))\" stroke-linecap=\"round\" stroke-linejoin=\"round\"\(opacity < 1 ? " opacity=\"\(decimal(opacity))\"" : "")/>"
    }
    mutating func polygon(_ points: [Point], fill: String, opacity: Double = 1) {
        path(Self.open(points) + "z", fill: fill, opacity: opacity)
    }
    /// Draws moved, and turned around its own origin.
    mutating func group(
        x: Double = 0, y: Double = 0, turn: Double = 0, scale: Double = 1, _ body: (inout Sketch) -> Void
    ) {
        var transform = "translate(\(n(x)) \(n(y)))"
        if turn != 0 { transform += " rotate(\(n(turn)))" }
        if scale != 1 { transform += " scale(\(ratio(scale)))" }
        text += "<g transform=\"\(transform)\">"
        body(&self)
        text += "</g>"
    }
    private func ratio(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }
    /// Draws only inside the path.
    mutating func clipped(to data: String, _ body: (inout Sketch) -> Void) {
        gradients += 1
        let name = "c\(gradients)"
        definitions += "<clipPath id=\"\(name)\"><path d=\"\(data)\"/></clipPath>"
        text += "<g clip-path=\"url(#\(name))\">"
        body(&self)
        text += "</g>"
    }

    /// A gradient from left to right (or downwards); answers what to fill with.
    mutating func gradient(_ stops: [(Double, String)], downwards: Bool = false) -> String {
        gradients += 1
        let direction = downwards ? " x2=\"0\" y2=\"1\"" : ""
        let parts = stops.map { "<stop offset=\"\(decimal($0.0))\" stop-color=\"\($0.1)\"/>" }.joined()
        definitions += "<linearGradient id=\"g\(gradients)\"\(direction)>\(parts)</linearGradient>"
        return "url(#g\(gradients))"
    }
    /// Light that fades away from the middle.
    mutating func glow(_ colour: String, strength: Double) -> String {
        gradients += 1
        definitions +=
            "<radialGradient id=\"g\(gradients)\"><stop offset=\"0\" stop-color=\"\(colour)\" stop-opacity=\"\(decimal(strength))\"/><stop offset=\".45\" stop-color=\"\(colour)\" stop-opacity=\"\(decimal(strength * 0.4))\"/><stop offset=\"1\" stop-color=\"\(colour)\" stop-opacity=\"0\"/></radialGradient>"
        return "url(#g\(gradients))"
    }

    // MARK: paths

    static func open(_ points: [Point]) -> String {
        points.enumerated().map { index, point in
            (index == 0 ? "M" : "L") + number(point.x) + " " + number(point.y)
        }.joined()
    }

    /// A smooth closed outline, the same on both sides of a vertical axis, as if turned on a wheel.
    /// - Parameter profile: radius and height, downwards.
    static func turned(_ profile: [(radius: Double, y: Double)], x: Double) -> String {
        let right = profile.map { Point(x + $0.radius, $0.y) }
        let left = profile.reversed().map { Point(x - $0.radius, $0.y) }
        return smooth(right, begins: true) + "L" + pair(left[0]) + smooth(left, begins: false) + "z"
    }
    private static func pair(_ point: Point) -> String { number(point.x) + " " + number(point.y) }

    /// A curve through all the points (Catmull and Rom), as Béziers.
    static func smooth(_ points: [Point], begins: Bool) -> String {
        var result = begins ? "M" + pair(points[0]) : ""
        for index in 0..<(points.count - 1) {
            let before = points[max(0, index - 1)]
            let (from, to) = (points[index], points[index + 1])
            let after = points[min(points.count - 1, index + 2)]
            let first = Point(from.x + (to.x - before.x) / 6, from.y + (to.y - before.y) / 6)
            let second = Point(to.x - (after.x - from.x) / 6, to.y - (after.y - from.y) / 6)
            result += "C" + pair(first) + " " + pair(second) + " " + pair(to)
        }
        return result
    }

    /// A star with so many points, or a polygon if both radii are the same.
    static func star(
        _ x: Double, _ y: Double, _ outer: Double, _ inner: Double, points: Int, turn: Double = 0
    )
        -> String
    {
        let corners = (0..<(points * 2)).map { index -> Point in
            let angle = turn + Double(index) * .pi / Double(points) - .pi / 2
            let radius = index % 2 == 0 ? outer : inner
            return Point(x + radius * cos(angle), y + radius * sin(angle))
        }
        return open(corners) + "z"
    }
    static func diamond(_ x: Double, _ y: Double, _ rx: Double, _ ry: Double) -> String {
        open([Point(x, y - ry), Point(x + rx, y), Point(x, y + ry), Point(x - rx, y)]) + "z"
    }
    /// A pointed arch that stands on `y`.
    static func arch(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> String {
        let (left, right) = (x - width / 2, x + width / 2)
        let spring = y - height + width * 0.62
        return "M\(number(left)) \(number(y))L\(number(left)) \(number(spring))"
            + "C\(number(left)) \(number(spring - width * 0.36)) \(number(x - width * 0.16)) \(number(y - height + width * 0.08)) \(number(x)) \(number(y - height))"
            + "C\(number(x + width * 0.16)) \(number(y - height + width * 0.08)) \(number(right)) \(number(spring - width * 0.36)) \(number(right)) \(number(spring))"
            + "L\(number(right)) \(number(y))z"
    }
}
