/// The page's script: strict mode, no global names but one, `soukWall`, which tells tests what a frame
/// costs. In the order in which the parts need each other.
enum WallScript {
    static let text =
        "(()=>{\"use strict\";\n"
        + [WallStateScript.text, WallDrawingScript.text, WallChartsScript.text, WallTablesScript.text]
        .joined(separator: "\n") + "\n" + WallLoopScript.text + "\n})();"
}
