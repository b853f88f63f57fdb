// SPDX-License-Identifier: ISC
// A chatd of its own for each test, browsers and users of nc beside it. Waits are bounded; nothing sleeps.
import { spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';

export const WAIT_MS = 20000;
const chatd = process.env.CHATD;
const shots = process.env.SCREENSHOTS;

export function fail(text) {
  throw new Error(text);
}

export function assert(good, text) {
  if (!good) fail(text);
}

export async function until(what, good) {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await new Promise((done) => setTimeout(done, 20)))
    if (await good()) return;
  fail(`waited in vain: ${what}`);
}

export class Server {
  constructor(conf = '') {
    this.dir = mkdtempSync(join(tmpdir(), 'chatd-web-'));
    this.conf = conf;
  }

  async start(nativePort = 0, webPort = 0) {
    writeFileSync(join(this.dir, 'chatd.conf'), `listeners = ( { address = "127.0.0.1"; port = ${nativePort}; },
      { address = "127.0.0.1"; port = ${webPort}; protocol = "http"; } );\n${this.conf}\n`);
    this.process = spawn(chatd, ['-d', this.dir, '-c', join(this.dir, 'chatd.conf')], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    this.log = '';
    this.process.stdout.on('data', (data) => { out += data; });
    this.process.stderr.on('data', (data) => { this.log += data; });
    await until('chatd starts', () => out.includes('Waiting for connections'));
    this.port = Number(/on port (\d+)/.exec(out)[1]);
    this.url = /http:\S+/.exec(out)[0];
    this.web = Number(new URL(this.url).port);
  }

  async stop(signal = 'SIGTERM') {
    if (!this.process) return;
    const ended = new Promise((done) => this.process.once('exit', done));
    this.process.kill(signal);
    await ended;
    this.process = null;
  }

  async restart(signal) {
    await this.stop(signal);
    await this.start(this.port, this.web);
  }

  // Runs chatctl, with this line as its input.
  async ctl(input, ...args) {
    const ctl = spawn(chatd.replace(/chatd$/, 'chatctl'), ['-d', this.dir, ...args], { stdio: ['pipe', 'ignore', 'inherit'] });
    ctl.stdin.end(`${input}\n`);
    const code = await new Promise((done) => ctl.once('exit', done));
    assert(code === 0, `chatctl ${args.join(' ')} failed`);
  }

  remove() {
    rmSync(this.dir, { recursive: true });
  }
}

// What a user of nc types and reads.
export class Nc {
  constructor(server) {
    this.read = '';
    this.asked = 0;
    this.socket = createConnection(server.port, '127.0.0.1');
    this.socket.on('data', (data) => { this.read += data; });
    this.socket.on('error', () => {});
  }

  say(...lines) {
    this.socket.write(lines.map((line) => `${line}\n`).join(''));
  }

  async expect(text) {
    await until(`nc reads "${text}" (it has read: ${this.read.slice(-500)})`, () => this.read.includes(text));
  }

  // Says it, and waits until chatd has done all of it.
  async done(...lines) {
    const token = `done-${++this.asked}`;
    this.say(...lines, `PING ${token}`);
    await this.expect(`PONG ${token}`);
  }

  async enter(name, room) {
    this.say(`USERNAME ${name}`, `JOIN ${room}`);
    await this.expect('OK Joined');
  }

  end() {
    this.socket.destroy();
  }
}

let browser = null;

export async function openBrowser() {
  browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
           '--disable-component-update', '--disable-sync'],
  });
}

export async function closeBrowser() {
  await browser?.close();
}

// In the page, before it is loaded: notifications are noted, and the network can be taken away.
export function prepare() {
  globalThis.shown = [];
  globalThis.Notification = class {
    static permission = 'default';
    static async requestPermission() { this.permission = 'granted'; }
    constructor(title, { body, tag }) { globalThis.shown.push(`${title}|${body}|${tag}`); }
    close() {}
  };
  const Real = WebSocket, net = globalThis.net = { isDown: false, sockets: [], rewrite: (text) => text };
  globalThis.WebSocket = class extends Real {
    constructor(url, protocols) {
      super(net.isDown ? `${url}/nowhere` : url, protocols);
      net.sockets.push(this);
    }
    set onmessage(heard) { super.onmessage = (event) => heard({ data: net.rewrite(event.data) }); }
  };
  net.drop = () => { net.isDown = true; net.sockets.forEach((s) => s.close()); };
}

// A page in a profile of its own. Any error in it fails the test.
export class Page {
  static async open(server, { width = 1440, height = 900, dark = false, touch = false, prepare = null } = {}) {
    const self = new Page();
    self.context = await browser.createBrowserContext();
    await self.load(server.url, { width, height, dark, touch, prepare });
    return self;
  }

  // Another tab of the same browser.
  async another() {
    const other = new Page();
    other.context = this.context;
    await other.load(this.url, {});
    return other;
  }

  async load(url, { width = 1440, height = 900, dark = false, touch = false, prepare = null }) {
    this.page = await this.context.newPage();
    this.errors = [];
    this.page.on('pageerror', (error) => this.errors.push(error.stack || error.message));
    this.page.on('console', (message) => {
      if (message.type() === 'error' && !/WebSocket connection|ERR_CONNECTION|ERR_INTERNET/.test(message.text()))
        this.errors.push(message.text());
    });
    await this.page.setViewport({ width, height, isMobile: touch, hasTouch: touch, deviceScaleFactor: 1 });
    await this.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
    await this.page.evaluateOnNewDocument(prepare ?? (() => {}));
    this.url = url;
    await this.page.goto(url);
    await this.page.waitForSelector('body[data-ready]', { timeout: WAIT_MS });
  }

  async enter(name, room = null, password = null) {
    await this.page.waitForSelector('#door:not([hidden])', { timeout: WAIT_MS });
    await this.page.$eval('#name', (e, value) => { e.value = value; }, name);
    await this.page.click('#login .btn');
    if (password) {
      await this.page.waitForSelector('#password-part:not([hidden])', { timeout: WAIT_MS });
      await this.page.type('#password', password);
      await this.page.click('#login .btn');
    }
    await this.page.waitForSelector('#app:not([hidden])', { timeout: WAIT_MS });
    if (room) await this.join(room);
  }

  async join(room) {
    if (await this.page.$('#browse[hidden]')) await this.page.$eval('#join', (e) => e.click());
    await this.page.type('#join-name', room);
    await this.page.keyboard.press('Enter');
    await until(`the page is in ${room}`, async () => (await this.text('#title')) === `#${room}`);
  }

  // Presses the first button or link in `where` that has this text, as a mouse or a finger does.
  async press(text, where = 'body') {
    const find = () => this.page.evaluateHandle((text, where) => [...document.querySelectorAll(where)].flatMap((e) =>
      [...e.querySelectorAll('button, a, summary, label.check')]).find((e) => e.getClientRects().length && e.innerText.trim().startsWith(text)), text, where);
    await until(`there is "${text}" in ${where}`, async () => {
      const found = (await find()).asElement();
      return found && found.click().then(() => true, () => false); // it may just be drawn again
    });
  }

  // Writes into the field with this label.
  async fill(label, text) {
    const find = () => this.page.evaluateHandle((label) => [...document.querySelectorAll('dialog label')]
      .find((e) => e.innerText.startsWith(label))?.control, label);
    await until(`there is a field "${label}"`, async () => (await find()).asElement() !== null);
    const input = (await find()).asElement();
    await input.evaluate((e) => { e.value = ''; });
    await input.type(text);
  }

  async say(text) {
    await this.page.type('#message', text);
    await this.page.keyboard.press('Enter');
  }

  // '' as long as it is not there.
  text(selector) {
    return this.page.evaluate((selector) => document.querySelector(selector)?.innerText.trim() ?? '', selector);
  }

  // The texts of the log, without times.
  rows() {
    return this.page.$$eval('#rows > li', (items) => items.map((item) =>
      [...item.childNodes].filter((e) => e.tagName !== 'TIME').map((e) => e.innerText ?? e.textContent).join(' ')));
  }

  async sees(text) {
    let rows = [];
    await until(`the page shows "${text}"; it shows: ${JSON.stringify(rows.slice(-8))}`, async () => {
      rows = await this.rows();
      return rows.some((row) => row.includes(text));
    }).catch(() => fail(`the page does not show "${text}" but ${JSON.stringify(rows.slice(-8))}`));
  }

  async shot(name) {
    if (!shots) return;
    mkdirSync(shots, { recursive: true });
    await this.page.screenshot({ path: join(shots, `${name}.png`) });
  }

  async axe() {
    const source = readFileSync(new URL('./node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
    const client = await this.page.createCDPSession();
    await client.send('Page.setBypassCSP', { enabled: true });
    await this.page.evaluate(source);
    const found = await this.page.evaluate(() => globalThis.axe.run());
    await client.send('Page.setBypassCSP', { enabled: false });
    return found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  }

  // A picture, and no rule of axe is broken.
  async looksGood(name) {
    await this.shot(name);
    const broken = await this.axe();
    assert(!broken.length, `${name}: ${broken.join('; ')}`);
  }

  async close() {
    await this.page.goto('about:blank'); // Chromium may hang when a page is closed while it loads
    await this.context.close();
    if (this.errors.length) fail(`errors in the page: ${this.errors.join('\n')}`);
  }
}
