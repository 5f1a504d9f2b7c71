/// The script's last part: the connection, and when to draw.
enum WallLoopScript {
    static let text = #"""
        // What a frame costs, in milliseconds of script: for tests.
        const cost = {frames: 0, total: 0, latest: []};
        window.soukWall = {cost, get state() { return S; }};

        let isNew = false, lastFrame = 0, quietAt = 0, asked = false;
        const frame = 1000 / 30;
        function request() {
          if (asked || document.hidden) return;
          asked = true;
          requestAnimationFrame(draw);
        }
        function draw(now) {
          asked = false;
          if (document.hidden) return;
          if (now - lastFrame < frame - 3) return request();
          lastFrame = now;
          const begin = performance.now();
          if (isNew) {
            isNew = false;
            headlineNotes();
            banner();
            boxHeight();
          }
          const arrived = headline();
          // The pulse glides; of the others, those that waited longest, a few a frame and four times a
          // second at most.
          const glides = !calm.matches && begin < quietAt;
          if (pulse.seen && (pulse.dirty || glides)) paint(pulse);
          charts.filter(it => it !== pulse && it.seen && it.dirty && begin - it.drawnAt > 250)
            .sort((left, right) => left.drawnAt - right.drawnAt)
            .filter((it, at) => at < 2 || !it.drawnAt).forEach(paint);
          const spent = performance.now() - begin;
          cost.frames++;
          cost.total += spent;
          cost.latest.push(spent);
          if (cost.latest.length > 300) cost.latest.shift();
          if (!arrived || glides || charts.some(it => it.seen && it.dirty)) request();
        }
        function news() {
          isNew = true;
          quietAt = performance.now() + 2500;
          request();
        }

        let source = null, timer = 0, delay = 500, heard = 0, spokenAt = -1e6, tabledAt = -1e6;
        const base = location.pathname.replace(/\/+$/, '');
        function say(name, text) {
          if ($('state').className !== name) $('state').className = name;
          const words = $('state').lastElementChild;
          if (words.textContent !== text) words.textContent = text;
        }
        function connect() {
          clearTimeout(timer);
          if (source) source.close();
          source = new EventSource(base + '/stream');
          heard = performance.now();
          const hear = isWhole => event => {
            heard = performance.now();
            delay = 500;
            take(JSON.parse(event.data), isWhole);
            const isSilent = S.status !== 'ok';
            say(isSilent ? 'lost' : 'live', isSilent ? 'Analytics do not answer' : 'Live');
            news();
            const now = performance.now();
            if (now - tabledAt > 2000) { tabledAt = now; tables(); }
            if (now - spokenAt > 30000) { spokenAt = now; speak(); }
          };
          source.addEventListener('whole', hear(true));
          source.addEventListener('change', hear(false));
          source.addEventListener('beat', () => { heard = performance.now(); });
          source.onerror = again;
        }
        // Comes again later each time, and not all screens at once.
        function again() {
          if (source) source.close();
          source = null;
          say('lost', 'Reconnecting');
          clearTimeout(timer);
          if (document.hidden) return;
          timer = setTimeout(connect, delay * (.75 + Math.random() / 2));
          delay = Math.min(delay * 2, 5000);
        }
        setInterval(() => {
          if (source && performance.now() - heard > 3 * get('heartbeat_ms', 15000)) again();
        }, 5000);

        // A hidden page draws nothing and, after a while, holds no connection: browsers have only six.
        let hiding = 0;
        document.addEventListener('visibilitychange', () => {
          clearTimeout(hiding);
          if (document.hidden) {
            hiding = setTimeout(() => {
              if (source) source.close();
              source = null;
              clearTimeout(timer);
            }, 10000);
            return;
          }
          if (!source) { delay = 500; connect(); }
          for (const it of charts) it.dirty = true;
          request();
        });
        addEventListener('pagehide', () => { if (source) source.close(); source = null; });
        addEventListener('pageshow', event => { if (event.persisted && !source) connect(); });

        const hours = new Intl.DateTimeFormat(undefined, {timeStyle: 'medium'});
        setInterval(() => { if (!document.hidden) set('clock', hours.format(new Date())); }, 1000);
        new ResizeObserver(() => { fit(); request(); }).observe(document.querySelector('main'));
        if ('IntersectionObserver' in window) {
          const watch = new IntersectionObserver(entries => {
            for (const entry of entries) {
              const it = charts.find(it => it.canvas === entry.target);
              it.seen = entry.isIntersecting;
              it.dirty = true;
            }
            request();
          }, {rootMargin: '100px'});
          for (const it of charts) watch.observe(it.canvas);
        }
        calm.addEventListener('change', request);
        fit();
        connect();
        """#
}
