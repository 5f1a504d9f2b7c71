/// The shop's one stylesheet. Plain CSS, no build step; colours are named once for light and once for
/// dark, every pair of text and ground with a contrast of at least 4.5.
enum StyleSheet {
    static let text = base + layout + product + visitor

    private static let base = """
        :root{color-scheme:light dark;--ground:#faf6ef;--raised:#fffdf9;--sunk:#f1e9dc;--line:#e2d6c4;--ink:#29231c;--soft:#675c4e;--accent:#a0411d;--button:#29231c;--on:#fdf8f0;--good:#34693f;--few:#94500a;--gone:#7d5b55;--serif:"Iowan Old Style","Palatino Linotype",Palatino,"URW Palladio L","P052","Book Antiqua",Georgia,serif;--sans:system-ui,-apple-system,"Segoe UI","Helvetica Neue",Cantarell,"Noto Sans",sans-serif;--gap:clamp(1rem,2.5vw,2rem);--edge:clamp(1.1rem,4vw,3.5rem);--round:14px}
        @media (prefers-color-scheme:dark){:root{--ground:#17130e;--raised:#201b15;--sunk:#26201a;--line:#3a3128;--ink:#f3ebdf;--soft:#b9ab98;--accent:#f2a766;--button:#f0b878;--on:#1d150c;--good:#93cfa0;--few:#f0b562;--gone:#c9a49c}.card img,.tiles img,.gallery img,.lines img,.hero img{filter:brightness(.88)}}
        *,*::before,*::after{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
        body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.6 var(--sans);min-height:100vh;display:flex;flex-direction:column}
        main{flex:1;width:100%;max-width:82rem;margin:0 auto;padding:0 var(--edge) 4rem}
        main:focus{outline:none}
        img,svg{display:block;max-width:100%;height:auto}
        h1,h2,h3{font-family:var(--serif);font-weight:500;line-height:1.15;letter-spacing:-.01em;margin:0;text-wrap:balance}
        h1{font-size:clamp(2rem,1.4rem + 2.6vw,3.4rem)}
        h2{font-size:clamp(1.4rem,1.2rem + .9vw,1.9rem)}
        p{margin:0 0 1em}
        ul,ol{margin:0;padding:0;list-style:none}
        a{color:inherit;text-decoration-color:color-mix(in srgb,currentColor 35%,transparent);text-underline-offset:.22em;text-decoration-thickness:1px}
        a:hover{text-decoration-color:currentColor}
        :focus-visible{outline:3px solid var(--accent);outline-offset:3px;border-radius:4px}
        input,select,button{font:inherit;color:inherit}
        input,select{background:var(--raised);border:1px solid color-mix(in srgb,var(--soft) 70%,transparent);border-radius:10px;padding:.65rem .8rem;min-height:2.9rem}
        .button{display:inline-block;background:var(--button);color:var(--on);border:0;border-radius:999px;padding:.8rem 1.7rem;min-height:2.9rem;font-weight:550;text-decoration:none;cursor:pointer;transition:transform .15s,opacity .15s}
        .button:hover{opacity:.88}
        .button:active{transform:scale(.98)}
        .quiet{background:none;border:0;padding:.6rem .5rem;min-height:2.75rem;color:var(--accent);cursor:pointer;text-decoration:underline;text-underline-offset:.22em}
        .hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        .skip{position:absolute;left:1rem;top:-4rem;background:var(--button);color:var(--on);padding:.7rem 1.2rem;border-radius:0 0 10px 10px;z-index:9}
        .skip:focus{top:0}
        .eyebrow{font-size:.82rem;letter-spacing:.09em;text-transform:uppercase;color:var(--accent);margin:0 0 .6rem}
        .lead{font-size:clamp(1.05rem,1rem + .4vw,1.25rem);color:var(--soft);max-width:38em}
        .meta{color:var(--soft);font-size:.93rem;margin:0}
        .price{margin:0;font-variant-numeric:tabular-nums}
        .price s,.price .from{color:var(--soft);font-size:.92em}

        """

    private static let layout = """
        .top{border-bottom:1px solid var(--line);background:var(--ground)}
        .bar,.aisles ul{max-width:82rem;margin:0 auto;padding:.9rem var(--edge);display:flex;align-items:center;gap:1rem}
        .brand{display:flex;align-items:center;gap:.55rem;font:500 1.3rem/1.1 var(--serif);text-decoration:none;letter-spacing:-.01em}
        .brand .icon{color:var(--accent);flex:none;width:1.9rem;height:1.9rem}
        .find{flex:1;max-width:24rem;margin-left:auto;position:relative}
        .find input{width:100%;border-radius:999px;padding:.5rem 3rem .5rem 1.1rem;min-height:2.75rem;appearance:none;-webkit-appearance:none}
        .find input::placeholder{color:var(--soft);opacity:1}
        .find button{position:absolute;right:.2rem;top:.15rem;width:2.45rem;height:2.45rem;display:grid;place-items:center;border:0;background:none;border-radius:50%;cursor:pointer}
        .basket{display:flex;align-items:center;gap:.4rem;text-decoration:none;padding:.5rem 0;min-height:2.75rem}
        .count:not(:empty){background:var(--accent);color:var(--ground);border-radius:999px;min-width:1.5rem;padding:0 .4rem;text-align:center;font-size:.85rem;line-height:1.5rem;font-weight:600}
        .aisles ul{padding-top:0;padding-bottom:.5rem;gap:1.7rem;overflow-x:auto;scrollbar-width:none}
        .aisles a{display:block;padding:.55rem 0;white-space:nowrap;text-decoration:none;color:var(--soft);border-bottom:2px solid transparent}
        .aisles a:hover{color:var(--ink);border-color:var(--accent)}
        .hero{display:grid;grid-template-columns:1fr 1.15fr;gap:clamp(1.5rem,4vw,4rem);align-items:center;padding:clamp(1.5rem,4vw,3.5rem) 0}
        .hero h1{font-size:clamp(2.5rem,1.5rem + 4vw,4.6rem)}
        .hero .lead{margin:1.2rem 0 1.8rem}
        .hero img{border-radius:var(--round);width:100%}
        .actions{display:flex;flex-wrap:wrap;gap:.6rem 1.2rem;align-items:center;margin:0}
        .band{padding:clamp(2rem,5vw,4rem) 0 0}
        .band>h2,.row{margin-bottom:1.4rem}
        .row{display:flex;align-items:baseline;justify-content:space-between;gap:1rem;flex-wrap:wrap}
        .tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,8.3rem),1fr));gap:1.4rem}
        .tiles a{text-decoration:none;display:block}
        .tiles img{border-radius:50% 50% var(--round) var(--round)/38% 38% var(--round) var(--round);margin-bottom:.7rem;transition:transform .35s}
        .tiles span{font:500 1.12rem/1.2 var(--serif);display:block}
        .tiles small{color:var(--soft)}
        .grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15.5rem),1fr));gap:clamp(1.4rem,3vw,2.4rem) var(--gap)}
        .card{position:relative}
        .card a{text-decoration:none;display:block}
        .card img{border-radius:var(--round);width:100%;margin-bottom:.85rem;transition:transform .35s}
        .card h2,.card h3{font-size:1.16rem;margin-bottom:.15rem}
        .card a:hover h2,.card a:hover h3{text-decoration:underline;text-decoration-thickness:1px;text-underline-offset:.2em}
        .card a:hover img,.tiles a:hover img{transform:scale(1.015)}
        .badge{position:absolute;left:.8rem;top:.8rem;background:#8f3514;color:#fff7ee;font-size:.8rem;padding:.15rem .65rem;border-radius:999px}
        .promise{margin-top:clamp(2.5rem,6vw,5rem);background:var(--sunk);border-radius:var(--round);padding:clamp(1.5rem,4vw,3rem)}
        .promise ul{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,15rem),1fr));gap:var(--gap)}
        .promise h2{font-size:1.2rem;margin-bottom:.4rem}
        .promise p{color:var(--soft);margin:0}
        .title{padding:clamp(1.6rem,4vw,3rem) 0 1.4rem}
        .title h1{margin-bottom:.4rem}
        .sort{border-top:1px solid var(--line);margin-bottom:1.6rem}
        .sort ul{display:flex;gap:1.4rem;overflow-x:auto;scrollbar-width:none}
        .sort a{display:block;padding:.8rem 0;white-space:nowrap;color:var(--soft);text-decoration:none}
        .sort a:hover,.sort [aria-current]{color:var(--ink)}
        .sort [aria-current]{box-shadow:inset 0 2px 0 var(--accent)}
        .pages{display:flex;gap:1.5rem;justify-content:center;align-items:center;padding:3rem 0 0}
        .pages a{padding:.7rem .4rem}
        .foot{background:var(--sunk);border-top:1px solid var(--line);font-size:.95rem}
        .foot .inner{max-width:82rem;margin:0 auto;padding:2.6rem var(--edge);display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,14rem),1fr));gap:2rem}
        .foot h2{font-size:1.08rem;margin-bottom:.6rem}
        .foot p,.foot li{color:var(--soft)}
        .foot li a{display:inline-block;padding:.22rem 0}
        .foot .brand{color:var(--ink);margin-bottom:.8rem}

        """

    private static let product = """
        .trail ol{display:flex;flex-wrap:wrap;gap:.2rem .6rem;padding:1.2rem 0;font-size:.92rem;color:var(--soft)}
        .trail li+li::before{content:"/";margin-right:.6rem;opacity:.6}
        .trail a{text-decoration:none;padding:.3rem 0}
        .trail a:hover{text-decoration:underline}
        .detail{display:grid;grid-template-columns:minmax(0,1.15fr) minmax(0,1fr);gap:clamp(1.5rem,5vw,4.5rem);align-items:start}
        .gallery>img{border-radius:var(--round);width:100%}
        .gallery ul{display:grid;grid-template-columns:repeat(3,1fr);gap:.8rem;margin-top:.8rem}
        .gallery li img{border-radius:10px}
        .buy h1{font-size:clamp(1.9rem,1.4rem + 1.8vw,2.8rem);margin-bottom:.7rem}
        .buy>.price,.buy esi\\:include>.price{font-size:1.35rem;margin-bottom:1.4rem}
        .choice{border:0;padding:0;margin:0 0 1.2rem;display:flex;flex-wrap:wrap;gap:.55rem}
        legend,.legend,.amount label,.checkout label{font-size:.93rem;color:var(--soft);margin-bottom:.45rem;padding:0;display:block}
        .choice input{position:absolute;opacity:0;width:1px;height:1px;min-height:0}
        .choice label{cursor:pointer}
        .choice label span{display:block;border:1px solid color-mix(in srgb,var(--soft) 70%,transparent);border-radius:999px;padding:.6rem 1.1rem;background:var(--raised);transition:background .15s,color .15s}
        .choice small{opacity:.85}
        .choice input:checked+span{background:var(--ink);color:var(--ground);border-color:var(--ink)}
        .choice input:focus-visible+span{outline:3px solid var(--accent);outline-offset:3px}
        .buy select{width:100%;margin-bottom:1.2rem}
        .amount{display:grid;grid-template-columns:5.5rem 1fr;gap:0 .8rem;align-items:end;margin-bottom:1.2rem}
        .amount label{grid-column:1/-1}
        .amount input{width:100%;text-align:center;border-radius:999px}
        .stock,.stocks li span:last-child{font-size:.95rem}
        .stock::before,.stocks li::before{content:"";display:inline-block;width:.6rem;height:.6rem;border-radius:50%;background:currentColor;margin-right:.55rem;flex:none}
        .stock{margin:0 0 1.4rem}
        .some{color:var(--good)}
        .few{color:var(--few)}
        .none{color:var(--gone)}
        .stocks{border-top:1px solid var(--line);margin:0 0 1.4rem}
        .stocks li{display:flex;align-items:center;border-bottom:1px solid var(--line);padding:.42rem 0}
        .stocks li span:first-of-type{flex:1;color:var(--ink);font-size:.95rem}
        .prose{max-width:36em;line-height:1.7}
        .prose ul{list-style:disc;padding-left:1.2em;margin-bottom:1em}
        .prose h2,.prose h3{font-size:1.15rem;margin:1.4em 0 .4em}
        .facts{margin:1.6rem 0 0;border-top:1px solid var(--line);font-size:.95rem}
        .facts div{display:grid;grid-template-columns:8rem 1fr;gap:1rem;padding:.6rem 0;border-bottom:1px solid var(--line)}
        .facts dt{color:var(--soft)}
        .facts dd{margin:0}
        esi\\:include{display:contents}

        """

    private static let visitor = """
        .lines{border-top:1px solid var(--line)}
        .lines li{display:grid;grid-template-columns:7rem 1fr auto;gap:1.4rem;padding:1.4rem 0;border-bottom:1px solid var(--line);align-items:start}
        .lines img{border-radius:10px}
        .lines h2{font-size:1.2rem}
        .lines h2 a{text-decoration:none}
        .lines form{display:flex;flex-wrap:wrap;gap:.4rem;align-items:center;margin-top:.6rem}
        .lines input[type=number]{width:5rem;text-align:center}
        .sum{margin:1.8rem 0 0 auto;max-width:22rem;text-align:right}
        .sum p{margin-bottom:.4rem}
        .sum strong,.summary strong{font:500 1.5rem var(--serif);margin-left:.6rem}
        .sum .button{margin-top:1rem;width:100%}
        .split{display:grid;grid-template-columns:1fr 1fr;gap:clamp(1.5rem,5vw,4rem);align-items:start}
        .checkout form input[type=email]{width:100%;margin-bottom:1.1rem}
        .checkout form .button{width:100%;margin-bottom:1rem}
        .warning{background:color-mix(in srgb,var(--accent) 12%,var(--raised));border-left:4px solid var(--accent);padding:.8rem 1rem;border-radius:6px}
        .summary{background:var(--sunk);border-radius:var(--round);padding:clamp(1.2rem,3vw,2rem);margin-bottom:1.8rem}
        .summary h2{font-size:1.25rem;margin-bottom:.9rem}
        .summary li{display:flex;justify-content:space-between;gap:1rem;padding:.5rem 0;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}
        .summary small{color:var(--soft)}
        .summary p{margin:1rem 0 0;text-align:right}
        .empty{padding:clamp(3rem,10vw,8rem) 0;text-align:center}
        .empty .lead{margin:1rem auto 1.8rem}
        .empty .actions{justify-content:center}
        .toast{position:fixed;left:50%;bottom:1.4rem;translate:-50% 0;background:var(--button);color:var(--on);padding:.8rem 1.4rem;border-radius:999px;max-width:92vw;opacity:0;pointer-events:none;transition:opacity .2s}
        .toast.shown{opacity:1}
        @media (max-width:52rem){.hero,.detail,.split{grid-template-columns:1fr}.hero img{order:-1}.bar{flex-wrap:wrap}.find{order:3;flex-basis:100%;max-width:none}.basket{margin-left:auto}.tiles{display:flex;gap:1rem;overflow-x:auto;margin:0 calc(-1*var(--edge));padding:4px var(--edge);scrollbar-width:none}.tiles li{flex:0 0 8rem}.grid{grid-template-columns:repeat(2,1fr);gap:1.4rem 1rem}.promise ul{gap:1.2rem}}
        @media (max-width:30rem){.brand{font-size:1.15rem}.lines li{grid-template-columns:4.5rem 1fr}.lines .price{grid-column:2}.card h2,.card h3{font-size:1.05rem}.facts div{grid-template-columns:6.5rem 1fr}}
        @media (prefers-reduced-motion:reduce){*{transition:none!important;scroll-behavior:auto!important}}
        @media print{.top,.foot,.find,form,.toast{display:none}}

        """
}
