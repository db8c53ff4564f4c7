// The REST API as this page uses it: GET only, with the cookie of the sign-in.

const base = '/api/v1';
const answerTimeout = 15_000;
const pageSize = 1000;

/// An answer that is not a success, with what its problem document says.
export class ApiError extends Error {
  constructor(status, problem, retryAfter) {
    super(problem?.detail ?? problem?.title ?? `the server answered ${status}`);
    this.status = status;
    this.retryAfter = Number(retryAfter) || 0;
  }
}

async function request(path, accept, signal) {
  const answer = await fetch(base + path, {
    credentials: 'same-origin', cache: 'no-store', redirect: 'error', signal, headers: { Accept: accept },
  });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => undefined);
  throw new ApiError(answer.status, problem, answer.headers.get('Retry-After'));
}

/// One document.
export async function getObject(path, signal) {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerTimeout)]);
  return (await request(path, 'application/json', limit)).json();
}

/// All items of a list, up to so many pages of a thousand.
export async function getList(path, signal, pages = 10) {
  const items = [];
  let mark;
  do {
    const query = `?limit=${pageSize}${mark ? `&continue=${encodeURIComponent(mark)}` : ''}`;
    const page = await getObject(path + query, signal);
    items.push(...(page.items ?? []));
    mark = page.metadata?.continue;
    pages -= 1;
  } while (mark && pages > 0);
  return items;
}

/// The events of a query (`since=<id>` or `tail=<number>`), as they happen. Ends with an error when nothing, not even a bookmark, comes for so long.
export async function* events(query, signal, idleMilliseconds = 40_000) {
  const silence = new AbortController();
  const answer = await request(`/events?${query}`, 'application/x-ndjson',
    AbortSignal.any([signal, silence.signal]));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '', timer;
  const rearm = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error('no event and no bookmark came')), idleMilliseconds);
  };
  try {
    for (rearm(); ; rearm()) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop();
      for (const line of lines) if (line.trim()) yield JSON.parse(line);
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}
