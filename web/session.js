// SPDX-License-Identifier: ISC
// One user at one server: coming in, coming back, what is said and asked, and what came of it.
import { Asked } from './asked.js';
import { barOfError } from './bar.js';
import { untilText } from './clock.js';
import { cut, cutWords, restsOf } from './line.js';
import { Past } from './past.js';
import { Socket } from './socket.js';
import { load, save } from './store.js';

const unsure = 'the connection broke, and it may have arrived or not.';
const TALKS = 20; // private talks of other days that are listed
const AGAIN_MS = 60000; // a line that was in flight when the connection broke is sent again if it is not older
const isFinal = (reason) => /^(Replaced by a new login|Kicked|Account locked|New password set|Logged out)/.test(reason);

export class Session {
  // on: in(isAgain), refused(why, name), ended(reason), closed(reason), waits(text), notice(line), invited(room, name),
  // joined(talk), grown(talk), looks(talk): something of it looks different
  constructor(model, on) {
    Object.assign(this, {
      model,
      on,
      isIn: false,  // logged in, on this connection
      wasIn: false, // once, on this page
      isRegistered: false,
      login: null,  // { name, password, stays } while the door is open
      keeps: '',    // 'on' or 'off': whether private talks are kept
      known: [],    // rooms that somebody is in: { room, count, topic }
      reason: '',
    });
    this.socket = new Socket({ opened: () => this.opened(), line: (text) => this.line(text), closed: (code) => this.closed(code),
                               waits: (seconds) => this.waits(seconds), quiet: () => this.asked.askAll(null) });
    this.asked = new Asked((...lines) => this.socket.send(...lines));
    this.past = new Past(model, this.asked, on);
  }

  // ---- coming in ----

  start(login = null) {
    this.login = login;
    this.socket.tries = 0;
    this.socket.open();
  }

  opened() {
    const { login, model } = this, token = load('token');
    this.reason = '';
    model.isBacklog = true;
    const welcome = (name) => (answer) => this.welcome(answer, name);
    if (token && !login) this.asked.ask(`RESUME ${token}`, welcome(load('name', '')));
    else if (login) this.asked.ask(`USERNAME ${login.name}${login.password ? ` ${login.password}` : ''}`, welcome(login.name));
    else if (model.me) this.asked.ask(`USERNAME ${model.me}`, welcome(model.me));
    else this.socket.close();
  }

  welcome(answer, name) {
    if (!answer.isOk) {
      this.reason = answer.rest;
      if (this.wasIn && answer.rest === 'Username taken') this.socket.fail(); // by the connection that broke, for a while
      else if (this.socket.isOpen) this.refused(answer.rest, name);
      return;
    }
    const { login, model } = this;
    model.me = /^Welcome(?: back)?, (.*)!$/.exec(answer.rest)?.[1] ?? name;
    this.isIn = true;
    this.isRegistered = login ? login.password !== '' : this.isRegistered || load('token') !== null;
    save('name', model.me);
    this.asked.askAll('CAPS tags away');
    if (login?.password && login.stays) this.keepToken();
    this.login = null;
    const keys = load('keys', {});
    for (const room of load('rooms', [])) this.join(room, { key: keys[room], isBack: true });
    if (this.isRegistered) {
      this.askUnread();
      this.askTalks();
    }
    this.asked.askAll(null, (pong) => pong.verb === 'PONG' && this.settled());
  }

  refused(why, name) {
    if (!this.login) save('token', null);
    this.login = null;
    this.socket.close();
    this.on.refused(why, name);
  }

  keepToken() {
    this.asked.ask('TOKEN', (ok) => {
      if (!ok.isOk) return;
      this.isRegistered = true;
      this.model.changed(null, 'me');
      save('token', cut(ok.rest)[1]);
    });
  }

  // All that was missed is here.
  settled() {
    const { model } = this, isAgain = this.wasIn;
    model.isBacklog = false;
    this.wasIn = true;
    this.socket.settled();
    for (const talk of model.all) talk.isStale = true;
    this.on.in(isAgain);
    for (const talk of model.all) {
      if (talk === model.open) this.look(talk);
      if (talk.rows.some((row) => row.state === 'waits')) this.past.fill(talk, () => this.sendWaiting(talk));
    }
  }

  // What waits to be said. What was in flight may have been said: if the room has a history, it is not in there.
  sendWaiting(talk) {
    if (!this.isIn) return;
    const isSure = talk.isRoom && talk.options.get('history') !== 'off' && !talk.gaps.size;
    for (const row of talk.rows.filter((r) => r.state === 'waits'))
      if (!row.wasSent || (isSure && Date.now() - row.time < AGAIN_MS)) this.send(row);
      else this.fail(row, unsure);
  }

  closed(code) {
    const { model } = this;
    const wasIn = this.isIn;
    this.isIn = false;
    model.isBacklog = true;
    for (const row of this.asked.drop())
      if (!row.talk.isRoom) this.fail(row, unsure);
    for (const talk of model.all) {
      if (wasIn && (talk.isIn || !talk.isRoom) && talk.lastId !== null) talk.gaps.set(talk.lastId, talk.gaps.get(talk.lastId) ?? false);
      else if (wasIn && talk.isIn) talk.isWhole = false;
      this.on.looks(talk);
    }
    if (isFinal(this.reason)) {
      if (/^(New password|Logged out)/.test(this.reason)) save('token', null); // it is revoked
      this.socket.close();
      this.on.ended(this.reason);
    } else if (!this.wasIn && code !== 1000) {
      this.on.closed(this.reason);
    }
  }

  waits(seconds) {
    if (!this.wasIn) return;
    this.on.waits(`${this.reason ? `${this.reason}. ` : ''}Trying again${seconds ? ` in ${seconds} s` : ''}.`);
  }

  // The token is revoked, too.
  logout() {
    this.socket.send('LOGOUT');
    this.socket.close();
  }

  // ---- lines ----

  line(text) {
    if (!text) return;
    const line = this.model.take(text);
    if (line.id !== null && !line.isOk) {
      if (line.verb === 'ROOM' || line.verb === 'ME') this.echo(line);
      if (line.verb === 'KICK' || line.verb === 'BAN') this.saveRooms();
      return;
    }
    if (line.verb === 'NOTICE') this.on.notice(line);
    if (line.verb === 'INVITE') this.on.invited(...cutWords(line.rest, 1));
    if (!this.asked.take(line) && line.verb === 'ERROR') this.reason = line.rest;
    else if (line.verb === 'ERROR' && isFinal(line.rest)) this.reason = line.rest;
  }

  echo(line) {
    const [room, who, text] = cutWords(line.rest, 2);
    if (!this.model.isMe(who)) return;
    this.asked.echo(room, line.verb === 'ME' ? 'me' : 'say', text);
    const talk = this.model.talk(room), slow = Number(talk.options.get('slow')) || 0;
    if (!slow || this.model.isBacklog || talk.rank(who)) return;
    talk.bar = { kind: 'slow', until: Date.now() + slow * 1000 };
    this.model.changed(talk, 'bar');
  }

  // ---- rooms ----

  // One about a room, which is named behind its verb.
  inRoom(talk, command, done = null, isAnyForm = false) {
    const told = (answer, lines) => {
      const ok = lines.find((l) => l.isOk);
      if (ok) this.model.did(talk, command, ok.rest);
      done?.(answer, lines);
    };
    const [verb, args] = cut(command), line = `${verb} ${talk.key}${args ? ` ${args}` : ''}`;
    if (isAnyForm) this.asked.askAll(line, told);
    else this.asked.ask(line, told);
  }

  rename(name, done) {
    this.asked.ask(`RENAME ${name}`, (answer) => {
      if (answer.isOk) this.model.takeRename({ verb: 'RENAME', rest: `${this.model.me} ${name}`, id: null, time: Date.now(), isOwn: true });
      save('name', this.model.me);
      done(answer);
    });
  }

  join(room, { key = '', isBack = false, done = null } = {}) {
    this.asked.ask(`ALSO ${room}${key ? ` ${key}` : ''}`, (answer) => {
      const has = /^Joined (#\S+) /.exec(answer.rest);
      if (has) {
        const talk = this.model.joined(has[1]);
        talk.isStale = true;
        if (key) save('keys', { ...load('keys', {}), [talk.key]: key });
        this.saveRooms();
        if (!isBack) this.on.joined(talk);
      } else if (isBack && /^(Room not found|Permission denied|Banned|Room is full)/.test(answer.rest)) {
        this.barred(room, answer.rest);
      }
      done?.(answer);
    });
  }

  // A room that one cannot enter is there all the same, and says why.
  barred(room, why) {
    const talk = this.model.talk(room.startsWith('#') ? room : `#${room}`);
    talk.bar = barOfError(why, Date.now());
    this.model.left(talk);
    return talk;
  }

  leave(talk, done = null) {
    this.asked.ask(`LEAVE ${talk.key}`, (answer) => {
      if (answer.isOk) {
        this.model.left(talk);
        this.saveRooms();
      }
      done?.(answer);
    });
  }

  saveRooms() {
    save('rooms', this.model.all.filter((t) => t.isIn).map((t) => t.key));
  }

  // What one wants to know of a room that one looks at: once on each connection.
  look(talk) {
    if (!talk.isStale || !this.isIn) return;
    talk.isStale = false;
    if (talk.isRoom) this.asked.ask(`USERS ${talk.key} INFO`, (answer, lines) => answer.isOk && this.setMembers(talk, lines));
    if (talk.isIn) this.askOptions(talk);
    this.past.fill(talk, () => talk.rows.length < 100 && this.past.older(talk));
  }

  setMembers(talk, lines) {
    talk.members.clear();
    for (const [, name, role, away] of restsOf(lines, 'USERINFO').map((rest) => cutWords(rest, 3)))
      talk.members.set(name.toLowerCase(), { name, role, isAway: away === 'away' });
    this.model.changed(talk, 'members');
    this.model.changed(talk, 'bar');
  }

  askOptions(talk, done = null) {
    this.inRoom(talk, 'SET', (answer, lines) => {
      for (const [, option, value] of restsOf(lines, 'SET').map((rest) => cutWords(rest, 2)))
        talk.options.set(option, value);
      this.model.changed(talk, 'bar');
      done?.(answer, lines);
    });
  }

  askKnown(done) {
    this.asked.ask('ROOMS INFO', (answer, lines) => {
      this.known = restsOf(lines, 'ROOMINFO').map((rest) => cutWords(rest, 2)).map(([room, count, topic]) => ({ room, count, topic }));
      done();
    });
  }

  // In rooms that were left: how much is new there.
  askUnread() {
    this.asked.ask('UNREAD', (answer, lines) => {
      for (const [room, count] of restsOf(lines, 'UNREAD').map(cut)) {
        const talk = this.model.talk(room);
        if (talk.isIn) continue;
        talk.unread = Number(count);
        this.model.changed(talk, 'list');
      }
    });
  }

  // Private talks that the server has.
  askTalks() {
    this.asked.ask('TALKS', (answer, lines) => {
      this.keeps = lines[0].rest;
      for (const rest of restsOf(lines, 'TALK').slice(0, TALKS)) this.model.talk(cut(rest)[0].slice(1));
    });
  }

  // ---- saying ----

  say(talk, text, kind = 'say') {
    const row = { id: null, time: Date.now(), who: this.model.me, text, kind, isMine: true, talk, state: 'waits' };
    talk.add(row);
    this.send(row);
  }

  send(row) {
    const { talk } = row;
    row.state = 'waits';
    this.on.looks(talk);
    if (!this.isIn) return;
    row.wasSent = true;
    const isAction = row.kind === 'me' && talk.isRoom;
    if (isAction) this.asked.ask(`ALSO ${talk.key}`);
    this.asked.say(!talk.isRoom ? `PRIVMSG ${talk.title} ${row.text}` : isAction ? `ME ${row.text}` : `SAY ${talk.key} ${row.text}`,
                   row, (answer, lines) => this.said(row, answer, lines));
  }

  said(row, answer, lines) {
    const { talk } = row;
    if (answer.verb === 'ERROR') {
      this.fail(row, answer.rest);
      talk.bar = barOfError(answer.rest, Date.now()) ?? talk.bar;
      if (answer.rest === 'Room is moderated') talk.options.set('moderated', 'on');
    } else {
      row.state = null;
      if (answer.id !== null) {
        talk.remove(row);
        talk.add(Object.assign(row, { id: answer.id, time: answer.time }));
      }
      talk.away = lines.some((l) => l.verb === 'AWAY') ? talk.away : '';
      if (answer.rest.startsWith('Stored')) talk.away = 'not here now, and will read it later';
      this.model.changed(talk, 'kept');
    }
    this.model.changed(talk, 'bar');
    this.on.looks(talk);
  }

  fail(row, why) {
    row.state = 'failed';
    row.why = why.replace(/(?<=until )\S+Z/, (time) => untilText(Date.parse(time)));
    this.on.looks(row.talk);
  }

  // One that was not sent is taken back.
  drop(row) {
    row.talk.remove(row);
    this.on.looks(row.talk);
  }
}
