// SPDX-License-Identifier: ISC
// The page in a real Chromium, beside users of nc. `make check-web` runs it; SCREENSHOTS names a directory for pictures.
import { readFileSync } from 'node:fs';
import { busy } from './busy.mjs';
import { Nc, Page, Server, assert, closeBrowser, openBrowser, prepare, until } from './lib.mjs';
import { looks } from './looks.mjs';
import { views } from './views.mjs';

const tests = {
  async 'a browser and nc talk in one room'(server) {
    const nc = new Nc(server);
    await nc.enter('bob', 'den');
    const page = await Page.open(server);
    await page.enter('alice', 'den');
    await nc.expect('JOIN #den alice');
    await page.say('hello from the page');
    await nc.expect('ROOM #den alice hello from the page');
    await page.sees('hello from the page');
    nc.say('hello from nc', 'ME waves', 'TOPIC Bring the blue toolbox');
    await page.sees('hello from nc');
    await page.sees('∗ bob waves');
    await until('the topic is shown', async () => (await page.text('#topic')) === 'Bring the blue toolbox');
    await until('the members are shown', async () => (await page.text('#member-list')).includes('bob'));
    assert((await page.page.$$('.m.waits')).length === 0, 'the own message still waits');
    nc.end();
    await page.close();
  },

  async 'hostile texts, names and topics stay text'(server) {
    const evil = ['<img src=x onerror=alert(1)>', '<script>alert(1)</script>', 'javascript:alert(1)', '"><svg onload=alert(1)>',
                  'https://example.org/"onmouseover="alert(1)', '\u202eabc', '`<b>`', 'http://a.b/<script>'];
    const nc = new Nc(server), page = await Page.open(server);
    let asked = false;
    page.page.on('dialog', (dialog) => { asked = true; dialog.dismiss(); });
    await page.enter('alice', 'den');
    await nc.enter('<b>bob</b>'.replace(/[^a-z]/g, ''), 'den');
    nc.say(...evil, 'TOPIC <img src=x onerror=alert(2)>');
    await page.sees('http://a.b/<script>');
    await until('the topic is shown', async () => (await page.text('#topic')).includes('<img'));
    const made = await page.page.$$eval('#app img, #app script, #app svg[onload], #app b b', (all) => all.length);
    const links = await page.page.$$eval('#rows a', (all) => all.map((a) => a.protocol));
    assert(made === 0 && !asked, 'a text became markup');
    assert(links.every((p) => p === 'http:' || p === 'https:'), `links: ${links}`);
    nc.end();
    await page.close();
  },

  async 'a registered name needs its password, and stays logged in by a token'(server) {
    const nc = new Nc(server);
    await nc.enter('carol', 'den');
    nc.say('REGISTER correct-horse', 'QUIT');
    await nc.expect('OK Goodbye');
    const page = await Page.open(server);
    await page.enter('carol', 'den', 'correct-horse');
    await until('a token is kept', () => page.page.evaluate(() => !!localStorage.getItem('chatd.token')));
    const kept = await page.page.evaluate(() => JSON.stringify({ ...localStorage }));
    assert(!kept.includes('correct-horse'), 'the password is stored');
    await page.page.reload();
    await page.page.waitForSelector('#app:not([hidden])');
    await until('the room is back', async () => (await page.text('#title')) === '#den');
    assert((await page.text('#me')) === 'carol', 'another name');
    await page.page.click('#settings');
    await page.press('Log out', 'dialog');
    await page.page.waitForSelector('#door:not([hidden])');
    assert(await page.page.evaluate(() => localStorage.length === 0), 'something is kept after log-out');
    await page.close();
  },

  async 'a password that the operator sets ends the session for good, and the door says why'(server) {
    const page = await Page.open(server, { prepare });
    await page.enter('carol', 'den');
    await page.say('/register correct-horse');
    await until('a token is kept', () => page.page.evaluate(() => !!localStorage.getItem('chatd.token')));
    await server.ctl('correct-cow', 'user', 'passwd', 'carol');
    await page.page.waitForSelector('#door:not([hidden])');
    await until('the reason is shown', async () => (await page.text('#password-why')).startsWith('The operator has set a new password'));
    await page.page.evaluate(() => dispatchEvent(new Event('online'))); // as if it were time to try again
    const [tries, token] = await page.page.evaluate(() => [globalThis.net.sockets.length, localStorage.getItem('chatd.token')]);
    assert(tries === 1 && token === null, `${tries} connections, and the token is ${token}`);
    await page.page.type('#password', 'correct-cow');
    await page.page.click('#login .btn');
    await page.page.waitForSelector('#app:not([hidden])');
    await until('the room is back', async () => /carol/.test(await page.text('#member-list')));
    await page.close();
  },

  async 'when a temporary op leaves, the room is as it was, and the page knows'(server) {
    const nc = new Nc(server), page = await Page.open(server);
    await nc.enter('bob', 'den');
    nc.say('SET moderated on');
    await nc.expect('OK Set moderated on');
    await page.enter('alice', 'den');
    await until('the bar is there', async () => (await page.text('#bar')).includes('This room is moderated'));
    nc.say('LEAVE');
    await page.sees('server set moderated to off');
    await page.page.waitForSelector('#write:not([hidden])');
    nc.end();
    await page.close();
  },

  async 'what the server refuses is said beside its field'(server) {
    const nc = new Nc(server), page = await Page.open(server);
    await nc.enter('bob', 'den');
    await page.page.type('#name', 'bob');
    await page.page.click('#login .btn');
    await until('the reason is shown', async () => (await page.text('#name-why')).startsWith('Somebody here has this name'));
    await page.page.$eval('#name', (e) => { e.value = 'no good name'; });
    await page.page.click('#login .btn');
    await until('the reason is shown', async () => (await page.text('#name-why')).includes('no blanks'));
    nc.end();
    await page.close();
  },

  async 'after a restart nothing is missing and nothing is doubled'(server) {
    const nc = new Nc(server);
    await nc.enter('dora', 'den');
    nc.say('REGISTER correct-horse', 'QUIT');
    await nc.expect('OK Goodbye');
    const page = await Page.open(server), bob = new Nc(server);
    await page.enter('dora', 'den', 'correct-horse');
    await until('a token is kept', () => page.page.evaluate(() => !!localStorage.getItem('chatd.token')));
    await bob.enter('bob', 'den');
    bob.say('before');
    await page.sees('before');
    await server.stop();
    await page.page.waitForSelector('#note:not([hidden])');
    await page.say('written without a connection');
    await page.sees('written without a connection');
    await server.start(server.port, server.web);
    const again = new Nc(server);
    await again.enter('bob', 'den');
    await page.page.waitForSelector('#note[hidden]', { timeout: 60000 });
    await again.expect('ROOM #den dora written without a connection');
    again.say('after');
    await page.sees('after');
    const rows = await page.rows();
    for (const text of ['before', 'written without a connection', 'after'])
      assert(rows.filter((row) => row.endsWith(text)).length === 1, `${text} is not shown once: ${JSON.stringify(rows)}`);
    bob.end();
    again.end();
    await page.close();
  },

  async 'scrolling up loads the history without a jump'(server) {
    const nc = new Nc(server);
    await nc.enter('bob', 'den');
    for (let i = 1; i <= 300; i++) nc.say(`line number ${i}`);
    await nc.expect('line number 300');
    const page = await Page.open(server, { height: 600 });
    await page.enter('alice', 'den');
    await page.sees('line number 300');
    const top = () => page.page.$eval('#log', (log) => {
      const at = log.getBoundingClientRect().top;
      const first = [...log.querySelectorAll('.m')].find((m) => m.getBoundingClientRect().bottom > at);
      return { text: first.querySelector('p').innerText, offset: Math.round(first.getBoundingClientRect().top - at) };
    });
    await page.page.$eval('#log', (log) => { log.scrollTop = 300; });
    const before = await top();
    await until('older rows are there', async () => (await page.rows()).length > 110);
    const after = await top();
    assert(before.text === after.text && Math.abs(before.offset - after.offset) <= 2,
           `it jumped from ${JSON.stringify(before)} to ${JSON.stringify(after)}`);
    nc.say('while reading');
    await until('the pill counts', async () => (await page.text('#pill')) === '1 new');
    const still = await top();
    assert(still.text === after.text && still.offset === after.offset, 'a new message moved what is being read');
    await page.page.click('#pill');
    await page.sees('while reading');
    await until('the beginning is shown', async () => {
      await page.page.$eval('#log', (log) => { log.scrollTop = 0; });
      return (await page.rows()).some((row) => row.includes('What is kept of this room begins here.'));
    });
    await page.sees('line number 1');
    nc.end();
    await page.close();
  },

  async 'mentions and unread lines are counted, and a line shows where one left off'(server) {
    const nc = new Nc(server), page = await Page.open(server);
    await nc.enter('bob', 'den');
    await page.enter('alice', 'den');
    await page.join('hall');
    nc.say('one', 'alice, two?', 'PRIVMSG alice psst');
    let shown;
    await until('the rooms count', async () => /den\s*2\s*for you/.test(shown = await page.text('#rooms')))
      .catch(() => { throw new Error(`the rooms are: ${shown}`); });
    await until('people count', async () => /bob\s*1\s*for you/.test(await page.text('#people')));
    await until('the title counts', async () => (await page.page.title()).startsWith('(2)'));
    await page.page.evaluate(() => [...document.querySelectorAll('#rooms a')].find((a) => a.innerText.includes('den')).click());
    await page.sees('New since');
    assert((await page.page.$$('.m.at mark')).length === 1, 'the mention is not marked');
    await until('it is read', async () => !/for you/.test(await page.text('#rooms')));
    nc.end();
    await page.close();
  },

  async 'commands are answered, and secrets are not said aloud'(server) {
    const nc = new Nc(server), page = await Page.open(server);
    await nc.enter('bob', 'den');
    nc.say('TOPIC Nothing yet', 'AWAY out for lunch');
    await nc.expect('OK Away');
    await page.enter('alice', 'den');
    await page.say('/whois bob');
    await page.sees('WHOIS bob since=');
    await until('the member is listed', async () => /bob\s*op · away/.test(await page.text('#member-list')));
    nc.say('AWAY');
    await until('bob is back', async () => /bob\s*op(?! · away)/.test(await page.text('#member-list')));
    await page.page.click('#join');
    await until('the rooms are listed', async () => /#den\s*2 here, and you\s*Nothing yet/.test(await page.text('#known')));
    await page.page.keyboard.press('Escape');
    await page.say('/topic All about trains');
    await nc.expect('TOPIC #den All about trains');
    await page.say('/me nods');
    await nc.expect('ME #den alice nods');
    await page.sees('∗ alice nods');
    for (const line of ['REGISTER secret-word', '7register secret-word', 'join #vault secret-word']) {
      await page.page.$eval('#toast', (e) => { e.textContent = ''; });
      await page.say(line);
      await until('it is stopped', async () => (await page.text('#toast')).includes('secret'));
      await page.page.$eval('#message', (e) => { e.value = ''; });
    }
    await page.say('join us tomorrow');
    await nc.expect('ROOM #den alice join us tomorrow');
    await page.page.type('#message', 'bo');
    await page.page.keyboard.press('Tab');
    assert((await page.page.$eval('#message', (e) => e.value)) === 'bob: ', 'the name is not completed');
    assert(!nc.read.includes('secret-word'), 'the secret was said');
    nc.end();
    await page.close();
  },

  async 'what may not be said aloud is decided as by chatd'(server) {
    const rows = readFileSync(new URL('aloud.txt', import.meta.url), 'utf8').split('\n').filter((r) => r && !r.startsWith('#'));
    const page = await Page.open(server);
    const found = await page.page.evaluate(async (lines) => {
      const { isSecret } = await import('/line.js');
      return lines.map((line) => (isSecret(line) ? 'secret' : 'talk'));
    }, rows.map((r) => r.slice(r.indexOf('|') + 1)));
    const wrong = rows.filter((r, i) => r.slice(0, r.indexOf('|')) !== found[i]);
    assert(rows.length > 100 && wrong.length === 0, `decided otherwise: ${wrong}`);
    await page.close();
  },

  async 'no rule of axe is broken, on any width and in both schemes'(server) {
    const nc = new Nc(server);
    await nc.enter('bob', 'general');
    nc.say('TOPIC Open workshop on Saturday, 10 to 4', 'Morning! Is the hall free on Saturday?',
           'It is in the calendar: https://calendar.example/hall?week=48', 'ME puts the kettle on', '🚲🔧',
           'Notes are in `notes/pump.md`', 'erin, could you bring the label printer?');
    await nc.expect('label printer');
    let left = 0;
    for (const [width, height] of [[1440, 900], [768, 1024], [360, 740]])
      for (const dark of [false, true]) {
        const page = await Page.open(server, { width, height, dark });
        const name = `${width}-${dark ? 'dark' : 'light'}`;
        let broken = await page.axe();
        await page.shot(`door-${name}`);
        await page.enter('erin', null);
        await page.join('general');
        await page.sees('label printer');
        await page.say('Will do. שלום to all of you');
        await page.sees('Will do');
        await page.shot(`talk-${name}`);
        broken = [...broken, ...await page.axe()];
        assert(!broken.length, `${name}: ${broken.join('; ')}`);
        const wide = await page.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        assert(!wide, `${name}: wider than the screen`);
        await page.close();
        left++;
        await until('the name is free', () => nc.read.split('LEAVE #general erin').length - 1 === left);
      }
    nc.end();
  },
};

let failed = 0;
const wanted = process.argv.slice(2);
await openBrowser();
for (const [name, test] of Object.entries({ ...tests, ...views, ...busy, ...looks })) {
  if (wanted.length && !wanted.some((w) => name.includes(w))) continue;
  const server = new Server('clients = { max = 1100; }; accounts = { hash_memory_kib = 8; hash_passes = 1; }; flood = { rate_per_s = 10000; burst_tokens = 10000; };');
  try {
    await server.start();
    await test(server);
    console.log(`PASS: ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL: ${name}: ${error.message}\n${error.stack}\n${server.log.split('\n').slice(-8).join('\n')}`);
  }
  await server.stop();
  server.remove();
}
await closeBrowser();
process.exit(failed ? 1 : 0);
