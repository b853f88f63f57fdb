// SPDX-License-Identifier: ISC
// The parts of the page, and what they have to do with each other.
import { announce, card, toast } from './announce.js';
import { Browse } from './browse.js';
import { timeText } from './clock.js';
import { Commands } from './commands.js';
import { Composer } from './composer.js';
import { isDialogOpen } from './dialog.js';
import { byId, el, icon, own } from './dom.js';
import { Find } from './find.js';
import { Kept } from './kept.js';
import { listen, openGoTo, showKeys } from './keys.js';
import { Log, lineOf } from './log.js';
import { Door } from './login.js';
import { Members } from './members.js';
import { Model } from './model.js';
import { Notify } from './notify.js';
import { openRoom } from './options.js';
import { openMessage, openPerson } from './person.js';
import { drawTalks, listed } from './rooms.js';
import { Session } from './session.js';
import { logout, openSettings } from './settings.js';
import { load, save } from './store.js';
import { Tabs } from './tabs.js';

const panes = document.body.classList;
const isSeen = () => !document.hidden && document.hasFocus() && !byId('app').hidden && !browse.isOpen;
const isNarrow = () => matchMedia('(max-width: 64rem)').matches;
const model = new Model(changed), kept = new Kept(model);
const session = new Session(model, { in: isIn, refused: (why, name) => door.refused(why, name), ended, closed, waits, notice, invited, joined: open,
                                     grown: (talk) => talk === model.open && log.grew(), looks });
const door = new Door({ enter: (login) => session.start(login), here: useHere });
const log = new Log(model, { older: (talk) => session.past.older(talk), load: (talk, after) => session.past.load(talk, after), isSeen,
                             again: (row) => session.send(row), drop, person, menu });
const composer = new Composer(model, { say: (text) => session.say(model.open, text), command: (text) => commands.run(text, model.open),
                                       sent, join, words, scroll: (part) => log.box.scrollBy(0, part * log.box.clientHeight) });
const commands = new Commands(session, { join: (room, key) => enter(room, key, toast), write, me: (text) => session.say(model.open, text, 'me'),
                                         leave: () => leave(model.open), quit: () => logout(session), find: (words) => find.open(words),
                                         toast, shown: looks });
const members = new Members(model, person);
const browse = new Browse(session, { join: enter, opened: () => screen(), closed: () => model.open && composer.show() });
const find = new Find(session, { show: showHit, opened: () => screen('find'), closed: () => screen() });
const notify = new Notify(model, { isSeen, open });
const tabs = new Tabs({ isActive: () => session.socket.wants, taken: () => { session.socket.close(); elsewhere(); } });
model.isRead = () => log.isAtEnd && isSeen();
model.prepare = (talk) => { kept.prepare(talk); talk.draft = composer.draftOf(talk.key); };

// ---- what has changed ----

const due = new Set();

// Once in a frame.
function later(what, draw) {
  if (due.has(what)) return;
  due.add(what);
  requestAnimationFrame(() => { due.delete(what); draw(); });
}

function changed(talk, what, row) {
  if (what === 'list') later('list', () => drawTalks(model, open));
  if (what === 'list' || what === 'me') drawTitle();
  if (what === 'me') drawMe();
  if (what === 'read' || (what === 'row' && talk && !talk.isRoom) || what === 'kept') kept.changed(talk);
  if (what === 'for me') notify.line(talk, row);
  if (talk !== model.open || !talk) return;
  if (what === 'row') log.changed();
  if (what === 'row' && !model.isBacklog && !row.isMine && row.kind !== 'event') announce(`${row.who}: ${row.text}`);
  if (what === 'members') later('members', () => members.draw());
  if (what === 'topic') drawHeader(talk);
  if (what === 'bar') later('bar', () => composer.drawBar());
}

function looks(talk) {
  if (!talk.isRoom) kept.changed(talk);
  if (talk === model.open) log.changed();
}

// Also while the page is hidden.
function drawTitle() {
  drawTitle.timer = drawTitle.timer ?? setTimeout(() => {
    drawTitle.timer = null;
    notify.draw(`${model.open ? `${model.open.title} · ` : ''}${location.hostname}`);
  });
}

function drawMe() {
  byId('me').textContent = model.me;
  byId('me-state').textContent = session.isRegistered ? 'Registered' : 'Not registered';
}

function drawHeader(talk) {
  byId('title').replaceChildren(talk.isRoom ? el('i', {}, '#') : '', talk.title);
  byId('topic').textContent = byId('topic').title = talk.topic;
  byId('app').classList.toggle('person', !talk.isRoom);
}

// ---- coming and going ----

function isIn(isAgain) {
  kept.restore();
  door.hide();
  note(null);
  byId('app').hidden = false;
  drawMe();
  notify.settled();
  session.askKnown(() => {});
  if (isAgain) return;
  const wanted = decodeURIComponent(location.hash.slice(1)) || load('open', '');
  openSome(model.talks.get(wanted.toLowerCase()));
}

// Not even in.
function closed(why) {
  if (byId('door').hidden) door.show(load('name'));
  door.waits(why);
}

// The server has ended it, and will do so again.
function ended(why) {
  if (why === 'Replaced by a new login') elsewhere();
  else door.refused(why, model.me);
}

function elsewhere() {
  if (byId('app').hidden) door.showElsewhere(load('name'));
  else note('Open elsewhere.', 'You can read on here.', 'Use it here');
}

function useHere() {
  tabs.take();
  if (load('token') || model.me) session.start();
  else door.show(load('name'));
}

function waits(text) {
  note('No connection.', `${text} You can read on, and what you write is kept.`, 'Try now');
}

function note(title, text = '', verb = '') {
  byId('note').hidden = title === null;
  byId('note-title').textContent = title ?? '';
  byId('note-text').textContent = text;
  byId('retry').textContent = verb;
}

function notice(line) {
  toast(line.rest);
  if (model.open) commands.show(model.open, [line]);
}

function invited(room, who) {
  card(`${who} invites you to ${room}.`, 'Join', () => enter(room, '', toast));
}

// ---- rooms ----

function open(talk, isBack = false) {
  if (model.open && model.open !== talk) model.open.newFrom = null;
  const hash = `#${encodeURIComponent(talk.key)}`;
  model.open = talk;
  save('open', talk.key);
  if (!isBack && location.hash !== hash) history.pushState(null, '', hash);
  browse.close();
  panes.remove('lists', 'members');
  byId('log').ariaLabel = `Messages in ${talk.title}`;
  byId('app').classList.remove('empty');
  drawHeader(talk);
  composer.show();
  log.show();
  changed(talk, 'list');
  changed(talk, 'members');
  session.look(talk);
}

// This talk, or else a room that one is in, or else the list of rooms.
function openSome(talk = listed(model).find((t) => t.isIn)) {
  if (talk) open(talk);
  else browse.open();
}

function write(name, text = '') {
  if (!name) return;
  open(model.talk(name));
  if (text) session.say(model.open, text);
}

// Into a room. What is wrong is told where it was asked for; a room that does not let in is shown, with its key field.
function enter(room, key, tell) {
  session.join(room, { key, done: (answer) => {
    if (answer.isOk) return;
    if (/^(Permission denied|Banned|Room is full)/.test(answer.rest)) open(session.barred(room, answer.rest));
    else tell(answer.rest);
  } });
}

function join(talk, key, tell) {
  session.join(talk.key, { key, done: (answer) => {
    if (answer.isOk) return;
    session.barred(talk.key, answer.rest);
    tell(answer.rest === 'Permission denied' ? 'That is not the key.' : answer.rest);
  } });
}

function leave(talk) {
  if (!talk) return;
  session.leave(talk, (answer) => {
    if (!answer.isOk) {
      toast(answer.rest);
      return;
    }
    openSome();
  });
}

function showHit(room, id) {
  const talk = model.talk(room.replace('@', ''));
  session.past.around(talk, id, (isThere) => {
    if (!isThere) {
      toast('This message is not there any more.');
      return;
    }
    if (isNarrow()) find.close();
    if (talk !== model.open) open(talk);
    log.reveal(id);
  });
}

// ---- messages and people ----

function sent() {
  model.open.newFrom = null;
  if (!log.isAtEnd) log.toEnd();
}

function drop(row) {
  session.drop(row);
  if (!byId('message').value) composer.set(row.text);
}

function person(name) {
  openPerson(session, name, { write, mention: (who) => composer.set(`${byId('message').value}${who} `) });
}

function menu(row) {
  openMessage(row, row.isMine, { person, again: (r) => session.send(r), drop, copy: (r) => navigator.clipboard?.writeText(lineOf(r))
    .catch(() => toast('This browser does not allow copying here.')) });
}

function words(word) {
  if (word.startsWith('/')) return commands.words;
  if (word.startsWith('#')) return [...new Set([...listed(model).filter((t) => t.isRoom).map((t) => t.key), ...session.known.map((k) => k.room)])];
  return [...model.open.members.values()].map((m) => m.name).filter((name) => !model.isMe(name));
}

// ---- screens and keys ----

// On narrow screens a pane covers the talk, and Back closes it.
function screen(name = '') {
  panes.remove('lists', 'members');
  if (name !== 'find') find.close();
  if (name === 'members' || name === 'lists') panes.add(name);
  if (name && isNarrow() && history.state !== name) history.pushState(name, '');
}

function next(by, isUnread) {
  const talks = listed(model).filter((t) => t === model.open || !isUnread || t.unread), at = talks.indexOf(model.open);
  if (talks.length) open(talks[(at + by + talks.length) % talks.length]);
}

function escape() {
  if (isDialogOpen()) return false;
  if (find.isOpen || browse.isOpen || panes.contains('members') || panes.contains('lists')) {
    browse.close();
    screen();
  } else if (model.open && (model.open.newFrom || !log.isAtEnd)) {
    model.open.newFrom = null;
    log.toEnd();
  } else {
    composer.focus();
  }
  return true;
}

const ifIn = (does) => () => !byId('app').hidden && !isDialogOpen() && does() !== false;
listen({ goTo: ifIn(() => openGoTo(listed(model), open)), up: ifIn(() => next(-1, false)), down: ifIn(() => next(1, false)),
         upUnread: ifIn(() => next(-1, true)), downUnread: ifIn(() => next(1, true)), find: ifIn(() => find.open()),
         escape, keys: () => !isDialogOpen() && showKeys() });

const quiet = (talk, isQuiet) => kept.quiet(talk, isQuiet);
const clicks = {
  jump: () => openGoTo(listed(model), open),
  join: () => browse.open(),
  back: () => screen('lists'),
  'show-find': () => (find.isOpen ? find.close() : find.open()),
  'show-members': () => screen(panes.contains('members') ? '' : 'members'),
  'hide-members': () => screen(),
  'room-menu': () => model.open && (model.open.isRoom ? openRoom(session, model.open, { leave, quiet }) : person(model.open.title)),
  settings: () => openSettings(session, notify, { quiet, keys: showKeys, logout: () => logout(session) }),
  retry: () => (session.socket.wants ? session.socket.retry() : useHere()),
  skip: own(() => composer.focus()),
};
for (const [id, does] of Object.entries(clicks)) byId(id).onclick = (event) => { does(event); };
addEventListener('focus', () => log.isAtEnd && isSeen() && model.read(model.open));
addEventListener('popstate', () => {
  const talk = model.talks.get(decodeURIComponent(location.hash.slice(1)).toLowerCase());
  screen();
  if (talk && talk !== model.open) open(talk, true);
});
visualViewport?.addEventListener('resize', () => { byId('app').style.height = `${visualViewport.height}px`; });

for (const [id, name] of [['join', 'plus'], ['settings', 'gear'], ['send', 'send'], ['hide-members', 'close'], ['find-close', 'close'],
                          ['show-find', 'find'], ['room-menu', 'more'], ['browse-close', 'close']])
  byId(id).append(icon(name));
for (const [id, name] of [['back', 'back'], ['show-members', 'people'], ['pill', 'down'], ['jump', 'find']])
  byId(id).prepend(icon(name));
byId('place').textContent = byId('hello').textContent = location.hostname;

tabs.isElsewhere().then((is) => {
  if (is) elsewhere();
  else if (load('token')) session.start();
  else door.show(load('name'));
  document.body.dataset.ready = timeText(Date.now()); // for those who wait until the page can be used
});
