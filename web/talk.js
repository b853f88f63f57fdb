// SPDX-License-Identifier: ISC
// A talk: a room or a person, with its messages in order. No DOM here.

const KEPT = 10000; // rows of a talk
export const ranks = { none: 0, guest: 0, voice: 1, op: 2, owner: 3 };

export class Talk {
  constructor(key) {
    Object.assign(this, {
      key,
      low: key.toLowerCase(),
      isRoom: key.startsWith('#'),
      title: key.replace(/^#/, ''),
      rows: [],           // { id, time, who, text, kind, isMine, isForMe, state, why }; id null: the server gave none
      ids: new Set(),
      members: new Map(), // by lower-case name: { name, role, isAway }
      options: new Map(), // of the room, by name, as SET tells them
      topic: '',
      isIn: false,
      isStale: true,      // not asked for on this connection
      isWhole: false,     // the first row is the first of all
      gaps: new Map(),    // id of a row to whether lines are missing behind it (true) or may be (false)
      unread: 0,
      forMe: 0,
      readId: null,       // the last that was read
      newFrom: null,      // the row above which the "new" line stands
      draft: '',
      isQuiet: false,     // the reader wants no notifications from here
      away: '',           // of a person
      bar: null,          // why one cannot write here: { kind, until, why } (bar.js)
    });
  }

  get lastId() {
    let at = this.rows.length;
    while (at && this.rows[at - 1].id === null) at--;
    return at ? this.rows[at - 1].id : null;
  }

  get firstId() {
    return this.rows.find((row) => row.id !== null)?.id ?? null;
  }

  // As the server names it.
  get path() {
    return `${this.isRoom ? '' : '@'}${this.key}`;
  }

  rank(name) {
    return ranks[this.members.get(name.toLowerCase())?.role] ?? 0;
  }

  // Adds a row where its number belongs; false: it is there already.
  add(row) {
    if (row.id !== null) {
      if (this.ids.has(row.id)) return false;
      this.ids.add(row.id);
    }
    const at = this.place(row);
    this.rows.splice(at, 0, row);
    this.hint = at + 1; // pages of the history come in order
    while (this.rows.length > KEPT) {
      const gone = this.rows.shift();
      this.ids.delete(gone.id);
      this.gaps.delete(gone.id);
      this.isWhole = false;
      this.hint--;
    }
    return true;
  }

  place(row) {
    const isLater = (r) => (r.id === null ? r.state === 'waits' || r.time > row.time : r.id > row.id);
    const { rows, hint } = this;
    if (hint > 0 && hint < rows.length && !isLater(rows[hint - 1]) && isLater(rows[hint])) return hint;
    let at = rows.length;
    if (row.id === null) {
      while (!this.isRoom && at && rows[at - 1].time > row.time) at--; // mail has waited
      return at;
    }
    if (rows[0]?.id !== null && at && isLater(rows[0])) return 0;
    while (at && isLater(rows[at - 1])) at--;
    return at;
  }

  remove(row) {
    const at = this.rows.indexOf(row);
    if (at >= 0) this.rows.splice(at, 1);
    this.hint = 0;
  }
}
