/// The script's fourth part: headline numbers, and the tables beneath for those who do not see charts.
enum WallTablesScript {
    static let text = #"""
        const eased = {};
        // Moves what is shown towards what is so; answers whether it has arrived.
        function ease(id, target, format) {
          const it = eased[id] ??= {value: target, shown: ''};
          const gap = target - it.value;
          it.value = calm.matches || Math.abs(gap) < Math.max(.05, Math.abs(target) * .0005)
            ? target : it.value + gap * .22;
          const text = format(it.value);
          if (text !== it.shown) $(id).textContent = it.shown = text;
          return it.value === target;
        }
        const set = (id, text) => { if ($(id).textContent !== text) $(id).textContent = text; };

        // Narrow screens have no room for more than six digits.
        const headlineCash = value =>
          innerWidth < 30 * rem && value >= 1e6 * moneyUnit
            ? moneyShort.format(value / moneyUnit) : cash(value);
        function headline() {
          if (!S.now) return true;
          currency();
          const arrived = [
            ease('visitors', get('now.active'), count),
            ease('orders', get('total.orders'), count),
            ease('revenue', get('total.revenue'), headlineCash),
            ease('events', get('now.events_per_second'), rate),
          ];
          return arrived.every(it => it);
        }
        function headlineNotes() {
          if (!S.now) return;
          currency();
          set('visitors2', `${count(get('minute.visitors'))} in the last minute`);
          set('orders2', `${count(get('minute.orders'))} in the last minute · ` +
            `${rate(get('now.orders_per_second'))} a second`);
          const orders = get('history.orders');
          set('revenue2', `${cash(get('minute.revenue'))} in the last minute` +
            (orders ? ` · ⌀ ${cash(get('history.revenue') / orders)}` : ''));
          set('events2', `${count(get('minute.views'))} product views in the last minute`);
          const ratio = get('sampling.keeps_one_in', 1), dropped = get('sampling.dropped');
          const notes = [];
          if (ratio > 1) notes.push(`busy: looks at 1 visitor in ${ratio}, scaled up`);
          if (dropped) notes.push(`${count(dropped)} events were let go`);
          set('note', notes.join(' · '));
        }
        function banner() {
          const level = get('degrade.level'), off = get('degrade.off', []);
          $('banner').hidden = level === 0;
          if (level) set('banner', `Degrade level ${level}` + (off.length ? ': ' + off.map(it => it.name +
            (it.fallback ? ` (${it.fallback} instead)` : ' off')).join(', ') : ''));
        }

        function table(title, head, lines) {
          const element = document.createElement('table');
          element.createCaption().textContent = title;
          const row = element.createTHead().insertRow();
          for (const name of head) {
            const cell = document.createElement('th');
            cell.scope = 'col';
            cell.textContent = name;
            row.append(cell);
          }
          const body = element.createTBody();
          for (const texts of lines) {
            const row = body.insertRow();
            texts.forEach((text, at) => {
              const cell = document.createElement(at ? 'td' : 'th');
              if (!at) cell.scope = 'row';
              cell.textContent = text;
              row.append(cell);
            });
          }
          const frame = document.createElement('div');
          frame.append(element);
          return frame;
        }
        function tables() {
          if (!S.now) return;
          currency();
          const line = (name, at) => [name, count(get(at + '.visitors')), count(get(at + '.events')),
            count(get(at + '.orders')), cash(get(at + '.revenue'))];
          const view = Math.max(1, get('funnel.view'));
          $('tables').replaceChildren(
            table('The sale', ['when', 'visitors', 'events', 'orders', 'revenue'], [
              line('last minute', 'minute'), line('last ' + minutes(), 'history'),
              line('since the start', 'total')]),
            table('Funnel, sessions in ' + minutes(), ['step', 'sessions', 'share'],
              [['viewed', 'view'], ['in the cart', 'cart'], ['ordered', 'order']].map(([name, key]) =>
                [name, count(get('funnel.' + key)), share.format(get('funnel.' + key) / view)])),
            table('Answer times in the last minute', ['share', 'at most'], [['half', 'p50'], ['95 %', 'p95'],
              ['99 %', 'p99']].map(([name, key]) => [name, span(get('latency.' + key))])),
            table('Sold in ' + minutes(), ['product', 'pieces', 'revenue'], get('top.sold', []).map(it =>
              [it.title, count(it.pieces), cash(it.revenue)])),
            table('Viewed in ' + minutes(), ['product', 'views'], get('top.viewed', []).map(it =>
              [it.title, count(it.views)])),
            table('Active visitors by country', ['country', 'visitors'], get('countries', []).map(it =>
              [country(it.code), count(it.visitors)])),
            table('Cache', ['when', 'hits', 'misses', 'ratio'], [['since the start', count(get('cache.hits')),
              count(get('cache.misses')),
              S.cache && S.cache.ratio !== null ? share.format(S.cache.ratio) : '–']]),
            table('Actors', ['name', 'state', 'waiting', 'wait 99 %', 'a second', 'lost', 'restarts'],
              get('actors', []).map(it => [it.name, it.state, count(it.depth), span(it.wait_p99),
                rate(it.rate), count(it.dropped + it.refused + it.expired), count(it.restarts)])));
          const words = {
            pulse: `${rate(get('now.events_per_second'))} events and ` +
              `${rate(get('now.orders_per_second'))} orders a second`,
            funnel: `${count(get('funnel.view'))} viewed, ${count(get('funnel.cart'))} put into the cart, ` +
              `${count(get('funnel.order'))} ordered`,
            latency: `half within ${span(get('latency.p50'))}, 99 % within ${span(get('latency.p99'))}`,
            top: get('top.sold', []).slice(0, 3).map(it => it.title).join(', '),
            origins: get('countries', []).slice(0, 3).map(it => country(it.code)).join(', '),
            cache: S.cache && S.cache.ratio !== null ? share.format(S.cache.ratio) : 'none',
            boxes: `${get('actors', []).filter(it => it.state === 'ready').length} of ` +
              `${get('actors', []).length} actors ready`,
          };
          for (const it of charts) {
            it.canvas.removeAttribute('aria-labelledby');
            it.canvas.setAttribute('aria-label', $('h-' + it.name).textContent + ': ' + words[it.name]);
          }
        }
        // Said aloud rarely: a number each second would be noise.
        function speak() {
          if (!S.now) return;
          currency();
          set('spoken', `${count(get('now.active'))} visitors, ${count(get('minute.orders'))} orders in the ` +
            `last minute, revenue ${cash(get('total.revenue'))}`);
        }
        """#
}
