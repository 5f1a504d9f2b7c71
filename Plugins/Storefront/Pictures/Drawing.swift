import ModuleKit

/// Pictures of products, drawn by code: the same product always gives the same drawing. For shops whose
/// files name pictures that are not there, and for the sample catalogue.
enum Drawing {
    /// Width and height.
    static let size = 800
    /// Raised when drawings change, so that browsers fetch them again.
    private static let edition = 1

    /// Changes whenever the drawing does.
    static func version(_ product: Product, view: Int) -> String {
        let parts = [product.handle, product.title, product.type] + product.tags
        let hash = StableHash.hash(parts.joined(separator: "\u{1F}") + "/\(view)/\(edition)")
        return String(hash >> 32, radix: 16)
    }

    /// The drawing as a file.
    /// - Parameter view: from 1; later views are nearer and turned a little.
    static func svg(_ product: Product, view: Int) -> String {
        let seed = StableHash.hash(product.handle)
        let words = Slug.words(product.title) + product.tags.flatMap { Slug.words($0) }
        let colours = words + product.variants.prefix(1).flatMap { Slug.words($0.title) }
        let motif = Motif(product)
        var palette = Palette.choose(colours, seed: seed >> 8)
        palette.pattern = Palette.pattern(words)
        if motif.glows { palette = palette.evening }
        var random = Random(seed: StableHash.mix(seed ^ 5))
        var sketch = Sketch()
        scene(&sketch, palette, motif, seed: seed &+ UInt64(truncatingIfNeeded: (view - 1) * 7))
        if view == 1 {
            motif.draw(&sketch, palette, &random)
        } else {
            sketch.group(x: -140, y: -150, turn: 0, scale: 1.35) { motif.draw(&$0, palette, &random) }
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size) \(size)" role="img"><title>\(HTTPText.htmlEscaped(product.title))</title><defs>\(sketch.definitions)</defs>\(sketch.text)</svg>

            """
    }

    /// The wall, what is painted on it, and the table.
    private static func scene(_ sketch: inout Sketch, _ palette: Palette, _ motif: Motif, seed: UInt64) {
        sketch.rect(0, 0, 800, 800, fill: palette.wall)
        switch seed % 4 {
        case 0: sketch.path(Sketch.arch(400, 800, 560, 730), fill: palette.niche)
        case 1: sketch.circle(400, 380, 300, fill: palette.niche)
        case 2: sketch.path(Sketch.arch(400, 800, 640, 700), fill: palette.niche)
        default:
            sketch.rect(110, 90, 580, 800, radius: 290, fill: palette.niche)
        }
        guard motif.stands else { return }
        sketch.rect(0, 640, 800, 160, fill: palette.table)
        sketch.rect(0, 640, 800, 5, fill: motif.glows ? "#000" : "#fff", opacity: 0.25)
        sketch.ellipse(400, 668, 215, 24, fill: motif.glows ? "#000" : palette.dark, opacity: 0.22)
    }
}
