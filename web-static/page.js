// Puts the page to life: the answers into the sections, filters, themes, the state of the link.

import { exact, refreshTimes, since } from './format.js';
import { Slot, loadFragments } from './fragments.js';
import { Live } from './live.js';
import { Mesh } from './mesh.js';
import { roving } from './roving.js';
import { Rate } from './sparkline.js';
import * as summary from './summary.js';

const byID = (id) => document.getElementById(id);
const nowInSeconds = () => Date.now() / 1000;
const wordsOfLink = { live: 'Live', connecting: 'Connecting', away: 'Not connected', signedOut: 'Signed out', paused: 'Paused' };
const stateOfLink = { live: 'ok', connecting: 'waiting', away: 'failed', signedOut: 'failed', paused: 'unknown' };

/// What a theme button remembers; nothing where storage is not allowed.
const memory = {
  get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* remembered until the page is left */ } },
};

function startTheme() {
  const button = byID('theme'), themes = ['auto', 'light', 'dark'];
  const show = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    memory.set('isthmus-theme', theme);
  };
  const kept = memory.get('isthmus-theme');
  show(themes.includes(kept) ? kept : 'auto');
  button.addEventListener('click', () => {
    show(themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length]);
  });
}

class Page {
  constructor() {
    this.slots = new Map();
    this.refreshers = new Map();
    this.limits = { ...summary.rows };
    this.filters = {};
    this.shown = {};
    this.rate = new Rate();
    this.pending = new Set();
    this.mesh = new Mesh(byID('mesh'), (name) => this.showPeer(name));
    for (const host of document.querySelectorAll('main [data-slot]')) {
      // The slots in a row belong to the row.
      if (host.parentElement.closest('[data-slot]') !== document.body) continue;
      this.slots.set(host.dataset.slot, new Slot(host));
      if (host.dataset.roving !== undefined) this.refreshers.set(host.dataset.slot, roving(host));
    }
    this.live = new Live({
      changed: (names, answers) => this.take(names, answers),
      linked: (link) => this.showLink(link),
    });
    this.listen();
    this.live.start();
    setInterval(() => this.tick(), 1000);
  }

  listen() {
    document.addEventListener('input', (event) => {
      const name = event.target.dataset?.filter;
      if (!name) return;
      this.filters[name] = event.target.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      this.limits[name] = summary.rows[name];
      this.put(name);
    });
    document.addEventListener('click', (event) => {
      const name = event.target.dataset?.show;
      if (!name) return;
      this.limits[name] += summary.rows[name];
      this.put(name);
    });
    byID('pause').addEventListener('click', (event) => {
      const isPaused = event.target.getAttribute('aria-pressed') !== 'true';
      event.target.setAttribute('aria-pressed', String(isPaused));
      event.target.textContent = isPaused ? 'Go on' : 'Pause';
      if (isPaused) this.live.pause();
      else this.live.start();
    });
    byID('exact').addEventListener('click', (event) => {
      this.isExact = !this.isExact;
      event.target.setAttribute('aria-pressed', String(this.isExact));
      this.tick();
    });
    byID('retry').addEventListener('click', () => {
      if (this.link?.state === 'signedOut') location.assign('/');
      else this.live.retryNow();
    });
  }

  /// Notes what is new and draws it at most once a frame.
  take(names, answers) {
    this.answers = answers;
    if (names.includes('info')) this.rate.add(Number(answers.info?.store?.revision ?? 0), nowInSeconds());
    if (this.pending.size === 0) requestAnimationFrame(() => this.draw());
    for (const name of names) this.pending.add(name);
  }

  draw() {
    const names = new Set(this.pending);
    this.pending.clear();
    const answers = this.answers, now = nowInSeconds();
    if (names.has('info')) this.showInfo(answers.info, now);
    if (names.has('peers')) this.set('peers', summary.peers(answers.peers ?? [], now), 'No other cluster is declared.');
    if (names.has('services')) this.set('services', summary.services(answers.services ?? []), 'No service is known.');
    if (names.has('clients')) this.set('clients', summary.clients(answers.clients ?? [], now), 'Nobody is connected.');
    if (names.has('certificates') || names.has('info')) {
      this.set('certificates', summary.certificates(answers, now), 'No certificate is known.');
    }
    if (names.has('events')) this.set('events', summary.events(answers.events, now), 'Nothing has happened yet.');
    if (names.has('peers') || names.has('info')) this.mesh.update(answers.info, answers.peers ?? []);
    if (['info', 'peers', 'clients', 'services', 'certificates'].some((name) => names.has(name))) {
      const verdict = summary.verdict(answers, now);
      this.slots.get('verdict').update(verdict);
      const sign = { failed: '✕ ', waiting: '… ' }[verdict[0].fields.state] ?? '';
      document.title = `${sign}${answers.info?.clusterName ?? ''} – Isthmus`;
    }
    byID('link').dataset.at = exact(new Date().toISOString());
    this.tick();
  }

  showInfo(info, now) {
    this.slots.get('numbers').update(summary.numbers(info ?? {}, now, this.rate.text));
    const spark = document.querySelector('[data-spark]');
    if (spark) this.rate.draw(spark);
  }

  set(name, items, empty) {
    this.shown[name] = { items, empty };
    this.put(name);
  }

  /// Shows a section's rows that pass its filter, up to its limit.
  put(name) {
    if (!this.shown[name]) return;
    const { items, empty } = this.shown[name];
    const words = this.filters[name] ?? [];
    const wanted = words.length === 0 ? items : items.filter((item) => {
      item.text ??= spoken(item.fields).toLowerCase();
      return words.every((word) => item.text.includes(word));
    });
    const tree = summary.section(name, wanted, this.limits[name], empty, words.length > 0);
    this.slots.get(name).update(tree[name]);
    this.slots.get(`${name}Note`).update(tree[`${name}Note`]);
    this.refreshers.get(name)?.();
  }

  showPeer(name) {
    const input = document.querySelector('[data-filter="peers"]');
    if (!byID(`peer-${name}`)) {
      input.value = name;
      input.dispatchEvent(new Event('input', { bubbles: true }));
    }
    const row = byID(`peer-${name}`);
    if (!row) return;
    row.querySelector('details').open = true;
    row.querySelector('summary').focus();
  }

  showLink(link) {
    this.link = link;
    const isBad = link.state === 'away' || link.state === 'signedOut';
    document.body.dataset.link = link.state;
    byID('link').dataset.state = stateOfLink[link.state];
    byID('link-word').textContent = wordsOfLink[link.state];
    if (link.state !== 'connecting') byID('banner').hidden = !isBad;
    byID('retry').textContent = link.state === 'signedOut' ? 'Sign in' : 'Try now';
    const at = new Date(link.since).toISOString();
    const said = link.state === 'signedOut' ? 'You are signed out. What you see is from before.'
      : `Not connected since ${exact(at)}. What you see is from then.${link.message ? ` The server says: ${link.message}` : ''}`;
    // Said once, and not again at every try: it is read aloud.
    if (isBad && byID('banner-text').textContent !== said) byID('banner-text').textContent = said;
    if (!isBad && link.state !== 'connecting') byID('banner-text').textContent = '';
    this.tick();
  }

  tick() {
    const now = nowInSeconds();
    refreshTimes(byID('main'), now, this.isExact);
    const { state, next, since: begin } = this.link ?? {};
    byID('banner-next').textContent = state === 'away' ? `For ${since(new Date(begin).toISOString(), now)}; next try in ${Math.max(0, Math.ceil(next / 1000 - now))} s` : '';
  }
}

/// All that a row says, for the filter.
function spoken(fields) {
  return Object.entries(fields).map(([name, value]) => {
    if (Array.isArray(value)) return value.map((item) => spoken(item.fields)).join(' ');
    return name === 'percent' ? '' : value;
  }).join(' ');
}

if (document.body.dataset.session === 'open') {
  document.documentElement.dataset.script = 'on';
  startTheme();
  await loadFragments('/static/fragments.html');
  new Page();
}
