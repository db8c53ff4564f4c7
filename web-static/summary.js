// From what the API answers to what the page shows: pure functions. A value is text for a field, or a list of
// {fragment, key, fields} for a slot. The server computes the same for its first view of the page.

import { bytes, counted, exact, number, relative, seconds, since, span } from './format.js';
import * as states from './states.js';

/// How many rows a section shows before "and so many more".
export const rows = { peers: 30, services: 30, clients: 30, certificates: 15, events: 60 };

const chipLimit = 8;

/// Everything below `signed-in`, of one set of answers; `now` in seconds.
export function summary(answers, now) {
  const info = answers.info ?? {};
  return {
    clusterName: info.clusterName ?? '',
    clusterID: number(info.clusterID),
    version: info.version ?? '',
    now: new Date(now * 1000).toISOString(),
    nowText: exact(new Date(now * 1000).toISOString()),
    verdict: verdict(answers, now),
    numbers: numbers(info, now),
    ...section('peers', peers(answers.peers ?? [], now), rows.peers, 'No other cluster is declared.'),
    ...section('services', services(answers.services ?? []), rows.services, 'No service is known.'),
    ...section('clients', clients(answers.clients ?? [], now), rows.clients, 'Nobody is connected.'),
    ...section('certificates', certificates(answers, now), rows.certificates, 'No certificate is known.'),
    ...section('events', events(answers.events ?? [], now), rows.events, 'Nothing has happened yet.'),
  };
}

/// The first rows of a list, and the note below it.
export function section(name, items, limit, empty, filtered = false) {
  const hidden = items.length - limit;
  const note = items.length === 0 ? { text: filtered ? 'Nothing matches the filter.' : empty, more: '' }
    : hidden > 0 ? { text: `and ${number(hidden)} more`, more: name } : undefined;
  return {
    [name]: items.slice(0, limit),
    [`${name}Note`]: note ? [{ fragment: 'note', key: 'note', fields: note }] : [],
  };
}

/// The headline: what is wrong, else what is well.
export function verdict(answers, now) {
  const info = answers.info ?? {};
  const peerList = answers.peers ?? [];
  const byState = (state) => peerList.filter((peer) => states.peerState(peer.status) === state);
  const failed = byState('failed'), waiting = byState('waiting'), live = byState('ok');
  const nextCertificate = certificateList(answers)[0];
  const total = counted(peerList.length, 'other cluster');
  let state = 'ok', line;
  if (info.ready === false) {
    [state, line] = ['failed', 'This server is not ready.'];
  } else if (failed.length > 0) {
    const first = failed.map((peer) => peer.metadata.name).sort(states.byName)[0];
    const peer = failed.find((each) => each.metadata.name === first);
    const broken = peerList.length === 1 ? 'The other cluster is broken.'
      : `${number(failed.length)} of ${total} ${failed.length === 1 ? 'is' : 'are'} broken.`;
    [state, line] = ['failed', `${broken} ${first}: ${headline(peer)}`];
  } else if (waiting.length > 0) {
    [state, line] = ['waiting', `${number(live.length)} of ${total} live, ${number(waiting.length)} on the way.`];
  } else if (peerList.length === 0) {
    [state, line] = ['ok', `${info.clusterName ?? 'This cluster'} stands alone: no other cluster is declared.`];
  } else if (live.length === peerList.length) {
    line = peerList.length === 1 ? 'The other cluster is live.' : `All ${total} are live.`;
  } else if (live.length === 0) {
    const verb = peerList.length === 1 ? 'is' : 'are';
    [state, line] = ['unknown', `${total} ${verb} declared: ${headline(byState('unknown')[0])}`];
  } else {
    [state, line] = ['unknown', `${number(peerList.length - live.length)} of ${total} not measured: ${headline(byState('unknown')[0])}`];
  }
  const certificate = nextCertificate && states.certificateState(nextCertificate, now);
  if (state === 'ok' && ['failed', 'waiting'].includes(certificate)) state = certificate;
  const clientList = answers.clients ?? [];
  const behind = clientList.filter((client) => states.clientState(client.status ?? {}) === 'waiting').length;
  const more = [
    `${counted(info.dataPlane?.connections ?? clientList.length, 'client')} connected${behind > 0 ? `, ${number(behind)} catching up` : ''}`,
    counted((answers.services ?? []).length, 'service'),
    nextCertificate && `first certificate ends ${relative(nextCertificate.notAfter, now)}`,
  ];
  return [{ fragment: 'verdict', key: 'verdict', fields: { state, line, more: more.filter(Boolean).join(' · ') } }];
}

/// The own cluster's numbers; `rate` is known only to who has watched.
export function numbers(info, now, rate = '') {
  const store = info.store ?? {}, dataPlane = info.dataPlane ?? {};
  const objects = Object.entries(info.objects ?? {}).sort(([one], [other]) => states.byName(one, other));
  const fields = {
    revision: number(store.revision), compactedRevision: number(store.compactedRevision), rate,
    keys: number(store.keys), bytes: bytes(store.bytes), durability: store.durability ?? '',
    connections: number(dataPlane.connections), watches: number(dataPlane.watches), address: dataPlane.address ?? '',
    startTime: info.startTime ?? '', uptime: since(info.startTime, now),
    objects: objects.map(([what, count]) => ({
      fragment: 'object-count', key: what, fields: { what: count === 1 ? singular(words(what)) : words(what), count: number(count) },
    })),
  };
  return [{ fragment: 'numbers', key: 'numbers', fields }];
}

/// "export-rules" → "export rules".
const words = (name) => name.replaceAll('-', ' ');

/// "identities" → "identity", "peers" → "peer".
const singular = (noun) => (noun.endsWith('ies') ? `${noun.slice(0, -3)}y` : noun.replace(/s$/, ''));

/// What to say of a peer: the stage in the way and why, else the first condition that is not true.
export function headline(peer) {
  const status = peer?.status;
  const stage = states.obstacle(status);
  if (stage && stage.state !== 'ok') return [stage.name, stage.message].filter(Boolean).join(': ');
  const condition = (status?.conditions ?? []).find((each) => each.status !== 'True');
  return condition?.message ?? '';
}

/// Peers, broken ones first, then by name.
export function peers(list, now) {
  return list
    .map((peer) => ({ peer, state: states.peerState(peer.status), name: peer.metadata.name }))
    .sort((one, other) => states.bySeverity(one.state, other.state) || states.byName(one.name, other.name))
    .map(({ peer, state, name }) => ({ fragment: 'peer', key: name, fields: peerFields(peer, state, now) }));
}

function peerFields(peer, state, now) {
  const status = peer.status ?? {}, spec = peer.spec ?? {};
  const conditions = status.conditions ?? [];
  const reason = conditions.find((condition) => condition.status !== 'True')?.reason;
  const counts = Object.entries(status.counts ?? {}).map(([what, count]) => `${number(count)} ${words(what)}`);
  const addresses = (spec.endpoints ?? []).map((endpoint) => endpoint.url);
  const id = spec.clusterID === undefined ? '' : number(spec.clusterID);
  return {
    name: peer.metadata.name, clusterID: id, state,
    word: status.phase ?? reason ?? 'Unknown',
    message: state === 'ok' ? counts.join(' · ') : headline(peer),
    lag: status.lagSeconds === undefined ? '' : status.lagSeconds < 1 ? 'in step' : `${span(status.lagSeconds)} behind`,
    fresh: status.lastUpdateTime ?? '',
    freshText: status.lastUpdateTime ? `data ${relative(status.lastUpdateTime, now)}` : '',
    facts: [...addresses, ...(state === 'ok' ? [] : counts)].join(' · '),
    stages: (status.stages ?? []).map((stage) => ({
      fragment: 'stage', key: stage.name,
      fields: {
        name: stage.name, state: states.known(stage.state),
        hint: [`${stage.name}: ${states.known(stage.state)}`, exact(stage.since), stage.message].filter(Boolean).join(' – '),
      },
    })),
    stageDetails: (status.stages ?? []).map((stage) => ({
      fragment: 'stage-detail', key: stage.name,
      fields: {
        name: stage.name, state: states.known(stage.state), message: stage.message ?? '', ...lasting(stage.since, now),
        nextRetry: stage.nextRetry ?? '',
        nextRetryText: stage.nextRetry ? `next try ${relative(stage.nextRetry, now)}` : '',
      },
    })),
    conditions: conditions.map((condition) => ({
      fragment: 'condition', key: condition.type,
      fields: {
        type: condition.type, status: condition.status, reason: condition.reason ?? '', message: condition.message ?? '',
        state: states.conditionState(condition), ...lasting(condition.lastTransitionTime, now),
      },
    })),
  };
}

const lasting = (time, now) => ({ since: time ?? '', sinceText: time ? `for ${since(time, now)}` : '' });

/// Services, those without backends first, then by namespace and name.
export function services(list) {
  return list
    .map((service) => {
      const { namespace, name } = service.metadata;
      const clusters = service.status?.clusters ?? [];
      return { service, clusters, state: states.serviceState(clusters), key: `${namespace}/${name}` };
    })
    .sort((one, other) => states.bySeverity(one.state, other.state) || states.byName(one.key, other.key))
    .map(({ service, clusters, state, key }) => ({ fragment: 'service', key, fields: serviceFields(service, clusters, state) }));
}

function serviceFields(service, clusters, state) {
  const sum = (member) => clusters.reduce((total, cluster) => total + (cluster[member] ?? 0), 0);
  const chips = clusters.slice(0, clusters.length > chipLimit ? chipLimit - 1 : chipLimit);
  const left = clusters.length - chips.length;
  return {
    namespace: service.metadata.namespace, name: service.metadata.name, state,
    ready: number(sum('ready')), backends: number(sum('backends')),
    affinity: [service.status?.shared === false ? 'not shared' : '', service.status?.affinity ?? 'none']
      .filter((word) => word && word !== 'none').join(', '),
    clusters: [...chips.map(chip), ...(left > 0 ? [moreChip(left)] : [])],
  };
}

function chip(cluster) {
  const ready = cluster.ready ?? 0, backends = cluster.backends ?? 0;
  const state = backends === 0 ? 'unknown' : ready === 0 ? 'failed' : ready < backends ? 'waiting' : 'ok';
  return {
    fragment: 'chip', key: cluster.cluster,
    fields: {
      cluster: cluster.cluster, state, count: `${number(ready)}/${number(backends)}`,
      percent: String(backends === 0 ? 0 : Math.round((ready / backends) * 100)),
      hint: `${cluster.cluster}: ${number(ready)} of ${counted(backends, 'backend')} ready, ${counted(cluster.frontends ?? 0, 'frontend')}`,
    },
  };
}

const moreChip = (left) => ({
  fragment: 'chip', key: ' more',
  fields: { cluster: `and ${counted(left, 'other cluster')}`, state: 'unknown', count: '', percent: '0', hint: '' },
});

/// The certificates of the API, or of the server's own summary, soonest to end first.
export function certificateList(answers) {
  const entry = (item) => ({
    name: item.metadata?.name ?? item.name, notAfter: item.status?.notAfter ?? item.notAfter,
    notBefore: item.status?.notBefore ?? item.notBefore,
  });
  return (answers.certificates ?? answers.info?.certificates ?? []).map(entry)
    .sort((one, other) => (seconds(one.notAfter) ?? 0) - (seconds(other.notAfter) ?? 0) || states.byName(one.name, other.name));
}

export function certificates(answers, now) {
  return certificateList(answers).map((certificate) => ({
    fragment: 'certificate', key: certificate.name,
    fields: {
      name: certificate.name, state: states.certificateState(certificate, now),
      notAfter: certificate.notAfter ?? '', notAfterText: relative(certificate.notAfter, now),
      percent: String(states.certificatePercent(certificate, now)),
    },
  }));
}

/// Clients, those that catch up first, then by identity and address.
export function clients(list, now) {
  return list
    .map((client) => ({ status: client.status ?? {}, key: client.metadata.name }))
    .map((client) => ({ ...client, state: states.clientState(client.status) }))
    .sort((one, other) => states.bySeverity(one.state, other.state)
      || states.byName(one.status.identity ?? '', other.status.identity ?? '')
      || states.byName(one.status.address ?? '', other.status.address ?? ''))
    .map(({ status, key, state }) => ({
      fragment: 'client', key,
      fields: {
        state, identity: status.identity ?? '', address: status.address ?? '',
        since: status.since ?? '', sinceText: relative(status.since, now),
        watches: number(status.watches), lag: number(status.lagRevisions), sent: bytes(status.sentBytes),
        notAfter: status.certificate?.notAfter ?? '', notAfterText: relative(status.certificate?.notAfter, now),
      },
    }));
}

/// Events, newest first.
export function events(list, now) {
  return list.toSorted((one, other) => Number(other.id) - Number(one.id)).map((event) => ({
    fragment: 'event', key: event.id,
    fields: {
      time: event.time ?? '', timeText: relative(event.time, now), type: event.type ?? '', name: event.name ?? '',
      message: event.message ?? '', state: states.eventState(event.type),
    },
  }));
}
