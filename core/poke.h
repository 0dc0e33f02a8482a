/*
 * poke: after a commit, tells the dispatcher that something is due. One datagram, never waited for, never
 * required.
 */
#ifndef CORE_POKE_H
#define CORE_POKE_H

void poke_dispatcher(void);

#endif
