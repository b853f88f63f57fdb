// SPDX-License-Identifier: ISC
// The messages of the open talk: a window of its rows is in the document. At the bottom one stays there; otherwise
// nothing moves what is being read. Elements that look the same stay the same, so focus and selection do.
import { dayText, timeText } from './clock.js';
import { byId, clockTime, el, icon } from './dom.js';
import { foldText, itemsOf } from './rows.js';
import { colourOf, isEmojiOnly, partsOf } from './text.js';

const WINDOW = 380, PAGE = 100, NEAR = 60;

export class Log {
  // on: older(talk), load(talk, after), isSeen(), again(row), drop(row), person(name), menu(row), type(key)
  constructor(model, on) {
    Object.assign(this, {
      model,
      on,
      box: byId('log'),
      list: byId('rows'),
      pill: byId('pill'),
      shown: new Map(), // by key of an item: { sign, element }
    });
    this.box.onscroll = () => this.scrolled();
    this.box.onkeydown = (event) => this.keyed(event);
    this.box.oncopy = (event) => this.copied(event);
    this.pill.onclick = () => { this.toEnd(); byId('message').focus(); };
    new ResizeObserver(() => this.follows && this.stick()).observe(this.box);
  }

  get talk() {
    return this.model.open;
  }

  get isAtEnd() {
    return this.follows && !!this.talk;
  }

  // Another talk: from the "new" line, or from the end.
  show() {
    const { rows, newFrom } = this.talk;
    const at = newFrom ? rows.indexOf(newFrom) : -1;
    this.follows = true;
    this.first = rows[Math.max(0, (at < 0 ? rows.length : Math.min(at, rows.length - 20)) - PAGE)];
    this.draw();
    this.list.querySelector('.new')?.scrollIntoView({ block: 'center' });
    this.scrolled();
  }

  toEnd() {
    const { rows } = this.talk;
    this.first = rows[Math.max(0, rows.length - PAGE)];
    this.follows = true;
    this.draw();
    this.seen();
  }

  // Puts a message in the middle, and points at it.
  reveal(id) {
    const { rows } = this.talk, at = rows.findIndex((row) => row.id === id);
    if (at < 0) return;
    this.follows = false;
    this.first = rows[Math.max(0, at - PAGE)];
    this.last = rows[Math.min(rows.length - 1, at + PAGE)];
    this.draw();
    const element = this.shown.get(rows[at])?.element;
    element?.classList.add('here');
    element?.scrollIntoView({ block: 'center' });
    element?.focus({ preventScroll: true });
    this.scrolled();
  }

  stick() {
    this.box.scrollTop = this.box.scrollHeight;
  }

  seen() {
    if (this.isAtEnd && this.on.isSeen()) this.model.read(this.talk);
    this.drawPill();
  }

  // Draws again, once in a frame, and not while nobody sees it.
  changed() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      if (!this.talk) return;
      this.draw();
      this.seen();
    });
  }

  // Where the window is among the rows: [from, upto).
  range() {
    const { rows } = this.talk;
    const from = Math.max(0, rows.indexOf(this.first));
    const upto = this.follows ? rows.length : rows.lastIndexOf(this.last) + 1 || rows.length;
    return this.follows ? [Math.max(0, Math.min(from, upto - PAGE), upto - WINDOW), upto] : [from, Math.min(upto, from + WINDOW)];
  }

  // The first row in sight keeps its place.
  draw() {
    const { talk } = this, [from, upto] = this.range(), rows = talk.rows.slice(from, upto);
    const anchor = this.follows ? null : this.firstInSight();
    this.first = rows[0];
    this.last = rows[rows.length - 1];
    const items = itemsOf(rows, { newFrom: talk.newFrom, gaps: talk.gaps, me: this.model.me });
    if (!from && talk.isRoom && talk.isWhole) items.unshift({ kind: 'begin', key: `begin ${talk.key}`, sign: '' });
    const before = this.shown;
    this.shown = new Map();
    for (const item of items) {
      const old = before.get(item.key);
      const element = old?.sign === item.sign ? old.element : this[item.kind](item);
      element.row = item.row ?? item.rows?.[0];
      this.shown.set(item.key, { sign: item.sign, element });
    }
    this.place([...this.shown.values()].map((one) => one.element));
    if (this.follows) this.stick();
    else if (anchor) this.restore(anchor);
  }

  // Elements that are there already do not move.
  place(elements) {
    const wanted = new Set(elements);
    for (const child of [...this.list.children])
      if (!wanted.has(child)) child.remove();
    let at = this.list.firstChild;
    for (const element of elements) {
      if (element === at) at = at.nextSibling;
      else this.list.insertBefore(element, at);
    }
  }

  // How far below the top of the log it begins.
  offset(item) {
    return item.getBoundingClientRect().top - this.box.getBoundingClientRect().top;
  }

  firstInSight() {
    const item = [...this.list.children].find((e) => e.row && this.offset(e) + e.offsetHeight > 0);
    return item ? { row: item.row, offset: this.offset(item) } : null;
  }

  restore(anchor) {
    const item = [...this.list.children].find((e) => e.row === anchor.row);
    if (item) this.box.scrollTop += this.offset(item) - anchor.offset;
  }

  // ---- items ----

  begin() {
    return el('li.begin', {}, el('b', {}, this.talk.key), 'What is kept of this room begins here.');
  }

  day({ time }) {
    return el('li.day', {}, el('h2', {}, dayText(time)));
  }

  new({ time }) {
    return el('li.new', {}, el('span', {}, `New since ${timeText(time)}`));
  }

  seam({ after }) {
    const { talk } = this;
    return el('li.seam', {}, el('span', {}, 'Messages are missing here.'),
              el('button.link', { onclick: () => this.on.load(talk, after) }, 'Load them'));
  }

  event({ row }) {
    return el('li.ev', { dir: 'auto' }, row.text);
  }

  fold({ rows }) {
    return el('li.ev', {}, el('details', {}, el('summary', { dir: 'auto' }, foldText(rows)),
                              el('p', {}, rows.map((row) => `${timeText(row.time)} ${row.text}`).join(' · '))));
  }

  message({ row, isHead }) {
    const item = el(`li.m${isHead ? '.head' : ''}${row.isForMe && this.talk.isRoom ? '.at' : ''}${row.state ? `.${row.state}` : ''}`,
                    { tabIndex: -1 });
    item.append(row.state === 'waits' ? el('span.when', {}, icon('wait', 'Not sent yet')) :
                clockTime(row.time));
    if (isHead && row.kind !== 'me')
      item.append(row.isMine || row.who === 'server' ? el('b.name', {}, row.who) :
                  el(`b.name.n${colourOf(row.who)}`, { onclick: () => this.on.person(row.who) }, row.who));
    const text = el('p', { dir: 'auto' });
    if (row.kind === 'me') text.append(el('span.act', {}, `∗ ${row.who} `));
    else if (isEmojiOnly(row.text)) text.className = 'big';
    for (const part of partsOf(row.text, row.isMine ? '' : this.model.me))
      text.append(this.part(part));
    item.append(text);
    if (row.state === 'failed')
      item.append(el('p.why', {}, el('span', {}, `Not sent: ${row.why}`),
                     el('button.link', { onclick: () => this.on.again(row) }, 'Send again'),
                     el('button.link', { onclick: () => this.on.drop(row) }, 'Take back')));
    return item;
  }

  part(part) {
    if (part.kind === 'link')
      return el('a', { href: part.url.href, target: '_blank', rel: 'noopener noreferrer nofollow', title: part.url.host },
                part.text);
    return part.kind === 'code' ? el('code', {}, part.text) : part.kind === 'name' ? el('mark', {}, part.text) : part.text;
  }

  // ---- moving ----

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    if (!this.talk) return;
    const { rows } = this.talk, below = scrollHeight - scrollTop - clientHeight;
    const isWholeBelow = this.last === rows[rows.length - 1] || !rows.length;
    this.follows = below < NEAR && (this.follows || isWholeBelow);
    if (scrollTop < clientHeight) this.older();
    else if (below < clientHeight && !isWholeBelow) this.newer();
    this.seen();
  }

  older() {
    const [from, upto] = this.range();
    if (!from) {
      this.on.older(this.talk);
      return;
    }
    this.slide(from - PAGE, upto);
  }

  newer() {
    const [from, upto] = this.range();
    this.slide(upto + PAGE - from > WINDOW ? upto + PAGE - WINDOW : from, upto + PAGE);
  }

  slide(from, upto) {
    const { rows } = this.talk;
    from = Math.max(0, from);
    this.first = rows[from];
    this.last = rows[Math.min(rows.length, upto, from + WINDOW) - 1];
    if (this.last !== rows[rows.length - 1]) this.follows = false;
    this.draw();
  }

  // Rows were put before the first.
  grew() {
    if (this.follows) {
      this.changed();
      return;
    }
    const [from, upto] = this.range();
    if (from && this.box.scrollTop < this.box.clientHeight) this.slide(from - PAGE, upto);
    else this.draw();
    this.seen();
  }

  drawPill() {
    const { unread, forMe } = this.talk;
    this.pill.hidden = this.isAtEnd;
    this.pill.lastChild.textContent = !unread ? 'Jump to now' : forMe ? `${unread} new, ${forMe} for you` : `${unread} new`;
  }

  // ---- keys ----

  // Up and down: message by message. Enter: what one can do with it. Letters go to the composer.
  keyed(event) {
    const items = [...this.list.querySelectorAll('.m')], on = document.activeElement, at = items.indexOf(on.closest('.m'));
    if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      const next = at < 0 ? items.length - 1 : at + (event.key === 'ArrowUp' ? -1 : 1);
      items[Math.max(0, Math.min(items.length - 1, next))]?.focus();
      event.preventDefault();
    } else if (event.key === 'Enter' && on === items[at]) {
      this.on.menu(on.row);
      event.preventDefault();
    } else if (event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey && !event.altKey) {
      byId('message').focus();
    }
  }

  // Several messages are copied as lines with time and name.
  copied(event) {
    const selection = getSelection(), chosen = [...this.list.querySelectorAll('.m')].filter((m) => selection.containsNode(m, true));
    if (chosen.length < 2) return;
    event.clipboardData.setData('text/plain', chosen.map(({ row }) => lineOf(row)).join('\n'));
    event.preventDefault();
  }
}

export const lineOf = (row) => `[${timeText(row.time)}] ${row.kind === 'me' ? `∗ ${row.who}` : `<${row.who}>`} ${row.text}`;
