// SPDX-License-Identifier: ISC
// What is known of rooms, people and messages. Lines go in by take(); `changed(talk, what)` is called for what came of
// them. No DOM here.
import { cut, cutWords, parseHist, parseLine } from './line.js';
import { mentions } from './text.js';

const KEPT = 10000; // rows of a talk
const events = ['JOIN', 'LEAVE', 'RENAME', 'TOPIC', 'KICK', 'BAN', 'UNBAN', 'MUTE', 'UNMUTE', 'OP', 'DEOP', 'VOICE',
                'DEVOICE', 'OWNER', 'SET'];

export function newTalk(key) {
  return { key, isRoom: key.startsWith('#'), title: key.replace(/^#/, ''), rows: [], ids: new Set(), members: new Map(),
           topic: '', isIn: false, unread: 0, forMe: 0, isWhole: false, newFrom: null, draft: '' };
}

export class Model {
  constructor(changed) {
    this.changed = changed;
    this.talks = new Map();
    this.me = '';
    this.open = null;   // the talk that is shown
    this.isRead = () => false; // whether the end of the open talk is before the reader's eyes
    this.isBacklog = true;
  }

  talk(key) {
    const low = key.toLowerCase();
    if (!this.talks.has(low)) {
      this.talks.set(low, newTalk(key));
      this.changed(this.talks.get(low), 'list');
    }
    return this.talks.get(low);
  }

  isMe(name) {
    return name.toLowerCase() === this.me.toLowerCase();
  }

  // Adds a row where its number belongs; false: it is there already.
  add(talk, row) {
    if (row.id !== null) {
      if (talk.ids.has(row.id)) return false;
      talk.ids.add(row.id);
    }
    let at = talk.rows.length;
    const isLater = (r) => (r.id === null ? r.state === 'waits' || r.time > row.time : r.id > row.id);
    while (row.id !== null && at && isLater(talk.rows[at - 1])) at--;
    talk.rows.splice(at, 0, row);
    if (talk.rows.length > KEPT) {
      talk.ids.delete(talk.rows[0].id);
      talk.rows.shift();
      talk.isWhole = false;
    }
    return true;
  }

  count(talk, row) {
    if (row.isMine || row.kind === 'event' || (talk === this.open && this.isRead())) return;
    row.isForMe = !talk.isRoom || mentions(row.text, this.me);
    if (!talk.unread) talk.newFrom = row;
    talk.unread++;
    talk.forMe += row.isForMe;
    this.changed(talk, 'list');
  }

  heard(talk, row) {
    row.isForMe = row.kind !== 'event' && !row.isMine && talk.isRoom && mentions(row.text, this.me);
    if (row.isMine) this.receive(talk, row);
    if (!this.add(talk, row)) return;
    this.count(talk, row);
    this.changed(talk, 'row');
  }

  // An own line has come back: the oldest that waits there with this text.
  receive(talk, row) {
    const at = talk.rows.findIndex((r) => r.state === 'waits' && r.kind === row.kind && r.text === row.text);
    if (at >= 0) talk.rows.splice(at, 1);
  }

  // One line of the server. Returns what it was, parsed.
  take(text) {
    const line = parseLine(text);
    if (line.verb === 'ROOM' || line.verb === 'ME') this.takeText(line);
    else if (line.verb === 'PRIVMSG' || line.verb === 'MAIL') this.takePrivate(line);
    else if (line.verb === 'RENAME') this.takeRename(line);
    else if (events.includes(line.verb)) this.takeEvent(line);
    else if (line.verb === 'HIST') this.takeHist(line);
    return line;
  }

  takeText(line) {
    const [room, who, text] = cutWords(line.rest, 2);
    this.heard(this.talk(room), { id: line.id, time: line.time ?? Date.now(), who, text, isMine: this.isMe(who),
                                  kind: line.verb === 'ME' ? 'me' : 'say' });
  }

  takePrivate(line) {
    const isMail = line.verb === 'MAIL';
    const [who, time, mail] = isMail ? cutWords(line.rest, 2) : [cut(line.rest)[0], null, cut(line.rest)[1]];
    if (this.isMe(who)) return; // to oneself: it is there
    this.heard(this.talk(who), { id: null, time: isMail ? Date.parse(time) : line.time ?? Date.now(), who, text: mail,
                                 isMine: false, kind: 'say' });
  }

  takeRename(line) {
    const [from, to] = cut(line.rest);
    if (this.isMe(from)) this.me = to;
    for (const talk of this.talks.values())
      if (talk.members.delete(from.toLowerCase())) {
        talk.members.set(to.toLowerCase(), { name: to });
        this.event(talk, line, `${from} is now ${to}`);
      }
  }

  event(talk, line, text) {
    if (line.id !== null && this.add(talk, { id: line.id, time: line.time, who: '', text, kind: 'event' }))
      this.changed(talk, 'row');
    this.changed(talk, 'members');
  }

  takeEvent(line) {
    const [room, name] = cutWords(line.rest, 2);
    const talk = this.talk(room), after = cut(line.rest)[1];
    const key = name.toLowerCase();
    if (line.verb === 'JOIN') talk.members.set(key, { name });
    if (line.verb === 'LEAVE' || line.verb === 'KICK' || line.verb === 'BAN') talk.members.delete(key);
    const roles = { OP: 'op', VOICE: 'voice', OWNER: 'owner', DEOP: 'none', DEVOICE: 'none' };
    if (roles[line.verb] && talk.members.has(key)) talk.members.get(key).role = roles[line.verb];
    if (line.verb === 'TOPIC') talk.topic = after;
    if ((line.verb === 'KICK' || line.verb === 'BAN') && this.isMe(name)) this.left(talk);
    const said = { JOIN: `${name} joined`, LEAVE: `${name} left`,
                   TOPIC: after ? `The topic is now: ${after}` : 'The topic was cleared' };
    this.event(talk, line, said[line.verb] || `${line.verb.toLowerCase()} ${after}`);
    if (line.verb === 'TOPIC') this.changed(talk, 'topic');
  }

  left(talk) {
    talk.isIn = false;
    talk.members.clear();
    this.changed(talk, 'list');
  }

  takeHist(line) {
    const h = parseHist(line.rest), talk = this.talk(h.room);
    const before = this.part && this.part.id === h.id ? this.part.text + ' ' : '';
    this.part = h.continues ? { id: h.id, text: before + h.text } : null;
    if (h.continues) return;
    const row = { id: h.id, time: h.time, who: h.who, text: before + h.text, kind: h.kind, isMine: this.isMe(h.who) };
    row.isForMe = !row.isMine && mentions(row.text, this.me);
    if (row.isMine) this.receive(talk, row);
    this.add(talk, row);
  }

  joined(room) {
    const talk = this.talk(room);
    talk.isIn = true;
    talk.members.clear();
    talk.members.set(this.me.toLowerCase(), { name: this.me });
    this.changed(talk, 'list');
    return talk;
  }

  read(talk) {
    if (!talk.unread) return;
    talk.unread = talk.forMe = 0;
    this.changed(talk, 'list');
  }
}
