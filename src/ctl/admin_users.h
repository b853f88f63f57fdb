/* SPDX-License-Identifier: ISC */
#ifndef CTL_ADMIN_USERS_H
#define CTL_ADMIN_USERS_H

/* Sets for how many days an invitation is valid if the command does not say. Any thread. */
void admin_users_configure(int invite_days);

#endif
