// SPDX-License-Identifier: ISC
// The members of the open room: those who run it, then everyone else.
import { byId, el } from './dom.js';
import { Sight } from './sight.js';
import { ranks } from './talk.js';
import { byName, colourOf } from './text.js';

export class Members {
  // person(name): somebody was chosen
  constructor(model, person) {
    this.model = model;
    this.person = person;
    this.sight = new Sight(byId('member-box'), byId('member-list'), (item) => (item.title ? this.title(item) : this.member(item)));
    byId('member-filter').oninput = () => this.draw();
  }

  title(item) {
    return el('li.part', {}, el('h3', {}, item.title));
  }

  member(m) {
    const remarks = [ranks[m.role] ? m.role : '', m.isAway ? 'away' : '', this.model.isMe(m.name) ? 'you' : ''];
    return el('li', {}, el(`button.who${m.isAway ? '.off' : ''}`, { onclick: () => this.person(m.name) },
                           el(`i.dot${m.isAway ? '.away' : `.n${colourOf(m.name)}`}`), el('span', { dir: 'auto' }, m.name),
                           el('small', {}, remarks.filter(Boolean).join(' · '))));
  }

  draw() {
    const talk = this.model.open, filter = byId('member-filter').value.toLowerCase();
    const all = [...(talk?.members.values() ?? [])];
    const found = all.filter((m) => m.name.toLowerCase().includes(filter))
      .sort((a, b) => (ranks[b.role] ?? 0) - (ranks[a.role] ?? 0) || byName(a.name, b.name));
    const runs = found.filter((m) => ranks[m.role] >= ranks.op), others = found.slice(runs.length);
    byId('member-count').textContent = byId('member-number').textContent = all.length;
    byId('show-members').ariaLabel = `Members, ${all.length}`;
    this.sight.set([...(runs.length ? [{ title: 'Run this room' }, ...runs] : []),
                    ...(others.length ? [{ title: runs.length ? 'Everyone else' : 'Everyone' }, ...others] : [])]);
  }
}
