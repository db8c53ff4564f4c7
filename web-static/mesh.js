// The mesh as a picture: this cluster in the middle, the others around it, and on each line how far the connection
// has come. A line that is broken ends where it broke. The list of clusters below says the same in words.

import { counted } from './format.js';
import { headline } from './summary.js';
import { byName, obstacle, peerState } from './states.js';

const namespace = 'http://www.w3.org/2000/svg';
const namedUpTo = 16;
const namesOfBroken = 6;

function make(name, attributes, ...children) {
  const element = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const text = (string, attributes) => make('text', attributes, string);
const short = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);
const at = (number) => number.toFixed(1);

/// How much of its way a connection has come, 0 to 1.
function progress(status, state) {
  if (state === 'ok') return 1;
  const stages = status?.stages ?? [];
  if (stages.length === 0) return 0;
  return (stages.indexOf(obstacle(status)) + 0.5) / stages.length;
}

/// Where the other clusters stand: on one ellipse, or on several when there are many.
function places(count, width, height, reach) {
  const rings = count <= 40 ? 1 : Math.min(8, Math.ceil(Math.sqrt(count / 12)));
  const shares = Array.from({ length: rings }, (_, ring) => 1 - (ring * 0.66) / rings);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const result = [];
  shares.forEach((share, ring) => {
    const wanted = ring === rings - 1 ? count - result.length : Math.round((count * share) / whole);
    for (let index = 0; index < wanted; index += 1) {
      const angle = -Math.PI / 2 + ((index + (ring % 2) / 2) / wanted) * 2 * Math.PI;
      result.push({ x: width / 2 + Math.cos(angle) * reach.x * share, y: height / 2 + Math.sin(angle) * reach.y * share });
    }
  });
  return result;
}

/// What the picture says, for those who do not see it.
function description(info, list) {
  const count = (state) => list.filter((each) => each.state === state).length;
  const parts = [['ok', 'live'], ['waiting', 'on the way'], ['failed', 'broken'], ['unknown', 'not measured']]
    .map(([state, word]) => [count(state), word]).filter(([number]) => number > 0)
    .map(([number, word]) => `${number} ${word}`);
  return `${info?.clusterName ?? 'This cluster'} and ${counted(list.length, 'other cluster')}${parts.length ? `: ${parts.join(', ')}` : ''}.`;
}

/// The point where a line from the middle leaves the own cluster's sign.
function edgeOf(centre, half, to) {
  const x = to.x - centre.x, y = to.y - centre.y, length = Math.hypot(x, y) || 1;
  const reach = Math.min((half * length) / Math.abs(x || 0.001), (15 * length) / Math.abs(y || 0.001)) + 3;
  return { x: centre.x + (x / length) * reach, y: centre.y + (y / length) * reach };
}

function line(from, to, peer) {
  const share = peer.progress;
  const end = { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
  const group = make('g', { class: 'edge', 'data-state': peer.state });
  if (share < 1) group.append(make('line', { class: 'gap', x1: at(end.x), y1: at(end.y), x2: at(to.x), y2: at(to.y) }));
  if (share > 0) group.append(make('line', { class: 'way', x1: at(from.x), y1: at(from.y), x2: at(end.x), y2: at(end.y) }));
  if (peer.state === 'failed') {
    const d = `M${at(end.x - 4.5)} ${at(end.y - 4.5)}l9 9m0-9l-9 9`;
    group.append(make('circle', { class: 'break-back', cx: at(end.x), cy: at(end.y), r: 8 }), make('path', { class: 'break', d }));
  }
  return group;
}

function node(place, peer, size, isNamed, width) {
  const group = make('g', { class: 'node', 'data-state': peer.state, 'data-peer': peer.name });
  const room = 100;
  const right = isNamed === 'inwards' ? place.x < width - room : place.x > width / 2 + 1;
  const left = !right && place.x < (isNamed === 'inwards' ? width : width / 2 - 1);
  group.append(make('title', {}, [peer.name, peer.say].filter(Boolean).join(' – ')));
  group.append(make('circle', { class: 'touch', cx: at(place.x), cy: at(place.y), r: Math.max(10, size) }));
  const shape = peer.state === 'failed'
    ? make('rect', { class: 'dot', x: at(place.x - size), y: at(place.y - size), width: 2 * size, height: 2 * size })
    : make('circle', { class: 'dot', cx: at(place.x), cy: at(place.y), r: size });
  group.append(shape);
  if (isNamed) {
    const anchor = right ? 'start' : left ? 'end' : 'middle';
    const x = place.x + (right ? size + 6 : left ? -size - 6 : 0);
    const y = anchor === 'middle' ? place.y + (place.y < 90 ? -size - 8 : size + 18) : place.y + 4;
    group.append(text(short(peer.name, width < 400 ? 9 : 13), { class: 'node-name', x: at(x), y: at(y), 'text-anchor': anchor }));
    // The stage in the way stands on the outer side of the name.
    const below = anchor === 'middle' && place.y < 90 ? -14 : 14;
    if (peer.stop) group.append(text(short(peer.stop, 13), { class: 'node-word', x: at(x), y: at(y + below), 'text-anchor': anchor }));
  }
  return group;
}

/// Draws into an element, again whenever what is seen has changed.
export class Mesh {
  constructor(host, chosen) {
    this.host = host;
    this.drawn = undefined;
    new ResizeObserver(() => this.draw()).observe(host);
    host.addEventListener('click', (event) => {
      const name = event.target.closest?.('[data-peer]')?.dataset.peer;
      if (name) chosen(name);
    });
  }

  update(info, peerList) {
    this.info = info;
    this.list = peerList.map((peer) => {
      const state = peerState(peer.status);
      return {
        name: peer.metadata.name, state, progress: progress(peer.status, state), say: headline(peer),
        stop: state === 'ok' ? undefined : obstacle(peer.status)?.name,
      };
    }).sort((one, other) => byName(one.name, other.name));
    this.draw();
  }

  draw() {
    const width = Math.round(this.host.clientWidth), height = Math.round(Math.min(420, Math.max(250, width * 0.72)));
    if (!this.list || width < 50) return;
    const seen = JSON.stringify([width, this.info?.clusterName, this.list]);
    if (seen === this.drawn) return;
    this.drawn = seen;
    const count = this.list.length, many = count > namedUpTo;
    const centre = { x: width / 2, y: height / 2 };
    const size = count > 150 ? 2.6 : many ? 4 : 8;
    const name = short(this.info?.clusterName ?? '', 14);
    const half = many ? Math.max(24, name.length * 3.8 + 10) : Math.max(30, name.length * 4 + 14);
    const reach = { x: width / 2 - (many ? 14 : Math.min(90, width * 0.22)), y: height / 2 - (many ? 12 : 46) };
    const positions = places(count, width, height, reach);
    const named = many ? this.namesWithRoom(positions) : new Map(this.list.map((peer) => [peer.name, 'outwards']));
    const picture = make('svg', {
      viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': description(this.info, this.list), class: many ? 'many' : 'few',
    });
    for (const share of [0.42, 0.72, 1]) {
      picture.append(make('ellipse', { class: 'orbit', cx: centre.x, cy: centre.y, rx: at(reach.x * share), ry: at(reach.y * share) }));
    }
    // Broken ones last, so that they lie above.
    const order = [...this.list.keys()].sort((one, other) => (this.list[one].state === 'failed') - (this.list[other].state === 'failed'));
    for (const index of order) picture.append(line(edgeOf(centre, half, positions[index]), positions[index], this.list[index]));
    for (const index of order) picture.append(node(positions[index], this.list[index], size, named.get(this.list[index].name), width));
    picture.append(this.own(centre, half, name));
    if (count === 0) {
      picture.append(text('no other cluster yet', { class: 'node-name', x: centre.x, y: at(centre.y + reach.y * 0.72 + 5), 'text-anchor': 'middle' }));
    }
    this.host.replaceChildren(picture);
  }

  /// Among many only broken ones are named, and of these those whose names do not cover each other.
  namesWithRoom(positions) {
    const taken = [], names = new Map();
    this.list.forEach((peer, index) => {
      const place = positions[index];
      const isFree = taken.every((other) => Math.abs(other.x - place.x) > 110 || Math.abs(other.y - place.y) > 30);
      if (peer.state !== 'failed' || !isFree || taken.length === namesOfBroken) return;
      taken.push(place);
      names.set(peer.name, 'inwards');
    });
    return names;
  }

  own(centre, half, name) {
    return make('g', { class: 'own', 'data-state': this.info?.ready === false ? 'failed' : 'ok' },
      make('rect', { x: at(centre.x - half), y: at(centre.y - 15), width: at(2 * half), height: 30, rx: 15 }),
      text(name, { x: at(centre.x), y: at(centre.y + 4.5), 'text-anchor': 'middle' }));
  }
}
