// SPDX-License-Identifier: ISC
// The messages of the open talk: a window of its rows is in the document. At the bottom one stays there; otherwise
// nothing moves what is being read.
import { dayText, isSameDay, timeText } from './clock.js';
import { byId, el, icon } from './dom.js';
import { colourOf, isEmojiOnly, partsOf } from './text.js';

const WINDOW = 400, PAGE = 100, NEAR = 60;
const GROUP_MS = 5 * 60000;

export class Log {
  // on: older(talk), isSeen(), again(row), drop(row)
  constructor(model, on) {
    this.model = model;
    this.on = on;
    this.box = byId('log');
    this.list = byId('rows');
    this.pill = byId('pill');
    this.from = this.upto = 0;
    this.box.addEventListener('scroll', () => this.scrolled());
    this.pill.addEventListener('click', () => this.toEnd());
    new ResizeObserver(() => this.follows && this.stick()).observe(this.box);
  }

  get talk() {
    return this.model.open;
  }

  get isAtEnd() {
    return this.follows && this.upto === this.talk?.rows.length;
  }

  show() {
    const n = this.talk.rows.length;
    const first = this.talk.newFrom ? this.talk.rows.indexOf(this.talk.newFrom) : -1;
    this.follows = true;
    this.upto = n;
    this.from = Math.max(0, Math.min(n - PAGE, first < 0 ? n : first - 20));
    this.draw();
    this.list.querySelector('.new')?.scrollIntoView({ block: 'center' });
    this.scrolled();
  }

  toEnd() {
    this.upto = this.talk.rows.length;
    this.from = Math.max(0, this.upto - PAGE);
    this.follows = true;
    this.draw();
    byId('message').focus();
  }

  stick() {
    this.box.scrollTop = this.box.scrollHeight;
  }

  // Draws again, once in a frame.
  changed() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      if (!this.talk) return;
      if (this.follows) {
        this.upto = this.talk.rows.length;
        this.from = Math.max(this.from, this.upto - WINDOW);
      }
      this.draw();
      if (this.isAtEnd && this.on.isSeen()) this.model.read(this.talk);
      this.drawPill();
    });
  }

  // The first row in sight keeps its place.
  draw() {
    const anchor = this.follows ? null : this.firstInSight();
    const rows = this.talk.rows.slice(this.from, this.upto);
    const items = [];
    if (!this.from && this.talk.isRoom && this.talk.isWhole)
      items.push(el('li.begin', {}, el('b', {}, this.talk.key), 'What is kept of this room begins here.'));
    let before = null;
    for (const row of rows) {
      items.push(...this.items(row, before));
      before = row;
    }
    this.list.replaceChildren(...items);
    if (this.follows) this.stick();
    else if (anchor) this.restore(anchor);
  }

  firstInSight() {
    const top = this.box.getBoundingClientRect().top;
    for (const item of this.list.children)
      if (item.row && item.getBoundingClientRect().bottom > top)
        return { row: item.row, offset: item.getBoundingClientRect().top - top };
    return null;
  }

  restore(anchor) {
    for (const item of this.list.children)
      if (item.row === anchor.row) {
        const top = item.getBoundingClientRect().top - this.box.getBoundingClientRect().top;
        this.box.scrollTop += top - anchor.offset;
        return;
      }
  }

  items(row, before) {
    const items = [];
    if (!before || !isSameDay(before.time, row.time))
      items.push(el('li.day', {}, el('h2', {}, dayText(row.time))));
    if (row === this.talk.newFrom)
      items.push(el('li.new', {}, el('span', {}, `New since ${timeText(row.time)}`)));
    const item = row.kind === 'event' ? this.event(row) : this.message(row, items.length ? null : before);
    item.row = row;
    return [...items, item];
  }

  event(row) {
    return el('li.ev', { dir: 'auto' }, row.text);
  }

  message(row, before) {
    const isHead = !before || before.kind === 'event' || before.who !== row.who || row.time - before.time > GROUP_MS;
    const item = el(`li.m${isHead ? '.head' : ''}${row.isForMe && this.talk.isRoom ? '.at' : ''}${row.state ? `.${row.state}` : ''}`);
    item.append(row.state === 'waits' ? el('span.when', {}, icon('wait', 'Not sent yet')) :
                el('time', { dateTime: new Date(row.time).toISOString() }, timeText(row.time)));
    if (isHead && row.kind !== 'me')
      item.append(el(`b.name${row.isMine ? '' : `.n${colourOf(row.who)}`}`, {}, row.who));
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

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    if (!this.talk) return;
    const isLow = scrollHeight - scrollTop - clientHeight < NEAR;
    this.follows = isLow && (this.follows || this.upto === this.talk.rows.length);
    if (scrollTop < clientHeight) this.older();
    else if (scrollHeight - scrollTop - clientHeight < clientHeight && this.upto < this.talk.rows.length) this.newer();
    if (this.isAtEnd && this.on.isSeen()) this.model.read(this.talk);
    this.drawPill();
  }

  older() {
    if (this.from) {
      this.from = Math.max(0, this.from - PAGE);
      if (this.upto - this.from > WINDOW) this.upto = this.from + WINDOW;
      this.draw();
    } else {
      this.on.older(this.talk);
    }
  }

  newer() {
    this.upto = Math.min(this.talk.rows.length, this.upto + PAGE);
    this.from = Math.max(0, this.upto - WINDOW);
    this.draw();
  }

  // Rows were put before all others.
  grew(n) {
    this.from += n;
    this.upto += n;
    this.from = Math.max(0, this.from - PAGE);
    this.draw();
  }

  drawPill() {
    const { unread, forMe } = this.talk;
    this.pill.hidden = this.isAtEnd;
    this.pill.lastChild.textContent = !unread ? 'Jump to now' : forMe ? `${unread} new, ${forMe} for you` : `${unread} new`;
  }
}
