/* SPDX-License-Identifier: ISC */
/* The first step finds where the messages end; it comes behind the batch of what was said before. */
#include "config.h"

#include "chat/export.h"

#include "base/container.h"
#include "chat/dialogues.h"
#include "store/store_history.h"
#include "store/store_mail.h"

#define LOOK_ROWS 5000 /* looked at in one step */

static void add_message(const struct message_row *row, void *arg)
{
    struct export *e = arg;
    char to[NAME_SIZE];
    if (*row->room != '@') {
        e->write(&e->lines, row, NULL);
        return;
    }
    dialogues_recipient(row, to);
    if (*to) /* else an account is gone, and nobody can read it */
        e->write(&e->lines, row, to);
}

static void add_mail(const struct mail_row *row, const char *to, void *arg)
{
    struct export *e = arg;
    struct message_row message = {.name = row->name, .text = row->text, .id = row->id, .time_ms = row->time_ms};
    e->write(&e->lines, &message, to);
}

static struct export *export_of(struct store_job *job)
{
    return container_of(job, struct export, request.job);
}

static int step_run(struct store_job *job, sqlite3 *db)
{
    struct export *e = export_of(job);
    int rc = e->upto ? SQLITE_OK : message_top(db, &e->upto);
    buf_clear(&e->lines);
    if (rc == SQLITE_OK)
        rc = message_stretch(db, &e->at, e->upto, LOOK_ROWS, &e->to);
    if (rc == SQLITE_OK)
        rc = store_history_said_by(db, e->who, e->at, e->to, add_message, e);
    if (rc == SQLITE_OK && e->to == e->upto)
        rc = store_mail_sent_by(db, e->who, add_mail, e);
    return rc;
}

static void step_done(struct store_job *job, bool ok)
{
    request_complete(&export_of(job)->request, ok ? EXPORT_STEPPED : EXPORT_FAILED);
}

bool export_step(struct export *e, struct notifier *notifier)
{
    history_put_behind(&e->request, &(struct store_job){.run = step_run, .done = step_done}, notifier);
    if (!request_wait(&e->request, NULL, NULL) || e->request.result != EXPORT_STEPPED)
        return false;
    e->is_done = e->to == e->upto;
    e->at = e->to;
    return true;
}

void export_fini(struct export *e)
{
    buf_fini(&e->lines);
}
