// SPDX-License-Identifier: ISC
// Searching in what is kept: words and filters, the hits by day, and further back.
import { dateText, dayText, isSameDay } from './clock.js';
import { button } from './dialog.js';
import { byId, clockTime, el, own } from './dom.js';
import { parseHist, restsOf } from './line.js';
import { colourOf, partsFound, trimmed } from './text.js';

const WHEN = [['', 'any time'], ['1d', 'the last day'], ['7d', 'the last week'], ['30d', 'the last month'], ['365d', 'the last year']];

const box = byId('find-words');

export class Find {
  // on: show(room, id), opened(), closed()
  constructor(session, on) {
    this.session = session;
    this.on = on;
    this.hits = [];
    byId('find-when').append(...WHEN.map(([value, text]) => el('option', { value }, text)));
    byId('find-form').onsubmit = own(() => this.search());
    for (const id of ['find-in', 'find-from', 'find-when']) byId(id).onchange = () => this.search();
    byId('find-close').onclick = () => this.close();
  }

  get isOpen() {
    return !byId('find').hidden;
  }

  open(words = null) {
    const { open, talks } = this.session.model;
    const rooms = [...talks.values()].filter((t) => t.isRoom).map((t) => t.key).sort();
    byId('find-in').replaceChildren(el('option', { value: '' }, 'everywhere'), ...rooms.map((key) => el('option', { value: key }, `in ${key}`)));
    byId('find-in').value = open?.isRoom && words === null ? open.key : '';
    byId('find').hidden = false;
    byId('app').classList.add('finding');
    this.on.opened();
    box.focus();
    box.select();
    if (words === null) return;
    box.value = words;
    this.search();
  }

  close() {
    if (!this.isOpen) return;
    byId('find').hidden = true;
    byId('app').classList.remove('finding');
    this.on.closed();
  }

  // What is looked for, in words: "“label printer” in #general from erin".
  get about() {
    const { words, room, from, when } = this.query;
    return [words ? `“${words}”` : 'anything', room && `in ${room}`, from && `from ${from}`,
            when && `in ${WHEN.find(([value]) => value === when)[1]}`].filter(Boolean).join(' ');
  }

  search() {
    this.query = { words: trimmed(box.value), room: byId('find-in').value,
                   from: trimmed(byId('find-from').value), when: byId('find-when').value };
    this.hits = [];
    const { words, room, from } = this.query;
    if (words || room || from) this.ask('');
  }

  ask(before) {
    const { query } = this, { words, room, from, when } = query;
    const command = ['SEARCH', room && `in:${room}`, from && `from:${from}`, when && `after:${when}`, before && `before:${before}`,
                     words].filter(Boolean).join(' ');
    this.tell('Searching …');
    this.session.asked.ask(command, (answer, lines) => {
      if (query !== this.query) return; // another search has begun
      if (!answer.isOk) {
        this.tell(answer.rest, 'Try again', before);
        return;
      }
      this.add(restsOf(lines, 'HIST').map(parseHist));
      this.showEnd(answer.rest, lines.length > 1 || before === '');
    });
  }

  // A text that is too long for a line comes in several.
  add(hits) {
    for (const hit of hits) {
      const last = this.hits[this.hits.length - 1];
      if (last?.continues && last.id === hit.id) Object.assign(last, { text: `${last.text} ${hit.text}`, continues: hit.continues });
      else if (!this.hits.some((h) => h.id === hit.id)) this.hits.push(hit);
    }
    this.draw();
  }

  showEnd(rest, isMore) {
    const [, count, so] = /^(\d+) found(?: so far \((.*)\))?/.exec(rest) ?? [], n = this.hits.length, last = this.hits[n - 1];
    const back = last ? new Date(last.time + 1).toISOString() : '';
    const isPart = so !== undefined || count >= 100;
    if (/index/.test(so ?? '')) this.tell(`${n} found so far. Some messages cannot be found yet.`, 'Try again', back);
    else if (isPart && n && isMore) this.tell(`${n} found, back to ${dateText(last.time)}.`, 'Look further', back);
    else if (isPart) this.tell(`Nothing found so far for ${this.about}. It takes long; name a room, a person or a time.`, 'Try again', back);
    else this.tell(n ? `${n} found for ${this.about}.` : `Nothing found for ${this.about}.`);
  }

  tell(text, verb = '', before = '') {
    byId('find-end').replaceChildren(el('span', {}, text, ' '), ...(verb ? [button(verb, () => this.ask(before), 'button.link')] : []));
    if (!this.hits.length) byId('hits').replaceChildren();
  }

  draw() {
    const parts = [];
    let before = null;
    for (const hit of this.hits) {
      if (!before || !isSameDay(before.time, hit.time)) parts.push(el('li', {}, el('h3', {}, dayText(hit.time))));
      parts.push(this.hit(hit));
      before = hit;
    }
    byId('hits').replaceChildren(...parts);
  }

  hit(hit) {
    const text = el('p', { dir: 'auto' }, hit.kind === 'me' ? `∗ ${hit.who} ` : null,
                    ...partsFound(hit.text, this.query.words).map((p) => (p.kind === 'found' ? el('mark', {}, p.text) : p.text)));
    return el('li', {}, el('button.hit', { onclick: () => this.on.show(hit.room, hit.id) }, el('span', {},
      el(`b.name.n${colourOf(hit.who)}`, {}, hit.who), clockTime(hit.time),
      this.query.room ? null : el('small', {}, hit.room)), text));
  }
}
