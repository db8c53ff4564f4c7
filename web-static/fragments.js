// Fills the templates of fragments.html and keeps what is shown in step with what should be shown.
//
// `{{name}}` in a text or an attribute is a field. An element with `data-slot="name"` holds a list of other
// fragments. Nothing is ever parsed as HTML but our own file, so no value can become markup.

const field = /\{\{(\w+)\}\}/g;
const templates = new Map();

/// Loads the templates; once, before anything is shown.
export async function loadFragments(url) {
  const answer = await fetch(url, { credentials: 'same-origin' });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const parsed = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const template of parsed.querySelectorAll('template')) {
    templates.set(template.id, document.importNode(template.content.firstElementChild, true));
  }
}

/// One fragment on the page.
class Piece {
  constructor(fragment) {
    this.fragment = fragment;
    this.element = templates.get(fragment).cloneNode(true);
    this.bindings = [...bindings(this.element)];
    this.slots = new Map();
    for (const host of this.element.querySelectorAll('[data-slot]')) {
      host.replaceChildren();
      this.slots.set(host.dataset.slot, new Slot(host));
    }
  }

  update(fields) {
    for (const binding of this.bindings) {
      const text = binding.source.replace(field, (_, name) => fields[name] ?? '');
      if (text === binding.shown) continue;
      binding.shown = text;
      binding.node.nodeValue = text;
    }
    for (const [name, slot] of this.slots) slot.update(fields[name] ?? []);
  }
}

function* bindings(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = root; node; node = walker.nextNode()) {
    const candidates = node.nodeType === Node.TEXT_NODE ? [node] : [...node.attributes];
    for (const candidate of candidates) {
      if (candidate.nodeValue.includes('{{')) yield { node: candidate, source: candidate.nodeValue, shown: undefined };
    }
  }
}

/// A list of pieces in an element. A piece with the same key stays the same element, so that focus, open details
/// and the reader's place survive an update.
export class Slot {
  constructor(host) {
    this.host = host;
    this.pieces = new Map();
    this.isFresh = true;
  }

  update(items) {
    if (this.isFresh) this.host.replaceChildren();
    this.isFresh = false;
    const focused = this.host.contains(document.activeElement) ? document.activeElement : undefined;
    const wanted = new Set(items.map((item) => item.key));
    for (const [key, piece] of this.pieces) {
      if (!wanted.has(key)) piece.element.remove();
    }
    const kept = new Map();
    let next = this.host.firstElementChild;
    for (const { fragment, key, fields } of items) {
      const piece = this.pieces.get(key) ?? new Piece(fragment);
      piece.update(fields);
      kept.set(key, piece);
      if (piece.element === next) {
        next = next.nextElementSibling;
      } else {
        this.host.insertBefore(piece.element, next);
      }
    }
    // An element that is moved loses the focus.
    if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
    this.pieces = kept;
  }
}
