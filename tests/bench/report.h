/* SPDX-License-Identifier: ISC */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "tests/bench/load.h"

/* Prints what came of a run on standard output: for people, or as one flat JSON object with a key on each line. */
void report_text(const struct load_options *o, const struct load_result *r);
void report_json(const struct load_options *o, const struct load_result *r);

/* Nothing lost, doubled or out of order, and nobody closed who did not stop reading. */
bool report_is_well(const struct load_result *r);

#endif
