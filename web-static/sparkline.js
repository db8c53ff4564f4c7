// A small line of the last minutes; decoration beside a number that says the same.

const width = 120, height = 28, kept = 60;
const namespace = 'http://www.w3.org/2000/svg';

/// Keeps a rate per second of a number that only grows.
export class Rate {
  constructor() {
    this.points = [];
    this.last = undefined;
  }

  /// Takes the number at a time in seconds; a number that went back begins anew.
  add(value, at) {
    const last = this.last;
    this.last = { value, at };
    if (!last || value < last.value || at <= last.at) return;
    this.points.push((value - last.value) / (at - last.at));
    if (this.points.length > kept) this.points.shift();
  }

  /// "12.5/s", or nothing before there are two numbers.
  get text() {
    const rate = this.points.at(-1);
    if (rate === undefined) return '';
    return `${rate > 0 && rate < 10 ? rate.toFixed(1) : Math.round(rate).toLocaleString('en')}/s`;
  }

  draw(host) {
    if (this.points.length < 2) return;
    const highest = Math.max(...this.points, 1);
    const left = width - (this.points.length - 1) * (width / (kept - 1));
    const at = (index) => left + index * (width / (kept - 1));
    const level = (rate) => height - 2 - (rate / highest) * (height - 4);
    const line = this.points.map((rate, index) => `${at(index).toFixed(1)},${level(rate).toFixed(1)}`).join(' ');
    const picture = document.createElementNS(namespace, 'svg');
    picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
    picture.setAttribute('preserveAspectRatio', 'none');
    picture.setAttribute('aria-hidden', 'true');
    const area = document.createElementNS(namespace, 'polygon');
    area.setAttribute('points', `${left.toFixed(1)},${height} ${line} ${width},${height}`);
    const stroke = document.createElementNS(namespace, 'polyline');
    stroke.setAttribute('points', line);
    picture.append(area, stroke);
    host.replaceChildren(picture);
  }
}
