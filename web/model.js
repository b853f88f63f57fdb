// SPDX-License-Identifier: ISC
// What is known of rooms, people and messages. Lines go in by take(); `changed(talk, what, row)` is called for what came
// of them. No DOM here.
import { untilText } from './clock.js';
import { cut, cutWords, parseHist, parseLine } from './line.js';
import { Talk } from './talk.js';
import { mentions } from './text.js';

const roles = { OP: 'op', VOICE: 'voice', OWNER: 'owner', DEOP: 'guest', DEVOICE: 'guest' };
// What is said of each event: `who` is its target, `by` who did it, `end` until when and why.
const said = {
  JOIN: ({ who }) => `${who} joined`,
  LEAVE: ({ who }) => `${who} left`,
  KICK: ({ who, by, end }) => `${by} removed ${who}${end}`,
  BAN: ({ who, by, end }) => `${by} banned ${who}${end}`,
  UNBAN: ({ who, by }) => `${by} lifted the ban of ${who}`,
  MUTE: ({ who, by, end }) => `${by} muted ${who}${end}`,
  UNMUTE: ({ who, by }) => `${by} lifted the mute of ${who}`,
  OP: ({ who, by }) => `${by} made ${who} an op`,
  DEOP: ({ who, by }) => `${by} removed ${who} from the ops`,
  VOICE: ({ who, by }) => `${by} gave ${who} a voice`,
  DEVOICE: ({ who, by }) => `${by} took the voice of ${who}`,
  OWNER: ({ who }) => `${who} owns this room now`,
  SET: ({ who, by }) => `${by} set ${who.replace(' ', ' to ')}`,
  TOPIC: ({ rest }) => (rest ? `The topic is now: ${rest}` : 'The topic was cleared'),
};

// "bob by alice until 2026-11-26T10:15:30.120Z: spam", or "slow 5 by alice"
export function parseDeed(rest) {
  const has = /^(\S+(?: \S+)?) by (\S+?)(?: until (\S+?))?(?:: (.*))?$/.exec(rest);
  return has ? { who: has[1], by: has[2], until: has[3] ? Date.parse(has[3]) : 0, why: has[4] ?? '' } :
    { who: cut(rest)[0], by: '', until: 0, why: '' };
}

// " until 11:40: spam"
export const endOf = ({ until, why }) => `${until ? ` until ${untilText(until)}` : ''}${why ? `: ${why}` : ''}`;

export class Model {
  constructor(changed) {
    Object.assign(this, {
      changed,
      talks: new Map(),
      me: '',
      open: null,          // the talk that is shown
      isRead: () => false, // whether the end of the open talk is before the reader's eyes
      isBacklog: true,     // what comes was said before
      prepare: () => {},   // for a new talk: what was stored of it
    });
  }

  talk(key) {
    const low = key.toLowerCase();
    if (!this.talks.has(low)) {
      const talk = new Talk(key);
      this.prepare(talk);
      this.talks.set(low, talk);
      this.changed(talk, 'list');
    }
    return this.talks.get(low);
  }

  get all() {
    return [...this.talks.values()];
  }

  isMe(name) {
    return name.toLowerCase() === this.me.toLowerCase();
  }

  count(talk, row) {
    if (row.isMine || row.kind === 'event' || (row.id !== null && talk.readId !== null && row.id <= talk.readId)) return;
    if (talk === this.open && this.isRead()) return;
    row.isForMe = !talk.isRoom || mentions(row.text, this.me);
    if (!talk.unread || (row.id !== null && row.id < talk.newFrom?.id)) talk.newFrom = row;
    talk.unread++;
    talk.forMe += row.isForMe;
    this.changed(talk, 'list');
    if (row.isForMe) this.changed(talk, 'for me', row);
  }

  heard(talk, row) {
    row.isForMe = row.kind !== 'event' && !row.isMine && talk.isRoom && mentions(row.text, this.me);
    if (row.isMine) this.receive(talk, row);
    if (!talk.add(row)) return;
    this.count(talk, row);
    this.changed(talk, 'row', row);
  }

  // An own line has come back: the oldest that waits there with this text.
  receive(talk, row) {
    const mine = talk.rows.find((r) => r.state === 'waits' && r.kind === row.kind && r.text === row.text);
    if (mine) talk.remove(mine);
  }

  // One line of the server. Returns what it was, parsed.
  take(text) {
    const line = parseLine(text);
    if (line.verb === 'ROOM' || line.verb === 'ME') this.takeText(line);
    else if (line.verb === 'PRIVMSG' || line.verb === 'MAIL') this.takePrivate(line);
    else if (line.verb === 'SENT') this.takeSent(line);
    else if (line.verb === 'RENAME') this.takeRename(line);
    else if (line.verb === 'AWAY' || line.verb === 'BACK') this.takeAway(line);
    else if (said[line.verb] && (line.id !== null || line.verb === 'JOIN' || line.verb === 'TOPIC')) this.takeEvent(line);
    return line;
  }

  takeText(line) {
    const [room, who, text] = cutWords(line.rest, 2);
    this.heard(this.talk(room), { id: line.id, time: line.time ?? Date.now(), who, text, isMine: this.isMe(who),
                                  kind: line.verb === 'ME' ? 'me' : 'say' });
  }

  takePrivate(line) {
    const [who, rest] = cut(line.rest), [sent, mail] = cut(rest), isMail = line.verb === 'MAIL';
    if (this.isMe(who)) return; // to oneself: it is there
    this.heard(this.talk(who), { id: line.id, time: isMail ? Date.parse(sent) : line.time ?? Date.now(), who, text: isMail ? mail : rest,
                                 isMine: false, kind: 'say' });
  }

  // What the reader has sent from another device.
  takeSent(line) {
    const [to, text] = cut(line.rest), talk = this.talk(to);
    const row = { id: line.id, time: line.time ?? Date.now(), who: this.me, text, isMine: true, kind: 'say' };
    talk.add(row);
    this.changed(talk, 'row', row);
  }

  takeRename(line) {
    const [from, to] = cut(line.rest);
    if (this.isMe(from)) {
      this.me = to;
      this.changed(null, 'me');
    }
    for (const talk of this.all) {
      const member = talk.members.get(from.toLowerCase());
      if (!member) continue;
      talk.members.delete(from.toLowerCase());
      talk.members.set(to.toLowerCase(), { ...member, name: to });
      this.event(talk, line, from, `${from} is now ${to}`);
    }
  }

  // Somebody is away, or back.
  takeAway({ verb, rest }) {
    const [name, text] = cut(rest), low = name.toLowerCase(), isAway = verb === 'AWAY', person = this.talks.get(low);
    if (person) person.away = isAway ? text || 'not here now' : '';
    this.changed(person, 'bar');
    this.changed(person, 'list');
    for (const talk of this.all) {
      const member = talk.members.get(low);
      if (member) member.isAway = isAway;
      this.changed(talk, 'members');
    }
  }

  event(talk, line, who, text) {
    const row = { id: line.verb === 'RENAME' ? null : line.id, time: line.time, who, text, kind: 'event', verb: line.verb };
    if ((line.id !== null || line.isOwn) && talk.add(row)) this.changed(talk, 'row', row);
  }

  takeEvent(line) {
    const [room, after] = cut(line.rest), talk = this.talk(room);
    const deed = { ...parseDeed(after), rest: after };
    const isAboutMe = this.isMe(deed.who), member = talk.members.get(deed.who.toLowerCase());
    if (line.verb === 'JOIN') talk.members.set(deed.who.toLowerCase(), { role: 'none', isAway: false, ...member, name: deed.who });
    if (['LEAVE', 'KICK', 'BAN'].includes(line.verb)) talk.members.delete(deed.who.toLowerCase());
    if (roles[line.verb] && member) member.role = roles[line.verb];
    if (line.verb === 'TOPIC') talk.topic = after;
    if (line.verb === 'SET') talk.options.set(...deed.who.split(' '));
    if (isAboutMe && (line.verb === 'KICK' || line.verb === 'BAN')) {
      this.left(talk);
      talk.bar = { ...deed, kind: line.verb === 'BAN' ? 'banned' : 'kicked' };
    }
    if (isAboutMe && line.verb === 'MUTE') talk.bar = { ...deed, kind: 'muted' };
    if (isAboutMe && line.verb === 'UNMUTE' && talk.bar?.kind === 'muted') talk.bar = null;
    this.event(talk, line, deed.who, said[line.verb]({ ...deed, end: endOf(deed) }));
    this.changed(talk, line.verb === 'TOPIC' ? 'topic' : 'members');
    if (line.verb !== 'JOIN' && line.verb !== 'LEAVE') this.changed(talk, 'bar');
  }

  // The server confirms what the reader has done in a room, and tells only the others.
  did(talk, command, told) {
    const [verb, args] = cut(command), [who, why] = cut(args), by = ` by ${this.me}`;
    const end = verb === 'BAN' || verb === 'MUTE' ? cut(told)[1].slice(who.length) : '';
    const rest = { TOPIC: args === '-' ? '' : args, SET: `${cut(told)[1]}${by}`, KICK: `${who}${by}${why ? `: ${why}` : ''}` };
    if (!said[verb] || !args) return;
    this.takeEvent({ verb, rest: `${talk.key} ${rest[verb] ?? `${who}${by}${end}`}`, id: null, time: Date.now(), isOwn: true });
  }

  left(talk) {
    talk.isIn = false;
    talk.members.clear();
    this.changed(talk, 'list');
    this.changed(talk, 'bar');
  }

  // A line of an answer to HISTORY that was asked for this talk's sake.
  takeHist(line) {
    const h = parseHist(line.rest), talk = this.talk(h.room.replace('@', ''));
    const before = this.part && this.part.id === h.id ? this.part.text + ' ' : '';
    this.part = h.continues ? { id: h.id, text: before + h.text } : null;
    if (h.continues) return;
    const row = { id: h.id, time: h.time, who: h.who, text: before + h.text, kind: h.kind, isMine: this.isMe(h.who) };
    row.isForMe = !row.isMine && mentions(row.text, this.me);
    if (row.isMine) this.receive(talk, row);
    if (talk.add(row) && talk.readId !== null) this.count(talk, row);
  }

  joined(room) {
    const talk = this.talk(room);
    talk.isIn = true;
    talk.bar = null;
    talk.members.clear();
    talk.members.set(this.me.toLowerCase(), { name: this.me, role: 'none', isAway: false });
    this.changed(talk, 'list');
    this.changed(talk, 'bar');
    return talk;
  }

  read(talk) {
    const last = talk.lastId;
    if (last !== null && !(talk.readId >= last)) {
      talk.readId = last;
      this.changed(talk, 'read');
    }
    if (!talk.unread) return;
    talk.unread = talk.forMe = 0;
    this.changed(talk, 'list');
  }
}
