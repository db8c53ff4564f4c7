// How numbers, sizes and times read. The server writes the same sentences (README.md, "Words").

const second = 1, minute = 60, hour = 3600, day = 86400;

/// 1234567 or "1234567" → "1,234,567"; nothing for what is no number.
export function number(value) {
  const text = String(value ?? '');
  return /^\d+$/.test(text) ? text.replace(/\B(?=(\d{3})+$)/g, ',') : '';
}

/// A count with its noun: "1 service", "2 services".
export function counted(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/// 1536 → "1.5 KiB"; one decimal below ten.
export function bytes(value) {
  if (!Number.isFinite(value) || value < 0) return '';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/// A length of time in its largest unit, rounded down: "12 s", "5 min", "7 h", "12 days", "4 months", "3 years".
export function span(seconds) {
  const steps = [
    [2 * 365 * day, 365 * day, 'years'],
    [100 * day, 30 * day, 'months'],
    [48 * hour, day, 'days'],
    [hour, hour, 'h'],
    [minute, minute, 'min'],
    [0, second, 's'],
  ];
  const length = Math.max(0, Math.floor(seconds));
  const [, size, unit] = steps.find(([from]) => length >= from);
  return `${Math.floor(length / size)} ${unit}`;
}

/// Seconds since 1970 of an RFC 3339 time, or nothing.
export function seconds(time) {
  const value = Date.parse(time ?? '');
  return Number.isNaN(value) ? undefined : value / 1000;
}

/// "5 min ago" or "in 5 min"; empty for no time.
export function relative(time, now) {
  const at = seconds(time);
  if (at === undefined) return '';
  const past = Math.floor(now - at);
  if (past === 0) return 'now';
  return past > 0 ? `${span(past)} ago` : `in ${span(-past)}`;
}

/// The length of time between then and now: "5 min"; empty for no time.
export function since(time, now) {
  const at = seconds(time);
  return at === undefined ? '' : span(Math.abs(now - at));
}

/// "2026-11-25 04:00:12 UTC"; empty for no time.
export function exact(time) {
  const at = seconds(time);
  if (at === undefined) return '';
  return `${new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/// Brings every `<time>` below a root up to now, or to exact times.
export function refreshTimes(root, now, wantsExact) {
  for (const element of root.querySelectorAll('time[datetime]')) {
    const time = element.getAttribute('datetime');
    if (seconds(time) === undefined) continue;
    const full = exact(time);
    const spoken = element.dataset.as === 'span' ? since(time, now) : relative(time, now);
    const text = wantsExact ? full : (element.dataset.before ?? '') + spoken;
    if (element.textContent !== text) element.textContent = text;
    if (element.title !== full) element.title = full;
  }
}
