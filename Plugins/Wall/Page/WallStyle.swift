/// The page's style. Sizes are in `rem`, and the root's size follows the screen, so that a screen on a wall
/// is as readable from afar as a desktop is from near.
enum WallStyle {
    static let text = #"""
        :root{--night:#0a0e1c;--panel:#131a2e;--line:#27304b;--text:#f6f1e7;--mute:#aab3cc;
        --gold:#ffb84d;--teal:#41d9c4;--blue:#74b4ff;--violet:#b79dff;--rose:#ff8096}
        *{box-sizing:border-box;margin:0}
        html{font-size:clamp(15px,min(.55vw + .55vh + 3px,2.5vw + 6px),44px);background:var(--night)}
        body{min-height:100vh;color:var(--text);font:1rem/1.35 system-ui,"Segoe UI",Roboto,sans-serif;
        font-variant-numeric:tabular-nums;padding:0 1.1rem;
        background:radial-gradient(70rem 34rem at 12% -8rem,#2a2350aa,transparent 70%),
        radial-gradient(60rem 30rem at 92% -6rem,#57381f77,transparent 70%),var(--night)}
        h1,h2{font-weight:600}
        .hide,.skip:not(:focus){position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
        .skip:focus{position:absolute;left:1rem;top:.5rem;padding:.4rem .8rem;background:var(--gold);color:#1b1203}
        header{display:flex;flex-wrap:wrap;align-items:center;gap:.3rem .9rem;padding:.75rem .2rem .65rem}
        .star{width:1.9rem;height:1.9rem}
        .star g{stroke:var(--gold)}
        h1{font-size:1.45rem;letter-spacing:.01em}
        h1 span{color:var(--mute);font-weight:400}
        #state{display:flex;align-items:center;gap:.5rem;padding:.18rem .75rem;border-radius:2rem;
        background:#ffffff10;font-size:.85rem}
        #state b{font-weight:600}
        #state i{width:.6rem;height:.6rem;border-radius:50%;background:var(--gold)}
        #state.live i{background:var(--teal);box-shadow:0 0 .7rem var(--teal)}
        #state.lost i{background:var(--rose)}
        #note{color:var(--gold);font-size:.85rem;flex:1 1 9rem;white-space:nowrap;overflow:hidden;
        text-overflow:ellipsis}
        #clock{margin-left:auto;color:var(--mute);font-size:1.1rem}
        #banner{padding:.25rem 1rem;border-radius:2rem;font-weight:600;color:#241500;
        background:linear-gradient(90deg,var(--gold),#ff9a76)}
        main{display:grid;gap:.8rem;grid-template-columns:repeat(12,minmax(0,1fr))}
        .tile,.panel{background:linear-gradient(#182039,var(--panel));border:1px solid var(--line);
        border-radius:.9rem;padding:.7rem 1rem;min-width:0}
        .tile{grid-column:span 3;border-top:.16rem solid var(--c);position:relative;overflow:hidden}
        .tile::after{content:"";position:absolute;inset:0;opacity:.14;pointer-events:none;
        background:radial-gradient(20rem 6rem at 20% 0,var(--c),transparent)}
        h2{font-size:.88rem;color:var(--mute);letter-spacing:.02em}
        .big{font-size:2.9rem;line-height:1.1;font-weight:650;color:var(--c);white-space:nowrap;
        letter-spacing:-.02em}
        .sub{color:var(--mute);font-size:.88rem;min-height:1.2em;white-space:nowrap;overflow:hidden;
        text-overflow:ellipsis}
        .panel{display:flex;flex-direction:column;gap:.35rem;position:relative}
        .plot{position:relative;flex:1;min-height:9rem}
        canvas{position:absolute;inset:0;width:100%;height:100%;display:block}
        .keys{position:absolute;right:1rem;top:.7rem;display:flex;gap:1rem;padding:0;list-style:none;
        font-size:.8rem;color:var(--mute)}
        .keys li::before{content:"";display:inline-block;width:.62rem;height:.62rem;border-radius:50%;
        margin-right:.4rem;background:var(--k)}
        .k0{--k:var(--blue)}.k1{--k:var(--violet)}.k2{--k:var(--rose)}#p-pulse .k1{--k:var(--gold)}
        #p-pulse{grid-column:span 8;min-height:18.5rem}
        #p-funnel{grid-column:span 4}
        #p-top{grid-column:span 4;min-height:14.5rem}
        #p-latency{grid-column:span 4}
        #p-origins{grid-column:span 4}
        #p-cache{grid-column:span 2}
        #p-boxes{grid-column:span 10}
        #p-boxes .plot,#p-cache .plot{min-height:7.4rem}
        #numbers{padding:2.2rem .2rem 3rem}
        #numbers>h2{font-size:1.1rem;color:var(--text);margin-bottom:.8rem}
        #tables{columns:30rem;column-gap:2rem}
        #tables>div{break-inside:avoid}
        table{width:100%;border-collapse:collapse;margin:0 0 1.4rem;font-size:.9rem}
        caption{text-align:left;color:var(--mute);padding-bottom:.25rem}
        th,td{padding:.22rem .4rem;text-align:right;border-top:1px solid var(--line);font-weight:400}
        th:first-child,td:first-child{text-align:left;padding-left:0;overflow-wrap:anywhere;min-width:4.5rem}
        thead th{color:var(--mute)}
        @media(min-width:64rem) and (min-height:40rem){
        .screen{min-height:100vh;display:flex;flex-direction:column}
        main{flex:1;grid-template-rows:auto minmax(15rem,1.45fr) minmax(12.5rem,1fr) auto;
        padding-bottom:.9rem}
        #p-pulse,#p-top{min-height:0}}
        @media(max-width:63.99rem){
        .tile{grid-column:span 6}
        .panel,#p-pulse,#p-funnel,#p-top,#p-latency,#p-origins,#p-cache,#p-boxes{grid-column:span 12}
        #p-funnel .plot{min-height:11rem}}
        @media(max-width:40rem){
        body{padding:0 .7rem}main{gap:.6rem}#clock,h1 span{display:none}
        .tile{padding:.55rem .75rem}.big{font-size:1.8rem}.sub{font-size:.8rem;white-space:normal}
        .panel{padding:.6rem .75rem}#banner,#note:not(:empty){flex-basis:100%;border-radius:.7rem;white-space:normal}
        .keys{position:static;flex-wrap:wrap;gap:.2rem .9rem}
        table{font-size:.82rem}th,td{padding:.22rem .25rem}}
        @media(max-width:24rem){th,td{overflow-wrap:anywhere;padding:.22rem .12rem}th:first-child{min-width:3rem}}
        @media(prefers-reduced-motion:no-preference){
        #state.live i{animation:glow 3s ease-in-out infinite}
        @keyframes glow{50%{opacity:.45}}}
        """#
}
