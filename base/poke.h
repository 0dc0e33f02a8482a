/*
 * poke: after a commit, tells the dispatcher that something is due. One datagram, never waited for, never
 * required: POKE and the 16 bytes of the company's id.
 */
#ifndef BASE_POKE_H
#define BASE_POKE_H

#include "base/id.h"

#define POKE "poke"

/* Of this company; nil: anybody's, or a test, which is found beside everything else only. */
void poke_dispatcher(struct id company);

#endif
