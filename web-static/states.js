// What is well and what is not. Four states, everywhere: ok, waiting, failed, unknown.

import { seconds } from './format.js';

const day = 86400;
const severity = { failed: 0, waiting: 1, unknown: 2, ok: 3 };

/// Worst first.
export const bySeverity = (one, other) => severity[one] - severity[other];

/// By name, as bytes are ordered: the server has no collation.
export const byName = (one, other) => (one < other ? -1 : one > other ? 1 : 0);

/// A state as the API spells it, or `unknown`.
export const known = (state) => (state in severity ? state : 'unknown');

const phases = {
  live: 'ok', ready: 'ok', synced: 'ok', connected: 'ok',
  connecting: 'waiting', syncing: 'waiting', pending: 'waiting', degraded: 'waiting', stale: 'waiting',
  paused: 'waiting', withdrawn: 'waiting', deleting: 'waiting',
  failed: 'failed', disconnected: 'failed', unreachable: 'failed', rejected: 'failed',
};

/// A peer's state: what its stages show; without stages its phase; `unknown` when nothing is measured.
export function peerState(status) {
  const states = (status?.stages ?? []).map((stage) => known(stage.state));
  if (states.includes('failed')) return 'failed';
  const phase = phases[(status?.phase ?? '').toLowerCase()];
  if (phase) return phase;
  if (states.includes('waiting')) return 'waiting';
  return states.length > 0 && states.every((state) => state === 'ok') ? 'ok' : 'unknown';
}

/// The stage that stands in the way: the first that failed, else the first that is not passed.
export function obstacle(status) {
  const stages = status?.stages ?? [];
  return stages.find((stage) => stage.state === 'failed') ?? stages.find((stage) => stage.state !== 'ok');
}

/// A condition's state; a condition that is not true and says why is not yet a failure.
export function conditionState(condition) {
  if (condition.status === 'True') return 'ok';
  return condition.reason === 'NotEnforced' || condition.status !== 'False' ? 'unknown' : 'failed';
}

/// A certificate's state: by the share of its life that is left where its begin is known, else by days.
export function certificateState(certificate, now) {
  const end = seconds(certificate.notAfter);
  if (end === undefined) return 'unknown';
  const left = end - now;
  const begin = seconds(certificate.notBefore);
  if (left <= 0) return 'failed';
  if (begin !== undefined && end > begin) {
    const share = left / (end - begin);
    return share < 0.1 ? 'failed' : share < 0.25 ? 'waiting' : 'ok';
  }
  return left < 7 * day ? 'failed' : left < 30 * day ? 'waiting' : 'ok';
}

// Days left and how full a certificate's bar is then; in between it is a straight line. The last days are seen best.
const fullness = [[0, 0], [1, 8], [7, 25], [30, 42], [90, 55], [365, 72], [3650, 100]];

/// How much of a certificate's bar is full, 0 to 100.
export function certificatePercent(certificate, now) {
  const end = seconds(certificate.notAfter);
  if (end === undefined || end <= now) return 0;
  const days = (end - now) / day;
  const next = fullness.findIndex(([from]) => days < from);
  if (next < 0) return 100;
  const [[begin, low], [until, high]] = [fullness[next - 1], fullness[next]];
  return Math.max(1, Math.floor(low + ((high - low) * (days - begin)) / (until - begin)));
}

/// A service's state: `failed` without a ready backend anywhere, `waiting` when one cluster has none.
export function serviceState(clusters) {
  if (clusters.length === 0) return 'unknown';
  if (clusters.every((cluster) => cluster.ready === 0)) return 'failed';
  return clusters.some((cluster) => cluster.ready < cluster.backends) ? 'waiting' : 'ok';
}

/// A client's state: `waiting` while one of its watches reads history.
export function clientState(status) {
  return status.catchingUp > 0 || status.catchingUp === true ? 'waiting' : 'ok';
}

/// An event's state, by the last part of its type.
export function eventState(type) {
  const verb = (type ?? '').split('.').pop();
  if (verb === 'failed') return 'failed';
  if (['deleted', 'disconnected', 'revoked', 'expiring', 'stale', 'violation'].includes(verb)) return 'waiting';
  return ['created', 'issued', 'started', 'renewed', 'live'].includes(verb) ? 'ok' : 'unknown';
}
