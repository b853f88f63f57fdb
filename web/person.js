// SPDX-License-Identifier: ISC
// The card of a person: what is known of them, writing to them, and what those who run the room may do to them.
import { timeText } from './clock.js';
import { button, choice, closing, field, form, openDialog, remark } from './dialog.js';
import { el } from './dom.js';
import { cut, restsOf } from './line.js';
import { ranks } from './talk.js';

const durations = [['', 'For good'], ['10m', 'For 10 minutes'], ['1h', 'For an hour'], ['1d', 'For a day'], ['7d', 'For a week'],
                   ['30d', 'For 30 days']];
// A command, what its button says, and what the form asks for.
const deeds = [['KICK', 'Remove', false], ['MUTE', 'Mute', true], ['BAN', 'Ban', true]];

// on: write(name), mention(name)
export function openPerson(session, name, on) {
  const talk = session.model.open, facts = el('p.facts', { role: 'status' }, ' '), tell = (text) => { facts.textContent = text; };
  const parts = [facts];
  const isMe = session.model.isMe(name);
  const dialog = openDialog(name, parts, { classes: '.narrow' });
  const inside = dialog.querySelector('.inside');
  if (!isMe)
    inside.append(el('div.row', {}, closing('Write', () => on.write(name)), talk?.isRoom ? closing('Mention', () => on.mention(name)) : null,
                     button('Ignore', () => session.asked.ask(`IGNORE ${name}`, (answer) => tell(answer.rest))),
                     button('Hear again', () => session.asked.ask(`UNIGNORE ${name}`, (answer) => tell(answer.rest)))));
  if (!isMe && talk?.isRoom && talk.isIn && talk.rank(session.model.me) >= ranks.op && talk.rank(session.model.me) > talk.rank(name))
    inside.append(...ruling(session, talk, name, dialog));
  dialog.querySelector('.row button')?.focus();
  askFacts(session, name, tell);
}

function askFacts(session, name, tell) {
  session.asked.askAll(`WHOIS ${name}`, (answer, lines) => {
    const whois = restsOf(lines, 'WHOIS'), [away] = restsOf(lines, 'AWAY');
    if (!whois.length) {
      tell('Not here now.');
      return;
    }
    const words = whois.map((rest) => rest.replace(/ \+$/, '')).join(' ').split(' ');
    const rooms = words.filter((w) => w.startsWith('#'));
    tell([away ? `Away: ${cut(away)[1]}` : '', `Here since ${timeText(Date.parse(words[1].slice('since='.length)))}`,
          rooms.length ? `with you in ${rooms.join(', ')}` : ''].filter(Boolean).join(' · '));
  });
}

// What an op may do. Each is confirmed by a form with a reason.
function ruling(session, talk, name, dialog) {
  const rank = talk.rank(name), told = remark(), place = el('div');
  const does = (command) => session.inRoom(talk, command, (answer) => {
    told.tell(answer.rest, !answer.isOk);
    if (answer.isOk) dialog.close();
  });
  const ask = (verb, label, hasEnd) => {
    const why = field('Reason (may be empty)', { maxLength: 300 }), end = hasEnd ? choice('For how long', durations) : null;
    place.replaceChildren(form(() => {
      const reason = why.text, until = end?.value ?? '';
      if (hasEnd && !until && /^-?\d/.test(reason)) why.tell('A reason cannot begin with a number here.');
      else does([verb, name, until, reason].filter(Boolean).join(' '));
    }, why.part, end, el('button.btn.danger', {}, `${label} ${name}`)));
    why.input.focus();
  };
  return [
    el('h3', {}, `In ${talk.key}`),
    el('div.row', {}, rank < ranks.op ? button('Make op', () => does(`OP ${name}`)) : button('Remove from ops', () => does(`DEOP ${name}`)),
       rank === ranks.voice ? button('Take voice', () => does(`DEVOICE ${name}`)) : rank < ranks.voice ? button('Give voice', () => does(`VOICE ${name}`)) : null,
       ...deeds.map(([verb, label, hasEnd]) => button(`${label} …`, () => ask(verb, label, hasEnd), 'button.btn.soft.danger'))),
    place, told.part];
}

// One message: what can be done with it. on: person(name), copy(row), again(row), drop(row)
export function openMessage(row, isMine, on) {
  const act = (label, does) => closing(label, () => does(row));
  const dialog = openDialog(`${row.who}, ${timeText(row.time)}`, [el('p.quote', { dir: 'auto' }, row.text), el('div.row', {},
    act('Copy', on.copy), isMine || row.who === 'server' ? null : act(`More about ${row.who}`, () => on.person(row.who)),
    row.state === 'failed' ? act('Send again', on.again) : null, row.state === 'failed' ? act('Take back', on.drop) : null)],
  { classes: '.narrow' });
  dialog.querySelector('.row button').focus();
}
