// SPDX-License-Identifier: ISC
// Each view on each width in both schemes: no rule of axe is broken, nothing is wider than the screen, hostile texts are
// texts, and there is a picture of it.
import { Nc, Page, assert, prepare, until } from './lib.mjs';

const evil = '<img src=x onerror=alert(1)> "><svg onload=alert(1)> javascript:alert(1) \u202etxet';
const sizes = [[1440, 900], [768, 1024], [360, 740]];

// name -> how it is opened; each is closed by Esc
const views = {
  browse: (p) => p.page.$eval('#join', (e) => e.click()).then(() => until('rooms are there', async () => (await p.text('#known')).includes('#den'))),
  find: async (p) => {
    await p.page.click('#show-find');
    await p.page.$eval('#find-words', (e) => { e.value = 'printer'; e.form.requestSubmit(); });
    await until('there are hits', async () => (await p.text('#find-end')).includes('found'));
  },
  settings: (p) => p.page.$eval('#settings', (e) => e.click()),
  room: (p) => p.page.click('#room-menu').then(() => until('there are options', async () => (await p.text('dialog')).includes('Lift the ban'))),
  person: async (p) => {
    await p.page.$$eval('.name', (all) => all.find((e) => e.innerText === 'bob').click());
    await until('there are facts', async () => (await p.text('dialog')).includes('Here since'));
    await p.press('Ban …', 'dialog');
  },
  goto: (p) => p.page.$eval('#jump', (e) => e.click()),
  keys: async (p) => {
    await p.page.keyboard.down('Control');
    await p.page.keyboard.press('/');
    await p.page.keyboard.up('Control');
  },
  many: async (p) => {
    await p.page.$eval('#message', (e) => { e.value = 'a\nb\nc\nd\ne\nf'; e.form.requestSubmit(); });
    await p.page.waitForSelector('dialog[open]');
  },
  message: async (p) => {
    await p.page.focus('#log');
    await p.page.keyboard.press('ArrowUp');
    await p.page.keyboard.press('Enter');
    await p.page.waitForSelector('dialog[open]');
  },
  members: (p) => p.page.click('#show-members'),
  lists: (p) => p.page.$eval('#back', (e) => e.click()),
};

export const looks = {
  async 'every view keeps the rules of axe on any width and in both schemes, and hostile texts are texts'(server) {
    const broken = [];
    const nc = new Nc(server), eve = new Nc(server);
    nc.say('USERNAME bob', `AWAY ${evil}`, 'JOIN lobby');
    await nc.expect('OK Joined');
    let n = 0;
    for (const [width, height] of sizes)
      for (const dark of [false, true]) {
        const at = `${width}-${dark ? 'dark' : 'light'}`, page = await Page.open(server, { width, height, dark, prepare });
        const room = `den${++n}`, check = async (name) => {
          await page.shot(`${name}-${at}`);
          broken.push(...(await page.axe()).map((text) => `${name} ${at}: ${text}`));
          if (await page.page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) broken.push(`${name} ${at}: wider than the screen`);
          const made = await page.page.$$eval('#app img, #app script, dialog img, dialog script, svg[onload], [onerror]', (all) => all.length);
          if (made) broken.push(`${name} ${at}: a text became markup`);
        };
        page.page.on('dialog', (dialog) => { broken.push(`${at}: a script ran`); dialog.dismiss(); });
        await page.enter(`alice${n}`, room);
        await page.say('/register correct-horse');
        eve.say(...(n === 1 ? ['USERNAME eve'] : []), `JOIN ${room}`, `SET key ${n}`);
        nc.say(`JOIN ${room}`, `The printer ${evil}`, `Where is the label printer, alice${n}?`);
        await page.sees('label printer');
        await page.say(`/topic ${evil}`);
        await page.say(`/ban 192.0.2.7 ${evil}`);
        await page.say(`/mute eve 1h ${evil}`);
        await until('eve is muted', () => eve.read.includes(`MUTE #${room} eve`));
        for (const [name, open] of Object.entries(views)) {
          await open(page);
          await check(name);
          await page.page.keyboard.press('Escape');
        }
        await page.page.evaluate(() => globalThis.net.drop());
        await page.page.waitForSelector('#note:not([hidden])');
        await page.page.$eval('#message', (e) => { e.value = 'written without a connection'; e.form.requestSubmit(); });
        await page.sees('written without');
        await check('offline');
        await page.close();
      }
    nc.end();
    eve.end();
    assert(!broken.length, broken.join('\n'));
  },

  async 'so do the bars, the seam, and what was not sent'(server) {
    const broken = [], nc = new Nc(server);
    await nc.enter('bob', 'den');
    let n = 0;
    for (const [width, height] of sizes)
      for (const dark of [false, true]) {
        const at = `${width}-${dark ? 'dark' : 'light'}`, page = await Page.open(server, { width, height, dark, prepare }), me = `alice${++n}`;
        const check = async (name) => {
          await page.shot(`${name}-${at}`);
          broken.push(...(await page.axe()).map((text) => `${name} ${at}: ${text}`));
          const made = await page.page.$$eval('#app img, #app script, [onerror]', (all) => all.length);
          if (made) broken.push(`${name} ${at}: a text became markup`);
        };
        const bar = (text) => until(`the bar says ${text}`, async () => (await page.text('#bar')).includes(text));
        await page.enter(me, 'den');
        nc.say(`MUTE ${me} 1h ${evil}`);
        await bar('muted');
        await check('muted');
        nc.say(`UNMUTE ${me}`);
        await page.page.waitForSelector('#write:not([hidden])');
        await page.page.evaluate(() => { globalThis.net.rewrite = (text) => text.replace(/^@\S+ MUTE .*/m, ''); });
        await nc.done(`MUTE ${me} 1h ${evil}`);
        await page.say('nobody hears this');
        await page.sees('Not sent: Muted until');
        nc.say(`KICK ${me}`, 'SET invite-only on', `INVITE ${me}`);
        await until('there is a card', async () => (await page.text('#cards')).includes('invites you'));
        await check('failed');
        nc.say('SET invite-only off');
        await page.close();
      }
    nc.end();
    assert(!broken.length, broken.join('\n'));
  },
};
