// SPDX-License-Identifier: ISC
// What outlives the page, for each talk: what was read, what is quiet, and private talks, of which the server may keep
// nothing.
import { load, save } from './store.js';

const LINES = 500, SOON_MS = 500;

export class Kept {
  constructor(model) {
    this.model = model;
    this.dueNames = new Set();
    addEventListener('pagehide', () => this.write());
  }

  // A new talk begins with what was kept of it.
  prepare(talk) {
    const read = load('read', {})[talk.low];
    talk.readId = read ? BigInt(read) : null;
    talk.isQuiet = load('quiet', []).includes(talk.low);
  }

  // The private talks of this name, once it is known.
  restore() {
    if (this.restored === this.model.me) return;
    this.restored = this.model.me;
    for (const [name, lines] of Object.entries(load(`private.${this.model.me.toLowerCase()}`, {}))) {
      const talk = this.model.talk(name);
      for (const [time, who, kind, text, id] of lines)
        talk.add({ id: id ? BigInt(id) : null, time, who, kind, text, isMine: this.model.isMe(who), state: null });
      if (talk.lastId !== null) talk.gaps.set(talk.lastId, false);
    }
  }

  quiet(talk, isQuiet) {
    talk.isQuiet = isQuiet;
    save('quiet', this.model.all.filter((t) => t.isQuiet).map((t) => t.low));
    this.model.changed(talk, 'list');
  }

  changed(talk) {
    this.isDue = true;
    this.hasPrivate = this.hasPrivate || !talk.isRoom;
    this.timer = this.timer ?? setTimeout(() => this.write(), SOON_MS);
  }

  write() {
    clearTimeout(this.timer);
    this.timer = null;
    if (!this.isDue || this.restored !== this.model.me || !this.model.me) return;
    const read = load('read', {}), talks = {};
    for (const talk of this.model.all) {
      if (talk.readId !== null) read[talk.low] = String(talk.readId);
      if (!talk.isRoom && talk.rows.length) talks[talk.key] = talk.rows.filter((row) => row.kind !== 'event' && !row.state)
        .slice(-LINES).map((row) => [row.time, row.who, row.kind, row.text, row.id && String(row.id)]);
    }
    save('read', read);
    if (this.hasPrivate) save(`private.${this.model.me.toLowerCase()}`, talks);
    this.isDue = this.hasPrivate = false;
  }
}
