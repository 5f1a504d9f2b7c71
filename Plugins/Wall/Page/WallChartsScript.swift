/// The script's third part: the charts.
enum WallChartsScript {
    static let text = sales + "\n" + lists + "\n" + machinery

    /// The sale itself: pulse and funnel.
    private static let sales = #"""
        // Complete seconds; the last one is still filling and would look like a fall.
        const rows = () => {
          const all = get('series.rows', []), now = Math.floor(serverNow());
          return all.length && all[all.length - 1][0] >= now ? all.slice(0, -1) : all;
        };
        // How many seconds are shown: what there is, as far as there is room.
        function reach(list, most) {
          const have = list.length ? serverNow() - list[0][0] : 0;
          return [60, 120, 300, 600].find(seconds => seconds >= have || seconds >= most);
        }
        const glide = {top: 1, most: 1, key: '', layer: document.createElement('canvas')};
        const pulse = chart('pulse', 'series', (g, width, height) => {
          const now = serverNow();
          const list = rows();
          const seconds = reach(list, width < 34 * rem ? 120 : Math.min(get('history.seconds', 300), 600));
          const [left, right, floor, ceiling] = [2.9 * rem, width - .6 * rem, height - 1.5 * rem, 1.1 * rem];
          const step = (right - left) / seconds;
          const shown = list.filter(row => row[0] >= now - seconds - 2);
          const mean = shown.map((row, at) => {
            const from = Math.max(0, at - 2);
            let sum = 0;
            for (let i = from; i <= at; i++) sum += shown[i][1];
            return sum / (at - from + 1);
          });
          const wanted = above(Math.max(4, ...mean) * 1.08);
          glide.top = wanted;
          glide.most = Math.max(1, ...shown.map(row => row[3]));
          const y = value => floor - value / glide.top * (floor - ceiling) * .8;
          g.lineWidth = 1;
          g.strokeStyle = colors.line;
          for (const part of [0, .5, 1]) {
            const at = Math.round(y(wanted * part)) + .5;
            g.beginPath();
            g.moveTo(left, at);
            g.lineTo(right, at);
            g.stroke();
            write(g, short.format(wanted * part), left - .5 * rem, at, {align: 'right'});
          }
          const every = seconds > 300 ? 120 : seconds > 120 ? 60 : seconds > 60 ? 30 : 15;
          for (let back = 0; back < seconds; back += every) {
            if (back && back * step < 3.6 * rem) continue;
            const name = back === 0 ? 'now' : back < 60 || back % 60 ? `−${back} s` : `−${back / 60} min`;
            const at = right - back * step;
            write(g, name, at, height - .55 * rem, {align: back ? 'center' : 'right'});
          }
          if (!shown.length) return nothing(g, width, height, 'Quiet. The first visitor lights the lamps.');
          // Drawn once a second; in between it only glides.
          const last = shown[shown.length - 1];
          const key = [step, last[0], last[1], last[3], shown.length, glide.top, glide.most, width,
            height].join();
          if (key !== glide.key) {
            glide.key = key;
            pulseLayer(g, shown, mean, time => right - (last[0] - time) * step, y, step, floor, ceiling);
          }
          const shift = (now - 1 - last[0]) * step, ratio = g.getTransform().a;
          g.save();
          g.beginPath();
          g.rect(left, 0, right - left + .6 * rem, floor + 1);
          g.clip();
          g.drawImage(glide.layer, -shift, 0, glide.layer.width / ratio, glide.layer.height / ratio);
          g.restore();
        });
        function pulseLayer(from, shown, mean, x, y, step, floor, ceiling) {
          const layer = glide.layer, ratio = from.getTransform().a, g = layer.getContext('2d');
          layer.width = from.canvas.width + 4 * rem * ratio;
          layer.height = from.canvas.height;
          g.setTransform(ratio, 0, 0, ratio, 0, 0);
          const points = shown.map((row, at) => [x(row[0]), y(mean[at])]);
          g.beginPath();
          g.moveTo(points[0][0], floor);
          for (const point of points) g.lineTo(point[0], point[1]);
          g.lineTo(points[points.length - 1][0], floor);
          const fill = g.createLinearGradient(0, ceiling, 0, floor);
          fill.addColorStop(0, '#74b4ff99');
          fill.addColorStop(1, '#74b4ff0a');
          g.fillStyle = fill;
          g.fill();
          line(g, points, colors.blue, .14 * rem);
          // Each second with orders is a light: the higher, the more they were worth; the larger, the more
          // there were. Where there are many, they are smaller.
          const image = lanternImage(), lit = shown.filter(row => row[2]);
          const density = Math.max(.42, Math.min(1, .28 + .8 * step / rem));
          g.globalCompositeOperation = 'lighter';
          for (const row of lit) {
            const level = Math.sqrt(Math.max(0, row[3]) / glide.most);
            const size = Math.min(3.6, (1.5 + .5 * Math.sqrt(row[2])) * density) * rem;
            const at = floor - (.08 + .86 * Math.min(1, level)) * (floor - ceiling);
            g.globalAlpha = .8;
            g.drawImage(image, x(row[0]) - size / 2, at - size / 2, size, size);
          }
        }

        const funnel = chart('funnel', 'funnel', (g, width, height) => {
          const steps = [['Viewed', get('funnel.view'), colors.blue], ['In the cart', get('funnel.cart'),
            colors.violet], ['Ordered', get('funnel.order'), colors.gold]];
          const most = Math.max(1, steps[0][1]);
          if (!steps[0][1]) return nothing(g, width, height, 'Nobody has looked at a product yet');
          const gap = .55 * rem, tall = (height - 2 * gap) / 3, half = width / 2;
          const wide = step => Math.max(.02, Math.sqrt(step[1] / most)) * half;
          steps.forEach((step, at) => {
            const y = at * (tall + gap), now = wide(step);
            const next = at < 2 ? wide(steps[at + 1]) : now * .8;
            g.beginPath();
            g.moveTo(half - now, y);
            g.lineTo(half + now, y);
            g.lineTo(half + (now + next) / 2, y + tall);
            g.lineTo(half - (now + next) / 2, y + tall);
            g.closePath();
            const fill = g.createLinearGradient(0, y, 0, y + tall);
            fill.addColorStop(0, step[2] + '70');
            fill.addColorStop(1, step[2] + '2c');
            g.fillStyle = fill;
            g.fill();
            g.fillStyle = step[2];
            g.fillRect(half - now, y, 2 * now, Math.max(2, .13 * rem));
            const middle = y + tall / 2, size = Math.min(1.7, tall / rem * .4);
            write(g, count(step[1]), half, middle - size * .3 * rem,
              {align: 'center', size, color: colors.text, weight: 600});
            const part = at ? ` · ${share.format(step[1] / most)}` : ' · sessions';
            write(g, step[0] + part, half, middle + size * .62 * rem,
              {align: 'center', size: .85, color: colors.text});
          });
        });
        """#

    /// Lists with bars: products and origins.
    private static let lists = #"""
        function bars(g, width, height, entries, color, empty) {
          if (!entries.length) return nothing(g, width, height, empty);
          const lines = Math.max(1, Math.min(entries.length, Math.floor((height + .2 * rem) / (1.62 * rem))));
          const space = Math.min(2.3 * rem, height / lines);
          const most = Math.max(...entries.map(entry => entry.value), 1);
          entries.slice(0, lines).forEach((entry, at) => {
            const y = at * space, middle = y + .62 * rem;
            g.font = `400 ${.92 * rem}px ${family}`;
            const room = width - g.measureText(entry.label).width - rem;
            write(g, cut(g, entry.name, room, .92), 0, middle, {size: .92, color: colors.text});
            write(g, entry.label, width, middle, {size: .92, align: 'right', color: color});
            bar(g, 0, y + 1.22 * rem, width, .2 * rem, '#ffffff', .08);
            bar(g, 0, y + 1.22 * rem, width * entry.value / most, .2 * rem, color);
          });
        }
        const best = chart('top', 'top', (g, width, height) => {
          const sold = get('top.sold', []), viewed = get('top.viewed', []);
          $('h-top').textContent = (sold.length ? 'Top products, sold' : 'Top products, viewed') +
            ' in ' + minutes();
          const entries = sold.length
            ? sold.map(it => ({name: it.title, value: it.pieces, label: count(it.pieces) + ' × · ' +
              cash(it.revenue)}))
            : viewed.map(it => ({name: it.title, value: it.views, label: count(it.views) + ' views'}));
          bars(g, width, height, entries, colors.gold, 'Nothing sold yet');
        });
        const origins = chart('origins', 'countries', (g, width, height) => {
          const all = get('countries', []);
          const sum = all.reduce((total, it) => total + it.visitors, 0) || 1;
          bars(g, width, height, all.map(it => ({name: country(it.code), value: it.visitors,
            label: count(it.visitors) + ' · ' + Math.round(100 * it.visitors / sum) + ' %'})), colors.teal,
            'Nobody here yet');
        });
        """#

    /// How the machine is: answer times, cache, mailboxes.
    private static let machinery = #"""
        const latency = chart('latency', 'latency', (g, width, height) => {
          const list = rows(), now = serverNow(), names = ['p50', 'p95', 'p99'];
          const lines = [colors.blue, colors.violet, colors.rose];
          const head = 1.75 * rem, [left, right, floor] = [3.6 * rem, width - .3 * rem, height - .5 * rem];
          names.forEach((name, at) => {
            const x = width * (at + .5) / 3;
            write(g, span(get('latency.' + name)), x, .75 * rem,
              {size: Math.min(1.35, width / rem / 15), color: lines[at], align: 'center', weight: 600});
          });
          const shown = list.filter(row => row[6] > 0);
          if (!shown.length) return nothing(g, width, height + head, 'No answer measured yet');
          let [low, high] = [Infinity, 0];
          for (const row of shown) {
            low = Math.min(low, row[4]);
            high = Math.max(high, row[6]);
          }
          low = Math.max(1, 10 ** Math.floor(Math.log10(low)));
          high = Math.max(low * 10, 10 ** Math.ceil(Math.log10(high)));
          const scale = Math.log(high / low);
          const seconds = reach(list, Math.min(get('history.seconds', 300), 600));
          const y = value => floor - Math.log(Math.max(value, low) / low) / scale * (floor - head - .6 * rem);
          for (let value = low; value <= high; value *= 10) {
            const at = Math.round(y(value)) + .5;
            g.strokeStyle = colors.line;
            g.lineWidth = 1;
            g.beginPath();
            g.moveTo(left, at);
            g.lineTo(right, at);
            g.stroke();
            write(g, span(value), left - .5 * rem, at, {align: 'right'});
          }
          for (const at of [2, 1, 0]) {
            const points = list.map(row => row[6] > 0 && row[0] > now - seconds ?
              [right - (now - 1 - row[0]) / seconds * (right - left), y(row[4 + at])] : null);
            line(g, points, lines[at], .13 * rem);
          }
        });

        const cache = chart('cache', 'cache', (g, width, height) => {
          const ratio = get('cache.recent', get('cache.ratio', null));
          const radius = Math.min(width, height) / 2 - .5 * rem, [x, y] = [width / 2, height / 2];
          const arc = (to, color) => {
            g.beginPath();
            g.arc(x, y, radius, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * to);
            g.strokeStyle = color;
            g.lineWidth = .55 * rem;
            g.lineCap = 'round';
            g.stroke();
          };
          arc(1, '#ffffff14');
          const color = ratio > .9 ? colors.teal : ratio > .6 ? colors.gold : colors.rose;
          if (ratio !== null && ratio > 0) arc(ratio, color);
          const size = Math.min(1.7, radius / rem * .4);
          write(g, ratio === null ? '–' : share.format(ratio), x, y,
            {align: 'center', size, color: colors.text, weight: 600});
        });

        const stateColors = {ready: colors.teal, failed: colors.rose, restarting: colors.rose};
        const boxes = chart('boxes', 'actors', (g, width, height) => {
          const actors = get('actors', []);
          if (!actors.length) return nothing(g, width, height, 'No actors watched');
          const columns = boxColumns(width), wide = (width + .6 * rem) / columns - .6 * rem;
          actors.forEach((actor, at) => {
            const x = at % columns * (wide + .6 * rem), y = Math.floor(at / columns) * 3.05 * rem;
            bar(g, x, y, wide, 2.6 * rem, '#ffffff', .045);
            g.fillStyle = stateColors[actor.state] || colors.gold;
            g.beginPath();
            g.arc(x + .75 * rem, y + .75 * rem, .26 * rem, 0, 7);
            g.fill();
            const wait = actor.wait_p99 ? span(actor.wait_p99) : '';
            g.font = `400 ${.8 * rem}px ${family}`;
            const room = wide - 1.9 * rem - g.measureText(wait).width;
            write(g, cut(g, actor.name, room, .88), x + 1.25 * rem, y + .77 * rem,
              {size: .88, color: colors.text});
            write(g, wait, x + wide - .5 * rem, y + .77 * rem, {align: 'right'});
            const lost = actor.dropped + actor.refused + actor.expired;
            const words = actor.state !== 'ready' ? actor.state : actor.restarts ?
              actor.restarts + (actor.restarts > 1 ? ' restarts' : ' restart') :
              lost ? count(lost) + ' lost' : rate(actor.rate) + '/s';
            write(g, words, x + .5 * rem, y + 1.72 * rem, {color: actor.state !== 'ready' || actor.restarts ||
              lost ? colors.gold : colors.mute, size: .76});
            write(g, count(actor.depth) + ' waiting', x + wide - .5 * rem, y + 1.72 * rem,
              {align: 'right', size: .76});
            // On a logarithmic scale: one that waits can be seen, and a full one is full.
            const full = Math.log2(1 + actor.depth) / Math.log2(1 + Math.max(1, actor.capacity));
            bar(g, x + .5 * rem, y + 2.22 * rem, wide - rem, .16 * rem, '#ffffff', .1);
            if (actor.depth) bar(g, x + .5 * rem, y + 2.22 * rem, (wide - rem) * Math.min(1, full), .16 * rem,
              full > .85 ? colors.rose : full > .6 ? colors.gold : colors.teal);
          });
        });
        const boxColumns = width => Math.max(1, Math.floor((width + .6 * rem) / (11.2 * rem)));
        let boxRows = 0;
        function boxHeight() {
          const number = Math.ceil(get('actors', []).length / boxColumns(boxes.width || 1));
          if (number === boxRows) return;
          boxRows = number;
          boxes.canvas.parentElement.style.minHeight = Math.max(7.4, number * 3.05 - .4) + 'rem';
          fit();
        }
        """#
}
