/* SPDX-License-Identifier: ISC */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "tests/bench/load.h"

/* Prints the result of a run on standard output: as text, or as one flat JSON object with one key on each line. */
void report_text(const struct load_options *o, const struct load_result *r);
void report_json(const struct load_options *o, const struct load_result *r);

/* True if nothing was lost, duplicated or out of order, and no reading client was closed. */
bool report_has_passed(const struct load_result *r);

#endif
