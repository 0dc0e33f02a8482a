/*
 * restyle: JSON text as other languages write it. Receivers that parse a body and write it again sign another
 * text than was sent; this finds out which.
 */
#ifndef SIGNATURES_RESTYLE_H
#define SIGNATURES_RESTYLE_H

#include "base/json.h"

struct style {
    int indent;   /* blanks for each level, each member on a line of its own; 0: one line */
    bool blanks;  /* after `:` and `,` on one line */
    bool slashes; /* `/` as `\/` */
    bool ascii;   /* all but ASCII as \uxxxx */
    bool delete;  /* U+007F too */
    bool html;    /* <, > and &, U+2028 and U+2029 as \uxxxx */
    bool sorted;  /* members by name */
};

void restyle(struct buf *out, struct json_object *value, const struct style *style);

#endif
