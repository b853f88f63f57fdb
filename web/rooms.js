// SPDX-License-Identifier: ISC
// The list of rooms and people, and the members of the open room.
import { byId, el, icon } from './dom.js';
import { colourOf } from './text.js';

const byName = (a, b) => a.title.localeCompare(b.title);

function entry(talk, isOpen, open) {
  const unread = talk.unread ? el('b', {}, String(talk.unread), el('span.sr', {}, talk.forMe ? ' for you' : ' unread')) : null;
  const mark = talk.isRoom ? el('i', { 'aria-hidden': 'true' }, '#') : el('i', {}, el(`span.dot.n${colourOf(talk.title)}`));
  const classes = `${talk.unread ? '.fresh' : ''}${talk.forMe ? '.at' : ''}${isOpen ? '.on' : ''}`;
  return el('li', {}, el(`a.room${classes}`, {
    href: `#${encodeURIComponent(talk.key)}`, 'aria-current': isOpen ? 'page' : null,
    onclick: (event) => { event.preventDefault(); open(talk); },
  }, mark, el('span', { dir: 'auto' }, talk.title), talk.draft && !isOpen ? icon('pen', 'draft') : null, unread));
}

export function drawTalks(model, open) {
  const talks = [...model.talks.values()].sort(byName);
  const entries = (isRoom) => talks.filter((t) => t.isRoom === isRoom && (t.isIn || !isRoom || t === model.open))
    .map((t) => entry(t, t === model.open, open));
  byId('rooms').replaceChildren(...entries(true));
  byId('people').replaceChildren(...entries(false));
  const forMe = talks.reduce((n, t) => n + t.forMe, 0), unread = talks.reduce((n, t) => n + t.unread, 0);
  document.title = `${forMe ? `(${forMe}) ` : ''}${model.open ? `${model.open.title} · ` : ''}${location.hostname}`;
  byId('back').setAttribute('aria-label', unread ? `Rooms, ${unread} unread` : 'Rooms');
  byId('back-count').textContent = unread || '';
}

export function drawMembers(model, write) {
  const talk = model.open, filter = byId('member-filter').value.toLowerCase();
  const names = [...(talk?.members.values() ?? [])].map((m) => m.name).sort((a, b) => a.localeCompare(b));
  byId('member-count').textContent = byId('member-number').textContent = names.length;
  byId('member-list').replaceChildren(...names.filter((n) => n.toLowerCase().includes(filter)).slice(0, 300)
    .map((name) => el('li', {}, el('button.who', { onclick: () => write(name) }, el(`i.dot.n${colourOf(name)}`),
                                   el('span', { dir: 'auto' }, name), model.isMe(name) ? el('small', {}, 'you') : null))));
}
