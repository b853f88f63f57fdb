/* SPDX-License-Identifier: ISC */
/* Jobs enter by job_do or job_post, and reach the store thread through its queue. */
#include "config.h"

#include "chat/job.h"

#include "base/container.h"
#include "base/counter.h"
#include "base/panic.h"

#include <stdlib.h>
#include <string.h>

#define MOST_QUEUED 10000 /* store jobs, above which a failed store gets no more that nobody waits for */

enum { JOB_DONE = 1, JOB_FAILED };

static struct job_request *job_of(struct store_job *job)
{
    return container_of(job, struct job_request, request.job);
}

static int waited_run(struct store_job *job, sqlite3 *db)
{
    struct job_request *jr = job_of(job);
    return jr->job->run(jr->arg, db);
}

static void waited_done(struct store_job *job, bool ok)
{
    struct job_request *jr = job_of(job);
    if (ok && jr->job->committed)
        jr->job->committed(jr->arg);
    request_complete(&jr->request, ok ? JOB_DONE : JOB_FAILED);
}

void job_begin(struct job_request *jr, const struct job *j, void *arg, struct notifier *notifier)
{
    jr->job = j;
    jr->arg = arg;
    request_put(&jr->request, &(struct store_job){.run = waited_run, .done = waited_done}, notifier);
}

bool job_end(struct job_request *jr, const struct waiter *w)
{
    return request_wait(&jr->request, w->is_over, w->arg) && jr->request.result == JOB_DONE;
}

bool job_do(const struct job *j, void *arg, const struct waiter *w)
{
    struct job_request jr;
    job_begin(&jr, j, arg, w->notifier);
    return job_end(&jr, w);
}

struct posted {
    struct store_job store_job; /* first */
    const struct job *job;
    max_align_t arg[];
};

static int posted_run(struct store_job *job, sqlite3 *db)
{
    struct posted *p = container_of(job, struct posted, store_job);
    return p->job->run(p->arg, db);
}

static void posted_done(struct store_job *job, bool ok)
{
    struct posted *p = container_of(job, struct posted, store_job);
    if (ok && p->job->committed)
        p->job->committed(p->arg);
    free(p);
}

void job_post(const struct job *j, const void *arg, size_t size)
{
    struct store_status status = store_status();
    if (status.state == STORE_FAILED && status.queued > MOST_QUEUED) {
        counter_add(COUNTER_STORE_DROPPED, 1);
        return;
    }
    struct posted *p = panic_malloc(sizeof *p + size);
    p->store_job = (struct store_job){.run = posted_run, .done = posted_done};
    p->job = j;
    memcpy(p->arg, arg, size);
    store_put(&p->store_job);
}
