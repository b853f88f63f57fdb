// SPDX-License-Identifier: ISC
// From the door to the talk: logging in, resuming, asking, and what the reader does.
import { timeText } from './clock.js';
import { byId, el, icon } from './dom.js';
import { cut, cutWords, isSecret } from './line.js';
import { Log } from './log.js';
import { Model } from './model.js';
import { drawKnown, drawMembers, drawTalks } from './rooms.js';
import { Socket } from './socket.js';
import { forgetAll, load, save } from './store.js';
import { isBlank, linesOf } from './text.js';

const TEXT_BYTES = 3800, MANY_LINES = 5, PAGE = 100;
// Commands about the current room. The room is made current first, in the same message.
const roomCommands = ['TOPIC', 'SET', 'KICK', 'BAN', 'UNBAN', 'BANS', 'MUTE', 'UNMUTE', 'OP', 'DEOP', 'VOICE', 'DEVOICE',
                      'INVITE', 'ME'];
// Untagged lines that come with an answer and end none.
const beside = ['NOTICE', 'JOIN', 'MAIL', 'PRIVMSG', 'AWAY'];
const ends = ['OK', 'ERROR', 'PONG', 'USERLIST', 'ROOMLIST', 'CAPS', 'WHOIS', 'SEEN', 'IGNORELIST', 'TOPIC'];

let asked = [];      // what was sent and is not answered yet, in order: { command, lines, ending(line), done(line, lines) }
let login = null;    // { name, password } while the door is open
let isIn = false;    // logged in, on this connection
let endReason = '';
let known = [];      // rooms that somebody is in: { room, count, topic }

const isTouch = () => matchMedia('(pointer: coarse)').matches; // there a button sends, and Enter begins a line
const isSeen = () => !document.hidden && document.hasFocus() && !byId('app').hidden;
const model = new Model(changed);
const log = new Log(model, { older, isSeen, again: sendRow, drop: dropRow });
const socket = new Socket({ opened, line, closed, waits, quiet: () => ask('PING') });
model.isRead = () => log.isAtEnd && isSeen();

// ---- asking ----

function ask(command, done = null, ending = null) {
  if (!socket.isOpen) return;
  asked.push({ command, lines: [], done, ending });
  socket.send(command);
}

// Whether an untagged line ends the first answer that is due. Lists continue while they end in a lone +.
function isEnd(parsed) {
  return ends.includes(parsed.verb) && !/(^| )\+$/.test(parsed.rest);
}

function line(text) {
  if (!text) return;
  const parsed = model.take(text);
  if (parsed.id !== null) {
    if ((parsed.verb === 'ROOM' || parsed.verb === 'ME') && model.isMe(cut(cut(parsed.rest)[1])[0])) endSaying(parsed);
    return;
  }
  if (parsed.verb === 'ERROR' && !asked.length) endReason = parsed.rest;
  if (parsed.verb === 'NOTICE') toast(parsed.rest);
  if (parsed.verb === 'AWAY') toast(`${cut(parsed.rest)[0]} is away: ${cut(parsed.rest)[1]}`);
  const first = asked[0];
  if (!first || beside.includes(parsed.verb) || (parsed.verb === 'TOPIC' && !/^TOPIC$/i.test(first.command))) return;
  first.lines.push(parsed);
  if (!(first.ending ? first.ending(parsed) : isEnd(parsed))) return;
  asked.shift();
  first.done?.(parsed, first.lines);
}

// An own message has come back: what was asked before it is answered.
function endSaying(parsed) {
  const at = asked.findIndex((a) => a.row && a.row.kind === (parsed.verb === 'ME' ? 'me' : 'say'));
  if (at >= 0) asked.splice(at, 1);
}

// ---- coming in ----

function opened() {
  endReason = '';
  asked = [];
  model.isBacklog = true;
  const token = load('token', null);
  if (token && !login) ask(`RESUME ${token}`, (answer) => welcome(answer, load('name', '')), isAnswer);
  else if (login) ask(`USERNAME ${login.name}${login.password ? ` ${login.password}` : ''}`, (answer) => welcome(answer, login.name), isAnswer);
  else if (model.me) ask(`USERNAME ${model.me}`, (answer) => welcome(answer, model.me), isAnswer);
  else socket.close();
}

const isAnswer = (parsed) => parsed.verb === 'OK' || parsed.verb === 'ERROR';

function welcome(answer, name) {
  if (answer.verb === 'ERROR') {
    refused(answer.rest, name);
    return;
  }
  const has = /^Welcome(?: back)?, (.*)!$/.exec(answer.rest);
  model.me = has ? has[1] : name;
  isIn = true;
  save('name', model.me);
  ask('CAPS tags');
  if (login?.password && byId('stay').checked) ask('TOKEN', (ok) => ok.verb === 'OK' && save('token', cut(ok.rest)[1]));
  login = null;
  byId('password').value = '';
  for (const room of load('rooms', [])) join(room, false);
  ask('PING', settled, (parsed) => parsed.verb === 'PONG');
}

// All that was missed is here.
function settled() {
  model.isBacklog = false;
  socket.settled();
  byId('note').hidden = true;
  byId('door').hidden = true;
  byId('app').hidden = false;
  byId('me').textContent = model.me;
  for (const talk of model.talks.values())
    for (const row of talk.rows.filter((r) => r.state === 'waits')) sendRow(row);
  const wanted = decodeURIComponent(location.hash.slice(1)) || load('open', '');
  const talk = model.open ?? model.talks.get(wanted.toLowerCase()) ?? [...model.talks.values()].find((t) => t.isIn);
  if (talk) open(talk);
  else byId('join').click();
  catchUp();
}

function catchUp() {
  for (const talk of model.talks.values())
    if (talk.isRoom && talk.isIn) {
      ask(`USERS ${talk.key} INFO`, (answer, lines) => setMembers(talk, lines), isAnswer);
      older(talk);
    }
}

function refused(why, name) {
  if (load('token', null) && !login) save('token', null);
  login = null;
  socket.close();
  showDoor(name);
  const isPassword = /password/i.test(why);
  byId('password-part').hidden = !isPassword && byId('password-part').hidden;
  const at = isPassword ? 'password' : 'name';
  const words = { 'Password required': 'This name is registered. If it is yours, enter its password; if not, pick another name.',
                  'Username taken': 'Somebody here has this name now. Pick another one.',
                  'Token not valid': 'You were logged out. Log in again.' };
  byId(`${at}-why`).textContent = words[why] ?? why;
  byId(`${at}-why`).classList.toggle('bad', why !== 'Password required' && why !== 'Token not valid');
  byId(at).focus();
}

function showDoor(name) {
  byId('app').hidden = true;
  byId('door').hidden = false;
  byId('name').value = name || '';
  byId('name').focus();
}

function closed(code) {
  const wasIn = isIn;
  isIn = false;
  model.isBacklog = true;
  for (const { row } of asked)
    if (row && !row.talk.isRoom) { // nothing will tell whether it has arrived
      row.state = 'failed';
      row.why = 'the connection broke, and it may have arrived or not.';
    }
  asked = [];
  log.changed();
  if (endReason === 'Replaced by a new login' || /^(Kicked|Account locked)/.test(endReason)) {
    socket.close();
    if (wasIn) showDoor(model.me);
    byId('name-why').textContent = endReason;
    byId('name-why').classList.add('bad');
  } else if (login && code !== 1000) {
    byId('name-why').textContent = endReason || 'The server does not answer. Trying again …';
  }
}

function waits(seconds) {
  byId('note').hidden = byId('app').hidden;
  byId('note-text').textContent = `${endReason ? `${endReason}. ` : ''}Trying again${seconds ? ` in ${seconds} s` : ''}. ` +
    'You can read on, and what you write is kept.';
}

// ---- rooms ----

function askKnown() {
  ask('ROOMS INFO', (answer, lines) => {
    known = lines.filter((l) => l.verb === 'ROOMINFO').map((l) => cutWords(l.rest, 2))
      .map(([room, count, topic]) => ({ room, count, topic }));
    showKnown();
  }, isAnswer);
}

const showKnown = () => drawKnown(known, model, (room) => { byId('join-form').hidden = true; join(room); });

function setMembers(talk, lines) {
  if (lines.at(-1).verb !== 'OK') return;
  talk.members.clear();
  for (const [, name, role, away] of lines.filter((l) => l.verb === 'USERINFO').map((l) => cutWords(l.rest, 3)))
    talk.members.set(name.toLowerCase(), { name, role, isAway: away === 'away' });
  changed(talk, 'members');
}

function join(room, shows = true) {
  const [name, key] = cut(room);
  ask(`ALSO ${name}${key ? ` ${key}` : ''}`, (answer) => {
    const has = /^Joined (#\S+) /.exec(answer.rest);
    if (!has) {
      toast(`${name}: ${answer.rest}`);
      return;
    }
    const talk = model.joined(has[1]);
    save('rooms', [...model.talks.values()].filter((t) => t.isIn).map((t) => t.key));
    if (!shows) return;
    open(talk);
    catchUp();
  }, isAnswer);
}

function open(talk) {
  if (model.open) {
    model.open.newFrom = null;
    model.open.draft = byId('message').value;
  }
  model.open = talk;
  save('open', talk.key);
  history.replaceState(null, '', `#${encodeURIComponent(talk.key)}`);
  byId('message').value = talk.draft;
  byId('message').placeholder = `Message ${talk.key}`;
  byId('message').setAttribute('aria-label', `Message to ${talk.title}`);
  byId('log').setAttribute('aria-label', `Messages in ${talk.title}`);
  document.body.classList.remove('lists');
  fit();
  log.show();
  changed(talk, 'list');
  changed(talk, 'topic');
  changed(talk, 'members');
  if (!isTouch()) byId('message').focus();
}

function older(talk) {
  if (!talk.isRoom || talk.isWhole || talk.isLoading || !socket.isOpen || !isIn) return;
  talk.isLoading = true;
  const first = talk.rows.find((row) => row.id !== null), before = talk.rows.length;
  ask(`HISTORY ${talk.key} ${PAGE}${first ? ` BEFORE ${first.id}` : ''}`, (answer) => {
    const has = /^(\d+) messages/.exec(answer.rest);
    talk.isLoading = false;
    talk.isWhole = !has || has[1] === '0';
    if (talk === model.open && log.follows) log.changed();
    else if (talk === model.open) log.grew(talk.rows.length - before);
  }, isAnswer);
}

function changed(talk, what) {
  if (what === 'row' && talk === model.open) {
    log.changed();
    announce(talk.rows.at(-1));
  }
  if (what === 'list') later('list', () => drawTalks(model, open));
  if (talk !== model.open) return;
  if (what === 'members') later('members', () => drawMembers(model, (name) => open(model.talk(name))));
  if (what === 'topic') {
    byId('title').replaceChildren(talk.isRoom ? el('i', {}, '#') : '', talk.title);
    byId('topic').textContent = byId('topic').title = talk.topic;
    byId('app').classList.toggle('person', !talk.isRoom);
  }
}

const due = new Set();

// Once in a frame.
function later(what, draw) {
  if (due.has(what)) return;
  due.add(what);
  requestAnimationFrame(() => { due.delete(what); draw(); });
}

let unsaid = [];

// For those who listen: each line once; when there are many, how many.
function announce(row) {
  if (model.isBacklog || !row || row.isMine || row.kind === 'event') return;
  unsaid.push(`${row.who}: ${row.text}`);
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => {
    byId('announce').textContent = unsaid.length > 3 ? `${unsaid.length} new messages` : unsaid.join('. ');
    unsaid = [];
  }, 300);
}

function toast(text) {
  byId('toast').textContent = text;
  byId('toast').hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { byId('toast').hidden = true; }, 8000);
}

// ---- writing ----

function sendRow(row) {
  const { talk } = row;
  row.state = 'waits';
  if (!isIn) {
    log.changed();
    return;
  }
  const isAction = row.kind === 'me' && talk.isRoom;
  if (isAction) ask(`ALSO ${talk.key}`, null, isAnswer);
  asked.push({ command: '', lines: [], row, ending: isAnswer, done: (answer) => {
    row.state = answer.verb === 'ERROR' ? 'failed' : null;
    row.why = answer.rest;
    if (/^Stored/.test(answer.rest)) toast(`${talk.title} is not here now, and will read it later.`);
    log.changed();
  } });
  socket.send(!talk.isRoom ? `PRIVMSG ${talk.title} ${row.text}` : isAction ? `ME ${row.text}` : `SAY ${talk.key} ${row.text}`);
  log.changed();
}

function dropRow(row) {
  row.talk.rows.splice(row.talk.rows.indexOf(row), 1);
  byId('message').value ||= row.text;
  log.changed();
}

function say(text, kind = 'say') {
  const talk = model.open;
  const row = { id: null, time: Date.now(), who: model.me, text, kind, isMine: true, talk, state: 'waits' };
  talk.rows.push(row);
  sendRow(row);
}

const local = {
  join: (args) => join(args),
  msg: (args) => {
    const [who, text] = cut(args);
    open(model.talk(who));
    if (text) say(text);
  },
  me: (args) => say(args, 'me'),
  quit: () => byId('logout').click(),
  leave: () => ask(`LEAVE ${model.open.key}`, (answer) => {
    if (answer.verb === 'ERROR') { toast(answer.rest); return; }
    const talk = model.open;
    model.left(talk);
    save('rooms', [...model.talks.values()].filter((t) => t.isIn).map((t) => t.key));
    const next = [...model.talks.values()].find((t) => t.isIn);
    if (next) open(next);
  }, isAnswer),
  register: (args) => ask(`REGISTER ${args}`, (answer) => {
    toast(answer.rest);
    if (answer.verb === 'OK') ask('TOKEN', (ok) => ok.verb === 'OK' && save('token', cut(ok.rest)[1]));
  }, isAnswer),
};

function command(text) {
  const [word, args] = cut(text.slice(1));
  const verb = word.toUpperCase();
  if (local[word.toLowerCase()]) {
    local[word.toLowerCase()](args);
    return;
  }
  const talk = model.open;
  if (roomCommands.includes(verb) && talk?.isRoom && talk.isIn) ask(`ALSO ${talk.key}`, null, isAnswer);
  ask(`${verb}${args ? ` ${args}` : ''}`, (answer, lines) => {
    for (const l of lines)
      talk.rows.push({ id: null, time: Date.now(), who: '', text: `${l.verb} ${l.rest}`, kind: 'event' });
    log.changed();
  }, verb === 'HELP' ? (p) => p.verb !== 'HELP' || (/^QUIT/.test(p.rest)) || args !== '' : null);
}

function submit() {
  const box = byId('message'), text = box.value;
  if (isBlank(text) || !model.open) return;
  const isCommand = text.startsWith('/') && !text.startsWith('//');
  const lines = isCommand ? [text] : linesOf(text.replace(/^\/\//, '/'), TEXT_BYTES);
  if (lines.length > MANY_LINES && !confirm(`This is ${lines.length} messages. Send them all?`)) return;
  if (!isCommand && lines.some((l, i) => isSecret(l) && !(i === 0 && l.startsWith('/')))) {
    toast('This looks like a command with a secret in it. To send a command begin with /; to say it, put something before it.');
    return;
  }
  box.value = model.open.draft = '';
  fit();
  if (isCommand) command(text.trim());
  else lines.forEach((l) => say(l));
  model.open.newFrom = null;
  if (!log.isAtEnd) log.toEnd();
}

function fit() {
  const box = byId('message');
  box.style.height = 'auto';
  box.style.height = `${Math.min(box.scrollHeight, innerHeight / 3)}px`;
}

// ---- what the reader does ----

byId('login').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = byId('name').value.trim(), password = byId('password').value;
  byId('name-why').textContent = /\s/.test(name) ? 'A name is one word: it has no blanks.' : '';
  byId('password-why').textContent = /\s/.test(password) ? 'A password has no blanks here.' : '';
  if (/\s/.test(name + password)) return;
  login = { name, password };
  socket.tries = 0;
  socket.open();
});
byId('say').addEventListener('submit', (event) => { event.preventDefault(); submit(); });
byId('message').addEventListener('input', fit);
byId('message').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229 && !isTouch()) {
    event.preventDefault();
    submit();
  } else if (event.key === 'Tab' && !event.shiftKey && complete()) {
    event.preventDefault();
  } else if (event.key === 'PageUp' || event.key === 'PageDown') {
    byId('log').scrollBy(0, (event.key === 'PageUp' ? -0.8 : 0.8) * byId('log').clientHeight);
    event.preventDefault();
  }
});

// A name or a command behind the word before the cursor. False: there is nothing to complete.
function complete() {
  const box = byId('message'), upto = box.value.slice(0, box.selectionStart);
  const word = /\S+$/.exec(upto)?.[0];
  if (!word || !model.open) return false;
  const names = word.startsWith('/') ? [...Object.keys(local), ...roomCommands.map((c) => c.toLowerCase())].map((c) => `/${c}`) :
    word.startsWith('#') ? known.map((k) => k.room) : [...model.open.members.values()].map((m) => m.name);
  const found = names.find((n) => n.toLowerCase().startsWith(word.toLowerCase()) && n.length > word.length);
  if (!found) return false;
  const tail = upto === word && !/^[/#]/.test(word) ? ': ' : ' ';
  box.setRangeText(found + tail, upto.length - word.length, upto.length, 'end');
  return true;
}

byId('join-name').addEventListener('input', showKnown);
byId('join').addEventListener('click', () => {
  byId('join-form').hidden = !byId('join-form').hidden;
  askKnown();
  document.body.classList.add('lists');
  byId('join-name').focus();
});
byId('join-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const room = byId('join-name').value.trim();
  byId('join-name').value = '';
  byId('join-form').hidden = true;
  if (room) join(room);
});
byId('logout').addEventListener('click', () => {
  socket.send('QUIT');
  socket.close();
  forgetAll();
  location.reload();
});
byId('retry').addEventListener('click', () => socket.retry());
byId('back').addEventListener('click', () => document.body.classList.add('lists'));
byId('show-members').addEventListener('click', () => document.body.classList.toggle('members'));
byId('hide-members').addEventListener('click', () => document.body.classList.remove('members'));
byId('member-filter').addEventListener('input', () => drawMembers(model, (name) => open(model.talk(name))));
byId('skip').addEventListener('click', (event) => { event.preventDefault(); byId('message').focus(); });
addEventListener('focus', () => log.isAtEnd && model.open && model.read(model.open));
addEventListener('keydown', (event) => {
  const talks = [...model.talks.values()].filter((t) => t.isIn || !t.isRoom).sort((a, b) => a.key.localeCompare(b.key));
  if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown') && talks.length) {
    const at = talks.indexOf(model.open) + (event.key === 'ArrowUp' ? -1 : 1);
    open(talks[(at + talks.length) % talks.length]);
    event.preventDefault();
  } else if (event.key === 'Escape') {
    document.body.classList.remove('members', 'lists');
    if (model.open) {
      model.open.newFrom = null;
      log.toEnd();
    }
  }
});

for (const [id, name] of [['join', 'plus'], ['logout', 'out'], ['send', 'send'], ['hide-members', 'close']])
  byId(id).append(icon(name));
for (const [id, name] of [['back', 'back'], ['show-members', 'people'], ['pill', 'down']])
  byId(id).prepend(icon(name));
byId('place').textContent = byId('hello').textContent = location.hostname;
document.body.dataset.ready = timeText(Date.now()); // for those who wait until the page can be used

if (load('token', null)) socket.open();
else showDoor(load('name', ''));
