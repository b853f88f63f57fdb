// SPDX-License-Identifier: ISC
// The views of the page, one by one: what each is for, beside a user of nc.
import { Nc, Page, assert, prepare, until } from './lib.mjs';

const ctrl = async (page, key, shift = false) => {
  for (const k of shift ? ['Control', 'Shift'] : ['Control']) await page.page.keyboard.down(k);
  await page.page.keyboard.press(key);
  for (const k of shift ? ['Shift', 'Control'] : ['Control']) await page.page.keyboard.up(k);
};
const bar = (page, text) => until(`the bar says "${text}"`, async () => (await page.text('#bar')).includes(text));
const writable = (page) => until('one can write', () => page.page.$eval('#write', (e) => !e.hidden));
const back = async (page) => {
  await page.page.evaluate(() => { globalThis.net.isDown = false; });
  await page.page.$eval('#retry', (e) => e.click());
  await page.page.waitForSelector('#note[hidden]');
};
const away = (page) => page.page.evaluate(() => { document.hasFocus = () => false; });
const shown = (page) => page.page.evaluate(() => globalThis.shown);

// Registers the user of the page by its settings, and leaves them.
async function register(page, password = 'correct-horse') {
  await page.page.click('#settings');
  await page.fill('Password, to keep', password);
  await page.press('Register', 'dialog');
  await until('the name is registered', () => page.page.evaluate(() => !!localStorage.getItem('chatd.token')));
  await page.page.keyboard.press('Escape');
}

export const views = {
  async 'search finds with filters, opens the context of a hit, and names the filters when there is none'(server) {
    const nc = new Nc(server), page = await Page.open(server);
    await nc.enter('bob', 'den');
    nc.say('the needle in the haystack');
    for (let i = 1; i <= 400; i++) nc.say(`straw ${i}`);
    nc.say('another Néedle: <b>needle</b>', 'straw end');
    await nc.expect('straw end');
    await page.enter('alice', 'den');
    await page.sees('straw end');
    await ctrl(page, 'f', true);
    await page.page.type('#find-words', 'needle');
    await page.page.keyboard.press('Enter');
    await until('both are found', async () => (await page.page.$$('#hits .hit')).length === 2)
      .catch(async (error) => { throw new Error(`${error.message}: ${await page.text('#find')}`); });
    assert((await page.text('#find-end')) === '2 found for “needle” in #den.', await page.text('#find-end'));
    assert((await page.page.$$eval('#hits mark', (all) => all.map((m) => m.innerText).join())) === 'Néedle,needle,needle', 'the words are not marked');
    await page.press('bob', '#hits li:last-child');
    await until('the hit is shown', async () => (await page.page.$$eval('#rows .here', (all) => all.map((e) => e.innerText).join()))
      .includes('the needle in the haystack'));
    const rows = await page.rows();
    assert(rows.some((row) => row.endsWith('straw 40')) && !rows.some((row) => row.endsWith('straw 300')), 'not its context');
    await until('what follows is asked for', async () => (await page.rows()).some((row) => row.includes('Messages are missing here.')));
    await page.page.click('#pill');
    await page.sees('straw end');
    await page.page.type('#find-from', 'carol');
    await page.page.select('#find-when', '7d');
    await until('nothing is found, and why', async () =>
      (await page.text('#find-end')) === 'Nothing found for “needle” in #den from carol in the last week.');
    await page.page.keyboard.press('Escape');
    assert(await page.page.$('#find[hidden]'), 'Esc does not close the search');
    nc.end();
    await page.close();
  },

  async 'a search that has not seen everything offers to look further'(server) {
    const nc = new Nc(server), page = await Page.open(server, { prepare });
    await nc.enter('bob', 'den');
    nc.say('a plum', 'another plum');
    await page.enter('alice', 'den');
    await page.sees('another plum');
    await page.page.evaluate(() => {
      globalThis.net.rewrite = (text) => text.replace(/OK 2 found/, 'OK 2 found so far (time limit reached; narrow the search)');
    });
    await page.say('/search plum');
    await until('more is offered', async () => (await page.text('#find-end')).startsWith('2 found, back to'));
    await page.page.evaluate(() => { globalThis.net.rewrite = (text) => text; });
    await page.press('Look further', '#find');
    await until('that is all', async () => (await page.text('#find-end')) === '2 found for “plum”.');
    assert((await page.page.$$('#hits .hit')).length === 2, 'a hit is there twice');
    nc.end();
    await page.close();
  },

  async 'drafts are kept for each room, over a reload too, and the list shows them'(server) {
    const page = await Page.open(server);
    await page.enter('alice', 'den');
    await page.page.type('#message', 'half a thought');
    await page.join('hall');
    assert((await page.page.$eval('#message', (e) => e.value)) === '', 'the draft is in another room');
    assert(await page.page.$('#rooms [aria-label=draft]'), 'the list shows no draft');
    await page.page.reload();
    await page.enter('alice');
    await until('the room is open', async () => (await page.text('#title')) === '#hall');
    await page.page.$eval('#rooms a[href="#%23den"]', (e) => e.click());
    await until('the draft is back', () => page.page.$eval('#message', (e) => e.value === 'half a thought'));
    await page.page.focus('#message');
    await page.page.keyboard.press('Enter');
    await until('it was sent', () => page.page.evaluate(() => localStorage.getItem('chatd.drafts') === null));
    await page.close();
  },

  async 'many lines are sent after a question only'(server) {
    const nc = new Nc(server), page = await Page.open(server);
    await nc.enter('bob', 'den');
    await page.enter('alice', 'den');
    const write = (text) => page.page.$eval('#message', (e, value) => { e.value = value; e.focus(); }, text);
    await write('one\ntwo\nthree\nfour\nfive');
    await page.page.keyboard.press('Enter');
    await nc.expect('alice five');
    await write('1\n2\n3\n4\n5\n6');
    await page.page.keyboard.press('Enter');
    await page.page.waitForSelector('dialog[open]');
    await page.press('Cancel', 'dialog');
    assert((await page.page.$eval('#message', (e) => e.value)).endsWith('6'), 'what was written is gone');
    await page.page.keyboard.press('Enter');
    await page.press('Send 6', 'dialog');
    await nc.expect('alice 6');
    await write(`${'long '.repeat(900)}end`);
    await page.page.keyboard.press('Enter');
    await page.press('Send 2', 'dialog');
    await nc.expect('long end');
    assert(nc.read.split('alice 1\r').length === 2, 'sent before it was confirmed');
    nc.end();
    await page.close();
  },

  async 'who runs a room does it by menus and forms'(server) {
    const nc = new Nc(server), carol = new Nc(server), page = await Page.open(server);
    await page.enter('alice');
    await register(page);
    await page.join('den');
    await nc.enter('bob', 'den');
    await carol.enter('carol', 'other');
    const card = async (name) => { await page.press(name, '#member-list'); await page.page.waitForSelector('dialog[open]'); };
    await card('bob');
    await page.press('Mute …', 'dialog');
    await page.fill('Reason', '<b>please</b> listen');
    await page.page.select('dialog select', '10m');
    await page.press('Mute bob', 'dialog');
    await nc.expect('MUTE #den bob by alice until ');
    await nc.expect('<b>please</b> listen');
    await page.sees('alice muted bob until');
    await page.page.click('#room-menu');
    await page.press('Lift the mute', 'dialog');
    await nc.expect('UNMUTE #den bob by alice');
    await page.fill('Topic', 'All about <i>trains</i>');
    await page.press('Set topic', 'dialog');
    await nc.expect('TOPIC #den All about <i>trains</i>');
    await page.page.keyboard.press('Escape');
    await page.page.click('#room-menu');
    await until('who set it and when is told', async () => /Set by alice, \d\d:\d\d/.test(await page.text('dialog')));
    await page.fill('Invite somebody', 'carol');
    await page.press('Invite', 'dialog');
    await carol.expect('INVITE #den alice');
    await page.press('Only people with a voice', 'dialog');
    await page.fill('Seconds between', '90000');
    await page.press('Save options', 'dialog');
    await page.fill('Seconds between', '7');
    await page.press('Save options', 'dialog');
    await nc.expect('SET #den slow 7 by alice');
    await nc.expect('SET #den moderated on by alice');
    await page.page.keyboard.press('Escape');
    await card('bob');
    await page.press('Make op', 'dialog');
    await nc.expect('OP #den bob by alice');
    await until('the list shows it', async () => /bob\s*op/.test(await page.text('#member-list')));
    await card('bob');
    await page.press('Remove …', 'dialog');
    await page.fill('Reason', 'lunch');
    await page.press('Remove bob', 'dialog');
    await nc.expect('KICK #den bob by alice: lunch');
    await page.sees('alice removed bob: lunch');
    nc.say('JOIN #den');
    await card('bob');
    await page.press('Ban …', 'dialog');
    await page.fill('Reason', '7 reasons');
    await page.press('Ban bob', 'dialog');
    await until('it says what is wrong', async () => (await page.text('dialog')).includes('cannot begin with a number'));
    await page.page.select('dialog select', '1h');
    await page.press('Ban bob', 'dialog');
    await nc.expect('BAN #den bob by alice until');
    nc.end();
    carol.end();
    await page.close();
  },

  async 'settings: registering, the password, and what stays in this browser'(server) {
    const page = await Page.open(server, { prepare });
    await page.enter('alice', 'den');
    await page.page.click('#settings');
    await page.fill('Password, to keep', 'short');
    await page.press('Register', 'dialog');
    await until('it is said beside the field', async () => (await page.text('dialog')).includes('Password too short'));
    await page.fill('Password, to keep', 'correct-horse');
    await page.press('Register', 'dialog');
    await until('it is registered', async () => (await page.text('dialog')).includes('Registered alice. You stay logged in here.'));
    await page.page.keyboard.press('Escape');
    await page.page.click('#settings');
    await page.fill('Password now', 'wrong-horse');
    await page.fill('New password', 'correct-cow');
    await page.press('Change password', 'dialog');
    await until('it is said beside the field', async () => (await page.text('dialog')).includes('Wrong password'));
    await page.fill('Password now', 'correct-horse');
    await page.press('Change password', 'dialog');
    await until('it is changed', async () => (await page.text('dialog')).includes('Password changed'));
    assert((await page.page.evaluate(() => Notification.permission)) === 'default', 'asked without a click');
    await page.press('Allow notifications', 'dialog');
    await until('they are allowed', async () => (await page.text('dialog')).includes('may show notifications'));
    await page.press('A sound for them', 'dialog');
    await page.press('#den', 'dialog');
    await until('the list shows that it is quiet', () => page.page.$('#rooms [aria-label="notifications off"]'));
    await page.page.reload();
    await page.page.waitForSelector('#app:not([hidden])');
    await until('it is still quiet', () => page.page.$('#rooms [aria-label="notifications off"]'));
    await page.page.click('#settings');
    const ticks = await page.page.$$eval('dialog .check', (all) => all.map((e) => `${e.innerText} ${e.querySelector('input').checked}`));
    assert(ticks.includes('A sound for them false') && ticks.includes('#den true'), `ticks: ${ticks}`);
    const kept = await page.page.evaluate(() => JSON.stringify({ ...localStorage }));
    assert(!/correct-(horse|cow)/.test(kept), 'a password is stored');
    await page.press('Log out', 'dialog');
    await page.page.waitForSelector('#door:not([hidden])');
    assert(await page.page.evaluate(() => localStorage.length === 0), 'something is kept after log-out');
    await page.close();
  },

  async 'mentions and private lines notify who looks elsewhere; after a reconnect there is one summary'(server) {
    const nc = new Nc(server), page = await Page.open(server, { prepare });
    await nc.enter('bob', 'den');
    await page.enter('alice', 'den');
    await register(page);
    await page.page.evaluate(() => { Notification.permission = 'granted'; });
    nc.say('alice, you see this');
    await page.sees('you see this');
    await away(page);
    nc.say('nothing for you', 'ALICE: look', 'PRIVMSG alice psst');
    await until('both are shown', async () => (await shown(page)).length === 2);
    assert((await shown(page)).join() === 'bob in #den|ALICE: look|#den,bob|psst|bob', `shown: ${await shown(page)}`);
    await until('the title counts', async () => (await page.page.title()).startsWith('(2) '));
    assert(await page.page.$('link[rel=icon][href="icon-new.svg"]'), 'the icon does not show it');
    await page.page.evaluate(() => localStorage.setItem('chatd.settings', '{"hideText":true}'));
    nc.say('alice: secret');
    await until('it is shown', async () => (await shown(page)).length === 3);
    assert((await shown(page))[2] === 'bob in #den|A message for you|#den', `shown: ${await shown(page)}`);
    await page.page.evaluate(() => { globalThis.shown.length = 0; globalThis.net.drop(); });
    await page.page.waitForSelector('#note:not([hidden])');
    await nc.done('alice: one', 'alice: two', 'for nobody', 'PRIVMSG alice three');
    await back(page);
    await until('there is a summary', async () => (await shown(page)).length > 0);
    await page.sees('for nobody');
    assert(/^127\.0\.0\.1\|3 messages for you\|chatd$/.test((await shown(page)).join()), `shown: ${await shown(page)}`);
    await page.page.click('#room-menu');
    await page.press('No notifications', 'dialog');
    nc.say('alice: quiet', 'PRIVMSG alice still here');
    await until('the private line is shown', async () => (await shown(page)).length === 2);
    assert((await shown(page))[1].startsWith('bob|'), `shown: ${await shown(page)}`);
    nc.end();
    await page.close();
  },

  async 'who may not write is told so in place of the composer, and the draft stays'(server) {
    const nc = new Nc(server), page = await Page.open(server);
    await nc.enter('bob', 'den');
    await page.enter('alice', 'den');
    await page.page.type('#message', 'a draft');
    nc.say('MUTE alice 1h <i>hush</i>');
    await bar(page, 'You are muted here until');
    await bar(page, '“<i>hush</i>”');
    nc.say('UNMUTE alice');
    await writable(page);
    assert((await page.page.$eval('#message', (e) => e.value)) === 'a draft', 'the draft is gone');
    nc.say('SET moderated on');
    await bar(page, 'This room is moderated');
    nc.say('VOICE alice');
    await writable(page);
    nc.say('DEVOICE alice', 'SET moderated off', 'SET slow 3600');
    await page.sees('bob set slow to 3600');
    await page.page.focus('#message');
    await page.page.keyboard.press('Enter');
    await nc.expect('alice a draft');
    await bar(page, 'Slow mode: you can write again in');
    await page.looksGood('slow');
    nc.say('KICK alice enough');
    await bar(page, 'bob removed you from here: “enough”');
    assert((await page.page.evaluate(() => localStorage.getItem('chatd.rooms'))) === '[]', 'a reload would join again');
    await page.press('Join', '#bar');
    await bar(page, 'Slow mode'); // again a member, who has just spoken
    nc.say('SET slow off');
    await page.sees('bob set slow to off');
    nc.say('BAN alice 1h that is it');
    await bar(page, 'You are banned from here until');
    nc.end();
    await page.close();
  },

  async 'a room with a key has a field for it in its place'(server) {
    const nc = new Nc(server), page = await Page.open(server);
    await nc.enter('bob', 'vault');
    nc.say('SET key sesame');
    await nc.expect('OK Set key on');
    await page.enter('alice', 'den');
    await page.page.click('#join');
    await page.page.type('#join-name', 'vault');
    await page.page.keyboard.press('Enter');
    await bar(page, '#vault needs a key or an invitation');
    await page.looksGood('key');
    assert((await page.text('#member-list')) === '', 'the members are those of another room');
    await page.page.keyboard.type('wrong');
    await page.page.keyboard.press('Enter');
    await bar(page, 'That is not the key.');
    await page.page.$eval('#bar input', (e) => { e.value = 'sesame'; });
    await page.press('Join', '#bar');
    await writable(page);
    await nc.expect('JOIN #vault alice');
    nc.end();
    await page.close();
  },

  async 'after a long break all is there once, or a seam offers to load it'(server) {
    const nc = new Nc(server), page = await Page.open(server, { prepare });
    await nc.enter('bob', 'den');
    await page.enter('alice', 'den');
    nc.say('before the break');
    await page.sees('before the break');
    await page.page.evaluate(() => globalThis.net.drop());
    await page.page.waitForSelector('#note:not([hidden])');
    await page.say('written meanwhile');
    for (let i = 1; i <= 1100; i++) nc.say(`missed ${i}`);
    await nc.expect('missed 1100');
    await back(page);
    await nc.expect('alice written meanwhile');
    await page.sees('missed 1100');
    await page.page.focus('#log');
    const up = async (good) => {
      let rows = [];
      await until('it is found above', async () => {
        rows = await page.rows();
        if (good(rows)) return true;
        await page.page.$eval('#log', (log) => { log.scrollTop = 0; });
        return false;
      }).catch((error) => { throw new Error(`${error.message}, but ${rows.length} rows: ${rows.slice(0, 3)} … ${rows.slice(-3)}`); });
    };
    await up((rows) => rows.some((row) => row.includes('Messages are missing here.')));
    await page.looksGood('seam');
    await page.press('Load them', '#rows');
    await until('the seam is closed', async () => !(await page.rows()).some((row) => row.includes('missing here')));
    const seen = new Map();
    await up((rows) => {
      for (const row of rows) for (const [text] of row.matchAll(/missed \d+$/g)) seen.set(text, rows.filter((r) => r.endsWith(text)).length);
      return rows.some((row) => row.includes('before the break'));
    });
    assert(seen.size === 1100 && [...seen.values()].every((n) => n === 1), `${seen.size} of 1100 lines are there`);
    nc.end();
    await page.close();
  },

  async 'a name that the broken connection still has is waited for'(server) {
    const nc = new Nc(server), page = await Page.open(server, { prepare });
    await page.enter('alice', 'den');
    await page.say('here I am');
    await page.page.evaluate(() => globalThis.net.drop());
    await page.page.waitForSelector('#note:not([hidden])');
    await nc.enter('alice', 'den');
    await page.page.evaluate(() => { globalThis.net.isDown = false; });
    await until('it says what it waits for', async () => (await page.text('#note')).includes('Username taken. Trying again'));
    await page.sees('here I am');
    nc.end();
    await page.page.waitForSelector('#note[hidden]');
    await until('it is back in its room', async () => /alice/.test(await page.text('#member-list')));
    await page.close();
  },

  async 'of two tabs one is connected, and the other one can take over'(server) {
    const nc = new Nc(server), page = await Page.open(server);
    await nc.enter('bob', 'den');
    await page.enter('alice', 'den');
    const second = await page.another();
    await second.page.waitForSelector('#elsewhere:not([hidden])');
    await second.looksGood('elsewhere');
    await second.page.click('#here');
    await second.enter('alice');
    await second.page.waitForSelector('#app:not([hidden])');
    await until('the first one says so', async () => (await page.text('#note')).startsWith('Open elsewhere.'));
    await page.looksGood('replaced');
    nc.say('who hears this?');
    await second.sees('who hears this?');
    assert(!(await page.rows()).some((row) => row.includes('who hears')), 'both are connected');
    await page.page.bringToFront();
    await page.press('Use it here', '#note');
    await page.sees('who hears this?');
    await until('the second one says so', async () => (await second.text('#note')).startsWith('Open elsewhere.'));
    nc.end();
    await second.page.close();
    await page.close();
  },

  async 'comings and goings are folded, and open'(server) {
    const page = await Page.open(server), many = [];
    await page.enter('alice', 'den');
    for (const name of ['frank', 'gus', 'heidi', 'ivan']) {
      const nc = new Nc(server);
      await nc.enter(name, 'den');
      many.push(nc);
    }
    many[0].say('LEAVE');
    await page.sees('gus, heidi and ivan joined, frank left');
    assert((await page.page.$$('#rows .ev')).length === 1, 'not one row');
    await page.looksGood('folded');
    await page.page.click('#rows summary');
    assert((await page.page.$eval('#rows details p', (e) => e.innerText)).includes('frank joined'), 'it does not open');
    many[1].say('a word');
    await page.sees('a word');
    many.forEach((nc) => nc.end());
    await until('they are folded, too', async () => (await page.rows()).some((row) => /^\w+, \w+ and \w+ left/.test(row)));
    await page.close();
  },

  async 'keys: go to, rooms, the log, Esc, and their list'(server) {
    const nc = new Nc(server), page = await Page.open(server), { keyboard } = page.page;
    await nc.enter('bob', 'den');
    await page.enter('alice', 'den');
    await page.join('hall');
    await page.join('attic');
    const title = (text) => until(`${text} is open`, async () => (await page.text('#title')) === text);
    await ctrl(page, 'k');
    await page.page.type('dialog input', 'ha');
    await keyboard.press('Enter');
    await title('#hall');
    const alt = async (key, ...more) => {
      for (const k of ['Alt', ...more]) await keyboard.down(k);
      await keyboard.press(key);
      for (const k of ['Alt', ...more]) await keyboard.up(k);
    };
    await alt('ArrowUp');
    await title('#den');
    await alt('ArrowUp');
    await title('#attic');
    nc.say('alice: here', 'and more');
    await until('it counts', async () => /den\s*2/.test(await page.text('#rooms')));
    await page.join('zoo');
    await alt('ArrowDown', 'Shift');
    await title('#den');
    await page.sees('New since');
    await keyboard.press('Escape');
    await until('the line is gone', async () => !(await page.rows()).some((row) => row.startsWith('New since')));
    await page.say('first');
    await page.say('second');
    await nc.expect('alice second');
    await keyboard.press('ArrowUp');
    await keyboard.press('ArrowUp');
    await until('the last but one is back', () => page.page.$eval('#message', (e) => e.value === 'first'));
    await page.page.$eval('#message', (e) => { e.value = ''; });
    await page.page.focus('#log');
    await keyboard.press('ArrowUp');
    await keyboard.press('ArrowUp');
    await keyboard.press('Enter');
    await until('a message has a menu', async () => (await page.text('dialog')).includes('first'));
    await keyboard.press('Escape');
    await page.page.focus('#log');
    await keyboard.type('x');
    await until('letters go to the composer', () => page.page.$eval('#message', (e) => e.value === 'x' && e === document.activeElement));
    await ctrl(page, '/');
    await until('the keys are listed', async () => (await page.text('dialog')).includes('Go to a room or a person'));
    nc.end();
    await page.close();
  },

  async 'two devices are one user, and one of them logs both out'(server) {
    const nc = new Nc(server), phone = new Nc(server), page = await Page.open(server);
    await nc.enter('bob', 'den');
    await page.enter('alice', 'den');
    await register(page);
    phone.say('USERNAME alice correct-horse', 'JOIN den', 'hello from the train');
    await page.sees('hello from the train');
    phone.say('PRIVMSG bob are you there?');
    await page.press('bob', '#people');
    await page.sees('are you there?');
    await page.say('and from here');
    await phone.expect('SENT bob and from here');
    assert(!nc.read.slice(nc.read.indexOf('JOIN #den alice') + 1).includes('JOIN #den alice'), 'bob has seen two of her');
    await page.page.click('#settings');
    await page.press('Log out everywhere', 'dialog');
    await phone.expect('ERROR Logged out');
    await page.page.waitForSelector('#door:not([hidden])');
    assert(await page.page.evaluate(() => localStorage.length === 0), 'something is kept after log-out');
    await nc.expect('LEAVE #den alice');
    nc.end();
    phone.end();
    await page.close();
  },

  async 'a private talk that the server keeps is there on another device, until one says no'(server) {
    server.conf += ' history = { private = true; };';
    await server.restart();
    const nc = new Nc(server), phone = new Nc(server), page = await Page.open(server);
    nc.say('USERNAME bob', 'REGISTER correct-horse');
    await nc.expect('OK Registered bob');
    phone.say('USERNAME alice', 'REGISTER correct-horse', 'PRIVMSG bob from the phone');
    await nc.expect('PRIVMSG alice from the phone');
    nc.say('PRIVMSG alice and back', 'JOIN den');
    await phone.expect('PRIVMSG bob and back');
    await page.enter('alice', 'den', 'correct-horse');
    await page.press('bob', '#people');
    await page.sees('from the phone');
    await page.sees('and back');
    await page.say('from the desk');
    await nc.expect('PRIVMSG alice from the desk');
    await page.sees('from the desk'); // else it is not drawn yet, and nothing waits
    await until('it has arrived', async () => (await page.page.$$('.m.waits')).length === 0);
    const texts = () => page.page.$$eval('.m p', (all) => all.map((p) => p.textContent));
    const said = ['from the phone', 'and back', 'from the desk'];
    assert((await texts()).join() === said.join(), `${await texts()}`);
    await page.page.reload();
    await page.page.waitForSelector('#app:not([hidden])');
    await page.press('bob', '#people');
    await page.sees('from the desk');
    assert((await texts()).join() === said.join(), `after a reload: ${await texts()}`);
    await page.page.click('#settings');
    await page.page.waitForSelector('dialog .check');
    await page.page.evaluate(() => [...document.querySelectorAll('dialog .check')].find((c) => /private talks/.test(c.textContent)).click());
    await until('it is switched off', async () => { phone.say('TALKS'); return phone.read.includes('TALKS off'); });
    nc.end();
    phone.end();
    await page.close();
  },

  async 'a device that another one has logged out says so'(server) {
    const phone = new Nc(server), page = await Page.open(server);
    await page.enter('alice', 'den');
    await register(page);
    phone.say('USERNAME alice correct-horse', 'LOGOUT ALL');
    await page.page.waitForSelector('#door:not([hidden])');
    await until('it says why', async () => (await page.text('#door')).includes('You were logged out by another device.'));
    assert(await page.page.evaluate(() => !localStorage.getItem('chatd.token')), 'the token is kept');
    phone.end();
    await page.close();
  },

  async 'an invitation is a card, and a private talk outlives the page'(server) {
    const nc = new Nc(server), page = await Page.open(server);
    await nc.enter('bob', 'club');
    await page.enter('alice', 'den');
    await register(page);
    nc.say('SET invite-only on', 'INVITE alice', 'PRIVMSG alice see you there');
    await until('there is a card', async () => (await page.text('#cards')).startsWith('bob invites you to #club.'));
    await page.press('Join', '#cards');
    await nc.expect('JOIN #club alice');
    await page.press('bob', '#people');
    await page.sees('see you there');
    await page.say('I will');
    await nc.expect('PRIVMSG alice I will');
    await page.sees('I will'); // else it is not drawn yet, and nothing waits
    await until('it has arrived', async () => (await page.page.$$('.m.waits')).length === 0);
    await page.page.reload();
    await page.page.waitForSelector('#app:not([hidden])');
    await page.press('bob', '#people');
    await page.sees('see you there');
    await page.sees('I will');
    nc.end();
    await page.close();
  },
};
