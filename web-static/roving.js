// One tab stop for each list: the arrow keys, Home, End and the page keys go from row to row.

const pageStep = 10;

/// Makes a list's rows reachable; `data-roving` names what takes the focus in a row, or nothing for the row itself.
export function roving(host) {
  const selector = host.dataset.roving;
  const targets = () => [...host.children].map((row) => (selector ? row.querySelector(selector) : row)).filter(Boolean);

  const choose = (target) => {
    for (const each of targets()) each.tabIndex = each === target ? 0 : -1;
  };

  const refresh = () => {
    const all = targets();
    const chosen = all.find((each) => each === document.activeElement) ?? all.find((each) => each.tabIndex === 0 && each.hasAttribute('tabindex'));
    choose(chosen ?? all[0]);
  };

  host.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const all = targets();
    const at = all.indexOf(document.activeElement);
    if (at < 0) return;
    const to = {
      ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + pageStep, PageUp: at - pageStep, Home: 0, End: all.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const target = all[Math.max(0, Math.min(all.length - 1, to))];
    choose(target);
    target.focus();
  });

  host.addEventListener('focusin', (event) => {
    if (targets().includes(event.target)) choose(event.target);
  });

  refresh();
  return refresh;
}
