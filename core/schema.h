/*
 * schema: the version of sql/schema.sql that this build works with.
 */
#ifndef CORE_SCHEMA_H
#define CORE_SCHEMA_H

enum { SCHEMA_VERSION = 2 };

#endif
