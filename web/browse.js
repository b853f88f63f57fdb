// SPDX-License-Identifier: ISC
// The rooms that there are, and a field to find one or name a new one.
import { byId, el, own } from './dom.js';
import { unseen } from './text.js';

const SHOWN = 300, wanted = byId('join-name');

export class Browse {
  // on: join(room, tell), where tell(text) says what is wrong; opened(), closed()
  constructor(session, on) {
    this.session = session;
    this.on = on;
    wanted.oninput = () => this.draw();
    byId('join-form').onsubmit = own(() => this.join(wanted.value));
    byId('browse-close').onclick = () => this.close();
  }

  get isOpen() {
    return !byId('browse').hidden;
  }

  open() {
    byId('browse').hidden = false;
    byId('app').classList.add('browsing');
    wanted.value = '';
    byId('join-why').textContent = '';
    this.draw();
    this.on.opened();
    wanted.focus();
    this.session.askKnown(() => this.draw());
  }

  close() {
    if (!this.isOpen) return;
    byId('browse').hidden = true;
    byId('app').classList.remove('browsing');
    this.on.closed();
  }

  join(room) {
    const [name, ...key] = room.split(unseen).filter(Boolean);
    if (name) this.on.join(name, key.join(' '), (text) => { byId('join-why').textContent = text; });
  }

  draw() {
    const { session } = this, filter = wanted.value.toLowerCase().replace(/^#/, '');
    const found = session.known.filter((k) => k.room.toLowerCase().includes(filter));
    const isHere = (room) => session.model.talks.get(room.toLowerCase())?.isIn;
    byId('browse-title').textContent = session.known.length ? 'Rooms here' : 'It is quiet here';
    byId('quiet').hidden = session.known.length > 0;
    byId('browse-close').hidden = !session.model.open;
    byId('known').replaceChildren(...found.slice(0, SHOWN).map((k) => el('li', {},
      el('button.known', { type: 'button', onclick: () => this.join(k.room) },
         el('b', { dir: 'auto' }, el('i', {}, '#'), k.room.slice(1)), el('small', {}, `${k.count} here${isHere(k.room) ? ', and you' : ''}`),
         el('span', { dir: 'auto' }, k.topic || 'No topic yet')))));
  }
}
