// SPDX-License-Identifier: ISC
// Much of everything: the document stays small, and the page goes on answering.
import { Nc, Page, assert, until } from './lib.mjs';

// Notes the most messages, and the most members, that the document ever had.
const watch = (page) => page.page.evaluate(() => {
  globalThis.most = { rows: 0, members: 0 };
  const count = () => {
    globalThis.most.rows = Math.max(globalThis.most.rows, document.querySelectorAll('#rows > li').length);
    globalThis.most.members = Math.max(globalThis.most.members, document.querySelectorAll('#member-list > li').length);
  };
  new MutationObserver(count).observe(document.getElementById('app'), { childList: true, subtree: true });
});
const most = (page) => page.page.evaluate(() => globalThis.most);

export const busy = {
  async 'ten thousand lines are read from end to beginning, with at most 400 rows in the document'(server) {
    const nc = new Nc(server), page = await Page.open(server);
    await nc.enter('bob', 'den');
    await page.enter('alice', 'den');
    await watch(page);
    for (let i = 1; i <= 9990; i++) nc.say(`flood ${i}`);
    await page.sees('flood 9990');
    const seen = new Set();
    while (!seen.has('flood 1')) {
      const before = seen.size;
      await until('there is more above', async () => {
        const texts = await page.page.$eval('#log', (log) => {
          log.scrollTop = 0;
          return [...log.querySelectorAll('.m p')].map((p) => p.textContent);
        });
        texts.forEach((text) => seen.add(text));
        return seen.size > before;
      });
    }
    assert(seen.size === 9990, `${seen.size} lines were shown`);
    await page.page.click('#pill');
    await page.sees('flood 9990');
    assert((await most(page)).rows <= 400, `${(await most(page)).rows} rows in the document`);
    nc.end();
    await page.close();
  },

  async 'of a thousand members those in sight are in the document, and a filter finds the others'(server) {
    const page = await Page.open(server), many = [];
    await page.enter('alice', 'den');
    await watch(page);
    for (let i = 0; i < 1000; i++) {
      many.push(new Nc(server));
      many[i].say(`USERNAME user${String(i).padStart(3, '0')}`, 'JOIN den');
      if (i % 100 === 99) await many[i].expect('OK Joined');
    }
    await until('all are counted', async () => (await page.text('#member-count')) === '1001');
    await page.join('hall');
    await page.page.$eval('#rooms a[href="#%23den"]', (e) => e.click());
    await until('all are counted', async () => (await page.text('#member-count')) === '1001');
    await page.page.$eval('#member-box', (box) => { box.scrollTop = box.scrollHeight; });
    await until('the last one is there', async () => (await page.text('#member-list')).includes('user999'));
    assert(!(await page.text('#member-list')).includes('user500'), 'all are in the document');
    await page.page.type('#member-filter', '0500'.slice(1));
    await until('the filter finds one', async () => /user500/.test(await page.text('#member-list')));
    assert((await most(page)).members <= 100, `${(await most(page)).members} rows in the document`);
    many.forEach((nc) => nc.end());
    await until('all are gone', async () => (await page.text('#member-count')) === '1');
    await page.close();
  },

  async 'while two hundred lines a second come, one writes and is heard'(server) {
    const nc = new Nc(server), page = await Page.open(server);
    await nc.enter('bob', 'den');
    await page.enter('alice', 'den');
    let n = 0;
    const flood = setInterval(() => nc.say(`flood ${++n}`), 5);
    await page.sees('flood 1');
    await page.page.click('#show-find');
    await page.page.keyboard.press('Escape');
    await page.say('I am here');
    await nc.expect('alice I am here');
    await page.join('hall');
    await page.page.$eval('#rooms a[href="#%23den"]', (e) => e.click());
    await page.sees('flood 400');
    clearInterval(flood);
    await page.sees(`flood ${n}`);
    nc.end();
    await page.close();
  },
};
