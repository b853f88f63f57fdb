// SPDX-License-Identifier: ISC
// Pages of the history: before what is here, behind a gap, and around one message.
import { parseHist, restsOf } from './line.js';

const PAGE = 100, FILL = 200, FILL_PAGES = 5, AROUND = 50;

// The ids of an answer's messages, oldest first; null: it was refused.
function idsOf(answer, lines) {
  return answer.isOk ? restsOf(lines, 'HIST').map((rest) => parseHist(rest).id) : null;
}

export class Past {
  // on: grown(talk), rows have been added somewhere
  constructor(model, asked, on) {
    Object.assign(this, { model, asked, on });
  }

  ask(talk, bound, done) {
    this.asked.ask(`HISTORY ${talk.path} ${bound}`, (answer, lines) => {
      for (const line of lines)
        if (line.verb === 'HIST') this.model.takeHist(line);
      done(idsOf(answer, lines));
    });
  }

  // The page before the first row.
  older(talk) {
    if (talk.isWhole || talk.isLoading) return;
    const first = talk.firstId;
    talk.isLoading = true;
    this.ask(talk, `${PAGE}${first === null ? '' : ` BEFORE ${first}`}`, (ids) => {
      talk.isLoading = false;
      if (ids ? !ids.length : !talk.isRoom) talk.isWhole = true;
      this.on.grown(talk);
    });
  }

  // After a break: what was said since the last row. done() comes in any case.
  fill(talk, done = null) {
    const [after] = [...talk.gaps.keys()].slice(-1);
    if (after === undefined) {
      done?.();
      return;
    }
    const isFirst = !talk.whenFilled;
    (talk.whenFilled = talk.whenFilled ?? []).push(done);
    if (isFirst)
      this.load(talk, after, FILL_PAGES, () => {
        const all = talk.whenFilled;
        talk.whenFilled = null;
        for (const one of all) one?.();
      });
  }

  // What is missing behind the row of this id, at most so many pages.
  load(talk, after, pages = FILL_PAGES, done = null, size = FILL) {
    const next = talk.rows.find((row) => row.id !== null && row.id > after)?.id ?? null;
    this.ask(talk, `${size} AFTER ${after}`, (ids) => {
      const last = ids?.length ? ids[ids.length - 1] : null;
      const isClosed = ids ? last === null || (next !== null && last >= next) : !talk.isRoom;
      talk.gaps.delete(after);
      if (!isClosed) talk.gaps.set(last ?? after, pages <= 1 || !ids);
      this.on.grown(talk);
      if (isClosed || pages <= 1 || !ids) done?.();
      else this.load(talk, last, pages - 1, done);
    });
  }

  // A message and what was said before and after it. done(false): it cannot be shown.
  around(talk, id, done) {
    if (talk.ids.has(id)) {
      done(true);
      return;
    }
    this.ask(talk, `${AROUND} BEFORE ${id + BigInt(1)}`, (before) => {
      if (!before?.includes(id)) {
        done(false);
        return;
      }
      talk.gaps.set(id, true);
      this.load(talk, id, 1, () => done(true), AROUND);
    });
  }
}
