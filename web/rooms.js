// SPDX-License-Identifier: ISC
// The list of rooms and people, and the members of the open room.
import { byId, el, icon } from './dom.js';
import { colourOf } from './text.js';

const SHOWN = 300; // entries of a list; the filter finds the others
const order = { voice: 1, op: 2, owner: 3 };
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
  const members = [...(talk?.members.values() ?? [])]
    .sort((a, b) => (order[b.role] ?? 0) - (order[a.role] ?? 0) || a.name.localeCompare(b.name));
  const remarks = (m) => [order[m.role] ? m.role : '', m.isAway ? 'away' : '', model.isMe(m.name) ? 'you' : '']
    .filter(Boolean).join(' · ');
  byId('member-count').textContent = byId('member-number').textContent = members.length;
  byId('member-list').replaceChildren(...members.filter((m) => m.name.toLowerCase().includes(filter)).slice(0, SHOWN)
    .map((m) => el('li', {}, el(`button.who${m.isAway ? '.off' : ''}`, { onclick: () => write(m.name) },
                                el(`i.dot${m.isAway ? '.away' : `.n${colourOf(m.name)}`}`),
                                el('span', { dir: 'auto' }, m.name), el('small', {}, remarks(m))))));
}

// The rooms that there are, below the field in which one is named: { room, count, topic }.
export function drawKnown(known, model, join) {
  const filter = byId('join-name').value.toLowerCase().replace(/^#/, '');
  byId('known').replaceChildren(...known.filter((k) => k.room.toLowerCase().includes(filter)).slice(0, SHOWN)
    .map((k) => el('li', {}, el('button.known', { type: 'button', onclick: () => join(k.room) },
                                el('b', { dir: 'auto' }, k.room), el('small', {}, `${k.count} here`),
                                el('span', { dir: 'auto' }, k.topic)))));
}
