// SPDX-License-Identifier: ISC
// A list of which only the rows in sight, and some around them, are in the document. All rows have one height.
import { el } from './dom.js';

const AROUND = 12;

export class Sight {
  // box scrolls; list is in it; draw(item, at, count) makes the <li> of an item.
  constructor(box, list, draw) {
    Object.assign(this, { box, list, draw, items: [], from: 0, upto: 0 });
    box.onscroll = () => this.show();
    new ResizeObserver(() => this.show()).observe(box);
  }

  set(items) {
    this.items = items;
    this.from = -1;
    this.show();
  }

  get height() {
    const styled = (e, name) => parseFloat(getComputedStyle(e).getPropertyValue(name));
    return styled(this.box, '--row') * styled(document.documentElement, 'font-size');
  }

  show() {
    const { items, box, height } = this;
    const from = Math.max(0, Math.floor((box.scrollTop - this.list.offsetTop) / height) - AROUND);
    const upto = Math.min(items.length, Math.ceil((box.scrollTop + box.clientHeight) / height) + AROUND);
    if (from === this.from && upto === this.upto) return;
    const focused = this.list.contains(document.activeElement) ? document.activeElement.closest('li') : null;
    Object.assign(this, { from, upto });
    const space = (n) => { const e = el('li.space', { 'aria-hidden': 'true' }); e.style.height = `${n * height}px`; return e; };
    this.list.replaceChildren(space(from), ...items.slice(from, upto).map((item, i) => {
      const li = this.draw(item);
      li.setAttribute('aria-setsize', items.length);
      li.setAttribute('aria-posinset', from + i + 1);
      li.item = item;
      return li;
    }), space(items.length - upto));
    if (focused) [...this.list.children].find((li) => li.item === focused.item)?.querySelector('button')?.focus({ preventScroll: true });
  }
}
