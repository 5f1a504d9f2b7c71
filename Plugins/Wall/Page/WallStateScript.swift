/// The script's first part: what is known, and how it is written.
enum WallStateScript {
    static let text = #"""
        const $ = id => document.getElementById(id);
        const calm = matchMedia('(prefers-reduced-motion: reduce)');
        let S = {}, receivedAt = 0;

        // The whole state, or what changed of it. Of the series only new rows come.
        function take(data, isWhole) {
          if (isWhole) S = {};
          for (const name of Object.keys(data)) {
            const value = data[name];
            for (const it of charts) if (it.feed === name) it.dirty = true;
            if (name === 'series' && 'from' in value && S.series) {
              const first = value.rows.length ? value.rows[0][0] : Infinity;
              const kept = S.series.rows.filter(row => row[0] >= value.from && row[0] < first);
              S.series = {columns: value.columns, rows: kept.concat(value.rows)};
            } else S[name] = value;
          }
          if (data.time) receivedAt = performance.now();
        }

        // The server's time in seconds, moving on between frames.
        const serverNow = () =>
          S.time ? S.time / 1000 + Math.min(5, (performance.now() - receivedAt) / 1000) : Date.now() / 1000;

        const plain = new Intl.NumberFormat();
        const short = new Intl.NumberFormat(undefined, {notation: 'compact', maximumFractionDigits: 1});
        const tenth = new Intl.NumberFormat(undefined, {maximumFractionDigits: 1});
        const share = new Intl.NumberFormat(undefined, {style: 'percent', maximumFractionDigits: 1});
        let money, moneyShort, moneyCode, moneyUnit = 100;
        function currency() {
          const code = S.currency || 'EUR';
          if (code === moneyCode) return;
          moneyCode = code;
          const make = more => {
            try {
              return new Intl.NumberFormat(undefined, {style: 'currency', currency: code, ...more});
            } catch {
              return new Intl.NumberFormat(undefined, {minimumFractionDigits: 2});
            }
          };
          moneyUnit = 10 ** make({}).resolvedOptions().maximumFractionDigits;
          money = make({maximumFractionDigits: 0, minimumFractionDigits: 0});
          moneyShort = make({notation: 'compact', maximumFractionDigits: 1, minimumFractionDigits: 0});
        }
        const cash = value => (value >= 1e8 * moneyUnit ? moneyShort : money).format(value / moneyUnit);
        const count = value => (value >= 1e6 ? short : plain).format(Math.round(value));
        const rate = value => value >= 100 ? count(value) : tenth.format(value);
        // Microseconds, as a person says them.
        const span = us => !us ? '–' : us < 1000 ? us + ' µs' :
          us < 1e6 ? tenth.format(us / 1000) + ' ms' : tenth.format(us / 1e6) + ' s';
        let regions;
        try { regions = new Intl.DisplayNames(undefined, {type: 'region'}); } catch { regions = null; }
        function country(code) {
          if (!code) return 'elsewhere';
          try { return (regions && regions.of(code)) || code; } catch { return code; }
        }
        const get = (path, otherwise = 0) =>
          path.split('.').reduce((at, name) => at == null ? at : at[name], S) ?? otherwise;
        const minutes = () => {
          const seconds = get('history.seconds', 300);
          return seconds % 60 ? seconds + ' s' : seconds === 60 ? 'minute' : seconds / 60 + ' minutes';
        };
        """#
}
