// SPDX-License-Identifier: ISC
// What needs no browser: the pure modules of web/, the order of answers, and rules that all its files keep.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { Asked } from './web/asked.js';
import { barOf, barOfError } from './web/bar.js';
import { parseLine } from './web/line.js';
import { Model, parseDeed } from './web/model.js';
import { Past } from './web/past.js';
import { foldText, itemsOf } from './web/rows.js';
import { Talk } from './web/talk.js';
import { cleaned, linesOf, mentions, partsFound, partsOf } from './web/text.js';

const MAX_BYTES = 120 * 1024;
const dir = new URL('./web/', import.meta.url);
// Imports go down only: to an earlier row, or within the same one.
const floors = ['line text clock rows bar', 'talk model', 'socket asked store notify tabs kept', 'past session',
                'dom dialog announce sight log rooms members composer commands find login browse options person settings keys', 'main'];

const row = (id, text, more = {}) => ({ id: id === null ? null : BigInt(id), time: 1000 * (id ?? 9), who: 'bob', text, kind: 'say', ...more });
const kinds = (items) => items.map((item) => item.kind).join(' ');

const tests = {
  'rows are grouped by author and time, and parted by days, seams and the new line'() {
    const rows = [row(1, 'a'), row(2, 'b'), row(3, 'c', { who: 'ann' }), row(400, 'd', { who: 'ann' }), row(200000, 'e', { who: 'ann' })];
    const items = itemsOf(rows, { newFrom: rows[1], gaps: new Map([[BigInt(3), true], [BigInt(400), false]]) });
    assert.equal(kinds(items), 'day message new message message seam message day message');
    assert.deepEqual(items.filter((i) => i.kind === 'message').map((i) => i.isHead), [true, true, true, true, true]);
    assert.deepEqual(itemsOf(rows.slice(0, 2)).slice(1).map((i) => i.isHead), [true, false]);
  },

  'comings and goings are folded, and break at the new line'() {
    const event = (id, verb, who) => row(id, `${who} ${verb}`, { kind: 'event', verb, who });
    const rows = [event(1, 'JOIN', 'ann'), event(2, 'JOIN', 'bob'), event(3, 'LEAVE', 'ann'), event(4, 'TOPIC', ''), event(5, 'JOIN', 'eve')];
    assert.equal(kinds(itemsOf(rows)), 'day fold event event');
    assert.equal(kinds(itemsOf(rows, { newFrom: rows[2] })), 'day fold new event event event');
    assert.equal(foldText(rows.slice(0, 3)), 'bob joined, ann left');
    assert.equal(foldText(['a', 'b', 'c', 'd'].map((who, i) => event(i, 'JOIN', who))), 'a, b and 2 others joined');
  },

  'the bar says why one cannot write, until when, and no longer'() {
    const talk = new Talk('#den');
    assert.equal(barOf(talk, 'me', 0).action, 'join');
    talk.isIn = true;
    assert.equal(barOf(talk, 'me', 0), null);
    talk.bar = { kind: 'slow', until: 5500 };
    assert.match(barOf(talk, 'me', 1000).text, /in 5 s$/);
    assert.equal(barOf(talk, 'me', 5500), null);
    talk.options.set('moderated', 'on');
    assert.equal(barOf(talk, 'me', 5500).kind, 'moderated');
    talk.members.set('me', { name: 'me', role: 'voice' });
    assert.equal(barOf(talk, 'me', 5500), null);
    assert.deepEqual(barOfError('Muted until 2026-11-26T10:15:30.120Z: a: b', 0),
                     { kind: 'muted', until: Date.parse('2026-11-26T10:15:30.120Z'), why: 'a: b' });
    assert.deepEqual(barOfError('Slow mode, wait 5 s', 1000), { kind: 'slow', until: 6000 });
    talk.isIn = false;
    talk.bar = barOfError('Room is full (at most 3 users)', 0);
    assert.equal(barOf(talk, 'me', 5500).text, '#den is full');
    assert.equal(barOf(talk, 'me', 5500).action, 'join');
    assert.equal(barOfError('Line too long', 0), null);
  },

  'what ops do is read, however it is put'() {
    assert.deepEqual(parseDeed('bob by alice until 2026-11-26T10:15:30.120Z: spam: by night'),
                     { who: 'bob', by: 'alice', until: Date.parse('2026-11-26T10:15:30.120Z'), why: 'spam: by night' });
    assert.deepEqual(parseDeed('slow 5 by alice'), { who: 'slow 5', by: 'alice', until: 0, why: '' });
    assert.deepEqual(parseDeed('bob'), { who: 'bob', by: '', until: 0, why: '' });
  },

  'answers find what asked for them, and a PING repairs the order'() {
    const sent = [], told = [], asked = new Asked((...lines) => sent.push(lines.join('|')));
    const take = (text) => asked.take(parseLine(text));
    const talk = new Talk('#den');
    asked.ask('A', (answer, lines) => told.push(`A ${answer.rest} ${lines.length}`));
    asked.say('SAY #den hi', { talk, kind: 'say', text: 'hi' }, (answer) => told.push(`hi ${answer.rest}`));
    asked.askAll('W', (answer, lines) => told.push(`W ${lines.map((l) => l.rest)}`));
    assert.equal(sent[0], 'A');
    for (const line of ['JOIN #den bob', 'LIST x', 'OK done']) take(line);
    assert.deepEqual(told, ['A done 2']);
    asked.echo('#other', 'say', 'hi');
    asked.echo('#DEN', 'say', 'hi');
    take('WHOIS bob');
    take('OK one');
    take('PONG p1');
    assert.equal(told[1], 'W bob,one');
    asked.say('SAY #den lost', { talk, kind: 'say', text: 'lost' }, () => told.push('wrong'));
    asked.askAll(null, () => told.push('repaired'));
    take('PONG p2');
    assert.equal(told[2], 'repaired');
    asked.ask('B', (answer) => told.push(answer.rest));
    for (const line of ['ERROR Flooding', 'ERROR New password set by the operator', 'MAIL bob 2026-11-26T08:15:30.120Z hi', 'INVITE #den bob'])
      assert.equal(take(line), false, `${line} answers nothing`);
    asked.say('SAY #den x', { talk, kind: 'say', text: 'x' });
    assert.equal(asked.drop().length, 1);
    assert.equal(told[3], 'no connection');
  },

  'lines are counted once, from where one has read'() {
    const model = new Model(() => {});
    model.me = 'alice';
    const talk = model.talk('#den');
    talk.readId = BigInt(2);
    for (const id of [1, 3, 2, 3, 4]) model.take(`@id=${id};time=2026-11-26T08:15:30.120Z ROOM #den bob ${id === 4 ? 'Alice?' : 'x'}`);
    assert.deepEqual([talk.rows.map((r) => Number(r.id)), talk.unread, talk.forMe, Number(talk.newFrom.id)], [[1, 2, 3, 4], 2, 1, 3]);
    model.read(talk);
    assert.deepEqual([talk.unread, Number(talk.readId)], [0, 4]);
    model.takeHist(parseLine('HIST #den 9 2026-11-26T08:15:30.120Z bob long +'));
    model.takeHist(parseLine('HIST #den 9 2026-11-26T08:15:30.120Z bob text'));
    assert.equal(talk.rows[talk.rows.length - 1].text, 'long text');
  },

  'who goes away is away in all rooms, and in the talk with them'() {
    const model = new Model(() => {}), rooms = [model.talk('#den'), model.talk('#dev')], bob = model.talk('bob');
    for (const talk of rooms) talk.members.set('bob', { name: 'Bob', role: 'op', isAway: false });
    model.take('@id=7;time=2026-11-26T08:15:30.120Z AWAY Bob gone fishing');
    assert.deepEqual([...rooms.map((t) => t.members.get('bob').isAway), bob.away], [true, true, 'gone fishing']);
    model.take('@id=8;time=2026-11-26T08:15:31.120Z AWAY Bob');
    assert.equal(bob.away, 'not here now');
    model.take('@id=9;time=2026-11-26T08:15:32.120Z BACK Bob');
    assert.deepEqual([...rooms.map((t) => t.members.get('bob').isAway), bob.away], [false, false, '']);
    model.take('AWAY bob the answer to a message');
    assert.equal(rooms[0].members.get('bob').isAway, true);
  },

  'a private line is one row, live, as mail and from the history'() {
    const model = new Model(() => {}), tags = (id) => `@id=${id};time=2026-11-26T08:15:30.120Z`;
    model.me = 'alice';
    model.take(`${tags(7)} PRIVMSG bob one`);
    model.take(`${tags(8)} SENT bob two`);
    model.take(`${tags(6)} MAIL bob 2026-11-26T08:15:30.120Z none`);
    for (const [id, who, text] of [[6, 'bob', 'none'], [7, 'bob', 'one'], [8, 'alice', 'two'], [9, 'alice', 'three']])
      model.takeHist(parseLine(`HIST @bob ${id} 2026-11-26T08:15:30.120Z ${who} ${text}`));
    const talk = model.talk('bob');
    assert.deepEqual(talk.rows.map((r) => [Number(r.id), r.text, r.isMine]),
                     [[6, 'none', false], [7, 'one', false], [8, 'two', true], [9, 'three', true]]);
    assert.deepEqual([talk.path, model.talk('#den').path, model.all.length], ['@bob', '#den', 2]);
  },

  'what another device has sent is an own line, and answers nothing'() {
    const model = new Model(() => {}), asked = new Asked(() => true);
    model.me = 'alice';
    asked.ask('A');
    assert.equal(asked.take(model.take('SENT bob from the train')), false);
    asked.ask('B');
    assert.equal(asked.take(parseLine('ERROR Logged out')), false);
    const talk = model.talk('bob');
    assert.deepEqual(talk.rows.map((r) => [r.who, r.text, r.isMine, r.state ?? null]), [['alice', 'from the train', true, null]]);
    assert.equal(talk.unread, 0);
  },

  'a talk keeps 10,000 rows in order, whatever comes when'() {
    const talk = new Talk('#den');
    for (let id = 5001; id <= 12000; id++) talk.add(row(id, 'x'));
    for (let page = 4900; page >= 0; page -= 100)
      for (let id = page + 1; id <= page + 100; id++) talk.add(row(id, 'x'));
    assert.equal(talk.rows.length, 10000);
    assert.ok(talk.rows.every((r, i) => !i || r.id > talk.rows[i - 1].id));
    assert.equal(talk.ids.size, 10000);
  },

  'a gap is closed when the history meets what is there, and shown if it cannot be'() {
    const model = new Model(() => {}), talk = model.talk('#den'), commands = [];
    let answer = null;
    const asked = { ask: (command, done) => { commands.push(command); answer = (ids, verb = 'OK') => done(parseLine(verb),
      ids.map((id) => parseLine(`HIST #den ${id} 2026-11-26T08:15:30.120Z bob x`))); } };
    const past = new Past(model, asked, { grown() {} });
    for (const id of [1, 2, 9]) talk.add(row(id, 'x'));
    talk.gaps.set(BigInt(2), false);
    let isDone = false;
    past.fill(talk, () => { isDone = true; });
    answer([3, 4]);
    assert.equal(commands[1], 'HISTORY #den 200 AFTER 4');
    answer([8, 9]);
    assert.deepEqual([talk.gaps.size, isDone], [0, true]);
    talk.gaps.set(BigInt(9), false);
    past.fill(talk);
    answer([], 'ERROR');
    assert.deepEqual([...talk.gaps], [[BigInt(9), true]]);
    past.load(talk, BigInt(9));
    answer([]);
    assert.equal(talk.gaps.size, 0);
  },

  'texts: links, names, what was found, and what the server removes'() {
    assert.deepEqual(partsOf('see (https://a.b/c_(d)). bob`s', 'bob').map((p) => p.kind), ['text', 'link', 'text', 'name', 'text']);
    assert.ok(mentions('hi BOB!', 'bob') && !mentions('bobby', 'bob'));
    assert.deepEqual(partsFound('Le Café, cafes', 'cafe').filter((p) => p.kind === 'found').map((p) => p.text), ['Café']);
    assert.deepEqual(partsFound('cafes', 'caf*').map((p) => p.kind), ['found']);
    assert.deepEqual(partsFound('<b>', '').map((p) => p.kind), ['text', 'text', 'text']);
    assert.equal(cleaned('a\u202eb\u0007c\td\ud800e'), 'abc\td\ufffde');
    assert.deepEqual(linesOf('a\n\nb c', 3), ['a', 'b c']);
  },

  'imports go down only, no markup is made of text, nothing newer than ES2020, and all is small'() {
    const files = readdirSync(dir), floorOf = new Map(floors.flatMap((names, i) => names.split(' ').map((name) => [`${name}.js`, i])));
    for (const file of files) {
      const text = readFileSync(new URL(file, dir), 'utf8');
      if (!file.endsWith('.js')) continue;
      assert.ok(floorOf.has(file), `${file} has no floor`);
      for (const [, used] of text.matchAll(/from '\.\/(.*?)'/g))
        assert.ok(floorOf.get(used) <= floorOf.get(file), `${file} imports ${used}, which is above it`);
      assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, file);
      assert.doesNotMatch(text, /\.at\(|replaceAll|findLast|\?\?=|\|\|=|&&=|structuredClone|Object\.hasOwn/, `${file} is newer than ES2020`);
      assert.ok(text.split('\n').every((line) => line.split('`').length % 2), `${file} has a text that goes over the end of a line`);
      assert.ok(file === 'dom.js' || !/createElement/.test(text), `${file} makes elements`);
    }
    const bytes = Number(process.env.BYTES); // embed-web.sh counts them
    assert.ok(bytes > 0 && bytes <= MAX_BYTES, `the page has ${bytes} bytes, and may have ${MAX_BYTES}`);
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests))
  try {
    test();
    console.log(`PASS: ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL: ${name}\n${error.stack}`);
  }
process.exit(failed ? 1 : 0);
