// Keeps the answers fresh: asks each source at its pace and after events that concern it, follows the event
// stream, and backs off while the server is away.

import { ApiError, events, getList, getObject } from './api.js';

const keptEvents = 200;

/// Each source: where, how often in seconds, which kinds of events make it stale, and whether the page can do without.
const sources = {
  info: { read: (signal) => getObject('/system/info', signal), every: 5, kinds: [] },
  peers: { read: (signal) => getList('/peers', signal), every: 10, kinds: ['Peer'] },
  services: { read: (signal) => getList('/global-services', signal), every: 60, kinds: ['Service', 'GlobalService'], optional: true },
  clients: { read: (signal) => getList('/clients', signal, 5), every: 5, kinds: ['Client'], optional: true },
  certificates: { read: (signal) => getList('/certificates', signal), every: 300, kinds: ['Certificate'], optional: true },
};

const longestPause = 30_000;
const leastGap = 2000;

const wait = (milliseconds, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
});

/// Follows the server until it is stopped.
///
/// `changed(names, answers)` is called after answers have come; `linked(link)` when the link's state changes:
/// `{state: 'live' | 'connecting' | 'away' | 'signedOut' | 'paused', since, next?, message?}`, times in milliseconds.
export class Live {
  constructor({ changed, linked }) {
    this.changed = changed;
    this.linked = linked;
    this.answers = { events: [] };
    this.due = new Map();
    this.lastContact = Date.now();
    this.failures = 0;
    this.awake = new AbortController();
  }

  start() {
    this.stopper = new AbortController();
    return this.run(this.stopper.signal);
  }

  pause() {
    this.stopper?.abort();
    this.linked({ state: 'paused', since: this.lastContact });
  }

  /// Ends a pause between two tries.
  retryNow() {
    this.awake.abort();
  }

  async run(signal) {
    while (!signal.aborted) {
      const attempt = new AbortController();
      const both = AbortSignal.any([signal, attempt.signal]);
      try {
        await this.readAll(both);
        this.failures = 0;
        this.linked({ state: 'live', since: Date.now() });
        await Promise.race([this.poll(both), this.follow(both)]);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ApiError && error.status === 401) {
          this.linked({ state: 'signedOut', since: this.lastContact });
          return;
        }
        attempt.abort();
        await this.backOff(error, signal);
      } finally {
        attempt.abort();
      }
    }
  }

  async backOff(error, signal) {
    this.failures += 1;
    const longest = Math.min(longestPause, 1000 * 2 ** (this.failures - 1));
    const pause = Math.max(longest * (0.75 + Math.random() * 0.5), (error.retryAfter ?? 0) * 1000);
    const message = error instanceof ApiError ? error.message : '';
    this.linked({ state: 'away', since: this.lastContact, next: Date.now() + pause, message });
    this.awake = new AbortController();
    await wait(pause, AbortSignal.any([signal, this.awake.signal]));
    if (!signal.aborted) this.linked({ state: 'connecting', since: this.lastContact });
  }

  readAll(signal) {
    return this.read(Object.keys(sources), signal);
  }

  async read(names, signal) {
    await Promise.all(names.map(async (name) => {
      const source = sources[name];
      const begun = Date.now();
      try {
        this.answers[name] = await source.read(signal);
      } catch (error) {
        if (!(source.optional && error instanceof ApiError && error.status !== 401)) throw error;
        this.answers[name] = undefined;
      }
      this.lastContact = Date.now();
      // What takes long to answer is asked for less often.
      this.due.set(name, Date.now() + Math.max(source.every * 1000, 10 * (this.lastContact - begun)));
    }));
    this.changed(names, this.answers);
  }

  async poll(signal) {
    while (!signal.aborted) {
      await wait(500, signal);
      if (document.hidden || signal.aborted) continue;
      const names = Object.keys(sources).filter((name) => this.due.get(name) <= Date.now());
      if (names.length > 0) await this.read(names, signal);
    }
  }

  async follow(signal) {
    const newest = Number(this.answers.info?.events?.newest ?? 0);
    const known = Number(this.answers.events.at(-1)?.id ?? 0);
    // A server that was replaced by an older copy of itself counts from below.
    if (known > newest) this.answers.events = [];
    const from = known > 0 && known <= newest ? `since=${known}` : `tail=${keptEvents}`;
    try {
      for await (const event of events(from, signal)) this.take(event);
    } catch (error) {
      // What is missing is no longer kept: the next try begins with what there is.
      if (error instanceof ApiError && error.status === 410) this.answers.events = [];
      throw error;
    }
    throw new Error('the event stream ended');
  }

  take(event) {
    this.lastContact = Date.now();
    if (event.type === 'bookmark') return;
    if (event.type === 'expired') throw new ApiError(410);
    const list = this.answers.events;
    list.push(event);
    if (list.length > keptEvents) list.splice(0, list.length - keptEvents);
    // What happened before the answers came is in them.
    const isNews = Number(event.id) > Number(this.answers.info?.events?.newest ?? 0);
    for (const [name, source] of Object.entries(sources)) {
      if (isNews && source.kinds.includes(event.kind)) {
        this.due.set(name, Math.min(this.due.get(name) ?? 0, Date.now() + leastGap));
      }
    }
    this.changed(['events'], this.answers);
  }
}
