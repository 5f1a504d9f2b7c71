/// The page's elements. Every chart is a canvas with a text for those who do not see it; the same numbers
/// stand in tables beneath.
enum WallMarkup {
    /// - Parameter title: escaped.
    static func beginning(title: String) -> String {
        #"""
        <!doctype html><html lang="en"><head><meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        <meta name="color-scheme" content="dark"><meta name="theme-color" content="#0a0e1c">
        <title>\#(title) – the wall</title><link rel="icon" href="data:,">
        """#
    }

    /// - Parameter title: escaped.
    static func body(title: String) -> String {
        #"""
        </head><body>
        <a class="skip" href="#numbers">To the numbers as tables</a>
        <div class="screen"><header>
        <svg class="star" viewBox="-12 -12 24 24" aria-hidden="true"><g fill="none" stroke-width="1.4">
        <rect x="-7.4" y="-7.4" width="14.8" height="14.8"/>
        <rect x="-7.4" y="-7.4" width="14.8" height="14.8" transform="rotate(45)"/>
        <circle r="3.1"/></g></svg>
        <h1>\#(title)<span> live</span></h1>
        <p id="state" role="status"><i></i><b>Connecting</b></p>
        <p id="banner" role="status" hidden></p><p id="note"></p>
        <time id="clock" aria-hidden="true"></time>
        </header>
        <main>
        <section class="tile" style="--c:var(--teal)"><h2>Visitors</h2><p class="big" id="visitors">–</p>
        <p class="sub" id="visitors2"></p></section>
        <section class="tile" style="--c:var(--gold)"><h2>Orders</h2><p class="big" id="orders">–</p>
        <p class="sub" id="orders2"></p></section>
        <section class="tile" style="--c:var(--gold)"><h2>Revenue</h2><p class="big" id="revenue">–</p>
        <p class="sub" id="revenue2"></p></section>
        <section class="tile" style="--c:var(--blue)"><h2>Events a second</h2><p class="big" id="events">–</p>
        <p class="sub" id="events2"></p></section>
        \#(panel("pulse", "The sale, second by second", "events", "orders, by their value"))
        \#(panel("funnel", "From view to order"))
        \#(panel("top", "Top products"))
        \#(panel("latency", "Answer times", "half", "95 %", "99 %"))
        \#(panel("origins", "Where they come from"))
        \#(panel("cache", "Cache hits"))
        \#(panel("boxes", "Actors and their mailboxes"))
        </main></div>
        <section id="numbers" aria-label="The same numbers as tables">
        <h2>The same numbers as tables</h2>
        <p id="spoken" class="hide" aria-live="polite"></p><div id="tables"></div></section>
        """#
    }

    /// A titled canvas, with a legend if there are keys.
    private static func panel(_ name: String, _ title: String, _ keys: String...) -> String {
        let legend = keys.enumerated().map { "<li class=\"k\($0.offset)\">\($0.element)" }.joined()
        return """
            <section class="panel" id="p-\(name)"><h2 id="h-\(name)">\(title)</h2>\
            \(keys.isEmpty ? "" : "<ul class=\"keys\" aria-hidden=\"true\">\(legend)</ul>")\
            <div class="plot"><canvas id="c-\(name)" role="img" aria-labelledby="h-\(name)"></canvas></div>\
            </section>
            """
    }

    static let end = "</body></html>\n"
}
