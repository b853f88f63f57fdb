// SPDX-License-Identifier: ISC
// Where one writes: drafts, completion, what has to be confirmed, and the bar in its place where one may not write.
import { barOf } from './bar.js';
import { askFirst, button, field } from './dialog.js';
import { byId, el, icon, own } from './dom.js';
import { isSecret } from './line.js';
import { load, save } from './store.js';
import { bytesOf, cleaned, isBlank, linesOf } from './text.js';
import { toast } from './announce.js';

const TEXT_BYTES = 3800, MANY_LINES = 5, MANY_BYTES = 4000, DRAFT_MS = 300;

const place = byId('bar');
const isTouch = () => matchMedia('(pointer: coarse)').matches; // there a button sends, and Enter begins a line
const isCommand = (text) => text.startsWith('/') && !text.startsWith('//');

export class Composer {
  // on: say(text), command(text), sent(), join(talk, key, tell), scroll(part), words(word) -> candidates
  constructor(model, on) {
    this.model = model;
    this.on = on;
    this.box = byId('message');
    this.drafts = load('drafts', {});
    byId('say').onsubmit = own(() => this.submit());
    this.box.oninput = () => this.changed();
    this.box.onkeydown = (event) => this.keyed(event);
    addEventListener('pagehide', () => this.keep());
    setInterval(() => this.bar?.until && this.drawBar(), 1000);
  }

  // Another talk is open.
  show() {
    const talk = this.model.open;
    this.box.value = talk.draft;
    this.box.placeholder = `Message ${talk.key}`;
    this.box.ariaLabel = `Message to ${talk.title}`;
    this.completing = null;
    this.fit();
    this.drawBar();
    if (!isTouch()) this.focus();
  }

  focus() {
    (byId('write').hidden ? place.querySelector('input') ?? byId('log') : this.box).focus();
  }

  set(text) {
    this.box.value = text;
    this.changed();
    this.focus();
  }

  fit() {
    const n = linesOf(this.box.value, TEXT_BYTES).length;
    byId('count').textContent = n > 1 ? `Enter sends ${n} messages` : 'Enter sends';
    this.box.style.height = 'auto';
    this.box.style.height = `${Math.min(this.box.scrollHeight, innerHeight / 3)}px`;
  }

  changed() {
    const talk = this.model.open;
    this.fit();
    this.completing = null;
    if (!talk) return;
    const had = talk.draft;
    talk.draft = this.box.value;
    if (!had !== !talk.draft) this.model.changed(talk, 'list');
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), DRAFT_MS);
  }

  // Drafts outlive the page.
  keep() {
    for (const talk of this.model.all)
      if (!isBlank(talk.draft)) this.drafts[talk.low] = talk.draft;
      else delete this.drafts[talk.low];
    if (this.model.me) save('drafts', Object.keys(this.drafts).length ? this.drafts : null);
  }

  draftOf(key) {
    return this.drafts[key.toLowerCase()] ?? '';
  }

  // ---- sending ----

  submit() {
    const text = cleaned(this.box.value);
    if (isBlank(text) || !this.model.open || this.bar) return;
    const lines = isCommand(text) ? [text.trim()] : linesOf(text.replace(/^\/\//, '/'), TEXT_BYTES);
    if (!isCommand(text) && lines.some((l, i) => isSecret(l) && !(i === 0 && l.startsWith('/')))) {
      toast('This looks like a command with a secret in it. To send a command begin with /; to say it, put something before it.');
      return;
    }
    if (lines.length <= MANY_LINES && bytesOf(text) <= MANY_BYTES) this.send(text, lines);
    else askFirst('Send all of this?', `It is ${bytesOf(text).toLocaleString()} bytes, in ${lines.length} messages.`, `Send ${lines.length}`, () => this.send(text, lines));
  }

  send(text, lines) {
    this.box.value = '';
    this.changed();
    this.keep();
    if (isCommand(text)) this.on.command(text.trim());
    else lines.forEach((l) => this.on.say(l));
    this.on.sent();
  }

  // ---- keys ----

  keyed(event) {
    if (!event.isComposing && event.keyCode !== 229 && this.uses(event)) event.preventDefault();
  }

  // Whether the key did something here.
  uses({ key, shiftKey, altKey }) {
    if (key === 'Enter' && !shiftKey && !isTouch()) this.submit();
    else if (key === 'PageUp' || key === 'PageDown') this.on.scroll(key === 'PageUp' ? -0.8 : 0.8);
    else return (key === 'Tab' && !shiftKey && this.complete()) || (key === 'ArrowUp' && !altKey && this.recall());
    return true;
  }

  // The last own lines, one after the other, in a box that has nothing else in it.
  recall() {
    const mine = this.model.open?.rows.filter((row) => row.isMine && row.kind === 'say') ?? [];
    if (this.box.value && this.box.value !== this.recalled) return false;
    this.back = this.box.value ? this.back + 1 : 1;
    const row = mine[mine.length - this.back];
    if (row) this.set(this.recalled = row.text);
    return !!row;
  }

  // A candidate behind the word before the cursor, the next one if asked again. False: there is none.
  complete() {
    const { box } = this;
    if (this.completing) {
      const { found, from, tail, at } = this.completing, next = (at + 1) % found.length;
      box.setRangeText(found[next] + tail, from, from + found[at].length + tail.length, 'end');
      this.completing.at = next;
      return true;
    }
    const upto = box.value.slice(0, box.selectionStart), word = /\S+$/.exec(upto)?.[0];
    if (!word || !this.model.open) return false;
    const low = word.toLowerCase(), from = upto.length - word.length;
    const found = this.on.words(word).filter((n) => n.toLowerCase().startsWith(low) && n.length > word.length);
    if (!found.length) return false;
    const tail = !from && !/^[/#]/.test(word) ? ': ' : ' ';
    box.setRangeText(found[0] + tail, from, upto.length, 'end');
    this.changed();
    this.completing = { found, from, tail, at: 0 };
    return true;
  }

  // ---- the bar ----

  drawBar() {
    const talk = this.model.open, bar = talk ? barOf(talk, this.model.me, Date.now()) : null, hadFocus = document.activeElement === this.box;
    const away = talk && !talk.isRoom && talk.away ? `${talk.title} is away: ${talk.away}` : '';
    byId('away').textContent = away;
    byId('away').hidden = !away;
    byId('write').hidden = !!bar;
    place.hidden = !bar;
    if (!bar && this.bar) this.fit();
    if (bar && bar.kind === this.bar?.kind && this.barTalk === talk) place.querySelector('.reason').textContent = bar.text;
    else place.replaceChildren(...(bar ? this.barParts(talk, bar) : []));
    if (bar && !this.bar && hadFocus) byId('log').focus();
    this.bar = bar;
    this.barTalk = talk;
  }

  barParts(talk, bar) {
    const reason = el('p.reason', { role: 'status', dir: 'auto' }, bar.text);
    const tell = (text) => { reason.textContent = text; };
    if (bar.action === 'join') return [reason, button('Join', () => this.on.join(talk, '', tell), 'button.link')];
    if (bar.action !== 'key') return [icon(bar.kind === 'slow' ? 'wait' : 'lock'), reason];
    const key = field('Key', { maxLength: 32, autocomplete: 'off' });
    const enter = () => key.text && this.on.join(talk, key.text, (text) => key.tell(text));
    const entered = own(enter);
    key.input.onkeydown = (event) => { if (event.key === 'Enter') entered(event); };
    return [icon('lock'), reason, key.part, button('Join', enter, 'button.btn')];
  }
}
