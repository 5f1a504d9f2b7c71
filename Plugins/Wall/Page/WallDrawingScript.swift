/// The script's second part: a canvas that fits its place, and the shapes that charts are made of.
enum WallDrawingScript {
    static let text = #"""
        const colors = {};
        for (const name of ['night', 'line', 'text', 'mute', 'gold', 'teal', 'blue', 'violet', 'rose'])
          colors[name] = getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
        let rem = 16;
        const family = 'system-ui,"Segoe UI",Roboto,sans-serif';
        const charts = [];

        // A canvas, drawn by `draw(g, width, height)` in CSS pixels when the member `feed` has changed.
        function chart(name, feed, draw) {
          const canvas = $('c-' + name), g = canvas.getContext('2d');
          const it = {name, feed, canvas, g, draw, width: 0, height: 0, dirty: true, seen: true, drawnAt: 0};
          charts.push(it);
          return it;
        }
        function fit() {
          rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
          const ratio = Math.min(devicePixelRatio || 1, 2);
          for (const it of charts) {
            const box = it.canvas.parentElement.getBoundingClientRect();
            it.width = box.width;
            it.height = box.height;
            const [width, height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
            if (it.canvas.width !== width || it.canvas.height !== height) {
              it.canvas.width = width;
              it.canvas.height = height;
              // Setting a canvas's size clears it: it is drawn in the next frame.
              it.drawnAt = 0;
            }
            it.g.setTransform(ratio, 0, 0, ratio, 0, 0);
            it.dirty = true;
          }
          lantern = null;
        }
        function paint(it) {
          it.g.clearRect(0, 0, it.width, it.height);
          it.dirty = false;
          it.drawnAt = performance.now();
          if (it.width > 20 && it.height > 20) it.draw(it.g, it.width, it.height);
        }

        function write(g, text, x, y, {size = .8, color = colors.mute, align = 'left', weight = 400} = {}) {
          g.font = `${weight} ${size * rem}px ${family}`;
          g.fillStyle = color;
          g.textAlign = align;
          g.textBaseline = 'middle';
          g.fillText(text, x, y);
        }
        const cuts = new Map();
        // The text as far as it fits; measuring is dear, so answers are kept.
        function cut(g, text, width, size) {
          const key = text + '|' + Math.round(width) + '|' + size;
          let short = cuts.get(key);
          if (short !== undefined) return short;
          g.font = `400 ${size * rem}px ${family}`;
          short = text;
          if (g.measureText(text).width > width) {
            let [low, high] = [0, text.length];
            while (low < high) {
              const middle = (low + high + 1) >> 1;
              if (g.measureText(text.slice(0, middle) + '…').width <= width) low = middle;
              else high = middle - 1;
            }
            short = text.slice(0, low).trimEnd() + '…';
          }
          if (cuts.size > 500) cuts.clear();
          cuts.set(key, short);
          return short;
        }
        function bar(g, x, y, width, height, color, alpha = 1) {
          g.globalAlpha = alpha;
          g.fillStyle = color;
          g.beginPath();
          g.roundRect(x, y, Math.max(width, Math.min(2, height)), height, Math.min(height / 2, .35 * rem));
          g.fill();
          g.globalAlpha = 1;
        }
        function line(g, points, color, width) {
          g.beginPath();
          let down = false;
          for (const point of points) {
            if (!point) down = false;
            else if (down) g.lineTo(point[0], point[1]);
            else { g.moveTo(point[0], point[1]); down = true; }
          }
          g.strokeStyle = color;
          g.lineWidth = width;
          g.lineJoin = 'round';
          g.stroke();
        }
        // The next of 1, 2, 5, 10, 20, … that is not below the value.
        function above(value) {
          const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
          for (const step of [1, 2, 5, 10]) if (step * power >= value * .999) return step * power;
          return 10 * power;
        }
        function nothing(g, width, height, text) {
          write(g, text, width / 2, height / 2, {align: 'center', size: .9});
        }

        // A point of light, drawn once and copied.
        let lantern = null;
        function lanternImage() {
          if (lantern) return lantern;
          const size = Math.ceil(4 * rem);
          lantern = document.createElement('canvas');
          lantern.width = lantern.height = size;
          const g = lantern.getContext('2d');
          const light = g.createRadialGradient(size / 2, size / 2, 0, size / 2, size / 2, size / 2);
          light.addColorStop(0, '#fff6dcff');
          light.addColorStop(.12, '#ffd486ff');
          light.addColorStop(.3, '#ffb84d66');
          light.addColorStop(1, '#ff9a3c00');
          g.fillStyle = light;
          g.fillRect(0, 0, size, size);
          return lantern;
        }
        """#
}
