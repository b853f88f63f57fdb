// SPDX-License-Identifier: ISC
// The list of rooms and people.
import { byId, el, icon, own } from './dom.js';
import { byName, colourOf } from './text.js';

function entry(talk, isOpen, open) {
  const unread = talk.unread ? el('b', {}, String(talk.unread), el('span.sr', {}, talk.forMe ? ' for you' : ' unread')) : null;
  const mark = talk.isRoom ? el('i', { 'aria-hidden': 'true' }, '#') : el('i', {}, el(`span.dot${talk.away ? '.away' : `.n${colourOf(talk.title)}`}`));
  const classes = `${talk.unread ? '.fresh' : ''}${talk.forMe ? '.at' : ''}${isOpen ? '.on' : ''}${talk.isRoom && !talk.isIn ? '.out' : ''}`;
  return el('li', {}, el(`a.room${classes}`, {
    href: `#${encodeURIComponent(talk.key)}`, 'aria-current': isOpen ? 'page' : null,
    onclick: own(() => open(talk)),
  }, mark, el('span', { dir: 'auto' }, talk.title), talk.isQuiet ? icon('hush', 'notifications off') : null,
  talk.draft && !isOpen ? icon('pen', 'draft') : null, unread));
}

// The talks of the list, in order: rooms, then people.
export function listed(model) {
  return model.all.filter((t) => t.isIn || !t.isRoom || t === model.open || t.bar || t.unread || t.draft)
    .sort((a, b) => b.isRoom - a.isRoom || byName(a.title, b.title));
}

export function drawTalks(model, open) {
  const talks = listed(model), unread = talks.reduce((n, t) => n + t.unread, 0);
  for (const [id, isRoom] of [['rooms', true], ['people', false]]) {
    const focused = byId(id).contains(document.activeElement) ? document.activeElement.hash : null;
    byId(id).replaceChildren(...talks.filter((t) => t.isRoom === isRoom).map((t) => entry(t, t === model.open, open)));
    if (focused !== null) [...byId(id).querySelectorAll('a')].find((a) => a.hash === focused)?.focus();
  }
  byId('back').ariaLabel = unread ? `Rooms, ${unread} unread` : 'Rooms';
  byId('back-count').textContent = unread || '';
}
